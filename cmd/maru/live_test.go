package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/client"
)

// live starts a node with a live account at the exchange.
func live(t *testing.T, x *exchange) *trader {
	t.Helper()
	r, err := newTrader(x, 0, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.run(t)
	return r
}

func (r *trader) run(t *testing.T) {
	t.Helper()
	if err := r.launch(t.Context()); err != nil {
		t.Fatal(err, r.proc.stderr)
	}
}

// until waits for the account to stand as wanted.
func (r *trader) until(t *testing.T, what string, is func(web.Account) bool) web.Account {
	t.Helper()
	a, err := r.standing(what, is)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.proc.stderr)
	}
	return a
}

func bought(a web.Account) bool { return certain(a) && holds(a, "BTC", "2.00999") }

// settled compares all books, and ends the node.
func (r *trader) settled(t *testing.T) {
	t.Helper()
	if err := r.settle(); err != nil {
		t.Fatalf("%v\n%s", err, r.proc.stderr)
	}
	if err := r.end(os.Interrupt); !errors.Is(err, errEnded) || killed(r.proc) {
		t.Fatal(err)
	}
	if err := r.audit(); err != nil {
		t.Fatal(err)
	}
}

// misbehave orders a fault.
func (x *exchange) misbehave(t *testing.T, fault string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, x.url+"/maru/v1/faults", strings.NewReader(fault))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}

// TestLiveAccount drives every command against a live account, from the first order to the last.
func TestLiveAccount(t *testing.T) {
	x := startExchange(t, 1)
	if err := x.byHand(0, "by-hand"); err != nil {
		t.Fatal(err)
	}
	r := live(t, x)
	r.until(t, "bought, with the order by hand known", func(a web.Account) bool { return bought(a) && a.Open["accepted"] == 1 })
	c := r.config()

	if said := ok(t, "status", "-c", c); !strings.Contains(said, "node live (live)") || !strings.Contains(said, "account demo takes orders; open orders: 1 accepted") {
		t.Errorf("status says\n%s", said)
	}
	adopted := eventually(t, "the order by hand", func() []web.OrderState { return ordersOf(t, "-c", c, "--open") })[0]
	if adopted.ID != "by-hand" || adopted.Intent != "manual/1" || adopted.Price != "50000" || adopted.Quantity != "0.002" {
		t.Errorf("the order by hand is shown as %+v", adopted)
	}
	order := eventually(t, "the purchase", func() []web.OrderState { return ordersOf(t, "-c", c, "--status", "filled") })[0]
	life := ok(t, "orders", "why", order.ID, "-c", c)
	for _, want := range []string{"filled, with ", " class ", " rule ", " intent ", " risk ", " wire ", " ack ", " fill "} {
		if !strings.Contains(life, want) {
			t.Errorf("the life of %s lacks %q:\n%s", order.ID, want, life)
		}
	}
	if said := ok(t, "orders", "why", "by-hand", "-c", c); !strings.Contains(said, "placed at the venue, not by this account's strategies") {
		t.Errorf("the life of the order by hand:\n%s", said)
	}
	if said := ok(t, "positions", "-c", c); !strings.Contains(said, "binance:BTC-USDT") || !strings.Contains(said, "0.00999") {
		t.Errorf("positions are\n%s", said)
	}
	ok(t, "orders", "cancel", "by-hand", "-c", c, "--reason", "in the way")
	r.until(t, "canceled", func(a web.Account) bool { return certain(a) && openOrders(a) == 0 })

	if said := ok(t, "halt", "demo", "--flatten", "--reason", "enough", "-c", c); !strings.Contains(said, "account demo is halted: enough") {
		t.Errorf("halt says %s", said)
	}
	r.until(t, "flat", func(a web.Account) bool { return certain(a) && openOrders(a) == 0 && holds(a, "BTC", "2") })
	ok(t, "resume", "demo", "--reason", "again", "-c", c)
	if said := ok(t, "status", "-c", c); !strings.Contains(said, "account demo takes orders; open orders: none") {
		t.Errorf("status says\n%s", said)
	}
	r.settled(t)
}

