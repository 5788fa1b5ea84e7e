package state

import (
	"slices"
	"time"
)

// plan is the configuration as the core works with it: names became places.
type plan struct {
	width     int // features in a row
	quotes    []plannedFeature
	tickers   []plannedFeature
	depths    []plannedFeature
	closed    []plannedFeature // of bars
	rolling   []plannedFeature // of windows
	windows   []windowPlan
	bars      []time.Duration
	barValues []int // place of each interval in instrument.closed; -1: no feature reads it
	barsRead  int
	longest   time.Duration // window; rows are ready once it is covered
	readsMid  bool
	partial   bool
}

type plannedFeature struct {
	kind featureKind
	at   uint8  // which window, or which of instrument.closed
	out  uint16 // place in the row
}

func newPlan(cfg Config) plan {
	p := plan{width: len(cfg.Features), bars: slices.Clone(cfg.Bars), partial: cfg.Partial}
	for _, period := range cfg.Windows {
		p.windows = append(p.windows, planWindow(period, cfg.Buckets, cfg.Features))
		p.longest = max(p.longest, period)
	}
	for _, interval := range p.bars {
		at := -1
		if slices.ContainsFunc(cfg.Features, func(f Feature) bool { return f.bar == interval }) {
			at = p.barsRead
			p.barsRead++
		}
		p.barValues = append(p.barValues, at)
	}
	for i, f := range cfg.Features {
		planned := plannedFeature{kind: f.kind, out: uint16(i)}
		switch {
		case f.window != 0:
			planned.at = uint8(slices.Index(cfg.Windows, f.window))
			p.rolling = append(p.rolling, planned)
		case f.bar != 0:
			planned.at = uint8(p.barValues[slices.Index(p.bars, f.bar)])
			p.closed = append(p.closed, planned)
		case f.kind >= featureOpen && f.kind <= featureChangeRate:
			p.tickers = append(p.tickers, planned)
		case f.kind == featureBookBidDepth || f.kind == featureBookAskDepth:
			p.depths = append(p.depths, planned)
		default:
			p.quotes = append(p.quotes, planned)
		}
		switch f.kind {
		case featurePrice, featureMid, featureSpread, featureSpreadBps:
			p.readsMid = true
		}
	}
	return p
}
