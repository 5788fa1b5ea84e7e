package ndjson_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/ndjson"
)

var update = flag.Bool("update", false, "rewrite testdata/golden.ndjson")

type example struct {
	m      message.Message
	symbol string
}

// examples are one message or more of every type a line may have; docs/messages.md shows them.
func examples() []example {
	upbit, binance := market.MustInstrument("upbit", "BTC-KRW"), market.MustInstrument("binance", "BTC-USDT")
	at := market.TimestampOf(time.Date(2024, 8, 8, 0, 0, 0, 123e6, time.UTC))
	received := at.Add(31 * time.Millisecond)
	krw := message.Origin{Instrument: upbit, VenueTime: at, Received: received}
	usdt := message.Origin{Instrument: binance, VenueTime: at, Received: received}
	price, quantity := market.MustPrice, market.MustQuantity
	amount := func(s string) market.Amount { return market.Amount{Decimal: market.MustDecimal(s)} }
	intent := message.IntentID{Strategy: "classchange", Seq: 12}
	limit := message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: price("78950000"), Quantity: quantity("0.001")}
	nowhere := market.MustInstrument("upbit", "UNKNOWN-UNKNOWN")
	return []example{
		{must(message.NewTicker(message.TickerFields{Origin: krw, Has: 255, Span: message.TradingDay, ChangeBase: message.FromPreviousClose,
			Opening: price("79120000"), Trade: price("78950000"), High: price("79500000"), Low: price("78600000"), PrevClosing: price("79125000"),
			Volume24h: quantity("4321.98765432"), Change: amount("-175000"), ChangeRate: market.MustDecimal("-0.0022116903633491")})), "KRW-BTC"},
		{must(message.NewTrade(message.TradeFields{Origin: usdt, Price: price("55133.58"), Quantity: quantity("0.00091"), Taker: market.Sell, ID: "3734128912"})), "BTCUSDT"},
		{must(message.NewBook(message.BookFields{Origin: message.Origin{Instrument: binance, Received: received}, Snapshot: true, LastID: 49886210413},
			[]message.Level{{Price: price("55133.57"), Quantity: quantity("2.10488")}, {Price: price("55133.5"), Quantity: quantity("0.0001")}},
			[]message.Level{{Price: price("55133.58"), Quantity: quantity("4.05923")}})), "BTCUSDT"},
		{must(message.NewBook(message.BookFields{Origin: usdt, FirstID: 49886210414, LastID: 49886210420},
			[]message.Level{{Price: price("55133.5"), Quantity: quantity("0")}}, nil)), "BTCUSDT"},
		{must(message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: binance, Received: received}, Bid: price("55133.57"), BidQuantity: quantity("2.10488"),
			Ask: price("55133.58"), AskQuantity: quantity("4.05923")})), "BTCUSDT"},
		{must(message.NewBar(message.BarFields{Origin: krw, Interval: time.Minute, Start: at.Truncate(time.Minute), Open: price("78950000"), High: price("78960000"),
			Low: price("78940000"), Close: price("78955000"), Volume: quantity("1.25"), Turnover: amount("98687500"), Trades: 42, Closed: true})), "KRW-BTC"},
		{must(message.NewStatus(message.StatusFields{Origin: message.Origin{Instrument: binance, Received: received}, Trusted: false, Reason: "gap"})), "BTCUSDT"},
		{must(message.NewNotice(message.NoticeFields{Origin: message.Origin{Received: received}, Venue: "binance", Type: message.NoticeAck, Code: "1", Detail: "result null"})), ""},
		{must(message.NewNotice(message.NoticeFields{Origin: message.Origin{Instrument: upbit, Received: received}, Venue: "upbit", Type: message.NoticeError,
			Code: "NO_CODES", Detail: "no such market", Symbol: "KRW-BTC"})), ""},
		{must(message.NewNotice(message.NoticeFields{Origin: message.Origin{VenueTime: at, Received: received}, Venue: "upbit", Type: message.NoticeHeartbeat, Detail: "UP"})), ""},
		{must(message.NewNotice(message.NoticeFields{Origin: message.Origin{Received: received}, Venue: "upbit", Type: message.NoticeStatus, Code: "maintenance", Detail: "from 02:00 to 03:00 KST"})), ""},
		{must(message.NewClassified(message.ClassifiedFields{Origin: krw, Engine: "spread", Version: "1", From: "wide", To: "tight", Trusted: true,
			Reason: "spread 0.00006 < 0.0001", Quote: message.Quote{Bid: price("78950000"), Ask: price("78955000"), Last: price("78955000"),
				BidQuantity: quantity("0.5"), AskQuantity: quantity("0.25")}})), "KRW-BTC"},
		{must(message.NewOrderIntent(message.OrderIntentFields{Origin: krw, ID: intent, Account: "paper", OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: price("78950000"), Quantity: quantity("0.001")},
			Reason: "spread: wide → tight"})), "KRW-BTC"},
		{must(message.NewOrderIntent(message.OrderIntentFields{Origin: krw, ID: message.IntentID{Strategy: intent.Strategy, Seq: 14}, Account: "paper",
			OrderTerms: message.OrderTerms{Side: market.Sell, Type: market.StopLimit, TimeInForce: market.GTD, ExecInst: market.ReduceOnly, Price: price("78000000"),
				StopPrice: price("78100000"), Quantity: quantity("0.001"), ExpireAt: at.Add(time.Hour)},
			Contingency: message.Contingency{Parent: 12, Group: 1}, Reason: "stop of 12"})), "KRW-BTC"},
		{must(message.NewCancelIntent(message.CancelIntentFields{ID: intent, Account: "paper", Time: received, Reason: "spread: tight → wide"})), ""},
		{must(message.NewCancelIntent(message.CancelIntentFields{Instrument: upbit, Account: "paper", Time: received, Reason: "by hand"})), "KRW-BTC"},
		{must(message.NewAmendIntent(message.AmendIntentFields{ID: message.IntentID{Strategy: intent.Strategy, Seq: 15}, OrderSeq: 12, Account: "paper", Time: received,
			Price: price("78940000"), Reason: "the bid fell"})), ""},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 40, Time: received, Account: "paper", Strategy: intent.Strategy, IntentSeq: intent.Seq,
			ClientOrderID: "m-paper-9", VenueOrderID: "v-77", Instrument: upbit, OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: price("78950000"), Quantity: quantity("0.001")},
			DecidedAt: at, Action: message.ActionFill, Status: message.OrderPartiallyFilled,
			ExecID: "e-1", LastPrice: price("78950000"), LastQuantity: quantity("0.0004"), CumQuantity: quantity("0.0004"), LeavesQuantity: quantity("0.0006"),
			AveragePrice: price("78950000"), Fee: amount("15.79"), FeeCurrency: "KRW", LastLiquidityAdd: true})), "KRW-BTC"},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 41, Time: received, Account: "paper", Strategy: intent.Strategy, IntentSeq: 13,
			Instrument: upbit, OrderTerms: message.OrderTerms{Side: market.Sell, Type: market.Market, TimeInForce: market.IOC, Quantity: quantity("5")}, DecidedAt: at,
			Action: message.ActionDeny, Status: message.OrderDenied, Reason: "quantity: above the account's limit of 1"})), "KRW-BTC"},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 42, Time: received, Account: "paper", Strategy: intent.Strategy, IntentSeq: 15,
			ClientOrderID: "m-paper-9", VenueOrderID: "v-77", Instrument: upbit, OrderTerms: limit, TickAt: at, DecidedAt: received, ValidUntil: received.Add(5 * time.Second),
			Action: message.ActionRequestAmend, Status: message.OrderPendingAmend, Reason: "the bid fell",
			NewPrice: price("78940000"), NewQuantity: limit.Quantity, CumQuantity: quantity("0.0004"), LeavesQuantity: quantity("0.0006"),
			AveragePrice: price("78950000")})), "KRW-BTC"},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 43, Time: received.Add(time.Second), Account: "paper", Strategy: intent.Strategy, IntentSeq: 15,
			ClientOrderID: "m-paper-9", VenueOrderID: "v-77", Instrument: upbit, OrderTerms: limit, DecidedAt: received,
			Action: message.ActionLose, Status: message.OrderUnknown, Request: message.RequestAmend, Reason: "no answer within 1s",
			CumQuantity: quantity("0.0004"), LeavesQuantity: quantity("0.0006"), AveragePrice: price("78950000")})), "KRW-BTC"},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 44, Time: received.Add(time.Minute), Account: "paper", Strategy: intent.Strategy, IntentSeq: 16,
			ClientOrderID: "m-paper-a", Replaces: "m-paper-9", Instrument: upbit, OrderTerms: limit, DecidedAt: received, ValidUntil: received.Add(5 * time.Second),
			Action: message.ActionAbsent, Status: message.OrderRejected, Evidence: message.EvidenceAll, Reason: "the venue never took it"})), "KRW-BTC"},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 45, Time: received.Add(time.Minute), Account: "paper", Instrument: nowhere,
			Action: message.ActionHalt, Status: message.OrderJournaled, Reason: "by hand"})), ""},
		{must(message.NewOrderEvent(message.OrderEventFields{Seq: 46, Time: received.Add(time.Minute), Account: "paper", Instrument: nowhere,
			Action: message.ActionBalance, Status: message.OrderJournaled, Currency: "KRW", Amount: amount("-15.79"), Reason: "the venue has less"})), ""},
		{must(message.NewBalance(message.BalanceFields{Time: received, Account: "paper", Currency: "KRW", Free: amount("968420"), Locked: amount("47370")})), ""},
		{must(message.NewPosition(message.PositionFields{Time: received, Account: "paper", Strategy: intent.Strategy, Instrument: upbit,
			Quantity: market.MustDecimal("0.0004"), AveragePrice: price("78950000"), Cost: amount("31580"), Realized: amount("0"),
			Unrealized: amount("2"), Fees: amount("15.79"), Mark: price("78955000")})), "KRW-BTC"},
	}
}

const golden = "testdata/golden.ndjson"

// TestGolden: the form of a line is a promise to programs outside. Read the difference before
// -update.
func TestGolden(t *testing.T) {
	var got []byte
	for _, e := range examples() {
		got = must(ndjson.Append(got, e.m, e.symbol))
	}
	if *update {
		if err := os.WriteFile(filepath.FromSlash(golden), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.FromSlash(golden))
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := bytes.SplitAfter(got, []byte("\n")), bytes.SplitAfter(want, []byte("\n"))
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w []byte
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if !bytes.Equal(g, w) {
			t.Errorf("line %d\n  got  %s\n  want %s", i+1, g, w)
		}
	}
}
