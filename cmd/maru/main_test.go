package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/internal/testdata"
)

// maru runs the whole program and returns what it printed and its exit code.
func maru(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	m := &Main{Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs}
	code = m.Run(t.Context())
	return out.String(), errs.String(), code
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		args   string
		code   int
		stderr string // how standard error begins
	}{
		{"", exitDone, ""},
		{"--help", exitDone, ""},
		{"--version", exitDone, ""},
		{"help decode", exitDone, ""},
		{"fly", exitMisuse, "maru: unknown command \"fly\"\nSee 'maru --help'."},
		{"chek", exitMisuse, "maru: unknown command \"chek\": did you mean check?"},
		{"--fly", exitMisuse, "maru: unknown flag: --fly"},
		{"init a b", exitMisuse, "maru: accepts at most 1 arg(s), received 2\nSee 'maru init --help'."},
		{"check a", exitMisuse, "maru: unknown command \"a\" for \"maru check\""},
		{"check --fly", exitMisuse, "maru: unknown flag: --fly\nSee 'maru check --help'."},
		{"check -c", exitMisuse, "maru: flag needs an argument"},
		{"check -c " + dir + "/none.toml", exitFailed, "maru: config: open "},
		{"check -c " + dir, exitFailed, "maru: config: read "},
		{"decode", exitMisuse, "maru: accepts 1 arg(s), received 0"},
		{"decode x", exitMisuse, "maru: --venue is missing: want one of binance, bithumb, bybit, coinone, gate, korbit, kraken, okx, sim, upbit"},
		{"decode --venue nyse x", exitMisuse, "maru: --venue \"nyse\": want one of binance, bithumb, bybit, coinone, gate, korbit, kraken, okx, sim, upbit"},
		{"decode --venue upbit " + dir + "/none", exitFailed, "maru: decode: open "},
		{"decode --venue upbit " + dir, exitFailed, "maru: decode "},
	} {
		stdout, stderr, code := maru(t, "", strings.Fields(tt.args)...)
		if code != tt.code || !strings.HasPrefix(stderr, tt.stderr) || (stderr == "") != (tt.code == exitDone) {
			t.Errorf("maru %s: exit code %d, want %d, saying\n%s\nwant\n%s", tt.args, code, tt.code, stderr, tt.stderr)
		}
		if (stdout == "") == (tt.code == exitDone) {
			t.Errorf("maru %s: exit code %d with standard output\n%s", tt.args, code, stdout)
		}
	}
}

func TestHelpShowsExamples(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"init", "--help"}, {"check", "--help"}, {"decode", "--help"}} {
		stdout, _, _ := maru(t, "", args...)
		if !strings.Contains(stdout, "Examples:\n  maru ") {
			t.Errorf("maru %v has no examples:\n%s", args, stdout)
		}
	}
}

