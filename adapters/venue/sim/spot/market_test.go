package spot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

func TestMarketData(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Market.EventsPerSecond = 2000 })
	w.pass(3*time.Minute + 1500*time.Millisecond)
	get := func(path string, pairs ...string) []byte {
		t.Helper()
		return w.answer(200, Request{Method: "GET", Path: "/api/v3/" + path, Query: form(pairs...), Remote: "192.0.2.1"})
	}
	info := decode[struct {
		RateLimits []object
		Symbols    []struct {
			Symbol, Status, BaseAsset, QuoteAsset string
			OrderTypes                            []string
			Filters                               []object
			PermissionSets                        [][]string
		}
	}](t, get("exchangeInfo"))
	if len(info.Symbols) != 24 || len(info.RateLimits) != 3 {
		t.Fatalf("%d symbols, %d limits", len(info.Symbols), len(info.RateLimits))
	}
	for i, s := range info.Symbols {
		if s.Status != "TRADING" || len(s.OrderTypes) != 7 || s.Symbol != s.BaseAsset+s.QuoteAsset || s.PermissionSets[0][0] != "SPOT" {
			t.Errorf("%+v", s)
		}
		filters := map[string]object{}
		for _, f := range s.Filters {
			filters[fmt.Sprint(f["filterType"])] = f
		}
		for _, name := range strings.Fields("PRICE_FILTER LOT_SIZE MARKET_LOT_SIZE PERCENT_PRICE_BY_SIDE NOTIONAL MAX_NUM_ORDERS MAX_NUM_ALGO_ORDERS MAX_NUM_ORDER_AMENDS") {
			if filters[name] == nil {
				t.Errorf("%s has no %s", s.Symbol, name)
			}
		}
		// Whatever trades, money is a whole count of 1e-8: lot × tick is one.
		lot, tick := dec(filters["LOT_SIZE"]["stepSize"].(string)), dec(filters["PRICE_FILTER"]["tickSize"].(string))
		if cost, err := lot.Mul(tick); err != nil || !cost.IsMultipleOf(step) {
			t.Errorf("%s: lot %s × tick %s is %s, %v", s.Symbol, lot, tick, cost, err)
		}
		for _, tr := range w.history[i].trades.all() {
			if !notional(tr.Price, tr.Quantity).IsMultipleOf(step) {
				t.Errorf("%s: %s at %s", s.Symbol, tr.Quantity, tr.Price)
			}
		}
	}
	if one := decode[object](t, get("exchangeInfo", "symbols", `["BTCUSDT","ETHUSDT"]`)); len(one["symbols"].([]any)) != 2 {
		t.Error(one)
	}

	trades := decode[[]object](t, get("trades", "symbol", "BTCUSDT", "limit", "1000"))
	bundles := decode[[]object](t, get("aggTrades", "symbol", "BTCUSDT", "limit", "1000"))
	if len(trades) < 100 || len(bundles) < 50 || len(bundles) > len(trades) {
		t.Fatalf("%d trades, %d aggregated", len(trades), len(bundles))
	}
	sums := map[float64]market.Decimal{}
	for _, b := range bundles {
		for id := b["f"].(float64); id <= b["l"].(float64); id++ {
			sums[b["a"].(float64)] = market.Decimal{}
			for _, tr := range trades {
				if tr["id"].(float64) >= b["f"].(float64) && tr["id"].(float64) <= b["l"].(float64) {
					sums[b["a"].(float64)] = add(sums[b["a"].(float64)], dec(tr["qty"].(string)))
				}
			}
		}
		if first := trades[0]["id"].(float64); b["f"].(float64) >= first && sums[b["a"].(float64)] != dec(b["q"].(string)) {
			t.Errorf("%v: its trades are %s", b, sums[b["a"].(float64)])
		}
	}
	id := bundles[10]["a"].(float64)
	if got := decode[[]object](t, get("aggTrades", "symbol", "BTCUSDT", "fromId", fmt.Sprint(id), "limit", "3")); len(got) != 3 || got[0]["a"] != id || got[2]["a"] != id+2 {
		t.Error(got)
	}

	bars := decode[[][]any](t, get("klines", "symbol", "BTCUSDT", "interval", "1m"))
	if len(bars) != 4 {
		t.Fatalf("%d bars", len(bars))
	}
	count := 0.0
	for i, b := range bars {
		open, high, low, close := dec(b[1].(string)), dec(b[2].(string)), dec(b[3].(string)), dec(b[4].(string))
		if high.Less(open.Max(close)) || open.Min(close).Less(low) || b[6].(float64) != b[0].(float64)+59_999 || i > 0 && b[0].(float64) != bars[i-1][0].(float64)+60_000 {
			t.Error(b)
		}
		if average, err := dec(b[7].(string)).Quo(dec(b[5].(string))); err != nil || average.Less(low) || high.Less(average) {
			t.Error(b, average, err)
		}
		count += b[8].(float64)
	}
	if want := float64(w.market.Last(0).ID - 1); count != want { // less the trade before the first
		t.Errorf("%v trades in bars, want %v", count, want)
	}
	for name, want := range map[string]int{"1s": 181, "3m": 2, "1h": 1, "1d": 1, "1w": 1, "1M": 1} {
		got := decode[[][]any](t, get("klines", "symbol", "BTCUSDT", "interval", name))
		if len(got) < want || len(got) > want+1 {
			t.Errorf("%s: %d bars, want about %d", name, len(got), want)
		}
	}
	if got := decode[[][]any](t, get("klines", "symbol", "BTCUSDT", "interval", "1m", "startTime", fmt.Sprintf("%.0f", bars[1][0]), "limit", "2")); len(got) != 2 || got[0][0] != bars[1][0] {
		t.Error(got)
	}
	if got := decode[[][]any](t, get("klines", "symbol", "BTCUSDT", "interval", "1m", "endTime", fmt.Sprintf("%.0f", bars[1][0]), "limit", "1")); len(got) != 1 || got[0][0] != bars[1][0] {
		t.Error(got)
	}

	average := dec(decode[object](t, get("avgPrice", "symbol", "BTCUSDT"))["price"].(string))
	day := decode[object](t, get("ticker/24hr", "symbol", "BTCUSDT"))
	if average.Less(dec(day["lowPrice"].(string))) || dec(day["highPrice"].(string)).Less(average) {
		t.Error(average, day)
	}
	if mini := decode[[]object](t, get("ticker/24hr", "symbols", `["BTCUSDT"]`, "type", "MINI")); len(mini) != 1 || mini[0]["bidPrice"] != nil || mini[0]["lastPrice"] != day["lastPrice"] {
		t.Error(mini)
	}
	if all := decode[[]object](t, get("ticker/price")); len(all) != 24 || all[0]["price"] != day["lastPrice"] {
		t.Error(all)
	}
	best := decode[object](t, get("ticker/bookTicker", "symbol", "BTCUSDT"))
	depth := decode[struct{ Bids, Asks [][2]string }](t, get("depth", "symbol", "BTCUSDT", "limit", "1"))
	if len(depth.Bids) != 1 || depth.Bids[0] != [2]string{best["bidPrice"].(string), best["bidQty"].(string)} || depth.Asks[0][0] != best["askPrice"] {
		t.Error(best, depth)
	}

	for _, c := range []struct{ path, query, want string }{
		{"klines", "symbol=BTCUSDT", "400 -1102 Mandatory parameter 'interval' was not sent, was empty/null, or malformed."},
		{"klines", "symbol=BTCUSDT&interval=7m", "400 -1120 Invalid interval."},
		{"klines", "symbol=BTCUSDT&interval=1m&timeZone=15:00", "400 -1130 Data sent for parameter 'timeZone' is not valid."},
		{"depth", "", "400 -1102 Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."},
		{"depth", "symbol=BTCUSDT&limit=-1", "400 -1100 Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."},
		{"depth", "symbol=BTCUSDT&symbolStatus=HALT", "400 -1220 The symbol's status does not match the requested symbolStatus."},
		{"ticker/price", "symbol=BTCUSDT&symbols=[]", "400 -1128 Combination of optional parameters invalid."},
		{"ticker/price", `symbols=["BTCUSDT","BTCUSDT"]`, "400 -1151 Symbol is present multiple times in the list."},
		{"ticker/price", `symbols=BTCUSDT`, `400 -1100 Illegal characters found in parameter 'symbols'; legal range is '^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$'.`},
		{"ticker/24hr", "symbol=BTCUSDT&type=SHORT", "400 -1139 Invalid ticker type."},
		{"ticker/price", "symbols=%zz", "400 -1100 Illegal characters found in a parameter."},
	} {
		if got := w.refused(Request{Method: "GET", Path: "/api/v3/" + c.path, Query: c.query, Remote: "192.0.2.2"}); got != c.want {
			t.Errorf("%s?%s: %s, want %s", c.path, c.query, got, c.want)
		}
	}
}

