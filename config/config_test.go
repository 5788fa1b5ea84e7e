package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maru-trading/maru/actors/market"
)

// same compares configurations, instruments by identity.
var same = cmp.Options{
	cmp.Comparer(func(a, b market.Instrument) bool { return a == b }),
	cmp.Comparer(func(a, b market.Amount) bool { return a == b }),
	cmp.Comparer(func(a, b market.Quantity) bool { return a == b }),
	cmp.Comparer(func(a, b market.Decimal) bool { return a == b }),
}

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse([]byte(text), "")
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return c
}

func TestExampleIsTheDefault(t *testing.T) {
	if diff := cmp.Diff(Default(), mustParse(t, Example()), same); diff != "" {
		t.Errorf("maru.toml as maru init writes it is not the default (-default +file):\n%s", diff)
	}
	if diff := cmp.Diff(Default(), mustParse(t, Default().TOML()), same); diff != "" {
		t.Errorf("the default does not survive being written (-default +file):\n%s", diff)
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

// Every line of the example that is shown behind a # is a line that can be used: without its # the
// file is good, or says that the key belongs to something that is not there. What is shown as the
// default changes nothing.
func TestEveryLineOfTheExampleCanBeUsed(t *testing.T) {
	lines := strings.Split(Example(), "\n")
	muted, tried := false, 0
	for i, line := range lines {
		key, _, isKey := strings.Cut(strings.TrimPrefix(line, "# "), " = ")
		switch {
		case strings.HasPrefix(line, "# ["):
			muted = true // a table that is not there
		case strings.HasPrefix(line, "["):
			muted = false
		}
		if muted || !isKey || !strings.HasPrefix(line, "# ") || !isBare(key) {
			continue
		}
		tried++
		changed := strings.Join(lines[:i], "\n") + "\n" + strings.TrimPrefix(line, "# ") + "\n" + strings.Join(lines[i+1:], "\n")
		c, err := Parse([]byte(changed), "")
		var faults Faults
		switch {
		case errors.As(err, &faults):
			for _, f := range faults {
				if !strings.Contains(f.Want, " only ") && !strings.Contains(f.Want, "that a [[venue]] follows") {
					t.Errorf("line %d %q: %v", i+1, line, f)
				}
			}
		case err != nil:
			t.Errorf("line %d %q: %v", i+1, line, err)
		case strings.HasSuffix(lines[i-1], "; default "+strings.TrimPrefix(line, "# "+key+" = ")+"."):
			if diff := cmp.Diff(Default(), c, same); diff != "" {
				t.Errorf("line %d %q is not the default:\n%s", i+1, line, diff)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d lines were tried", tried)
	}
}

func TestExampleExplainsEveryKey(t *testing.T) {
	example := Example()
	for _, table := range Reference() {
		if !strings.Contains(example, "["+table.Table+"]") {
			t.Errorf("no [%s] in the example", table.Table)
		}
		for _, k := range table.Keys {
			if k.Name != "CURRENCY" && !strings.Contains(example, "\n"+k.Name+" = ") && !strings.Contains(example, "\n# "+k.Name+" = ") {
				t.Errorf("no key %s of [%s] in the example", k.Name, table.Table)
			}
			if k.Doc == "" || k.Want == "" {
				t.Errorf("%s.%s has no words", table.Table, k.Name)
			}
		}
	}
}

func TestDefaultIsWhatPeopleAreTold(t *testing.T) {
	c := Default()
	if len(c.Venues) != 1 || c.Venues[0].Sim == nil || c.Venues[0].Sim.Instruments != 24 || len(c.Engines) != 2 || len(c.Strategies) != 2 || len(c.Accounts) != 1 {
		t.Errorf("%+v", c)
	}
	if c.HTTP.AllowRemote || c.HTTP.Listen != "127.0.0.1:7070" {
		t.Errorf("the default answers on %+v", c.HTTP)
	}
	for _, s := range c.Strategies {
		if s.Account != c.Accounts[0].Name || c.Accounts[0].Mode != "paper" {
			t.Errorf("strategy %s orders to %s", s.Name, s.Account)
		}
	}
	if a, b := Default(), Default(); a.Venues[0].Sim == b.Venues[0].Sim || &a.Engines[0] == &b.Engines[0] {
		t.Error("two defaults share memory")
	}
}

func TestWrittenConfigurationsReadBack(t *testing.T) {
	files, err := filepath.Glob("testdata/*.good.toml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := mustParse(t, string(data))
		if diff := cmp.Diff(c, mustParse(t, c.TOML()), same); diff != "" {
			t.Errorf("%s (-read +written and read):\n%s", path, diff)
		}
		if diff := cmp.Diff(c, mustParse(t, c.example()), same); diff != "" {
			t.Errorf("%s with comments (-read +written and read):\n%s", path, diff)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestValidateFindsWhatAProgramGotWrong(t *testing.T) {
	c := Default()
	c.Node.Partitions = 0
	c.Strategies[0].Engine = "nothing"
	var faults Faults
	if err := c.Validate(); !errors.As(err, &faults) || len(faults) != 2 {
		t.Fatalf("got %v", err)
	}
	if faults[0].Key != "node.partitions" || faults[1].Key != "strategy[0].engine" {
		t.Errorf("got %v", faults)
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "maru.toml")
	text := "[[account]]\nname = \"paper\"\nmode = \"paper\"\napi_key_file = \"keys/http\"\n[log]\nfile = \"logs/maru.log\"\n[[venue]]\nname = \"binance\"\ninstruments = [\"BTC-USDT\"]\nreplay.files = [\"../a.frames.gz\", \"/b.frames\"]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.File, c.Node.DataDir, c.Accounts[0].APIKey.File, c.Log.File, c.Venues[0].Replay.Files[0], c.Venues[0].Replay.Files[1]}
	want := []string{path, filepath.Join(dir, "data"), filepath.Join(dir, "keys/http"), filepath.Join(dir, "logs/maru.log"),
		filepath.Join(filepath.Dir(dir), "a.frames.gz"), "/b.frames"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadSaysWhyItCannotRead(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

func TestLargeAndHostileInputIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for name, text := range map[string]string{
		"too large":     strings.Repeat("#", FileBytesMax+1),
		"not UTF-8":     "[node]\nname = \"\xff\"\n",
		"NUL":           "a = \"\x00\"",
		"deep lists":    "a = " + deep,
		"deep tables":   "a = " + strings.Repeat("{a=", 30_000),
		"deep keys":     strings.Repeat("a.", 30_000) + "a = 1",
		"deep headers":  "[" + strings.Repeat("a.", 30_000) + "a]",
		"one long line": "a = [" + strings.Repeat("[],", 300_000), // quadratic readers take seconds
		"open text":     "a = \"\"\"" + strings.Repeat("x", 1000),
		"binary":        "\x00\x01\x02\x03",
		"closers first": strings.Repeat("]", 1000),
	} {
		_, err := Parse([]byte(text), "x.toml")
		var faults Faults
		if !errors.As(err, &faults) || len(faults) != 1 || faults[0].File != "x.toml" || len(faults[0].Error()) > 500 {
			t.Errorf("%s: got %.500v", name, err)
		}
	}
	_, err := Parse([]byte("[node]\nname = \"a\xff\"\n"), "x.toml")
	if want := "x.toml:2:10: want text in UTF-8, found the byte 0xff (save the file as UTF-8)"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("[[venue]]\nname = \"sim\"\n[limits]\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "k%d = 1\n", i)
	}
	_, err := Parse([]byte(b.String()), "")
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != faultsMax+1 {
		t.Fatalf("got %d faults", len(faults))
	}
	if last := faults[faultsMax]; last.Want != "and 900 more faults" {
		t.Errorf("the last says %v", last)
	}
	var one Fault
	if !errors.As(err, &one) || one.Line != 4 {
		t.Errorf("the first is %v", one)
	}
}
