package message_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

var (
	btc    = market.MustInstrument("upbit", "BTC-KRW")
	of     = message.Origin{Instrument: btc, VenueTime: 1, Received: 2}
	one    = market.MustPrice("1")
	two    = market.MustPrice("2")
	some   = market.MustQuantity("0.5")
	intent = message.OrderIntentFields{Origin: of, ID: message.IntentID{Strategy: "s", Seq: 1}, Account: "a",
		OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: one, Quantity: some}}
	event = message.OrderEventFields{Account: "a", Instrument: btc, Action: message.ActionFill, Status: message.OrderFilled,
		ExecID: "e", LastPrice: one, LastQuantity: some}
	bar        = message.BarFields{Origin: of, Interval: time.Minute, Start: market.Seconds(120), Open: one, High: two, Low: one, Close: two}
	classified = message.ClassifiedFields{Origin: of, Engine: "e", From: "wide", To: "tight"}
	report     = message.ExecutionReportFields{ClientOrderID: "c", Action: message.ActionAccept}
	amend      = message.AmendIntentFields{ID: message.IntentID{Strategy: "s", Seq: 2}, OrderSeq: 1, Account: "a", Quantity: some}
)

// with returns f after change.
func with[F any](f F, change func(*F)) F {
	change(&f)
	return f
}

func err[M any](_ M, err error) error { return err }

