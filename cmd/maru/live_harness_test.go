package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
	"github.com/maru-trading/maru/web/client"
)

// The tests of live accounts: maru run trades at maru venue, two processes, over real sockets. What
// they are judged by is the venue's ledger: what it saw and did, not what it told anybody.

// exchange is a running maru venue.
type exchange struct {
	*process
	keys venueKeys
	file string // of the keys
}

// startExchange runs maru venue for so many accounts on a port of its own, or on a given one.
func startExchange(t *testing.T, accounts int, args ...string) *exchange {
	t.Helper()
	x := &exchange{file: filepath.Join(t.TempDir(), "keys.json")}
	for i := range accounts {
		x.keys.Accounts = append(x.keys.Accounts, venueAccount{fmt.Sprintf("account-%d", i+1), []venueKey{{Type: "hmac", Key: madeUp(), Secret: madeUp()}}})
	}
	b, err := json.Marshal(x.keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(x.file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	x.start(t, "127.0.0.1:0", args...)
	return x
}

// start runs it, after it ended again.
func (x *exchange) start(t *testing.T, addr string, args ...string) {
	t.Helper()
	x.process = startMaru(t, append([]string{"venue", "--addr", addr, "--keys", x.file, "--events", "400", "--balance", "USDT=100000,BTC=2"}, args...)...)
}

// call sends a signed request of an account, counted from 0, and decodes the answer.
func (x *exchange) call(account int, method, path, query string, answer any) error {
	k := x.keys.Accounts[account].Keys[0]
	query = strings.TrimPrefix(fmt.Sprintf("%s&timestamp=%d", query, time.Now().UnixMilli()), "&")
	mac := hmac.New(sha256.New, []byte(k.Secret))
	mac.Write([]byte(query))
	ctx, cancel := context.WithTimeout(context.Background(), processDeadline)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, x.url+path+"?"+query+"&signature="+hex.EncodeToString(mac.Sum(nil)), nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-Mbx-Apikey", k.Key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, said)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

// byHand places an order as a person would at the venue's own page: it rests far from the market.
func (x *exchange) byHand(account int, id string) error {
	var o struct{ Status string }
	err := x.call(account, "POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.002&price=50000&newClientOrderId="+id, &o)
	if err == nil && o.Status != "NEW" {
		err = fmt.Errorf("the order by hand is %s", o.Status)
	}
	return err
}

// ledger returns what the venue saw and did of an account.
func (x *exchange) ledger(account int) ([]spot.Entry, error) {
	ctx, cancel := context.WithTimeout(context.Background(), processDeadline)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, x.url+"/maru/v1/ledger", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var all []spot.Entry
	for d := json.NewDecoder(resp.Body); d.More(); {
		var e spot.Entry
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		if e.Account == x.keys.Accounts[account].Name {
			all = append(all, e)
		}
	}
	return all, nil
}

// balances returns what an account has by the venue's books, free and locked together, without zeros.
func (x *exchange) balances(account int) (map[string]market.Decimal, error) {
	var a struct {
		Balances []struct {
			Asset        string
			Free, Locked market.Decimal
		}
	}
	if err := x.call(account, "GET", "/api/v3/account", "", &a); err != nil {
		return nil, err
	}
	all := map[string]market.Decimal{}
	for _, b := range a.Balances {
		sum, err := b.Free.Add(b.Locked)
		if err != nil {
			return nil, err
		}
		if !sum.IsZero() {
			all[b.Asset] = sum
		}
	}
	return all, nil
}

// trader is a maru run with one live account at an exchange.
type trader struct {
	x       *exchange
	account int
	home    string
	proc    *process
}

const traderAccount = message.AccountName("demo")

// newTrader writes the configuration of a node that buys 0.01 BTC-USDT once, and no more.
func newTrader(x *exchange, account int, home string) (*trader, error) {
	r := &trader{x: x, account: account, home: home}
	k := x.keys.Accounts[account].Keys[0]
	return r, errors.Join(
		os.WriteFile(filepath.Join(home, "key"), []byte(k.Key+"\n"), 0o600),
		os.WriteFile(filepath.Join(home, "secret"), []byte(k.Secret+"\n"), 0o600),
		os.WriteFile(r.config(), []byte(strings.ReplaceAll(liveConfig, "ADDRESS", strings.TrimPrefix(x.url, "http://"))), 0o600))
}

const liveConfig = `
[node]
name = "live"
[http]
listen = "127.0.0.1:0"
[[venue]]
name = "binance"
rest_url = "http://ADDRESS"
websocket_url = "ws://ADDRESS/stream"
instruments = ["BTC-USDT"]
[[engine]]
name = "size"
type = "criteria"
default = "even"
[[engine.class]]
name = "bids"
when = "imbalance > 0.1"
[[engine.class]]
name = "asks"
when = "imbalance < -0.1"
[[strategy]]
name = "once"
engine = "size"
account = "demo"
cooldown = "100ms"
position_max_quantity = "0.01"
[[strategy.rule]]
to = "bids"
side = "buy"
quantity = "0.01"
[[strategy.rule]]
to = "asks"
side = "buy"
quantity = "0.01"
[[account]]
name = "demo"
mode = "live"
rest_url = "http://ADDRESS"
websocket_url = "ws://ADDRESS/ws-api/v3"
api_key_file = "key"
api_secret_file = "secret"
[account.risk]
order_notional_max = "5000"
daily_loss_max = "1000"
`

func (r *trader) config() string  { return filepath.Join(r.home, "maru.toml") }
func (r *trader) dataDir() string { return filepath.Join(r.home, "data") }

// errEnded says that a process is gone.
var errEnded = errors.New("the process ended")

// launch runs the node until it says where it answers; errEnded if it ends before. It may be called
// from any goroutine.
func (r *trader) launch(ctx context.Context, env ...string) error {
	p := &process{cmd: exec.CommandContext(ctx, os.Args[0], "run", "--plain", "-c", r.config()), stderr: new(bytes.Buffer), exited: make(chan error, 1)}
	p.cmd.Env = append(append(os.Environ(), actAsMaru+"=1"), env...)
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	r.proc = p
	lines := bufio.NewScanner(out)
	for p.url == "" && lines.Scan() {
		if found := answersOn.FindStringSubmatch(lines.Text()); found != nil {
			p.url = found[1]
		}
	}
	if p.url == "" {
		return errors.Join(errEnded, p.cmd.Wait())
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.exited <- errors.Join(errEnded, p.cmd.Wait())
	}()
	return nil
}

// poll calls is until it says yes or fails, the node ends, or time is over.
func (r *trader) poll(what string, is func() (bool, error)) error {
	var last error
	for end := time.Now().Add(processDeadline); time.Now().Before(end); {
		ok, err := is()
		if ok {
			return nil
		}
		last = err
		select {
		case err := <-r.proc.exited:
			r.proc.exited <- err
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s: not within %v (%w)", what, processDeadline, last)
}

// client is who controls the node.
func (r *trader) client() (*client.Client, error) {
	token, err := access.ReadToken(filepath.Join(r.dataDir(), access.TokenFile))
	if err != nil {
		return nil, err
	}
	return client.New(r.proc.url, token)
}

// standing polls until the account stands as wanted.
func (r *trader) standing(what string, is func(web.Account) bool) (a web.Account, err error) {
	c, err := r.client()
	if err != nil {
		return a, err
	}
	err = r.poll(what, func() (bool, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		all, err := c.Accounts(ctx)
		if err != nil || len(all) != 1 {
			return false, err
		}
		a = all[0]
		return a.Waiting == "" && is(a), fmt.Errorf("the account is %+v", a)
	})
	return a, err
}

// certain reports whether nothing about an account is in doubt.
func certain(a web.Account) bool { return a.Reconciling == "" && len(a.Unknown) == 0 }

func openOrders(a web.Account) (n int) {
	for _, of := range a.Open {
		n += of
	}
	return n
}

// do has the node do something, which may end meanwhile.
func (r *trader) do(what func(context.Context, *client.Client) error) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), processDeadline)
	defer cancel()
	if err := what(ctx, c); err != nil {
		select {
		case ended := <-r.proc.exited:
			r.proc.exited <- ended
			return ended
		case <-time.After(time.Second): // a process that was killed is told of soon
			return err
		}
	}
	return nil
}

// end signals the node, if it is there, and waits until it is gone.
func (r *trader) end(signal os.Signal) error {
	if err := r.proc.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-r.proc.exited:
		r.proc.exited <- err
		return err
	case <-time.After(processDeadline):
		return fmt.Errorf("the node did not end on %v", signal)
	}
}

// settle ends trading, waits until nothing is in doubt and compares all books: the venue's ledger,
// its balances, the node's journal and the node's own word.
func (r *trader) settle() error {
	if _, err := r.standing("all orders are known", certain); err != nil {
		return err
	}
	err := r.do(func(ctx context.Context, c *client.Client) error {
		_, err := c.Halt(ctx, string(traderAccount), web.HaltRequest{Cancel: true, Reason: "to compare the books"})
		return err
	})
	if err != nil {
		return err
	}
	var differ error
	a, err := r.standing("all is settled", func(a web.Account) bool { return certain(a) && openOrders(a) == 0 })
	if err != nil {
		return err
	}
	if !strings.Contains(a.Halted, "to compare the books") {
		differ = fmt.Errorf("the account halted by itself: %s", a.Halted)
	}
	venue, err := r.x.balances(r.account)
	if err != nil {
		return err
	}
	// Balances follow the fills; the venue's word may be a moment behind.
	_, err = r.standing("balances equal", func(a web.Account) bool {
		ours := map[string]market.Decimal{}
		for _, b := range a.Balances {
			d, err := market.ParseDecimal(b.Ours)
			if err == nil && !d.IsZero() {
				ours[b.Currency] = d
			}
			free, _ := market.ParseDecimal(b.Free)
			locked, _ := market.ParseDecimal(b.Locked)
			if sum, err := free.Add(locked); err != nil || sum != d {
				return false
			}
		}
		return maps.EqualFunc(ours, venue, func(a, b market.Decimal) bool { return a == b })
	})
	if err != nil {
		return errors.Join(differ, fmt.Errorf("the venue's balances are %v: %w", venue, err))
	}
	return errors.Join(differ, r.compare())
}

// compare holds the journal against the venue's ledger.
func (r *trader) compare() error {
	entries, err := r.x.ledger(r.account)
	if err != nil {
		return err
	}
	var all []message.OrderEvent
	for e, err := range history.Events(r.dataDir(), traderAccount) {
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	if err := judge(entries, all); err != nil {
		return fmt.Errorf("%w\nthe journal:\n%sthe venue's ledger:\n%s", err, lines(all), lines(entries))
	}
	return nil
}

func lines[T any](all []T) string {
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "%+v\n", v)
	}
	return b.String()
}

