package spot

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// quiet makes a market in which the seeded traders do next to nothing after the start.
func quiet(c *Config) { c.Market.EventsPerSecond = 0.001 }

// alone takes everything out of BTCUSDT that the seeded traders have there, on alice's account.
func (w *world) alone() {
	w.t.Helper()
	for _, side := range []string{"BUY", "SELL"} {
		for range 20 {
			if got := w.Do(w.signed("POST /api/v3/order", "symbol", "BTCUSDT", "side", side, "type", "MARKET", "quantity", "2")); got.Status != 200 {
				break
			}
		}
	}
	for _, side := range []market.Side{market.Buy, market.Sell} {
		if _, ok := w.market.Front(0, side); ok {
			w.t.Fatalf("%v: orders are left", side)
		}
	}
}

func deep(c *Config) {
	quiet(c)
	for i := range c.Accounts {
		c.Accounts[i].Balances = map[string]market.Decimal{"USDT": dec("100000000"), "BTC": dec("1000"), "ETH": dec("1000"), "KRW": dec("100000000000")}
	}
}

func TestPriceTimePriority(t *testing.T) {
	w := newWorld(t, deep)
	w.alone()
	base := cents(9_700_000)
	bob := func(id, side, quantity string, price sim.Fixed) {
		t.Helper()
		w.answer(200, w.signedBy(bobKey, bobSecret, "POST /api/v3/order", limitOrder(id, side, quantity, price)...))
	}
	bob("late-best", "SELL", "1", base+cents(100))
	bob("second", "SELL", "2", base)
	bob("first-worse", "SELL", "1", base+cents(200))
	bob("third", "SELL", "1", base)
	first := w.entries + 1
	o := w.ok("POST /api/v3/order", limitOrder("taker", "BUY", "4.5", base+cents(150))...)
	if o["status"] != "PARTIALLY_FILLED" || o["executedQty"] != "4.00000000" {
		t.Fatal(o)
	}
	var fills []string
	for _, e := range w.Ledger(first, 0) {
		if e.Kind == EntryFill && e.Maker {
			fills = append(fills, fmt.Sprintf("%s:%s@%s", e.ClientID, e.Quantity, e.Price))
		}
	}
	if want := []string{"second:2@97000", "third:1@97000", "late-best:1@97001"}; !slices.Equal(fills, want) {
		t.Fatalf("%v, want %v", fills, want)
	}
	// What is left rests at its own price, and is what the other side meets.
	if r, ok := w.market.Front(0, market.Buy); !ok || r.Price != base+cents(150) || r.Quantity.String() != "0.50000000" {
		t.Fatal(r, ok)
	}
	// An amendment keeps the place in the queue.
	bob("a", "BUY", "1", base+cents(150))
	w.ok("PUT /api/v3/order/amend/keepPriority", "symbol", "BTCUSDT", "origClientOrderId", "taker", "newQty", "4.25", "newClientOrderId", "taker")
	if r, _ := w.market.Front(0, market.Buy); r.Quantity.String() != "0.25000000" {
		t.Fatal(r)
	}
	w.audit()
}

func TestTimeInForce(t *testing.T) {
	w := newWorld(t, deep)
	w.alone()
	base := cents(9_700_000)
	w.answer(200, w.signedBy(bobKey, bobSecret, "POST /api/v3/order", limitOrder("ask", "SELL", "1", base)...))
	order := func(tif, quantity string) object {
		t.Helper()
		return w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", tif, "quantity", quantity, "price", base.String())
	}
	if o := order("FOK", "1.5"); o["status"] != "EXPIRED" || o["executedQty"] != "0.00000000" || o["expiryReason"] != reasonFOK {
		t.Error(o)
	}
	if o := order("FOK", "0.25"); o["status"] != "FILLED" {
		t.Error(o)
	}
	if o := order("IOC", "1"); o["status"] != "EXPIRED" || o["executedQty"] != "0.75000000" || o["expiryReason"] != reasonIOC {
		t.Error(o)
	}
	if o := order("IOC", "1"); o["status"] != "EXPIRED" || o["executedQty"] != "0.00000000" {
		t.Error(o)
	}
	if o := w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "1"); o["status"] != "EXPIRED" || o["expiryReason"] != reasonLiquidity {
		t.Error(o)
	}
	if got := w.refused(w.signed("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quoteOrderQty", "1000")); got != "400 "+errNoLiquidity.Error() {
		t.Error(got)
	}
	w.audit()
}

