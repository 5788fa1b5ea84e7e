package system

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var (
	quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
	btc   = market.MustInstrument("sim", "BTC-KRW")
)

// recorder is an actor that writes down what it is told.
type recorder struct {
	mu   *sync.Mutex
	seen *[]any
}

func (r recorder) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(message.Message); ok {
		r.mu.Lock()
		*r.seen = append(*r.seen, m)
		r.mu.Unlock()
	}
}

// node is an actor system on a loop with one recorder behind the mailbox under test.
type node struct {
	sys  *actor.ActorSystem
	loop *Loop
	pid  *actor.PID
	seen []any
	mu   sync.Mutex
}

func newNode(t *testing.T, cfg MailboxConfig) *node {
	t.Helper()
	n := &node{sys: New(quiet), loop: NewLoop(1)}
	s := NewSupervisor(Supervision{Role: "test", Restarts: 3, Window: 1 << 40}, n.env(), nil, nil)
	pid, err := Spawn(n.sys, "recorder", func() actor.Actor { return recorder{&n.mu, &n.seen} }, NewMailbox(cfg), n.loop, s)
	if err != nil {
		t.Fatal(err)
	}
	n.pid = pid
	n.loop.Run()
	return n
}

func (n *node) env() Env {
	return Env{Now: n.loop.Now, After: n.loop.After, Go: n.loop.Go, Log: quiet, Repeatable: true}
}

func trade(i market.Instrument, price int64) message.Trade {
	t, err := message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: i, Received: 1},
		Price: market.Price{Decimal: market.DecimalFromInt(price)}, Quantity: market.MustQuantity("1"), Taker: market.Buy})
	if err != nil {
		panic(err)
	}
	return t
}

func batch(source string, seq uint64, credit bool, events ...message.Event) message.Batch {
	b, err := message.NewBatch(message.BatchFields{Source: source, Seq: seq, Time: market.Timestamp(seq), Credit: credit}, events)
	if err != nil {
		panic(err)
	}
	return b
}

func intent(seq uint64) message.OrderIntent {
	i, err := message.NewOrderIntent(message.OrderIntentFields{Origin: message.Origin{Instrument: btc, Received: 1},
		ID: message.IntentID{Strategy: "s", Seq: seq}, Account: "a", OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Market, TimeInForce: market.IOC, Quantity: market.MustQuantity("1")},
	})
	if err != nil {
		panic(err)
	}
	return i
}

func cancel(seq uint64) message.CancelIntent {
	c, err := message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Strategy: "s", Seq: seq}, Account: "a"})
	if err != nil {
		panic(err)
	}
	return c
}

func TestMailboxKeepsOrderBelowItsLimit(t *testing.T) {
	n := newNode(t, MailboxConfig{Limit: 100})
	for seq := range uint64(100) {
		n.sys.Root.Send(n.pid, intent(seq+1))
	}
	n.loop.Run()
	if len(n.seen) != 100 {
		t.Fatalf("%d of 100 messages arrived", len(n.seen))
	}
	for i, m := range n.seen {
		if got := m.(message.OrderIntent).Fields().ID.Seq; got != uint64(i+1) {
			t.Fatalf("message %d has number %d", i, got)
		}
	}
}

