package actors

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/stream/notebook"
	"github.com/maru-trading/maru/adapters/stream/stdio"
	"github.com/maru-trading/maru/remote/ndjson"
)

// TestMain is also the program of the external strategy in these tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "external-strategy" {
		mortal(os.Args[2])
	}
	os.Exit(m.Run())
}

// mortal is a program that asks for so many orders, each of a quantity of its own, and dies at a moment
// that chance chooses, often in the middle of a line. Started again, it begins from the first.
func mortal(orders string) {
	n, err := strconv.Atoi(orders)
	if err != nil {
		panic(err)
	}
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadString('\n')
	var hello struct{ Session int }
	if err != nil || json.Unmarshal([]byte(line), &hello) != nil {
		os.Exit(1)
	}
	go func() { // answers are read and left alone
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				os.Exit(1)
			}
			if strings.Contains(line, `"type":"heartbeat"`) {
				os.Stdout.WriteString(line)
			}
		}
	}()
	os.Stdout.WriteString(`{"type":"hello","version":1}` + "\n")
	die := 1 + rand.IntN(15*hello.Session) // it lives the longer the oftener it was started
	for i := 1; i <= n; i++ {
		line := fmt.Sprintf(`{"type":"intent","ref":"r%d","instrument":"C0-KRW","side":"buy","quantity":"0.%03d","price":"%d"}`+"\n", i, i, 900+i%50)
		if i == die {
			os.Stdout.WriteString(line[:rand.IntN(len(line)+1)])
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
		os.Stdout.WriteString(line)
	}
	select {}
}

// shared is a journal in memory that may be read while it is written.
type shared struct {
	mu sync.Mutex
	memory
}

func (s *shared) Append(events []message.OrderEvent) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory.Append(events)
}

func (s *shared) history() iter.Seq2[message.OrderEvent, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (&memory{events: append([]message.OrderEvent(nil), s.events...)}).history()
}

// quote is a row of prices that orders can be checked against.
func quote(at market.Timestamp) message.Views {
	b := message.NewViewsBuilder(1, 0)
	b.Add(message.Origin{Instrument: instrument(0), Received: at}, message.Quote{Bid: market.MustPrice("1000"), Ask: market.MustPrice("1001"),
		BidQuantity: market.MustQuantity("1"), AskQuantity: market.MustQuantity("1")}, true, true, nil)
	return b.Build(message.ViewsFields{Source: venueName, Time: at})
}

// TestKillingAProgramLosesNoOrderAndDoublesNone kills the program of an external strategy at random
// moments, and now and then its actor too, until it has said everything; the journal then holds each
// order once.
func TestKillingAProgramLosesNoOrderAndDoublesNone(t *testing.T) {
	const orders = 150
	book := t.TempDir() + "/notes"
	journal := new(shared)
	host := stdio.NewHost()
	cfg, err := testConfig(&journal.memory, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Feeders, cfg.Strategies, cfg.Engines = nil, nil, nil
	account := &cfg.Accounts[0]
	account.Config.OpenOrdersMax = 2 * orders
	account.History = journal.history
	account.Open = func() (order.Journal, iter.Seq2[message.OrderEvent, error], func() error, error) {
		return journal, journal.history(), func() error { return nil }, nil
	}
	external := strategy.DefaultExternalConfig()
	external.Name, external.Account, external.Feeds = "mortal", "paper", nil
	external.Heartbeat, external.HeartbeatDeadline = 200*time.Millisecond, 5*time.Second
	external.Restarts, external.Backoff, external.BackoffMax = 10_000, time.Millisecond, time.Millisecond
	cfg.Externals = []External{{Config: external, Listings: account.Config.Listings,
		Launch: func(l strategy.Listener) (strategy.Program, error) {
			c := stdio.DefaultConfig()
			c.Name, c.Command, c.MemoryMax = "mortal", []string{os.Args[0], "external-strategy", strconv.Itoa(orders)}, 0
			return host.Start(c, l)
		},
		Notes: func() (strategy.Notebook, iter.Seq2[[]byte, error], func() error, error) {
			n, err := notebook.Open(book)
			if err != nil {
				return nil, nil, nil, err
			}
			return n, n.Records(), n.Close, nil
		},
		Form: strategy.Form{Append: ndjson.Append, Parse: ndjson.Parse}}}
	metrics := telemetry.New("test")
	tree, err := Start(cfg, Deps{Env: system.Live(quiet), Dispatcher: LiveDispatcher(), Metrics: metrics, Bars: nothing{}, DeadLetters: new(dead), View: &journal.memory})
	if err != nil {
		t.Fatal(err)
	}
	tree.Send(tree.Gateway("paper"), quote(market.TimestampOf(time.Now())))
	known := func() int {
		return int(telemetry.Sum(metrics.OrderEvents, "action", "create") + telemetry.Sum(metrics.OrderEvents, "action", "deny"))
	}
	crashes := 0
	for end := time.Now().Add(time.Minute); known() < orders; {
		if time.Now().After(end) {
			t.Fatalf("%d of %d orders, %v deaths", known(), orders, telemetry.Sum(metrics.ProgramFailures))
		}
		if crashes < 2 && known() > (crashes+1)*orders/4 {
			crashes++
			tree.Send(tree.strategies[0], system.Crash{Reason: "a drill"})
		}
		<-time.After(time.Millisecond)
	}
	if deaths := telemetry.Sum(metrics.ProgramFailures, "reason", "signal"); deaths < 5 {
		t.Errorf("it was killed only %v times", deaths)
	}
	if err := tree.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := host.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	journal.mu.Lock()
	defer journal.mu.Unlock()
	created, seqs := map[string]int{}, map[uint64]bool{}
	for _, e := range journal.events {
		switch f := e.Fields(); f.Action {
		case message.ActionCreate:
			created[f.Quantity.String()]++
			if seqs[f.IntentSeq] {
				t.Errorf("number %d was given twice", f.IntentSeq)
			}
			seqs[f.IntentSeq] = true
		case message.ActionDeny:
			t.Errorf("denied: %v", e)
		}
	}
	for i := 1; i <= orders; i++ {
		quantity := market.MustQuantity(fmt.Sprintf("0.%03d", i)).String()
		if created[quantity] != 1 {
			t.Errorf("order %d was created %d times", i, created[quantity])
		}
	}
	if len(created) != orders {
		t.Errorf("%d different orders, want %d", len(created), orders)
	}
	t.Logf("%v deaths, %v restarts of the actor", telemetry.Sum(metrics.ProgramFailures), telemetry.Sum(metrics.ActorRestarts))
}
