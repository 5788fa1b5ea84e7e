package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"

	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/internal/testdata"
)

// simConfig writes a configuration with a busy embedded exchange and returns its path.
func simConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "maru.toml")
	text := "[node]\nname = \"test\"\n[http]\nlisten = \"127.0.0.1:0\"\n[[venue]]\nname = \"sim\"\n[venue.sim]\nseed = 7\ninstruments = 20\nevents_per_second = 2000\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// recording is maru record as a process of its own.
type recording struct {
	*process
	out string
}

func startRecording(t *testing.T, args ...string) *recording {
	t.Helper()
	r := &recording{out: filepath.Join(t.TempDir(), "out")}
	r.process = &process{cmd: exec.CommandContext(t.Context(), os.Args[0], append([]string{"record", "--out", r.out}, args...)...), exited: make(chan error, 1)}
	r.cmd.Env = append(os.Environ(), actAsMaru+"=1")
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "maru: recording sim into ") {
		t.Fatalf("%q, %v", line, err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		r.exited <- r.cmd.Wait()
	}()
	return r
}

// sessions returns what all raw files hold, and whether one broke off. A file whose head is not
// written yet counts as empty.
func sessions(t *testing.T, out string) (rows []capture.Row, broken bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(out, "raw", "*", "*.frames.gz"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	for _, path := range files {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if errors.Is(err, capture.ErrTruncated) {
				broken = true
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			row.Payload = slices.Clone(row.Payload)
			rows = append(rows, row)
		}
		r.Close()
	}
	return rows, broken
}

func kinds(rows []capture.Row) map[string]int {
	n := map[string]int{}
	for _, r := range rows {
		n[r.Kind]++
	}
	return n
}

// waitForFrames polls until that many frames can be read.
func (r *recording) waitForFrames(t *testing.T, n int) []capture.Row {
	t.Helper()
	for end := time.Now().Add(processDeadline); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if rows, _ := sessions(t, r.out); kinds(rows)[capture.KindReceived] >= n {
			return rows
		}
	}
	t.Fatalf("not %d frames in %v", n, processDeadline)
	return nil
}

var tableRows = regexp.MustCompile(`, (\d+) rows in tables`)

