package message

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
)

var mergeInstruments = []market.Instrument{market.MustInstrument("sim", "BTC-KRW"), market.MustInstrument("sim", "ETH-KRW"), market.MustInstrument("sim", "XRP-KRW")}

// truth is what remains true of an instrument after a run of events.
type truth struct {
	ticker, bbo, status string
	bids, asks          map[market.Price]market.Quantity
}

func (t *truth) see(e Event) {
	switch e := e.(type) {
	case Ticker:
		t.ticker = e.String()
	case BBO:
		t.bbo = e.String()
	case Status:
		t.status = e.String()
	case Book:
		if e.f.Snapshot || t.bids == nil {
			t.bids, t.asks = map[market.Price]market.Quantity{}, map[market.Price]market.Quantity{}
		}
		for levels, side := range map[*map[market.Price]market.Quantity]func(func(Level) bool){&t.bids: e.Bids(), &t.asks: e.Asks()} {
			for l := range side {
				if l.Quantity.IsZero() {
					delete(*levels, l.Price)
				} else {
					(*levels)[l.Price] = l.Quantity
				}
			}
		}
	}
}

func randomEvent(r *rand.Rand, n int) Event {
	o := Origin{Instrument: mergeInstruments[r.IntN(len(mergeInstruments))], Received: market.Timestamp(n + 1)}
	price := func() market.Price { return market.Price{Decimal: market.DecimalFromInt(int64(1 + r.IntN(12)))} }
	quantity := func() market.Quantity { return market.Quantity{Decimal: market.DecimalFromInt(int64(r.IntN(3)))} }
	levels := func() []Level {
		var ls []Level
		for range r.IntN(4) {
			ls = append(ls, Level{price(), quantity()})
		}
		return ls
	}
	var e Event
	var err error
	switch r.IntN(6) {
	case 0:
		e, err = NewTicker(TickerFields{Origin: o, Has: HasTrade, Trade: price()})
	case 1:
		e, err = NewBBO(BBOFields{Origin: o, Bid: price()})
	case 2:
		e, err = NewStatus(StatusFields{Origin: o, Trusted: r.IntN(2) == 0, Reason: fmt.Sprint(n)})
	case 3:
		e, err = NewTrade(TradeFields{Origin: o, Price: price(), ID: fmt.Sprint(n)})
	default:
		f := BookFields{Origin: o, Snapshot: r.IntN(5) == 0, FirstID: uint64(n), LastID: uint64(n)}
		e, err = NewBook(f, levels(), levels())
	}
	if err != nil {
		panic(err)
	}
	return e
}

func TestMergeKeepsTheNewestTruth(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		want, got := map[market.Instrument]*truth{}, map[market.Instrument]*truth{}
		for _, i := range mergeInstruments {
			want[i], got[i] = &truth{}, &truth{}
		}
		var waiting []Message
		var trades []string
		n := 0
		for seq := range uint64(1 + r.IntN(20)) {
			var events []Event
			for range r.IntN(8) {
				e := randomEvent(r, n)
				n++
				want[e.Origin().Instrument].see(e)
				if e.Kind() == KindTrade {
					trades = append(trades, e.String())
				}
				events = append(events, e)
			}
			b, _ := NewBatch(BatchFields{Source: "f", Seq: seq + 1, Time: market.Timestamp(n)}, events)
			waiting = append(waiting, b)
		}
		before := fmt.Sprint(waiting)
		merged, lost := Merge(waiting)
		if fmt.Sprint(waiting) != before {
			t.Fatalf("seed %d: Merge changed its input", seed)
		}
		if len(merged) != 1 || lost != 0 {
			t.Fatalf("seed %d: %d messages, %d lost", seed, len(merged), lost)
		}
		var kept []string
		for e := range merged[0].(Batch).Events() {
			got[e.Origin().Instrument].see(e)
			if e.Kind() == KindTrade {
				kept = append(kept, e.String())
			}
		}
		if !slices.Equal(kept, trades) {
			t.Fatalf("seed %d: trades %v, want %v", seed, kept, trades)
		}
		for _, i := range mergeInstruments {
			w, g := want[i], got[i]
			if w.ticker != g.ticker || w.bbo != g.bbo || w.status != g.status || !maps.Equal(w.bids, g.bids) || !maps.Equal(w.asks, g.asks) {
				t.Fatalf("seed %d: %v:\n got %v\nwant %v", seed, i, *g, *w)
			}
		}
	}
}

func TestMergeDropsOldTradesAndSaysSo(t *testing.T) {
	const extra = 10
	var waiting []Message
	for n := range MergedTradesMax + extra {
		trade, _ := NewTrade(TradeFields{Origin: Origin{Instrument: mergeInstruments[0]}, Price: market.MustPrice("1"), ID: fmt.Sprint(n)})
		b, _ := NewBatch(BatchFields{Source: "f", Seq: uint64(n + 1)}, []Event{trade})
		waiting = append(waiting, b)
	}
	merged, lost := Merge(waiting)
	b := merged[0].(Batch)
	if lost != extra || b.Fields().Dropped != extra || b.Len() != MergedTradesMax || b.Event(0).(Trade).Fields().ID != fmt.Sprint(extra) {
		t.Fatalf("lost %d, batch says %d, kept %d from %v", lost, b.Fields().Dropped, b.Len(), b.Event(0))
	}
}

func TestMergeViews(t *testing.T) {
	build := func(seq uint64, partition int, credit bool, rows ...int) Message {
		b := NewViewsBuilder(len(rows), 1)
		for _, price := range rows {
			b.Add(Origin{Instrument: mergeInstruments[price%2]}, Quote{Last: market.Price{Decimal: market.DecimalFromInt(int64(price))}}, true, true, []float64{float64(price)})
		}
		return b.Build(ViewsFields{Source: "f", Partition: partition, Seq: seq, Credit: credit})
	}
	merged, _ := Merge([]Message{build(1, 0, false, 1, 2), build(2, 0, false, 3, 5), build(1, 1, false, 8), build(3, 0, true, 9)})
	if len(merged) != 3 {
		t.Fatalf("%d messages", len(merged))
	}
	v := merged[0].(Views)
	if v.Len() != 2 || v.Row(0).Value(0) != 5 || v.Row(1).Value(0) != 2 || v.Fields().Seq != 2 {
		t.Fatalf("merged %v: %v", v, v.rows)
	}
	if c := merged[2].(Views); !c.Fields().Credit || c.Len() != 1 {
		t.Fatalf("the views that a source waits for became %v", c)
	}
}
