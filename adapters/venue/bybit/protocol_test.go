package bybit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

func listing(symbol, name string) market.Listing {
	return market.Listing{Instrument: market.MustInstrument(Name, name), Symbol: symbol}
}

func TestConnection(t *testing.T) {
	all, err := New(venue.Config{
		Channels: []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade},
		Listings: []market.Listing{listing("BTCUSDT", "BTC-USDT")},
	})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	p := all[0]
	want := `{"op":"subscribe","args":["tickers.BTCUSDT","orderbook.50.BTCUSDT","publicTrade.BTCUSDT"]}`
	if frames := p.Subscribe(); len(frames) != 1 || string(frames[0]) != want {
		t.Errorf("subscribes with %s", frames)
	}
	if p.URL() != "wss://stream.bybit.com/v5/public/spot" || p.Venue() != Name || p.Lifetime() != 0 {
		t.Errorf("%s %s %v", p.URL(), p.Venue(), p.Lifetime())
	}
	if frame, every := p.Ping(); string(frame) != `{"op":"ping"}` || every != 20*time.Second || p.Silence() < 2*every {
		t.Errorf("pings %s every %v, silence %v", frame, every, p.Silence())
	}
	i := p.Instruments()
	again := p.Resubscribe(i[0])
	if len(i) != 1 || len(again) != 2 || string(again[0]) != `{"op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}` ||
		string(again[1]) != `{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}` {
		t.Errorf("%v resubscribes with %s", i, again)
	}
	if again := p.Resubscribe(market.MustInstrument(Name, "ETH-USDT")); again != nil {
		t.Errorf("resubscribes what is not followed: %s", again)
	}
	if _, err := p.Instrument("?"); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
		t.Error(err)
	}
}

func TestTopics(t *testing.T) {
	perpetual := []market.Listing{listing("BTCUSDT", "BTC-USDT-PERP")}
	options := []market.Listing{listing("BTC-3JAN25-80000-C", "BTC-USDC-250103-80000-C"), listing("BTC-3JAN25-90000-C", "BTC-USDC-250103-90000-C")}
	for name, tc := range map[string]struct {
		c    venue.Config
		want string
	}{
		"best bid and offer is a book of one": {venue.Config{WebSocketURL: "wss://x/v5/public/linear", Channels: []market.Channel{market.ChannelBBO}, BookDepth: 200, Listings: perpetual},
			`"orderbook.1.BTCUSDT"`},
		"next larger depth": {venue.Config{WebSocketURL: "wss://x/v5/public/linear", Channels: []market.Channel{market.ChannelBook, market.ChannelBBO}, BookDepth: 51, Listings: perpetual},
			`"orderbook.200.BTCUSDT"`},
		"trades of options come by base": {venue.Config{WebSocketURL: "wss://x/v5/public/option", Channels: []market.Channel{market.ChannelTrade, market.ChannelBook}, Listings: options},
			`"publicTrade.BTC","orderbook.25.BTC-3JAN25-80000-C","orderbook.25.BTC-3JAN25-90000-C"`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := New(tc.c)
			if err != nil {
				t.Fatal(err)
			}
			if frames := all[0].Subscribe(); len(frames) != 1 || string(frames[0]) != `{"op":"subscribe","args":[`+tc.want+`]}` {
				t.Errorf("\n got %s\nwant %s", frames, tc.want)
			}
		})
	}
}

// TestConnectionsSplit follows more than a connection takes: every topic is asked for once, no
// frame and no connection goes beyond the limits.
func TestConnectionsSplit(t *testing.T) {
	if p := decodeOnly(t); len(p.Subscribe()) != 0 || len(p.Instruments()) != 0 {
		t.Errorf("a decoder that follows nothing subscribes with %s", p.Subscribe())
	}
	var listings []market.Listing
	for n := range 600 {
		listings = append(listings, listing(fmt.Sprintf("C%dUSDT", n), fmt.Sprintf("C%d-USDT", n)))
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelTrade, market.ChannelBook}, Listings: listings})
	if err != nil || len(all) != 3 { // 500 / 2 = 250 a connection
		t.Fatal(len(all), err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		letters := 0
		for _, frame := range p.Subscribe() {
			var request struct {
				Op   string
				Args []string
			}
			if err := json.Unmarshal(frame, &request); err != nil || request.Op != "subscribe" || len(request.Args) > 10 {
				t.Fatalf("%v: %s", err, frame)
			}
			for _, topic := range request.Args {
				letters += len(topic)
				if seen[topic] {
					t.Errorf("%s twice", topic)
				}
				seen[topic] = true
			}
		}
		if letters > 21_000 {
			t.Errorf("topics of %d letters on one connection", letters)
		}
	}
	if len(seen) != 1200 {
		t.Errorf("%d topics, want 1200", len(seen))
	}
}

