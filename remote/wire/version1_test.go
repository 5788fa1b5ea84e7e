package wire_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire"
)

// version1 are the events in testdata/order_events_v1.hex: the life of an order as schema version 1
// had it in its journals.
func version1() []message.OrderEventFields {
	i := market.MustInstrument("upbit", "BTC-KRW")
	p, q := market.MustPrice, market.MustQuantity
	base := message.OrderEventFields{Time: market.Milliseconds(1723075200154), Account: "paper", Strategy: "classchange", IntentSeq: 12,
		ClientOrderID: "paper-1-9", Instrument: i,
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: p("78950000"), Quantity: q("0.001")},
		DecidedAt:  market.Milliseconds(1723075200123), LeavesQuantity: q("0.001")}
	create, send, fill, denied, expired := base, base, base, base, base
	create.Seq, create.Action, create.Status, create.Reason = 1, message.ActionCreate, message.OrderCreated, "spread: wide → tight"
	send.Seq, send.Action, send.Status = 2, message.ActionSend, message.OrderSent
	fill.Seq, fill.Action, fill.Status, fill.VenueOrderID = 3, message.ActionFill, message.OrderPartiallyFilled, "v-77"
	fill.ExecID, fill.LastPrice, fill.LastQuantity, fill.CumQuantity, fill.LeavesQuantity = "e-1", p("78950000"), q("0.0004"), q("0.0004"), q("0.0006")
	fill.AveragePrice, fill.Fee, fill.FeeCurrency, fill.LastLiquidityAdd = p("78950000"), market.Amount{Decimal: market.MustDecimal("-15.79")}, "KRW", true
	note := message.OrderEventFields{Seq: 4, Time: base.Time, Account: "paper", Instrument: market.MustInstrument("upbit", "UNKNOWN-UNKNOWN"),
		Action: message.ActionJournal, Status: message.OrderJournaled, Reason: "halt: by hand"}
	denied.Seq, denied.IntentSeq, denied.ClientOrderID, denied.LeavesQuantity = 5, 13, "", market.Quantity{}
	denied.OrderTerms = message.OrderTerms{Side: market.Sell, Type: market.Market, TimeInForce: market.IOC, Quantity: q("5")}
	denied.Action, denied.Status, denied.Reason = message.ActionDeny, message.OrderDenied, "halted: by hand"
	expired.Seq, expired.Action, expired.Status, expired.LeavesQuantity = 6, message.ActionExpire, message.OrderExpired, market.Quantity{}
	expired.CumQuantity, expired.AveragePrice = q("0.0004"), p("78950000")
	return []message.OrderEventFields{create, send, fill, note, denied, expired}
}

// TestVersion1: a journal that schema version 1 wrote says today what it said then. The bytes were
// written by that version's program and are never to be written again.
func TestVersion1(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "order_events_v1.hex"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Fields(file)
	want := version1()
	if len(lines) != len(want) {
		t.Fatalf("%d events in the file, %d are known", len(lines), len(want))
	}
	for i, line := range lines {
		b, err := hex.DecodeString(string(line))
		if err != nil {
			t.Fatal(err)
		}
		if b[0] != 8 || b[1] != 1 {
			t.Fatalf("event %d was not written by version 1", i+1)
		}
		m, err := wire.Unmarshal(b)
		if err != nil {
			t.Errorf("event %d: %v", i+1, err)
			continue
		}
		e, ok := m.(message.OrderEvent)
		if !ok || e.Fields() != want[i] {
			t.Errorf("event %d\n got %v\nwant %+v", i+1, m, want[i])
		}
	}
}