// TestConstructors: what is complete is accepted, and each gap is ErrInvalid that names the kind.
func TestConstructors(t *testing.T) {
	type intentF = message.OrderIntentFields
	type eventF = message.OrderEventFields
	type barF = message.BarFields
	type classF = message.ClassifiedFields
	type reportF = message.ExecutionReportFields
	newIntent := func(change func(*intentF)) error { return err(message.NewOrderIntent(with(intent, change))) }
	newEvent := func(change func(*eventF)) error { return err(message.NewOrderEvent(with(event, change))) }
	newBar := func(change func(*barF)) error { return err(message.NewBar(with(bar, change))) }
	newClass := func(change func(*classF)) error { return err(message.NewClassified(with(classified, change))) }
	newReport := func(change func(*reportF)) error { return err(message.NewExecutionReport(with(report, change))) }
	newAmend := func(change func(*message.AmendIntentFields)) error {
		return err(message.NewAmendIntent(with(amend, change)))
	}
	newCancel := func(f message.CancelIntentFields) error { return err(message.NewCancelIntent(f)) }
	below := market.Price{Decimal: one.Neg()}
	level := func(p market.Price) []message.Level { return []message.Level{{Price: p}} }

	for _, c := range []struct {
		name string
		err  error
		kind message.Kind // zero: accepted
	}{
		{"ticker", err(message.NewTicker(message.TickerFields{Origin: of})), 0},
		{"ticker of nothing", err(message.NewTicker(message.TickerFields{})), message.KindTicker},
		{"trade", err(message.NewTrade(message.TradeFields{Origin: of, Price: one})), 0},
		{"trade of nothing", err(message.NewTrade(message.TradeFields{Price: one})), message.KindTrade},
		{"trade for nothing", err(message.NewTrade(message.TradeFields{Origin: of})), message.KindTrade},
		{"bbo of empty sides", err(message.NewBBO(message.BBOFields{Origin: of})), 0},
		{"bbo of nothing", err(message.NewBBO(message.BBOFields{})), message.KindBBO},
		{"empty book", err(message.NewBook(message.BookFields{Origin: of}, nil, nil)), 0},
		{"book", err(message.NewBook(message.BookFields{Origin: of}, level(one), level(two))), 0},
		{"book of nothing", err(message.NewBook(message.BookFields{}, nil, nil)), message.KindBook},
		{"bid of no price", err(message.NewBook(message.BookFields{Origin: of}, level(market.Price{}), nil)), message.KindBook},
		{"ask of no price", err(message.NewBook(message.BookFields{Origin: of}, level(one), level(market.Price{}))), message.KindBook},
		{"bar", newBar(func(*barF) {}), 0},
		{"bar of nothing", newBar(func(f *barF) { f.Origin = message.Origin{} }), message.KindBar},
		{"bar of no length", newBar(func(f *barF) { f.Interval = 0 }), message.KindBar},
		{"bar off the grid", newBar(func(f *barF) { f.Start++ }), message.KindBar},
		{"bar open below low", newBar(func(f *barF) { f.Open = market.MustPrice("0.5") }), message.KindBar},
		{"bar close above high", newBar(func(f *barF) { f.Close = market.MustPrice("3") }), message.KindBar},
		{"status", err(message.NewStatus(message.StatusFields{Origin: of, Reason: "gap"})), 0},
		{"status of nothing", err(message.NewStatus(message.StatusFields{Reason: "gap"})), message.KindStatus},
		{"status without a reason", err(message.NewStatus(message.StatusFields{Origin: of})), message.KindStatus},
		{"notice", err(message.NewNotice(message.NoticeFields{Venue: "upbit", Type: message.NoticeAck})), 0},
		{"notice of no venue", err(message.NewNotice(message.NoticeFields{Type: message.NoticeAck})), message.KindNotice},
		{"notice of no type", err(message.NewNotice(message.NoticeFields{Venue: "upbit"})), message.KindNotice},
		{"empty batch", err(message.NewBatch(message.BatchFields{Source: "upbit"}, nil)), 0},
		{"batch of no source", err(message.NewBatch(message.BatchFields{}, nil)), message.KindBatch},
		{"resync", err(message.NewResync(message.ResyncFields{Partition: 3, Partitions: 4})), 0},
		{"resync beyond the last", err(message.NewResync(message.ResyncFields{Partition: 4, Partitions: 4})), message.KindResync},
		{"resync before the first", err(message.NewResync(message.ResyncFields{Partition: -1, Partitions: 4})), message.KindResync},
		{"permit request", err(message.NewPermitRequest(message.PermitRequestFields{Venue: "upbit", Use: message.UseREST, Holder: "f"})), 0},
		{"permit request of no use", err(message.NewPermitRequest(message.PermitRequestFields{Venue: "upbit", Holder: "f"})), message.KindPermitRequest},
		{"permit of nobody", err(message.NewPermit(message.PermitRequestFields{Venue: "upbit", Use: message.UseConnect})), message.KindPermitRequest},
		{"penalty", err(message.NewPenalty(message.PenaltyFields{Venue: "upbit", Until: 1})), 0},
		{"penalty without an end", err(message.NewPenalty(message.PenaltyFields{Venue: "upbit"})), message.KindPenalty},
		{"classified", newClass(func(*classF) {}), 0},
		{"classified the first time", newClass(func(f *classF) { f.From = "" }), 0},
		{"classified nothing", newClass(func(f *classF) { f.Origin = message.Origin{} }), message.KindClassified},
		{"classified by nobody", newClass(func(f *classF) { f.Engine = "" }), message.KindClassified},
		{"classified as nothing", newClass(func(f *classF) { f.To = "" }), message.KindClassified},
		{"classified as before", newClass(func(f *classF) { f.To = f.From }), message.KindClassified},
		{"intent", newIntent(func(*intentF) {}), 0},
		{"market intent", newIntent(func(f *intentF) { f.Type, f.Price = market.Market, market.Price{} }), 0},
		{"intent for nothing", newIntent(func(f *intentF) { f.Origin = message.Origin{} }), message.KindOrderIntent},
		{"intent of nobody", newIntent(func(f *intentF) { f.ID.Strategy = "" }), message.KindOrderIntent},
		{"intent without number", newIntent(func(f *intentF) { f.ID.Seq = 0 }), message.KindOrderIntent},
		{"intent without account", newIntent(func(f *intentF) { f.Account = "" }), message.KindOrderIntent},
		{"intent of no side", newIntent(func(f *intentF) { f.Side = 0 }), message.KindOrderIntent},
		{"intent of a third side", newIntent(func(f *intentF) { f.Side = 3 }), message.KindOrderIntent},
		{"intent of no type", newIntent(func(f *intentF) { f.Type = 0 }), message.KindOrderIntent},
		{"intent of no time in force", newIntent(func(f *intentF) { f.TimeInForce = 0 }), message.KindOrderIntent},
		{"intent of a sixth time in force", newIntent(func(f *intentF) { f.TimeInForce = market.GTD + 1 }), message.KindOrderIntent},
		{"intent of a fifth type", newIntent(func(f *intentF) { f.Type = market.StopLimit + 1 }), message.KindOrderIntent},
		{"intent for the day", newIntent(func(f *intentF) { f.TimeInForce = market.DAY }), 0},
		{"intent good till a date", newIntent(func(f *intentF) { f.TimeInForce, f.ExpireAt = market.GTD, 5 }), 0},
		{"intent good till no date", newIntent(func(f *intentF) { f.TimeInForce = market.GTD }), message.KindOrderIntent},
		{"intent good till before 1970", newIntent(func(f *intentF) { f.TimeInForce, f.ExpireAt = market.GTD, -5 }), message.KindOrderIntent},
		{"intent till canceled, that expires", newIntent(func(f *intentF) { f.ExpireAt = 5 }), message.KindOrderIntent},
		{"stop intent", newIntent(func(f *intentF) { f.Type, f.Price, f.StopPrice = market.Stop, market.Price{}, two }), 0},
		{"stop intent with price", newIntent(func(f *intentF) { f.Type, f.StopPrice = market.Stop, two }), message.KindOrderIntent},
		{"stop intent without stop price", newIntent(func(f *intentF) { f.Type, f.Price = market.Stop, market.Price{} }), message.KindOrderIntent},
		{"stop-limit intent", newIntent(func(f *intentF) { f.Type, f.StopPrice = market.StopLimit, two }), 0},
		{"stop-limit intent without price", newIntent(func(f *intentF) { f.Type, f.Price, f.StopPrice = market.StopLimit, market.Price{}, two }), message.KindOrderIntent},
		{"stop-limit intent without stop price", newIntent(func(f *intentF) { f.Type = market.StopLimit }), message.KindOrderIntent},
		{"stop-limit intent, stop price below zero", newIntent(func(f *intentF) { f.Type, f.StopPrice = market.StopLimit, below }), message.KindOrderIntent},
		{"limit intent with stop price", newIntent(func(f *intentF) { f.StopPrice = two }), message.KindOrderIntent},
		{"post-only intent", newIntent(func(f *intentF) { f.ExecInst = market.PostOnly }), 0},
		{"post-only intent for the day, reduce-only", newIntent(func(f *intentF) { f.ExecInst, f.TimeInForce = market.PostOnly|market.ReduceOnly, market.DAY }), 0},
		{"post-only intent, at once or never", newIntent(func(f *intentF) { f.ExecInst, f.TimeInForce = market.PostOnly, market.IOC }), message.KindOrderIntent},
		{"post-only market intent", newIntent(func(f *intentF) { f.ExecInst, f.Type, f.Price = market.PostOnly, market.Market, market.Price{} }), message.KindOrderIntent},
		{"reduce-only market intent", newIntent(func(f *intentF) { f.ExecInst, f.Type, f.Price = market.ReduceOnly, market.Market, market.Price{} }), 0},
		{"intent of an unknown instruction", newIntent(func(f *intentF) { f.ExecInst = market.ExecInstAll + 1 }), message.KindOrderIntent},
		{"intent with a parent", newIntent(func(f *intentF) { f.ID.Seq, f.Parent, f.Group = 3, 2, 9 }), 0},
		{"intent that is its own parent", newIntent(func(f *intentF) { f.ID.Seq, f.Parent = 3, 3 }), message.KindOrderIntent},
		{"intent whose parent comes later", newIntent(func(f *intentF) { f.ID.Seq, f.Parent = 3, 4 }), message.KindOrderIntent},
		{"intent for a quantity of zero", newIntent(func(f *intentF) { f.Quantity = market.Quantity{} }), message.KindOrderIntent},
		{"intent for less than nothing", newIntent(func(f *intentF) { f.Quantity = market.Quantity{Decimal: some.Neg()} }), message.KindOrderIntent},
		{"limit intent without price", newIntent(func(f *intentF) { f.Price = market.Price{} }), message.KindOrderIntent},
		{"limit intent below zero", newIntent(func(f *intentF) { f.Price = market.Price{Decimal: one.Neg()} }), message.KindOrderIntent},
		{"market intent with price", newIntent(func(f *intentF) { f.Type = market.Market }), message.KindOrderIntent},
		{"cancel", err(message.NewCancelIntent(message.CancelIntentFields{ID: intent.ID, Account: "a"})), 0},
		{"cancel of nobody", err(message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Seq: 1}, Account: "a"})), message.KindCancelIntent},
		{"cancel of all of a strategy", newCancel(message.CancelIntentFields{ID: message.IntentID{Strategy: "s"}, Account: "a"}), 0},
		{"cancel of all of an account", newCancel(message.CancelIntentFields{Account: "a"}), 0},
		{"cancel of all in an instrument", newCancel(message.CancelIntentFields{Account: "a", Instrument: btc}), 0},
		{"amendment", newAmend(func(*message.AmendIntentFields) {}), 0},
		{"amendment of a price", newAmend(func(f *message.AmendIntentFields) { f.Quantity, f.Price = market.Quantity{}, one }), 0},
		{"amendment of a stop price", newAmend(func(f *message.AmendIntentFields) { f.Quantity, f.StopPrice = market.Quantity{}, one }), 0},
		{"amendment of nothing", newAmend(func(f *message.AmendIntentFields) { f.Quantity = market.Quantity{} }), message.KindAmendIntent},
		{"amendment by nobody", newAmend(func(f *message.AmendIntentFields) { f.ID.Strategy = "" }), message.KindAmendIntent},
		{"amendment without number", newAmend(func(f *message.AmendIntentFields) { f.ID.Seq = 0 }), message.KindAmendIntent},
		{"amendment of no order", newAmend(func(f *message.AmendIntentFields) { f.OrderSeq = 0 }), message.KindAmendIntent},
		{"amendment of itself", newAmend(func(f *message.AmendIntentFields) { f.OrderSeq = 2 }), message.KindAmendIntent},
		{"amendment of a later order", newAmend(func(f *message.AmendIntentFields) { f.OrderSeq = 3 }), message.KindAmendIntent},
		{"amendment without account", newAmend(func(f *message.AmendIntentFields) { f.Account = "" }), message.KindAmendIntent},
		{"amendment below zero", newAmend(func(f *message.AmendIntentFields) { f.Price = below }), message.KindAmendIntent},
		{"amendment of a stop price below zero", newAmend(func(f *message.AmendIntentFields) { f.StopPrice = below }), message.KindAmendIntent},
		{"amendment to less than nothing", newAmend(func(f *message.AmendIntentFields) { f.Quantity = market.Quantity{Decimal: some.Neg()} }), message.KindAmendIntent},
		{"balance", err(message.NewBalance(message.BalanceFields{Account: "a", Currency: "KRW"})), 0},
		{"balance below zero", err(message.NewBalance(message.BalanceFields{Account: "a", Currency: "KRW", Free: market.Amount{Decimal: one.Neg()}})), 0},
		{"balance of nobody", err(message.NewBalance(message.BalanceFields{Currency: "KRW"})), message.KindBalance},
		{"balance of nothing", err(message.NewBalance(message.BalanceFields{Account: "a"})), message.KindBalance},
		{"cancel without account", err(message.NewCancelIntent(message.CancelIntentFields{ID: intent.ID})), message.KindCancelIntent},
		{"event", newEvent(func(*eventF) {}), 0},
		{"event of no account", newEvent(func(f *eventF) { f.Account = "" }), message.KindOrderEvent},
		{"event of no instrument", newEvent(func(f *eventF) { f.Instrument = market.Instrument{} }), message.KindOrderEvent},
		{"event without action", newEvent(func(f *eventF) { f.Action = 0 }), message.KindOrderEvent},
		{"event of an unknown action", newEvent(func(f *eventF) { f.Action = message.OrderAction(len(message.OrderActions()) + 1) }), message.KindOrderEvent},
		{"event without status", newEvent(func(f *eventF) { f.Status = 0 }), message.KindOrderEvent},
		{"event of an unknown status", newEvent(func(f *eventF) { f.Status = message.OrderStatus(len(message.OrderStatuses()) + 1) }), message.KindOrderEvent},
		{"fill of nothing", newEvent(func(f *eventF) { f.LastQuantity = market.Quantity{} }), message.KindOrderEvent},
		{"fill without price", newEvent(func(f *eventF) { f.LastPrice = market.Price{} }), message.KindOrderEvent},
		{"fill without id", newEvent(func(f *eventF) { f.ExecID = "" }), message.KindOrderEvent},
		{"balance event", newEvent(func(f *eventF) { f.Action, f.Status, f.Currency = message.ActionBalance, message.OrderJournaled, "KRW" }), 0},
		{"balance event of no currency", newEvent(func(f *eventF) { f.Action = message.ActionBalance }), message.KindOrderEvent},
		{"equity event of no currency", newEvent(func(f *eventF) { f.Action = message.ActionEquity }), message.KindOrderEvent},
		{"event of a fourth request", newEvent(func(f *eventF) { f.Request = message.RequestAmend + 1 }), message.KindOrderEvent},
		{"event with evidence from nowhere", newEvent(func(f *eventF) { f.Evidence = message.EvidenceAll + 1 }), message.KindOrderEvent},
		{"no fill, so none needed", newEvent(func(f *eventF) {
			f.Action, f.LastQuantity, f.LastPrice, f.ExecID = message.ActionDeny, market.Quantity{}, market.Price{}, ""
		}), 0},
		{"position", err(message.NewPosition(message.PositionFields{Account: "a", Instrument: btc})), 0},
		{"position of no account", err(message.NewPosition(message.PositionFields{Instrument: btc})), message.KindPosition},
		{"position in nothing", err(message.NewPosition(message.PositionFields{Account: "a"})), message.KindPosition},
		{"report", newReport(func(*reportF) {}), 0},
		{"report by the venue's id", newReport(func(f *reportF) { f.ClientOrderID, f.VenueOrderID = "", "v" }), 0},
		{"report of no order", newReport(func(f *reportF) { f.ClientOrderID = "" }), message.KindExecutionReport},
		{"report that a placement went unanswered", newReport(func(f *reportF) { f.Action, f.Request = message.ActionLose, message.RequestPlace }), 0},
		{"report that nothing went unanswered", newReport(func(f *reportF) { f.Action = message.ActionLose }), message.KindExecutionReport},
		{"report on a fourth request", newReport(func(f *reportF) { f.Request = message.RequestAmend + 1 }), message.KindExecutionReport},
		{"report of absence", newReport(func(f *reportF) { f.Action, f.Evidence = message.ActionAbsent, message.EvidenceOpen }), 0},
		{"report of absence by hearsay", newReport(func(f *reportF) { f.Action = message.ActionAbsent }), message.KindExecutionReport},
		{"report of absence from nowhere", newReport(func(f *reportF) { f.Action, f.Evidence = message.ActionAbsent, message.EvidenceAll+1 }), message.KindExecutionReport},
		{"report of nothing", newReport(func(f *reportF) { f.Action = 0 }), message.KindExecutionReport},
		{"report of an unknown action", newReport(func(f *reportF) { f.Action = message.OrderAction(len(message.OrderActions()) + 1) }), message.KindExecutionReport},
	} {
		switch {
		case c.kind == 0 && c.err != nil:
			t.Errorf("%s: refused: %v", c.name, c.err)
		case c.kind != 0 && (!errors.Is(c.err, message.ErrInvalid) || !strings.Contains(c.err.Error(), c.kind.String())):
			t.Errorf("%s: error %v, want ErrInvalid that names %v", c.name, c.err, c.kind)
		}
	}
}

