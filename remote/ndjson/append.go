package ndjson

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Append appends m as one line, the line feed included, and returns the longer slice. symbol is the
// venue's own name of m's instrument, empty if not known; a Notice's own symbol comes first. It
// allocates only to grow dst and to report a failure. It fails with ErrNoForm and returns dst as
// it was. Bytes that are not UTF-8 become U+FFFD, as JSON allows no others.
func Append(dst []byte, m message.Message, symbol string) ([]byte, error) {
	l := line{b: dst}
	switch m := m.(type) {
	case message.Ticker:
		l.ticker(m.Fields(), symbol)
	case message.Trade:
		l.trade(m.Fields(), symbol)
	case message.BBO:
		l.bbo(m.Fields(), symbol)
	case message.Book:
		l.book(m, symbol)
	case message.Bar:
		l.bar(m.Fields(), symbol)
	case message.Status:
		l.status(m.Fields(), symbol)
	case message.Notice:
		l.notice(m.Fields(), symbol)
	case message.Classified:
		l.classified(m.Fields(), symbol)
	case message.OrderIntent:
		l.orderIntent(m.Fields(), symbol)
	case message.CancelIntent:
		l.cancelIntent(m.Fields(), symbol)
	case message.OrderEvent:
		l.orderEvent(m.Fields(), symbol)
	case message.Position:
		l.position(m.Fields(), symbol)
	case message.AmendIntent:
		l.amendIntent(m.Fields())
	case message.Balance:
		l.balance(m.Fields())
	case nil:
		return dst, fmt.Errorf("ndjson: nothing to write: %w", ErrNoForm)
	default:
		return dst, fmt.Errorf("ndjson: messages of kind %v: %w", m.Kind(), ErrNoForm)
	}
	l.b = append(l.b, '}', '\n')
	if size := len(l.b) - len(dst); size > LineMax {
		return dst, fmt.Errorf("ndjson: %v of %d bytes, at most %d: %w", m.Kind(), size, LineMax, ErrNoForm)
	}
	if l.fault != "" {
		return dst, fmt.Errorf("ndjson: %v: key %q would have a value that no reader accepts: %w", m.Kind(), l.fault, ErrNoForm)
	}
	return l.b, nil
}

func (l *line) ticker(f message.TickerFields, symbol string) {
	l.open(typeTicker)
	l.origin(f.Origin, symbol)
	l.time("timestamp", f.VenueTime)
	figure := func(bit message.TickerField) bool { return f.Has&bit != 0 }
	if figure(message.HasOpening) {
		l.unsigned("opening_price", f.Opening.Decimal)
	}
	if figure(message.HasTrade) {
		l.unsigned("trade_price", f.Trade.Decimal)
	}
	if figure(message.HasHigh) {
		l.unsigned("high_price", f.High.Decimal)
	}
	if figure(message.HasLow) {
		l.unsigned("low_price", f.Low.Decimal)
	}
	if figure(message.HasPrevClosing) {
		l.unsigned("prev_closing_price", f.PrevClosing.Decimal)
	}
	if figure(message.HasVolume24h) {
		l.unsigned("acc_trade_volume_24h", f.Volume24h.Decimal)
	}
	if figure(message.HasChange) {
		l.decimal("signed_change_price", f.Change.Decimal)
	}
	if figure(message.HasChangeRate) {
		l.decimal("signed_change_rate", f.ChangeRate)
	}
	l.word("change_base", uint8(f.ChangeBase), uint8(lastChangeBase), f.ChangeBase.String())
	l.word("span", uint8(f.Span), uint8(lastSpan), f.Span.String())
}

func (l *line) trade(f message.TradeFields, symbol string) {
	l.open(typeTrade)
	l.origin(f.Origin, symbol)
	l.unsigned("price", f.Price.Decimal)
	l.unsigned("quantity", f.Quantity.Decimal)
	l.side(f.Taker)
	l.text("id", f.ID)
}

func (l *line) bbo(f message.BBOFields, symbol string) {
	l.open(typeBBO)
	l.origin(f.Origin, symbol)
	l.rested("bid", "bid_quantity", f.Bid, f.BidQuantity)
	l.rested("ask", "ask_quantity", f.Ask, f.AskQuantity)
}

// rested writes one side of a quote; an empty side is left out.
func (l *line) rested(price, quantity string, p market.Price, q market.Quantity) {
	l.known(price, p.Decimal)
	if !p.IsZero() || !q.IsZero() {
		l.unsigned(quantity, q.Decimal)
	}
}

