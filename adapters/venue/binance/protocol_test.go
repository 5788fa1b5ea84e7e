package binance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
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
	want := `{"method":"SUBSCRIBE","params":["btcusdt@ticker","btcusdt@bookTicker","btcusdt@depth@100ms","btcusdt@trade"],"id":1}`
	if frames := p.Subscribe(); len(frames) != 1 || string(frames[0]) != want {
		t.Errorf("subscribes with %s", frames)
	}
	if p.URL() != "wss://stream.binance.com:9443/stream" || p.Venue() != Name || p.Lifetime() != 24*time.Hour || p.Silence() != time.Minute {
		t.Errorf("%s %s %v %v", p.URL(), p.Venue(), p.Lifetime(), p.Silence())
	}
	if _, every := p.Ping(); every != 0 {
		t.Errorf("pings every %v, want never", every)
	}
	i := p.Instruments()
	if len(i) != 1 || p.SnapshotURL(i[0]) != "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000" {
		t.Errorf("%v %s", i, p.SnapshotURL(i[0]))
	}
	if u := p.SnapshotURL(market.MustInstrument(Name, "ETH-BTC")); !strings.Contains(u, "symbol=ETHBTC&") {
		t.Errorf("snapshot of what is not followed: %s", u)
	}
}

// TestConnectionsSplit follows more than a connection takes: every stream is asked for once, no
// connection goes beyond the limits, and an instrument's channels stay together.
func TestConnectionsSplit(t *testing.T) {
	var listings []market.Listing
	for n := range 700 {
		listings = append(listings, listing(fmt.Sprintf("C%dUSDT", n), fmt.Sprintf("C%d-USDT", n)))
	}
	channels := []market.Channel{market.ChannelTrade, market.ChannelBook, market.ChannelBBO}
	all, err := New(venue.Config{Channels: channels, Listings: listings})
	if err != nil || len(all) != 3 { // 1024 / 3 = 341 a connection
		t.Fatal(len(all), err)
	}
	seen := map[string]bool{}
	followed := 0
	for _, p := range all {
		streams := 0
		for n, frame := range p.Subscribe() {
			var request struct {
				Params []string
				ID     int
			}
			if err := json.Unmarshal(frame, &request); err != nil || request.ID != n+1 || len(request.Params) > Limits().NamesPerFrame {
				t.Fatalf("%v %s", err, frame)
			}
			streams += len(request.Params)
			for _, s := range request.Params {
				if seen[s] {
					t.Errorf("%s twice", s)
				}
				seen[s] = true
			}
		}
		if streams > 1024 || streams != 3*len(p.Instruments()) {
			t.Errorf("%d streams for %d instruments", streams, len(p.Instruments()))
		}
		followed += len(p.Instruments())
	}
	if followed != 700 || len(seen) != 2100 {
		t.Errorf("%d instruments, %d streams", followed, len(seen))
	}
}

func TestConfigurationFaults(t *testing.T) {
	_, err := New(venue.Config{
		WebSocketURL: "http://x", RESTURL: "ftp://y", BookDepth: -1,
		Channels: []market.Channel{market.ChannelTrade, market.ChannelTrade, 9},
		Listings: []market.Listing{
			{Symbol: "A"}, listing(`A"`, "A-B"), listing("AB", "A-B"), listing("AB", "A-B"),
			{Instrument: market.MustInstrument("upbit", "A-B"), Symbol: "X"},
		},
	})
	if err == nil {
		t.Fatal("taken")
	}
	for _, part := range []string{"websocket url", "rest url", "book depth", "channels: trade", "channels: unknown(9)", "listing 0", "listing 1", "listing 3", "listing 4"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not among the faults:\n%v", part, err)
		}
	}
	if _, err := New(venue.Config{BookDepth: 5001}); err == nil {
		t.Error("a depth that no request gives is taken")
	}
}

func TestDepthLimit(t *testing.T) {
	for depth, want := range map[int]string{0: "1000", 1: "100", 20: "100", 21: "500", 100: "500", 200: "1000", 201: "5000", 5000: "5000"} {
		if got, ok := depthLimit(depth); !ok || got != want {
			t.Errorf("depth %d: limit %s, want %s", depth, got, want)
		}
	}
}

