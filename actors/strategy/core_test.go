package strategy

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
	good := DefaultConfig()
	good.Name, good.Engine, good.Account = "s", "spread", "main"
	good.Rules = []Rule{rule(t, strings.Fields(">a buy 1 market gtc")), rule(t, strings.Fields(">b close market ioc")),
		rule(t, strings.Fields("a>b sell $100 limit fok offset=-5"))}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if !good.OnlyTrusted {
		t.Error("untrusted data count unless told otherwise")
	}
	bad := Config{Cooldown: -1, PositionMaxQuantity: market.Quantity{Decimal: market.MustDecimal("-1")},
		PositionMaxNotional: market.Amount{Decimal: market.MustDecimal("-1")}}
	words := []string{"name", "engine", "account", "cooldown", "position_max_quantity", "position_max_notional", "no rules"}
	expect(t, bad, words...)
	one := market.MustQuantity("1")
	base := Rule{To: "a", Side: market.Buy, Type: market.Market, TimeInForce: market.GTC, Quantity: one}
	for want, edit := range map[string]func(*Rule){
		"to is empty":             func(r *Rule) { r.To = "" },
		"from and to":             func(r *Rule) { r.From = "a" },
		"type":                    func(r *Rule) { r.Type = 0 },
		"time_in_force":           func(r *Rule) { r.TimeInForce = 0 },
		"offset_bps 5001":         func(r *Rule) { r.Type, r.OffsetBps = market.Limit, 5001 },
		"no price to move":        func(r *Rule) { r.OffsetBps = 1 },
		"must not be negative":    func(r *Rule) { r.Quantity = market.Quantity{Decimal: market.MustDecimal("-1")} },
		"not 0":                   func(r *Rule) { r.Quantity = market.Quantity{} },
		"not 2":                   func(r *Rule) { r.Notional = market.Amount{Decimal: market.MustDecimal("1")} },
		"takes the side from the": func(r *Rule) { r.Quantity, r.Close = market.Quantity{}, true },
		"want buy or sell":        func(r *Rule) { r.Side = 0 },
	} {
		cfg := good
		r := base
		edit(&r)
		cfg.Rules = []Rule{base, r}
		expect(t, cfg, "rule 2: ", want)
	}
	if _, err := New(Config{}, nil, 1); !errors.Is(err, ErrConfig) {
		t.Errorf("New of nothing: %v", err)
	}
}

func expect(t *testing.T, cfg Config, words ...string) {
	t.Helper()
	err := cfg.Validate()
	for _, want := range words {
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in: %v", want, err)
		}
	}
}

// TestUnlisted: an instrument that nobody listed is left alone.
func TestUnlisted(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Name, cfg.Engine, cfg.Account = "s", "spread", "main"
	cfg.Rules = []Rule{rule(t, strings.Fields(">a buy 1 market gtc"))}
	core := must(New(cfg, listings(), 1))
	m := must(message.NewClassified(message.ClassifiedFields{Origin: message.Origin{Instrument: doge, Received: start}, Engine: "spread", To: "a", Trusted: true}))
	if intents, cancels := core.OnClassified(m); len(intents)+len(cancels) != 0 || core.Skipped() != SkipListing {
		t.Errorf("%v, %v, %q", intents, cancels, core.Skipped())
	}
	if made, skips := core.Counts(); made != 0 || skips[SkipListing] != 1 || !slices.Contains(Skips(), SkipListing) {
		t.Errorf("%d made, skips %v", made, skips)
	}
}

// TestWorkingIsBounded: a gateway that never answers does not fill the memory.
func TestWorkingIsBounded(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Name, cfg.Engine, cfg.Account = "s", "spread", "main"
	cfg.Rules = []Rule{rule(t, strings.Fields(">a buy 1 market gtc"))}
	core := must(New(cfg, listings(), 1))
	for i := range workingMax + 10 {
		core.OnClassified(classified(t, strings.Fields(fmt.Sprintf("class %d >a 99/100", i))))
	}
	if core.Working() != workingMax || core.Skipped() != SkipWorking {
		t.Errorf("%d orders work, %q", core.Working(), core.Skipped())
	}
}

