package spot

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// queryOrder answers GET /api/v3/order.
func (v *Venue) queryOrder(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	o, fault := v.which(c, i, "orderId", "origClientOrderId", errNoOrder)
	if fault != nil {
		return fault
	}
	v.appendOrder(w, o)
	return nil
}

// openOrders answers GET /api/v3/openOrders.
func (v *Venue) openOrders(c *call, w *writer) *apiError {
	only := -1
	if c.params.has("symbol") {
		i, fault := v.instrumentOf(c.params)
		if fault != nil {
			return fault
		}
		only = i
	}
	w.begin('[')
	for _, o := range c.account.open {
		if only >= 0 && o.instrument != only {
			continue
		}
		s := subject{route: c.route, symbol: v.symbol(o.instrument), clientID: o.clientID, account: o.account.Name, order: o.id}
		if _, ok := v.fire(FaultHideOrder, s); ok {
			continue
		}
		v.appendOrder(w, o)
	}
	w.end(']')
	return nil
}

// How many of a list are answered, if not asked otherwise, and at most.
const (
	listDefault = 500
	listMax     = 1000
)

// span is the period and the number that a list is asked for.
type span struct {
	from, to   market.Timestamp // inclusive; zero: open
	id         uint64
	byID       bool
	limit      int
	oldestLast bool // the newest of what matches are wanted, not the oldest
}

// spanOf reads startTime, endTime, limit and the parameter that holds the first id (rest-api.md, General
// API Information: without a start the most recent are returned).
func spanOf(p params, idName string, dayOnly bool) (span, *apiError) {
	var s span
	from, hasFrom, fault := p.moment("startTime")
	if fault != nil {
		return s, fault
	}
	to, hasTo, fault := p.moment("endTime")
	if fault != nil {
		return s, fault
	}
	id, byID, fault := p.whole(idName)
	if fault != nil {
		return s, fault
	}
	s = span{from: from, to: to, id: uint64(id), byID: byID, oldestLast: !hasFrom && !byID}
	if hasTo {
		// A millisecond holds a million nanoseconds, all of which are inclusive.
		s.to = to.Add(time.Millisecond - 1)
	}
	if dayOnly && hasFrom && hasTo && to.Sub(from) > 24*time.Hour {
		return s, errMoreThanDay
	}
	s.limit, fault = p.limit(listDefault, listMax)
	return s, fault
}

// has reports whether something of that time and id is within.
func (s span) has(at market.Timestamp, id uint64) bool {
	return (s.from == 0 || at >= s.from) && (s.to == 0 || at <= s.to) && (!s.byID || id >= s.id)
}

// pick returns at most limit of what matches, the oldest first.
func pick[T any](s span, all []T, of func(*T) (at market.Timestamp, id uint64, ok bool)) []*T {
	var found []*T
	if s.oldestLast {
		for i := len(all) - 1; i >= 0 && len(found) < s.limit; i-- {
			if at, id, ok := of(&all[i]); ok && s.has(at, id) {
				found = append(found, &all[i])
			}
		}
		for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
			found[i], found[j] = found[j], found[i]
		}
		return found
	}
	for i := range all {
		if len(found) == s.limit {
			break
		}
		if at, id, ok := of(&all[i]); ok && s.has(at, id) {
			found = append(found, &all[i])
		}
	}
	return found
}

// allOrders answers GET /api/v3/allOrders.
func (v *Venue) allOrders(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	s, fault := spanOf(c.params, "orderId", true)
	if fault != nil {
		return fault
	}
	w.begin('[')
	for _, o := range pick(s, c.account.orders, func(o **order) (market.Timestamp, uint64, bool) { return (*o).created, (*o).id, (*o).instrument == i }) {
		v.appendOrder(w, *o)
	}
	w.end(']')
	return nil
}

// myTrades answers GET /api/v3/myTrades.
func (v *Venue) myTrades(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	s, fault := spanOf(c.params, "fromId", true)
	if fault != nil {
		return fault
	}
	id, byOrder, fault := c.params.whole("orderId")
	if fault != nil {
		return fault
	}
	timed := s.from != 0 || s.to != 0
	if timed && (byOrder || s.byID) {
		return errCombination
	}
	fills := pick(s, c.account.fills, func(f *fill) (market.Timestamp, uint64, bool) {
		return f.at, f.trade, f.order.instrument == i && (!byOrder || f.order.id == uint64(id))
	})
	w.begin('[')
	for _, f := range fills {
		w.begin('{')
		w.text("symbol", v.symbol(i))
		w.id("id", f.trade)
		w.id("orderId", f.order.id)
		w.int("orderListId", -1)
		w.fixed("price", f.price)
		w.fixed("qty", f.quantity)
		w.amount("quoteQty", f.quote)
		w.amount("commission", f.commission)
		w.text("commissionAsset", f.asset)
		w.time("time", f.at.Add(v.skew))
		w.bool("isBuyer", f.order.side == market.Buy)
		w.bool("isMaker", f.maker)
		w.bool("isBestMatch", true)
		w.end('}')
	}
	w.end(']')
	return nil
}