// audit reads the journal as maru audit does.
func (r *trader) audit() error {
	var out, errs bytes.Buffer
	m := &Main{Args: []string{"audit", "-c", r.config()}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	if code := m.Run(context.Background()); code != exitDone {
		return fmt.Errorf("maru audit: exit code %d\n%s%s", code, &out, &errs)
	}
	return nil
}

// judge says everything in which a journal and a venue's ledger, once all is settled, contradict
// what is promised of orders.
func judge(ledger []spot.Entry, events []message.OrderEvent) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }

	type ours struct {
		created, adopted bool
		f                message.OrderEventFields
	}
	orders, intents := map[string]*ours{}, map[message.IntentID]bool{}
	fills := map[message.ExecID]message.OrderEventFields{}
	for i, e := range events {
		f := e.Fields()
		if f.Seq != uint64(i+1) {
			fault("event %d of the journal has number %d", i+1, f.Seq)
		}
		if f.Action.OfAccount() || f.ClientOrderID == "" {
			continue
		}
		o := orders[string(f.ClientOrderID)]
		if o == nil {
			o = new(ours)
			orders[string(f.ClientOrderID)] = o
		}
		switch f.Action {
		case message.ActionCreate:
			if o.created || intents[e.Intent()] {
				fault("order %s of %v was made twice", f.ClientOrderID, e.Intent())
			}
			o.created, intents[e.Intent()] = true, true
		case message.ActionAdopt:
			o.adopted = true
		case message.ActionFill:
			if _, twice := fills[f.ExecID]; twice {
				fault("execution %s is counted twice", f.ExecID)
			}
			fills[f.ExecID] = f
		}
		o.f = f
	}

	requested, accepted := map[string]int{}, map[string]int{}
	last := map[string]spot.Entry{}
	filled := 0
	for _, e := range ledger {
		switch {
		case e.Kind == spot.EntryRequest && e.Request == "POST /api/v3/order":
			if requested[e.ClientID]++; requested[e.ClientID] > 1 {
				fault("order %s was requested %d times", e.ClientID, requested[e.ClientID])
			}
		case e.Kind == spot.EntryAccept:
			if accepted[e.ClientID]++; accepted[e.ClientID] > 1 {
				fault("order %s was accepted %d times", e.ClientID, accepted[e.ClientID])
			}
			if o := orders[e.ClientID]; o == nil || !o.created && !o.adopted {
				fault("the venue accepted order %s, and the journal does not know it", e.ClientID)
			}
		case e.Kind == spot.EntryFill:
			filled++
			id := message.ExecID(fmt.Sprintf("%s:%d", e.Symbol, e.TradeID))
			f, ok := fills[id]
			if !ok || f.LastQuantity.Decimal != e.Quantity || f.LastPrice.Decimal != e.Price || string(f.ClientOrderID) != e.ClientID {
				fault("the venue filled %s of %s at %s (trade %s), the journal says %v", e.Quantity, e.ClientID, e.Price, id, f)
			}
		}
		if e.Status != "" {
			last[e.ClientID] = e
		}
	}
	if len(fills) != filled {
		fault("%d fills in the journal, %d at the venue", len(fills), filled)
	}
	final := map[string]message.OrderStatus{"FILLED": message.OrderFilled, "CANCELED": message.OrderCanceled, "EXPIRED": message.OrderExpired}
	for _, id := range slices.Sorted(maps.Keys(orders)) {
		o := orders[id]
		e, known := last[id]
		switch {
		case known && accepted[id] > 0:
			if o.f.Status != final[e.Status] || o.f.CumQuantity.Decimal != e.Executed {
				fault("order %s is %v with %s filled, at the venue %s with %s", id, o.f.Status, o.f.CumQuantity, e.Status, e.Executed)
			}
		case o.f.Status != message.OrderRejected && o.f.Status != message.OrderDenied && o.f.Status != message.OrderCanceled:
			fault("order %s is %v, and the venue never accepted it", id, o.f.Status)
		case o.f.CumQuantity.Sign() != 0:
			fault("order %s has filled %s, and the venue never accepted it", id, o.f.CumQuantity)
		}
	}
	return errors.Join(faults...)
}

