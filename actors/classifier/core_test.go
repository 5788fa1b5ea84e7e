package classifier

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var nan = math.NaN()

var update = flag.Bool("update", false, "rewrite testdata")

// TestScripts plays testdata/*.txt. Lines say: what an engine is, what the rows hold, and a row.
// Behind each stands, after "  ->" lines, what the core made of it.
//
//	engine NAME criteria DEFAULT CLASS: WHEN | CLASS: WHEN
//	engine NAME range FEATURE LOW HIGH MARGIN
//	features NAME …
//	limit N
//	row BASE [!] FIGURE …      ! is untrusted, ? is not known
//	rows BASE FIGURE … | BASE FIGURE …      of one message
//	latest
//	counters
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("got\n%s", got)
			}
			if again := play(t, got); again != got {
				t.Errorf("a second run gives\n%s", again)
			}
		})
	}
}

func play(t *testing.T, script string) string {
	t.Helper()
	var out strings.Builder
	var configs []Config
	var features []string
	var core *Core
	limit := InstrumentsMax
	started := func() *Core {
		if core == nil {
			c, err := New(configs, features)
			if err != nil {
				t.Fatal(err)
			}
			c.limit = limit
			core = c
		}
		return core
	}
	seq := 0
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ->") {
			continue
		}
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		var said []string
		switch words[0] {
		case "engine":
			configs = append(configs, parseEngine(t, words[1:]))
		case "features":
			features = words[1:]
		case "limit":
			limit = int(parseFigure(t, words[1]))
		case "row", "rows":
			b := message.NewViewsBuilder(1, len(features))
			for part := range strings.SplitSeq(strings.Join(words[1:], " "), " | ") {
				seq++
				addRow(t, &b, seq, strings.Fields(part))
			}
			for _, m := range started().Step(b.Build(message.ViewsFields{Source: "test"})) {
				said = append(said, said1(m))
			}
		case "latest":
			for m := range started().Latest() {
				said = append(said, said1(m))
			}
		case "counters":
			said = append(said, fmt.Sprintf("%+v", started().Counters()))
		default:
			t.Fatalf("what is %q?", line)
		}
		for _, s := range said {
			fmt.Fprintln(&out, "  -> "+s)
		}
	}
	return out.String()
}

func said1(m message.Classified) string {
	f := m.Fields()
	trust := ""
	if !f.Trusted {
		trust = " untrusted"
	}
	from := f.From
	if from == "" {
		from = "-"
	}
	return fmt.Sprintf("#%d %s %s: %s to %s%s, %s", f.Time(), f.Instrument.Base(), f.Engine, from, f.To, trust, f.Reason)
}

func parseEngine(t *testing.T, words []string) Config {
	t.Helper()
	c := Config{Name: message.EngineName(words[0]), Type: Type(words[1])}
	if c.Type == Range {
		c.Feature, c.Low, c.High, c.Margin = words[2], words[3], words[4], parseFigure(t, words[5])
		return c
	}
	c.Default = message.ClassName(words[2])
	for class := range strings.SplitSeq(strings.Join(words[3:], " "), " | ") {
		name, when, ok := strings.Cut(class, ": ")
		if !ok {
			t.Fatalf("class %q", class)
		}
		c.Classes = append(c.Classes, Class{message.ClassName(name), when})
	}
	return c
}

func addRow(t *testing.T, b *message.ViewsBuilder, seq int, words []string) {
	t.Helper()
	var figures []float64
	trusted := true
	for _, w := range words[1:] {
		if w == "!" {
			trusted = false
			continue
		}
		figures = append(figures, parseFigure(t, w))
	}
	o := message.Origin{Received: market.Timestamp(seq)}
	if words[0] != "-" {
		o.Instrument = market.MustInstrument("sim", words[0]+"-KRW")
	}
	b.Add(o, message.Quote{}, trusted, true, figures)
}

