package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Sum adds up what a collector counts, over those of its metrics that have all the labels:
// name, value, name, value and so on.
func Sum(c prometheus.Collector, labels ...string) float64 {
	ch := make(chan prometheus.Metric, 16)
	go func() {
		c.Collect(ch)
		close(ch)
	}()
	total := 0.0
	for metric := range ch {
		var m dto.Metric
		if metric.Write(&m) != nil || !has(m.GetLabel(), labels) {
			continue
		}
		switch {
		case m.Counter != nil:
			total += m.GetCounter().GetValue()
		case m.Gauge != nil:
			total += m.GetGauge().GetValue()
		case m.Histogram != nil:
			total += float64(m.GetHistogram().GetSampleCount())
		}
	}
	return total
}

func has(pairs []*dto.LabelPair, labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		found := false
		for _, p := range pairs {
			found = found || (p.GetName() == labels[i] && p.GetValue() == labels[i+1])
		}
		if !found {
			return false
		}
	}
	return true
}
