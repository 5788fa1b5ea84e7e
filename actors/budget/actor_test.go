package budget

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

type holder struct {
	loop *system.Loop
	log  *[]string
}

func (h holder) Receive(ctx actor.Context) {
	if p, ok := ctx.Message().(message.Permit); ok {
		*h.log = append(*h.log, fmt.Sprintf("%d at %d", p.Fields().ID, h.loop.Now()/market.Seconds(1)))
	}
}

func TestBudgetAnswersWhoAskedWhenItIsTime(t *testing.T) {
	loop := system.NewLoop(market.Seconds(100))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys := system.New(log)
	env := system.Env{Now: loop.Now, After: loop.After, Go: loop.Go, Log: log}
	metrics := telemetry.New("test")
	s := system.NewSupervisor(Supervision(), env, nil, nil)
	var got []string
	to, err := system.Spawn(sys, "holder", func() actor.Actor { return holder{loop, &got} }, system.NewMailbox(system.MailboxConfig{}), loop, s)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Every: map[Key]time.Duration{{"x", message.UseREST}: 2 * time.Second}}
	pid, err := system.Spawn(sys, "budget", func() actor.Actor { return NewActor(cfg, Deps{env, metrics}) }, system.NewMailbox(system.MailboxConfig{}), loop, s)
	if err != nil {
		t.Fatal(err)
	}
	request := func(id uint64) {
		r, err := message.NewPermitRequest(message.PermitRequestFields{Venue: "x", Use: message.UseREST, Holder: "h", ID: id})
		if err != nil {
			t.Fatal(err)
		}
		sys.Root.RequestWithCustomSender(pid, r, to)
		loop.Run()
	}
	for id := range uint64(3) {
		request(id)
	}
	loop.Advance(market.Seconds(103))
	penalty, err := message.NewPenalty(message.PenaltyFields{Venue: "x", Until: market.Seconds(130), Reason: "HTTP 429"})
	if err != nil {
		t.Fatal(err)
	}
	sys.Root.Send(pid, penalty)
	request(3)
	loop.Advance(market.Seconds(140))
	if want := []string{"0 at 100", "1 at 102", "2 at 130", "3 at 132"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if n := telemetry.Sum(metrics.BudgetPermits); n != 4 || telemetry.Sum(metrics.BudgetPenalties) != 1 || telemetry.Sum(metrics.BudgetWaiting) != 0 {
		t.Fatalf("%v permits counted", n)
	}

	// A restart forgets who waits, and not who asks again.
	sys.Root.Send(pid, system.Crash{Reason: "a drill"})
	loop.Advance(market.Seconds(150))
	request(4)
	if got[len(got)-1] != "4 at 150" {
		t.Fatalf("after a restart: %v", got)
	}
}
