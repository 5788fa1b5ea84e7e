package node

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/config"
)

// await polls until something holds that a process of its own brings about.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// needs skips where a program is not installed that a test runs.
func needs(t *testing.T, command string, args ...string) {
	t.Helper()
	if out, err := exec.Command(command, args...).CombinedOutput(); err != nil {
		t.Skipf("SKIP: %s %s does not run here: %v %.200s", command, strings.Join(args, " "), err, out)
	}
}

// example reads an example's configuration, with files of the test's own to write into and an
// exchange that is busy enough to be done soon.
func example(t *testing.T, dir string) *config.Config {
	t.Helper()
	source := filepath.Join("..", "..", "..", "examples", "strategies", dir)
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(source)); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join(copied, "maru.toml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Node.DataDir, cfg.HTTP.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	cfg.Venues[0].Sim.EventsPerSecond = 2000
	p := cfg.Strategies[0].Program
	p.Command = append(p.Command, "5", "0.99999") // trade often: the defaults are for patience
	return cfg
}

// TestExampleStrategies runs the examples until orders of theirs were filled.
func TestExampleStrategies(t *testing.T) {
	for _, test := range []struct {
		dir   string
		needs []string
	}{
		{"python", []string{"python3", "-c", "pass"}},
		{"r", []string{"Rscript", "--vanilla", "-e", "library(jsonlite)"}},
	} {
		t.Run(test.dir, func(t *testing.T) {
			t.Parallel()
			needs(t, test.needs[0], test.needs[1:]...)
			cfg := example(t, test.dir)
			n := start(t, cfg)
			fills := func() float64 {
				return telemetry.Sum(n.metrics.OrderEvents, "action", message.ActionFill.String())
			}
			await(t, "three fills", func() bool { return fills() >= 3 })
			if refused := telemetry.Sum(n.metrics.ProgramRefused); refused > 0 {
				t.Errorf("%v lines of the example were refused", refused)
			}
			if failures := telemetry.Sum(n.metrics.ProgramFailures); failures > 0 {
				t.Errorf("the example failed %v times", failures)
			}
			notes, err := os.ReadFile(filepath.Join(cfg.Node.DataDir, "strategies", "meanrevert.notes"))
			if err != nil || !strings.Contains(string(notes), `"ref":"r1"`) {
				t.Errorf("the notebook does not know the first ref: %v", err)
			}
		})
	}
}

const hopeless = `
[[venue]]
name = "sim"
adapter = "sim"
[[strategy]]
name = "hopeless"
type = "program"
account = "paper"
[strategy.program]
command = [%q, "-c", "exit 3"]
feeds = []
restarts = 0
[[account]]
name = "paper"
`

// TestAProgramThatIsGivenUpMakesTheNodeUnready: and harms nothing else.
func TestAProgramThatIsGivenUpMakesTheNodeUnready(t *testing.T) {
	n := start(t, parse(t, fmt.Sprintf(hopeless, "sh")))
	await(t, "the node says who was given up", func() bool {
		return strings.Contains(strings.Join(n.Ready(), "\n"), "strategy/hopeless")
	})
	if got := telemetry.Sum(n.metrics.ProgramFailures, "strategy", "hopeless", "reason", "exit"); got != 1 {
		t.Errorf("%v failures counted, want 1", got)
	}
	await(t, "prices go on", func() bool { return telemetry.Sum(n.metrics.StateEvents) > 100 })
}

// TestNotebooksAreTheOwnersAlone: what a strategy lets the runtime keep is nobody else's.
func TestNotebooksAreTheOwnersAlone(t *testing.T) {
	cfg := parse(t, fmt.Sprintf(hopeless, "sh"))
	start(t, cfg)
	path := filepath.Join(cfg.Node.DataDir, "strategies", "hopeless.notes")
	await(t, "the notebook is there", func() bool { _, err := os.Stat(path); return err == nil })
	for _, p := range []string{path, filepath.Dir(path)} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm()&fs.FileMode(0o077) != 0 {
			t.Errorf("%s: %v %v", p, info.Mode(), err)
		}
	}
}
