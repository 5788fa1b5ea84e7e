package gate

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

func TestConnection(t *testing.T) {
	all, err := New(venue.Config{
		Channels: []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade},
		Listings: []market.Listing{listing("BTC_USDT", "BTC-USDT"), listing("ETH_BTC", "ETH-BTC")},
	})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	p := all[0]
	want := []string{
		`{"id":1,"channel":"spot.tickers","event":"subscribe","payload":["BTC_USDT","ETH_BTC"]}`,
		`{"id":2,"channel":"spot.book_ticker","event":"subscribe","payload":["BTC_USDT","ETH_BTC"]}`,
		`{"id":3,"channel":"spot.order_book_update","event":"subscribe","payload":["BTC_USDT","100ms"]}`,
		`{"id":4,"channel":"spot.order_book_update","event":"subscribe","payload":["ETH_BTC","100ms"]}`,
		`{"id":5,"channel":"spot.trades","event":"subscribe","payload":["BTC_USDT","ETH_BTC"]}`,
	}
	frames := p.Subscribe()
	if len(frames) != len(want) {
		t.Fatalf("subscribes with %s", frames)
	}
	for i := range want {
		if string(frames[i]) != want[i] {
			t.Errorf("\n got %s\nwant %s", frames[i], want[i])
		}
	}
	const stamped = `{"time":1700000059,"id":1,"channel":"spot.tickers","event":"subscribe","payload":["BTC_USDT","ETH_BTC"]}`
	if got := p.Stamp(frames[0], 1_700_000_059_999_999_999); string(got) != stamped || string(frames[0]) != want[0] {
		t.Errorf("stamped %s\nof %s", got, frames[0])
	}
	if frame, every := p.Ping(); frame != nil || every <= 0 || p.Silence() < 2*every || p.Lifetime() != 0 {
		t.Errorf("ping %s every %v, silence %v, lifetime %v", frame, every, p.Silence(), p.Lifetime())
	}
	if p.URL() != "wss://api.gateio.ws/ws/v4/" || p.Venue() != Name || p.SendEvery() <= 0 || p.ConnectEvery() <= 0 || p.SnapshotEvery() < 50*time.Millisecond {
		t.Errorf("%s %s", p.URL(), p.Venue())
	}
	const url = "https://api.gateio.ws/api/v4/spot/order_book?currency_pair=%s&limit=100&with_id=true"
	for name, symbol := range map[string]string{"BTC-USDT": "BTC_USDT", "DOGE-USDT": "DOGE_USDT"} {
		if got := p.SnapshotURL(market.MustInstrument(Name, name)); got != fmt.Sprintf(url, symbol) {
			t.Errorf("snapshot of %s: %s", name, got)
		}
	}
}

func TestConnectionsSplit(t *testing.T) {
	if p := decodeOnly(t); len(p.Subscribe()) != 0 || len(p.Instruments()) != 0 || p.SnapshotURL(market.MustInstrument(Name, "A-B")) == "" {
		t.Errorf("decoder that follows nothing: %s %s", p.URL(), p.Subscribe())
	}
	var listings []market.Listing
	for n := range 250 {
		listings = append(listings, listing(fmt.Sprintf("C%d_USDT", n), fmt.Sprintf("C%d-USDT", n)))
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelTrade}, Listings: listings, WebSocketURL: "ws://127.0.0.1:1/x"})
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if p.URL() != "ws://127.0.0.1:1/x" || len(p.Instruments()) > 100 || p.SnapshotURL(p.Instruments()[0]) != "" {
			t.Errorf("connection of %d instruments to %s, without books %q", len(p.Instruments()), p.URL(), p.SnapshotURL(p.Instruments()[0]))
		}
		for n, frame := range p.Subscribe() {
			var request struct {
				ID      int
				Payload []string
			}
			if err := json.Unmarshal(frame, &request); err != nil || request.ID != n+1 || len(request.Payload) > Limits().NamesPerFrame {
				t.Fatalf("%v %s", err, frame)
			}
			for _, s := range request.Payload {
				if seen[s] {
					t.Errorf("%s twice", s)
				}
				seen[s] = true
			}
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d streams are followed, want 250", len(seen))
	}
}

func TestConfigurationFault(t *testing.T) {
	for depth, fault := range map[int]string{-1: "book depth", 101: "at most 100"} {
		if _, err := New(venue.Config{BookDepth: depth}); err == nil || !strings.Contains(err.Error(), fault) {
			t.Error(err)
		}
	}
}

