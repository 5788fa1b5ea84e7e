// Package messagetest draws random messages of every kind, for tests of whatever must carry all of
// them: the wire, text forms, mailboxes. Only tests import it.
package messagetest

import (
	"math"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"pgregory.net/rapid"
)

// Generators returns one generator for each kind of message, texts of any bytes included. A test
// that wants all kinds walks message.Kinds() and fails where one is missing here.
func Generators() map[message.Kind]*rapid.Generator[message.Message] {
	return map[message.Kind]*rapid.Generator[message.Message]{
		message.KindTicker:          of(ticker),
		message.KindTrade:           of(trade),
		message.KindBBO:             of(bbo),
		message.KindBook:            of(book),
		message.KindBar:             of(bar),
		message.KindStatus:          of(status),
		message.KindNotice:          of(notice),
		message.KindBatch:           of(batch),
		message.KindViews:           of(views),
		message.KindCredit:          of(credit),
		message.KindClassified:      of(classified),
		message.KindOrderIntent:     of(orderIntent),
		message.KindCancelIntent:    of(cancelIntent),
		message.KindOrderEvent:      of(orderEvent),
		message.KindPosition:        of(position),
		message.KindExecutionReport: of(executionReport),
		message.KindResync:          of(resync),
		message.KindPermitRequest:   of(permitRequest),
		message.KindPermit:          of(permit),
		message.KindPenalty:         of(penalty),
		message.KindAmendIntent:     of(amendIntent),
		message.KindBalance:         of(balance),
	}
}

// Equal reports whether a and b say the same, feature values bit for bit.
func Equal(a, b message.Message) bool {
	switch a := a.(type) {
	case message.Book:
		b, ok := b.(message.Book)
		return ok && a.Equal(b)
	case message.Batch:
		b, ok := b.(message.Batch)
		if !ok || a.Fields() != b.Fields() || a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !Equal(a.Event(i), b.Event(i)) {
				return false
			}
		}
		return true
	case message.Views:
		b, ok := b.(message.Views)
		return ok && a.Fields() == b.Fields() && slices.EqualFunc(slices.Collect(a.Rows()), slices.Collect(b.Rows()), equalRow)
	}
	if b == nil || a.Kind() != b.Kind() {
		return false
	}
	switch b.(type) {
	case message.Book, message.Batch, message.Views:
		return false
	}
	return a == b
}

func equalRow(a, b message.View) bool {
	if a.Origin != b.Origin || a.Quote != b.Quote || a.Trusted != b.Trusted || a.Ready != b.Ready || a.Width() != b.Width() {
		return false
	}
	for i := range a.Width() {
		if math.Float64bits(a.Value(i)) != math.Float64bits(b.Value(i)) {
			return false
		}
	}
	return true
}

// of turns a constructor call that must succeed into a generator.
func of[M message.Message](draw func(*rapid.T) (M, error)) *rapid.Generator[message.Message] {
	return rapid.Custom(func(t *rapid.T) message.Message {
		m, err := draw(t)
		if err != nil {
			t.Fatalf("generator draws an invalid message: %v", err)
		}
		return m
	})
}

func text(t *rapid.T) string {
	if rapid.Bool().Draw(t, "plain") {
		return rapid.StringMatching(`[a-z0-9 /:-]{0,12}`).Draw(t, "text")
	}
	return string(rapid.SliceOfN(rapid.Byte(), 0, 24).Draw(t, "bytes"))
}

func name(t *rapid.T) string { return "n" + text(t) }

// Instruments are what messages of this package speak of: several venues, spot and not.
func Instruments() []market.Instrument {
	var all []market.Instrument
	for _, venue := range []market.Venue{"upbit", "binance", "sim"} {
		for _, n := range []string{"BTC-KRW", "ETH-KRW", "BTC-USDT", "SHIB-USDT", "BTC-USDT-PERP", "BTC-USD-210924-42000-P"} {
			all = append(all, market.MustInstrument(venue, n))
		}
	}
	return all
}

var instruments = Instruments()

func instrument(t *rapid.T) market.Instrument {
	return rapid.SampledFrom(instruments).Draw(t, "instrument")
}

func maybeInstrument(t *rapid.T) market.Instrument {
	if rapid.Bool().Draw(t, "no instrument") {
		return market.Instrument{}
	}
	return instrument(t)
}