// TestStrings: every kind of message says what it is, and the word for its kind begins the line.
func TestStrings(t *testing.T) {
	begins := map[message.Kind]string{message.KindOrderIntent: "intent ", message.KindCancelIntent: "cancel ",
		message.KindOrderEvent: "order ", message.KindExecutionReport: "report ", message.KindAmendIntent: "amend "}
	generators := messagetest.Generators()
	for _, kind := range message.Kinds() {
		want := begins[kind]
		if want == "" {
			want = kind.String() + " "
		}
		for seed := range 20 {
			m := generators[kind].Example(seed)
			s := m.String()
			if !strings.HasPrefix(s, want) || strings.Contains(s, "%!") {
				t.Errorf("%v: String is %q, want it to begin with %q", kind, s, want)
			}
			if s != fmt.Sprint(m) {
				t.Errorf("%v: fmt prints %q", kind, fmt.Sprint(m))
			}
		}
	}
}

// TestKindNumbers: numbers and names of kinds stand on wires and in files. Add at the end.
func TestKindNumbers(t *testing.T) {
	golden := []string{1: "ticker", 2: "trade", 3: "bbo", 4: "book", 5: "bar", 6: "status", 7: "notice", 8: "batch", 9: "views",
		10: "credit", 11: "classified", 12: "order_intent", 13: "cancel_intent", 14: "order_event", 15: "position",
		16: "execution_report", 17: "resync", 18: "permit_request", 19: "permit", 20: "penalty",
		21: "amend_intent", 22: "balance"}
	kinds := message.Kinds()
	if len(kinds) != len(golden)-1 {
		t.Fatalf("%d kinds, %d are listed here: list the new one with its number", len(kinds), len(golden)-1)
	}
	for i, k := range kinds {
		if int(k) != i+1 || k.String() != golden[i+1] {
			t.Errorf("kind %d is %v, was %s: a number is never given away", uint8(k), k, golden[i+1])
		}
	}
	if got := message.Kind(0).String(); got != "none" {
		t.Errorf("kind 0 is %q", got)
	}
	if got := message.Kind(200).String(); got != "unknown(200)" {
		t.Errorf("kind 200 is %q", got)
	}
}