// TestListingsName: a symbol is what the listing says, before any rule, and the venue's name is
// the configuration's.
func TestListingsName(t *testing.T) {
	i := market.MustInstrument("sim", "BT-CUSDT")
	all, err := New(venue.Config{Venue: "sim", WebSocketURL: "ws://127.0.0.1:1/stream", Listings: []market.Listing{{Instrument: i, Symbol: "BTCUSDT"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := one(t, all[0], tradeFrame).Origin().Instrument; got != i {
		t.Errorf("got %v, want %v", got, i)
	}
	if got := one(t, all[0], ackFrame).(message.Notice).Fields().Venue; got != "sim" {
		t.Errorf("notice of %s", got)
	}
	if got := one(t, all[0], aggTradeFrame).Origin().Instrument.String(); got != "sim:ETH-BTC" {
		t.Errorf("got %v", got)
	}
}

// TestWhoseSnapshot: a depth body without a symbol goes to the only instrument there is, else to
// the one whose updates it can be joined to, else to nobody.
func TestWhoseSnapshot(t *testing.T) {
	update := func(symbol string, first, last int) string {
		return fmt.Sprintf(`{"e":"depthUpdate","E":1,"s":"%s","U":%d,"u":%d,"b":[],"a":[["1","1"]]}`, symbol, first, last)
	}
	body := func(id int) string { return fmt.Sprintf(`{"lastUpdateId":%d,"bids":[],"asks":[["1","1"]]}`, id) }
	p := decodeOnly(t)
	whose := func(id int) string {
		events, err := p.Decode(nil, []byte(body(id)), 1)
		if err != nil {
			return "-"
		}
		return events[0].Origin().Instrument.Name()
	}
	expect := func(id int, want string) {
		t.Helper()
		if got := whose(id); got != want {
			t.Errorf("snapshot %d: %s, want %s", id, got, want)
		}
	}
	expect(7, "-")
	one(t, p, update("BTCUSDT", 100, 110))
	expect(7, "BTC-USDT") // the only one
	one(t, p, update("ETHUSDT", 500, 510))
	one(t, p, update("ETHUSDT", 511, 520))
	expect(7, "-")
	expect(98, "-")
	expect(99, "BTC-USDT") // 100 follows it
	expect(110, "BTC-USDT")
	expect(111, "-")
	expect(505, "ETH-USDT")
	expect(520, "ETH-USDT")
	one(t, p, update("ETHUSDT", 600, 610)) // a gap: what came before it cannot be joined
	expect(505, "-")
	expect(605, "ETH-USDT")
	one(t, p, update("BTCUSDT", 600, 700)) // ids that could be either's
	expect(605, "-")
}

func TestDecodeSnapshot(t *testing.T) {
	p, i := decodeOnly(t), market.MustInstrument(Name, "BTC-USDT")
	book, err := p.DecodeSnapshot(i, []byte(restDepthBody), 42)
	if err != nil {
		t.Fatal(err)
	}
	want := must(message.NewBook(message.BookFields{Origin: origin("BTC-USDT", 0), Snapshot: true, LastID: 70000000005},
		[]message.Level{level("36500.11", "1.5"), level("36500.10", "3")}, []message.Level{level("36500.12", "0.75"), level("36500.20", "4")}))
	if book.String() != want.String() {
		t.Errorf("\n got %v\nwant %v", book, want)
	}
	for body, reason := range map[string]venue.Reason{
		refusalFrame:           venue.Unsupported,
		"":                     venue.Syntax,
		"<html>503</html>":     venue.Syntax,
		"{}":                   venue.Schema,
		"[]":                   venue.Schema,
		restDepthBody + "x":    venue.Syntax,
		restDepthBody[:50]:     venue.Syntax,
		`{"lastUpdateId":1}`:   venue.Schema,
		`{"lastUpdateId":"x"}`: venue.Schema,
	} {
		if _, err := p.DecodeSnapshot(i, []byte(body), 42); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.40q: %v, want %s", body, err, reason)
		}
	}
	if _, err := p.DecodeSnapshot(market.Instrument{}, []byte(restDepthBody), 42); err == nil {
		t.Error("a snapshot of no instrument is taken")
	}
}

func TestParseListings(t *testing.T) {
	symbol := func(fields string) string { return `{"symbols":[` + fields + `]}` }
	const good = `{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
		{"filterType":"PRICE_FILTER","tickSize":"0.01000000"},{"filterType":"LOT_SIZE","minQty":"0.00001000","stepSize":"0.00001000"},
		{"filterType":"NOTIONAL","minNotional":"5.00000000"},{"filterType":"NEW","x":[1]}]}`
	listings, err := ParseListings("sim", []byte(symbol(good+`,{"symbol":"币USDT","status":"TRADING","baseAsset":"币","quoteAsset":"USDT"},
		{"symbol":"OLDUSDT","status":"BREAK","baseAsset":"OLD","quoteAsset":"USDT"}`)))
	if err != nil || len(listings) != 1 {
		t.Fatal(listings, err)
	}
	l := listings[0]
	if l.Instrument.String() != "sim:BTC-USDT" || l.Ticks.String() != "0:0.01" || l.LotSize.String() != "0.00001" || l.MinNotional.String() != "5" {
		t.Errorf("%+v", l)
	}
	for body, reason := range map[string]venue.Reason{
		"":                                 venue.Syntax,
		"{":                                venue.Syntax,
		"[]":                               venue.Schema,
		"{}":                               venue.Schema,
		symbol(`{}`):                       venue.Schema,
		symbol(`{"symbol":5}`):             venue.Schema,
		refusalFrame:                       venue.Unsupported,
		strings.Repeat(" ", 64<<20) + "{}": venue.TooLarge,
		symbol(strings.Replace(good, `"0.01000000"`, `"-1"`, 1)): venue.Number,
		symbol(strings.Replace(good, `"TRADING"`, `"HALT"`, 1)):  venue.Schema,
		symbol(good) + "x": venue.Syntax,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.60q: %v, want %s", body, err, reason)
		}
	}
}

func TestSymbolsSplit(t *testing.T) {
	for symbol, want := range map[string]string{
		"BTCUSDT": "BTC-USDT", "BTCFDUSD": "BTC-FDUSD", "USDCUSDT": "USDC-USDT", "BNBBUSD": "BNB-BUSD", "ETHBTC": "ETH-BTC", "WBTCBTC": "WBTC-BTC",
		"BTCTRY": "BTC-TRY", "BTCJPY": "BTC-JPY", "1000SATSUSDT": "1000SATS-USDT", "BTCIDRT": "BTC-IDRT", "ADAEUR": "ADA-EUR",
		"BTCUSD_PERP": "BTC-USD-PERP", "BNBUSD_PERP": "BNB-USD-PERP", "DOTUSD_PERP": "DOT-USD-PERP",
		"BTCUSD_210625": "BTC-USD-210625", "BTCUSDT_210625": "BTC-USDT-210625", "DOTUSD_210625": "DOT-USD-210625",
	} {
		if got, ok := canonical(symbol); !ok || got != want {
			t.Errorf("%s splits to %s, want %s", symbol, got, want)
		}
	}
	for _, symbol := range []string{"", "USDT", "BTC", "XYZ", "BTCUSDT_PERP", "USD_PERP", "BTCUSD_", "BTCUSD_21062", "BTCUSD_21062X", "_210625"} {
		if got, ok := canonical(symbol); ok {
			t.Errorf("%s splits to %s", symbol, got)
		}
	}
}

func TestNoSnapshotsWhereNoBooksAreFollowed(t *testing.T) {
	i := market.MustInstrument(Name, "BTC-USDT")
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelTrade}, Listings: []market.Listing{{Instrument: i, Symbol: "BTCUSDT"}}})
	if err != nil {
		t.Fatal(err)
	}
	if u := all[0].SnapshotURL(i); u != "" {
		t.Errorf("a connection that follows trades asks for %s", u)
	}
}

func TestDeepSnapshotsAreAskedForLessOften(t *testing.T) {
	for depth, want := range map[int]time.Duration{0: time.Second, 20: 100 * time.Millisecond, 100: 500 * time.Millisecond, 5000: 5 * time.Second} {
		all, err := New(venue.Config{BookDepth: depth})
		if err != nil {
			t.Fatal(err)
		}
		if got := all[0].SnapshotEvery(); got != want {
			t.Errorf("depth %d: every %v, want %v", depth, got, want)
		}
	}
}
