package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/store/deadletter"
)

// letters keeps dead letters as a node does, and returns a configuration whose data directory
// holds them.
func keptLetters(t *testing.T, all ...deadletter.DeadLetter) (config string) {
	t.Helper()
	dir := t.TempDir()
	config = filepath.Join(dir, "maru.toml")
	text := "[node]\ndata_dir = \"data\"\n[[venue]]\nname = \"mine\"\nadapter = \"upbit\"\ninstruments = [\"BTC-KRW\"]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "data", "deadletters")
	if err := os.MkdirAll(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	c := deadletter.DefaultConfig(kept)
	c.FrameBytesMax = 1000
	s, err := deadletter.Open(c, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if !s.Add(l) {
			t.Fatal("not kept")
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return config
}

func ago(d time.Duration) market.Timestamp { return market.TimestampOf(time.Now().Add(-d)) }

func TestDeadLetters(t *testing.T) {
	config := keptLetters(t,
		deadletter.DeadLetter{Time: ago(48 * time.Hour), Venue: "upbit", Reason: "number", Detail: "was \x1b[31mtoo long", Frame: []byte(upbitTrade)},
		deadletter.DeadLetter{Time: ago(time.Hour), Venue: "mine", Reason: "schema", Detail: "no price", Frame: []byte(upbitTrade)},
		deadletter.DeadLetter{Time: ago(time.Minute), Venue: "binance", Reason: "schema", Detail: "a body", Frame: []byte(`{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[]}`)},
		deadletter.DeadLetter{Time: ago(time.Minute), Venue: "upbit", Reason: "syntax", Detail: "cut off", Frame: []byte("{\xff")},
	)
	list := func(args ...string) (string, string, int) {
		return maru(t, "", append([]string{"deadletters", "-c", config}, args...)...)
	}
	stdout, stderr, code := list()
	if code != exitDone || stderr != "" || !strings.HasSuffix(stdout, "\n4 dead letters\n") || strings.Contains(stdout, "\x1b") || strings.Contains(stdout, "\xff") {
		t.Errorf("exit code %d, %s\n%q", code, stderr, stdout)
	}
	for _, tt := range []struct {
		args string
		want []string // reasons
	}{
		{"--venue upbit", []string{"number", "syntax"}},
		{"--reason schema", []string{"schema", "schema"}},
		{"--since 24h", []string{"schema", "schema", "syntax"}},
		{"--since 24h --venue upbit", []string{"syntax"}},
		{"--venue kraken", nil},
	} {
		stdout, stderr, code := list(append(strings.Fields(tt.args), "--json")...)
		var got []string
		for line := range strings.Lines(stdout) {
			var p printedLetter
			if err := json.Unmarshal([]byte(line), &p); err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Reason)
		}
		if code != exitDone || stderr != "" || strings.Join(got, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%s: exit code %d, %v, want %v, %s", tt.args, code, got, tt.want, stderr)
		}
	}
	if stdout, _, code := list("--venue", "kraken"); code != exitDone || stdout != "no dead letters\n" {
		t.Errorf("none: exit code %d, %s", code, stdout)
	}
}

// --retry says of each letter whether it decodes now, and exit code 1 that some do not.
func TestDeadLettersRetry(t *testing.T) {
	good := []deadletter.DeadLetter{
		{Time: ago(time.Hour), Venue: "upbit", Reason: "number", Frame: []byte(upbitTrade)},
		{Time: ago(time.Hour), Venue: "mine", Reason: "schema", Frame: []byte(upbitTrade)}, // by its configured adapter
		{Time: ago(time.Hour), Venue: "binance", Reason: "schema", Frame: []byte(`{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[]}`)},
	}
	stdout, stderr, code := maru(t, "", "deadletters", "-c", keptLetters(t, good...), "--retry")
	if code != exitDone || stderr != "" || strings.Count(stdout, "decodes: 1 message") != 3 || !strings.Contains(stdout, "3 dead letters, 3 of them understood now, 0 not\n") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	bad := []deadletter.DeadLetter{
		{Time: ago(time.Hour), Venue: "upbit", Reason: "syntax", Frame: []byte("{\xff")},
		{Time: ago(time.Hour), Venue: "upbit", Reason: "schema", Frame: []byte(`{"ty":"trade"}`)},
		{Time: ago(time.Hour), Venue: "gone", Reason: "schema", Frame: []byte(upbitTrade)},
		{Time: ago(time.Hour), Venue: "upbit", Reason: "too_large", Frame: []byte(strings.Repeat(" ", 2000) + upbitTrade)}, // was cut
	}
	stdout, stderr, code = maru(t, "", "deadletters", "-c", keptLetters(t, append(good, bad...)...), "--retry", "--json")
	if code != exitFailed || stderr != "" {
		t.Fatalf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	var now []string
	for line := range strings.Lines(stdout) {
		var p printedLetter
		if err := json.Unmarshal([]byte(line), &p); err != nil || p.Retry == nil {
			t.Fatalf("%v in %s", err, line)
		}
		if p.Retry.Decodes != (p.Retry.Error == "") || p.Retry.Decodes != (p.Retry.Events == 1) {
			t.Errorf("%+v", p.Retry)
		}
		now = append(now, p.Retry.Error)
	}
	for i, want := range []string{"", "", "", "(encoding)", "(schema)", `no adapter "gone"`, "only 1000 of its "} {
		if i >= len(now) || (now[i] == "") != (want == "") || !strings.Contains(now[i], want) {
			t.Errorf("letter %d: want %q in\n%s", i, want, strings.Join(now, "\n"))
		}
	}
	stdout, _, code = maru(t, "", "deadletters", "-c", keptLetters(t, bad...), "--retry")
	if code != exitFailed || !strings.Contains(stdout, "4 dead letters, 0 of them understood now, 4 not\n") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

func TestDeadLettersRefuses(t *testing.T) {
	config := keptLetters(t, deadletter.DeadLetter{Venue: "upbit", Reason: "syntax", Frame: []byte("x")})
	dir := filepath.Join(filepath.Dir(config), "data", "deadletters")
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"--since -1h", exitMisuse, "maru: --since -1h0m0s: want how long ago"},
		{"--since yesterday", exitMisuse, "maru: invalid argument"},
		{"--dir " + dir + "/none", exitFailed, "maru: deadletter: stat "},
		{"-c none.toml", exitFailed, "maru: config: open none.toml"},
		{"x", exitMisuse, "maru: unknown command \"x\" for \"maru deadletters\""},
	} {
		stdout, stderr, code := maru(t, "", append([]string{"deadletters"}, strings.Fields(tt.args)...)...)
		if code != tt.code || !strings.HasPrefix(stderr, tt.stderr) || stdout != "" {
			t.Errorf("maru deadletters %s: exit code %d, want %d, saying\n%s%s\nwant\n%s", tt.args, code, tt.code, stdout, stderr, tt.stderr)
		}
	}
	// A line that a crash cut is told of; the others are listed.
	f, err := os.OpenFile(filepath.Join(dir, "deadletters.ndjson"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"venue":"up`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	stdout, stderr, code := maru(t, "", "deadletters", "--dir", dir)
	if code != exitFailed || !strings.Contains(stderr, "line 2") || !strings.Contains(stdout, "1 dead letter\n") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
}
