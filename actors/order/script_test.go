package order

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt and docs/orders.md")

// TestScripts plays testdata/*.txt: each block is an input in the words of the trade, then ----,
// then what the gateway did. Lines that begin with # are comments.
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

// play runs a script and returns it with its outputs as they really are.
func play(t *testing.T, text string) string {
	var n *node
	cfg := testConfig()
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		input, _, _ := strings.Cut(block, "\n----")
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(input + "\n")
		var effects strings.Builder
		ran := false
		for line := range strings.SplitSeq(input, "\n") {
			if strings.HasPrefix(line, "#") || line == "" {
				continue
			}
			ran = true
			if name, _, _ := strings.Cut(line, " "); name == "config" {
				configure(t, &cfg, line)
				continue
			}
			if n == nil {
				n = newNode(t, cfg)
			}
			n.now = n.now.Add(1e9)
			n.command(t, line, &effects)
		}
		if ran {
			out.WriteString("----\n" + effects.String())
		}
	}
	return out.String()
}

func configure(t *testing.T, cfg *Config, line string) {
	for _, word := range strings.Fields(line)[1:] {
		key, value, _ := strings.Cut(word, "=")
		v, err := strconv.Atoi(value)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch key {
		case "open_orders":
			cfg.OpenOrdersMax = v
		case "queue":
			cfg.QueueMax = v
		case "history":
			cfg.HistoryMax = v
		default:
			t.Fatalf("%s: unknown key %q", line, key)
		}
	}
}

// options splits key=value words off a line.
func options(line string) (words []string, opts map[string]string) {
	opts = make(map[string]string)
	for _, word := range strings.Fields(line) {
		if key, value, ok := strings.Cut(word, "="); ok {
			opts[key] = value
		} else {
			words = append(words, word)
		}
	}
	return words, opts
}

func (n *node) command(t *testing.T, line string, out *strings.Builder) {
	t.Helper()
	words, opts := options(line)
	show := func() { n.show(out) }
	bad := func(err error) { t.Fatalf("%s: %v", line, err) }
	switch words[0] {
	case "ready":
		n.ready()
	case "boot": // shows what a start does; the node was made before
		n.boot()
		show()
	case "intent": // intent 1 buy 2 limit gtc 100
		n.do(n.core.Intend(scriptIntent(t, line)))
		show()
	case "cancel":
		seq, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			bad(err)
		}
		n.do(n.core.Cancel(mustCancel(t, seq)))
		show()
	case "view":
		instrument := market.MustInstrument("sim", words[1])
		n.view(instrument, opts["bid"], opts["ask"], opts["last"], len(words) < 3 || words[2] != "untrusted")
	case "durable":
		k := len(n.pending)
		if len(words) > 1 {
			upTo, err := strconv.Atoi(words[1])
			if err != nil {
				bad(err)
			}
			k = upTo - len(n.disk)
		}
		n.sync(k)
		show()
	case "report": // report 1 fill e1 0.5 @ 100 fee=0.1 in=USD
		n.do(n.core.Report(scriptReport(t, line)))
		show()
	case "crash": // crash [events that made it to disk unsynced]
		keep := 0
		if len(words) > 1 {
			var err error
			if keep, err = strconv.Atoi(words[1]); err != nil {
				bad(err)
			}
		}
		n.crash(keep)
		show()
	case "recovered":
		var err error
		if len(words) > 1 {
			err = errors.New(strings.Join(words[1:], " "))
		}
		n.do(n.core.Recovered(err, n.now))
		show()
	case "reconcile":
		n.do(n.core.Reconcile(strings.Join(words[1:], " "), n.now))
		show()
	case "halt":
		n.do(n.core.Halt(strings.Join(words[1:], " "), n.now))
		show()
	case "resume":
		effects, err := n.core.Resume(strings.Join(words[1:], " "), n.now)
		n.do(effects)
		show()
		if err != nil {
			fmt.Fprintf(out, "error: %v\n", err)
		}
	case "journal-failed":
		n.core.JournalFailed(errors.New(strings.Join(words[1:], " ")), n.now)
	case "state":
		newest, durable := n.core.Seq()
		fmt.Fprintf(out, "events %d, on disk %d, waiting %d\n", newest, durable, n.core.outbox.len())
		fmt.Fprintf(out, "halted %q\nreconciling %q\n", n.core.Halted(), n.core.Reconciling())
		for _, e := range n.core.Open() {
			fmt.Fprintf(out, "open %v\n", short(e))
		}
		for _, p := range n.core.Portfolio().Positions() {
			f := p.Fields()
			fmt.Fprintf(out, "position %s %v %v @ %v cost=%v realized=%v unrealized=%v fees=%v\n", f.Strategy, f.Instrument.Name(),
				f.Quantity, f.AveragePrice, f.Cost, f.Realized, f.Unrealized, f.Fees)
		}
		for currency, amount := range n.core.Portfolio().Cash() {
			fmt.Fprintf(out, "cash %s %v\n", currency, amount)
		}
	case "counts":
		s := n.core.Stats()
		fmt.Fprintf(out, "intents %d duplicates %d sent %d reports %d repeated %d fills repeated %d ignored %d anomalies %d dropped %d cancels ignored %d\n",
			s.Intents, s.Duplicates, s.Sent, s.Reports, s.ReportsRepeated, s.FillsRepeated, s.ReportsIgnored, s.Anomalies, s.AnomaliesDropped, s.CancelsIgnored)
	default:
		t.Fatalf("unknown command %q", line)
	}
}

