package venues

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/gate"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/internal/testdata"
)

// What only some venues' protocols can do is not lost on the way to the feeder.
func TestProtocolsKeepTheirAbilities(t *testing.T) {
	for name, want := range map[string]struct{ snapshots, resubscribes, stamps, sums bool }{
		"binance": {snapshots: true}, "gate": {snapshots: true, stamps: true}, "sim": {snapshots: true},
		"okx": {resubscribes: true, sums: true}, "bybit": {resubscribes: true}, "kraken": {resubscribes: true, sums: true},
		"upbit": {}, "bithumb": {}, "coinone": {}, "korbit": {},
	} {
		a, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		all, err := a.New(venue.Config{Venue: market.Venue(name)})
		if err != nil {
			t.Fatal(err)
		}
		_, snapshots := all[0].(feeder.Snapshotter)
		_, resubscribes := all[0].(feeder.Resubscriber)
		_, stamps := all[0].(feeder.Stamper)
		_, sums := all[0].(feeder.Checksummer)
		if snapshots != want.snapshots || resubscribes != want.resubscribes || stamps != want.stamps || sums != want.sums {
			t.Errorf("%s: snapshots %t, resubscribes %t, stamps %t, checksums %t, want %+v", name, snapshots, resubscribes, stamps, sums, want)
		}
	}
	if _, err := Find("nyse"); err == nil {
		t.Error("an adapter that is none is found")
	}
	a, _ := Find("upbit")
	if _, err := a.New(venue.Config{Venue: "upbit", BookDepth: -1}); err == nil {
		t.Error("a configuration at fault is taken")
	}
}

func TestFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			_, _ = w.Write([]byte("yes"))
		case "/busy":
			w.Header().Set("Retry-After", "17")
			http.Error(w, "too many", http.StatusTooManyRequests)
		case "/forever":
			w.Header().Set("Retry-After", "99999999")
			http.Error(w, "banned", http.StatusTeapot)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	desk, done, err := OpenDesk([]config.Venue{{Name: "x", Adapter: "upbit"}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if body, err := Fetch(t.Context(), desk, "x", server.URL+"/good", 100); err != nil || string(body) != "yes" {
		t.Errorf("got %q, %v", body, err)
	}
	if _, err := Fetch(t.Context(), desk, "x", server.URL+"/good", 2); err == nil || !strings.Contains(err.Error(), "more than 2 bytes") {
		t.Errorf("got %v", err)
	}
	for path, after := range map[string]time.Duration{"/busy": 17 * time.Second, "/forever": 72 * time.Hour, "/none": 0} {
		v := market.Venue("of" + path[1:])
		_, err := Fetch(t.Context(), desk, v, server.URL+path, 100)
		var refused *StatusError
		if !errors.As(err, &refused) || refused.After != after || !strings.Contains(err.Error(), server.URL+path+": 4") ||
			strings.Contains(err.Error(), "wants no requests for "+after.String()) != (after > 0) {
			t.Errorf("%s: %v", path, err)
		}
		// The budget has heard of it: nobody asks this venue before it is over.
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := Fetch(short, desk, v, server.URL+"/good", 100); (err == nil) != (after == 0) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %s: %v", path, err)
		}
		cancel()
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ended, desk, "x", server.URL+"/good", 100); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What venues allow is one budget a host, whatever a configuration calls them; those on this machine
// have none.
func TestAllowed(t *testing.T) {
	sim := config.Venue{Name: "s", Adapter: "sim", Sim: &config.Sim{}}
	b, err := Allowed([]config.Venue{{Name: "a", Adapter: "binance"}, sim, {Name: "g", Adapter: "gate"}, {Name: "b", Adapter: "binance"},
		{Name: "c", Adapter: "binance", RESTURL: "https://data-api.binance.vision"}, {Name: "u", Adapter: "upbit"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Same) != 1 || b.Same["b"] != "a" {
		t.Errorf("shared: %v", b.Same)
	}
	for key, some := range map[budget.Key]bool{{Venue: "a", Use: message.UseREST}: true, {Venue: "a", Use: message.UseConnect}: true, {Venue: "b", Use: message.UseREST}: false,
		{Venue: "c", Use: message.UseREST}: true, {Venue: "g", Use: message.UseConnect}: true, {Venue: "u", Use: message.UseConnect}: true, {Venue: "s", Use: message.UseConnect}: false} {
		if every, ok := b.Every[key]; ok != some || some && every <= 0 {
			t.Errorf("%v: %v", key, every)
		}
	}
	// At one address of ours, such as a gateway in front of them, the strictest counts.
	b, err = Allowed([]config.Venue{{Name: "u", Adapter: "upbit", RESTURL: "http://gateway:1"}, {Name: "g", Adapter: "gate", RESTURL: "http://gateway:1"}})
	if err != nil || b.Same["g"] != "u" || b.Every[budget.Key{Venue: "u", Use: message.UseConnect}] != gate.Limits().ConnectEvery ||
		b.Every[budget.Key{Venue: "u", Use: message.UseREST}] != gate.Limits().SnapshotEvery {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := Allowed([]config.Venue{{Name: "a", Adapter: "nyse"}}); err == nil || !strings.Contains(err.Error(), "venue a: no adapter") {
		t.Errorf("got %v", err)
	}
	if _, _, err := OpenDesk([]config.Venue{{Name: "a", Adapter: "nyse"}}, "test"); err == nil {
		t.Error("a desk for an adapter that is none")
	}
}

func TestListed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"market":"KRW-BTC"},{"market":"BTC-ETH"}]`))
	}))
	defer server.Close()
	for name, tt := range map[string]struct {
		venue config.Venue
		want  string // the first of the list
		count int
	}{
		"live":     {config.Venue{Name: "u", Adapter: "upbit", RESTURL: server.URL}, "u:BTC-KRW", 2},
		"embedded": {config.Venue{Name: "s", Adapter: "sim", Sim: &config.Sim{Seed: 1, Instruments: 30}}, "s:BTC-USDT", 30},
		"replayed": {config.Venue{Name: "r", Adapter: "upbit", Replay: &config.Replay{Files: []string{testdata.Path(t, "upbit/rest-market-all-20210417.frames.gz")}}}, "r:BTC-KRW", 0},
	} {
		listed, err := Listed(t.Context(), nil, tt.venue)
		if err != nil || len(listed) == 0 || listed[0].Instrument.String() != tt.want || tt.count > 0 && len(listed) != tt.count {
			t.Errorf("%s: %d listings (%v), want %s first", name, len(listed), err, tt.want)
		}
	}
	server.Close()
	if _, err := Listed(t.Context(), nil, config.Venue{Name: "u", Adapter: "upbit", RESTURL: server.URL}); err == nil {
		t.Error("a venue out of reach lists something")
	}
	session := testdata.Path(t, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")
	for _, patterns := range [][]config.Pattern{nil, {"*-KRW"}} {
		_, err := Listed(t.Context(), nil, config.Venue{Name: "u", Adapter: "upbit", Patterns: patterns, Replay: &config.Replay{Files: []string{session}}})
		if err == nil || !strings.Contains(err.Error(), "does not hold the venue's list") {
			t.Errorf("patterns %v: got %v", patterns, err)
		}
	}
}