func parseFigure(t *testing.T, text string) float64 {
	t.Helper()
	if text == "?" {
		return nan
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMessage(t *testing.T) {
	cfg := momentum()
	cfg.Version = "v7"
	c, err := New([]Config{cfg}, []string{"spread_bps", "change_1m"})
	if err != nil {
		t.Fatal(err)
	}
	o := message.Origin{Instrument: market.MustInstrument("sim", "BTC-KRW"), VenueTime: 5, Received: 7}
	q := message.Quote{Last: market.Price{Decimal: market.DecimalFromInt(42)}}
	b := message.NewViewsBuilder(1, 2)
	b.Add(o, q, true, true, []float64{12, 0.0023})
	got := c.Step(b.Build(message.ViewsFields{}))
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	want := message.ClassifiedFields{Origin: o, Engine: "momentum", Version: "v7", To: "up", Quote: q, Trusted: true,
		Reason: "change_1m > 0.001 && spread_bps < 20: 0.0023 > 0.001 && 12 < 20"}
	if got[0].Fields() != want {
		t.Errorf("got %+v, want %+v", got[0].Fields(), want)
	}
}

func TestReasonIsBounded(t *testing.T) {
	when := "change_1m > 0.001" + strings.Repeat(" && change_1m > 0.001", 100)
	c, err := New([]Config{{Name: "long", Type: Criteria, Default: "flat", Classes: []Class{{"up", when}}}}, []string{"change_1m"})
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []float64{1, 0} { // the class, then the default
		got := c.Step(oneRow(figure))
		if len(got) != 1 {
			t.Fatalf("%d messages", len(got))
		}
		if r := got[0].Fields().Reason; len(r) != reasonMax || !strings.HasSuffix(r, "…") {
			t.Errorf("reason of %d bytes: %q", len(r), r)
		}
	}
}

func oneRow(figures ...float64) message.Views {
	b := message.NewViewsBuilder(1, len(figures))
	b.Add(message.Origin{Instrument: market.MustInstrument("sim", "BTC-KRW"), Received: 1}, message.Quote{}, true, true, figures)
	return b.Build(message.ViewsFields{})
}

// TestHistory runs random rows and holds what every reader may rely on: changes join up, none
// repeats, the same rows give the same changes however they are cut into messages, and Latest is
// the last change of each.
func TestHistory(t *testing.T) {
	configs := []Config{momentum(), breakout()}
	features := []string{"price", "min_5m", "max_5m", "change_1m", "spread_bps"}
	run := func(batch int) (all []message.Classified, c *Core) {
		c, err := New(configs, features)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		b := message.NewViewsBuilder(batch, len(features))
		for i := range 5000 {
			figures := []float64{random.Float64(), 0.2, 0.8, random.Float64()*0.006 - 0.003, random.Float64() * 40}
			if random.IntN(10) == 0 {
				figures[random.IntN(len(figures))] = nan
			}
			o := message.Origin{Instrument: market.MustInstrument("sim", fmt.Sprintf("C%d-KRW", random.IntN(7))), Received: market.Timestamp(i + 1)}
			b.Add(o, message.Quote{}, random.IntN(20) != 0, true, figures)
			if (i+1)%batch == 0 {
				all = append(all, c.Step(b.Build(message.ViewsFields{}))...)
			}
		}
		return all, c
	}
	all, c := run(1)
	if again, _ := run(50); !slices.Equal(all, again) {
		t.Errorf("%d changes in batches of one, %d others in batches of 50", len(all), len(again))
	}
	type key struct {
		engine     message.EngineName
		instrument market.Instrument
	}
	last := make(map[key]message.Classified)
	for _, m := range all {
		f := m.Fields()
		k := key{f.Engine, f.Instrument}
		if before := last[k].Fields().To; f.From != before || f.To == f.From {
			t.Fatalf("%v follows class %q", m, before)
		}
		if (f.To == Untrusted) == f.Trusted {
			t.Fatalf("%v: class and trust disagree", m)
		}
		last[k] = m
	}
	latest := 0
	for m := range c.Latest() {
		f := m.Fields()
		if last[key{f.Engine, f.Instrument}] != m {
			t.Errorf("latest is %v, the last was %v", m, last[key{f.Engine, f.Instrument}])
		}
		latest++
	}
	if latest != 14 || len(last) != 14 {
		t.Errorf("latest of %d and history of %d, want 2 engines × 7 instruments", latest, len(last))
	}
	if n := c.Counters(); n.Changes != uint64(len(all)) || n.Rows != 5000 || n.NotReady == 0 || n.Instruments != 7 || n.Invalid != 0 {
		t.Errorf("%+v after %d changes", n, len(all))
	}
	for range c.Latest() { // may be left early
		break
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	c, views := benchCore(t, 64)
	c.Step(views)
	if n := testing.AllocsPerRun(100, func() { c.Step(views) }); n != 0 {
		t.Errorf("%v allocations where nothing changes", n)
	}
}