func timestamp(t *rapid.T) market.Timestamp {
	switch rapid.IntRange(0, 3).Draw(t, "time is") {
	case 0:
		return 0
	case 1:
		return market.Timestamp(rapid.Int64().Draw(t, "any time"))
	}
	return market.Milliseconds(rapid.Int64Range(1.6e12, 1.9e12).Draw(t, "time"))
}

func origin(t *rapid.T) message.Origin {
	return message.Origin{Instrument: instrument(t), VenueTime: timestamp(t), Received: timestamp(t)}
}

func signed(t *rapid.T) market.Decimal {
	d := unsigned(t)
	if rapid.Bool().Draw(t, "negative") {
		return d.Neg()
	}
	return d
}

func unsigned(t *rapid.T) market.Decimal {
	switch rapid.IntRange(0, 3).Draw(t, "decimal is") {
	case 0:
		return market.Decimal{}
	case 1:
		return market.DecimalFromRaw(rapid.Int64Range(0, math.MaxInt64).Draw(t, "hi"), rapid.Uint64().Draw(t, "lo"))
	}
	d, err := market.NewDecimal(rapid.Int64Range(0, 1e10).Draw(t, "mantissa"), rapid.IntRange(-8, 2).Draw(t, "exponent"))
	if err != nil {
		t.Fatalf("decimal: %v", err)
	}
	return d
}

func positive(t *rapid.T) market.Decimal {
	d := unsigned(t)
	if d.IsZero() {
		return market.DecimalFromRaw(0, 1)
	}
	return d
}

func price(t *rapid.T) market.Price       { return market.Price{Decimal: unsigned(t)} }
func quantity(t *rapid.T) market.Quantity { return market.Quantity{Decimal: unsigned(t)} }
func amount(t *rapid.T) market.Amount     { return market.Amount{Decimal: signed(t)} }

func somePrice(t *rapid.T) market.Price       { return market.Price{Decimal: positive(t)} }
func someQuantity(t *rapid.T) market.Quantity { return market.Quantity{Decimal: positive(t)} }

func side(t *rapid.T) market.Side {
	return rapid.SampledFrom([]market.Side{market.Buy, market.Sell}).Draw(t, "side")
}

func ticker(t *rapid.T) (message.Ticker, error) {
	return message.NewTicker(message.TickerFields{
		Origin: origin(t), Has: message.TickerField(rapid.IntRange(0, 255).Draw(t, "has")),
		Span: message.Span(rapid.IntRange(0, 2).Draw(t, "span")), ChangeBase: message.ChangeBase(rapid.IntRange(0, 2).Draw(t, "base")),
		Opening: price(t), Trade: price(t), High: price(t), Low: price(t), PrevClosing: price(t), Volume24h: quantity(t),
		Change: amount(t), ChangeRate: signed(t),
	})
}

func trade(t *rapid.T) (message.Trade, error) {
	return message.NewTrade(message.TradeFields{Origin: origin(t), Price: somePrice(t), Quantity: quantity(t),
		Taker: market.Side(rapid.IntRange(0, 2).Draw(t, "taker")), ID: text(t)})
}

func bbo(t *rapid.T) (message.BBO, error) {
	return message.NewBBO(message.BBOFields{Origin: origin(t), Bid: price(t), Ask: price(t), BidQuantity: quantity(t), AskQuantity: quantity(t)})
}

func book(t *rapid.T) (message.Book, error) {
	levels := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) message.Level {
		return message.Level{Price: somePrice(t), Quantity: quantity(t)}
	}), 0, 6)
	return message.NewBook(message.BookFields{
		Origin: origin(t), Snapshot: rapid.Bool().Draw(t, "snapshot"),
		FirstID: rapid.Uint64().Draw(t, "first"), LastID: rapid.Uint64().Draw(t, "last"),
		PrevID: rapid.SampledFrom([]uint64{0, 1, math.MaxUint64}).Draw(t, "prev"),
	}, levels.Draw(t, "bids"), levels.Draw(t, "asks"))
}

