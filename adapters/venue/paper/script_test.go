package paper

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
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
	start = market.Seconds(1_700_000_000)
)

// TestScripts plays testdata/*.txt: blocks of inputs in the words of the trade, then ----, then what
// the venue reported. Times are milliseconds since the start; the latency is 10.
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

func testConfig() Config {
	cfg := DefaultConfig()
	cfg.Latency = 10 * time.Millisecond
	cfg.MakerFee, cfg.TakerFee = market.MustDecimal("0.001"), market.MustDecimal("0.002")
	return cfg
}

func play(t *testing.T, text string) string {
	core := must(New(testConfig()))
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
			if rest, ok := strings.CutPrefix(line, "funds "); ok { // funds USD=1000 BTC=1: a new venue
				cfg := testConfig()
				cfg.Account, cfg.Balances = "main", map[string]market.Amount{}
				for _, word := range strings.Fields(rest) {
					currency, amount, _ := strings.Cut(word, "=")
					cfg.Balances[currency] = market.Amount{Decimal: market.MustDecimal(amount)}
				}
				core = must(New(cfg))
				continue
			}
			if line == "balances" {
				for _, b := range core.Balances() {
					f := b.Fields()
					fmt.Fprintf(&said, "%s free %v locked %v\n", f.Currency, f.Free, f.Locked)
				}
				continue
			}
			for _, r := range command(t, core, line) {
				said.WriteString(words(r) + "\n")
			}
		}
		if ran {
			out.WriteString("----\n" + said.String())
		}
	}
	return out.String()
}

func words(r message.ExecutionReport) string {
	f := r.Fields()
	s := fmt.Sprintf("%d %s %v", f.Time.Sub(start).Milliseconds(), f.ClientOrderID, f.Action)
	if f.Action == message.ActionFill {
		kind := "taker"
		if f.LastLiquidityAdd {
			kind = "maker"
		}
		s += fmt.Sprintf(" %s %v @ %v fee %v %s %s", f.ExecID, f.LastQuantity, f.LastPrice, f.Fee, f.FeeCurrency, kind)
	}
	if f.Action == message.ActionAmend {
		s += fmt.Sprintf(" %v @ %v", f.Quantity, f.Price)
	}
	if f.Reason != "" {
		s += fmt.Sprintf(" %q", f.Reason)
	}
	return s
}

func command(t *testing.T, core *Core, line string) []message.ExecutionReport {
	t.Helper()
	words := strings.Fields(line)
	var ms int64
	if _, err := fmt.Sscan(words[0], &ms); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	at := start.Add(time.Duration(ms) * time.Millisecond)
	instrument := btc
	if words[len(words)-1] == "ETH" {
		instrument, words = eth, words[:len(words)-1]
	}
	switch words[1] {
	case "place": // 0 place c1 buy 2 limit gtc 100
		return core.Place(handOver(t, at, instrument, words[2:]))
	case "cancel":
		f := message.OrderEventFields{Account: "main", Instrument: instrument, Time: at, ClientOrderID: message.ClientOrderID(words[2]),
			Action: message.ActionRequestCancel, Status: message.OrderPendingCancel}
		return core.Cancel(must(message.NewOrderEvent(f)))
	case "amend": // 0 amend c1 buy 2 limit gtc 100 to 1 @ 99
		n := len(words)
		f := handOver(t, at, instrument, words[2:n-4]).Fields()
		f.Action, f.Status = message.ActionRequestAmend, message.OrderPendingAmend
		f.NewQuantity, f.NewPrice = market.MustQuantity(words[n-3]), market.MustPrice(words[n-1])
		return core.Amend(must(message.NewOrderEvent(f)))
	case "time":
		return core.Advance(at)
	case "quote", "untrusted": // 5 quote 99x1 100x2 [last]
		q := message.Quote{}
		q.Bid, q.BidQuantity = level(words[2])
		q.Ask, q.AskQuantity = level(words[3])
		if len(words) > 4 {
			q.Last = market.MustPrice(words[4])
		}
		return core.Quote(message.NewView(message.Origin{Instrument: instrument, Received: at}, q, words[1] == "quote", true, nil))
	case "recover": // 0 recover accepted c1 buy 2 limit gtc 100 [cum 0.5] + unknown c2 …
		var open []message.OrderEvent
		for _, part := range strings.Split(strings.Join(words[2:], " "), " + ") {
			open = append(open, wasOpen(t, at, instrument, strings.Fields(part)))
		}
		return core.Recover(open)
	}
	t.Fatalf("unknown command %q", line)
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// wasOpen makes the last event of an order that was open before a restart.
func wasOpen(t *testing.T, at market.Timestamp, instrument market.Instrument, words []string) message.OrderEvent {
	t.Helper()
	cum := market.Quantity{}
	if n := len(words); words[n-2] == "cum" {
		cum, words = market.MustQuantity(words[n-1]), words[:n-2]
	}
	f := handOver(t, at, instrument, words[1:]).Fields()
	f.Time = at
	f.CumQuantity, f.LeavesQuantity = cum, market.Quantity{Decimal: must(f.Quantity.Sub(cum.Decimal))}
	switch words[0] {
	case "unknown":
		f.Action, f.Status = message.ActionLose, message.OrderUnknown
	case "accepted":
		f.Action, f.Status, f.VenueOrderID = message.ActionAccept, message.OrderAccepted, "paper-x"
	case "filled":
		f.Action, f.Status, f.VenueOrderID = message.ActionAccept, message.OrderFilled, "paper-x"
	}
	return must(message.NewOrderEvent(f))
}

// level reads 99.5x2; - is an empty side.
func level(text string) (market.Price, market.Quantity) {
	price, quantity, ok := strings.Cut(text, "x")
	if !ok {
		return market.Price{}, market.Quantity{}
	}
	return market.MustPrice(price), market.MustQuantity(quantity)
}

// handOver makes the event that hands over an order: c1 buy 2 limit gtc 100.
func handOver(t *testing.T, at market.Timestamp, instrument market.Instrument, words []string) message.OrderEvent {
	t.Helper()
	f := message.OrderEventFields{Account: "main", Instrument: instrument, DecidedAt: at, Time: at, ClientOrderID: message.ClientOrderID(words[0]),
		OrderTerms: message.OrderTerms{Side: must(market.ParseSide(words[1])), Quantity: market.MustQuantity(words[2]), Type: must(market.ParseOrderType(words[3])), TimeInForce: must(market.ParseTimeInForce(words[4]))},

		Action: message.ActionSend, Status: message.OrderSent}
	if len(words) > 5 {
		f.Price = market.MustPrice(words[5])
	}
	if len(words) > 6 {
		f.ExecInst = must(market.ParseExecInst(words[6]))
	}
	f.LeavesQuantity = f.Quantity
	return must(message.NewOrderEvent(f))
}
