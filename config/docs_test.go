package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/sim"
)

// The reference in docs/config.md is what the code knows.
func TestDocsAreTheSchema(t *testing.T) {
	const path, mark = "../docs/config.md", "from config/schema.go. -->\n\n"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(data), mark)
	if !ok {
		t.Fatalf("%s has no line that ends in %q", path, mark)
	}
	compare(t, path, head+mark+Markdown())
	for _, table := range Reference() {
		for _, k := range table.Keys {
			if !strings.Contains(Markdown(), "| `"+k.Name+"` |") {
				t.Errorf("%s.%s is not documented", table.Table, k.Name)
			}
		}
	}
}

// Every example is a good file, and none warns of more than recordings that are not there, or that an account
// is live.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*.toml")
	if err != nil || len(files) < 4 {
		t.Fatal(err, files)
	}
	dirs := map[string]string{}
	for _, path := range files {
		if filepath.Base(path) == "screen.toml" { // criteria for maru screen, which has a test of its own
			continue
		}
		c, err := Load(path)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, w := range Explain(c).Warnings {
			live := filepath.Base(path) == "live-demo.toml" && strings.Contains(w, "account demo: LIVE")
			if !strings.Contains(w, "file to replay") && !live {
				t.Errorf("%s: %s", path, w)
			}
		}
		if other, taken := dirs[c.Node.DataDir]; taken {
			t.Errorf("%s and %s share the data directory %s", path, other, c.Node.DataDir)
		}
		dirs[c.Node.DataDir] = path
		if got, want := filepath.Dir(c.Node.DataDir), filepath.Join("..", "data"); got != want {
			t.Errorf("%s keeps its data in %s, want %s, which git ignores", path, got, want)
		}
		for i := range c.Venues {
			if v := &c.Venues[i]; v.Replay != nil {
				for _, f := range v.Replay.Files {
					if !strings.HasPrefix(f, filepath.Join("..", "..", "shared", "data")+string(filepath.Separator)) {
						t.Errorf("%s replays %s, which is not beside the checkout", path, f)
					}
				}
			}
		}
	}
}

// What the default trades, the embedded exchange lists.
func TestDefaultTradesWhatIsListed(t *testing.T) {
	c := Default()
	e, err := sim.NewExchange(sim.Config{Seed: c.Venues[0].Sim.Seed, Instruments: 20})
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, l := range e.Listings() {
		listed[l.Instrument.Name()] = true
	}
	for _, s := range c.Strategies {
		for _, i := range s.Instruments {
			if !listed[i.Name()] {
				t.Errorf("strategy %s trades %v, which is not among the first 20", s.Name, i)
			}
			if c.Accounts[0].Balance[i.Quote()].Sign() <= 0 {
				t.Errorf("strategy %s trades %v, and the account has no %s", s.Name, i, i.Quote())
			}
		}
	}
}