// TestTheJudgeSees holds the judge itself to what it is there for.
func TestTheJudgeSees(t *testing.T) {
	i := market.MustInstrument("binance", "BTC-USDT")
	event := func(seq uint64, f message.OrderEventFields) message.OrderEvent {
		f.Seq, f.Time, f.Account, f.Strategy, f.IntentSeq, f.Instrument = seq, market.Seconds(int64(seq)), traderAccount, "once", 1, i
		f.ClientOrderID, f.Side, f.Type, f.TimeInForce, f.Quantity = "demo-1-1", market.Buy, market.Market, market.GTC, market.MustQuantity("1")
		e, err := message.NewOrderEvent(f)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	one := market.MustQuantity("1")
	create := event(1, message.OrderEventFields{Action: message.ActionCreate, Status: message.OrderCreated, LeavesQuantity: one})
	sent := event(2, message.OrderEventFields{Action: message.ActionSend, Status: message.OrderSent, LeavesQuantity: one})
	fill := event(3, message.OrderEventFields{Action: message.ActionFill, Status: message.OrderFilled, ExecID: "BTCUSDT:7",
		LastPrice: market.MustPrice("10"), LastQuantity: one, CumQuantity: one})
	again := event(4, fill.Fields())
	request := spot.Entry{Kind: spot.EntryRequest, Request: "POST /api/v3/order", ClientID: "demo-1-1"}
	accept := spot.Entry{Kind: spot.EntryAccept, ClientID: "demo-1-1", Status: "NEW"}
	trade := spot.Entry{Kind: spot.EntryFill, ClientID: "demo-1-1", Status: "FILLED", Symbol: "BTCUSDT", TradeID: 7,
		Price: market.MustDecimal("10"), Quantity: one.Decimal, Executed: one.Decimal}
	type (
		L = []spot.Entry
		J = []message.OrderEvent
	)
	for _, c := range []struct {
		what    string
		ledger  L
		journal J
		says    string
	}{
		{"all is well", L{request, accept, trade}, J{create, sent, fill}, ""},
		{"sent twice", L{request, accept, trade, request}, J{create, sent, fill}, "requested 2 times"},
		{"accepted twice", L{request, accept, trade, accept}, J{create, sent, fill}, "accepted 2 times"},
		{"an unknown order", L{request, accept, trade}, nil, "does not know it"},
		{"a lost fill", L{request, accept, trade}, J{create, sent}, "the journal says"},
		{"a fill made up", L{request, accept}, J{create, sent, fill}, "1 fills in the journal, 0 at the venue"},
		{"a fill twice", L{request, accept, trade}, J{create, sent, fill, again}, "counted twice"},
		{"left open", L{request}, J{create, sent}, "never accepted it"},
	} {
		err := judge(c.ledger, c.journal)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: the judge says %v, want %q", c.what, err, c.says)
		}
	}
}

// workers runs do for every number that next gives, so many at a time, until one fails.
func workers(t *testing.T, at int, next func() (int, bool), do func(int) error) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed bool
	for range at {
		wg.Go(func() {
			for {
				mu.Lock()
				n, ok := next()
				ok = ok && !failed
				mu.Unlock()
				if !ok {
					return
				}
				if err := do(n); err != nil {
					mu.Lock()
					failed = true
					mu.Unlock()
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