func bar(t *rapid.T) (message.Bar, error) {
	interval := rapid.SampledFrom([]time.Duration{time.Nanosecond, time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "interval")
	a, b := unsigned(t), unsigned(t)
	low, high := a.Min(b), a.Max(b)
	within := rapid.SampledFrom([]market.Decimal{low, high})
	return message.NewBar(message.BarFields{
		Origin: origin(t), Interval: interval,
		Start: market.Milliseconds(rapid.Int64Range(-1e12, 2e12).Draw(t, "start")).Truncate(interval),
		Open:  market.Price{Decimal: within.Draw(t, "open")}, Close: market.Price{Decimal: within.Draw(t, "close")},
		Low: market.Price{Decimal: low}, High: market.Price{Decimal: high}, Volume: quantity(t), Turnover: amount(t),
		Trades: rapid.Int64Range(0, math.MaxInt64).Draw(t, "trades"), Closed: rapid.Bool().Draw(t, "closed"),
	})
}

func status(t *rapid.T) (message.Status, error) {
	return message.NewStatus(message.StatusFields{Origin: origin(t), Trusted: rapid.Bool().Draw(t, "trusted"), Reason: name(t)})
}

func notice(t *rapid.T) (message.Notice, error) {
	o := origin(t)
	o.Instrument = maybeInstrument(t)
	venue := o.Instrument.Venue()
	if venue == "" {
		venue = "upbit"
	}
	return message.NewNotice(message.NoticeFields{Origin: o, Venue: venue,
		Type: message.NoticeType(rapid.IntRange(1, 4).Draw(t, "type")), Code: text(t), Detail: text(t), Symbol: text(t)})
}

var eventKinds = []message.Kind{message.KindTicker, message.KindTrade, message.KindBBO, message.KindBook,
	message.KindBar, message.KindStatus, message.KindNotice}

func batch(t *rapid.T) (message.Batch, error) {
	all := Generators()
	one := rapid.Custom(func(t *rapid.T) message.Event {
		m := all[rapid.SampledFrom(eventKinds).Draw(t, "kind")].Draw(t, "event")
		e, ok := m.(message.Event)
		if !ok {
			t.Fatalf("%T is no event", m)
		}
		return e
	})
	return message.NewBatch(message.BatchFields{
		Source: name(t), Partition: rapid.IntRange(0, 63).Draw(t, "partition"), Seq: rapid.Uint64().Draw(t, "seq"),
		Time: timestamp(t), Credit: rapid.Bool().Draw(t, "credit"), Dropped: rapid.Uint64().Draw(t, "dropped"),
	}, rapid.SliceOfN(one, 0, 12).Draw(t, "events"))
}

func views(t *rapid.T) (message.Views, error) {
	value := rapid.Custom(func(t *rapid.T) float64 {
		return math.Float64frombits(rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{
			math.Float64bits(math.NaN()), math.Float64bits(math.Inf(-1)), math.Float64bits(math.Copysign(0, -1)), math.Float64bits(1.5),
		})).Draw(t, "bits"))
	})
	width := rapid.IntRange(0, 4).Draw(t, "width")
	b := message.NewViewsBuilder(4, width)
	for range rapid.IntRange(0, 10).Draw(t, "rows") {
		b.Add(origin(t), quote(t), rapid.Bool().Draw(t, "trusted"), rapid.Bool().Draw(t, "ready"),
			rapid.SliceOfN(value, width, width).Draw(t, "values"))
	}
	return b.Build(message.ViewsFields{Partition: rapid.IntRange(0, 63).Draw(t, "partition"), Source: text(t),
		Seq: rapid.Uint64().Draw(t, "seq"), Time: timestamp(t), Credit: rapid.Bool().Draw(t, "credit")}), nil
}

func quote(t *rapid.T) message.Quote {
	return message.Quote{Bid: price(t), Ask: price(t), Last: price(t), BidQuantity: quantity(t), AskQuantity: quantity(t)}
}

func credit(t *rapid.T) (message.Credit, error) {
	return message.NewCredit(message.CreditFields{Source: text(t), Partition: rapid.Int().Draw(t, "partition"), Seq: rapid.Uint64().Draw(t, "seq")}), nil
}

func classified(t *rapid.T) (message.Classified, error) {
	to := name(t)
	return message.NewClassified(message.ClassifiedFields{
		Origin: origin(t), Engine: message.EngineName(name(t)), Version: text(t),
		From: message.ClassName(rapid.SampledFrom([]string{"", "x" + to}).Draw(t, "from")), To: message.ClassName(to),
		Quote: quote(t), Trusted: rapid.Bool().Draw(t, "trusted"), Reason: text(t),
	})
}

func intentID(t *rapid.T) message.IntentID {
	return message.IntentID{Strategy: message.StrategyName(name(t)), Seq: rapid.Uint64Range(1, math.MaxUint64).Draw(t, "seq")}
}

