package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"pgregory.net/rapid"
)

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	err := Config{Latency: -1, MakerFee: market.MustDecimal("0.1"), TakerFee: market.MustDecimal("-1")}.Validate()
	for _, want := range []string{"latency", "maker_fee", "taker_fee", "open_orders_max"} {
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
	if _, err := New(Config{}); !errors.Is(err, ErrConfig) {
		t.Errorf("New of nothing: %v", err)
	}
}

// TestRefuses: what is no order is rejected, and what is too much too.
func TestRefuses(t *testing.T) {
	cfg := testConfig()
	cfg.OpenOrdersMax = 1
	core := must(New(cfg))
	good := handOver(t, start, btc, strings.Fields("c1 buy 2 limit gtc 100")).Fields()
	for want, edit := range map[string]func(*message.OrderEventFields){
		"side":          func(f *message.OrderEventFields) { f.Side = 0 },
		"quantity":      func(f *message.OrderEventFields) { f.Quantity = market.Quantity{} },
		"type":          func(f *message.OrderEventFields) { f.Type = 9 },
		"price":         func(f *message.OrderEventFields) { f.Price = market.Price{} },
		"time_in_force": func(f *message.OrderEventFields) { f.TimeInForce = 9 },
	} {
		f := good
		edit(&f)
		reports := core.Place(must(message.NewOrderEvent(f)))
		if len(reports) != 1 || reports[0].Fields().Action != message.ActionReject || !strings.HasPrefix(reports[0].Fields().Reason, want+":") {
			t.Errorf("%s: %v", want, reports)
		}
	}
	// Without any id there is nobody to answer.
	f := good
	f.ClientOrderID = ""
	for _, r := range core.Place(must(message.NewOrderEvent(f))) {
		if r.Fields().Action != message.ActionReject {
			t.Errorf("an order without id: %v", r)
		}
	}
	if core.Open() != 0 {
		t.Errorf("%d orders are held", core.Open())
	}
	core.Place(must(message.NewOrderEvent(good)))
	f = good
	f.ClientOrderID = "c2"
	if r := core.Place(must(message.NewOrderEvent(f))); len(r) != 1 || r[0].Fields().Action != message.ActionReject {
		t.Errorf("one too many: %v", r)
	}
	f.Status, f.VenueOrderID = message.OrderAccepted, "paper-c2"
	g := f
	g.ClientOrderID, g.VenueOrderID = "c1", "paper-c1"
	both := []message.OrderEvent{must(message.NewOrderEvent(g)), must(message.NewOrderEvent(f))}
	if r := must(New(cfg)).Recover(both); len(r) != 2 || r[1].Fields().Action != message.ActionCancel {
		t.Errorf("one too many to recover: %v", r)
	}
	// Asked again, it does not take up what ended here.
	if r := core.Recover(both); len(r) != 1 || r[0].Fields().ClientOrderID != "c1" {
		t.Errorf("asked again: %v", r)
	}
}

// replies writes down what a venue answers, and may place another order from within.
type replies struct {
	said      []message.ExecutionReport
	balances  []message.Balance
	recovered int
	within    func()
}

func (r *replies) Report(report message.ExecutionReport) {
	r.said = append(r.said, report)
	if within := r.within; within != nil {
		r.within = nil
		within()
	}
}

func (r *replies) Balance(b message.Balance) { r.balances = append(r.balances, b) }

func (r *replies) Recovered(err error) {
	if err == nil {
		r.recovered++
	}
}