// TestEnumNumbers: the numbers of these stand on the wire and in the journal too.
func TestEnumNumbers(t *testing.T) {
	check := func(what string, names []string, name func(uint8) string) {
		for v, want := range names {
			if got := name(uint8(v)); got != want {
				t.Errorf("%s %d is %q, was %q", what, v, got, want)
			}
		}
		if got := name(uint8(len(names))); !strings.HasPrefix(got, "unknown(") {
			t.Errorf("%s %d is %q and not listed here", what, len(names), got)
		}
	}
	check("order status", []string{"-", "created", "denied", "journaled", "sent", "unknown", "accepted", "partially_filled", "filled",
		"pending_cancel", "pending_amend", "canceled", "rejected", "expired", "held"}, func(v uint8) string { return message.OrderStatus(v).String() })
	check("order action", []string{"-", "create", "deny", "journal", "send", "lose", "accept", "fill", "request_cancel", "cancel",
		"reject_cancel", "request_amend", "amend", "reject_amend", "reject", "expire", "hold", "release", "absent", "adopt", "resolve",
		"halt", "resume", "anomaly", "balance", "equity", "reconcile"}, func(v uint8) string { return message.OrderAction(v).String() })
	check("order request", []string{"-", "place", "cancel", "amend"}, func(v uint8) string { return message.OrderRequest(v).String() })
	check("notice type", []string{"-", "ack", "error", "heartbeat", "status"}, func(v uint8) string { return message.NoticeType(v).String() })
	check("change base", []string{"-", "prev_close", "open_24h"}, func(v uint8) string { return message.ChangeBase(v).String() })
	check("span", []string{"-", "day", "rolling_24h"}, func(v uint8) string { return message.Span(v).String() })
	if n, want := len(message.OrderStatuses()), 14; n != want {
		t.Errorf("OrderStatuses lists %d of %d", n, want)
	}
	if n, want := len(message.OrderActions()), 26; n != want {
		t.Errorf("OrderActions lists %d of %d", n, want)
	}
	for e, want := range []string{"-", "id", "open_orders", "id|open_orders", "fills", "id|fills", "open_orders|fills", "id|open_orders|fills", "unknown(8)"} {
		if got := message.Evidence(e).String(); got != want {
			t.Errorf("evidence %d is %q, was %q", e, got, want)
		}
	}
	var ofAccount []string
	for _, a := range message.OrderActions() {
		if a.OfAccount() {
			ofAccount = append(ofAccount, a.String())
		}
	}
	if want := []string{"halt", "resume", "anomaly", "balance", "equity", "reconcile"}; !slices.Equal(ofAccount, want) {
		t.Errorf("of the account are %v, want %v", ofAccount, want)
	}
	if message.OrderAction(0).OfAccount() || message.OrderAction(200).OfAccount() {
		t.Error("an action that is none is of the account")
	}
	var final []string
	for _, s := range message.OrderStatuses() {
		if s.Final() {
			final = append(final, s.String())
		}
	}
	if want := []string{"denied", "filled", "canceled", "rejected", "expired"}; !slices.Equal(final, want) {
		t.Errorf("final are %v, want %v", final, want)
	}
}

