package strategy

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt")

var (
	btc   = market.MustInstrument("sim", "BTC-USD")
	eth   = market.MustInstrument("sim", "ETH-USD")
	doge  = market.MustInstrument("sim", "DOGE-USD")
	start = market.Seconds(1_700_000_000)
)

func listings() []market.Listing {
	return []market.Listing{
		{Instrument: btc, Ticks: market.FixedTick(market.MustPrice("0.5")), LotSize: market.MustQuantity("0.1"),
			MinQuantity: market.MustQuantity("0.2"), MinNotional: market.Amount{Decimal: market.MustDecimal("25")}},
		{Instrument: eth}, // nothing is known of its steps
	}
}

// TestScripts plays testdata/*.txt: blocks of inputs, then ----, then what the strategy decided.
// Times are seconds.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s differs (go test -update rewrites it):\n%s", file, got)
			}
		})
	}
}

// desk is a strategy with a gateway that is written by hand.
type desk struct {
	core *Core
	next uint64
	seq  uint64 // of order events
	sent map[uint64]message.OrderIntentFields
	cum  map[uint64]market.Decimal
}

func play(t *testing.T, text string) string {
	cfg := DefaultConfig()
	cfg.Name, cfg.Engine, cfg.Account = "s", "spread", "main"
	d := &desk{next: 1, sent: make(map[uint64]message.OrderIntentFields), cum: make(map[uint64]market.Decimal)}
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		input, _, _ := strings.Cut(block, "\n----")
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(input + "\n")
		var said strings.Builder
		ran := false
		for line := range strings.SplitSeq(input, "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			ran = true
			words := strings.Fields(line)
			switch words[0] {
			case "config":
				configure(t, &cfg, words[1:])
				continue
			case "rule":
				cfg.Rules = append(cfg.Rules, rule(t, words[1:]))
				continue
			case "next":
				d.next = must(strconv.ParseUint(words[1], 10, 64))
				continue
			}
			if d.core == nil {
				core, err := New(cfg, listings(), d.next)
				if err != nil {
					t.Fatal(err)
				}
				d.core = core
			}
			d.command(t, line, &said)
		}
		if ran {
			out.WriteString("----\n" + said.String())
		}
	}
	return out.String()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func configure(t *testing.T, cfg *Config, words []string) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "cooldown":
			cfg.Cooldown = must(time.ParseDuration(value))
		case "max_quantity":
			cfg.PositionMaxQuantity = market.MustQuantity(value)
		case "max_notional":
			cfg.PositionMaxNotional = market.Amount{Decimal: market.MustDecimal(value)}
		case "only_trusted":
			cfg.OnlyTrusted = value == "true"
		default:
			t.Fatalf("unknown key %q", key)
		}
	}
}

// rule reads: wide>tight buy 2 limit gtc offset=10 | >tight close market ioc | >tight buy $200 market gtc.
func rule(t *testing.T, words []string) Rule {
	t.Helper()
	from, to, ok := strings.Cut(words[0], ">")
	if !ok {
		t.Fatalf("rule %q", words)
	}
	r := Rule{From: message.ClassName(from), To: message.ClassName(to)}
	if words[1] == "close" {
		r.Close = true
		words = append([]string{"", ""}, words[1:]...)
		words[2] = ""
	} else {
		r.Side = must(market.ParseSide(words[1]))
		if money, ok := strings.CutPrefix(words[2], "$"); ok {
			r.Notional = market.Amount{Decimal: market.MustDecimal(money)}
		} else {
			r.Quantity = market.MustQuantity(words[2])
		}
	}
	r.Type = must(market.ParseOrderType(words[3]))
	r.TimeInForce = must(market.ParseTimeInForce(words[4]))
	if len(words) > 5 {
		r.OffsetBps = must(strconv.Atoi(strings.TrimPrefix(words[5], "offset=")))
	}
	return r
}

func (d *desk) command(t *testing.T, line string, out *strings.Builder) {
	t.Helper()
	words := strings.Fields(line)
	switch words[0] {
	case "class": // class 10 wide>tight 99/101 [untrusted] [engine=x] [of=ETH-USD] [last=100]
		intents, cancels := d.core.OnClassified(classified(t, words))
		for _, c := range cancels {
			fmt.Fprintf(out, "cancel %v %q\n", c.Fields().ID, c.Fields().Reason)
		}
		d.show(intents, out)
		if why := d.core.Skipped(); why != SkipNone {
			fmt.Fprintf(out, "skip %s\n", why)
		}
	case "refused":
		d.show(d.core.OnOrderEvent(refusal(d.sent[must(strconv.ParseUint(words[1], 10, 64))])), out)
	case "order": // order 1 fill 0.5 [fee 0.001 BTC]
		d.show(d.core.OnOrderEvent(d.event(t, words)), out)
	case "again": // the last event, told again
		d.seq--
		d.show(d.core.OnOrderEvent(d.event(t, append([]string{"order"}, words[1:]...))), out)
	case "state":
		for _, i := range []market.Instrument{btc, eth} {
			if p := d.core.Position(i); !p.IsZero() {
				fmt.Fprintf(out, "position %v %v\n", i.Name(), p)
			}
		}
		fmt.Fprintf(out, "working %d, next %d\n", d.core.Working(), d.core.Next())
	default:
		t.Fatalf("unknown command %q", line)
	}
}