// TestLiveKeys gives accounts keys that must not be used. The node runs, says why the account does
// not trade, and asks for no order.
func TestLiveKeys(t *testing.T) {
	for _, c := range []struct {
		name, says string
		args       []string
		spoil      string // which file
	}{
		{"may withdraw", "it can withdraw", []string{"--withdraw"}, ""},
		{"wrong key", "-2015", nil, "key"},
		{"wrong secret", "-1022", nil, "secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := startExchange(t, 1, c.args...)
			r, err := newTrader(x, 0, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			wrong := madeUp()
			if c.spoil != "" {
				if err := os.WriteFile(filepath.Join(r.home, c.spoil), []byte(wrong), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r.run(t)
			r.until(t, "the reason", func(a web.Account) bool { return strings.Contains(a.Reconciling, c.says) })
			said := ok(t, "status", "-c", r.config())
			if !strings.Contains(said, c.says) || strings.Contains(said, "takes orders") {
				t.Errorf("status says\n%s", said)
			}
			entries, err := x.ledger(0)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if strings.HasPrefix(e.Request, "POST") {
					t.Errorf("the venue saw %+v", e)
				}
			}
			if err := r.end(os.Interrupt); !errors.Is(err, errEnded) || killed(r.proc) {
				t.Error(err)
			}
			k := x.keys.Accounts[0].Keys[0]
			for _, secret := range []string{k.Secret, k.Key, wrong} {
				if strings.Contains(r.proc.stderr.String(), secret) || strings.Contains(said, secret) {
					t.Error("a key is in the log")
				}
			}
		})
	}
}

// TestLiveKeyFiles: what a person has to mend ends the start, and says so.
func TestLiveKeyFiles(t *testing.T) {
	x := &exchange{process: &process{url: "http://127.0.0.1:9"}, keys: venueKeys{[]venueAccount{{"", []venueKey{{Key: "k", Secret: "s"}}}}}}
	for _, c := range []struct {
		name, says string
		spoil      func(r *trader) error
	}{
		{"others can read it", "chmod 600", func(r *trader) error { return os.Chmod(filepath.Join(r.home, "secret"), 0o644) }},
		{"not there", "no such file", func(r *trader) error { return os.Remove(filepath.Join(r.home, "key")) }},
		{"empty", "key", func(r *trader) error { return os.WriteFile(filepath.Join(r.home, "key"), nil, 0o600) }},
	} {
		r, err := newTrader(x, 0, t.TempDir())
		if err == nil {
			err = c.spoil(r)
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		var out, errs strings.Builder
		m := &Main{Args: []string{"run", "--plain", "-c", r.config()}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
		code := m.Run(ctx)
		cancel()
		if code != exitFailed || !strings.Contains(errs.String(), c.says) || !strings.Contains(errs.String(), "account demo") {
			t.Errorf("%s: exit code %d\n%s", c.name, code, &errs)
		}
	}
}

// TestLiveVenueComesLater starts the node first.
func TestLiveVenueComesLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	x := startExchange(t, 1) // for the keys alone
	if err := x.end(t, syscall.SIGKILL); err == nil {
		t.Fatal("not killed")
	}
	x.url = "http://" + addr
	r := live(t, x)
	var answer struct{ Accounts []web.Account }
	eventually(t, "an account that waits", func() []web.Account {
		if code, body := r.proc.get(t, "/api/v1/accounts"); code != http.StatusOK || json.Unmarshal(body, &answer) != nil || len(answer.Accounts) != 1 || answer.Accounts[0].Waiting == "" {
			return nil
		}
		return answer.Accounts
	})
	x.start(t, addr)
	r.until(t, "bought", bought)
	r.settled(t)
}

// TestLiveVenueFails has the venue take an order and not answer, then kills it, and starts it
// again: the account knows all of it afterwards.
func TestLiveVenueFails(t *testing.T) {
	state := filepath.Join(t.TempDir(), "venue.state")
	x := startExchange(t, 1, "--state", state)
	x.misbehave(t, `{"kind":"accept_cut"}`)
	r := live(t, x)
	r.until(t, "bought, though never answered", bought)
	entries := eventually(t, "the fault", func() (all []string) {
		entries, err := x.ledger(0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Fault != "" {
				all = append(all, fmt.Sprint(e.Fault))
			}
		}
		return all
	})
	if len(entries) != 1 {
		t.Errorf("faults: %v", entries)
	}
	if err := x.end(t, syscall.SIGKILL); err == nil {
		t.Fatal("the venue was not killed")
	}
	r.until(t, "the venue is missed", func(a web.Account) bool { return a.Reconciling != "" })
	x.start(t, strings.TrimPrefix(x.url, "http://"), "--state", state)
	if err := x.byHand(0, "meanwhile"); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the account after the restart", func(a web.Account) bool { return bought(a) && a.Open["accepted"] == 1 })
	if err := r.do(func(ctx context.Context, c *client.Client) error {
		_, err := c.Halt(ctx, string(traderAccount), web.HaltRequest{Flatten: true, Reason: "enough"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	r.until(t, "flat", func(a web.Account) bool { return certain(a) && openOrders(a) == 0 && holds(a, "BTC", "2") })
	t.Logf("flat after %v", time.Since(begun).Round(time.Millisecond))
	r.settled(t)
}
