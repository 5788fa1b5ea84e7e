package spot

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// Market data (rest-api.md, General endpoints and Market Data endpoints).

const (
	depthDefault = 100
	depthMax     = 5000
)

func (v *Venue) ping(_ *call, w *writer) *apiError {
	w.begin('{')
	w.end('}')
	return nil
}

func (v *Venue) serverTime(_ *call, w *writer) *apiError {
	w.begin('{')
	w.time("serverTime", v.Clock())
	w.end('}')
	return nil
}

// selection returns the instruments that symbol or symbols name, all if neither is there, and whether
// one was named by itself.
func (v *Venue) selection(p params) (chosen []int, one bool, fault *apiError) {
	if status := p.get("symbolStatus"); status != "" && status != "TRADING" {
		if status != "HALT" && status != "BREAK" {
			return nil, false, bad(-1122, "Invalid symbolStatus.")
		}
		if p.has("symbol") {
			return nil, false, bad(-1220, "The symbol's status does not match the requested symbolStatus.")
		}
		return nil, false, nil // everything here is TRADING
	}
	switch {
	case p.has("symbol") && p.has("symbols"):
		return nil, false, errCombination
	case p.has("symbol"):
		i, fault := v.instrumentOf(p)
		return []int{i}, true, fault
	case !p.has("symbols"):
		for i := range v.market.Listings() {
			chosen = append(chosen, i)
		}
		return chosen, false, nil
	}
	var names []string
	if json.Unmarshal([]byte(p.get("symbols")), &names) != nil || len(names) == 0 {
		return nil, false, errIllegal("symbols", legalSymbols)
	}
	seen := map[int]bool{}
	for _, name := range names {
		if !symbolPattern.MatchString(name) {
			return nil, false, errIllegal("symbols", legalSymbols)
		}
		i, ok := v.directory.Find(name)
		if !ok {
			return nil, false, errSymbol
		}
		if seen[i] {
			return nil, false, errDuplicateSymbol
		}
		seen[i] = true
		chosen = append(chosen, i)
	}
	return chosen, false, nil
}

// exchangeInfo answers GET /api/v3/exchangeInfo.
func (v *Venue) exchangeInfo(c *call, w *writer) *apiError {
	if c.params.has("permissions") {
		if c.params.has("symbol") || c.params.has("symbols") {
			return errCombination
		}
		if !strings.Contains(c.params.get("permissions"), "SPOT") {
			return errInvalid("permissions")
		}
	}
	sets, fault := c.params.yes("showPermissionSets", true)
	if fault != nil {
		return fault
	}
	chosen, _, fault := v.selection(c.params)
	if fault != nil {
		return fault
	}
	w.begin('{')
	w.text("timezone", "UTC")
	w.time("serverTime", v.Clock())
	w.array("rateLimits")
	limitValue(w, "REQUEST_WEIGHT", "MINUTE", 1, v.limits.WeightPerMinute)
	w.end('}')
	for _, interval := range orderIntervals {
		limitValue(w, "ORDERS", interval.name, interval.number, interval.limitOrders(v.limits))
		w.end('}')
	}
	w.end(']')
	w.array("exchangeFilters")
	w.end(']')
	w.array("symbols")
	for _, i := range chosen {
		v.appendSymbol(w, i, sets)
	}
	w.end(']')
	w.end('}')
	return nil
}

