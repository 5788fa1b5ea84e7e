package bithumb

import (
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

func TestSubscription(t *testing.T) {
	listings := []market.Listing{listing("KRW-BTC", "BTC-KRW"), listing("BTC-ETH", "ETH-BTC")}
	for name, tc := range map[string]struct {
		channels []market.Channel
		depth    int
		want     string
	}{
		"all": {[]market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade}, 0,
			`[{"ticket":"maru-0"},{"type":"ticker","codes":["KRW-BTC","BTC-ETH"]},{"type":"trade","codes":["KRW-BTC","BTC-ETH"]},{"type":"orderbook","codes":["KRW-BTC","BTC-ETH"]},{"format":"SIMPLE"}]`},
		"best bid and offer is a book of one": {[]market.Channel{market.ChannelBBO}, 15,
			`[{"ticket":"maru-0"},{"type":"orderbook","codes":["KRW-BTC.1","BTC-ETH.1"]},{"format":"SIMPLE"}]`},
		"any depth": {[]market.Channel{market.ChannelBook}, 6,
			`[{"ticket":"maru-0"},{"type":"orderbook","codes":["KRW-BTC.6","BTC-ETH.6"]},{"format":"SIMPLE"}]`},
		"largest depth": {[]market.Channel{market.ChannelBook}, 1000,
			`[{"ticket":"maru-0"},{"type":"orderbook","codes":["KRW-BTC","BTC-ETH"]},{"format":"SIMPLE"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := New(venue.Config{Channels: tc.channels, Listings: listings, BookDepth: tc.depth})
			if err != nil || len(all) != 1 {
				t.Fatal(len(all), err)
			}
			if frames := all[0].Subscribe(); len(frames) != 1 || string(frames[0]) != tc.want {
				t.Errorf("\n got %s\nwant %s", frames, tc.want)
			}
		})
	}
}

func TestConnections(t *testing.T) {
	if p := decodeOnly(t); p.Subscribe() != nil || len(p.Instruments()) != 0 || p.URL() != "wss://ws-api.bithumb.com/websocket/v1" || p.Venue() != Name {
		t.Errorf("decoder that follows nothing: %s %s", p.URL(), p.Subscribe())
	}
	var listings []market.Listing
	for n := range 493 {
		listings = append(listings, listing(fmt.Sprintf("KRW-C%d", n), fmt.Sprintf("C%d-KRW", n)))
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelBook}, Listings: listings, WebSocketURL: "ws://127.0.0.1:1/x"})
	if err != nil || len(all) != 2 {
		t.Fatal(len(all), err)
	}
	seen := map[market.Instrument]bool{}
	for _, p := range all {
		if n := len(p.Instruments()); n > 250 || strings.Count(string(p.Subscribe()[0]), "KRW-C") != n || p.URL() != "ws://127.0.0.1:1/x" {
			t.Errorf("connection of %d instruments to %s", n, p.URL())
		}
		for _, i := range p.Instruments() {
			seen[i] = true
		}
		if frame, every := p.Ping(); frame != nil || every <= 0 || every >= time.Minute || p.Silence() > time.Minute || p.Lifetime() != 0 {
			t.Errorf("ping %s every %v, silence %v, lifetime %v: the server cuts after 60 s", frame, every, p.Silence(), p.Lifetime())
		}
		if p.SendEvery() != 0 {
			t.Errorf("sends every %v: no limit is known", p.SendEvery())
		}
		if p.ConnectEvery() < 100*time.Millisecond {
			t.Errorf("connects every %v: beyond 10 a second the address is blocked", p.ConnectEvery())
		}
	}
	if len(seen) != 493 {
		t.Errorf("%d instruments are followed, want 493", len(seen))
	}
}

func TestConfigurationFault(t *testing.T) {
	if _, err := New(venue.Config{BookDepth: -1}); err == nil || !strings.Contains(err.Error(), "bithumb: configuration: book depth") {
		t.Error(err)
	}
}

func TestListings(t *testing.T) {
	body := `[{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_warning":"NONE"},{"market":"BTC-ETH"},{"market":"KRW-비트"}]`
	listings, err := ParseListings("sim", []byte(body))
	if err != nil || len(listings) != 2 || listings[0].Instrument.String() != "sim:BTC-KRW" || listings[1].Symbol != "BTC-ETH" ||
		listings[0].Ticks.IsZero() || !listings[1].Ticks.IsZero() {
		t.Error(listings, err)
	}
	for body, reason := range map[string]venue.Reason{
		"":                       venue.Syntax,
		"{}":                     venue.Schema,
		"[]":                     venue.Schema,
		`[{"market":5}]`:         venue.Schema,
		`[{"market":"BTC"}]`:     venue.Instrument,
		`{"error":{"name":"x"}}`: venue.Schema,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%q: %v, want %s", body, err, reason)
		}
	}
	if u := ListingsURL(""); u != "https://api.bithumb.com/v1/market/all" {
		t.Error(u)
	}
}

func TestInstrument(t *testing.T) {
	p := decodeOnly(t)
	for symbol, want := range map[string]string{"KRW-ADA": "bithumb:ADA-KRW", "ADA_KRW": "bithumb:ADA-KRW", "BTC-ETH": "bithumb:ETH-BTC", "KRW-ADA.15": "bithumb:ADA-KRW"} {
		if i, err := p.Instrument(symbol); err != nil || i.String() != want {
			t.Error(symbol, i, err)
		}
	}
	for _, symbol := range []string{"?", "-BTC", "KRW-", "_KRW", "BTC_", "BTC_KRW_X", "KRW-.5", strings.Repeat("X", 99)} {
		if i, err := p.Instrument(symbol); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
			t.Error(symbol, i, err)
		}
	}
}
