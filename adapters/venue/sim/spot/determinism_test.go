package spot

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// run plays a session: two accounts trade at random under faults, and everything that the venue says
// is returned. slices is how time is cut.
func run(t *testing.T, seed uint64, cut time.Duration) []byte {
	t.Helper()
	w := newWorld(t, func(c *Config) {
		c.Market.Seed, c.Market.EventsPerSecond = seed, 1000
		c.Limits = Limits{WeightPerMinute: 1e9, OrdersPer10s: 1e9}
	})
	var said bytes.Buffer
	take := func() {
		for _, f := range w.Take() {
			fmt.Fprintf(&said, "%d %t %s\n", f.Session, f.Close, f.Text)
		}
	}
	advance := func(to market.Timestamp) {
		for cut > 0 && w.Now().Add(cut) < to {
			w.Advance(w.Now().Add(cut))
			take()
		}
		w.Advance(to)
		take()
	}
	r := rand.New(rand.NewPCG(7, 7))
	for _, f := range []Fault{
		{Kind: FaultLateFill, Times: -1, Probability: 0.2, Delay: 700 * time.Millisecond}, {Kind: FaultDuplicateFill, Times: -1, Probability: 0.1},
		{Kind: FaultDropFill, Times: -1, Probability: 0.1}, {Kind: FaultAcceptTimeout, Times: -1, Probability: 0.05},
		{Kind: FaultRestart, At: w.Now().Add(6 * time.Second), For: 1300 * time.Millisecond}, {Kind: FaultClockSkew, At: w.Now().Add(9 * time.Second), Skew: time.Second, For: time.Second},
	} {
		w.inject(f)
	}
	connect := func() {
		id, _ := w.Open(WebSocketPath, "", "")
		w.Receive(id, w.wsRequest("userDataStream.subscribe.signature", aliceKey, aliceSecret))
		w.Open("/stream", "streams=btcusdt@trade/btcusdt@depth/btckrw@ticker/ethusdt@kline_1m", "")
	}
	connect()
	who := [][2]string{{aliceKey, aliceSecret}, {bobKey, bobSecret}}
	for i := range 300 {
		advance(w.Now().Add(time.Duration(r.IntN(80)) * time.Millisecond))
		if i == 250 {
			connect()
		}
		if w.down() {
			continue
		}
		reply := w.act(r, who[r.IntN(2)])
		fmt.Fprintf(&said, "%d %d %v %s\n", reply.Fate, reply.Status, reply.Header, reply.Body)
		take()
	}
	w.audit()
	w.checkLedger()
	for _, e := range w.Ledger(0, 0) {
		said.Write(e.AppendJSON(nil))
	}
	return said.Bytes()
}

func TestOneSeedIsOneHistory(t *testing.T) {
	first := run(t, 3, 0)
	if len(first) < 100_000 {
		t.Fatalf("%d bytes only", len(first))
	}
	if again := run(t, 3, 0); !bytes.Equal(first, again) {
		t.Error("the same seed gave another history")
	}
	if cut := run(t, 3, 7*time.Millisecond); !bytes.Equal(first, cut) {
		a, b := firstDifference(first, cut)
		t.Errorf("how time is cut changed the history:\n%s\n%s", a, b)
	}
	if other := run(t, 4, 0); bytes.Equal(first, other) {
		t.Error("another seed gave the same history")
	}
}

func firstDifference(a, b []byte) (string, string) {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	around := func(t []byte) string { return string(t[max(0, i-200):min(len(t), i+200)]) }
	return around(a), around(b)
}

// TestAccountsDoNotDisturb checks that the seeded market is the same with accounts that do nothing.
func TestAccountsDoNotDisturb(t *testing.T) {
	w := newWorld(t)
	x, err := sim.NewExchange(sim.Config{Seed: 1, Start: market.Seconds(1_800_000_000), CoarseLots: true})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := w.Open("/ws/btcusdt@trade", "", "")
	w.ok("GET /api/v3/account")
	w.pass(20 * time.Second)
	var want [][]byte
	for _, e := range x.Step(w.Now()) {
		if e.Kind == sim.EventTrade && e.Instrument == 0 {
			want = append(want, sim.AppendFrame(nil, &e, "BTCUSDT"))
		}
	}
	var got [][]byte
	for _, f := range w.Take() {
		if f.Session == id {
			got = append(got, f.Text)
		}
	}
	if len(want) < 20 || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("%d trades, want %d", len(got), len(want))
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"instruments": func(c *Config) { c.Market.Instruments = 3 },
		"two names":   func(c *Config) { c.Accounts[1].Name = c.Accounts[0].Name },
		"two keys":    func(c *Config) { c.Accounts[1].Keys[0].ID = aliceKey },
		"no name":     func(c *Config) { c.Accounts[0].Name = "" },
		"no secret":   func(c *Config) { c.Accounts[1].Keys[0].Secret = "" },
		"bad key":     func(c *Config) { c.Accounts[1].Keys[0].ID = "a b" },
		"bad public":  func(c *Config) { c.Accounts[1].Keys[0] = Key{ID: "x", Public: []byte{1}} },
		"balance":     func(c *Config) { c.Accounts[0].Balances = map[string]market.Decimal{"USDT": dec("-1")} },
		"precision":   func(c *Config) { c.Accounts[0].Balances = map[string]market.Decimal{"USDT": dec("0.000000001")} },
		"asset":       func(c *Config) { c.Accounts[0].Balances = map[string]market.Decimal{"usdt": dec("1")} },
		"commission":  func(c *Config) { c.Accounts[0].Taker = dec("0.2") },
		"limits":      func(c *Config) { c.Limits.OrdersPerSymbol = 10_000 },
		"accounts":    func(c *Config) { c.Accounts = make([]Account, 65) },
	} {
		c := Config{Accounts: accounts()}
		change(&c)
		if _, err := New(c); !errors.Is(err, sim.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", accounts()[0].Keys[0], accounts()[0].Keys, accounts()[0].Keys[0]); bytes.Contains([]byte(text), []byte(aliceSecret)) {
		t.Error("a secret was printed:", text)
	}
}

// TestMemoryIsBounded places and cancels more orders than an account remembers.
func TestMemoryIsBounded(t *testing.T) {
	a := newAccount(0, Account{Name: "a"})
	open := &order{id: 1, account: a, status: statusNew, entry: entry{clientID: "open"}}
	a.remember(open)
	for i := range historyMax + historyMax/5 {
		o := &order{id: uint64(i + 2), account: a, status: statusNew, entry: entry{clientID: fmt.Sprint(i)}}
		a.remember(o)
		o.status = statusCanceled
		a.close(o)
		a.filled(fill{order: o})
	}
	if n := len(a.orders); n < historyMax || n > historyMax+historyMax/10 || len(a.byID) != n || len(a.byClient) != n {
		t.Error(n, len(a.byID), len(a.byClient))
	}
	if len(a.fills) > historyMax+historyMax/10 || a.find(0, 1) != open || a.find(0, 2) != nil || len(a.open) != 1 {
		t.Error("the wrong ones were forgotten")
	}
}