// tables counts the rows of every Parquet table.
func tables(t *testing.T, out string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	files, err := filepath.Glob(filepath.Join(out, "parquet", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		in, err := pq.OpenFile(f, info.Size())
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		counts[filepath.Base(filepath.Dir(path))] += int(in.NumRows())
		f.Close()
	}
	return counts
}

var finalEvents = regexp.MustCompile(`\| (\d+) events \(`)

// replayed plays a recording and returns how many events came of it.
func replayed(t *testing.T, args ...string) (events int, stdout string) {
	t.Helper()
	stdout, stderr, code := maru(t, "", append([]string{"replay", "--from"}, args...)...)
	found := finalEvents.FindAllStringSubmatch(stdout, -1)
	if code != exitDone || found == nil {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	events, err := strconv.Atoi(found[len(found)-1][1]) // a slow one shows how far it is before
	if err != nil {
		t.Fatal(err)
	}
	return events, stdout
}

// What is recorded plays again: the same events reach the state as were decoded when it was recorded,
// and the tables hold each of them.
func TestRecordAndReplay(t *testing.T) {
	out := filepath.Join(t.TempDir(), "rec")
	stdout, stderr, code := maru(t, "", "record", "-c", simConfig(t), "--out", out, "--for", "1500ms", "--parquet")
	if code != exitDone || !strings.Contains(stdout, "maru: recorded ") {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	rows, broken := sessions(t, out)
	n := kinds(rows)
	if broken || n["recv"] < 500 || n["open"] != 1 || n["sent"] < 1 || n["http"] != 20 || rows[0].Kind != "open" || rows[1].Kind != "sent" {
		t.Fatalf("broken %t, rows %v, beginning with %s and %s", broken, n, rows[0].Kind, rows[1].Kind)
	}
	for i, r := range rows {
		if age := time.Since(r.At.Time()); age < 0 || age > processDeadline {
			t.Fatalf("row %d was received %v ago", i, age)
		}
	}
	sum := 0
	counts := tables(t, out)
	for table, n := range counts {
		if n == 0 || len(counts) != 5 {
			t.Errorf("table %s has %d rows: %v", table, n, counts)
		}
		sum += n
	}
	if found := tableRows.FindStringSubmatch(stdout); found == nil || found[1] != fmt.Sprint(sum) {
		t.Errorf("%d rows in the tables; it says\n%s", sum, stdout)
	}
	for _, speed := range []string{"max", "100"} {
		events, said := replayed(t, out, "--speed", speed)
		if events != sum || !strings.Contains(said, "sim (adapter sim): 1 file, 20 instruments, ticker bbo book trade") {
			t.Errorf("speed %s: %d events of %d recorded\n%s", speed, events, sum, said)
		}
	}
}

// A configuration's engines, strategies and accounts run on what was recorded of its venues.
func TestReplayThroughAConfiguration(t *testing.T) {
	dir := t.TempDir()
	path, out := filepath.Join(dir, "maru.toml"), filepath.Join(dir, "rec")
	if _, stderr, code := maru(t, "", "init", dir); code != exitDone {
		t.Fatal(stderr)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "127.0.0.1:7070", "127.0.0.1:0", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, code := maru(t, "", "record", "-c", path, "--out", out, "--for", "2s"); code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	watched, _ := replayed(t, out)
	events, stdout := replayed(t, out, "-c", path)
	if events != watched || !strings.Contains(stdout, "momentum: ") || !strings.Contains(stdout, "band: ") {
		t.Errorf("%d events, %d without the configuration\n%s", events, watched, stdout)
	}
	again, second := replayed(t, out, "-c", path)
	if last := func(s string) string { return s[strings.LastIndex(s, " | sim: "):] }; again != events || last(second) != last(stdout) {
		t.Errorf("a second replay came out otherwise:\n%s\n%s", stdout, second)
	}
	other := filepath.Join(dir, "other.toml")
	if err := os.WriteFile(other, []byte("[[venue]]\nname = \"upbit\"\ninstruments = [\"BTC-KRW\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := maru(t, "", "replay", "--from", out, "-c", other); code != exitFailed || !strings.HasSuffix(stderr, "other.toml has none of the venues that were recorded\n") {
		t.Errorf("another venue's configuration: exit code %d, %s", code, stderr)
	}
}

// A killed recorder leaves everything that could be read before, and the next one converts what it
// left of the tables.
func TestKilledRecorderKeepsWhatWasFlushed(t *testing.T) {
	config := simConfig(t)
	r := startRecording(t, "-c", config, "--parquet")
	before := r.waitForFrames(t, 1500)
	if err := r.end(t, syscall.SIGKILL); err == nil {
		t.Error("it ended well")
	}
	after, broken := sessions(t, r.out)
	if !broken || len(after) < len(before) {
		t.Fatalf("broken %t, %d rows before the kill, %d behind it", broken, len(before), len(after))
	}
	for i, row := range before {
		if got := after[i]; got.At != row.At || got.Kind != row.Kind || string(got.Payload) != string(row.Payload) {
			t.Fatalf("row %d changed", i)
		}
	}
	if n := tables(t, r.out); len(n) != 0 {
		t.Errorf("tables before their segment was converted: %v", n)
	}
	stdout, stderr, code := maru(t, "", "record", "-c", config, "--out", r.out, "--for", "300ms", "--parquet")
	if code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	left, err := filepath.Glob(filepath.Join(r.out, "parquet", "segments", "*"))
	if n := tables(t, r.out); err != nil || len(left) != 0 || n["trades"]+n["bbo"]+n["books"]+n["tickers"] < 1500 {
		t.Errorf("tables %v, left %v, %v", n, left, err)
	}
	if events, _ := replayed(t, r.out); events < 1500 {
		t.Errorf("%d events of a broken recording", events)
	}
}

// SIGTERM finishes the files.
func TestRecorderEndsInOrder(t *testing.T) {
	r := startRecording(t, "-c", simConfig(t), "--parquet", "--rotate", "1s")
	r.waitForFrames(t, 3000)
	// A second recorder must not write into the same directory.
	if _, stderr, code := maru(t, "", "record", "-c", simConfig(t), "--out", r.out, "--for", "1s"); code != exitFailed || !strings.Contains(stderr, "test") {
		t.Errorf("a second recorder: exit code %d, %s", code, stderr)
	}
	if err := r.end(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	rows, broken := sessions(t, r.out)
	files, err := filepath.Glob(filepath.Join(r.out, "raw", "sim", "*"))
	if n := kinds(rows); broken || err != nil || len(files) < 2 || n["open"] != len(files) || n["http"] < 2*20 {
		t.Errorf("broken %t, %d files, rows %v, %v: want each file to begin with how the connection was opened, and books in the second too", broken, len(files), n, err)
	}
	sum := 0
	for _, n := range tables(t, r.out) {
		sum += n
	}
	if events, _ := replayed(t, r.out); events < sum*9/10 {
		t.Errorf("%d events of %d", events, sum)
	}
}

func TestRecordRefuses(t *testing.T) {
	config := simConfig(t)
	replay := filepath.Join(t.TempDir(), "replay.toml")
	text := "[[venue]]\nname = \"upbit\"\ninstruments = [\"BTC-KRW\"]\n[venue.replay]\nfiles = [\"x.frames.gz\"]\n"
	if err := os.WriteFile(replay, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"--max-size 10KB", exitMisuse, "maru: --max-size 10kB: want 1.0 MiB or more"},
		{"--max-size lots", exitMisuse, "maru: invalid argument \"lots\" for \"--max-size\" flag: want a size such as"},
		{"--rotate 1ms", exitMisuse, "maru: --rotate 1ms: want 1s or more"},
		{"--for -1s", exitMisuse, "maru: --for -1s: want more than zero"},
		{"--disk-limit 400MB", exitMisuse, "maru: --disk-limit 400MB: want room for two files of --max-size 256MB at least"},
		{"--disk-limit 1GB --parquet -c " + config, exitFailed, "maru: the limit on disk use, 1000000000 bytes, is too small for files of 256000000 bytes: want 1536000000 or more (2 files for each of 1 connections and 4 for the tables)"},
		{"-c " + replay, exitFailed, "maru: venue upbit plays a recording"},
		{"-c none.toml", exitFailed, "maru: config: open none.toml"},
		{"x", exitMisuse, "maru: unknown command \"x\" for \"maru record\""},
	} {
		stdout, stderr, code := maru(t, "", append([]string{"record", "--out", out}, strings.Fields(tt.args)...)...)
		if code != tt.code || !strings.HasPrefix(stderr, tt.stderr) || stdout != "" {
			t.Errorf("maru record %s: exit code %d, want %d, saying\n%s%s\nwant\n%s", tt.args, code, tt.code, stdout, stderr, tt.stderr)
		}
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a refusal made the directory: %v", err)
	}
}

// Sessions that others recorded say whose they are by their frames.
func TestReplayFindsTheVenue(t *testing.T) {
	for _, tt := range []struct{ file, says string }{
		{"upbit/ws-simple-trade-orderbook-20210405-head.frames.gz", "maru: upbit (adapter upbit): 1 file, "},
		{"binance/spot-10pairs-20210405.frames.gz", "maru: binance (adapter binance): 1 file, 10 instruments, bbo book trade"},
	} {
		// Under a name that says nothing.
		path := filepath.Join(t.TempDir(), "x.frames.gz")
		data, err := os.ReadFile(testdata.Path(t, tt.file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		events, stdout := replayed(t, path)
		if events < 500 || !strings.Contains(stdout, tt.says) {
			t.Errorf("%s: %d events\n%s", tt.file, events, stdout)
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	empty := t.TempDir()
	garbage := filepath.Join(t.TempDir(), "x.frames")
	if err := os.WriteFile(garbage, []byte("1\trecv\tt\tgarbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := filepath.Join(t.TempDir(), "y.frames")
	if err := os.WriteFile(rows, []byte("no session\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"", exitMisuse, "maru: --from is missing"},
		{"--from " + empty, exitFailed, "maru: replay: " + empty + ": no recorded sessions in it"},
		{"--from " + empty + "/none", exitFailed, "maru: replay: stat "},
		{"--from " + garbage, exitFailed, "maru: replay: " + garbage + ": no adapter understands its frames"},
		{"--from " + rows, exitFailed, "maru: replay: capture: " + rows + ":1: "},
		{"--speed 0 --from x", exitMisuse, "maru: invalid argument \"0\" for \"--speed\" flag: want max, or a number"},
		{"--speed fast --from x", exitMisuse, "maru: invalid argument"},
	} {
		_, stderr, code := maru(t, "", append([]string{"replay"}, strings.Fields(tt.args)...)...)
		if code != tt.code || !strings.HasPrefix(stderr, tt.stderr) {
			t.Errorf("maru replay %s: exit code %d, want %d, saying\n%s\nwant\n%s", tt.args, code, tt.code, stderr, tt.stderr)
		}
	}
}
