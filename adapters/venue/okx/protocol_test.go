package okx

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
		Listings: []market.Listing{listing("BTC-USDT-SWAP", "BTC-USDT-PERP")},
	})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	p := all[0]
	want := `{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT-SWAP"},{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},` +
		`{"channel":"books","instId":"BTC-USDT-SWAP"},{"channel":"trades","instId":"BTC-USDT-SWAP"}]}`
	if frames := p.Subscribe(); len(frames) != 1 || string(frames[0]) != want {
		t.Errorf("subscribes with %s", frames)
	}
	if p.URL() != "wss://ws.okx.com:8443/ws/v5/public" || p.Venue() != Name || p.Lifetime() != 0 {
		t.Errorf("%s %s %v", p.URL(), p.Venue(), p.Lifetime())
	}
	// The server cuts after 30 s without a word; a silence must outlast two pings.
	if frame, every := p.Ping(); string(frame) != "ping" || every <= 0 || every >= 30*time.Second || p.Silence() < 2*every {
		t.Errorf("pings %s every %v, silence %v", frame, every, p.Silence())
	}
	i := p.Instruments()
	again := p.Resubscribe(i[0])
	if len(i) != 1 || len(again) != 2 ||
		string(again[0]) != `{"op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT-SWAP"}]}` ||
		string(again[1]) != `{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT-SWAP"}]}` {
		t.Errorf("%v resubscribes with %s", i, again)
	}
	if again := p.Resubscribe(market.MustInstrument(Name, "ETH-USDT")); again != nil {
		t.Errorf("resubscribes what is not followed: %s", again)
	}
	if i, err := p.Instrument("ETH-USD-SWAP"); err != nil || i.Name() != "ETH-USD-PERP" {
		t.Error(i, err)
	}
	if _, err := p.Instrument("?"); err == nil || err.(*venue.DecodeError).Reason != venue.Instrument {
		t.Error(err)
	}
}

func TestBookDepth(t *testing.T) {
	one := []market.Listing{listing("BTC-USDT", "BTC-USDT")}
	for depth, want := range map[int]string{0: `"books"`, 1: `"books5"`, 5: `"books5"`, 6: `"books"`, 400: `"books"`} {
		all, err := New(venue.Config{Channels: []market.Channel{market.ChannelBook}, Listings: one, BookDepth: depth})
		if err != nil {
			t.Fatal(err)
		}
		if frame := all[0].Subscribe()[0]; !strings.Contains(string(frame), want) {
			t.Errorf("depth %d: %s, want %s", depth, frame, want)
		}
		again := all[0].Resubscribe(one[0].Instrument)
		if isWhole := want == `"books5"`; isWhole != (again == nil) {
			t.Errorf("depth %d: resubscribes with %s; whole books need none", depth, again)
		}
	}
	for _, depth := range []int{-1, 401} {
		if _, err := New(venue.Config{BookDepth: depth}); err == nil || !strings.Contains(err.Error(), "book depth") {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelTrade}, Listings: one})
	if err != nil || all[0].Resubscribe(one[0].Instrument) != nil {
		t.Error("resubscribes a book that is not followed", err)
	}
}

