package feeder

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// archive answers for a replay server: with the newest snapshot up to the position, or else the first
// one after it. Each is known by the time at which it was recorded.
type archive map[string][]market.Timestamp // by path

func (a archive) Do(r *http.Request) (*http.Response, error) {
	position := recordedAt(r.Header.Get(ReplayPosition))
	var found market.Timestamp
	for _, at := range a[r.URL.Path] {
		if found == 0 || at <= position {
			found = at
		}
	}
	header := http.Header{}
	header.Set(RecordedAt, fmt.Sprint(int64(found)))
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(fmt.Sprint(int64(found))))}, nil
}

// played is what a partition hears of frames that are replayed: a line an event, with the time of its
// batch.
func played(t *testing.T, a archive, frames ...string) string {
	t.Helper()
	loop := system.NewLoop(0)
	env := system.Env{Now: loop.Now, After: loop.After, Go: loop.Go, Log: quiet, Repeatable: true}
	sys := system.New(quiet)
	supervisor := system.NewSupervisor(Supervision(), env, func(who string, why any) { t.Errorf("%s: %v", who, why) }, nil)
	spawn := func(name string, produce func() actor.Actor) *actor.PID {
		pid, err := system.Spawn(sys, name, produce, system.NewMailbox(system.MailboxConfig{Lossless: true}), loop, supervisor)
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	var out strings.Builder
	partition := spawn("partition", func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			b, ok := ctx.Message().(message.Batch)
			if !ok {
				return
			}
			for e := range b.Events() {
				fmt.Fprintf(&out, "%d ", b.Fields().Time)
				switch e := e.(type) {
				case message.Book:
					fmt.Fprintf(&out, "book to %d\n", e.Fields().LastID)
				case message.Status:
					fmt.Fprintf(&out, "trusted=%t %s\n", e.Fields().Trusted, e.Fields().Reason)
				default:
					fmt.Fprintf(&out, "%v\n", e.Kind())
				}
			}
		})
	})
	r := NewReplay(loop)
	deps := Deps{Env: env, Metrics: telemetry.New("test"), HTTP: a, Partitions: []*actor.PID{partition},
		Frames: func(yield func([]byte, market.Timestamp) bool) {
			for _, f := range frames {
				var at market.Timestamp
				when, frame, _ := strings.Cut(f, " ")
				if _, err := fmt.Sscan(when, &at); err != nil || !yield([]byte(frame), at) {
					return
				}
			}
		}}
	f := spawn("feeder", func() actor.Actor { return New(DefaultConfig("test", 1), joining{}, deps, r) })
	loop.Run()
	r.Run(func(to *actor.PID, m any) { sys.Root.Send(to, m) }, nil)
	future := sys.Root.PoisonFuture(f)
	loop.Run()
	if err := future.Wait(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A snapshot that was recorded after the frames which need it comes when its time has come, as it did
// when it was recorded: nothing of the future is told, and message time does not run ahead.
func TestReplayedSnapshotsWaitForTheirTime(t *testing.T) {
	got := played(t, archive{"/BTC-KRW": {40, 900}},
		"10 book BTC 8-10 1", "20 book BTC 11-20 1", "30 trade BTC 7", "45 book BTC 21-45 1", "50 book BTC 46-50 1")
	same(t, got, `
0 trusted=false waiting for a snapshot
0 trusted=false waiting for a snapshot
30 trade
45 book to 40
45 book to 45
45 trusted=true snapshot joined
50 book to 50
`)
	// The one before, where there is one; it joins at once.
	got = played(t, archive{"/BTC-KRW": {9, 40}}, "10 book BTC 8-10 1", "20 book BTC 11-20 1")
	same(t, got, `
0 trusted=false waiting for a snapshot
0 trusted=false waiting for a snapshot
10 book to 9
10 book to 10
10 trusted=true snapshot joined
20 book to 20
`)
	// Its time never comes.
	got = played(t, archive{"/BTC-KRW": {900}}, "10 book BTC 8-10 1", "20 book BTC 11-20 1")
	same(t, got, `
0 trusted=false waiting for a snapshot
0 trusted=false waiting for a snapshot
`)
	// Frames without times have no future: the snapshot is used as it comes.
	got = played(t, archive{"/BTC-KRW": {9}}, "0 book BTC 8-10 1", "0 book BTC 11-20 1")
	if !strings.Contains(got, "trusted=true") || !strings.Contains(got, "book to 20") {
		t.Errorf("got\n%s", got)
	}
}