// accountStatus answers GET /api/v3/account.
func (v *Venue) accountStatus(c *call, w *writer) *apiError {
	omit, fault := c.params.yes("omitZeroBalances", false)
	if fault != nil {
		return fault
	}
	a := c.account
	w.begin('{')
	w.int("makerCommission", basisPoints(a.Maker))
	w.int("takerCommission", basisPoints(a.Taker))
	w.int("buyerCommission", 0)
	w.int("sellerCommission", 0)
	w.object("commissionRates")
	w.amount("maker", a.Maker)
	w.amount("taker", a.Taker)
	w.fixed("buyer", 0)
	w.fixed("seller", 0)
	w.end('}')
	w.bool("canTrade", !c.key.ReadOnly)
	w.bool("canWithdraw", c.key.Withdraw)
	w.bool("canDeposit", false)
	w.bool("brokered", false)
	w.bool("requireSelfTradePrevention", false)
	w.bool("preventSor", false)
	w.time("updateTime", a.updated.Add(v.skew))
	w.text("accountType", "SPOT")
	w.array("balances")
	for _, asset := range a.assets {
		b := a.balances[asset]
		if omit && b.free.IsZero() && b.locked.IsZero() {
			continue
		}
		w.begin('{')
		w.text("asset", asset)
		w.amount("free", b.free)
		w.amount("locked", b.locked)
		w.end('}')
	}
	w.end(']')
	w.strings("permissions", "SPOT")
	w.int("uid", a.uid)
	w.end('}')
	return nil
}

// basisPoints is a rate in units of 0.01 %, as the older fields state it.
func basisPoints(rate market.Decimal) int64 {
	d := times(rate, market.DecimalFromInt(10_000)).RoundPlaces(0)
	return int64(d.Float64())
}

// commissionRates answers GET /api/v3/account/commission.
func (v *Venue) commissionRates(c *call, w *writer) *apiError {
	i, fault := v.instrumentOf(c.params)
	if fault != nil {
		return fault
	}
	w.begin('{')
	w.text("symbol", v.symbol(i))
	appendRates(w, c.account, "", true)
	w.end('}')
	return nil
}

// appendRates writes what an account pays. suffix is ForOrder in a test order.
func appendRates(w *writer, a *account, suffix string, sides bool) {
	for _, kind := range []string{"standardCommission", "specialCommission", "taxCommission"} {
		maker, taker := market.Decimal{}, market.Decimal{}
		if kind == "standardCommission" {
			maker, taker = a.Maker, a.Taker
		}
		w.object(kind + suffix)
		w.amount("maker", maker)
		w.amount("taker", taker)
		if sides {
			w.fixed("buyer", 0)
			w.fixed("seller", 0)
		}
		w.end('}')
	}
	w.object("discount")
	w.bool("enabledForAccount", false)
	w.bool("enabledForSymbol", false)
	w.text("discountAsset", "BNB")
	w.fixed("discount", 0)
	w.end('}')
}

// rateLimitOrder answers GET /api/v3/rateLimit/order.
func (v *Venue) rateLimitOrder(c *call, w *writer) *apiError {
	w.begin('[')
	v.appendOrderLimits(w, c.account)
	w.end(']')
	return nil
}

// apiRestrictions answers GET /sapi/v1/account/apiRestrictions. Shape: developers.binance.com, Wallet,
// Get API Key Permission; of the fields that name other businesses all are false.
func (v *Venue) apiRestrictions(c *call, w *writer) *apiError {
	w.begin('{')
	w.bool("ipRestrict", false)
	w.time("createTime", v.opened.Add(v.skew))
	w.bool("enableReading", true)
	w.bool("enableWithdrawals", c.key.Withdraw)
	w.bool("enableInternalTransfer", false)
	w.bool("enableMargin", false)
	w.bool("enableFutures", false)
	w.bool("permitsUniversalTransfer", false)
	w.bool("enableVanillaOptions", false)
	w.bool("enableFixApiTrade", false)
	w.bool("enableFixReadOnly", false)
	w.bool("enableSpotAndMarginTrading", !c.key.ReadOnly)
	w.bool("enablePortfolioMarginTrading", false)
	w.end('}')
	return nil
}

// assets answers GET /sapi/v1/capital/config/getall: the assets there are, none of which can be
// deposited or withdrawn. Shape: developers.binance.com, Wallet, All Coins' Information.
func (v *Venue) assets(c *call, w *writer) *apiError {
	seen := map[string]bool{}
	w.begin('[')
	for _, l := range v.market.Listings() {
		for _, asset := range []string{l.Instrument.Base(), l.Instrument.Quote()} {
			if seen[asset] {
				continue
			}
			seen[asset] = true
			b := balance{}
			if have := c.account.balances[asset]; have != nil {
				b = *have
			}
			w.begin('{')
			w.text("coin", asset)
			w.bool("depositAllEnable", false)
			w.bool("withdrawAllEnable", false)
			w.text("name", asset)
			w.amount("free", b.free)
			w.amount("locked", b.locked)
			w.text("freeze", "0")
			w.text("withdrawing", "0")
			w.text("ipoing", "0")
			w.text("ipoable", "0")
			w.text("storage", "0")
			w.bool("isLegalMoney", false)
			w.bool("trading", true)
			w.array("networkList")
			w.end(']')
			w.end('}')
		}
	}
	w.end(']')
	return nil
}

// none answers with an empty list.
func (v *Venue) none(_ *call, w *writer) *apiError {
	w.begin('[')
	w.end(']')
	return nil
}