func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	path := filepath.Join(dir, "maru.toml")
	if stdout, stderr, code := maru(t, "", "init", dir); code != exitDone || !strings.Contains(stdout, "wrote "+path) {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != config.Example() {
		t.Fatalf("wrote %d bytes, %v", len(data), err)
	}
	if stdout, stderr, code := maru(t, "", "check", "-c", path); code != exitDone || !strings.Contains(stdout, "is good") || !strings.Contains(stdout, filepath.Join(dir, "data")) {
		t.Errorf("check of what init wrote: exit code %d\n%s%s", code, stdout, stderr)
	}

	const mine = "# mine\n"
	if err := os.WriteFile(path, []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := maru(t, "", "init", dir); code != exitFailed || !strings.Contains(stderr, "--force overwrites it") {
		t.Errorf("init over a file: exit code %d, %s", code, stderr)
	}
	if data, _ := os.ReadFile(path); string(data) != mine {
		t.Error("init overwrote a file")
	}
	if _, stderr, code := maru(t, "", "init", "--force", dir); code != exitDone {
		t.Errorf("init --force: exit code %d, %s", code, stderr)
	}
	if data, _ := os.ReadFile(path); string(data) != config.Example() {
		t.Error("init --force did not overwrite")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("init left %v, %v", entries, err)
	}
	if _, stderr, code := maru(t, "", "init", filepath.Join(path, "below")); code != exitFailed || !strings.HasPrefix(stderr, "maru: init: ") {
		t.Errorf("init below a file: exit code %d, %s", code, stderr)
	}
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.toml")
	text := "[[venue]]\nname = \"sim\"\nchannels = [\"tickers\"]\ncolour = 1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := maru(t, "", "check", "-c", path)
	want := path + ":3:13: venue[0].channels[0]: want one of ticker, bbo, book or trade, found \"tickers\" (did you mean \"ticker\"?)\n" +
		path + ":4:1: venue[0].colour: want a key that [venue] has, found an unknown key (known keys: name, region, adapter, channels, instruments, ticker_fields, websocket_url, rest_url, book_levels, sim, replay)\n" +
		path + ": 2 faults\n"
	if code != exitFailed || stdout != "" || stderr != want {
		t.Errorf("exit code %d\n%s\n%s\nwant\n%s", code, stdout, stderr, want)
	}
	stdout, stderr, code = maru(t, "", "check", "-c", path, "--json")
	var got checked
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitFailed || stderr != "" {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	if got.OK || len(got.Faults) != 2 || got.Faults[0].Line != 3 || got.Faults[0].Key != "venue[0].channels[0]" || got.Placement != nil {
		t.Errorf("got %+v", got)
	}
}

func TestCheckExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, path := range files {
		if filepath.Base(path) == "screen.toml" {
			continue // of maru screen, whose tests read it
		}
		stdout, stderr, code := maru(t, "", "check", "-c", path, "--json")
		var got checked
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitDone || !got.OK || got.Placement == nil || len(got.Placement.Venues) == 0 {
			t.Errorf("%s: exit code %d, %v\n%s%s", path, code, err, stdout, stderr)
		}
	}
}

// types counts the lines of NDJSON by their type, and checks that each is an object with what
// every object has.
func types(t *testing.T, ndjson string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for line := range strings.Lines(ndjson) {
		var o struct {
			Type, Venue, Instrument, Symbol, Kind string
			Received                              string
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v in\n%s", err, line)
		}
		if o.Venue == "" || o.Instrument == "" || o.Symbol == "" || o.Received == "" {
			t.Fatalf("something is missing in\n%s", line)
		}
		counts[strings.TrimSpace(o.Type+" "+o.Kind)]++
	}
	return counts
}

func TestDecodeRecordedSessions(t *testing.T) {
	for _, tt := range []struct {
		venue, file string
		want        map[string]int
	}{
		{"binance", "binance/spot-btcusdt-20240808.frames.gz", map[string]int{"trade": 9757, "book update": 3451, "book snapshot": 1, "bbo": 28040}},
		{"upbit", "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz", map[string]int{"trade": 380, "book snapshot": 659}},
		{"binance", "binance/spot-10pairs-20210405.frames.gz", map[string]int{"trade": 1240, "book update": 4709, "book snapshot": 10, "bbo": 5408}},
		{"gate", "gate/rest-orderbook-snapshots-20210422.frames.gz", map[string]int{"book snapshot": 10}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			stdout, stderr, code := maru(t, "", "decode", "--venue", tt.venue, testdata.Path(t, tt.file))
			if code != exitDone || stderr != "" {
				t.Errorf("exit code %d\n%.1000s", code, stderr)
			}
			if got := types(t, stdout); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

const (
	upbitTrade = `{"ty":"trade","cd":"KRW-BTC","tp":100.5,"tv":0.25,"ab":"BID","ttms":1617646620613,"tms":1617646620700,"sid":7}`
	upbitLine  = `{"type":"trade","venue":"upbit","instrument":"BTC-KRW","symbol":"KRW-BTC",`
)

func TestDecodeFrames(t *testing.T) {
	stdout, stderr, code := maru(t, upbitTrade+"\n\n"+upbitTrade+"\n", "decode", "--venue", "upbit", "-")
	if code != exitDone || stderr != "" || strings.Count(stdout, upbitLine) != 2 || strings.Count(stdout, "\n") != 2 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if !strings.Contains(stdout, `"price":"100.5"`) || !strings.Contains(stdout, `"side":"buy"`) || !strings.Contains(stdout, `"time":"2021-04-05T18:17:00.613Z"`) {
		t.Errorf("got %s", stdout)
	}
}

// Faults are named with line and reason, what stands between them is printed, and the exit code
// says that there were some.
func TestDecodeFaults(t *testing.T) {
	in := strings.Join([]string{upbitTrade, "{", upbitTrade, `{"ty":"trade"}`, "\x00\xff", `{"ty":"dance","cd":"KRW-BTC"}`,
		`{"ty":"trade","cd":"` + "\x1b[31mred" + `","tp":1}`, upbitTrade}, "\n")
	stdout, stderr, code := maru(t, in, "decode", "--venue", "upbit", "-")
	if code != exitFailed || strings.Count(stdout, upbitLine) != 3 {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	for i, want := range []string{"line 2: syntax: ", "line 4: schema: ", "line 5: encoding: ", "line 6: unsupported: ", "line 7: "} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("fault %d is not %q:\n%s", i, want, stderr)
		}
	}
	if len(lines) != 5 || strings.ContainsAny(stderr, "\x1b\x00") {
		t.Errorf("got %q", stderr)
	}
}

func TestDecodeGarbage(t *testing.T) {
	session := "1\trecv\tt\t" + upbitTrade + "\n"
	for name, tt := range map[string]struct {
		in     string
		code   int
		stderr string
	}{
		"empty":          {"", exitDone, ""},
		"blank":          {"\n \n", exitDone, ""},
		"binary":         {"\x00\x01\x02\x03", exitFailed, "line 1: "},
		"10 MB":          {strings.Repeat("x", 10<<20), exitFailed, "line 1: too_large: "},
		"cut gzip":       {"\x1f\x8b\x08\x00", exitFailed, "maru: decode"},
		"a wrong row":    {session + "garbage\n" + session, exitFailed, "line 2: row: "},
		"a wrong base64": {session + "1\trecv\tb64\t???\n", exitFailed, "line 2: row: "},
		"a REST body":    {session + "1\thttp\thttps://api.upbit.com/v1/accounts\t{}\n", exitFailed, "line 2: unsupported: "},
		"a wrong list":   {session + "1\thttp\thttps://api.upbit.com/v1/market/all\t{}\n", exitFailed, "line 2: schema: "},
		"a wrong URL":    {session + "1\thttp\t:\x7f\t{}\n", exitFailed, "line 2: schema: the address"},
		"sent and open":  {"1\topen\twss://x\t\n1\tsent\tt\tx\n", exitDone, ""},
	} {
		_, stderr, code := maru(t, tt.in, "decode", "--venue", "upbit", "-")
		if code != tt.code || !strings.HasPrefix(stderr, tt.stderr) || len(stderr) > 1000 {
			t.Errorf("%s: exit code %d\n%.1000s", name, code, stderr)
		}
	}
}

// An order book's REST body needs the symbol in its address; a list of instruments splits symbols
// that the rule would split otherwise.
func TestDecodeRESTBodies(t *testing.T) {
	row := func(kind, meta, payload string) string { return "5\t" + kind + "\t" + meta + "\t" + payload + "\n" }
	depth := `{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[]}`
	trade := `{"e":"trade","E":1,"s":"ABCD","t":1,"p":"1","q":"2","T":1,"m":false}`
	list := `{"symbols":[{"symbol":"ABCD","status":"TRADING","baseAsset":"A","quoteAsset":"BCD","filters":[]}]}`
	in := row("http", "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000", depth) +
		row("recv", "t", trade) +
		row("http", "https://api.binance.com/api/v3/exchangeInfo", list) +
		row("recv", "t", trade) +
		row("http", "https://api.binance.com/api/v3/depth?limit=1000", depth)
	stdout, stderr, code := maru(t, in, "decode", "--venue", "binance", "-")
	if code != exitFailed || !strings.HasPrefix(stderr, "line 2: instrument: ") || !strings.Contains(stderr, "\nline 5: instrument: ") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	lines := strings.Split(stdout, "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], `"type":"book"`) || !strings.Contains(lines[0], `"symbol":"BTCUSDT"`) || !strings.Contains(lines[0], `"kind":"snapshot"`) {
		t.Fatalf("got\n%s", stdout)
	}
	if !strings.Contains(lines[1], `"instrument":"A-BCD","symbol":"ABCD"`) {
		t.Errorf("got %s", lines[1])
	}
	// Each venue names the symbol in its own way; one whose books need no body has none.
	body := row("http", "https://api.gateio.ws/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=100&with_id=true", `{"id":7,"current":1700000000000,"asks":[],"bids":[["1.5","2"]]}`)
	stdout, stderr, code = maru(t, body, "decode", "--venue", "gate", "-")
	if code != exitDone || stderr != "" || !strings.Contains(stdout, `"instrument":"BTC-USDT","symbol":"BTC_USDT"`) || !strings.Contains(stdout, `"kind":"snapshot"`) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if _, stderr, code = maru(t, body, "decode", "--venue", "upbit", "-"); code != exitFailed || !strings.HasPrefix(stderr, "line 1: unsupported: a REST body") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

func TestDecodeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	var out, errs bytes.Buffer
	m := &Main{Args: []string{"decode", "--venue", "upbit", "-"}, Stdin: strings.NewReader(upbitTrade), Stdout: &out, Stderr: &errs}
	if code := m.Run(ctx); code != exitFailed || !strings.Contains(errs.String(), "enough") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestOutputThatBreaks(t *testing.T) {
	for _, tt := range []struct {
		err    error
		stderr string
	}{
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, ""}, // head has seen enough
		{io.ErrShortWrite, "maru: short write"},
	} {
		var errs bytes.Buffer
		in := strings.Repeat(upbitTrade+"\n", 5000)
		m := &Main{Args: []string{"decode", "--venue", "upbit", "-"}, Stdin: strings.NewReader(in), Stdout: brokenWriter{tt.err}, Stderr: &errs}
		if code := m.Run(t.Context()); code != exitFailed || !strings.HasPrefix(errs.String(), tt.stderr) || (errs.Len() == 0) != (tt.stderr == "") {
			t.Errorf("%v: exit code %d, %q", tt.err, code, errs.String())
		}
	}
}

func TestBinanceSymbols(t *testing.T) {
	for symbol, in := range map[string]string{
		"BTCUSDT":        `{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1","q":"2","T":1,"m":false}`,
		"BTCUSD_PERP":    `{"e":"trade","E":1,"s":"BTCUSD_PERP","t":1,"p":"1","q":"2","T":1,"m":false}`,
		"BTCUSDT_210625": `{"e":"trade","E":1,"s":"BTCUSDT_210625","t":1,"p":"1","q":"2","T":1,"m":false}`,
	} {
		stdout, stderr, code := maru(t, in, "decode", "--venue", "binance", "-")
		if code != exitDone || !strings.Contains(stdout, `"symbol":"`+symbol+`"`) {
			t.Errorf("%s: exit code %d\n%s%s", symbol, code, stdout, stderr)
		}
	}
}