func TestQuoteOrderQty(t *testing.T) {
	w := newWorld(t, deep)
	w.alone()
	base := cents(10_000_000)
	w.answer(200, w.signedBy(bobKey, bobSecret, "POST /api/v3/order", limitOrder("a1", "SELL", "0.005", base)...))
	w.answer(200, w.signedBy(bobKey, bobSecret, "POST /api/v3/order", limitOrder("a2", "SELL", "1", base+cents(1))...))
	o := w.ok("POST /api/v3/order", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quoteOrderQty", "1000")
	// 0.005 at 100,000 is 500; the rest at 100,000.01 buys 0.00499 in whole lots of 0.00001.
	if o["status"] != "FILLED" || o["executedQty"] != "0.00999000" || o["origQuoteOrderQty"] != "1000.00000000" || o["cummulativeQuoteQty"] != "999.00004990" {
		t.Fatal(o)
	}
	w.audit()
}

func TestSelfTrade(t *testing.T) {
	const price = 9_700_000
	for _, c := range []struct {
		mode         string
		maker, taker string // status:executed:prevented
		trades       int
	}{
		{"NONE", "FILLED:1.00000000:<nil>", "PARTIALLY_FILLED:1.00000000:<nil>", 2},
		{"EXPIRE_TAKER", "NEW:0.00000000:<nil>", "EXPIRED_IN_MATCH:0.00000000:3.00000000", 0},
		{"EXPIRE_MAKER", "EXPIRED_IN_MATCH:0.00000000:1.00000000", "NEW:0.00000000:<nil>", 0},
		{"EXPIRE_BOTH", "EXPIRED_IN_MATCH:0.00000000:1.00000000", "EXPIRED_IN_MATCH:0.00000000:3.00000000", 0},
		{"DECREMENT", "EXPIRED_IN_MATCH:0.00000000:1.00000000", "NEW:0.00000000:1.00000000", 0},
	} {
		t.Run(c.mode, func(t *testing.T) {
			w := newWorld(t, deep)
			w.alone()
			before := len(w.accounts[0].fills)
			w.ok("POST /api/v3/order", limitOrder("maker", "SELL", "1", cents(price))...)
			id := w.listen(aliceKey, aliceSecret)
			w.ok("POST /api/v3/order", limitOrder("taker", "BUY", "3", cents(price), "selfTradePreventionMode", c.mode)...)
			state := func(id string) string {
				o := w.ok("GET /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", id)
				return fmt.Sprintf("%v:%v:%v", o["status"], o["executedQty"], o["preventedQuantity"])
			}
			if got := state("maker"); got != c.maker {
				t.Errorf("maker %s, want %s", got, c.maker)
			}
			if got := state("taker"); got != c.taker {
				t.Errorf("taker %s, want %s", got, c.taker)
			}
			if got := len(w.accounts[0].fills) - before; got != c.trades {
				t.Errorf("%d fills, want %d", got, c.trades)
			}
			prevented := slices.ContainsFunc(w.events(id), func(e string) bool { return strings.HasPrefix(e, "TRADE_PREVENTION:") })
			if prevented != (c.mode != "NONE") {
				t.Error("TRADE_PREVENTION was told:", prevented)
			}
			w.audit()
		})
	}
}

func TestStops(t *testing.T) {
	w := newWorld(t, deep)
	w.alone()
	bob := func(pairs ...string) {
		t.Helper()
		w.answer(200, w.signedBy(bobKey, bobSecret, "POST /api/v3/order", append([]string{"symbol", "BTCUSDT"}, pairs...)...))
	}
	at := func(dollars int64) string { return cents(dollars * 100).String() }
	trade := func(dollars int64) {
		t.Helper()
		bob("side", "SELL", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.1", "price", at(dollars), "selfTradePreventionMode", "NONE")
		bob("side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.1", "price", at(dollars), "selfTradePreventionMode", "NONE")
	}
	trade(97_000)
	id := w.listen(aliceKey, aliceSecret)
	stop := func(clientID, side, kind string, dollars int64, more ...string) {
		t.Helper()
		w.ok("POST /api/v3/order", append([]string{"symbol", "BTCUSDT", "side", side, "type", kind, "quantity", "0.5", "stopPrice", at(dollars), "newClientOrderId", clientID}, more...)...)
	}
	stop("stop-buy", "BUY", "STOP_LOSS", 97_100)
	stop("take-sell", "SELL", "TAKE_PROFIT", 97_300)
	stop("stop-sell", "SELL", "STOP_LOSS_LIMIT", 96_900, "timeInForce", "GTC", "price", at(96_800))
	stop("take-buy", "BUY", "TAKE_PROFIT_LIMIT", 96_700, "timeInForce", "GTC", "price", at(96_750))
	if got := w.events(id); len(got) != 8 || got[0] != "NEW:NEW:0.00000000" {
		t.Fatal(got)
	}
	w.audit()
	open := func() string {
		var all []string
		for _, o := range w.list("GET /api/v3/openOrders", "symbol", "BTCUSDT") {
			all = append(all, fmt.Sprintf("%v:%v", o["clientOrderId"], o["isWorking"]))
		}
		return strings.Join(all, " ")
	}
	trade(97_050)
	if got, want := open(), "stop-buy:false take-sell:false stop-sell:false take-buy:false"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	bob("side", "SELL", "type", "LIMIT", "timeInForce", "GTC", "quantity", "1", "price", at(97_150), "newClientOrderId", "liquidity")
	bob("side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.1", "price", at(97_150), "selfTradePreventionMode", "NONE")
	w.audit()
	// The price was reached: the stop bought at market.
	if o := w.ok("GET /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "stop-buy"); o["status"] != "FILLED" || o["isWorking"] != true {
		t.Fatal(o)
	}
	if got := w.events(id); !slices.Contains(got, "TRADE:FILLED:0.50000000") || got[0] != "NEW:NEW:0.00000000" {
		t.Fatal(got)
	}
	w.answer(200, w.signedBy(bobKey, bobSecret, "DELETE /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "liquidity"))
	trade(96_900)
	if got, want := open(), "take-sell:false stop-sell:true take-buy:false"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	trade(96_600) // it meets what rests above first
	bob("side", "BUY", "type", "LIMIT", "timeInForce", "IOC", "quantity", "1", "price", at(96_800))
	trade(96_600)
	if got, want := open(), "take-sell:false take-buy:true"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	// A stop for which there is no money any more expires.
	w.list("DELETE /api/v3/openOrders", "symbol", "BTCUSDT")
	w.Do(w.signedBy(bobKey, bobSecret, "DELETE /api/v3/openOrders", "symbol", "BTCUSDT"))
	free, _ := w.Balance("alice", "USDT")
	all := quantityFor(sub(free, dec("100000")), cents(5_000_000), 100_000_000)
	w.ok("POST /api/v3/order", limitOrder("everything", "BUY", all.String(), cents(5_000_000))...)
	free, _ = w.Balance("alice", "USDT")
	if free.Less(dec("100000")) || dec("150000").Less(free) {
		t.Fatal(free)
	}
	stop("too-dear", "BUY", "STOP_LOSS", 150_000)
	bob("side", "SELL", "type", "LIMIT", "timeInForce", "GTC", "quantity", "1", "price", at(400_000))
	w.events(id)
	trade(160_000)
	if o := w.ok("GET /api/v3/order", "symbol", "BTCUSDT", "origClientOrderId", "too-dear"); o["status"] != "EXPIRED" || o["expiryReason"] != reasonRejected {
		t.Fatal(o)
	}
	if got, want := w.events(id), []string{"NEW:NEW:0.00000000", "EXPIRED:EXPIRED:0.00000000", "outboundAccountPosition"}; !slices.Equal(got, want) {
		t.Fatal(got)
	}
	w.audit()
}

// TestRandomTrading lets two accounts trade at random beside the seeded traders, and checks the books
// after every step.
func TestRandomTrading(t *testing.T) {
	for seed := range uint64(3) {
		w := newWorld(t, func(c *Config) {
			c.Market.Seed = seed
			c.Market.EventsPerSecond = 2000
			c.Limits = Limits{WeightPerMinute: 1e9, OrdersPer10s: 1e9}
		})
		r := rand.New(rand.NewPCG(seed, 1))
		who := [][2]string{{aliceKey, aliceSecret}, {bobKey, bobSecret}}
		filled := 0
		for step := range 1500 {
			w.pass(time.Duration(r.IntN(50)) * time.Millisecond)
			w.act(r, who[r.IntN(2)])
			if step%10 == 0 {
				w.audit()
			}
		}
		w.audit()
		for _, a := range w.accounts {
			filled += len(a.fills)
			if a.balances["BTC"].free == dec("20") {
				t.Errorf("seed %d: %s has not traded", seed, a.Name)
			}
		}
		if filled < 100 {
			t.Errorf("seed %d: %d fills", seed, filled)
		}
		w.checkLedger()
	}
}

// act does something at random. What is refused must be refused for a reason that is expected.
func (w *world) act(r *rand.Rand, who [2]string) Reply {
	symbol := []string{"BTCUSDT", "BTCKRW", "ETHUSDT"}[r.IntN(3)]
	i, _ := w.directory.Find(symbol)
	side := []string{"BUY", "SELL"}[r.IntN(2)]
	last := w.market.Last(i).Price
	tick := w.market.TickSize(i)
	price := (last + sim.Fixed(r.IntN(41)-20)*max(tick, last/5000)) / tick * tick
	quantity := (w.market.Usual(i)*sim.Fixed(1+r.IntN(400))/100)/w.market.Lot(i)*w.market.Lot(i) + w.market.Lot(i)
	pairs := []string{"symbol", symbol}
	endpoint := "POST /api/v3/order"
	switch r.IntN(12) {
	case 0:
		pairs = append(pairs, "side", side, "type", "MARKET", "quantity", quantity.String())
	case 1:
		pairs = append(pairs, "side", side, "type", "MARKET", "quoteOrderQty", notional(last, quantity).RoundPlaces(2).String())
	case 2:
		pairs = append(pairs, "side", side, "type", "STOP_LOSS", "quantity", quantity.String(), "stopPrice", price.String())
	case 3:
		pairs = append(pairs, "side", side, "type", "TAKE_PROFIT_LIMIT", "quantity", quantity.String(), "stopPrice", price.String(), "price", price.String(), "timeInForce", "GTC")
	case 4:
		endpoint = "DELETE /api/v3/openOrders"
	case 5, 6:
		a := w.keys[who[0]].account
		if len(a.open) == 0 {
			return Reply{}
		}
		o := a.open[r.IntN(len(a.open))]
		pairs = []string{"symbol", w.symbol(o.instrument), "orderId", fmt.Sprint(o.id)}
		endpoint = "DELETE /api/v3/order"
		if left := o.leaves() / 2 / w.market.Lot(o.instrument) * w.market.Lot(o.instrument); r.IntN(2) == 0 && left > 0 {
			endpoint = "PUT /api/v3/order/amend/keepPriority"
			pairs = append(pairs, "newQty", (o.executed + o.prevented + left).String())
		}
	default:
		tif := []string{"GTC", "GTC", "GTC", "IOC", "FOK"}[r.IntN(5)]
		mode := []stpMode{stpNone, stpExpireBoth, stpExpireMaker, stpExpireTaker, stpDecrement}[r.IntN(5)]
		pairs = append(pairs, "side", side, "type", "LIMIT", "timeInForce", tif, "quantity", quantity.String(), "price", price.String(), "selfTradePreventionMode", string(mode))
	}
	reply := w.Do(w.signedBy(who[0], who[1], endpoint, pairs...))
	if reply.Fate == Answered && reply.Status != 200 {
		o := decode[object](w.t, reply.Body)
		switch o["code"] {
		case -2010.0, -2011.0, -2038.0:
		case -1013.0:
			if strings.Contains(fmt.Sprint(o["msg"]), "LOT_SIZE") {
				w.t.Fatalf("%s %v: %s", endpoint, pairs, reply.Body)
			}
		default:
			w.t.Fatalf("%s %v: %s", endpoint, pairs, reply.Body)
		}
	}
	return reply
}

// checkLedger computes balances from the fills of the ledger alone, and compares them.
func (w *world) checkLedger() {
	w.t.Helper()
	have := map[string]map[string]market.Decimal{}
	for _, a := range w.accounts {
		have[a.Name] = map[string]market.Decimal{}
		for asset, b := range a.Balances {
			have[a.Name][asset] = b
		}
	}
	for _, e := range w.Ledger(0, 0) {
		if e.Kind != EntryFill {
			continue
		}
		i, _ := w.directory.Find(e.Symbol)
		b := have[e.Account]
		side := market.Buy
		if e.Side == "SELL" {
			side = market.Sell
		}
		b[w.base(i)] = add(b[w.base(i)], signed(side, e.Quantity))
		b[w.quote(i)] = sub(b[w.quote(i)], signed(side, e.Quote))
		b[e.CommissionAsset] = sub(b[e.CommissionAsset], e.Commission)
		if want := notional(mustFixed(e.Price), mustFixed(e.Quantity)); e.Quote != want {
			w.t.Fatalf("%+v: quote is not %s", e, want)
		}
	}
	for name, assets := range have {
		for asset, want := range assets {
			free, locked := w.Balance(name, asset)
			if got := add(free, locked); got != want {
				w.t.Errorf("%s has %s %s, fills make it %s", name, got, asset, want)
			}
		}
	}
}

func mustFixed(d market.Decimal) sim.Fixed {
	f, ok := sim.ParseFixed(d)
	if !ok {
		panic(d.String())
	}
	return f
}
