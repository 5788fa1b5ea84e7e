package venues

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/internal/testdata"
)

// What only some venues' protocols can do is not lost on the way to the feeder.
func TestProtocolsKeepTheirAbilities(t *testing.T) {
	for name, want := range map[string]struct{ snapshots, resubscribes bool }{
		"binance": {snapshots: true}, "gate": {snapshots: true}, "sim": {snapshots: true},
		"okx": {resubscribes: true}, "bybit": {resubscribes: true}, "kraken": {resubscribes: true},
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
		if snapshots != want.snapshots || resubscribes != want.resubscribes {
			t.Errorf("%s: snapshots %t, resubscribes %t, want %+v", name, snapshots, resubscribes, want)
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
	if body, err := Fetch(t.Context(), server.URL+"/good"); err != nil || string(body) != "yes" {
		t.Errorf("got %q, %v", body, err)
	}
	for path, after := range map[string]time.Duration{"/busy": 17 * time.Second, "/forever": retryAfterMax, "/none": 0} {
		_, err := Fetch(t.Context(), server.URL+path)
		var refused *StatusError
		if !errors.As(err, &refused) || refused.After != after || !strings.Contains(err.Error(), server.URL+path+": 4") {
			t.Errorf("%s: %v", path, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ended, server.URL+"/good"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
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
		listed, err := Listed(t.Context(), tt.venue)
		if err != nil || len(listed) == 0 || listed[0].Instrument.String() != tt.want || tt.count > 0 && len(listed) != tt.count {
			t.Errorf("%s: %d listings (%v), want %s first", name, len(listed), err, tt.want)
		}
	}
	server.Close()
	if _, err := Listed(t.Context(), config.Venue{Name: "u", Adapter: "upbit", RESTURL: server.URL}); err == nil {
		t.Error("a venue out of reach lists something")
	}
	session := testdata.Path(t, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")
	for _, patterns := range [][]config.Pattern{nil, {"*-KRW"}} {
		_, err := Listed(t.Context(), config.Venue{Name: "u", Adapter: "upbit", Patterns: patterns, Replay: &config.Replay{Files: []string{session}}})
		if err == nil || !strings.Contains(err.Error(), "does not hold the venue's list") {
			t.Errorf("patterns %v: got %v", patterns, err)
		}
	}
}