func (l *line) book(b message.Book, symbol string) {
	f := b.Fields()
	l.open(typeBook)
	l.origin(f.Origin, symbol)
	if f.Snapshot {
		l.text("kind", bookSnapshot)
	} else {
		l.text("kind", bookUpdate)
	}
	l.key("bids")
	l.b = append(l.b, '[')
	for i := range b.BidCount() {
		l.level(i, b.Bid(i))
	}
	l.b = append(l.b, ']')
	l.key("asks")
	l.b = append(l.b, '[')
	for i := range b.AskCount() {
		l.level(i, b.Ask(i))
	}
	l.b = append(l.b, ']')
	l.count("first_id", f.FirstID)
	l.count("last_id", f.LastID)
	l.count("prev_id", f.PrevID)
}

func (l *line) level(i int, v message.Level) {
	if v.Price.Sign() < 0 || v.Quantity.Sign() < 0 {
		l.fail("bids or asks")
	}
	if i > 0 {
		l.b = append(l.b, ',')
	}
	l.b = append(l.b, `["`...)
	l.b = v.Price.AppendTo(l.b)
	l.b = append(l.b, `","`...)
	l.b = v.Quantity.AppendTo(l.b)
	l.b = append(l.b, `"]`...)
}

func (l *line) bar(f message.BarFields, symbol string) {
	l.open(typeBar)
	l.origin(f.Origin, symbol)
	interval, err := market.NewDecimal(int64(f.Interval), -9)
	if err != nil {
		l.fail("interval")
	}
	l.unsigned("interval", interval)
	l.time("start", f.Start)
	l.unsigned("open", f.Open.Decimal)
	l.unsigned("high", f.High.Decimal)
	l.unsigned("low", f.Low.Decimal)
	l.unsigned("close", f.Close.Decimal)
	l.unsigned("volume", f.Volume.Decimal)
	l.decimal("turnover", f.Turnover.Decimal)
	if f.Trades < 0 {
		l.fail("trades")
	}
	l.number("trades", uint64(f.Trades))
	l.flag("closed", f.Closed)
}

func (l *line) status(f message.StatusFields, symbol string) {
	l.open(typeStatus)
	l.origin(f.Origin, symbol)
	l.flag("trusted", f.Trusted)
	l.text("reason", f.Reason)
}

func (l *line) notice(f message.NoticeFields, symbol string) {
	if f.Symbol != "" {
		symbol = f.Symbol
	}
	switch f.Type {
	case message.NoticeAck, message.NoticeError, message.NoticeHeartbeat, message.NoticeStatus:
		l.open(f.Type.String())
	default:
		l.open("")
		l.fail("type")
	}
	if !f.Instrument.IsZero() && f.Instrument.Venue() != f.Venue {
		l.fail("venue")
	}
	l.text("venue", string(f.Venue))
	l.text("instrument", f.Instrument.Name())
	l.text("symbol", symbol)
	l.time("time", f.VenueTime)
	l.time("received", f.Received)
	l.text("code", f.Code)
	l.text("detail", f.Detail)
}

func (l *line) classified(f message.ClassifiedFields, symbol string) {
	l.open(typeClassified)
	l.origin(f.Origin, symbol)
	l.text("engine", string(f.Engine))
	l.text("version", f.Version)
	l.text("from", string(f.From))
	l.text("to", string(f.To))
	l.flag("trusted", f.Trusted)
	l.text("reason", f.Reason)
	l.rested("bid", "bid_quantity", f.Quote.Bid, f.Quote.BidQuantity)
	l.rested("ask", "ask_quantity", f.Quote.Ask, f.Quote.AskQuantity)
	l.known("last", f.Quote.Last.Decimal)
}

func (l *line) orderIntent(f message.OrderIntentFields, symbol string) {
	l.open(typeOrderIntent)
	l.origin(f.Origin, symbol)
	l.text("strategy", string(f.ID.Strategy))
	l.number("seq", f.ID.Seq)
	l.text("account", string(f.Account))
	l.terms(f.OrderTerms)
	l.contingency(f.Contingency)
	l.text("reason", f.Reason)
}

func (l *line) cancelIntent(f message.CancelIntentFields, symbol string) {
	l.open(typeCancelIntent)
	if f.Instrument.IsZero() {
		symbol = "" // of nothing
	}
	l.origin(message.Origin{Instrument: f.Instrument, VenueTime: f.Time}, symbol)
	l.text("strategy", string(f.ID.Strategy))
	l.count("seq", f.ID.Seq)
	l.text("account", string(f.Account))
	l.text("reason", f.Reason)
}

func (l *line) amendIntent(f message.AmendIntentFields) {
	l.open(typeAmendIntent)
	l.time("time", f.Time)
	l.text("strategy", string(f.ID.Strategy))
	l.number("seq", f.ID.Seq)
	l.number("order_seq", f.OrderSeq)
	l.text("account", string(f.Account))
	l.known("price", f.Price.Decimal)
	l.known("stop_price", f.StopPrice.Decimal)
	l.known("quantity", f.Quantity.Decimal)
	l.text("reason", f.Reason)
}