// TestLaws lets random classes and a random gateway at a strategy with a bound on its position,
// and holds every intent and the books against what must be true.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outer := &testing.T{}
		cfg := DefaultConfig()
		cfg.Name, cfg.Engine, cfg.Account = "s", "spread", "main"
		cfg.Cooldown = 2 * time.Second
		cfg.PositionMaxQuantity = market.MustQuantity("5")
		for _, text := range []string{">a buy 2 market gtc", ">b sell $300 limit gtc offset=10", ">c close market ioc"} {
			cfg.Rules = append(cfg.Rules, rule(outer, strings.Fields(text)))
		}
		core := must(New(cfg, listings(), 1))
		d := &desk{core: core, sent: make(map[uint64]message.OrderIntentFields), cum: make(map[uint64]market.Decimal)}
		var journal []message.OrderEvent
		position := market.Decimal{}
		live := map[uint64]bool{}
		last := uint64(0)
		most := cfg.PositionMaxQuantity.Decimal
		take := func(intents []message.OrderIntent) {
			for _, i := range intents {
				f := i.Fields()
				if f.ID.Seq != last+1 {
					t.Fatalf("intent %d follows %d", f.ID.Seq, last)
				}
				last = f.ID.Seq
				d.sent[last] = f
				live[last] = true
				if !f.Quantity.IsMultipleOf(market.MustDecimal("0.1")) || f.Type == market.Limit && !listings()[0].Ticks.Valid(f.Price) {
					t.Fatalf("off the grid: %v", i)
				}
				// If everything on that side fills, the bound holds.
				worst := position
				if f.Side == market.Sell {
					worst = worst.Neg()
				}
				for seq := range live {
					if o := d.sent[seq]; o.Side == f.Side {
						worst = must(worst.Add(must(o.Quantity.Sub(d.cum[seq]))))
					}
				}
				if most.Less(worst) {
					t.Fatalf("%v could lead to a position of %v", i, worst)
				}
			}
		}
		for step := range rapid.IntRange(1, 100).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "class") {
				to := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "to")
				intents, cancels := core.OnClassified(classified(outer, strings.Fields(fmt.Sprintf("class %d x>%s 99/101", step, to))))
				take(intents)
				for _, c := range cancels {
					if !live[c.Fields().ID.Seq] {
						t.Fatalf("%v: it is not live", c)
					}
				}
				continue
			}
			if len(live) == 0 {
				continue
			}
			var seqs []uint64
			for seq := range live {
				seqs = append(seqs, seq)
			}
			slices.Sort(seqs)
			seq := rapid.SampledFrom(seqs).Draw(t, "order")
			what := rapid.SampledFrom([]string{"created", "accepted", "canceled", "denied", "fill", "fill", "canceling"}).Draw(t, "event")
			words := []string{"order", fmt.Sprint(seq), what}
			if what == "denied" && d.cum[seq].Sign() > 0 {
				continue
			}
			if what == "fill" {
				left := must(d.sent[seq].Quantity.Sub(d.cum[seq]))
				quantity := left.Min(market.MustDecimal(rapid.SampledFrom([]string{"0.1", "1", "9"}).Draw(t, "quantity")))
				words = append(words, quantity.String())
				if d.sent[seq].Side == market.Sell {
					quantity = quantity.Neg()
				}
				position = must(position.Add(quantity))
			}
			e := d.event(outer, words)
			journal = append(journal, e)
			if e.Fields().Status.Final() {
				delete(live, seq)
			}
			// With an id known, a denial without one is of another intent.
			if what == "denied" && knows(core, seq) {
				live[seq] = true
			}
			take(core.OnOrderEvent(e))
			if core.Position(btc) != position {
				t.Fatalf("position %v, want %v", core.Position(btc), position)
			}
			if core.Working() != len(live) {
				t.Fatalf("%d orders work, want %d", core.Working(), len(live))
			}
		}
		// The journal alone brings the position back.
		again := must(New(cfg, listings(), 1))
		for _, e := range journal {
			if intents := again.OnOrderEvent(e); len(intents) != 0 {
				t.Fatalf("a replay decides: %v", intents)
			}
		}
		if again.Position(btc) != position || again.Next() > core.Next() {
			t.Fatalf("after a restart position %v next %d, want %v and at most %d", again.Position(btc), again.Next(), position, core.Next())
		}
	})
}

func knows(c *Core, seq uint64) bool {
	for _, p := range c.places {
		for _, w := range p.working {
			if w.seq == seq {
				return w.id != ""
			}
		}
	}
	return false
}

// BenchmarkOnClassified is a change of class to an intent, and its denial.
func BenchmarkOnClassified(b *testing.B) {
	cfg := DefaultConfig()
	cfg.Name, cfg.Engine, cfg.Account = "s", "spread", "main"
	cfg.Rules = []Rule{rule(&testing.T{}, strings.Fields(">a buy $1000 limit gtc offset=5"))}
	core := must(New(cfg, listings(), 1))
	m := classified(&testing.T{}, strings.Fields("class 1 >a 99/101"))
	b.ReportAllocs()
	for b.Loop() {
		intents, _ := core.OnClassified(m)
		if len(intents) != 1 {
			b.Fatal(core.Skipped())
		}
		core.OnOrderEvent(refusal(intents[0].Fields()))
	}
}
