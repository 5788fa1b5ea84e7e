package order

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

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
			if next()%3 == 0 {
				fields.Type, fields.Price = market.Market, market.Price{}
			}
			n.do(n.core.Intend(mustIntent(t, fields)))
		case 3:
			n.do(n.core.Cancel(mustCancel(t, uint64(1+next()%16))))
		case 4, 5, 6:
			n.sync(int(next() % 8))
		case 7, 8, 9, 10, 11:
			report := message.ExecutionReportFields{
				Action:        message.OrderAction(1 + next()%byte(message.ActionExpire)),
				ClientOrderID: ClientOrderID("main", 1, uint64(1+next()%8)),
				VenueOrderID:  message.VenueOrderID([]string{"", "v1", "v2", "v3"}[next()%4]),
			}
			if next()%4 == 0 && report.VenueOrderID != "" {
				report.ClientOrderID = ""
			}
			if op%16 > 8 { // mostly fills
				report.Action = message.ActionFill
				report.ExecID = message.ExecID(fmt.Sprintf("e%d", next()%16))
				report.LastQuantity = market.MustQuantity(quantities[int(next())%len(quantities)])
				report.LastPrice = market.MustPrice(prices[int(next())%len(prices)])
				report.Fee = market.Amount{Decimal: market.MustDecimal([]string{"0", "0.1", "-0.1", "170000000000000000000"}[next()%4])}
				report.FeeCurrency = []string{"", "USD", "BTC", "BNB"}[next()%4]
			}
			n.do(n.core.Report(mustReport(t, report)))
		case 12:
			n.view(btc, "100", "101", "100", next()%4 != 0)
		case 13:
			switch next() % 4 {
			case 0:
				n.do(n.core.Halt("fuzz", n.now))
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
