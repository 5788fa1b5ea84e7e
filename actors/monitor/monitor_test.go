package monitor

import (
	"fmt"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var btc = market.MustInstrument("test", "BTC-KRW")

func event(t *testing.T, seq uint64, action message.OrderAction, status message.OrderStatus) message.OrderEvent {
	t.Helper()
	f := message.OrderEventFields{Account: "a", Strategy: "s", IntentSeq: seq, Instrument: btc, Action: action, Status: status, Time: market.Timestamp(seq)}
	if action == message.ActionFill {
		f.ExecID, f.LastPrice, f.LastQuantity = "e", market.MustPrice("1"), market.MustQuantity("1")
	}
	e, err := message.NewOrderEvent(f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestReportCountsEachOrderOnceInItsLastStatus(t *testing.T) {
	m := New()
	for seq := uint64(1); seq <= RecentMax; seq++ {
		m.order(event(t, seq, message.ActionCreate, message.OrderCreated))
		m.order(event(t, seq, message.ActionAccept, message.OrderAccepted))
	}
	m.order(event(t, 1, message.ActionFill, message.OrderFilled))
	m.order(event(t, 3, message.ActionHalt, message.OrderJournaled)) // of the account: no order changes
	r := m.report()
	if r.Orders[message.OrderAccepted] != RecentMax-1 || r.Orders[message.OrderFilled] != 1 || r.Orders[message.OrderCreated] != 0 || r.Fills != 1 {
		t.Errorf("orders %v, %d fills", r.Orders, r.Fills)
	}
	if len(r.Recent) != RecentMax || r.Recent[RecentMax-1].Fields().Action != message.ActionHalt {
		t.Errorf("%d recent", len(r.Recent))
	}
	m.order(event(t, 2, message.ActionCancel, message.OrderCanceled))
	if r.Orders[message.OrderCanceled] != 0 {
		t.Error("a report changed after it was made")
	}
}

func TestReportSortsPositions(t *testing.T) {
	m := New()
	for _, name := range []string{"b", "a", "c", "a"} {
		p, err := message.NewPosition(message.PositionFields{Account: "x", Strategy: message.StrategyName(name), Instrument: btc, Time: 7})
		if err != nil {
			t.Fatal(err)
		}
		m.position(p)
	}
	var got string
	for _, p := range m.report().Positions {
		got += fmt.Sprint(p.Fields().Strategy)
	}
	if got != "abc" {
		t.Errorf("positions of %s", got)
	}
}
