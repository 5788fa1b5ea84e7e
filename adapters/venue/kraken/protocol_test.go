package kraken

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

func listing(symbol, name string) market.Listing {
	return market.Listing{Instrument: market.MustInstrument(Name, name), Symbol: symbol}
}

func TestSubscription(t *testing.T) {
	listings := []market.Listing{listing("BTC/USD", "BTC-USD"), listing("AAPLx/USD", "AAPLX-USD")}
	for name, tc := range map[string]struct {
		channels []market.Channel
		depth    int
		want     []string
	}{
		"all": {[]market.Channel{market.ChannelBook, market.ChannelBBO, market.ChannelTrade, market.ChannelTicker}, 0, []string{
			`{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","AAPLx/USD"],"event_trigger":"bbo"},"req_id":1}`,
			`{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","AAPLx/USD"]},"req_id":2}`,
			`{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","AAPLx/USD"],"depth":10},"req_id":3}`,
		}},
		"ticker": {[]market.Channel{market.ChannelTicker}, 0, []string{
			`{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","AAPLx/USD"]},"req_id":1}`,
		}},
		"next larger depth": {[]market.Channel{market.ChannelBook}, 101, []string{
			`{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","AAPLx/USD"],"depth":500},"req_id":1}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := New(venue.Config{Channels: tc.channels, Listings: listings, BookDepth: tc.depth})
			if err != nil || len(all) != 1 {
				t.Fatal(len(all), err)
			}
			frames := all[0].Subscribe()
			if len(frames) != len(tc.want) {
				t.Fatalf("%d frames, want %d: %s", len(frames), len(tc.want), frames)
			}
			for i, want := range tc.want {
				if string(frames[i]) != want {
					t.Errorf("\n got %s\nwant %s", frames[i], want)
				}
			}
		})
	}
}

func TestResubscribe(t *testing.T) {
	listings := []market.Listing{listing("AAPLx/USD", "AAPLX-USD")}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelBook}, BookDepth: 100, Listings: listings})
	if err != nil {
		t.Fatal(err)
	}
	got := all[0].Resubscribe(listings[0].Instrument)
	want := []string{
		`{"method":"unsubscribe","params":{"channel":"book","symbol":["AAPLx/USD"],"depth":100},"req_id":1000000}`,
		`{"method":"subscribe","params":{"channel":"book","symbol":["AAPLx/USD"],"depth":100},"req_id":1000001}`,
	}
	if len(got) != 2 || string(got[0]) != want[0] || string(got[1]) != want[1] {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := all[0].Resubscribe(market.MustInstrument(Name, "BTC-USD")); got != nil {
		t.Errorf("a book that is not followed: %s", got)
	}
	if all, err = New(venue.Config{Channels: []market.Channel{market.ChannelTicker}, Listings: listings}); err != nil {
		t.Fatal(err)
	}
	if got := all[0].Resubscribe(listings[0].Instrument); got != nil {
		t.Errorf("books are not followed: %s", got)
	}
}

func TestConnections(t *testing.T) {
	if p := decodeOnly(t); len(p.Subscribe()) != 0 || len(p.Instruments()) != 0 || p.URL() != "wss://ws.kraken.com/v2" || p.Venue() != Name {
		t.Errorf("decoder that follows nothing: %s %s", p.URL(), p.Subscribe())
	}
	var listings []market.Listing
	for n := range 250 {
		listings = append(listings, listing(fmt.Sprintf("C%d/USD", n), fmt.Sprintf("C%d-USD", n)))
	}
	channels := []market.Channel{market.ChannelBook, market.ChannelTrade}
	all, err := New(venue.Config{Channels: channels, Listings: listings, WebSocketURL: "ws://127.0.0.1:1/x"})
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if p.URL() != "ws://127.0.0.1:1/x" || len(p.Instruments()) > 100 {
			t.Errorf("connection of %d instruments to %s", len(p.Instruments()), p.URL())
		}
		for n, frame := range p.Subscribe() {
			var request struct {
				Params struct {
					Channel string
					Symbol  []string
				}
				ID int `json:"req_id"`
			}
			if err := json.Unmarshal(frame, &request); err != nil || request.ID != n+1 || len(request.Params.Symbol) > Limits().NamesPerFrame {
				t.Fatalf("%v %s", err, frame)
			}
			for _, s := range request.Params.Symbol {
				if key := request.Params.Channel + s; seen[key] {
					t.Errorf("%s twice", key)
				} else {
					seen[key] = true
				}
			}
		}
		frame, every := p.Ping()
		if string(frame) != `{"method":"ping"}` || every <= 0 || p.Silence() < 2*every || p.Lifetime() != 0 || p.SendEvery() <= 0 || p.ConnectEvery() < 4*time.Second {
			t.Errorf("ping %s every %v, silence %v, lifetime %v", frame, every, p.Silence(), p.Lifetime())
		}
	}
	if len(seen) != 500 {
		t.Errorf("%d streams are followed, want 500", len(seen))
	}
}

func TestConfigurationFault(t *testing.T) {
	for depth, fault := range map[int]string{-1: "book depth", 1001: "at most 1000"} {
		if _, err := New(venue.Config{BookDepth: depth}); err == nil || !strings.Contains(err.Error(), fault) {
			t.Error(err)
		}
	}
}

// TestSpellings: both versions' symbols of a pair are the same instrument, also under a name that
// the listings give.
func TestSpellings(t *testing.T) {
	all, err := New(venue.Config{Venue: "sim", Listings: []market.Listing{{Instrument: market.MustInstrument("sim", "B-USD"), Symbol: "BTC/USD"}}})
	if err != nil {
		t.Fatal(err)
	}
	for symbol, want := range map[string]string{"BTC/USD": "sim:B-USD", "XBT/USD": "sim:B-USD", "XDG/XBT": "sim:DOGE-BTC", "DOGE/BTC": "sim:DOGE-BTC",
		"ETH/XBT": "sim:ETH-BTC", "AAPLx/USD": "sim:AAPLX-USD", "WXBT/USD": "sim:WXBT-USD"} {
		if i, err := all[0].Instrument(symbol); err != nil || i.String() != want {
			t.Errorf("%s: %v, %v; want %s", symbol, i, err, want)
		}
	}
	for _, symbol := range []string{"", "/", "BTC/", "/USD", "BTCUSD", "BTC/USD/EUR", "BTC-USD"} {
		if i, err := all[0].Instrument(symbol); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
			t.Errorf("%q: %v, %v", symbol, i, err)
		}
	}
	if got := decode(t, all[0], ack1Frame)[0].(message.Notice).Fields().Venue; got != "sim" {
		t.Errorf("notice of %s", got)
	}
}

func TestTimes(t *testing.T) {
	text := func(s string) venue.Token { return venue.Token{Text: []byte(s), Kind: scan.String} }
	for s, want := range map[string]market.Timestamp{
		"1534614057.321597": 1534614057321597000, "1534614057": 1534614057e9, "0.5": 5e8, "1700000000.1234567899": 1700000000123456789,
	} {
		if got, err := seconds(text(s), "f"); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"x", ".5", "1.", "1.5x", "-1", "1e9", "9214646400", "99999999999999999999", "1700000000123"} {
		if got, err := seconds(text(s), "f"); err == nil {
			t.Errorf("%s: %v", s, got)
		}
	}
	for _, s := range []string{"2023-11-14T22:13:20Z", "2023-11-14T22:13:20.1Z", "2024-02-29T23:59:59.123456789Z", "2023-12-31T00:00:00.000001Z", "2023-11-15T07:13:20+09:00", "1970-01-01T00:00:01Z"} {
		want, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rfc3339(text(s), "f"); err != nil || got != market.TimestampOf(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"2023-02-30T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01", "0001-01-01T00:00:00Z", "2262-01-01T00:00:00Z", "Z",
		"2023-11-14T22:13:20.Z", "2023-11-14T22:13:20xZ", "2023-11-1xT22:13:20Z"} {
		if got, err := rfc3339(text(s), "f"); err == nil {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestParseListings(t *testing.T) {
	body := func(pairs string) []byte { return []byte(`{"error":[],"result":{` + pairs + `}}`) }
	const good = `"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":1,"lot_decimals":8,"ordermin":"0.00005","costmin":"0.5","tick_size":"0.5","status":"online"}`
	listings, err := ParseListings("sim", body(good+`,"XBTUSD.d":{"altname":"XBTUSD.d","pair_decimals":1,"lot_decimals":8},
		"AAPLxUSD":{"wsname":"AAPLx/USD","pair_decimals":2,"lot_decimals":8,"status":"post_only"},
		"OLDUSD":{"wsname":"OLD/USD","pair_decimals":2,"lot_decimals":8,"status":"cancel_only"}`))
	if err != nil || len(listings) != 2 {
		t.Fatal(listings, err)
	}
	a, b := listings[0], listings[1]
	if a.Instrument.String() != "sim:AAPLX-USD" || a.Symbol != "AAPLx/USD" || a.Ticks.String() != "0:0.01" {
		t.Errorf("%+v", a)
	}
	if b.Instrument.String() != "sim:BTC-USD" || b.Symbol != "BTC/USD" || b.Ticks.String() != "0:0.5" || b.LotSize.String() != "0.00000001" ||
		b.MinQuantity.String() != "0.00005" || b.MinNotional.String() != "0.5" {
		t.Errorf("%+v", b)
	}
	for text, reason := range map[string]venue.Reason{
		"":                                   venue.Syntax,
		"{":                                  venue.Syntax,
		"[]":                                 venue.Schema,
		"{}":                                 venue.Schema,
		`{"error":["EService:Unavailable"]}`: venue.Unsupported,
		string(body(`"X":{"wsname":5}`)):     venue.Schema,
		string(body(`"X":{"wsname":"BTC"}`)): venue.Schema,
		string(body(`"X":{"wsname":"비트/KRW"}`)):                                               venue.Schema,
		string(body(strings.Replace(good, `"0.5","status"`, `"-1","status"`, 1))):             venue.Number,
		string(body(strings.Replace(good, `"lot_decimals":8`, `"lot_decimals":99`, 1))):       venue.Number,
		string(body(strings.Replace(good, `"lot_decimals":8`, `"lot_decimals":-1`, 1))):       venue.Number,
		string(body(strings.Replace(good, `"lot_decimals":8`, `"lot_decimals":"many"`, 1))):   venue.Schema,
		string(body(strings.Replace(good, `"ordermin":"0.00005"`, `"ordermin":"little"`, 1))): venue.Syntax,
		string(body(good)) + "x": venue.Syntax,
	} {
		if _, err := ParseListings(Name, []byte(text)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.80q: %v, want %s", text, err, reason)
		}
	}
	if u := ListingsURL("http://127.0.0.1:1/"); u != "http://127.0.0.1:1/0/public/AssetPairs" {
		t.Error(u)
	}
	if u := ListingsURL(""); u != "https://api.kraken.com/0/public/AssetPairs" {
		t.Error(u)
	}
}