func TestVenue(t *testing.T) {
	r := &replies{}
	venue := NewVenue(must(New(testConfig())), r)
	venue.Place(handOver(t, start, btc, strings.Fields("c1 buy 1 market gtc")))
	venue.Place(handOver(t, start, btc, strings.Fields("c2 buy 1 limit gtc 90")))
	venue.Cancel(handOver(t, start, btc, strings.Fields("c2 buy 1 limit gtc 90")))
	// A strategy that answers a fill at once, in a shell that calls straight through.
	r.within = func() { venue.Place(handOver(t, start, btc, strings.Fields("c3 sell 1 market gtc"))) }
	rows := message.NewViewsBuilder(2, 0)
	at := start.Add(10 * time.Millisecond)
	for _, instrument := range []market.Instrument{btc, eth} {
		rows.Add(message.Origin{Instrument: instrument, Received: at}, message.Quote{Ask: market.MustPrice("100"), AskQuantity: market.MustQuantity("9"),
			Bid: market.MustPrice("99"), BidQuantity: market.MustQuantity("9")}, true, true, nil)
	}
	venue.Quote(rows.Build(message.ViewsFields{Time: at.Add(time.Millisecond)}))
	venue.Recover(nil)
	var got []string
	for _, report := range r.said {
		got = append(got, words(report))
	}
	want := []string{"10 c1 accept", "10 c2 accept", "10 c2 cancel", "10 c1 fill c1/1 1 @ 100 fee 0.2 USD taker"}
	// c3 was accepted from within, while the answers of the row were still being passed on.
	if !slices.Contains(got, "10 c3 accept") {
		t.Errorf("c3 was not accepted: %q", got)
	}
	for _, w := range want {
		if n := strings.Count(strings.Join(got, "\n")+"\n", w+"\n"); n != 1 {
			t.Errorf("%q came %d times in %q", w, n, got)
		}
	}
	if r.recovered != 1 {
		t.Errorf("recovered %d times", r.recovered)
	}
}

// TestLaws runs random orders against random rows.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var script []string
		placed := make(map[string]message.OrderEventFields)
		now := int64(0)
		for i := range rapid.IntRange(1, 80).Draw(t, "length") {
			now += rapid.Int64Range(0, 6).Draw(t, "pause")
			small := rapid.IntRange(1, 5)
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				kind := rapid.SampledFrom([]string{"market", "limit"}).Draw(t, "type")
				line := fmt.Sprintf("%d place c%d %s %d %s %s", now, i, rapid.SampledFrom([]string{"buy", "sell"}).Draw(t, "side"),
					small.Draw(t, "quantity"), kind, rapid.SampledFrom([]string{"gtc", "ioc", "fok"}).Draw(t, "tif"))
				if kind == "limit" {
					line += fmt.Sprintf(" %d", 97+rapid.IntRange(0, 6).Draw(t, "price"))
				}
				script = append(script, line)
			case 1:
				script = append(script, fmt.Sprintf("%d cancel c%d", now, rapid.IntRange(0, 80).Draw(t, "which")))
			default:
				bid := 97 + rapid.IntRange(0, 5).Draw(t, "bid")
				script = append(script, fmt.Sprintf("%d %s %dx%d %dx%d %d", now, rapid.SampledFrom([]string{"quote", "quote", "untrusted"}).Draw(t, "trust"),
					bid, small.Draw(t, "size"), bid+rapid.IntRange(1, 2).Draw(t, "spread"), small.Draw(t, "size"), 96+rapid.IntRange(0, 8).Draw(t, "last")))
			}
		}
		first := check(t, script, placed)
		if second := check(t, script, placed); !slices.Equal(first, second) {
			t.Fatalf("the same script gave other reports:\n%v\n%v", first, second)
		}
	})
}

