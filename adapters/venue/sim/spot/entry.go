package spot

import (
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// instrumentOf reads the parameter symbol.
func (v *Venue) instrumentOf(p params) (int, *apiError) {
	name := p.get("symbol")
	i, ok := v.directory.Find(name)
	switch {
	case ok:
		return i, nil
	case name == "":
		return 0, errMandatory("symbol")
	case !symbolPattern.MatchString(name):
		return 0, errIllegal("symbol", legalSymbol)
	}
	return 0, errSymbol
}

// entryOf reads a new order: its form, not whether it may be placed.
func (v *Venue) parseEntry(p params) (entry, *apiError) {
	e := entry{strategy: -1, strategyOf: -1}
	var fault *apiError
	if e.instrument, fault = v.instrumentOf(p); fault != nil {
		return e, fault
	}
	switch p.get("side") {
	case "BUY":
		e.side = market.Buy
	case "SELL":
		e.side = market.Sell
	case "":
		return e, errMandatory("side")
	default:
		return e, errSide
	}
	e.kind = orderType(p.get("type"))
	if e.kind == "" {
		return e, errMandatory("type")
	}
	if !slices.Contains(orderTypes, e.kind) {
		return e, errOrderType
	}
	for _, read := range []func(*entry, params) *apiError{readNumbers, readTimeInForce, readOptions} {
		if fault := read(&e, p); fault != nil {
			return e, fault
		}
	}
	return e, nil
}

// readNumbers reads quantity and prices: what the type needs, and nothing else.
func readNumbers(e *entry, p params) *apiError {
	byQuote := e.kind == typeMarket && p.has("quoteOrderQty")
	for _, n := range []struct {
		name   string
		to     *sim.Fixed
		needed bool
		may    bool // be sent though it is not needed
	}{
		{"quantity", &e.quantity, !byQuote, false},
		{"quoteOrderQty", &e.quoteQty, byQuote, false},
		{"price", &e.price, e.kind.priced(), false},
		{"stopPrice", &e.stop, e.kind.contingent(), false},
	} {
		value, sent, fault := p.decimal(n.name)
		switch {
		case fault != nil:
			return fault
		case sent && !n.needed:
			return errNotRequired(n.name)
		case !sent && n.needed && e.kind == typeMarket:
			return errEither("quantity", "quoteOrderQty")
		case !sent && n.needed:
			return errMandatory(n.name)
		case sent && value == 0 && (n.name == "price" || n.name == "stopPrice"):
			return bad(-1013, "Invalid price.")
		case sent && value == 0:
			return bad(-1013, "Invalid quantity.")
		}
		*n.to = value
	}
	return nil
}

func readTimeInForce(e *entry, p params) *apiError {
	needed := e.kind == typeLimit || e.kind == typeStopLossLimit || e.kind == typeTakeProfitLimit
	text := p.get("timeInForce")
	e.tif = tifGTC
	switch {
	case needed && text == "":
		return errMandatory("timeInForce")
	case !needed && text != "":
		return errNotRequired("timeInForce")
	case !needed:
		return nil
	}
	e.tif = timeInForce(text)
	if e.tif != tifGTC && e.tif != tifIOC && e.tif != tifFOK {
		return errTIF
	}
	return nil
}

// readOptions reads what no type needs.
func readOptions(e *entry, p params) *apiError {
	var fault *apiError
	if e.clientID, fault = p.clientID("newClientOrderId"); fault != nil {
		return fault
	}
	if iceberg, _, fault := p.decimal("icebergQty"); fault != nil || iceberg > 0 {
		return orFault(fault, errIceberg)
	}
	if p.has("trailingDelta") {
		return errNotRequired("trailingDelta")
	}
	if p.has("pegPriceType") || p.has("pegOffsetValue") || p.has("pegOffsetType") {
		return errPegged
	}
	for _, n := range []struct {
		name string
		to   *int64
	}{{"strategyId", &e.strategy}, {"strategyType", &e.strategyOf}} {
		value, sent, fault := p.whole(n.name)
		if fault != nil {
			return fault
		}
		if sent {
			*n.to = value
		}
	}
	if e.strategyOf >= 0 && e.strategyOf < 1_000_000 {
		return errStrategyType
	}
	e.stp = stpDefault
	if p.has("selfTradePreventionMode") {
		e.stp = stpMode(p.get("selfTradePreventionMode"))
		if e.stp == "TRANSFER" {
			return errSelfTradeMode
		}
		if !slices.Contains(stpModes, e.stp) {
			return errInvalid("selfTradePreventionMode")
		}
	}
	switch e.resp = respType(p.get("newOrderRespType")); e.resp {
	case respACK, respResult, respFull:
	case "":
		e.resp = respACK
		if e.kind == typeLimit || e.kind == typeMarket {
			e.resp = respFull
		}
	default:
		return errInvalid("newOrderRespType")
	}
	return nil
}

func orFault(fault, otherwise *apiError) *apiError {
	if fault != nil {
		return fault
	}
	return otherwise
}

// The filters that every symbol has; exchangeInfo states them.
var (
	percentUp   = market.MustDecimal("5")   // PERCENT_PRICE_BY_SIDE, both sides
	percentDown = market.MustDecimal("0.2") // PERCENT_PRICE_BY_SIDE, both sides
	notionalMax = market.DecimalFromInt(9_000_000_000_000)
)

const (
	averageMinutes = 5    // avgPrice, and the filters that need it
	marketUsual    = 1000 // an order at market may be so many usual orders (MARKET_LOT_SIZE)
)

// marketMax is the largest order at market.
func (v *Venue) marketMax(instrument int) sim.Fixed {
	lot := v.market.Lot(instrument)
	usual := v.market.Usual(instrument)
	return min(usual, quantityMax/marketUsual) * marketUsual / lot * lot
}

// filter checks a new order against the filters of its symbol (filters.md).
func (v *Venue) filter(a *account, e *entry) *apiError {
	lot := v.market.Lot(e.instrument)
	for _, p := range []sim.Fixed{e.price, e.stop} {
		if p != 0 && (p > priceMax || !v.market.ValidPrice(e.instrument, p)) {
			return errFilter("PRICE_FILTER")
		}
	}
	average := v.average(e.instrument)
	if e.price != 0 {
		p := e.price.Decimal()
		if times(average, percentUp).Less(p) || p.Less(times(average, percentDown)) {
			return errFilter("PERCENT_PRICE_BY_SIDE")
		}
	}
	if e.quantity != 0 {
		if e.quantity < lot || e.quantity > quantityMax || e.quantity%lot != 0 {
			return errFilter("LOT_SIZE")
		}
		if !e.kind.priced() && e.quantity > v.marketMax(e.instrument) {
			return errFilter("MARKET_LOT_SIZE")
		}
	}
	least := v.market.Listings()[e.instrument].MinNotional.Decimal
	switch value := v.value(e, average); {
	case value.Less(least), e.kind.priced() && notionalMax.Less(value):
		return errFilter("NOTIONAL")
	}
	all, contingent := a.openOn(e.instrument)
	if all >= v.limits.OrdersPerSymbol {
		return errFilter("MAX_NUM_ORDERS")
	}
	if e.kind.contingent() && contingent >= v.limits.StopsPerSymbol {
		return errFilter("MAX_NUM_ALGO_ORDERS")
	}
	if e.kind.priced() && v.mayRest(e.instrument)+e.quantity > restingMax {
		return errFilter("MAX_POSITION")
	}
	return nil
}

// mayRest is how much of an instrument orders of accounts may have in the book: those that are there,
// and those that wait for their price.
func (v *Venue) mayRest(instrument int) sim.Fixed {
	sum := v.restingOf[instrument]
	for _, o := range v.waiting[instrument] {
		sum = min(sum+o.leaves(), restingMax)
	}
	return sum
}

// value is what an order is worth for the filter NOTIONAL.
func (v *Venue) value(e *entry, average market.Decimal) market.Decimal {
	switch {
	case e.kind.priced():
		return notional(e.price, e.quantity)
	case e.quoteQty != 0:
		return e.quoteQty.Decimal()
	}
	return times(average, e.quantity.Decimal())
}

// times is a × b, rounded to 18 decimals. Prices, quantities and factors are bounded.
func times(a, b market.Decimal) market.Decimal {
	d, err := a.MulRound(b)
	if err != nil {
		panic("spot: " + err.Error())
	}
	return d
}

const idLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newClientID makes an id up, of 22 letters as Binance's.
func (v *Venue) newClientID() string {
	b := make([]byte, 22)
	for i := range b {
		b[i] = idLetters[v.random.IntN(len(idLetters))]
	}
	return string(b)
}