// TestOverload: market data conflates, intents are refused, and nothing that says what happened to
// an order or steers the flow is ever dropped.
func TestOverload(t *testing.T) {
	want := map[message.Kind]message.Overload{
		message.KindTicker: message.Conflate, message.KindTrade: message.Conflate, message.KindBBO: message.Conflate,
		message.KindBook: message.Conflate, message.KindBar: message.Conflate, message.KindBatch: message.Conflate,
		message.KindViews: message.Conflate, message.KindPosition: message.Conflate,
		message.KindStatus: message.NeverDrop, message.KindNotice: message.NeverDrop, message.KindCredit: message.NeverDrop,
		message.KindClassified: message.NeverDrop, message.KindCancelIntent: message.NeverDrop, message.KindOrderEvent: message.NeverDrop,
		message.KindExecutionReport: message.NeverDrop, message.KindResync: message.NeverDrop,
		message.KindPermitRequest: message.NeverDrop, message.KindPermit: message.NeverDrop, message.KindPenalty: message.NeverDrop,
		message.KindAmendIntent: message.NeverDrop, message.KindBalance: message.NeverDrop,
		message.KindOrderIntent: message.Refuse,
	}
	for _, k := range message.Kinds() {
		o, ok := want[k]
		if !ok {
			t.Errorf("%v: decide what a full queue does with it, and say so here", k)
			continue
		}
		if k.Overload() != o {
			t.Errorf("%v: %v, want %v", k, k.Overload(), o)
		}
	}
	if got := message.Kind(200).Overload(); got != message.NeverDrop {
		t.Errorf("an unknown kind: %v, want never_drop", got)
	}
}

