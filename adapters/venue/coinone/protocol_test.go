package coinone

import (
	"fmt"
	"slices"
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
	topic := func(channel, target string) string {
		return fmt.Sprintf(`{"request_type":"SUBSCRIBE","channel":"%s","topic":{"quote_currency":"KRW","target_currency":"%s"},"format":"SHORT"}`, channel, target)
	}
	listings := []market.Listing{listing("KRW-BTC", "BTC-KRW"), listing("KRW-ETH", "ETH-KRW")}
	for name, tc := range map[string]struct {
		channels []market.Channel
		want     []string
	}{
		"all": {[]market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade},
			[]string{topic("TICKER", "BTC"), topic("TRADE", "BTC"), topic("ORDERBOOK", "BTC"), topic("TICKER", "ETH"), topic("TRADE", "ETH"), topic("ORDERBOOK", "ETH")}},
		"best bid and offer is the book": {[]market.Channel{market.ChannelBBO}, []string{topic("ORDERBOOK", "BTC"), topic("ORDERBOOK", "ETH")}},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := New(venue.Config{Channels: tc.channels, Listings: listings, BookDepth: 5})
			if err != nil || len(all) != 1 {
				t.Fatal(len(all), err)
			}
			var got []string
			for _, frame := range all[0].Subscribe() {
				got = append(got, string(frame))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestConnections(t *testing.T) {
	if p := decodeOnly(t); p.Subscribe() != nil || len(p.Instruments()) != 0 || p.URL() != "wss://stream.coinone.co.kr" || p.Venue() != Name {
		t.Errorf("decoder that follows nothing: %s %s", p.URL(), p.Subscribe())
	}
	var listings []market.Listing
	for n := range 363 {
		listings = append(listings, listing(fmt.Sprintf("KRW-C%d", n), fmt.Sprintf("C%d-KRW", n)))
	}
	channels := []market.Channel{market.ChannelTicker, market.ChannelBook, market.ChannelTrade}
	all, err := New(venue.Config{Channels: channels, Listings: listings, WebSocketURL: "ws://127.0.0.1:1/x"})
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	seen := map[market.Instrument]bool{}
	for _, p := range all {
		if n := len(p.Instruments()); len(p.Subscribe()) != 3*n || len(p.Subscribe()) > 400 || p.URL() != "ws://127.0.0.1:1/x" {
			t.Errorf("connection of %d instruments to %s", n, p.URL())
		}
		for _, i := range p.Instruments() {
			seen[i] = true
		}
		if frame, every := p.Ping(); string(frame) != `{"request_type":"PING"}` || every <= 0 || every >= time.Minute || p.Silence() <= every || p.Lifetime() != 0 {
			t.Errorf("ping %s every %v, silence %v, lifetime %v", frame, every, p.Silence(), p.Lifetime())
		}
		if p.SendEvery() <= 0 || p.ConnectEvery() <= 0 {
			t.Errorf("sends every %v, connects every %v", p.SendEvery(), p.ConnectEvery())
		}
	}
	if len(seen) != 363 {
		t.Errorf("%d instruments are followed, want 363", len(seen))
	}
}

func TestConfigurationFault(t *testing.T) {
	if _, err := New(venue.Config{BookDepth: -1}); err == nil || !strings.Contains(err.Error(), "coinone: configuration: book depth") {
		t.Error(err)
	}
	if _, err := New(venue.Config{Listings: []market.Listing{listing("BTC", "BTC-KRW")}}); err == nil || !strings.Contains(err.Error(), `symbol "BTC"`) {
		t.Error(err)
	}
}

func TestListings(t *testing.T) {
	pair := func(target, rest string) string {
		return `{"quote_currency":"KRW","target_currency":"` + target + `","price_unit":"10000.0","order_book_units":["0.0"]` + rest + `}`
	}
	list := func(pairs ...string) string {
		return `{"result":"success","error_code":"0","server_time":1790134779665,"markets":[` + strings.Join(pairs, ",") + `]}`
	}
	listings, err := ParseListings("sim", []byte(list(
		pair("BTC", `,"qty_unit":"0.00000001","min_qty":0.0001,"min_order_amount":"5000.0","trade_status":1,"maintenance_status":0`),
		pair("GONE", `,"trade_status":0`), pair("비트", ""), pair("eth", `,"qty_unit":null`))))
	want := []market.Listing{
		{Instrument: market.MustInstrument("sim", "BTC-KRW"), Symbol: "KRW-BTC", LotSize: market.MustQuantity("0.00000001"),
			MinQuantity: market.MustQuantity("0.0001"), MinNotional: amount("5000")},
		{Instrument: market.MustInstrument("sim", "ETH-KRW"), Symbol: "KRW-ETH"},
	}
	if err != nil || len(listings) != len(want) {
		t.Fatal(listings, err)
	}
	for i := range want {
		l := listings[i]
		if !l.Ticks.IsZero() || l.Instrument != want[i].Instrument || l.Symbol != want[i].Symbol || l.LotSize != want[i].LotSize ||
			l.MinQuantity != want[i].MinQuantity || l.MinNotional != want[i].MinNotional {
			t.Errorf("got %+v, want %+v", l, want[i])
		}
	}
	for body, reason := range map[string]venue.Reason{
		"":     venue.Syntax,
		"[]":   venue.Schema,
		"{}":   venue.Schema,
		list(): venue.Schema,
		`{"result":"error","error_code":"4","error_msg":"Blocked user access"}`: venue.Unsupported,
		list(pair("", "")):                     venue.Schema,
		list(pair("BTC", `,"qty_unit":"-1"`)):  venue.Number,
		list(pair("BTC", `,"qty_unit":true`)):  venue.Schema,
		list(pair("BTC", `,"trade_status":0`)): venue.Instrument,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%q: %v, want %s", body, err, reason)
		}
	}
	if u := ListingsURL("http://127.0.0.1:1/"); u != "http://127.0.0.1:1/public/v2/markets/KRW" {
		t.Error(u)
	}
}

func TestInstrument(t *testing.T) {
	p := decodeOnly(t)
	if i, err := p.Instrument("KRW-ADA"); err != nil || i.String() != "coinone:ADA-KRW" {
		t.Error(i, err)
	}
	for _, symbol := range []string{"?", "-BTC", "KRW-", "ADA", "KRW-ADA-X"} {
		if i, err := p.Instrument(symbol); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
			t.Error(symbol, i, err)
		}
	}
}
