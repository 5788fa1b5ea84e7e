package order

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// FuzzCore feeds the gateway anything in any order, from a venue that lies and a disk that
// fails. The node's checks hold at every step (harness_test.go); nothing may panic, and what is on
// disk must always be recovered from.
func FuzzCore(f *testing.F) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		script := make([]byte, 300)
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		f.Add(script)
	}
	f.Add([]byte{})
	f.Fuzz(chaos)
}

// chaos reads a script: a byte says what happens, the next ones with what.
func chaos(t *testing.T, script []byte) {
	if len(script) > 3000 {
		return
	}
	cfg := testConfig()
	cfg.OpenOrdersMax, cfg.QueueMax, cfg.HistoryMax = 4, 8, 6
	n := newNode(t, cfg).ready()
	next := func() byte {
		if len(script) == 0 {
			return 0
		}
		b := script[0]
		script = script[1:]
		return b
	}
	prices := []string{"100", "101", "0.5", "0.000000000000000001", "170000000000000000000"}
	quantities := []string{"0.2", "1", "2", "0.000000000000000003", "170000000000000000000"}
	for len(script) > 0 {
		n.now = n.now.Add(1e6)
		switch op := next(); op % 16 {
		case 0, 1, 2:
			fields := intentFields(uint64(1 + next()%16))
			fields.Side = market.Side(1 + next()%2)
			fields.Quantity = market.MustQuantity(quantities[int(next())%len(quantities)])
			fields.Price = market.MustPrice(prices[int(next())%len(prices)])
			switch next() % 6 {
			case 0, 1:
				fields.Type, fields.Price = market.Market, market.Price{}
			case 2:
				fields.Type, fields.StopPrice = market.StopLimit, market.MustPrice(prices[int(next())%len(prices)])
			case 3:
				fields.Type, fields.Price, fields.StopPrice = market.Stop, market.Price{}, market.MustPrice("101")
			case 4:
				fields.TimeInForce, fields.ExpireAt = market.GTD, n.now.Add(time.Duration(next())*time.Second)
			}
			if b := next(); b%4 == 0 {
				fields.Group = uint64(1 + b/4%3)
			}
			if b := next(); b%3 == 0 {
				fields.Parent = uint64(b/3) % fields.ID.Seq
			}
			if next()%4 == 0 {
				fields.ExecInst = market.ReduceOnly
			}
			n.do(n.core.Intend(mustIntent(t, fields)))
		case 3:
			n.do(n.core.Cancel(mustCancel(t, uint64(1+next()%16))))
		case 4, 5, 6:
			n.sync(int(next() % 8))
		case 7, 8, 9, 10, 11:
			report := message.ExecutionReportFields{
				Action:        message.OrderAction(1 + next()%byte(message.ActionReconcile)),
				ClientOrderID: ClientOrderID("main", 1, uint64(1+next()%8)),
				VenueOrderID:  message.VenueOrderID([]string{"", "v1", "v2", "v3"}[next()%4]),
			}
			if next()%4 == 0 && report.VenueOrderID != "" {
				report.ClientOrderID = []message.ClientOrderID{"", "web", "main-9-1", "main-1-77"}[next()%4]
			}
			if next()%2 == 0 {
				report.Instrument = []market.Instrument{btc, eth, market.MustInstrument("sim", "X-Y")}[next()%3]
				report.OrderTerms = message.OrderTerms{Side: market.Side(1 + next()%2), Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("100"),
					Quantity: market.MustQuantity(quantities[int(next())%len(quantities)])}
				report.CumQuantity = market.MustQuantity(quantities[int(next())%len(quantities)])
				report.Time = n.now
			}
			if op%16 > 8 { // mostly fills
				report.Action = message.ActionFill
				report.ExecID = message.ExecID(fmt.Sprintf("e%d", next()%16))
				report.LastQuantity = market.MustQuantity(quantities[int(next())%len(quantities)])
				report.LastPrice = market.MustPrice(prices[int(next())%len(prices)])
				report.Fee = market.Amount{Decimal: market.MustDecimal([]string{"0", "0.1", "-0.1", "170000000000000000000"}[next()%4])}
				report.FeeCurrency = []string{"", "USD", "BTC", "BNB"}[next()%4]
			}
			if report.Action == message.ActionLose {
				report.Request = message.OrderRequest(1 + next()%3)
			}
			if report.Action == message.ActionAbsent {
				report.Evidence = message.Evidence(1 + next()%7)
			}
			n.do(n.core.Report(mustReport(t, report)))
		case 12:
			switch next() % 6 {
			case 0:
				n.now = n.now.Add(time.Duration(next()) * time.Second)
				n.do(n.core.Tick(n.now))
			case 1:
				seq := uint64(2 + next()%16)
				n.do(n.core.Amend(must(message.NewAmendIntent(message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: seq},
					OrderSeq: 1 + uint64(next())%(seq-1), Account: "main", Price: market.MustPrice("101"), Quantity: market.MustQuantity(quantities[int(next())%len(quantities)])}))))
			case 2:
				n.do(n.core.Balance(must(message.NewBalance(message.BalanceFields{Account: "main", Currency: []string{"USD", "BTC"}[next()%2],
					Free: market.Amount{Decimal: market.MustDecimal(quantities[int(next())%len(quantities)])}}))))
			case 3:
				out, err := n.core.Resolve(Resolution{ID: ClientOrderID("main", 1, uint64(1+next()%8)), As: message.OrderStatus(next() % 16), Now: n.now,
					Quantity: market.MustQuantity(quantities[int(next())%len(quantities)]), Price: market.MustPrice("100")})
				if err != nil && len(out.Append) > 0 {
					t.Fatalf("a resolution that failed (%v) was journaled: %v", err, out.Append)
				}
				n.do(out)
			case 4:
				n.do(n.core.Disconnected("fuzz", n.now))
			case 5:
				n.do(n.core.Cancel(must(message.NewCancelIntent(message.CancelIntentFields{Account: "main"}))))
			}
			n.view(btc, "100", "101", "100", next()%4 != 0)
		case 13:
			switch next() % 4 {
			case 0:
				n.do(n.core.Halt(HaltOptions{Reason: "fuzz", Cancel: next()%3 == 0, Flatten: next()%5 == 0}, n.now))
			case 1:
				out, err := n.core.Resume("fuzz", n.now)
				n.do(out)
				if (err != nil) != (n.core.journalLost != "") {
					t.Fatalf("resume: %v with journal %q", err, n.core.journalLost)
				}
			case 2:
				n.do(n.core.Reconcile("fuzz", n.now))
			case 3:
				var err error
				if next()%2 == 0 {
					err = errors.New("no answer")
				}
				n.do(n.core.Recovered(err, n.now))
			}
		case 14:
			if next()%4 == 0 {
				n.core.JournalFailed(errors.New("input/output error"), n.now)
			}
		case 15:
			n.crash(int(next() % 8))
			if next()%2 == 0 {
				n.syncAll()
				n.do(n.core.Recovered(nil, n.now))
			}
		}
	}
	// Whatever happened, all that is on disk can be followed.
	was := n.core.Halted()
	failed := n.core.journalLost != ""
	if !failed {
		n.syncAll()
	}
	n.crash(0)
	if is := n.core.Halted(); !failed && was != is {
		t.Fatalf("a restart changed the halt from %q to %q", was, is)
	}
}
