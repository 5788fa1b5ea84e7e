package order

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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
	cfg, support := testConfig(), testSupport()
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
				configure(t, &cfg, &support, line)
				continue
			}
			if n == nil {
				n = newNodeAt(t, cfg, support)
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

func configure(t *testing.T, cfg *Config, support *message.OrderSupport, line string) {
	for _, word := range strings.Fields(line)[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "amends":
			support.Amend = map[string]message.AmendSupport{"none": message.AmendNone, "reduce": message.AmendReduce, "full": message.AmendFull}[value]
			continue
		case "ids":
			support.ClientOrderIDs = value == "yes"
			continue
		case "market":
			support.Kinds = slices.DeleteFunc(support.Kinds, func(k message.OrderKind) bool { return k.Type == market.Market })
			continue
		case "difference":
			cfg.OnDifference = OnDifference(value)
			continue
		}
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
		case "validity":
			support.Validity = time.Duration(v) * time.Second
		case "every":
			cfg.ReconcileEvery = time.Duration(v) * time.Second
		case "skew":
			cfg.Limits.ClockSkewMax = time.Duration(v) * time.Second
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
	case "amend": // amend 2 of=1 quantity=3 price=99
		f := message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: must(strconv.ParseUint(words[1], 10, 64))},
			OrderSeq: must(strconv.ParseUint(opts["of"], 10, 64)), Account: "main", Reason: "test"}
		if opts["quantity"] != "" {
			f.Quantity = market.MustQuantity(opts["quantity"])
		}
		if opts["price"] != "" {
			f.Price = market.MustPrice(opts["price"])
		}
		if opts["stop"] != "" {
			f.StopPrice = market.MustPrice(opts["stop"])
		}
		n.do(n.core.Amend(must(message.NewAmendIntent(f))))
		show()
	case "cancel-all": // cancel-all [strategy] [of=BTC-USD]
		f := message.CancelIntentFields{Account: "main", Reason: "test"}
		if len(words) > 1 {
			f.ID.Strategy = message.StrategyName(words[1])
		}
		if of := opts["of"]; of != "" {
			f.Instrument = market.MustInstrument("sim", of)
		}
		n.do(n.core.Cancel(must(message.NewCancelIntent(f))))
		show()
	case "tick": // tick [seconds to pass before]
		if len(words) > 1 {
			n.now = n.now.Add(time.Duration(must(strconv.Atoi(words[1]))) * time.Second)
		}
		n.do(n.core.Tick(n.now))
		show()
	case "balance": // balance USD 100 [locked]
		f := message.BalanceFields{Account: "main", Currency: words[1], Free: market.Amount{Decimal: market.MustDecimal(words[2])}}
		if len(words) > 3 {
			f.Locked = market.Amount{Decimal: market.MustDecimal(words[3])}
		}
		n.do(n.core.Balance(must(message.NewBalance(f))))
		show()
	case "disconnected":
		n.do(n.core.Disconnected(strings.Join(words[1:], " "), n.now))
		show()
	case "clock":
		n.do(n.core.Clock(must(time.ParseDuration(words[1])), n.now))
		show()
	case "resolve": // resolve 1 canceled [fill=0.5@100] [exec=e1]
		r := Resolution{ID: ClientOrderID("main", 1, must(strconv.ParseUint(words[1], 10, 64))), ExecID: message.ExecID(opts["exec"]), Reason: "a person", Now: n.now}
		for _, s := range message.OrderStatuses() {
			if s.String() == words[2] {
				r.As = s
			}
		}
		if quantity, price, ok := strings.Cut(opts["fill"], "@"); ok {
			r.Quantity, r.Price = market.MustQuantity(quantity), market.MustPrice(price)
		}
		effects, err := n.core.Resolve(r)
		n.do(effects)
		show()
		if err != nil {
			fmt.Fprintf(out, "error: %v\n", err)
		}
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
		show()
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
		n.do(n.core.Halt(HaltOptions{Reason: strings.Join(words[1:], " "), Cancel: opts["cancel"] == "yes", Flatten: opts["flatten"] == "yes"}, n.now))
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
		case ActPlace:
			f := a.Event.Fields()
			fmt.Fprintf(out, "place %s", f.ClientOrderID)
			if o := n.core.orders.byClient[f.ClientOrderID]; o != nil && f.OrderTerms != o.f.OrderTerms {
				fmt.Fprintf(out, " as %v", f.OrderTerms)
			}
			out.WriteString("\n")
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
	if stop := opts["stop"]; stop != "" {
		f.StopPrice = market.MustPrice(stop)
	}
	if inst := opts["inst"]; inst != "" {
		f.ExecInst = must(market.ParseExecInst(inst))
	}
	for name, to := range map[string]*uint64{"parent": &f.Parent, "group": &f.Group} {
		if text := opts[name]; text != "" {
			if *to, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	if until := opts["until"]; until != "" { // seconds after the start
		f.ExpireAt = market.Seconds(1_700_000_000 + int64(must(strconv.Atoi(until))))
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
	if id == "-" {
		id = ""
	}
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
	if f.Action == message.ActionLose {
		f.Request = message.RequestPlace
		for _, r := range []message.OrderRequest{message.RequestCancel, message.RequestAmend} {
			if opts["request"] == r.String() {
				f.Request = r
			}
		}
	}
	for name, bit := range map[string]message.Evidence{"id": message.EvidenceByID, "open": message.EvidenceOpen, "fills": message.EvidenceFills} {
		if strings.Contains(opts["evidence"], name) {
			f.Evidence |= bit
		}
	}
	if at := opts["at"]; at != "" { // seconds after the start
		seconds, err := strconv.Atoi(at)
		if err != nil {
			t.Fatal(err)
		}
		f.Time = market.Seconds(1_700_000_000 + int64(seconds))
	}
	if cum := opts["cum"]; cum != "" {
		f.CumQuantity = market.MustQuantity(cum)
	}
	if terms := opts["terms"]; terms != "" { // BTC-USD/buy/2/limit/100
		parts := strings.Split(terms, "/")
		f.Instrument = market.MustInstrument("sim", parts[0])
		f.OrderTerms = message.OrderTerms{Side: must(market.ParseSide(parts[1])), Quantity: market.MustQuantity(parts[2]), Type: must(market.ParseOrderType(parts[3])), TimeInForce: market.GTC}
		if len(parts) > 4 {
			f.Price = market.MustPrice(parts[4])
		}
	}
	if fee := opts["fee"]; fee != "" {
		f.Fee, f.FeeCurrency = market.Amount{Decimal: market.MustDecimal(fee)}, opts["in"]
	}
	return mustReport(t, f)
}
