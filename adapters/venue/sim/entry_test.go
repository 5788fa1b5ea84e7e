package sim

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

func open(t *testing.T, c Config) *Exchange {
	t.Helper()
	x, err := NewExchange(c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestOutsideOrdersStay brings orders from outside: the seeded traders trade with them, and never cancel
// them.
func TestOutsideOrdersStay(t *testing.T) {
	x := open(t, Config{Seed: 5, EventsPerSecond: 20_000})
	left := map[uint64]Fixed{}
	best, _ := x.Front(0, market.Buy)
	for i := range 100 {
		id := x.NewOrderID(0)
		if err := x.Rest(0, id, market.Buy, best.Price-Fixed(i)*100_000_000, x.Usual(0)); err != nil {
			t.Fatal(err)
		}
		left[id] = x.Usual(0)
	}
	x.Flush(0)
	traded := 0
	for range 600 {
		if r, _ := x.Front(0, market.Buy); r.Quantity > x.Lot(0) {
			x.Hit(0, x.NewOrderID(0), market.Sell, x.Lot(0))
			if _, ok := left[r.ID]; ok {
				left[r.ID] -= x.Lot(0)
			}
			x.Flush(0)
		}
		for _, e := range x.Step(x.Now().Add(100 * time.Millisecond)) {
			if e.Kind == EventTrade && e.Instrument == 0 {
				if _, ok := left[e.Trade.MakerID]; ok {
					left[e.Trade.MakerID] -= e.Trade.Quantity
					traded++
				}
			}
		}
		found := map[uint64]Fixed{}
		for r := range x.Walk(0, market.Buy) {
			found[r.ID] = r.Quantity
		}
		levels := map[Fixed]Fixed{}
		for r := range x.Walk(0, market.Buy) {
			levels[r.Price] += r.Quantity
		}
		_, bids, _ := x.Depth(0, 5000)
		for _, l := range bids {
			if levels[l.Price] != l.Quantity {
				t.Fatalf("the level at %s has %s, its orders %s", l.Price, l.Quantity, levels[l.Price])
			}
		}
		for id, want := range left {
			if found[id] != want {
				t.Fatalf("order %d has %s left, trades leave %s", id, found[id], want)
			}
		}
	}
	if traded < 5 {
		t.Errorf("%d trades with orders from outside", traded)
	}
	for id, q := range left {
		if q > 0 && !x.Reduce(0, id, q) {
			t.Errorf("order %d cannot be taken out", id)
		}
		if x.Reduce(0, id, 1) {
			t.Errorf("order %d was taken out twice", id)
		}
	}
	if len(x.instruments[0].book.orders) != len(x.instruments[0].book.byID) {
		t.Error("orders from outside are left")
	}
}

// TestSweptBookComesBack takes everything there is.
func TestSweptBookComesBack(t *testing.T) {
	x := open(t, Config{Seed: 5, EventsPerSecond: 5000})
	x.Step(x.Now().Add(time.Second))
	for _, side := range []market.Side{market.Buy, market.Sell} {
		for {
			r, ok := x.Front(0, side.Opposite())
			if !ok {
				break
			}
			last := x.Last(0).ID
			if tr := x.Hit(0, 1<<40, side, r.Quantity); tr.ID != last+1 || tr.MakerID != r.ID || tr.Price != r.Price || tr.BuyerIsMaker != (side == market.Sell) {
				t.Fatalf("%+v of %+v", tr, r)
			}
		}
	}
	events := x.Flush(0)
	if last := events[len(events)-1]; last.Kind != EventBBO || last.Bid != (Level{}) || last.Ask != (Level{}) {
		t.Errorf("%+v", last)
	}
	x.Step(x.Now().Add(time.Minute))
	for _, side := range []market.Side{market.Buy, market.Sell} {
		if n := len(x.instruments[0].book.half(side).levels); n < levelsMin {
			t.Errorf("%v: %d levels after a minute", side, n)
		}
	}
}

func TestRestRefuses(t *testing.T) {
	x := open(t, Config{Seed: 5})
	bid, _ := x.Front(0, market.Buy)
	ask, _ := x.Front(0, market.Sell)
	for _, c := range []struct {
		side            market.Side
		price, quantity Fixed
	}{{market.Buy, ask.Price, 1}, {market.Sell, bid.Price, 1}, {market.Buy, bid.Price + 1, 1}, {market.Buy, bid.Price, 0}, {market.Buy, 0, 1}, {market.Buy, bid.Price, math.MaxInt64}} {
		if err := x.Rest(0, 1<<40, c.side, c.price, c.quantity); !errors.Is(err, ErrEntry) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if x.Reduce(0, bid.ID, bid.Quantity) {
		t.Error("an order of the seeded traders was taken out")
	}
}

// TestPassIsNotSkip checks that time which passes without trading may be cut into pieces.
func TestPassIsNotSkip(t *testing.T) {
	a, b := open(t, Config{Seed: 5}), open(t, Config{Seed: 5})
	end := a.Now().Add(5 * time.Second)
	for a.Now() < end-1 {
		a.Pass(min(a.Now().Add(300*time.Millisecond), end-1))
	}
	a.Skip(end)
	b.Skip(end)
	first, second := a.Step(end.Add(time.Second)), b.Step(end.Add(time.Second))
	if len(first) != len(second) || len(first) < 50 || first[7].At != second[7].At || a.Next() != b.Next() {
		t.Error(len(first), len(second), a.Next(), b.Next())
	}
}

func TestCoarseLots(t *testing.T) {
	x := open(t, Config{Seed: 5, CoarseLots: true, EventsPerSecond: 20_000, Instruments: 40})
	for _, e := range x.Step(x.Now().Add(20 * time.Second)) {
		if e.Kind != EventTrade {
			continue
		}
		cost := notional(e.Trade.Price, e.Trade.Quantity)
		if !cost.IsMultipleOf(market.MustDecimal("0.00000001")) || e.Trade.Quantity%x.Lot(e.Instrument) != 0 {
			t.Fatalf("%s: %s at %s", x.Listings()[e.Instrument].Symbol, e.Trade.Quantity, e.Trade.Price)
		}
	}
	fine := open(t, Config{Seed: 5})
	for i, l := range fine.Listings() {
		if want := fixedOf(l.LotSize.Decimal); fine.Lot(i) != want || fine.Lot(i) > x.Lot(i) {
			t.Errorf("%s: lot %s, %s coarse", l.Symbol, fine.Lot(i), x.Lot(i))
		}
	}
}

func TestParseFixed(t *testing.T) {
	for text, want := range map[string]Fixed{"0": 0, "1": 100_000_000, "-0.00000001": -1, "92233720368.54775807": math.MaxInt64} {
		if got, ok := ParseFixed(market.MustDecimal(text)); !ok || got != want {
			t.Errorf("%s: %d %t", text, got, ok)
		}
	}
	for _, text := range []string{"0.000000001", "92233720368.54775808", "170141183460469231731", "-170141183460469231731"} {
		if got, ok := ParseFixed(market.MustDecimal(text)); ok {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestOpenSubscription(t *testing.T) {
	for path, want := range map[string]int{"/ws": 0, "/ws/a@b/c@d": 2, "/stream?streams=a@b": 1, "/stream": 0} {
		path, query, _ := strings.Cut(path, "?")
		s, ok := OpenSubscription(path, query)
		n := 0
		for range s.Names() {
			n++
		}
		if !ok || n != want || s.Combined() != (path == "/stream") {
			t.Errorf("%s: %t, %d names", path, ok, n)
		}
	}
	if _, ok := OpenSubscription("/wsx", ""); ok {
		t.Error("/wsx")
	}
	if _, ok := OpenSubscription("/stream", "streams=%zz"); ok {
		t.Error("%zz")
	}
}