func (v *Venue) appendSymbol(w *writer, i int, sets bool) {
	l := v.market.Listings()[i]
	w.begin('{')
	w.text("symbol", l.Symbol)
	w.text("status", "TRADING")
	w.text("baseAsset", l.Instrument.Base())
	w.int("baseAssetPrecision", 8)
	w.text("quoteAsset", l.Instrument.Quote())
	for _, name := range []string{"quotePrecision", "quoteAssetPrecision", "baseCommissionPrecision", "quoteCommissionPrecision"} {
		w.int(name, 8)
	}
	w.strings("orderTypes", words(orderTypes)...)
	for _, f := range []struct {
		name string
		is   bool
	}{{"icebergAllowed", false}, {"ocoAllowed", false}, {"otoAllowed", false}, {"opoAllowed", false}, {"quoteOrderQtyMarketAllowed", true},
		{"allowTrailingStop", false}, {"cancelReplaceAllowed", true}, {"amendAllowed", true}, {"pegInstructionsAllowed", false},
		{"isSpotTradingAllowed", true}, {"isMarginTradingAllowed", false}} {
		w.bool(f.name, f.is)
	}
	v.appendFilters(w, i)
	w.array("permissions")
	w.end(']')
	w.array("permissionSets")
	if sets {
		w.begin('[')
		w.value([]byte(`"SPOT"`))
		w.end(']')
	}
	w.end(']')
	w.text("defaultSelfTradePreventionMode", string(stpDefault))
	w.strings("allowedSelfTradePreventionModes", words(stpModes)...)
	w.end('}')
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// appendFilters states the filters. Where the tick size depends on the price, it is the one at the
// price now; that at an order's own price is what counts.
func (v *Venue) appendFilters(w *writer, i int) {
	l := v.market.Listings()[i]
	begin := func(name string) {
		w.begin('{')
		w.text("filterType", name)
	}
	lots := func(name string, most sim.Fixed) {
		begin(name)
		w.fixed("minQty", v.market.Lot(i))
		w.fixed("maxQty", most)
		w.fixed("stepSize", v.market.Lot(i))
		w.end('}')
	}
	w.array("filters")
	begin("PRICE_FILTER")
	w.fixed("minPrice", v.market.TickSize(i))
	w.fixed("maxPrice", priceMax)
	w.fixed("tickSize", v.market.TickSize(i))
	w.end('}')
	lots("LOT_SIZE", quantityMax)
	lots("MARKET_LOT_SIZE", v.marketMax(i))
	begin("PERCENT_PRICE_BY_SIDE")
	w.text("bidMultiplierUp", percentUp.String())
	w.text("bidMultiplierDown", percentDown.String())
	w.text("askMultiplierUp", percentUp.String())
	w.text("askMultiplierDown", percentDown.String())
	w.int("avgPriceMins", averageMinutes)
	w.end('}')
	begin("NOTIONAL")
	w.amount("minNotional", l.MinNotional.Decimal)
	w.bool("applyMinToMarket", true)
	w.amount("maxNotional", notionalMax)
	w.bool("applyMaxToMarket", false)
	w.int("avgPriceMins", averageMinutes)
	w.end('}')
	begin("MAX_NUM_ORDERS")
	w.int("maxNumOrders", int64(v.limits.OrdersPerSymbol))
	w.end('}')
	begin("MAX_NUM_ALGO_ORDERS")
	w.int("maxNumAlgoOrders", int64(v.limits.StopsPerSymbol))
	w.end('}')
	begin("MAX_NUM_ORDER_AMENDS")
	w.int("maxNumOrderAmends", int64(v.limits.AmendsPerOrder))
	w.end('}')
	w.end(']')
}

// depth answers GET /api/v3/depth.
func (v *Venue) depth(c *call, w *writer) *apiError {
	if _, _, fault := v.selection(c.params); fault != nil {
		return fault
	}
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	n, fault := c.params.limit(depthDefault, depthMax)
	if fault != nil {
		return fault
	}
	id, bids, asks := v.market.Depth(i, n)
	w.begin('{')
	w.id("lastUpdateId", id)
	appendLevels(w, "bids", bids)
	appendLevels(w, "asks", asks)
	w.end('}')
	return nil
}

func appendLevels(w *writer, name string, levels []sim.Level) {
	w.array(name)
	for _, l := range levels {
		w.begin('[')
		w.fixedValue(l.Price)
		w.fixedValue(l.Quantity)
		w.end(']')
	}
	w.end(']')
}

// recentTrades answers GET /api/v3/trades.
func (v *Venue) recentTrades(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	n, fault := c.params.limit(500, tradesMax)
	if fault != nil {
		return fault
	}
	all := v.history[i].trades.all()
	w.begin('[')
	for _, t := range all[max(0, len(all)-n):] {
		w.begin('{')
		w.id("id", t.ID)
		w.fixed("price", t.Price)
		w.fixed("qty", t.Quantity)
		w.amount("quoteQty", notional(t.Price, t.Quantity))
		w.time("time", t.At.Add(v.skew))
		w.bool("isBuyerMaker", t.BuyerIsMaker)
		w.bool("isBestMatch", true)
		w.end('}')
	}
	w.end(']')
	return nil
}

// aggTrades answers GET /api/v3/aggTrades.
func (v *Venue) aggTrades(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	s, fault := spanOf(c.params, "fromId", false)
	if fault != nil {
		return fault
	}
	w.begin('[')
	for _, b := range pick(s, v.history[i].bundles.all(), func(b *bundle) (market.Timestamp, uint64, bool) { return b.at, b.id, true }) {
		w.begin('{')
		w.id("a", b.id)
		w.fixed("p", b.price)
		w.fixed("q", b.quantity)
		w.id("f", b.first)
		w.id("l", b.last)
		w.time("T", b.at.Add(v.skew))
		w.bool("m", b.makerBuys)
		w.bool("M", true)
		w.end('}')
	}
	w.end(']')
	return nil
}

// klines answers GET /api/v3/klines and uiKlines.
func (v *Venue) klines(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	name := c.params.get("interval")
	if name == "" {
		return errMandatory("interval")
	}
	in, ok := intervals[name]
	if !ok {
		return errInterval
	}
	offset, ok := zone(c.params.get("timeZone"))
	if !ok {
		return errInvalid("timeZone")
	}
	s, fault := spanOf(c.params, "", false)
	if fault != nil {
		return fault
	}
	w.begin('[')
	for _, b := range pick(s, v.bars(i, in, offset), func(b *bar) (market.Timestamp, uint64, bool) { return b.start, 0, true }) {
		w.begin('[')
		w.timeValue(b.start)
		for _, p := range []sim.Fixed{b.open, b.high, b.low, b.close} {
			w.fixedValue(p)
		}
		w.amountValue(b.volume)
		last := time.Millisecond
		if c.micros {
			last = time.Microsecond
		}
		w.timeValue(in.end(b.start, offset).Add(-last))
		w.amountValue(b.turnover)
		w.value(strconv.AppendInt(nil, b.count, 10))
		w.amountValue(b.bought)
		w.amountValue(b.boughtFor)
		w.value([]byte(`"0"`))
		w.end(']')
	}
	w.end(']')
	return nil
}

// zone reads hours and minutes from UTC: -1:00, 05:45, 8.
func zone(text string) (time.Duration, bool) {
	if text == "" {
		return 0, true
	}
	neg := strings.HasPrefix(text, "-")
	h, m, minutes := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+"), ":")
	hours, err := strconv.ParseUint(h, 10, 8)
	if err != nil {
		return 0, false
	}
	d := time.Duration(hours) * time.Hour
	if minutes {
		n, err := strconv.ParseUint(m, 10, 8)
		if err != nil || n > 59 || len(m) != 2 {
			return 0, false
		}
		d += time.Duration(n) * time.Minute
	}
	if neg {
		d = -d
	}
	return d, d >= -12*time.Hour && d <= 14*time.Hour
}

// avgPrice answers GET /api/v3/avgPrice.
func (v *Venue) avgPrice(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	w.begin('{')
	w.int("mins", averageMinutes)
	w.amount("price", v.average(i).RoundPlaces(8))
	w.time("closeTime", v.history[i].last.At.Add(v.skew))
	w.end('}')
	return nil
}

// each writes an answer of one, or of many in an array.
func (v *Venue) each(c *call, w *writer, one func(i int)) *apiError {
	chosen, single, fault := v.selection(c.params)
	if fault != nil {
		return fault
	}
	if !single {
		w.begin('[')
		defer w.end(']')
	}
	for _, i := range chosen {
		one(i)
	}
	return nil
}

// ticker24h answers GET /api/v3/ticker/24hr.
func (v *Venue) ticker24h(c *call, w *writer) *apiError {
	kind := c.params.get("type")
	if c.params.has("type") && kind != "FULL" && kind != "MINI" {
		return errTickerType
	}
	return v.each(c, w, func(i int) { v.appendTicker(w, i, kind == "MINI") })
}

func (v *Venue) appendTicker(w *writer, i int, mini bool) {
	t := v.market.Ticker(i)
	w.begin('{')
	w.text("symbol", v.symbol(i))
	if !mini {
		change := sub(t.Close.Decimal(), t.Open.Decimal())
		percent, err := change.Quo(t.Open.Decimal())
		if err != nil {
			percent = market.Decimal{} // the open price of a market without one
		}
		average := t.Close.Decimal()
		if q, err := t.Turnover.Quo(t.Volume); err == nil {
			average = q
		}
		w.amount("priceChange", change)
		w.text("priceChangePercent", times(percent, market.DecimalFromInt(100)).RoundPlaces(3).String())
		w.amount("weightedAvgPrice", average.RoundPlaces(8))
		w.fixed("prevClosePrice", t.PreviousClose)
	}
	w.fixed("lastPrice", t.Close)
	if !mini {
		w.fixed("lastQty", t.LastQuantity)
		appendBest(w, &t)
	}
	w.fixed("openPrice", t.Open)
	w.fixed("highPrice", t.High)
	w.fixed("lowPrice", t.Low)
	w.amount("volume", t.Volume)
	w.amount("quoteVolume", t.Turnover)
	w.time("openTime", t.OpenTime.Add(v.skew))
	w.time("closeTime", t.CloseTime.Add(v.skew))
	w.id("firstId", t.FirstID)
	w.id("lastId", t.LastID)
	w.id("count", t.Count)
	w.end('}')
}

func appendBest(w *writer, t *sim.Ticker) {
	w.fixed("bidPrice", t.Bid.Price)
	w.fixed("bidQty", t.Bid.Quantity)
	w.fixed("askPrice", t.Ask.Price)
	w.fixed("askQty", t.Ask.Quantity)
}

// tickerPrice answers GET /api/v3/ticker/price.
func (v *Venue) tickerPrice(c *call, w *writer) *apiError {
	return v.each(c, w, func(i int) {
		w.begin('{')
		w.text("symbol", v.symbol(i))
		w.fixed("price", v.market.Last(i).Price)
		w.end('}')
	})
}

// tickerBook answers GET /api/v3/ticker/bookTicker.
func (v *Venue) tickerBook(c *call, w *writer) *apiError {
	return v.each(c, w, func(i int) {
		t := v.market.Ticker(i)
		w.begin('{')
		w.text("symbol", v.symbol(i))
		appendBest(w, &t)
		w.end('}')
	})
}