// TestMessageTime: what we received counts from then, else from when the venue says.
func TestMessageTime(t *testing.T) {
	for _, c := range []struct {
		o    message.Origin
		want market.Timestamp
	}{{message.Origin{}, 0}, {message.Origin{VenueTime: 5}, 5}, {message.Origin{Received: 7}, 7}, {message.Origin{VenueTime: 5, Received: 7}, 7}} {
		if got := c.o.Time(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.o, got, c.want)
		}
	}
}

// TestNoticeDetail: a venue's words are cut to 512 bytes, never within a letter.
func TestNoticeDetail(t *testing.T) {
	for _, c := range []struct {
		detail string
		want   int
	}{
		{strings.Repeat("a", 512), 512},
		{strings.Repeat("a", 100_000), 512},
		{strings.Repeat("마", 400), 510},
		{strings.Repeat("\x80", 600), 508}, // not UTF-8 at all
	} {
		n, err := message.NewNotice(message.NoticeFields{Venue: "upbit", Type: message.NoticeError, Detail: c.detail})
		if err != nil {
			t.Fatal(err)
		}
		got := n.Fields().Detail
		if len(got) != c.want || !strings.HasPrefix(c.detail, got) || utf8.ValidString(c.detail) && !utf8.ValidString(got) {
			t.Errorf("%d bytes of %.4q became %d, want %d", len(c.detail), c.detail, len(got), c.want)
		}
	}
}

