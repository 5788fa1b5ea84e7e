package feeder

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/telemetry"
)

// counters are a feeder's metrics with their labels filled in, so that counting looks nothing up.
type counters struct {
	venue             string
	frames, bytes     prometheus.Counter
	reconnects, gaps  prometheus.Counter
	connected         connection
	lastFrame         prometheus.Gauge
	deadLetters       *prometheus.CounterVec
	snapshots         *prometheus.CounterVec
	resyncs           *prometheus.CounterVec
	tickers, trades   prometheus.Counter
	bbos, bars        prometheus.Counter
	snapshot, update  prometheus.Counter
	statuses, notices prometheus.Counter
	skipped, restored prometheus.Counter
	matched, differed prometheus.Counter
}

func newCounters(m *telemetry.Metrics, venue market.Venue) counters {
	v := string(venue)
	kind := func(t string) prometheus.Counter { return m.FeederMessages.WithLabelValues(v, t) }
	return counters{
		venue:  v,
		frames: m.FeederFrames.WithLabelValues(v), bytes: m.FeederBytes.WithLabelValues(v),
		reconnects: m.FeederReconnects.WithLabelValues(v), gaps: m.FeederGaps.WithLabelValues(v),
		connected: connection{gauge: m.FeederConnected.WithLabelValues(v)}, lastFrame: m.FeederLastFrame.WithLabelValues(v),
		deadLetters: m.FeederDeadLetters, snapshots: m.FeederSnapshots, resyncs: m.FeederResyncs,
		tickers: kind("ticker"), trades: kind("trade"), bbos: kind("bbo"), bars: kind("bar"),
		snapshot: kind("book_snapshot"), update: kind("book_update"), statuses: kind("status"), notices: kind("notice"),
		skipped: m.FeederSkipped.WithLabelValues(v), restored: m.FeederSnapshots.WithLabelValues(v, "ok"),
		matched: m.FeederChecksums.WithLabelValues(v, "ok"), differed: m.FeederChecksums.WithLabelValues(v, "failed"),
	}
}

func (c *counters) deadLetter(reason string) { c.deadLetters.WithLabelValues(c.venue, reason).Inc() }

// resyncReasons are the words in which partitions ask, as a label's few values.
var resyncReasons = map[string]string{
	"crossed book":                   "crossed",
	"book update without a snapshot": "no_snapshot",
	"the partition was restarted":    "restart",
}

func (c *counters) resync(reason string) {
	label, ok := resyncReasons[reason]
	if !ok {
		label = "other"
	}
	c.resyncs.WithLabelValues(c.venue, label).Inc()
}

func (c *counters) add(n Counts) {
	for _, part := range []struct {
		counter prometheus.Counter
		n       uint64
	}{
		{c.frames, n.Frames}, {c.bytes, n.Bytes}, {c.gaps, n.Gaps}, {c.skipped, n.Skipped},
		{c.tickers, n.Tickers}, {c.trades, n.Trades}, {c.bbos, n.BBOs}, {c.bars, n.Bars},
		{c.restored, n.Restored}, {c.snapshot, n.BookSnapshots}, {c.update, n.BookUpdates}, {c.statuses, n.Statuses}, {c.notices, n.Notices},
		{c.matched, n.Matched}, {c.differed, n.Mismatched},
	} {
		if part.n != 0 {
			part.counter.Add(float64(part.n))
		}
	}
	if n.Frames != 0 {
		c.lastFrame.SetToCurrentTime()
	}
}

// connection counts one feeder's connection into the gauge of its venue.
type connection struct {
	gauge prometheus.Gauge
	up    float64
}

func (c *connection) Set(up float64) {
	c.gauge.Add(up - c.up)
	c.up = up
}
