package strategy

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// puppet is a program that the test plays.
type puppet struct {
	hears Listener
	told  []string
	full  bool // it reads nothing any more
	ended string
}

func (p *puppet) Send(key string, line []byte) (kept, replaced bool) {
	if p.full && key == "" {
		return false, false
	}
	p.told = append(p.told, string(line))
	return true, false
}

func (p *puppet) Close(reason string) {
	p.ended = reason
	p.hears.Ended(reason)
}

// pad is a notebook in memory.
type pad struct {
	records [][]byte
	synced  int
	fail    error
}

func (p *pad) Append(r []byte) error {
	p.records = append(p.records, slices.Clone(r))
	return p.fail
}

func (p *pad) Sync() error {
	p.synced = len(p.records)
	return p.fail
}

func (p *pad) Replace(records iter.Seq[[]byte]) error {
	p.records = slices.Collect(records)
	p.synced = len(p.records)
	return p.fail
}

// stage is an external strategy between a program and a gateway that the test plays, in virtual time.
type stage struct {
	t       *testing.T
	loop    *system.Loop
	sys     *actor.ActorSystem
	pid     *actor.PID
	puppets []*puppet
	pad     *pad
	asked   []message.Message // by the gateway
	gaveUp  []string
	metrics *telemetry.Metrics
}

type actorFunc func(actor.Context)

func (f actorFunc) Receive(ctx actor.Context) { f(ctx) }