func TestConfigurationFaults(t *testing.T) {
	book := []market.Channel{market.ChannelBook}
	spotPair, perpetual := listing("BTCUSDT", "BTC-USDT"), listing("ETHUSDT", "ETH-USDT-PERP")
	for name, tc := range map[string]struct {
		c    venue.Config
		part string
	}{
		"depth below zero":            {venue.Config{BookDepth: -1}, "book depth"},
		"depth that nobody has":       {venue.Config{BookDepth: 1001}, "book depth: 1001, want at most 1000"},
		"depth that options have not": {venue.Config{WebSocketURL: "wss://x/v5/public/option", BookDepth: 101}, "want at most 100"},
		"contract at spot":            {venue.Config{Channels: book, Listings: []market.Listing{perpetual}}, "listings: 0 of spot and 1 of contracts"},
		"pair at linear":              {venue.Config{WebSocketURL: "wss://x/v5/public/linear", Channels: book, Listings: []market.Listing{spotPair}}, "listings: 1 of spot"},
		"both":                        {venue.Config{WebSocketURL: "ws://127.0.0.1:1/", Channels: book, Listings: []market.Listing{spotPair, perpetual}}, "listings: 1 of spot and 1"},
	} {
		if _, err := New(tc.c); err == nil || !strings.Contains(err.Error(), tc.part) {
			t.Errorf("%s: %v, want %q", name, err, tc.part)
		}
	}
	// At an address that does not tell, what is followed does.
	all, err := New(venue.Config{WebSocketURL: "ws://127.0.0.1:1/", Channels: book, Listings: []market.Listing{perpetual}})
	if err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, all[0], bookFrame)[0].Origin().Instrument.Name(); got != "BTC-USDT-PERP" {
		t.Error(got)
	}
}

