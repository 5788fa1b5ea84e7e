package classifier

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	dto "github.com/prometheus/client_model/go"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
)

// shop is a source whose file the test exchanges.
type shop struct {
	mu   sync.Mutex
	file string
	err  error
	seen []string // what it was asked with
}

func (s *shop) put(file string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file, s.err = file, err
}

func (s *shop) Open(ctx context.Context, seen string) (io.ReadCloser, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, seen)
	if s.err != nil {
		return nil, "", s.err
	}
	return text(s.file).Open(ctx, seen)
}

// testbed is a classifier that runs, with what the test holds in its hands.
type testbed struct {
	t       *testing.T
	sys     *actor.ActorSystem
	pid     *actor.PID
	metrics *telemetry.Metrics
	source  *shop
	shelf   *Shelf
	waits   chan wait // for a look
	said    chan message.Classified
	log     *lines
}

type wait struct {
	d    time.Duration
	look func()
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type hears chan message.Classified

func (h hears) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(message.Classified); ok {
		h <- m
	}
}

// bomb makes a classifier fail.
type bomb struct{}

type fragile struct{ *Classifier }

func (f fragile) Receive(ctx actor.Context) {
	if _, ok := ctx.Message().(bomb); ok {
		panic("a fault")
	}
	f.Classifier.Receive(ctx)
}

func startClassifier(t *testing.T, cfg Config, source *shop, repeatable bool) *testbed {
	t.Helper()
	w := &testbed{t: t, metrics: telemetry.New("test"), source: source, shelf: NewShelf(), waits: make(chan wait, 16), said: make(hears, 1<<17), log: new(lines)}
	w.sys = system.New(slog.New(slog.DiscardHandler))
	env := system.Live(slog.New(slog.NewTextHandler(w.log, nil)))
	env.Repeatable = repeatable
	env.After = func(d time.Duration, f func()) func() {
		w.waits <- wait{d, f}
		return func() {}
	}
	listener := w.sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return hears(w.said) }))
	sources := map[message.EngineName]Source{cfg.Name: source}
	if repeatable {
		if err := w.shelf.Fill(t.Context(), []Config{cfg}, sources); err != nil {
			t.Fatal(err)
		}
	}
	deps := Deps{Env: env, Metrics: w.metrics, Watchers: []*actor.PID{listener}, Sources: sources, Shelf: w.shelf}
	supervisor := system.NewSupervisor(Supervision(), system.Live(slog.New(slog.DiscardHandler)), func(string, any) {}, func(string, any) {})
	pid, err := system.Spawn(w.sys, "classifier", func() actor.Actor { return fragile{NewActor([]Config{cfg}, modelFeatures, deps)} },
		system.NewMailbox(system.MailboxConfig{Role: "classifier", Lossless: true, Stats: new(system.MailboxStats)}), system.NewPool(300), supervisor)
	if err != nil {
		t.Fatal(err)
	}
	w.pid = pid
	t.Cleanup(func() {
		if err := w.sys.Root.PoisonFuture(pid).Wait(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// outcomes of all looks so far: loaded, unchanged, refused, failed.
func (w *testbed) outcomes() (n [4]float64) {
	for i, outcome := range loadOutcomes {
		var m dto.Metric
		if err := w.metrics.ClassifierLoads.WithLabelValues("gbm", outcome).Write(&m); err != nil {
			w.t.Fatal(err)
		}
		n[i] = m.GetCounter().GetValue()
	}
	return n
}

// looked waits for the look under way, and returns how long the actor means to wait for the next.
func (w *testbed) looked() wait {
	w.t.Helper()
	return receive(w.t, w.waits)
}

func (w *testbed) judge(change float64) message.ClassifiedFields {
	w.t.Helper()
	w.sys.Root.Send(w.pid, modelRow(1, change/100, 5))
	return receive(w.t, w.said).Fields()
}

func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
	}
	return v
}

// TestLoading plays the life of an engine's file: not there, there, replaced, corrupt, gone, back.
func TestLoading(t *testing.T) {
	first, second := stump("1", "0.2", "0.6"), stump("1", "0.6", "0.2")
	source := new(shop)
	source.put("", errors.New("nobody answers"))
	w := startClassifier(t, boostedConfig(), source, false)
	check := func(what string, next wait, d time.Duration, want [4]float64) {
		t.Helper()
		if got := w.outcomes(); got != want || next.d != d {
			t.Errorf("%s: %v and again in %v, want %v and %v\n%s", what, got, next.d, want, d, w.log)
		}
	}
	next := w.looked()
	check("at first", next, time.Second, [4]float64{0, 0, 0, 1})
	next.look()
	next = w.looked()
	check("still", next, 2*time.Second, [4]float64{0, 0, 0, 2})
	if n := strings.Count(w.log.String(), "nobody answers"); n != 1 {
		t.Errorf("logged %d times", n)
	}

	source.put(first, nil)
	next.look()
	next = w.looked()
	check("loaded", next, time.Minute, [4]float64{1, 0, 0, 2})
	if f := w.judge(2); f.To != "up" || f.Version != sumOf(first)[:12] {
		t.Errorf("%+v", f)
	}
	next.look()
	next = w.looked()
	check("unchanged", next, time.Minute, [4]float64{1, 1, 0, 2})

	source.put(first[:300], nil)
	for range 2 { // it is refused once, and then the same
		next.look()
		next = w.looked()
	}
	check("corrupt", next, time.Minute, [4]float64{1, 2, 1, 2})
	if f := w.judge(0); f.To != "down" || f.Version != sumOf(first)[:12] { // the old one stays
		t.Errorf("%+v", f)
	}
	source.put(first, nil) // and is there again
	next.look()
	next = w.looked()
	check("mended", next, time.Minute, [4]float64{1, 3, 1, 2})

	source.put(second, nil)
	next.look()
	next = w.looked()
	check("replaced", next, time.Minute, [4]float64{2, 3, 1, 2})
	if f := w.judge(0); f.To != "up" || f.From != "down" || f.Version != sumOf(second)[:12] {
		t.Errorf("%+v", f)
	}

	// A classifier that fails begins anew with what it had, though nobody answers.
	source.put("", errors.New("gone"))
	w.sys.Root.Send(w.pid, bomb{})
	again := w.looked()
	check("after a failure", again, time.Minute, [4]float64{2, 3, 1, 2})
	if f := w.judge(0); f.To != "up" || f.From != "" || f.Version != sumOf(second)[:12] {
		t.Errorf("%+v", f)
	}
	next.look() // of the start before: nobody listens
	again.look()
	check("gone", w.looked(), time.Minute, [4]float64{2, 3, 1, 3})
}

// TestLoadingRepeatable holds that a repeatable run looks for nothing.
func TestLoadingRepeatable(t *testing.T) {
	source := &shop{file: stump("1", "0.2", "0.6")}
	w := startClassifier(t, boostedConfig(), source, true)
	if f := w.judge(2); f.To != "up" {
		t.Errorf("%+v", f)
	}
	if len(w.waits) > 0 || len(source.seen) != 1 || w.outcomes() != [4]float64{} {
		t.Error(len(w.waits), source.seen, w.outcomes())
	}
	bad := boostedConfig()
	bad.Model.SHA256 = sumOf("another")
	if err := NewShelf().Fill(t.Context(), []Config{bad}, map[message.EngineName]Source{"gbm": source}); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	if err := NewShelf().Fill(t.Context(), []Config{bad}, nil); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "no source") {
		t.Error(err)
	}
}