func newStage(t *testing.T, change func(*ExternalConfig)) *stage {
	t.Helper()
	s := &stage{t: t, loop: system.NewLoop(start), pad: new(pad), metrics: telemetry.New("test")}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	s.sys = system.New(log)
	env := system.Env{Now: s.loop.Now, After: s.loop.After, Go: s.loop.Go, Log: log}
	spawn := func(name string, produce func() actor.Actor) *actor.PID {
		pid, err := system.Spawn(s.sys, name, produce, system.NewMailbox(system.MailboxConfig{}), s.loop, system.NewSupervisor(Supervision(), env, nil, nil))
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	gateway := spawn("gateway", func() actor.Actor {
		return actorFunc(func(ctx actor.Context) {
			if m, ok := ctx.Message().(message.Message); ok {
				s.asked = append(s.asked, m)
				if m.Kind() != message.KindCancelIntent && s.pad.synced != len(s.pad.records) {
					t.Errorf("%v was asked for before it was on the disk", m)
				}
			}
		})
	})
	cfg := externalConfig()
	cfg.Feeds = nil
	if change != nil {
		change(&cfg)
	}
	deps := ExternalDeps{Env: env, Metrics: s.metrics, Listings: listings(), Gateway: gateway, Form: form,
		History: func() iter.Seq2[message.OrderEvent, error] { return func(func(message.OrderEvent, error) bool) {} },
		Launch: func(l Listener) (Program, error) {
			p := &puppet{hears: l}
			s.puppets = append(s.puppets, p)
			return p, nil
		},
		Notes: func() (Notebook, iter.Seq2[[]byte, error], func() error, error) {
			stood := slices.Clone(s.pad.records)
			return s.pad, func(yield func([]byte, error) bool) {
				for _, r := range stood {
					if !yield(r, nil) {
						return
					}
				}
			}, func() error { return nil }, nil
		},
		GaveUp: func(reason string) { s.gaveUp = append(s.gaveUp, reason) }}
	restarted := false
	s.pid = spawn("strategy", func() actor.Actor {
		a := NewExternalActor(cfg, deps, restarted)
		restarted = true
		return a
	})
	s.loop.Run()
	return s
}

func (s *stage) puppet() *puppet { return s.puppets[len(s.puppets)-1] }

func (s *stage) say(lines ...string) {
	for _, l := range lines {
		s.puppet().hears.Line([]byte(l))
	}
	s.loop.Run()
}

func (s *stage) pass(d time.Duration) { s.loop.Advance(s.loop.Now().Add(d)) }

const hi = `{"type":"hello","version":1}`

func (s *stage) failures(reason string) float64 {
	return telemetry.Sum(s.metrics.ProgramFailures, "reason", reason)
}

func TestAProgramIsToldAndHeard(t *testing.T) {
	s := newStage(t, nil)
	s.say(hi, buy, buy)
	if len(s.asked) != 1 || len(s.pad.records) != 1 {
		t.Fatalf("asked for %v", s.asked)
	}
	if told := s.puppet().told; len(told) != 2 || !strings.Contains(told[0], `"type":"hello"`) || !strings.Contains(told[1], `"pending"`) {
		t.Errorf("told %q", told)
	}
	s.say(`{"type":"state","key":"k","value":"v"}`)
	if last := s.puppet().told[len(s.puppet().told)-1]; !strings.Contains(last, `"saved"`) {
		t.Errorf("told %q", last)
	}
}

func TestHangsAndSilenceEndAProgram(t *testing.T) {
	t.Run("no hello", func(t *testing.T) {
		s := newStage(t, nil)
		s.pass(19 * time.Second)
		if s.puppet().ended != "" {
			t.Fatalf("ended early: %s", s.puppet().ended)
		}
		s.pass(6 * time.Second)
		if s.failures("hello") != 1 {
			t.Fatalf("ended for %q", s.puppets[0].ended)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		s := newStage(t, nil)
		s.say(hi)
		s.pass(5 * time.Second)
		s.say(`{"type":"heartbeat","n":1}`)
		s.pass(24 * time.Second)
		if s.puppet().ended != "" {
			t.Fatalf("ended early: %s", s.puppet().ended)
		}
		s.pass(6 * time.Second)
		if s.failures("hang") != 1 || len(s.puppets) != 2 {
			t.Fatalf("ended for %q, %d starts", s.puppets[0].ended, len(s.puppets))
		}
	})
	t.Run("answers", func(t *testing.T) {
		s := newStage(t, nil)
		s.say(hi)
		for n := 1; n < 100; n++ {
			s.pass(5 * time.Second)
			s.say(fmt.Sprintf(`{"type":"heartbeat","n":%d}`, n))
		}
		if len(s.puppets) != 1 || s.puppet().ended != "" {
			t.Fatalf("a program that answers was ended: %q", s.puppet().ended)
		}
	})
}

func TestBackoffThenGivingUp(t *testing.T) {
	s := newStage(t, func(c *ExternalConfig) { c.Restarts, c.OnGiveUp = 2, CancelOrders })
	for i, wait := range []time.Duration{time.Second, 2 * time.Second} {
		s.say(hi)
		s.puppet().hears.Ended("exit: status 1")
		s.loop.Run()
		s.pass(wait - time.Millisecond)
		if len(s.puppets) != i+1 {
			t.Fatalf("started again too soon")
		}
		s.pass(2 * time.Millisecond)
		if len(s.puppets) != i+2 || !strings.Contains(s.puppet().told[0], fmt.Sprintf(`"session":%d`, i+2)) {
			t.Fatalf("%d starts, told %q", len(s.puppets), s.puppet().told)
		}
	}
	s.puppet().hears.Ended("signal: killed")
	s.pass(time.Hour)
	if len(s.puppets) != 3 || len(s.gaveUp) != 1 || !strings.Contains(s.gaveUp[0], "signal: killed") {
		t.Fatalf("%d starts, gave up %q", len(s.puppets), s.gaveUp)
	}
	if len(s.asked) != 1 || s.asked[0].(message.CancelIntent).Fields().ID != (message.IntentID{Strategy: "s"}) {
		t.Errorf("its orders are to be canceled: %v", s.asked)
	}
}

// TestFailuresAreForgotten: a program that fails now and then is not given up for it.
func TestFailuresAreForgotten(t *testing.T) {
	s := newStage(t, func(c *ExternalConfig) { c.Restarts, c.Heartbeat, c.HeartbeatDeadline = 1, time.Hour, 2*time.Hour })
	for range 10 {
		s.say(hi)
		s.puppet().hears.Ended("exit: status 1")
		s.loop.Run()
		s.pass(11 * time.Minute)
	}
	if len(s.gaveUp) != 0 {
		t.Fatalf("gave up: %q", s.gaveUp)
	}
}

// TestWhatAProgramMissedIsInTheNextHello: one that does not read is ended, and its order's end told again.
func TestWhatAProgramMissedIsInTheNextHello(t *testing.T) {
	s := newStage(t, nil)
	s.say(hi, buy)
	s.puppet().full = true
	k := &talk{t: t, core: must(NewExternal(externalConfig(), listings(), form))}
	k.event(1, message.ActionReject, message.OrderRejected, nil)
	s.sys.Root.Send(s.pid, k.core.closed[0])
	s.loop.Run()
	if s.failures("slow") != 1 {
		t.Fatalf("ended for %q", s.puppet().ended)
	}
	s.pass(2 * time.Second)
	if len(s.puppets) != 2 || !strings.Contains(s.puppet().told[0], `"closed":[{"ref":"a"`) {
		t.Fatalf("told %q", s.puppet().told)
	}
}

// TestNobodyHearsAProgramThatIsEnded: what it says behind its failure leads to nothing.
func TestNobodyHearsAProgramThatIsEnded(t *testing.T) {
	s := newStage(t, func(c *ExternalConfig) { c.BadLinesMax = 1 })
	first := s.puppet()
	s.say(hi, "nonsense", buy)
	if s.failures("nonsense") != 1 || len(s.asked) != 0 {
		t.Fatalf("ended for %q, asked for %v", first.ended, s.asked)
	}
	s.pass(2 * time.Second)
	first.hears.Line([]byte(buy)) // of a session that is over
	s.loop.Run()
	if len(s.asked) != 0 || len(s.puppets) != 2 {
		t.Fatalf("asked for %v", s.asked)
	}
}

func TestWithoutANotebookNothingIsOrdered(t *testing.T) {
	s := newStage(t, nil)
	s.say(hi)
	s.pad.fail = errors.New("the disk is full")
	s.say(buy)
	s.say(strings.Replace(buy, `"a"`, `"b"`, 1))
	if len(s.asked) != 0 {
		t.Fatalf("asked for %v", s.asked)
	}
	last := s.puppet().told[len(s.puppet().told)-1]
	if !strings.Contains(last, `"refused"`) || !strings.Contains(last, `"notebook"`) || !strings.Contains(last, "the disk is full") {
		t.Errorf("told %q", last)
	}
	s.say(`{"type":"cancel","all":true}`) // a cancel needs no record
	if len(s.asked) != 1 {
		t.Errorf("a cancel did not leave: %v", s.asked)
	}
}

// TestAnActorsRestartAsksAgain: an intent that the gateway may not have got is told again under its
// number.
func TestAnActorsRestartAsksAgain(t *testing.T) {
	s := newStage(t, nil)
	s.say(hi, buy)
	s.sys.Root.Send(s.pid, system.Crash{Reason: "a drill"})
	s.loop.Run()
	s.pass(2 * time.Second)
	if s.puppets[0].ended != "stop" {
		t.Errorf("the program was ended for %q", s.puppets[0].ended)
	}
	if len(s.asked) != 2 || s.asked[0].(message.OrderIntent).Fields() != s.asked[1].(message.OrderIntent).Fields() {
		t.Fatalf("asked for %v", s.asked)
	}
	if len(s.puppets) != 2 {
		t.Errorf("%d starts", len(s.puppets))
	}
}

func TestTheNotebookIsKeptSmall(t *testing.T) {
	s := newStage(t, nil)
	s.say(hi)
	for i := range smallest + 10 {
		s.say(fmt.Sprintf(`{"type":"state","key":"k","value":"%d"}`, i))
	}
	if n := len(s.pad.records); n > 20 {
		t.Errorf("%d records for one key", n)
	}
	again := must(NewExternal(externalConfig(), listings(), form))
	for _, r := range s.pad.records {
		if err := again.Note(r); err != nil {
			t.Fatal(err)
		}
	}
	if got := again.state["k"]; got != fmt.Sprint(smallest+9) {
		t.Errorf("k is %q", got)
	}
}