// TestOurOwnAdapter reads the list of instruments as a node does that is pointed here.
func TestOurOwnAdapter(t *testing.T) {
	w := newWorld(t)
	got, err := binance.ParseListings("sim", w.answer(200, Request{Method: "GET", Path: "/api/v3/exchangeInfo"}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range w.Listings() {
		g := got[i]
		if g.Instrument != want.Instrument || g.Symbol != want.Symbol || g.LotSize != want.LotSize || g.MinQuantity != want.MinQuantity || g.MinNotional != want.MinNotional {
			t.Errorf("%+v, want %+v", g, want)
		}
		if tick := w.market.TickSize(i); g.Ticks.Size(market.Price{Decimal: w.market.Last(i).Price.Decimal()}).Decimal != tick.Decimal() {
			t.Errorf("%s: ticks %s, want %s", g.Symbol, g.Ticks, tick)
		}
	}
}

func TestZones(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "8": 8 * time.Hour, "-1:00": -time.Hour, "05:45": 5*time.Hour + 45*time.Minute, "14:00": 14 * time.Hour, "-12": -12 * time.Hour} {
		if got, ok := zone(text); !ok || got != want {
			t.Errorf("%q: %v %t", text, got, ok)
		}
	}
	for _, text := range []string{"x", "14:01", "-12:30", "1:60", "1:5", "--1", ":"} {
		if got, ok := zone(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
	at := market.TimestampOf(time.Date(2026, 11, 20, 22, 30, 0, 0, time.UTC)) // a Friday
	for name, want := range map[string]string{"1w": "2026-11-16T00:00:00Z", "1M": "2026-11-01T00:00:00Z", "1d": "2026-11-20T00:00:00Z", "4h": "2026-11-20T20:00:00Z"} {
		if got := intervals[name].start(at, 0); got.String() != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := intervals["1d"].start(at, 9*time.Hour); got.String() != "2026-11-20T15:00:00Z" { // midnight in Seoul
		t.Error(got)
	}
	if got := intervals["1M"].end(intervals["1M"].start(at, 0), 0); got.String() != "2026-12-01T00:00:00Z" {
		t.Error(got)
	}
}

func TestHistoriesAreBounded(t *testing.T) {
	var h history
	for i := range 3 * tradesMax {
		h.add(sim.Trade{ID: uint64(i + 1), At: market.Timestamp(i) * market.Timestamp(2*time.Minute), Price: 100, Quantity: 1, TakerID: uint64(i)})
	}
	if all := h.trades.all(); len(all) != tradesMax || all[0].ID != 2*tradesMax+1 || all[tradesMax-1].ID != 3*tradesMax {
		t.Error(len(all), all[0].ID)
	}
	if h.minutes.len() != 3*tradesMax || h.seconds.len() != 3*tradesMax {
		t.Error(h.minutes.len(), h.seconds.len())
	}
	var r ring[int]
	for i := range 10 {
		r.add(i, 4)
	}
	if *r.at(0) != 6 || *r.newest() != 9 || r.len() != 4 {
		t.Error(r)
	}
}