// TestConnectionsSplit follows more than a connection takes: every topic is asked for once, no
// frame and no connection goes beyond the limits.
func TestConnectionsSplit(t *testing.T) {
	if p := decodeOnly(t); len(p.Subscribe()) != 0 || len(p.Instruments()) != 0 {
		t.Errorf("a decoder that follows nothing subscribes with %s", p.Subscribe())
	}
	var listings []market.Listing
	for n := range 300 {
		name := fmt.Sprintf("C%d-USD-210924-%d-C", n, 100_000_000+n)
		listings = append(listings, listing(name, name))
	}
	all, err := New(venue.Config{Channels: []market.Channel{market.ChannelTrade, market.ChannelBook}, Listings: listings})
	if err != nil || len(all) != 3 { // 240 / 2 = 120 a connection
		t.Fatal(len(all), err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		topics := 0
		for _, frame := range p.Subscribe() {
			var request struct {
				Op   string
				Args []struct{ Channel, InstID string }
			}
			if err := json.Unmarshal(frame, &request); err != nil || request.Op != "subscribe" || len(frame) > 4096 {
				t.Fatalf("%v, %d bytes: %s", err, len(frame), frame)
			}
			topics += len(request.Args)
			for _, a := range request.Args {
				if key := a.Channel + a.InstID; seen[key] {
					t.Errorf("%s twice", key)
				} else {
					seen[key] = true
				}
			}
		}
		if topics > 240 || topics != 2*len(p.Instruments()) {
			t.Errorf("%d topics for %d instruments", topics, len(p.Instruments()))
		}
	}
	if len(seen) != 600 {
		t.Errorf("%d topics, want 600", len(seen))
	}
}

func TestSymbols(t *testing.T) {
	for symbol, want := range map[string]string{
		"BTC-USDT": "BTC-USDT", "BTC-USDT-SWAP": "BTC-USDT-PERP", "BTC-USD_UM-SWAP": "BTC-USD_UM-PERP", "BTC-USD-210924": "BTC-USD-210924",
		"BTC-USD-210924-42000-P": "BTC-USD-210924-42000-P", "XRP-USD_UM-250328-0.55-C": "XRP-USD_UM-250328-0.55-C",
	} {
		got, ok := canonical(symbol)
		if !ok || got != want {
			t.Errorf("%s is %s, want %s", symbol, got, want)
		}
		if back := Symbol(market.MustInstrument(Name, want)); back != symbol {
			t.Errorf("%s comes back as %s", symbol, back)
		}
	}
	for _, symbol := range []string{"", "BTC", "BTC-", "-USDT", "BTC-USDT-", "BTC-USDT-PERP", "BTC-USD-21092", "BTC-USD-2109240", "BTC-USD-21092X",
		"BTC-USD-210924-42000", "BTC-USD-210924-42000-X", "BTC-USDT_BTC-USDT-SWAP", "BTC-USD-SWAP_BTC-USD-210924"} {
		if got, ok := canonical(symbol); ok {
			t.Errorf("%s is %s", symbol, got)
		}
	}
}

func TestParseListings(t *testing.T) {
	const good = `{"instType":"SPOT","instId":"BTC-USDT","state":"live","tickSz":"0.1","lotSz":"0.00000001","minSz":"0.00001"}`
	list := func(items string) string { return `{"code":"0","msg":"","data":[` + items + `]}` }
	listings, err := ParseListings("sim", []byte(list(good+`,{"instType":"SPOT","instId":"OLD-USDT","state":"suspend"},{"instId":"币-USDT","state":"live"},
		{"instType":"OPTION","instId":"BTC-USD-210924-42000-P","state":"live","tickSz":"0.0005","lotSz":"1","minSz":""}`)))
	if err != nil || len(listings) != 2 {
		t.Fatal(listings, err)
	}
	if l := listings[0]; l.Instrument.String() != "sim:BTC-USDT" || l.Ticks.String() != "0:0.1" || l.LotSize.String() != "0.00000001" || l.MinQuantity.String() != "0.00001" {
		t.Errorf("%+v", l)
	}
	if l := listings[1]; !l.Ticks.IsZero() || !l.MinQuantity.IsZero() || l.LotSize.String() != "1" {
		t.Errorf("%+v", l)
	}
	for body, reason := range map[string]venue.Reason{
		"":                   venue.Syntax,
		"{":                  venue.Syntax,
		"[]":                 venue.Schema,
		"{}":                 venue.Schema,
		list(`{}`):           venue.Schema,
		list(`{"instId":5}`): venue.Schema,
		list(strings.Replace(good, `"live"`, `"preopen"`, 1)): venue.Schema,
		list(strings.Replace(good, `"0.1"`, `"-1"`, 1)):       venue.Number,
		list(good) + "x": venue.Syntax,
		refusalFrame:     venue.Unsupported,
	} {
		if _, err := ParseListings(Name, []byte(body)); err == nil || err.(*venue.DecodeError).Reason != reason {
			t.Errorf("%.60q: %v, want %s", body, err, reason)
		}
	}
	if u := ListingsURL("http://127.0.0.1:1/"); u != "http://127.0.0.1:1/api/v5/public/instruments?instType=SPOT" {
		t.Error(u)
	}
}