func (d *desk) show(intents []message.OrderIntent, out *strings.Builder) {
	for _, i := range intents {
		f := i.Fields()
		d.sent[f.ID.Seq] = f
		fmt.Fprintf(out, "intent %v %v %v %v %v %v", f.ID, f.Instrument.Name(), f.Side, f.Type, f.TimeInForce, f.Quantity)
		if f.Type == market.Limit {
			fmt.Fprintf(out, " @ %v", f.Price)
		}
		fmt.Fprintf(out, " %q\n", f.Reason)
	}
}

func classified(t *testing.T, words []string) message.Classified {
	t.Helper()
	from, to, _ := strings.Cut(words[2], ">")
	f := message.ClassifiedFields{
		Origin: message.Origin{Instrument: btc, Received: start.Add(time.Duration(must(strconv.Atoi(words[1]))) * time.Second)},
		Engine: "spread", From: message.ClassName(from), To: message.ClassName(to), Trusted: true,
	}
	bid, ask, _ := strings.Cut(words[3], "/")
	if bid != "-" {
		f.Quote.Bid = market.MustPrice(bid)
	}
	if ask != "-" {
		f.Quote.Ask = market.MustPrice(ask)
	}
	for _, word := range words[4:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "untrusted":
			f.Trusted = false
		case "engine":
			f.Engine = message.EngineName(value)
		case "of":
			f.Instrument = market.MustInstrument("sim", value)
		case "last":
			f.Quote.Last = market.MustPrice(value)
		case "why":
			f.Reason = value
		default:
			t.Fatalf("unknown word %q", word)
		}
	}
	return must(message.NewClassified(f))
}

// event makes an order event as the gateway would: order SEQ WHAT [QUANTITY [fee F CURRENCY]].
func (d *desk) event(t *testing.T, words []string) message.OrderEvent {
	t.Helper()
	seq := must(strconv.ParseUint(words[1], 10, 64))
	i, ok := d.sent[seq]
	if !ok { // of an earlier run
		i = message.OrderIntentFields{Origin: message.Origin{Instrument: btc}, Account: "main", OrderTerms: message.OrderTerms{Side: market.Buy, Quantity: market.MustQuantity("1"), Type: market.Market, TimeInForce: market.GTC}}
	}
	f := message.OrderEventFields{Account: "main", Strategy: "s", IntentSeq: seq, ClientOrderID: message.ClientOrderID(fmt.Sprintf("main-1-%d", seq)),
		Instrument: i.Instrument, OrderTerms: message.OrderTerms{Side: i.Side, Type: i.Type, TimeInForce: i.TimeInForce, Price: i.Price, Quantity: i.Quantity}}
	switch words[2] {
	case "created":
		f.Action, f.Status = message.ActionCreate, message.OrderCreated
	case "denied":
		f.Action, f.Status, f.ClientOrderID = message.ActionDeny, message.OrderDenied, ""
	case "accepted":
		f.Action, f.Status = message.ActionAccept, message.OrderAccepted
	case "canceling":
		f.Action, f.Status = message.ActionRequestCancel, message.OrderPendingCancel
	case "cancel-refused":
		f.Action, f.Status = message.ActionRejectCancel, message.OrderAccepted
	case "canceled":
		f.Action, f.Status = message.ActionCancel, message.OrderCanceled
	case "note":
		f.Action, f.Status = message.ActionJournal, message.OrderCanceled
	case "fill", "late":
		f.Action, f.ExecID = message.ActionFill, message.ExecID(fmt.Sprintf("e%d", d.seq))
		f.LastQuantity, f.LastPrice = market.MustQuantity(words[3]), market.MustPrice("100")
		d.cum[seq] = must(d.cum[seq].Add(f.LastQuantity.Decimal))
		f.Status = message.OrderPartiallyFilled
		if d.cum[seq] == f.Quantity.Decimal {
			f.Status = message.OrderFilled
		}
		if words[2] == "late" {
			f.Status = message.OrderCanceled
		}
		if len(words) > 6 {
			f.Fee, f.FeeCurrency = market.Amount{Decimal: market.MustDecimal(words[5])}, words[6]
		}
	default:
		t.Fatalf("unknown event %q", words)
	}
	f.CumQuantity = market.Quantity{Decimal: d.cum[seq]}
	if !f.Status.Final() {
		f.LeavesQuantity = market.Quantity{Decimal: must(f.Quantity.Sub(d.cum[seq]))}
	}
	if words[len(words)-1] != "unrecorded" {
		d.seq++
		f.Seq = d.seq
	}
	return must(message.NewOrderEvent(f))
}

// refusal is what a gateway whose mailbox was full says of an intent: a denial without a record.
func refusal(f message.OrderIntentFields) message.OrderEvent {
	return must(message.NewOrderEvent(message.OrderEventFields{Time: f.Time(), Account: f.Account, Strategy: f.ID.Strategy, IntentSeq: f.ID.Seq,
		Instrument: f.Instrument, OrderTerms: message.OrderTerms{Side: f.Side, Type: f.Type, TimeInForce: f.TimeInForce, Price: f.Price, Quantity: f.Quantity},
		Action: message.ActionDeny, Status: message.OrderDenied, Reason: "queue_full: the gateway's mailbox is full"}))
}