// named draws one of the values 1 and up whose names parse reads back.
func named[T interface {
	~uint8
	String() string
}](parse func(string) (T, error), what string) func(*rapid.T) T {
	var all []T
	for v := T(1); ; v++ {
		if _, err := parse(v.String()); err != nil {
			break
		}
		all = append(all, v)
	}
	return func(t *rapid.T) T { return rapid.SampledFrom(all).Draw(t, what) }
}

var (
	orderType   = named(market.ParseOrderType, "order type")
	timeInForce = named(market.ParseTimeInForce, "time in force")
)

// terms are without a fault.
func terms(t *rapid.T) message.OrderTerms {
	o := message.OrderTerms{Side: side(t), Type: orderType(t), TimeInForce: timeInForce(t), Quantity: someQuantity(t),
		ExecInst: market.ExecInst(rapid.IntRange(0, int(market.ExecInstAll)).Draw(t, "instructions"))}
	if o.Type.HasPrice() {
		o.Price = somePrice(t)
	}
	if o.Type.HasStopPrice() {
		o.StopPrice = somePrice(t)
	}
	if o.TimeInForce == market.GTD {
		o.ExpireAt = market.Timestamp(rapid.Int64Range(1, math.MaxInt64).Draw(t, "expires"))
	}
	if o.Type != market.Limit || !o.TimeInForce.Rests() {
		o.ExecInst &^= market.PostOnly
	}
	return o
}

// anyTerms are as a venue, or an account's event, may have them.
func anyTerms(t *rapid.T) message.OrderTerms {
	return message.OrderTerms{Side: market.Side(rapid.IntRange(0, 2).Draw(t, "side or none")), Type: orderType(t), TimeInForce: timeInForce(t),
		ExecInst: market.ExecInst(rapid.IntRange(0, int(market.ExecInstAll)).Draw(t, "instructions")),
		Price:    price(t), StopPrice: price(t), Quantity: quantity(t), ExpireAt: timestamp(t)}
}

func contingency(t *rapid.T, before uint64) message.Contingency {
	return message.Contingency{Parent: rapid.Uint64Range(0, before-1).Draw(t, "parent"), Group: rapid.Uint64().Draw(t, "group")}
}

func orderIntent(t *rapid.T) (message.OrderIntent, error) {
	f := message.OrderIntentFields{Origin: origin(t), ID: intentID(t), Account: message.AccountName(name(t)), OrderTerms: terms(t), Reason: text(t)}
	f.Contingency = contingency(t, f.ID.Seq)
	return message.NewOrderIntent(f)
}

func cancelIntent(t *rapid.T) (message.CancelIntent, error) {
	f := message.CancelIntentFields{Instrument: maybeInstrument(t), Account: message.AccountName(name(t)), Time: timestamp(t), Reason: text(t)}
	switch rapid.IntRange(0, 2).Draw(t, "cancels") {
	case 0: // all of the account
	case 1:
		f.ID.Strategy = message.StrategyName(name(t))
	default:
		f.ID = intentID(t)
	}
	return message.NewCancelIntent(f)
}

func amendIntent(t *rapid.T) (message.AmendIntent, error) {
	f := message.AmendIntentFields{
		ID:       message.IntentID{Strategy: message.StrategyName(name(t)), Seq: rapid.Uint64Range(2, math.MaxUint64).Draw(t, "seq")},
		OrderSeq: 1, Account: message.AccountName(name(t)), Time: timestamp(t),
		Price: price(t), StopPrice: price(t), Quantity: quantity(t), Reason: text(t),
	}
	f.OrderSeq = rapid.Uint64Range(1, f.ID.Seq-1).Draw(t, "order seq")
	if f.Price.IsZero() && f.StopPrice.IsZero() && f.Quantity.IsZero() {
		f.Quantity = someQuantity(t)
	}
	return message.NewAmendIntent(f)
}

func balance(t *rapid.T) (message.Balance, error) {
	return message.NewBalance(message.BalanceFields{Time: timestamp(t), Account: message.AccountName(name(t)), Currency: name(t),
		Free: amount(t), Locked: amount(t)})
}

func orderRequest(t *rapid.T, from message.OrderRequest) message.OrderRequest {
	return message.OrderRequest(rapid.IntRange(int(from), int(message.RequestAmend)).Draw(t, "request"))
}

func evidence(t *rapid.T, from message.Evidence) message.Evidence {
	return message.Evidence(rapid.IntRange(int(from), int(message.EvidenceAll)).Draw(t, "evidence"))
}

