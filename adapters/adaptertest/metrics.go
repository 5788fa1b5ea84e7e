package adaptertest

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/telemetry"
)

type feederConfig = feeder.Config

// counted is how many messages of a type the feeder counted.
func (w *world) counted(kind string) float64 {
	return telemetry.Sum(w.metrics.FeederMessages, "type", kind)
}

func (w *world) gaps() float64 { return sum(w, w.metrics.FeederGaps) }

// snapshots is how many requests for snapshots ended so.
func (w *world) snapshots(outcome string) float64 {
	return telemetry.Sum(w.metrics.FeederSnapshots, "outcome", outcome)
}

// resyncs is how often a partition asked for whole books, for that reason.
func (w *world) resyncs(reason string) float64 {
	return telemetry.Sum(w.metrics.FeederResyncs, "reason", reason)
}

// checksums is how many of the adapter's comparisons ended so.
func (w *world) checksums(outcome string) float64 {
	return telemetry.Sum(w.metrics.FeederChecksums, "outcome", outcome)
}

func sum(w *world, c *prometheus.CounterVec) float64 {
	return telemetry.Sum(c, "venue", string(w.v.Name))
}