// TestListingsName: the listings say which instrument a symbol is, and the venue's name is the
// configuration's.
func TestListingsName(t *testing.T) {
	i := market.MustInstrument("sim", "B-USDT")
	all, err := New(venue.Config{Venue: "sim", Listings: []market.Listing{{Instrument: i, Symbol: "BTC_USDT"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, all[0], obuSnapshot)[0].Origin().Instrument; got != i {
		t.Errorf("got %v, want %v", got, i)
	}
	if got := decode(t, all[0], ackFrame)[0].(message.Notice).Fields().Venue; got != "sim" {
		t.Errorf("notice of %s", got)
	}
	if got, err := all[0].Instrument("BTC3L_USDT"); err != nil || got.String() != "sim:BTC3L-USDT" {
		t.Error(got, err)
	}
	for _, symbol := range []string{"", "_", "BTC", "BTC_", "_USDT", "BTC_USDT_20210625", "BTC-USDT"} {
		if got, err := all[0].Instrument(symbol); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
			t.Errorf("%q: %v, %v", symbol, got, err)
		}
	}
}

func TestDecodeSnapshot(t *testing.T) {
	p, i := decodeOnly(t), market.MustInstrument(Name, "BTC-USDT")
	got, err := p.DecodeSnapshot(i, []byte(restBody), 42)
	if err != nil {
		t.Fatal(err)
	}
	want := book(message.BookFields{Origin: origin("BTC-USDT", 263), Snapshot: true, LastID: 48776305},
		levels(level("150", "1"), level("100", "10")), levels(level("200", "1"), level("250", "10")))[0].(message.Book)
	if !got.Equal(want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
	for body, reason := range map[string]venue.Reason{
		refusalBody:                      venue.Unsupported,
		"":                               venue.Syntax,
		"<html>503</html>":               venue.Syntax,
		"{}":                             venue.Schema,
		"[]":                             venue.Schema,
		restBody + "x":                   venue.Syntax,
		restBody[:50]:                    venue.Syntax,
		`{"id":1}`:                       venue.Schema,
		`{"id":"x","bids":[],"asks":[]}`: venue.Number,
		`{"bids":[],"asks":[]}`:          venue.Schema,
		`{"id":1,"bids":[1],"asks":[]}`:  venue.Schema,
		`{"id":1,"update":-1,"bids":[],"asks":[]}`: venue.Number,
	} {
		if _, err := p.DecodeSnapshot(i, []byte(body), 42); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.40q: %v, want %s", body, err, reason)
		}
	}
	if _, err := p.DecodeSnapshot(market.Instrument{}, []byte(restBody), 42); err == nil {
		t.Error("a snapshot of no instrument is taken")
	}
}

func TestTimes(t *testing.T) {
	token := func(s string) venue.Token { return venue.Token{Text: []byte(s), Kind: scan.String} }
	for s, want := range map[string]market.Timestamp{
		"1700000000213.4578": second + 213457800, "1700000000213": second + 213e6, "1700000000213.123456789": second + 213123456, "0": 0, "0.5": 5e5,
	} {
		if got, err := milliseconds(token(s), "f"); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
	for s, want := range map[string]market.Timestamp{"1700000000": second, "1700000000.25": second + 250e6, "9214646399": 9214646399e9} {
		if got, err := seconds(token(s), "f"); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"x", ".5", "1.", "1.x", "1.5x", "-1", "1e9", "9214646400", "99999999999999999999"} {
		if got, err := seconds(token(s), "f"); err == nil {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestParseListings(t *testing.T) {
	const good = `{"id":"BTC_USDT","base":"BTC","base_name":"Bitcoin","quote":"USDT","fee":"0.2","min_base_amount":"0.00001","min_quote_amount":"3","amount_precision":6,"precision":1,"trade_status":"tradable","sell_start":0,"buy_start":0}`
	listings, err := ParseListings("sim", []byte(`[`+good+`,{"id":"币_USDT","base":"币","quote":"USDT","trade_status":"tradable"},
		{"id":"OLD_USDT","base":"OLD","quote":"USDT","trade_status":"untradable"},{"id":"NEW_USDT","base":"NEW","quote":"USDT","trade_status":"buyable"}]`))
	if err != nil || len(listings) != 1 {
		t.Fatal(listings, err)
	}
	l := listings[0]
	if l.Instrument.String() != "sim:BTC-USDT" || l.Symbol != "BTC_USDT" || l.Ticks.String() != "0:0.1" || l.LotSize.String() != "0.000001" ||
		l.MinQuantity.String() != "0.00001" || l.MinNotional.String() != "3" {
		t.Errorf("%+v", l)
	}
	for body, reason := range map[string]venue.Reason{
		"":           venue.Syntax,
		"[":          venue.Syntax,
		"{}":         venue.Schema,
		"[]":         venue.Schema,
		"[{}]":       venue.Schema,
		refusalBody:  venue.Unsupported,
		`[{"id":5}]`: venue.Schema,
		"[" + strings.Replace(good, `"tradable"`, `"untradable"`, 1) + "]":      venue.Schema,
		"[" + strings.Replace(good, `"precision":1`, `"precision":-1`, 1) + "]": venue.Number,
		"[" + strings.Replace(good, `"precision":1`, `"precision":19`, 1) + "]": venue.Number,
		"[" + strings.Replace(good, `"3"`, `"-3"`, 1) + "]":                     venue.Number,
		"[" + good + "]x": venue.Syntax,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.60q: %v, want %s", body, err, reason)
		}
	}
	if u := ListingsURL("http://127.0.0.1:1/"); u != "http://127.0.0.1:1/api/v4/spot/currency_pairs" {
		t.Error(u)
	}
	if u := ListingsURL(""); u != "https://api.gateio.ws/api/v4/spot/currency_pairs" {
		t.Error(u)
	}
}