func TestMailboxOverload(t *testing.T) {
	t.Run("intents are refused, with the sender", func(t *testing.T) {
		var stats MailboxStats
		var refused []uint64
		from := actor.NewPID("here", "strategy")
		n := newNode(t, MailboxConfig{Limit: 4, Stats: &stats, Refused: func(m message.Message, sender *actor.PID) {
			if sender.Id != from.Id {
				t.Errorf("refused with sender %v", sender)
			}
			refused = append(refused, m.(message.OrderIntent).Fields().ID.Seq)
		}})
		for seq := range uint64(6) {
			n.sys.Root.RequestWithCustomSender(n.pid, intent(seq+1), from)
		}
		n.loop.Run()
		if !slices.Equal(refused, []uint64{5, 6}) || len(n.seen) != 4 || stats.Refused.Load() != 2 {
			t.Fatalf("refused %v, %d arrived, counted %d", refused, len(n.seen), stats.Refused.Load())
		}
	})
	t.Run("control is never dropped and the overload is told once", func(t *testing.T) {
		var stats MailboxStats
		var told []int
		n := newNode(t, MailboxConfig{Limit: 4, Stats: &stats, Overloaded: func(waiting int) { told = append(told, waiting) }})
		for seq := range uint64(9) {
			n.sys.Root.Send(n.pid, cancel(seq+1))
		}
		n.loop.Run()
		if len(n.seen) != 9 || !slices.Equal(told, []int{5}) || stats.Overloads.Load() != 1 {
			t.Fatalf("%d of 9 arrived, told %v", len(n.seen), told)
		}
		for seq := range uint64(9) { // it drained: a new overload is a new story
			n.sys.Root.Send(n.pid, cancel(seq+1))
		}
		if len(told) != 2 {
			t.Fatalf("told %v", told)
		}
	})
	t.Run("market data is merged to the newest", func(t *testing.T) {
		var stats MailboxStats
		n := newNode(t, MailboxConfig{Limit: 4, Stats: &stats})
		for seq := uint64(1); seq <= 5; seq++ {
			bbo, err := message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: btc, Received: 1}, Bid: market.Price{Decimal: market.DecimalFromInt(int64(seq))}})
			if err != nil {
				t.Fatal(err)
			}
			n.sys.Root.Send(n.pid, batch("f", seq, false, bbo))
		}
		n.loop.Run()
		if len(n.seen) != 1 || stats.Conflated.Load() != 4 {
			t.Fatalf("%d messages, %d conflated", len(n.seen), stats.Conflated.Load())
		}
		got := n.seen[0].(message.Batch)
		if got.Len() != 1 || got.Event(0).(message.BBO).Fields().Bid != market.MustPrice("5") || got.Fields().Seq != 5 {
			t.Fatalf("merged to %v: %v", got, got.Event(0))
		}
	})
	t.Run("nothing is merged where the source waits", func(t *testing.T) {
		for name, cfg := range map[string]MailboxConfig{"mailbox": {Limit: 2, Lossless: true}, "credit": {Limit: 2}} {
			n := newNode(t, cfg)
			for seq := uint64(1); seq <= 9; seq++ {
				n.sys.Root.Send(n.pid, batch("f", seq, name == "credit", trade(btc, int64(seq))))
			}
			n.loop.Run()
			if len(n.seen) != 9 {
				t.Errorf("%s: %d of 9 arrived", name, len(n.seen))
			}
		}
	})
}

func TestMailboxCountsWhatAStoppedActorLeaves(t *testing.T) {
	var stats MailboxStats
	n := newNode(t, MailboxConfig{Stats: &stats})
	for seq := range uint64(5) {
		n.sys.Root.Send(n.pid, cancel(seq+1))
	}
	n.sys.Root.Stop(n.pid) // overtakes what waits
	n.loop.Run()
	if got := stats.Undelivered.Load(); len(n.seen) != 0 || got != 5 || stats.Waiting.Load() != 0 {
		t.Fatalf("%d handled, %d counted as undelivered, %d waiting", len(n.seen), got, stats.Waiting.Load())
	}
}

func TestMailboxManySenders(t *testing.T) {
	var stats MailboxStats
	var mu sync.Mutex
	var seen []any
	sys := New(quiet)
	done := make(chan struct{})
	const senders, each = 8, 2000
	box := NewMailbox(MailboxConfig{Limit: 1 << 20, Stats: &stats})
	count := 0
	produce := func() actor.Actor {
		return actorFunc(func(ctx actor.Context) {
			recorder{&mu, &seen}.Receive(ctx)
			if _, ok := ctx.Message().(message.Message); ok {
				if count++; count == senders*each {
					close(done)
				}
			}
		})
	}
	pid, err := Spawn(sys, "many", produce, box, actor.NewDefaultDispatcher(300), NewSupervisor(Supervision{Role: "test"}, Live(quiet), nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	for s := range senders {
		go func() {
			for i := range each {
				c, _ := message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Strategy: message.StrategyName(fmt.Sprint(s)), Seq: uint64(i + 1)}, Account: "a"})
				sys.Root.Send(pid, c)
			}
		}()
	}
	<-done
	last := map[message.StrategyName]uint64{}
	for _, m := range seen {
		id := m.(message.CancelIntent).Fields().ID
		if id.Seq != last[id.Strategy]+1 {
			t.Fatalf("sender %s: %d after %d", id.Strategy, id.Seq, last[id.Strategy])
		}
		last[id.Strategy] = id.Seq
	}
}

type actorFunc func(actor.Context)

func (f actorFunc) Receive(ctx actor.Context) { f(ctx) }

func BenchmarkTell(b *testing.B) {
	msg := any(cancel(1))
	for _, mailbox := range []struct {
		name string
		box  func() actor.Mailbox
	}{
		{"ours", func() actor.Mailbox { return NewMailbox(MailboxConfig{Limit: 1 << 30}) }},
		{"library", actor.Unbounded()},
	} {
		b.Run(mailbox.name, func(b *testing.B) {
			sys := New(quiet)
			done := make(chan struct{})
			n := 0
			props := actor.PropsFromProducer(func() actor.Actor {
				return actorFunc(func(ctx actor.Context) {
					if _, ok := ctx.Message().(message.CancelIntent); ok {
						if n++; n == b.N {
							close(done)
						}
					}
				})
			}, actor.WithMailbox(mailbox.box))
			pid := sys.Root.Spawn(props)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				sys.Root.Send(pid, msg)
			}
			<-done
		})
	}
}
