package upbit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// log is what a gateway logged.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bare makes a gateway that was not started, at a server with this configuration.
func bare(t *testing.T, serving upbittest.Config, change func(*Config)) (*world, *log) {
	t.Helper()
	server, err := upbittest.Start(serving)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	said := &log{}
	w := &world{t: t, server: server, heard: newHeard(), open: map[message.ClientOrderID]message.OrderEventFields{}, cfg: Config{
		Account: account, Credentials: gateway.Credentials{Key: gateway.NewSecret(testAccess), Secret: gateway.NewSecret(testSecret)},
		RESTURL: server.RESTURL(), WebSocketURL: server.StreamURL(), BackoffMin: time.Millisecond, RecoverWithin: 100 * time.Millisecond,
		Now: func() market.Timestamp { return market.TimestampOf(time.Now()) }, Log: slog.New(slog.NewTextHandler(said, nil)),
	}}
	if change != nil {
		change(&w.cfg)
	}
	if w.gateway, err = New(w.cfg, w.heard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.gateway.Close() })
	return w, said
}

// TestCheck: a key that has ended is an error, one that soon will a warning; by the venue's clock, not ours.
func TestCheck(t *testing.T) {
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		left, ahead time.Duration
		want        error
		says        string
	}{
		"good":                 {300 * day, 0, nil, "whether it can withdraw is not checked"},
		"ends soon":            {day, 0, nil, "ends soon"},
		"ended":                {-time.Hour, 0, ErrKey, ""},
		"our clock is ahead":   {day, 2 * day, nil, "ends soon"},
		"our clock is behind ": {-day, -2 * day, ErrKey, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, said := bare(t, upbittest.Config{Access: testAccess, Secret: testSecret, KeyLeft: tc.left}, func(c *Config) {
				c.Now = func() market.Timestamp { return market.TimestampOf(time.Now().Add(tc.ahead)) }
			})
			if err := w.gateway.Start(t.Context()); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if !strings.Contains(said.String(), tc.says) {
				t.Error(said.String())
			}
			if tc.want == nil {
				w.listening()
				if err := w.recovers(); err != nil {
					t.Fatal(err)
				}
				if offset := w.heard.offsets[0]; (offset + tc.ahead).Abs() > time.Second {
					t.Errorf("the venue's clock is %v ahead", offset)
				}
				if n := w.server.Requests("GET /v1/api_keys"); n != 1 {
					t.Errorf("asked %d times in a moment", n)
				}
				return
			}
			if w.server.Dials() > 0 {
				t.Error("the stream was dialed")
			}
		})
	}
	// While it runs, not to know when the key ends is no reason to stop.
	w, said := bare(t, upbittest.Config{Access: testAccess, Secret: testSecret}, nil)
	if err := w.gateway.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.gateway.mu.Lock()
	w.gateway.keyAsked = 0
	w.gateway.mu.Unlock()
	w.server.Inject(upbittest.Fault{Kind: upbittest.ServerError, On: "GET /v1/api_keys"})
	w.listening()
	if err := w.recovers(); err != nil || !strings.Contains(said.String(), "is not known") {
		t.Errorf("%v %s", err, said)
	}
}

// TestNotStarted: without a key that was checked no order leaves; nor with one that is wrong, and nobody sees it.
func TestNotStarted(t *testing.T) {
	w, said := bare(t, upbittest.Config{Access: testAccess, Secret: "another"}, nil)
	_, id := w.place(nil)
	if f := w.heard.awaits(t, id, message.ActionReject); !strings.Contains(f.Reason, "not started") {
		t.Errorf("%q", f.Reason)
	}
	if err := w.recovers(); err == nil || !strings.Contains(err.Error(), "not started") {
		t.Error(err)
	}
	err := w.gateway.Start(t.Context())
	if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), "jwt_verification") {
		t.Error(err)
	}
	w.gateway.StartLater()
	w.heard.until(t, "said", func() bool { return len(w.heard.disconnected) == 1 })
	w.place(nil)
	if n := w.server.Requests("POST /v1/orders"); n != 0 || w.server.Dials() != 0 {
		t.Errorf("%d orders left", n)
	}
	for _, text := range []string{said.String(), fmt.Sprintf("%+v %#v", w.cfg, w.cfg), fmt.Sprint(err, w.heard.reports, w.heard.recovered, w.heard.disconnected)} {
		if strings.Contains(text, testSecret) || strings.Contains(text, testAccess) {
			t.Errorf("a secret in %s", text)
		}
	}
}

// TestStartLater: a venue that cannot be reached yet.
func TestStartLater(t *testing.T) {
	w, _ := bare(t, upbittest.Config{Access: testAccess, Secret: testSecret}, func(c *Config) { c.RecoverWithin = 0 })
	w.server.Inject(upbittest.Fault{Kind: upbittest.ServerError, On: "GET /v1/accounts"})
	w.gateway.StartLater()
	w.heard.until(t, "said", func() bool { return len(w.heard.disconnected) == 1 })
	w.listening()
	if err := w.recovers(); err != nil {
		t.Error(err)
	}
}

// TestScrubbed: an error of the venue's that quotes the key is not passed on with it.
func TestScrubbed(t *testing.T) {
	w := newWorld(t, nil)
	w.gateway.mu.Lock()
	w.gateway.refuse(message.OrderEventFields{ClientOrderID: "main-1-1"}, "invalid_access_key: "+testAccess+" "+testSecret)
	w.gateway.mu.Unlock()
	if f := w.heard.awaits(t, "main-1-1", message.ActionReject); f.Reason != "invalid_access_key: *** ***" {
		t.Errorf("%q", f.Reason)
	}
}

// TestOwnMeters: without budgets of others, what Upbit allows is kept to, and cancels have a part of their own.
func TestOwnMeters(t *testing.T) {
	now := clockAt("2026-11-21T00:00:00Z")()
	w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.PlaceBudget, c.Budget = nil, nil })
	g, err := New(Config{
		Account: account, Credentials: w.cfg.Credentials, RESTURL: w.server.RESTURL(), WebSocketURL: w.server.StreamURL(),
		Now: func() market.Timestamp { return now },
	}, newHeard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	count := func(b gateway.Budget, cancel bool) (n int) {
		ctx, end := deadline(t)
		defer end()
		for b.Take(ctx, 1, cancel) == nil {
			n++
		}
		return n
	}
	if n := count(g.cfg.PlaceBudget, false); n != ordersPerSecond {
		t.Errorf("%d orders a second", n)
	}
	if n := count(g.cfg.Budget, false); n != othersPerSecond-othersReserve {
		t.Errorf("%d questions a second", n)
	}
	if n := count(g.cfg.Budget, true); n != othersReserve {
		t.Errorf("%d cancels kept back", n)
	}
}

// deadline is a moment that is so near that no permit comes before it.
func deadline(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), 200*time.Millisecond)
}