func (l *line) balance(f message.BalanceFields) {
	l.open(typeBalance)
	l.time("time", f.Time)
	l.text("account", string(f.Account))
	l.text("currency", f.Currency)
	l.decimal("free", f.Free.Decimal)
	l.decimal("locked", f.Locked.Decimal)
}

// evidenceNames are what Evidence.String makes anew for each call.
var evidenceNames = func() (names [256]string) {
	for v := range lastEvidence + 1 {
		names[v] = v.String()
	}
	return names
}()

func (l *line) orderEvent(f message.OrderEventFields, symbol string) {
	l.open(typeOrderEvent)
	l.origin(message.Origin{Instrument: f.Instrument, VenueTime: f.Time}, symbol)
	l.count("seq", f.Seq)
	l.text("account", string(f.Account))
	l.text("strategy", string(f.Strategy))
	l.count("intent_seq", f.IntentSeq)
	l.text("client_order_id", string(f.ClientOrderID))
	l.text("venue_order_id", string(f.VenueOrderID))
	l.text("replaces", string(f.Replaces))
	l.word("action", uint8(f.Action), uint8(lastAction), f.Action.String())
	l.word("status", uint8(f.Status), uint8(lastStatus), f.Status.String())
	l.text("reason", f.Reason)
	l.word("request", uint8(f.Request), uint8(lastRequest), f.Request.String())
	l.word("evidence", uint8(f.Evidence), uint8(lastEvidence), evidenceNames[f.Evidence])
	l.words(f.OrderTerms)
	l.known("price", f.Price.Decimal)
	l.known("stop_price", f.StopPrice.Decimal)
	l.ofOrder(f, "quantity", f.Quantity)
	l.time("expire_at", f.ExpireAt)
	l.contingency(f.Contingency)
	l.time("tick_at", f.TickAt)
	l.time("decided_at", f.DecidedAt)
	l.time("valid_until", f.ValidUntil)
	l.known("new_price", f.NewPrice.Decimal)
	l.known("new_stop_price", f.NewStopPrice.Decimal)
	l.known("new_quantity", f.NewQuantity.Decimal)
	l.text("exec_id", string(f.ExecID))
	l.known("last_price", f.LastPrice.Decimal)
	l.known("last_quantity", f.LastQuantity.Decimal)
	l.ofOrder(f, "cum_quantity", f.CumQuantity)
	l.ofOrder(f, "leaves_quantity", f.LeavesQuantity)
	l.known("average_price", f.AveragePrice.Decimal)
	if !f.Fee.IsZero() {
		l.decimal("fee", f.Fee.Decimal)
	}
	l.text("fee_currency", f.FeeCurrency)
	if f.LastLiquidityAdd {
		l.flag("last_liquidity_add", true)
	}
	l.text("currency", f.Currency)
	if !f.Amount.IsZero() || f.Currency != "" {
		l.decimal("amount", f.Amount.Decimal)
	}
}

// ofOrder writes one of an order's quantities, zero included. An account's event is of no order, and
// says nothing of quantities that it does not have.
func (l *line) ofOrder(f message.OrderEventFields, key string, q market.Quantity) {
	if f.Action.OfAccount() {
		l.known(key, q.Decimal)
	} else {
		l.unsigned(key, q.Decimal)
	}
}

func (l *line) position(f message.PositionFields, symbol string) {
	l.open(typePosition)
	l.origin(message.Origin{Instrument: f.Instrument, VenueTime: f.Time}, symbol)
	l.text("account", string(f.Account))
	l.text("strategy", string(f.Strategy))
	l.decimal("quantity", f.Quantity)
	l.known("average_price", f.AveragePrice.Decimal)
	l.decimal("cost", f.Cost.Decimal)
	l.decimal("realized", f.Realized.Decimal)
	l.decimal("unrealized", f.Unrealized.Decimal)
	l.decimal("fees", f.Fees.Decimal)
	l.known("mark", f.Mark.Decimal)
}

// terms writes an order's own terms.
func (l *line) terms(t message.OrderTerms) {
	l.words(t)
	l.known("price", t.Price.Decimal)
	l.known("stop_price", t.StopPrice.Decimal)
	l.unsigned("quantity", t.Quantity.Decimal)
	l.time("expire_at", t.ExpireAt)
}

// words writes those of the terms that are words.
func (l *line) words(t message.OrderTerms) {
	l.side(t.Side)
	l.word("order_type", uint8(t.Type), uint8(lastOrderType), t.Type.String())
	l.word("time_in_force", uint8(t.TimeInForce), uint8(lastTimeInForce), t.TimeInForce.String())
	l.word("exec_inst", uint8(t.ExecInst), uint8(lastExecInst), t.ExecInst.String())
}

func (l *line) contingency(c message.Contingency) {
	l.count("parent", c.Parent)
	l.count("group", c.Group)
}
