package upbit

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
		"next larger depth": {[]market.Channel{market.ChannelBook}, 6,
			`[{"ticket":"maru-0"},{"type":"orderbook","codes":["KRW-BTC.15","BTC-ETH.15"]},{"format":"SIMPLE"}]`},
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
	if p := decodeOnly(t); p.Subscribe() != nil || len(p.Instruments()) != 0 || p.URL() != "wss://api.upbit.com/websocket/v1" {
		t.Errorf("decoder that follows nothing: %s %s", p.URL(), p.Subscribe())
	}
	var listings []market.Listing
	for n := range 855 {
		listings = append(listings, listing(fmt.Sprintf("KRW-C%d", n), fmt.Sprintf("C%d-KRW", n)))
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelBook}, Listings: listings, WebSocketURL: "ws://127.0.0.1:1/x"})
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	seen := map[market.Instrument]bool{}
	for _, p := range all {
		if n := len(p.Instruments()); n != 285 || strings.Count(string(p.Subscribe()[0]), "KRW-C") != n || p.URL() != "ws://127.0.0.1:1/x" {
			t.Errorf("connection of %d instruments to %s", n, p.URL())
		}
		for _, i := range p.Instruments() {
			seen[i] = true
		}
		if frame, every := p.Ping(); frame != nil || every <= 0 || every >= time.Minute || p.Silence() > time.Minute || p.Lifetime() != 0 {
			t.Errorf("ping %s every %v, silence %v, lifetime %v: the server cuts after 60 s", frame, every, p.Silence(), p.Lifetime())
		}
	}
	if len(seen) != 855 {
		t.Errorf("%d instruments are followed, want 855", len(seen))
	}
}

func TestConfigurationFault(t *testing.T) {
	if _, err := New(venue.Config{BookDepth: -1}); err == nil || !strings.Contains(err.Error(), "book depth") {
		t.Error(err)
	}
}

func TestParseListingsRefuses(t *testing.T) {
	for body, reason := range map[string]venue.Reason{
		"":                        venue.Syntax,
		"[":                       venue.Syntax,
		"{}":                      venue.Schema,
		"[]":                      venue.Schema,
		"[{}]":                    venue.Schema,
		`[{"market":5}]`:          venue.Schema,
		`[{"market":"BTC"}]`:      venue.Instrument,
		`[{"market":"KRW-BTC"}]x`: venue.Syntax,
		"[{\"market\":\"\xff\"}]": venue.Encoding,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%q: %v, want %s", body, err, reason)
		}
	}
	listings, err := ParseListings("sim", []byte(`[{"market":"KRW-비트"},{"market":"KRW-BTC"}]`))
	if err != nil || len(listings) != 1 || listings[0].Instrument.String() != "sim:BTC-KRW" {
		t.Error(listings, err)
	}
	if u := ListingsURL("http://127.0.0.1:1/"); u != "http://127.0.0.1:1/v1/market/all" {
		t.Error(u)
	}
}

func TestInstrument(t *testing.T) {
	p := decodeOnly(t)
	if i, err := p.Instrument("USDT-ADA"); err != nil || i.String() != "upbit:ADA-USDT" {
		t.Error(i, err)
	}
	if _, err := p.Instrument("?"); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
		t.Error(err)
	}
}