func short(e message.OrderEvent) string { return words(e) }

func (n *node) show(out *strings.Builder) {
	for _, e := range n.events {
		fmt.Fprintf(out, "journal %s\n", words(e))
	}
	for _, a := range n.acts {
		switch a.Kind {
		case ActRecover:
			fmt.Fprintf(out, "recover %d open orders\n", len(a.Open))
			for _, e := range a.Open {
				fmt.Fprintf(out, "  %s\n", words(e))
			}
		case ActTell:
			fmt.Fprintf(out, "tell %s\n", words(a.Event))
		default:
			fmt.Fprintf(out, "%v %s\n", a.Kind, a.Event.Fields().ClientOrderID)
		}
	}
}

func scriptIntent(t *testing.T, line string) message.OrderIntent {
	t.Helper()
	words, opts := options(line)
	if len(words) < 6 {
		t.Fatalf("%s: want intent N SIDE QUANTITY TYPE TIF [PRICE]", line)
	}
	seq, err := strconv.ParseUint(words[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	f := intentFields(seq)
	if f.Side, err = market.ParseSide(words[2]); err != nil {
		t.Fatal(err)
	}
	f.Quantity = market.MustQuantity(words[3])
	if f.Type, err = market.ParseOrderType(words[4]); err != nil {
		t.Fatal(err)
	}
	if f.TimeInForce, err = market.ParseTimeInForce(words[5]); err != nil {
		t.Fatal(err)
	}
	f.Price = market.Price{}
	if len(words) > 6 {
		f.Price = market.MustPrice(words[6])
	}
	if of := opts["of"]; of != "" {
		f.Instrument = market.MustInstrument("sim", of)
	}
	if account := opts["account"]; account != "" {
		f.Account = message.AccountName(account)
	}
	return mustIntent(t, f)
}

func scriptReport(t *testing.T, line string) message.ExecutionReport {
	t.Helper()
	words, opts := options(line)
	id := message.ClientOrderID(words[1])
	if _, err := strconv.Atoi(words[1]); err == nil {
		id = message.ClientOrderID("main-1-" + words[1])
	}
	f := message.ExecutionReportFields{ClientOrderID: id, VenueOrderID: message.VenueOrderID(opts["venue"]), Reason: strings.ReplaceAll(opts["why"], "_", " ")}
	for _, a := range message.OrderActions() {
		if a.String() == words[2] {
			f.Action = a
		}
	}
	if f.Action == message.ActionFill && len(words) > 5 { // exec quantity @ price
		f.ExecID, f.LastQuantity, f.LastPrice = message.ExecID(words[3]), market.MustQuantity(words[4]), market.MustPrice(words[6])
	}
	if fee := opts["fee"]; fee != "" {
		f.Fee, f.FeeCurrency = market.Amount{Decimal: market.MustDecimal(fee)}, opts["in"]
	}
	return mustReport(t, f)
}
