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
		Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: one, Quantity: some}
	event = message.OrderEventFields{Account: "a", Instrument: btc, Action: message.ActionFill, Status: message.OrderFilled,
		ExecID: "e", LastPrice: one, LastQuantity: some}
	bar        = message.BarFields{Origin: of, Interval: time.Minute, Start: market.Seconds(120), Open: one, High: two, Low: one, Close: two}
	classified = message.ClassifiedFields{Origin: of, Engine: "e", From: "wide", To: "tight"}
	report     = message.ExecutionReportFields{ClientOrderID: "c", Action: message.ActionAccept}
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
		{"intent of a fourth time in force", newIntent(func(f *intentF) { f.TimeInForce = market.FOK + 1 }), message.KindOrderIntent},
		{"intent for a quantity of zero", newIntent(func(f *intentF) { f.Quantity = market.Quantity{} }), message.KindOrderIntent},
		{"intent for less than nothing", newIntent(func(f *intentF) { f.Quantity = market.Quantity{Decimal: some.Neg()} }), message.KindOrderIntent},
		{"limit intent without price", newIntent(func(f *intentF) { f.Price = market.Price{} }), message.KindOrderIntent},
		{"limit intent below zero", newIntent(func(f *intentF) { f.Price = market.Price{Decimal: one.Neg()} }), message.KindOrderIntent},
		{"market intent with price", newIntent(func(f *intentF) { f.Type = market.Market }), message.KindOrderIntent},
		{"cancel", err(message.NewCancelIntent(message.CancelIntentFields{ID: intent.ID, Account: "a"})), 0},
		{"cancel of nobody", err(message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Seq: 1}, Account: "a"})), message.KindCancelIntent},
		{"cancel of nothing", err(message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Strategy: "s"}, Account: "a"})), message.KindCancelIntent},
		{"cancel without account", err(message.NewCancelIntent(message.CancelIntentFields{ID: intent.ID})), message.KindCancelIntent},
		{"event", newEvent(func(*eventF) {}), 0},
		{"event of no account", newEvent(func(f *eventF) { f.Account = "" }), message.KindOrderEvent},
		{"event of no instrument", newEvent(func(f *eventF) { f.Instrument = market.Instrument{} }), message.KindOrderEvent},
		{"event without action", newEvent(func(f *eventF) { f.Action = 0 }), message.KindOrderEvent},
		{"event of an unknown action", newEvent(func(f *eventF) { f.Action = message.ActionExpire + 1 }), message.KindOrderEvent},
		{"event without status", newEvent(func(f *eventF) { f.Status = 0 }), message.KindOrderEvent},
		{"event of an unknown status", newEvent(func(f *eventF) { f.Status = message.OrderExpired + 1 }), message.KindOrderEvent},
		{"fill of nothing", newEvent(func(f *eventF) { f.LastQuantity = market.Quantity{} }), message.KindOrderEvent},
		{"fill without price", newEvent(func(f *eventF) { f.LastPrice = market.Price{} }), message.KindOrderEvent},
		{"fill without id", newEvent(func(f *eventF) { f.ExecID = "" }), message.KindOrderEvent},
		{"no fill, so none needed", newEvent(func(f *eventF) {
			f.Action, f.LastQuantity, f.LastPrice, f.ExecID = message.ActionDeny, market.Quantity{}, market.Price{}, ""
		}), 0},
		{"position", err(message.NewPosition(message.PositionFields{Account: "a", Instrument: btc})), 0},
		{"position of no account", err(message.NewPosition(message.PositionFields{Instrument: btc})), message.KindPosition},
		{"position in nothing", err(message.NewPosition(message.PositionFields{Account: "a"})), message.KindPosition},
		{"report", newReport(func(*reportF) {}), 0},
		{"report by the venue's id", newReport(func(f *reportF) { f.ClientOrderID, f.VenueOrderID = "", "v" }), 0},
		{"report of no order", newReport(func(f *reportF) { f.ClientOrderID = "" }), message.KindExecutionReport},
		{"report of nothing", newReport(func(f *reportF) { f.Action = 0 }), message.KindExecutionReport},
		{"report of an unknown action", newReport(func(f *reportF) { f.Action = message.ActionExpire + 1 }), message.KindExecutionReport},
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
		message.KindOrderEvent: "order ", message.KindExecutionReport: "report "}
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
		16: "execution_report", 17: "resync", 18: "permit_request", 19: "permit", 20: "penalty"}
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
		"pending_cancel", "pending_amend", "canceled", "rejected", "expired"}, func(v uint8) string { return message.OrderStatus(v).String() })
	check("order action", []string{"-", "create", "deny", "journal", "send", "lose", "accept", "fill", "request_cancel", "cancel",
		"reject_cancel", "request_amend", "amend", "reject_amend", "reject", "expire"}, func(v uint8) string { return message.OrderAction(v).String() })
	check("notice type", []string{"-", "ack", "error", "heartbeat", "status"}, func(v uint8) string { return message.NoticeType(v).String() })
	check("change base", []string{"-", "prev_close", "open_24h"}, func(v uint8) string { return message.ChangeBase(v).String() })
	check("span", []string{"-", "day", "rolling_24h"}, func(v uint8) string { return message.Span(v).String() })
	if n, want := len(message.OrderStatuses()), 13; n != want {
		t.Errorf("OrderStatuses lists %d of %d", n, want)
	}
	if n, want := len(message.OrderActions()), 15; n != want {
		t.Errorf("OrderActions lists %d of %d", n, want)
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