// TestOrderSupport: what a venue does not take is refused with the nearest thing it does take.
func TestOrderSupport(t *testing.T) {
	s := message.OrderSupport{Kinds: []message.OrderKind{
		{Type: market.Limit, TimeInForce: market.GTC, ExecInst: market.PostOnly},
		{Type: market.Limit, TimeInForce: market.IOC},
		{Side: market.Sell, Type: market.Market, TimeInForce: market.IOC},
	}}
	type terms = message.OrderTerms
	for _, c := range []struct {
		terms message.OrderTerms
		says  string // empty: taken
	}{
		{terms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC}, ""},
		{terms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, ExecInst: market.PostOnly}, ""},
		{terms{Side: market.Buy, Type: market.Limit, TimeInForce: market.IOC, ExecInst: market.ReduceOnly}, ""}, // the gateway keeps it
		{terms{Side: market.Buy, Type: market.Limit, TimeInForce: market.IOC, ExecInst: market.PostOnly}, "no limit ioc orders that are post_only"},
		{terms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTD}, "no limit orders that are gtd"},
		{terms{Side: market.Sell, Type: market.Market, TimeInForce: market.IOC}, ""},
		{terms{Side: market.Buy, Type: market.Market, TimeInForce: market.IOC}, "market orders to sell only"},
		{terms{Side: market.Buy, Type: market.StopLimit, TimeInForce: market.GTC}, "no stop_limit orders"},
	} {
		got := s.Refuses(c.terms)
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%v: %q, want it to say %q", c.terms, got, c.says)
		}
	}
	if got := (message.OrderSupport{}).Refuses(terms{Type: market.Limit}); got == "" {
		t.Error("a venue that takes nothing takes a limit order")
	}
}