func orderEvent(t *rapid.T) (message.OrderEvent, error) {
	f := message.OrderEventFields{
		Seq: rapid.Uint64().Draw(t, "seq"), Time: timestamp(t), Account: message.AccountName(name(t)), Strategy: message.StrategyName(name(t)),
		IntentSeq: rapid.Uint64Range(1, math.MaxUint64).Draw(t, "intent seq"), ClientOrderID: message.ClientOrderID(text(t)), VenueOrderID: message.VenueOrderID(text(t)),
		Replaces: message.ClientOrderID(text(t)), Instrument: instrument(t), OrderTerms: anyTerms(t), Contingency: contingency(t, math.MaxUint64),
		TickAt: timestamp(t), DecidedAt: timestamp(t), ValidUntil: timestamp(t),
		Action: rapid.SampledFrom(message.OrderActions()).Draw(t, "action"), Status: rapid.SampledFrom(message.OrderStatuses()).Draw(t, "status"),
		Reason: text(t), Request: orderRequest(t, 0), Evidence: evidence(t, 0), NewPrice: price(t), NewStopPrice: price(t), NewQuantity: quantity(t),
		ExecID: message.ExecID(text(t)), LastPrice: price(t), LastQuantity: quantity(t), CumQuantity: quantity(t),
		LeavesQuantity: quantity(t), AveragePrice: price(t), Fee: amount(t), FeeCurrency: text(t), LastLiquidityAdd: rapid.Bool().Draw(t, "add"),
		Currency: text(t), Amount: amount(t),
	}
	switch f.Action {
	case message.ActionFill:
		f.ExecID, f.LastPrice, f.LastQuantity = message.ExecID(name(t)), somePrice(t), someQuantity(t)
	case message.ActionBalance, message.ActionEquity:
		f.Currency = name(t)
	}
	return message.NewOrderEvent(f)
}

func position(t *rapid.T) (message.Position, error) {
	return message.NewPosition(message.PositionFields{
		Time: timestamp(t), Account: message.AccountName(name(t)), Strategy: message.StrategyName(name(t)), Instrument: instrument(t),
		Quantity: signed(t), AveragePrice: price(t), Cost: amount(t), Realized: amount(t), Unrealized: amount(t), Fees: amount(t), Mark: price(t),
	})
}

func executionReport(t *rapid.T) (message.ExecutionReport, error) {
	f := message.ExecutionReportFields{
		Time: timestamp(t), ClientOrderID: message.ClientOrderID(name(t)), VenueOrderID: message.VenueOrderID(text(t)),
		Instrument: maybeInstrument(t), Action: rapid.SampledFrom(message.OrderActions()).Draw(t, "action"), Reason: text(t),
		Request: orderRequest(t, 0), Evidence: evidence(t, 0), ExecID: message.ExecID(text(t)),
		LastPrice: price(t), LastQuantity: quantity(t), Fee: amount(t), FeeCurrency: text(t), LastLiquidityAdd: rapid.Bool().Draw(t, "add"),
		CumQuantity: quantity(t),
	}
	if rapid.Bool().Draw(t, "has terms") {
		f.OrderTerms = anyTerms(t)
	}
	switch f.Action {
	case message.ActionLose:
		f.Request = orderRequest(t, message.RequestPlace)
	case message.ActionAbsent:
		f.Evidence = evidence(t, message.EvidenceByID)
	}
	return message.NewExecutionReport(f)
}

func resync(t *rapid.T) (message.Resync, error) {
	n := rapid.IntRange(1, 64).Draw(t, "partitions")
	return message.NewResync(message.ResyncFields{Partition: rapid.IntRange(0, n-1).Draw(t, "partition"), Partitions: n,
		Instrument: maybeInstrument(t), Reason: text(t)})
}

func permitFields(t *rapid.T) message.PermitRequestFields {
	return message.PermitRequestFields{Venue: market.Venue("v" + text(t)), Use: rapid.SampledFrom([]message.Use{message.UseConnect, message.UseREST, message.UsePrivate}).Draw(t, "use"),
		Holder: "h" + text(t), ID: rapid.Uint64().Draw(t, "id")}
}

func permitRequest(t *rapid.T) (message.PermitRequest, error) {
	return message.NewPermitRequest(permitFields(t))
}

func permit(t *rapid.T) (message.Permit, error) { return message.NewPermit(permitFields(t)) }

func penalty(t *rapid.T) (message.Penalty, error) {
	return message.NewPenalty(message.PenaltyFields{Venue: market.Venue("v" + text(t)), Until: market.Timestamp(rapid.Int64Min(1).Draw(t, "until")), Reason: text(t)})
}