// TestSwapUnderLoad replaces the model again and again while rows stream in: each is judged, by the
// old one or the new one, and versions never go back.
func TestSwapUnderLoad(t *testing.T) {
	const rows, swaps = 20_000, 10
	source := &shop{file: stump("1", "0.2", "0.6")}
	w := startClassifier(t, boostedConfig(), source, false)
	next := w.looked()
	done := make(chan struct{})
	go func() {
		defer close(done)
		btc := market.MustInstrument("sim", "BTC-KRW")
		for n := range rows {
			b := message.NewViewsBuilder(1, 3)
			b.Add(message.Origin{Instrument: btc, Received: market.Timestamp(n + 1)}, message.Quote{}, true, true, []float64{1, float64(n%2+1) / 100, 5})
			w.sys.Root.Send(w.pid, b.Build(message.ViewsFields{}))
		}
	}()
	versions := []string{sumOf(source.file)[:12]}
	for n := range swaps {
		file := stump("1", "0.2", "0.7") + strings.Repeat("\n", n)
		versions = append(versions, sumOf(file)[:12])
		source.put(file, nil)
		next.look()
		next = w.looked()
	}
	<-done
	at := 0
	for n := range rows {
		f := receive(t, w.said).Fields()
		if want := []message.ClassName{"down", "up"}[n%2]; f.To != want || f.Received != market.Timestamp(n+1) {
			t.Fatalf("row %d: %+v", n, f)
		}
		for f.Version != versions[at] {
			if at++; at == len(versions) {
				t.Fatalf("row %d: version %s is none, or an older one", n, f.Version)
			}
		}
	}
	if n := w.outcomes(); n != [4]float64{swaps + 1} {
		t.Error(n)
	}
}