// check plays a script and holds every report against the laws.
func check(t *rapid.T, script []string, placed map[string]message.OrderEventFields) (said []message.ExecutionReport) {
	core, err := New(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	type state struct {
		cum    market.Decimal
		active market.Timestamp
		ended  bool
	}
	states := make(map[message.ClientOrderID]*state)
	execs := make(map[message.ExecID]bool)
	outer := &testing.T{} // scripts are written by the test itself: parsing cannot fail
	for _, line := range script {
		words := strings.Fields(line)
		if words[1] == "place" {
			var ms int64
			if _, err := fmt.Sscan(words[0], &ms); err != nil {
				t.Fatal(err)
			}
			at := start.Add(time.Duration(ms) * time.Millisecond)
			f := handOver(outer, at, btc, words[2:]).Fields()
			placed[words[2]] = f
			states[f.ClientOrderID] = &state{active: at.Add(testConfig().Latency)}
		}
		buys, sells := market.Decimal{}, market.Decimal{} // taken in this row, but for prints
		reports := slices.Clone(command(outer, core, line))
		for _, r := range reports {
			f := r.Fields()
			s, ok := states[f.ClientOrderID]
			if !ok {
				if f.Action != message.ActionRejectCancel {
					t.Fatalf("%s: report of an order that was never placed: %v", line, r)
				}
				continue
			}
			terms := placed[string(f.ClientOrderID)]
			switch f.Action {
			case message.ActionFill:
				if s.ended || words[1] != "quote" || f.Time < s.active {
					t.Fatalf("%s: fill of an order that ended, without trust, or too early: %v", line, r)
				}
				if execs[f.ExecID] {
					t.Fatalf("execution id %s was used twice", f.ExecID)
				}
				execs[f.ExecID] = true
				s.cum = must(s.cum.Add(f.LastQuantity.Decimal))
				if terms.Quantity.Less(s.cum) {
					t.Fatalf("%s: %v of %v filled", line, s.cum, terms.Quantity)
				}
				if terms.Type == market.Limit && !reaches(terms.Side, f.LastPrice, terms.Price) {
					t.Fatalf("%s: filled at %v, worse than %v", line, f.LastPrice, terms.Price)
				}
				rate := testConfig().TakerFee
				if f.LastLiquidityAdd {
					rate = testConfig().MakerFee
					if f.LastPrice != terms.Price {
						t.Fatalf("%s: a maker fill at %v, not at its own %v", line, f.LastPrice, terms.Price)
					}
				} else if terms.Side == market.Buy {
					buys = must(buys.Add(f.LastQuantity.Decimal))
				} else {
					sells = must(sells.Add(f.LastQuantity.Decimal))
				}
				if want := must(must(f.LastPrice.Mul(f.LastQuantity.Decimal)).Mul(rate)); f.Fee.Decimal != want {
					t.Fatalf("%s: fee %v, want %v", line, f.Fee, want)
				}
				if s.cum == terms.Quantity.Decimal {
					s.ended = true
				}
			case message.ActionCancel:
				if s.ended {
					t.Fatalf("%s: cancel of an order that ended: %v", line, r)
				}
				s.ended = true
			}
		}
		if words[1] == "quote" {
			_, bidSize := level(words[2])
			_, askSize := level(words[3])
			if askSize.Less(buys) || bidSize.Less(sells) {
				t.Fatalf("%s: bought %v and sold %v, more than was displayed", line, buys, sells)
			}
		}
		said = append(said, reports...)
	}
	open := 0
	for _, s := range states {
		if !s.ended {
			open++
		}
	}
	if open != core.Open() {
		t.Fatalf("%d orders are held, %d have not ended", core.Open(), open)
	}
	return said
}

// TestRoom: nothing is kept of instruments and orders that are done with.
func TestRoom(t *testing.T) {
	core := must(New(testConfig()))
	for i := range 1000 {
		name := fmt.Sprintf("C%d-USD", i)
		instrument := market.MustInstrument("sim", name)
		core.Place(handOver(t, start, instrument, strings.Fields(fmt.Sprintf("c%d buy 1 market gtc", i))))
		for ms := range 2 {
			core.Quote(message.NewView(message.Origin{Instrument: instrument, Received: start.Add(time.Duration(10+ms) * time.Millisecond)},
				message.Quote{Ask: market.MustPrice("100"), AskQuantity: market.MustQuantity(fmt.Sprint(ms + 1))}, true, true, nil))
		}
	}
	if core.Open() != 0 || len(core.books) != 0 || len(core.asked) != 0 {
		t.Errorf("%d orders, %d books, %d cancels are kept", core.Open(), len(core.books), len(core.asked))
	}
}

// BenchmarkQuote is a row that meets ten resting orders.
func BenchmarkQuote(b *testing.B) {
	core, err := New(testConfig())
	if err != nil {
		b.Fatal(err)
	}
	t := &testing.T{}
	for i := range 10 {
		core.Place(handOver(t, start, btc, strings.Fields(fmt.Sprintf("c%d buy 1 limit gtc 90", i))))
	}
	views := make([]message.View, 2)
	for i := range views {
		views[i] = message.NewView(message.Origin{Instrument: btc, Received: start.Add(time.Second)},
			message.Quote{Bid: market.MustPrice("99"), Ask: market.MustPrice(fmt.Sprint(100 + i)), AskQuantity: market.MustQuantity("1")}, true, true, nil)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if r := core.Quote(views[i%2]); len(r) != 0 {
			b.Fatal(r)
		}
	}
}
