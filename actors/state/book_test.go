package state

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// model is an order book side as a map.
type model map[market.Price]market.Quantity

func (m model) sorted(asks bool) []message.Level {
	var out []message.Level
	for p, q := range m {
		out = append(out, message.Level{Price: p, Quantity: q})
	}
	slices.SortFunc(out, func(a, b message.Level) int {
		if asks {
			return a.Price.Cmp(b.Price.Decimal)
		}
		return b.Price.Cmp(a.Price.Decimal)
	})
	return out
}

// apply does what book.apply documents, slowly: the worst go once there are an eighth too many.
func (m model) apply(snapshot, asks bool, changes []message.Level, keep int) {
	if snapshot {
		clear(m)
	}
	for _, l := range changes {
		if l.Quantity.IsZero() && !snapshot {
			delete(m, l.Price)
		} else {
			m[l.Price] = l.Quantity
		}
	}
	limit := keep + keep/8
	if snapshot {
		limit = keep
	}
	if len(m) > limit {
		for _, l := range m.sorted(asks)[keep:] {
			delete(m, l.Price)
		}
	}
}

func TestBookIsAMap(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		keep := []int{1, 3, 10, 1000}[seed%4]
		k, bids, asks := newBook(), model{}, model{}
		for step := range 300 {
			snapshot := step == 0 || r.IntN(40) == 0
			draw := func(from int) []message.Level {
				out := make([]message.Level, r.IntN(12))
				for i := range out {
					out[i] = message.Level{Price: market.Price{Decimal: market.DecimalFromInt(int64(from + r.IntN(100)))},
						Quantity: market.Quantity{Decimal: market.DecimalFromInt(int64(r.IntN(4)))}}
				}
				return out
			}
			b, a := draw(100), draw(200)
			if snapshot && r.IntN(2) == 0 { // half of the snapshots are in order
				b, a = tidy(b, false), tidy(a, true)
			}
			k.apply(bookEvent(origin(btc, 0), snapshot, b, a), keep)
			bids.apply(snapshot, false, b, keep)
			asks.apply(snapshot, true, a, keep)
			if got, want := k.bids.top(1<<20), bids.sorted(false); !slices.Equal(got, want) {
				t.Fatalf("seed %d step %d keep %d: bids\n%v\nwant\n%v", seed, step, keep, got, want)
			}
			if got, want := k.asks.top(1<<20), asks.sorted(true); !slices.Equal(got, want) {
				t.Fatalf("seed %d step %d keep %d: asks\n%v\nwant\n%v", seed, step, keep, got, want)
			}
		}
	}
}

func tidy(l []message.Level, asks bool) []message.Level {
	m := model{}
	m.apply(true, asks, l, 1<<20)
	return m.sorted(asks)
}

func TestBookKeepsTheBest(t *testing.T) {
	cfg := DefaultConfig()
	cfg.BookLevels = 2
	c := New(cfg)
	out := c.Step(batch(at(0), bookEvent(origin(btc, 0), true, levels("10", "1", "9", "1", "8", "1"), levels("11", "1"))))
	if out.Stats.Levels != 1 {
		t.Errorf("%d levels dropped, want 1", out.Stats.Levels)
	}
	bids, asks, ok := c.Book(btc, 0)
	if !ok || !slices.Equal(bids, levels("10", "1", "9", "1")) || !slices.Equal(asks, levels("11", "1")) {
		t.Errorf("bids %v asks %v %t", bids, asks, ok)
	}
	if bids, _, _ := c.Book(btc, 1); len(bids) != 1 {
		t.Errorf("asked for 1 level, got %v", bids)
	}
}

func TestSnapshotKeepsQuantityZero(t *testing.T) {
	c := New(DefaultConfig())
	c.Step(batch(at(0), bookEvent(origin(btc, 0), true, levels("10", "0"), levels("11", "1"))))
	if bids, _, _ := c.Book(btc, 0); !slices.Equal(bids, levels("10", "0")) {
		t.Errorf("bids %v: a rounded quantity is not an empty level", bids)
	}
}
