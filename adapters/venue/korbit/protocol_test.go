package korbit

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
	listings := []market.Listing{listing("btc_krw", "BTC-KRW"), listing("eth_btc", "ETH-BTC")}
	for name, tc := range map[string]struct {
		channels []market.Channel
		want     string
	}{
		"all": {[]market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade},
			`[{"requestId":1,"method":"subscribe","type":"ticker","symbols":["btc_krw","eth_btc"]},{"requestId":2,"method":"subscribe","type":"trade","symbols":["btc_krw","eth_btc"]},{"requestId":3,"method":"subscribe","type":"orderbook","symbols":["btc_krw","eth_btc"]}]`},
		"best bid and offer is the book": {[]market.Channel{market.ChannelBBO},
			`[{"requestId":1,"method":"subscribe","type":"orderbook","symbols":["btc_krw","eth_btc"]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := New(venue.Config{Channels: tc.channels, Listings: listings, BookDepth: 5})
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
	if p := decodeOnly(t); p.Subscribe() != nil || len(p.Instruments()) != 0 || p.URL() != "wss://ws-api.korbit.co.kr/v2/public" || p.Venue() != Name {
		t.Errorf("decoder that follows nothing: %s %s", p.URL(), p.Subscribe())
	}
	var listings []market.Listing
	for n := range 201 {
		listings = append(listings, listing(fmt.Sprintf("c%d_krw", n), fmt.Sprintf("C%d-KRW", n)))
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelBook}, Listings: listings, WebSocketURL: "ws://127.0.0.1:1/x"})
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	seen := map[market.Instrument]bool{}
	for _, p := range all {
		if n := len(p.Instruments()); n != 67 || strings.Count(string(p.Subscribe()[0]), "_krw") != n || p.URL() != "ws://127.0.0.1:1/x" {
			t.Errorf("connection of %d instruments to %s", n, p.URL())
		}
		for _, i := range p.Instruments() {
			seen[i] = true
		}
		if frame, every := p.Ping(); frame != nil || every <= 0 || every > 15*time.Second || p.Silence() <= every || p.Lifetime() != 0 || p.SendEvery() != 0 {
			t.Errorf("ping %s every %v, silence %v, lifetime %v, sends every %v", frame, every, p.Silence(), p.Lifetime(), p.SendEvery())
		}
		if p.ConnectEvery() <= 0 {
			t.Errorf("connects every %v", p.ConnectEvery())
		}
	}
	if len(seen) != 201 {
		t.Errorf("%d instruments are followed, want 201", len(seen))
	}
}

func TestConfigurationFault(t *testing.T) {
	if _, err := New(venue.Config{BookDepth: -1}); err == nil || !strings.Contains(err.Error(), "korbit: configuration: book depth") {
		t.Error(err)
	}
}

func TestListings(t *testing.T) {
	body := `{"success":true,"data":[{"symbol":"btc_krw","status":"launched"},{"symbol":"old_krw","status":"stopped"},{"symbol":"비트_krw","status":"launched"}]}`
	listings, err := ParseListings("sim", []byte(body))
	if err != nil || len(listings) != 1 || listings[0].Instrument.String() != "sim:BTC-KRW" || listings[0].Symbol != "btc_krw" {
		t.Error(listings, err)
	}
	for body, reason := range map[string]venue.Reason{
		"":                          venue.Syntax,
		"[]":                        venue.Schema,
		"{}":                        venue.Schema,
		`{"success":true}`:          venue.Schema,
		`{"success":"yes"}`:         venue.Schema,
		`{"data":[{"symbol":""}]}`:  venue.Schema,
		`{"data":[{"symbol":"x"}]}`: venue.Instrument,
		`{"success":false,"error":{"message":"TOO_MANY_REQUESTS"}}`:         venue.Unsupported,
		`{"success":true,"data":[{"symbol":"btc_krw","status":"stopped"}]}`: venue.Instrument,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%q: %v, want %s", body, err, reason)
		}
	}
	if u := ListingsURL(""); u != "https://api.korbit.co.kr/v2/currencyPairs" {
		t.Error(u)
	}
}

func TestInstrument(t *testing.T) {
	p := decodeOnly(t)
	if i, err := p.Instrument("ada_krw"); err != nil || i.String() != "korbit:ADA-KRW" {
		t.Error(i, err)
	}
	for _, symbol := range []string{"?", "_krw", "btc_", "ada", "btc_krw_x", "btc-krw"} {
		if i, err := p.Instrument(symbol); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
			t.Error(symbol, i, err)
		}
	}
}
