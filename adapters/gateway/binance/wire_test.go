package binance

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
	"github.com/maru-trading/maru/adapters/venue/sim/spotserver"
)

// These tests trade at the embedded exchange over sockets: what maru venue runs. It keeps a ledger of
// what it saw and did, which no test can talk it out of.

const (
	aliceKey, aliceSecret = "aliceKey0123456789", "the secret of alice"
	bobKey, bobSecret     = "bobKey0123456789", "the secret of bob"
	aliceEdKey            = "aliceEd25519Key"
	thiefKey, thiefSecret = "aliceMayWithdraw", "the secret of a thief"
)

var aliceEd = ed25519.NewKeyFromSeed([]byte("thirty-two bytes for alice's key"))

// exchange is the embedded exchange with two accounts, whose market stands still but for them.
type exchange struct {
	t      *testing.T
	server *spotserver.Server
	bid    market.Price // best, of BTCUSDT
	ask    market.Price
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	rich := map[string]market.Decimal{"USDT": market.MustDecimal("1000000"), "BTC": market.MustDecimal("20")}
	fee := market.MustDecimal("0.001")
	server, err := spotserver.Start(t.Context(), spotserver.Config{Tick: time.Millisecond, Venue: spot.Config{
		Market: sim.Config{Seed: 7, EventsPerSecond: 0.001},
		Accounts: []spot.Account{
			{Name: "alice", Balances: rich, Maker: fee, Taker: fee, Keys: []spot.Key{{ID: aliceKey, Secret: aliceSecret},
				{ID: aliceEdKey, Public: aliceEd.Public().(ed25519.PublicKey)}, {ID: thiefKey, Secret: thiefSecret, Withdraw: true}}},
			{Name: "bob", Balances: rich, Maker: fee, Taker: fee, Keys: []spot.Key{{ID: bobKey, Secret: bobSecret}}},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{t: t, server: server}
	t.Cleanup(func() {
		x.nothingTwice()
		if err := errors.Join(server.Audit(), server.Err(), server.Close()); err != nil {
			t.Error(err)
		}
	})
	response, err := http.Get(server.URL() + "/api/v3/ticker/bookTicker?symbol=BTCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var top struct{ BidPrice, AskPrice market.Price }
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	x.bid, x.ask = top.BidPrice, top.AskPrice
	return x
}

// nothingTwice checks that no client order id was placed twice.
func (x *exchange) nothingTwice() {
	placed := map[string]int{}
	for _, e := range x.server.Ledger(0, 0) {
		if e.Kind == spot.EntryRequest && e.Request == "POST /api/v3/order" {
			placed[e.ClientID]++
		}
	}
	for id, n := range placed {
		if n != 1 {
			x.t.Errorf("order %s was placed %d times", id, n)
		}
	}
}

func (x *exchange) inject(f spot.Fault) {
	x.t.Helper()
	if _, err := x.server.Inject(f); err != nil {
		x.t.Fatal(err)
	}
}

// fired checks that a fault happened.
func (x *exchange) fired(kind spot.FaultKind) {
	x.t.Helper()
	x.server.Do(func(v *spot.Venue) {
		if v.Fired()[kind] == 0 {
			x.t.Errorf("%s did not happen", kind)
		}
	})
}

// trader is an account's gateway and what it replies.
type trader struct {
	*Gateway
	*heard
	x    *exchange
	seen []string // of what was heard and waited for by nobody yet
}

func (x *exchange) config(key, secret string) Config {
	return Config{Account: "main", RESTURL: x.server.URL(), WebSocketURL: x.server.StreamURL() + spot.WebSocketPath,
		Credentials: gateway.Credentials{Key: gateway.NewSecret(key), Secret: gateway.NewSecret(secret)}, Now: wall,
		Settle: -1, RecoverWithin: 5 * time.Second}
}

func (x *exchange) trader(cfg Config) *trader {
	x.t.Helper()
	h := &heard{t: x.t, said: make(chan string, 4096)}
	g, err := New(cfg, h)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = g.Close() })
	if err := g.Start(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	tr := &trader{Gateway: g, heard: h, x: x}
	tr.Recover(nil) // the stream is up once this is answered
	tr.until("recovered: <nil>")
	return tr
}

func (x *exchange) alice(change func(*Config)) *trader {
	x.t.Helper()
	cfg := x.config(aliceKey, aliceSecret)
	if change != nil {
		change(&cfg)
	}
	return x.trader(cfg)
}

func (x *exchange) bob() *trader {
	x.t.Helper()
	return x.trader(x.config(bobKey, bobSecret))
}

// until waits until each of these was heard, in whatever order and among whatever else: a beginning is
// enough.
func (tr *trader) until(want ...string) {
	tr.t.Helper()
	deadline := time.After(5 * time.Second)
	for _, w := range want {
		for {
			found := -1
			for i, got := range tr.seen {
				if strings.HasPrefix(got, w) {
					found = i
					break
				}
			}
			if found >= 0 {
				tr.seen = append(tr.seen[:found], tr.seen[found+1:]...)
				break
			}
			select {
			case got := <-tr.said:
				tr.seen = append(tr.seen, got)
			case <-deadline:
				tr.t.Fatalf("not heard: %q among %q", w, tr.seen)
			}
		}
	}
}

// never says that this was not heard.
func (tr *trader) never(beginning string) {
	tr.t.Helper()
	for len(tr.said) > 0 {
		tr.seen = append(tr.seen, <-tr.said)
	}
	for _, got := range tr.seen {
		if strings.HasPrefix(got, beginning) {
			tr.t.Errorf("heard %q", got)
		}
	}
}

// order returns the event of an order of 0.1 BTC at a price; without one it takes what is there.
func (x *exchange) order(id message.ClientOrderID, side market.Side, price market.Price, change ...func(*message.OrderEventFields)) message.OrderEvent {
	x.t.Helper()
	return sent(x.t, id, func(f *message.OrderEventFields) {
		f.Side, f.Price, f.Quantity = side, price, market.MustQuantity("0.1")
		if price.IsZero() {
			f.Type = market.Market
		}
		for _, c := range change {
			c(f)
		}
	})
}

// deep is a price at which a bid rests and is not met.
func (x *exchange) deep() market.Price {
	x.t.Helper()
	p, err := x.bid.Mul(market.MustDecimal("0.97"))
	if err != nil {
		x.t.Fatal(err)
	}
	if p, err = p.FloorTo(market.MustDecimal("0.01")); err != nil {
		x.t.Fatal(err)
	}
	return market.Price{Decimal: p}
}

// inside is a bid one tick above the best one.
func (x *exchange) inside() market.Price {
	x.t.Helper()
	p, err := x.bid.Add(market.MustDecimal("0.01"))
	if err != nil || !p.Less(x.ask.Decimal) {
		x.t.Fatalf("no room between %v and %v", x.bid, x.ask)
	}
	return market.Price{Decimal: p}
}

func reduced(f *message.OrderEventFields) {
	f.NewPrice, f.NewQuantity = f.Price, market.MustQuantity("0.04")
}

func TestTheWireWithBothKindsOfKeys(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKCS8PrivateKey(aliceEd)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for name, key := range map[string][2]string{"hmac": {aliceKey, aliceSecret}, "ed25519": {aliceEdKey, text}} {
		t.Run(name, func(t *testing.T) {
			x := newExchange(t)
			alice := x.trader(x.config(key[0], key[1]))
			// It rests, is made smaller, and is canceled: the answer says so, and the stream does.
			bid := x.order("main-1-1", market.Buy, x.deep(), reduced)
			alice.Place(bid)
			alice.until("accept main-1-1", "accept main-1-1", "balance USDT")
			alice.Amend(bid)
			alice.until("amend main-1-1", "amend main-1-1")
			alice.Cancel(bid)
			alice.until("cancel main-1-1", "cancel main-1-1", "balance USDT 1000000 0")
			// It takes: the same executions come both ways.
			alice.Place(x.order("main-1-2", market.Buy, market.Price{}))
			alice.until("accept main-1-2", "accept main-1-2", "fill main-1-2 BTCUSDT:")
			alice.Recover(nil)
			alice.until("recovered: <nil>")
			executions := map[string]int{}
			for _, got := range alice.seen {
				if f := strings.Fields(got); f[0] == "fill" {
					executions[f[2]]++
				}
			}
			var ledger int
			for _, e := range x.server.Ledger(0, 0) {
				if e.Kind == spot.EntryFill && e.ClientID == "main-1-2" {
					ledger++
				}
			}
			if ledger == 0 || len(executions) > ledger {
				t.Errorf("%d executions in the ledger, heard of %v", ledger, executions)
			}
			// Refused by the exchange, with its code and words.
			alice.Place(x.order("main-1-3", market.Buy, x.deep(), func(f *message.OrderEventFields) { f.Quantity = market.MustQuantity("5000") }))
			alice.until("reject main-1-3: -2010: Account has insufficient balance for requested action.")
			alice.Place(x.order("main-1-4", market.Buy, market.MustPrice("98000"), func(f *message.OrderEventFields) { f.ExecInst = market.PostOnly }))
			alice.until("reject main-1-4: -2010: Order would immediately match and take.")
			alice.Place(x.order("main-1-5", market.Buy, market.MustPrice("97000.123")))
			alice.until("reject main-1-5: -1")
			alice.Cancel(bid)
			alice.until("reject_cancel main-1-1: -2011: Unknown order sent.")
			alice.Amend(bid)
			alice.until("reject_amend main-1-1: -2")
			// What does not fill at once expires.
			alice.Place(x.order("main-1-6", market.Buy, x.deep(), func(f *message.OrderEventFields) { f.TimeInForce = market.IOC }))
			alice.until("accept main-1-6", "expire main-1-6: EXPIRED")
			alice.Place(x.order("main-1-7", market.Sell, market.Price{}, func(f *message.OrderEventFields) {
				f.Type, f.StopPrice = market.Stop, x.deep()
			}))
			alice.until("accept main-1-7")
			alice.Place(x.order("main-1-8", market.Sell, x.deep(), func(f *message.OrderEventFields) {
				f.Type, f.StopPrice = market.StopLimit, x.deep()
			}))
			alice.until("accept main-1-8")
		})
	}
}

func TestTheWireRefusesAKeyThatCanWithdraw(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	g, err := New(x.config(thiefKey, thiefSecret), &heard{t: t, said: make(chan string, 64)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.Start(t.Context()); !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), "withdraw") {
		t.Errorf("Start: %v", err)
	}
}

// Two accounts meet: the one that rested is told by the stream alone.
func TestTheWireTellsFillsOfWhatRests(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	alice, bob := x.alice(nil), x.bob()
	bid := x.order("main-1-1", market.Buy, x.inside())
	alice.Place(bid)
	alice.until("accept main-1-1", "accept main-1-1")
	bob.Place(x.order("bob-1-1", market.Sell, x.inside(), func(f *message.OrderEventFields) { f.Quantity = market.MustQuantity("0.03") }))
	bob.until("accept bob-1-1", "fill bob-1-1 BTCUSDT:", "fill bob-1-1 BTCUSDT:")
	alice.until("fill main-1-1 BTCUSDT:")
	// All of what it stands for is found again; what it did not see placed is told as it is.
	alice.Recover([]message.OrderEvent{bid})
	alice.until("fill main-1-1 BTCUSDT:", "accept main-1-1 cum=0.03", "balance BTC 20.02997", "recovered: <nil>")
	stranger := x.alice(nil)
	stranger.Recover(nil)
	stranger.until("accept main-1-1 cum=0.03", "recovered: <nil>")
}

func TestTheWireWhereAnswersAreLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault spot.FaultKind
		there bool
	}{{spot.FaultAcceptTimeout, true}, {spot.FaultAcceptError, true}, {spot.FaultTimeout, false}, {spot.FaultError, false}} {
		t.Run(string(c.fault), func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			alice := x.alice(func(c *Config) { c.Timeout = 500 * time.Millisecond })
			x.inject(spot.Fault{Kind: c.fault})
			validUntil := wall().Add(400 * time.Millisecond)
			order := x.order("main-1-1", market.Buy, x.deep(), func(f *message.OrderEventFields) { f.ValidUntil = validUntil })
			alice.Place(order)
			alice.until("lose main-1-1 place: ")
			x.fired(c.fault)
			for { // until the venue can no longer accept it
				alice.Recover([]message.OrderEvent{order})
				alice.until("recovered: <nil>")
				if c.there {
					alice.until("accept main-1-1")
					alice.never("absent")
					break
				}
				alice.until("absent main-1-1 id|open_orders|fills")
				alice.heard.mu.Lock()
				proven := alice.absent > validUntil
				alice.heard.mu.Unlock()
				if proven {
					alice.never("accept main-1-1")
					break
				}
				<-time.After(validUntil.Sub(wall()) + 20*time.Millisecond) // by the venue's clock, which is this machine's
			}
			// Cancels and amendments are lost the same way.
			kept := x.order("main-1-2", market.Buy, x.deep(), reduced)
			alice.Place(kept)
			alice.until("accept main-1-2", "accept main-1-2")
			x.inject(spot.Fault{Kind: c.fault, Endpoint: "PUT /api/v3/order/amend/keepPriority"})
			alice.Amend(kept)
			alice.until("lose main-1-2 amend: ")
			x.inject(spot.Fault{Kind: c.fault, Endpoint: "DELETE /api/v3/order"})
			alice.Cancel(kept)
			alice.until("lose main-1-2 cancel: ")
			alice.Recover([]message.OrderEvent{kept})
			if c.there {
				alice.until("amend main-1-2", "cancel main-1-2", "cancel main-1-2", "recovered: <nil>")
			} else {
				alice.until("accept main-1-2", "recovered: <nil>")
			}
		})
	}
}

func TestTheWireWhereTheStreamIsWrong(t *testing.T) {
	t.Parallel()
	meet := func(x *exchange, alice, bob *trader, f spot.Fault) message.OrderEvent {
		bid := x.order("main-1-1", market.Buy, x.inside())
		alice.Place(bid)
		alice.until("accept main-1-1", "accept main-1-1")
		f.ClientID = "main-1-1"
		x.inject(f)
		bob.Place(x.order("bob-1-1", market.Sell, x.inside()))
		bob.until("fill bob-1-1 BTCUSDT:")
		return bid
	}
	t.Run("drop_fill", func(t *testing.T) {
		x := newExchange(t)
		alice, bob := x.alice(nil), x.bob()
		bid := meet(x, alice, bob, spot.Fault{Kind: spot.FaultDropFill})
		alice.until("balance BTC")
		alice.never("fill")
		x.fired(spot.FaultDropFill)
		alice.Recover([]message.OrderEvent{bid})
		alice.until("fill main-1-1 BTCUSDT:", "accept main-1-1 cum=0.1", "recovered: <nil>")
	})
	t.Run("duplicate_fill", func(t *testing.T) {
		x := newExchange(t)
		alice, bob := x.alice(nil), x.bob()
		meet(x, alice, bob, spot.Fault{Kind: spot.FaultDuplicateFill})
		alice.until("fill main-1-1 BTCUSDT:", "fill main-1-1 BTCUSDT:")
	})
	t.Run("late_fill", func(t *testing.T) {
		x := newExchange(t)
		alice, bob := x.alice(nil), x.bob()
		bid := meet(x, alice, bob, spot.Fault{Kind: spot.FaultLateFill, Delay: 200 * time.Millisecond})
		alice.Recover([]message.OrderEvent{bid}) // knows of it before the stream does
		alice.until("fill main-1-1 BTCUSDT:", "accept main-1-1 cum=0.1", "recovered: <nil>", "fill main-1-1 BTCUSDT:")
	})
	t.Run("fill_before_ack", func(t *testing.T) {
		x := newExchange(t)
		alice := x.alice(nil)
		x.inject(spot.Fault{Kind: spot.FaultFillBeforeAck, Delay: 100 * time.Millisecond})
		alice.Place(x.order("main-1-1", market.Buy, market.Price{}))
		alice.until("fill main-1-1 BTCUSDT:", "accept main-1-1", "accept main-1-1", "fill main-1-1 BTCUSDT:")
		x.fired(spot.FaultFillBeforeAck)
	})
	for _, fault := range []spot.Fault{{Kind: spot.FaultCut, Scope: "user"}, {Kind: spot.FaultRestart, For: 100 * time.Millisecond}} {
		t.Run(string(fault.Kind), func(t *testing.T) {
			x := newExchange(t)
			alice := x.alice(nil)
			bid := x.order("main-1-1", market.Buy, x.deep())
			alice.Place(bid)
			alice.until("accept main-1-1", "accept main-1-1")
			x.inject(fault)
			alice.until("disconnected: ")
			for {
				alice.Recover([]message.OrderEvent{bid})
				alice.until("recovered: ")
				alice.never("absent")
				accepted := false
				for _, got := range alice.seen {
					accepted = accepted || strings.HasPrefix(got, "accept main-1-1")
				}
				if accepted {
					break
				}
			}
			alice.until("accept main-1-1")
			alice.Cancel(bid)
			alice.until("cancel main-1-1")
		})
	}
}

// One place at the venue may deny an order that lives: the others know it.
func TestTheWireWhereAnOrderIsDenied(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	alice := x.alice(nil)
	bid := x.order("main-1-1", market.Buy, x.deep(), reduced)
	alice.Place(bid)
	alice.until("accept main-1-1", "accept main-1-1")
	x.inject(spot.Fault{Kind: spot.FaultUnknownOrder, Endpoint: "DELETE /api/v3/order"})
	alice.Cancel(bid)
	alice.until("reject_cancel main-1-1: -2011: Unknown order sent.")
	x.inject(spot.Fault{Kind: spot.FaultUnknownOrder, Endpoint: "PUT /api/v3/order/amend/keepPriority"})
	alice.Amend(bid)
	alice.until("reject_amend main-1-1: -2")
	x.inject(spot.Fault{Kind: spot.FaultUnknownOrder, Endpoint: "GET /api/v3/order", Times: -1})
	alice.Recover([]message.OrderEvent{bid})
	alice.until("accept main-1-1", "recovered: <nil>")
	x.server.Do(func(v *spot.Venue) {
		for _, f := range v.Faults() {
			v.Revoke(f.ID)
		}
	})
	x.inject(spot.Fault{Kind: spot.FaultHideOrder, Times: 1})
	alice.Recover([]message.OrderEvent{bid})
	alice.until("accept main-1-1", "recovered: <nil>")
	x.fired(spot.FaultHideOrder)
	x.fired(spot.FaultUnknownOrder)
	alice.never("absent")
	alice.Cancel(bid)
	alice.until("cancel main-1-1")
}

func TestTheWireWhereTheVenueBansUs(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	budget := &counted{}
	alice := x.alice(func(c *Config) { c.Budget = budget })
	x.inject(spot.Fault{Kind: spot.FaultBan, For: time.Minute})
	alice.Place(x.order("main-1-1", market.Buy, x.deep()))
	alice.until("reject main-1-1: ")
	alice.Recover(nil)
	alice.until("recovered: binance: account main: ask for the time: ")
	budget.mu.Lock()
	defer budget.mu.Unlock()
	if len(budget.penalties) < 2 || budget.penalties[0].Until.Sub(wall()) < 30*time.Second {
		t.Errorf("%v", budget.penalties)
	}
	for _, e := range x.server.Ledger(0, 0) {
		if e.Kind == spot.EntryAccept {
			t.Errorf("%+v", e)
		}
	}
}

func TestTheWireWhereTheClockJumps(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	alice := x.alice(nil)
	x.inject(spot.Fault{Kind: spot.FaultClockSkew, Skew: time.Minute})
	alice.Place(x.order("main-1-1", market.Buy, x.deep()))
	alice.until("reject main-1-1: -1021: Timestamp for this request is outside of the recvWindow.", "clock 1m0s")
	// Now it is known what the clock shows, and an order whose time is over by it does not leave.
	alice.Place(x.order("main-1-2", market.Buy, x.deep()))
	alice.until("reject main-1-2: not sent: the venue's clock shows")
	alice.Recover(nil)
	alice.until("recovered: <nil>")
	x.fired(spot.FaultClockSkew)
}

// Many orders at once, among lost answers and cuts: each is placed once, and what the gateway says of
// the executions is what the exchange did.
func TestTheWireUnderLoad(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	alice := x.alice(func(c *Config) { c.Timeout = time.Second })
	x.inject(spot.Fault{Kind: spot.FaultAcceptError, Times: 5, Probability: 0.3})
	x.inject(spot.Fault{Kind: spot.FaultError, Times: 5, Probability: 0.3})
	x.inject(spot.Fault{Kind: spot.FaultDropFill, Times: 5, Probability: 0.5})
	x.inject(spot.Fault{Kind: spot.FaultDuplicateFill, Times: 5, Probability: 0.5})
	var open []message.OrderEvent
	for i := range 40 {
		price := x.deep()
		if i%2 == 0 {
			price = market.Price{}
		}
		open = append(open, x.order(message.ClientOrderID(fmt.Sprintf("main-1-%d", i+1)), market.Side(1+i%4/2), price, func(f *message.OrderEventFields) {
			f.Quantity = market.MustQuantity("0.01")
			if f.Side == market.Sell && f.Type == market.Limit {
				f.Price = x.ask
			}
		}))
		alice.Place(open[i])
	}
	for _, o := range open {
		id := o.Fields().ClientOrderID
		alice.untilAny("accept "+string(id), "lose "+string(id), "reject "+string(id))
	}
	alice.Recover(open)
	alice.until("recovered: <nil>")
	for len(alice.said) > 0 {
		alice.seen = append(alice.seen, <-alice.said)
	}
	told := map[string]bool{}
	for _, got := range alice.seen {
		if f := strings.Fields(got); f[0] == "fill" {
			told[f[1]+" "+f[2]+" "+f[3]] = true
		}
	}
	done := map[string]bool{}
	for _, e := range x.server.Ledger(0, 0) {
		if e.Kind == spot.EntryFill {
			done[fmt.Sprintf("%s BTCUSDT:%d %v@%v", e.ClientID, e.TradeID, e.Quantity, e.Price)] = true
		}
	}
	if len(done) == 0 || len(told) != len(done) {
		t.Errorf("told of %d executions, %d happened", len(told), len(done))
	}
	for e := range done {
		if !told[e] {
			t.Errorf("not told of %s", e)
		}
	}
}

// untilAny waits until one of these was heard, which stays among what was.
func (tr *trader) untilAny(any ...string) {
	tr.t.Helper()
	deadline := time.After(5 * time.Second)
	from := 0
	for {
		for ; from < len(tr.seen); from++ {
			for _, w := range any {
				if got := tr.seen[from]; strings.HasPrefix(got, w) && (len(got) == len(w) || got[len(w)] == ' ' || got[len(w)] == ':') {
					return
				}
			}
		}
		select {
		case got := <-tr.said:
			tr.seen = append(tr.seen, got)
		case <-deadline:
			tr.t.Fatalf("not heard: %q among %q", any, tr.seen)
		}
	}
}
