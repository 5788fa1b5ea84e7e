package feeder

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// clerk is a budget that writes down what it is told and permits everything at once.
type clerk struct {
	mu  sync.Mutex
	log []string
}

func (c *clerk) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case message.PermitRequest:
		c.note("%v %s", m.Fields().Use, m.Fields().Holder)
		p, err := message.NewPermit(m.Fields())
		if err != nil {
			panic(err)
		}
		ctx.Respond(p)
	case message.Penalty:
		c.note("penalty %s", m.Fields().Reason)
	}
}

func (c *clerk) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, fmt.Sprintf(format, args...))
}

func (c *clerk) has(line string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.log, line)
}

// TestFeederAsksBeforeItDialsAndReportsBans runs a feeder against a venue that answers every
// dial with 429.
func TestFeederAsksBeforeItDialsAndReportsBans(t *testing.T) {
	dials := make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		dials <- struct{}{}
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer s.Close()
	sys, env := system.New(quiet), system.Live(quiet)
	supervisor := system.NewSupervisor(Supervision(), env, nil, nil)
	spawn := func(name string, produce func() actor.Actor) *actor.PID {
		pid, err := system.Spawn(sys, name, produce, system.NewMailbox(system.MailboxConfig{}), actor.NewDefaultDispatcher(100), supervisor)
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	c := new(clerk)
	budget := spawn("budget", func() actor.Actor { return c })
	cfg := DefaultConfig("wanting", 1)
	cfg.ReconnectMin, cfg.ReconnectMax = time.Millisecond, 2*time.Millisecond
	deps := Deps{Env: env, Metrics: telemetry.New("test"), HTTP: s.Client(), Budget: budget, Partitions: []*actor.PID{budget}}
	f := spawn("feeder", func() actor.Actor {
		return New(cfg, words{url: "ws" + strings.TrimPrefix(s.URL, "http")}, deps, nil)
	})
	for range 2 {
		select {
		case <-dials:
		case <-time.After(10 * time.Second):
			t.Fatal("it did not dial")
		}
	}
	const penalty = "penalty HTTP 429: the venue wants no requests for 30s"
	for end := time.Now().Add(10 * time.Second); !c.has("connect wanting") || !c.has(penalty); {
		if time.Now().After(end) {
			t.Fatalf("the budget heard %v", c.log)
		}
		<-time.After(time.Millisecond)
	}
	if err := sys.Root.PoisonFuture(f).Wait(); err != nil {
		t.Fatal(err)
	}
}