// TestListingsName: a symbol is what the listing of its category says, before any rule.
func TestListingsName(t *testing.T) {
	if _, err := New(venue.Config{Venue: "sim", Listings: []market.Listing{
		{Instrument: market.MustInstrument("sim", "BT-CUSDT"), Symbol: "BTCUSDT"},
		{Instrument: market.MustInstrument("sim", "BITCOIN-USDT-PERP"), Symbol: "BTCUSDT"},
	}}); err == nil {
		t.Fatal("a symbol is taken twice")
	}
	all, err := New(venue.Config{Venue: "sim", Listings: []market.Listing{{Instrument: market.MustInstrument("sim", "BT-CUSDT"), Symbol: "BTCUSDT"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, all[0], spotTicker)[0].Origin().Instrument.String(); got != "sim:BT-CUSDT" {
		t.Error(got)
	}
	if got := decoded(t, all[0], linearTicker)[0].Origin().Instrument.String(); got != "sim:BTC-USDT-PERP" {
		t.Errorf("a listing of spot names a contract: %s", got)
	}
}

func TestSymbols(t *testing.T) {
	for symbol, want := range map[string]string{
		"BTCUSDT": "BTC-USDT", "USDCUSDT": "USDC-USDT", "USDEUSDT": "USDE-USDT", "ETHBTC": "ETH-BTC", "BTC3LUSDT": "BTC3L-USDT", "BTCEUR": "BTC-EUR", "ETHUSDE": "ETH-USDE",
	} {
		if got, ok := pair(symbol); !ok || got != want {
			t.Errorf("spot %s is %s, want %s", symbol, got, want)
		}
		if back := Symbol(market.MustInstrument(Name, want)); back != symbol {
			t.Errorf("%s comes back as %s", symbol, back)
		}
	}
	for symbol, want := range map[string]string{
		"BTCUSDT": "BTC-USDT-PERP", "1000PEPEUSDT": "1000PEPE-USDT-PERP", "BTCPERP": "BTC-USDC-PERP", "BTCUSD": "BTC-USD-PERP",
		"BTCUSDH25": "BTC-USD-250328", "BTCUSDU23": "BTC-USD-230929", "ETHUSDZ25": "ETH-USD-251226", "BTCUSDM22": "BTC-USD-220624",
		"BTC-26DEC25": "BTC-USDC-251226", "BTCUSDT-07FEB25": "BTC-USDT-250207", "BTC-3JAN25-80000-C": "BTC-USDC-250103-80000-C",
		"BTC-26DEC25-80000-P-USDT": "BTC-USDT-251226-80000-P", "XRP-26DEC25-0.55-P-USDT": "XRP-USDT-251226-0.55-P",
	} {
		if got, ok := contract(symbol); !ok || got != want {
			t.Errorf("contract %s is %s, want %s", symbol, got, want)
		}
		if back := Symbol(market.MustInstrument(Name, want)); back != symbol {
			t.Errorf("%s comes back as %s", symbol, back)
		}
		if got, ok := pair(symbol); symbol != "BTCUSDT" && symbol != "1000PEPEUSDT" && (!ok || got != want) {
			t.Errorf("%s is taken for %s on spot, want %s", symbol, got, want)
		}
	}
	for _, symbol := range []string{"", "USDT", "USD", "PERP", "H25", "USDH25", "ABCDEF", "BTC-", "-26DEC25", "BTC-26XXX25", "BTC-26DEC25-80000", "BTC-26DEC25-80000-X",
		"BTC-26DEC25--C", "BTC-31FEB25", "BTCUSDY25", "BTCUSDHXX", "BTC-26DEC25-1-C-USDT-X", "BTC-26DEC25-80000-C-"} {
		if got, ok := contract(symbol); ok {
			t.Errorf("%s is %s", symbol, got)
		}
		if got, ok := pair(symbol); ok {
			t.Errorf("%s is %s on spot", symbol, got)
		}
	}
}

func TestParseListings(t *testing.T) {
	list := func(category, items string) string {
		return `{"retCode":0,"retMsg":"OK","result":{"category":"` + category + `","list":[` + items + `],"nextPageCursor":""},"time":1}`
	}
	const good = `{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","marginTrading":"both",
		"lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.00000001","minOrderQty":"0.000048","maxOrderQty":"71.7","minOrderAmt":"5"},"priceFilter":{"tickSize":"0.01"}}`
	const perpetual = `{"symbol":"SHIB1000USDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"SHIB1000","quoteCoin":"USDT","deliveryTime":"0",
		"priceFilter":{"minPrice":"0.1","tickSize":"0.10"},"lotSizeFilter":{"minNotionalValue":"5","minOrderQty":"0.001","qtyStep":"0.001"}}`
	const future = `{"symbol":"BTCUSDU23","contractType":"InverseFutures","status":"Trading","baseCoin":"BTC","quoteCoin":"USD","deliveryTime":"1695974400000"}`
	const anOption = `{"symbol":"BTC-3JAN25-80000-C","optionsType":"Call","status":"Trading","baseCoin":"BTC","quoteCoin":"USD","settleCoin":"USDC","deliveryTime":"1735891200000"}`
	for _, tc := range []struct{ body, want string }{
		{list("spot", good+`,`+strings.Replace(good, `"Trading"`, `"PreLaunch"`, 1)), "sim:BTC-USDT 0:0.01 0.000001 0.000048 5"},
		{list("spot", good+`,{"symbol":"币USDT","baseCoin":"币","quoteCoin":"USDT","status":"Trading"}`), "sim:BTC-USDT 0:0.01 0.000001 0.000048 5"},
		{list("linear", perpetual), "sim:SHIB1000-USDT-PERP 0:0.1 0.001 0.001 5"},
		{list("inverse", future), "sim:BTC-USD-230929 - 0 0 0"},
		{list("option", anOption), "sim:BTC-USDC-250103-80000-C - 0 0 0"},
	} {
		listings, err := ParseListings("sim", []byte(tc.body))
		if err != nil || len(listings) != 1 {
			t.Fatal(listings, err)
		}
		l := listings[0]
		if got := fmt.Sprint(l.Instrument, " ", l.Ticks, " ", l.LotSize, " ", l.MinQuantity, " ", l.MinNotional); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
		if name, ok := contract(l.Symbol); l.Instrument.Name() != "BTC-USDT" && (!ok || name != l.Instrument.Name()) {
			t.Errorf("the list says %v, the rule %s", l.Instrument, name)
		}
	}
	for body, reason := range map[string]venue.Reason{
		"":                       venue.Syntax,
		"{":                      venue.Syntax,
		"[]":                     venue.Schema,
		"{}":                     venue.Schema,
		list("spot", `{}`):       venue.Schema,
		list("spot", ``):         venue.Schema,
		list("party", good):      venue.Schema,
		list("spot", good) + "x": venue.Syntax,
		list("spot", strings.Replace(good, `"Trading"`, `"Closed"`, 1)):         venue.Schema,
		list("spot", strings.Replace(good, `"0.01"`, `"-1"`, 1)):                venue.Number,
		list("linear", strings.Replace(future, `"1695974400000"`, `"soon"`, 1)): venue.Schema,
		gatewayRefusal: venue.Unsupported,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.60q: %v, want %s", body, err, reason)
		}
	}
	if u := ListingsURL("http://127.0.0.1:1/"); u != "http://127.0.0.1:1/v5/market/instruments-info?category=spot" {
		t.Error(u)
	}
}