// TestOrderStrings: what a line of an order's life says beyond its terms.
func TestOrderStrings(t *testing.T) {
	base := event
	base.OrderTerms, base.Strategy, base.IntentSeq = intent.OrderTerms, "s", 1
	for _, c := range []struct {
		change func(*message.OrderEventFields)
		says   string
	}{
		{func(*message.OrderEventFields) {}, " fill e 0.5 @ 1 fee 0 "},
		{func(f *message.OrderEventFields) { f.Action, f.NewPrice = message.ActionRequestAmend, two }, " to 0 @ 2 stop 0"},
		{func(f *message.OrderEventFields) { f.Action, f.Currency = message.ActionBalance, "KRW" }, " 0 KRW"},
		{func(f *message.OrderEventFields) { f.Action, f.Evidence = message.ActionAbsent, message.EvidenceAll }, " asked id|open_orders|fills"},
		{func(f *message.OrderEventFields) { f.Action, f.Reason = message.ActionReject, "no" }, ` "no" at`},
		{func(f *message.OrderEventFields) {
			f.ExecInst, f.StopPrice, f.ExpireAt = market.PostOnly, two, market.Seconds(1)
		}, " stop 2 post_only until 1970-01-01T00:00:01Z"},
	} {
		e, err := message.NewOrderEvent(with(base, c.change))
		if err != nil {
			t.Fatal(err)
		}
		if s := e.String(); !strings.Contains(s, c.says) {
			t.Errorf("%q does not say %q", s, c.says)
		}
	}
	for _, c := range []struct {
		f    message.CancelIntentFields
		says string
	}{
		{message.CancelIntentFields{Account: "a"}, "cancel all a "},
		{message.CancelIntentFields{Account: "a", ID: message.IntentID{Strategy: "s"}}, "cancel all of s a "},
		{message.CancelIntentFields{Account: "a", ID: message.IntentID{Strategy: "s", Seq: 4}}, "cancel s/4 a "},
	} {
		m, err := message.NewCancelIntent(c.f)
		if err != nil || !strings.HasPrefix(m.String(), c.says) {
			t.Errorf("%q, %v; want it to begin with %q", m, err, c.says)
		}
	}
}
