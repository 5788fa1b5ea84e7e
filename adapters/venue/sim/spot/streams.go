package spot

import (
	"maps"
	"slices"
	"strings"

	"github.com/maru-trading/maru/adapters/venue/sim"
)

// The market streams that package sim does not have are made once a second, with its tickers
// (web-socket-streams.md).
const (
	variantMini  = "miniTicker"
	variantKline = "kline_" // and the interval
)

// intervalNames are the names of intervals, sorted: frames go out in one order.
var intervalNames = slices.Sorted(maps.Keys(intervals))

// streamNamed finds the stream of that name, such as btcusdt@trade.
func (v *Venue) streamNamed(name string) (streamOf, bool) {
	if i, kind, ok := v.directory.Stream(name); ok {
		return streamOf{instrument: i, kind: kind}, true
	}
	symbol, variant, _ := strings.Cut(name, "@")
	i, ok := v.directory.Find(strings.ToUpper(symbol))
	if !ok || symbol != strings.ToLower(symbol) {
		return streamOf{}, false
	}
	in, kline := strings.CutPrefix(variant, variantKline)
	if _, known := intervals[in]; variant != variantMini && !(kline && known) {
		return streamOf{}, false
	}
	return streamOf{i, sim.EventTicker, variant}, true
}

// stream sends an event to whom wants it.
func (v *Venue) stream(e *sim.Event) {
	if len(v.wanted) == 0 {
		return
	}
	symbol := v.symbol(e.Instrument)
	of := streamOf{instrument: e.Instrument, kind: e.Kind}
	v.sendStream(of, func() []byte { return sim.AppendFrame(make([]byte, 0, 256), e, symbol) })
	if e.Kind != sim.EventTicker {
		return
	}
	of.variant = variantMini
	v.sendStream(of, func() []byte { return v.miniTicker(e) })
	if !v.klinesWanted {
		return
	}
	for _, name := range intervalNames {
		of.variant = variantKline + name
		v.sendStream(of, func() []byte { return v.kline(e, name, intervals[name]) })
	}
}

// sendStream sends what frame makes, if anybody wants it: one copy for everybody.
func (v *Venue) sendStream(of streamOf, frame func() []byte) {
	wants := v.wanted[of]
	if len(wants) == 0 {
		return
	}
	raw := frame()
	if raw == nil {
		return
	}
	combined := map[string][]byte{}
	for _, w := range wants {
		text := raw
		if w.session.streams.Combined() {
			if text = combined[w.name]; text == nil {
				text = sim.AppendCombined(nil, w.name, raw)
				combined[w.name] = text
			}
		}
		v.sent = append(v.sent, Frame{Session: w.session.id, Text: text})
	}
}

// miniTicker writes a frame of <symbol>@miniTicker.
func (v *Venue) miniTicker(e *sim.Event) []byte {
	w, t := writer{}, e.Ticker
	w.begin('{')
	w.text("e", "24hrMiniTicker")
	w.time("E", e.At)
	w.text("s", v.symbol(e.Instrument))
	w.fixed("c", t.Close)
	w.fixed("o", t.Open)
	w.fixed("h", t.High)
	w.fixed("l", t.Low)
	w.amount("v", t.Volume)
	w.amount("q", t.Turnover)
	w.end('}')
	return w.b
}

// kline writes a frame of <symbol>@kline_<interval>: the bar that has just closed, else the open one;
// nil if nothing was traded yet.
func (v *Venue) kline(e *sim.Event, name string, in interval) []byte {
	bars := v.bars(e.Instrument, in, 0)
	closed := in.start(e.At, 0) == e.At
	if closed && len(bars) > 0 && bars[len(bars)-1].start == e.At {
		bars = bars[:len(bars)-1]
	}
	if len(bars) == 0 {
		return nil
	}
	b := bars[len(bars)-1]
	w := writer{}
	w.begin('{')
	w.text("e", "kline")
	w.time("E", e.At)
	w.text("s", v.symbol(e.Instrument))
	w.object("k")
	w.time("t", b.start)
	w.time("T", in.end(b.start, 0)-1)
	w.text("s", v.symbol(e.Instrument))
	w.text("i", name)
	if b.count > 0 {
		w.id("f", b.first)
		w.id("L", b.last)
	} else {
		w.int("f", -1)
		w.int("L", -1)
	}
	w.fixed("o", b.open)
	w.fixed("c", b.close)
	w.fixed("h", b.high)
	w.fixed("l", b.low)
	w.amount("v", b.volume)
	w.int("n", b.count)
	w.bool("x", closed)
	w.amount("q", b.turnover)
	w.amount("V", b.bought)
	w.amount("Q", b.boughtFor)
	w.text("B", "0")
	w.end('}')
	w.end('}')
	return w.b
}
