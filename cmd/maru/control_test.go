package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
)

// resting is busy with a second strategy whose orders rest far from the market.
func resting(t *testing.T) (file, dir string) {
	t.Helper()
	file, dir = busy(t)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(`
[[strategy]]
name = "patient"
engine = "size"
account = "second"
[[strategy.rule]]
to = "bids"
side = "buy"
type = "limit"
offset_bps = 500
notional = "100000"
[[account]]
name = "second"
latency = "1ms"
`)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return file, dir
}

// ok runs maru, which must succeed, and returns what it printed.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := maru(t, "", args...)
	if code != exitDone {
		t.Fatalf("maru %v: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

// refused runs maru, which must fail and say why.
func refused(t *testing.T, says string, args ...string) {
	t.Helper()
	stdout, stderr, code := maru(t, "", args...)
	if code != exitFailed || !strings.Contains(stderr, says) {
		t.Errorf("maru %v: exit code %d, want %d that says %q\n%s%s", args, code, exitFailed, says, stdout, stderr)
	}
}

// decoded reads one JSON object a line.
func decoded[T any](t *testing.T, text string) (all []T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		all = append(all, v)
	}
	return all
}

// eventually polls until there is something.
func eventually[T any](t *testing.T, what string, get func() []T) []T {
	t.Helper()
	for end := time.Now().Add(processDeadline); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if all := get(); len(all) > 0 {
			return all
		}
	}
	t.Fatalf("%s: not within %v", what, processDeadline)
	return nil
}

func ordersOf(t *testing.T, args ...string) []web.OrderState {
	t.Helper()
	return decoded[web.OrderState](t, ok(t, append([]string{"orders", "--json"}, args...)...))
}

// TestControl drives every command against a running node, and what works without one against what
// it left behind.
func TestControl(t *testing.T) {
	file, dir := resting(t)
	p := startMaru(t, "run", "--plain", "-c", file)
	p.status(t, "fills", func(s web.Status) bool { return s.Fills > 5 })

	filled := eventually(t, "a filled order", func() []web.OrderState {
		return ordersOf(t, "-c", file, "--account", "paper", "--status", "filled")
	})[0]
	open := eventually(t, "an order that rests", func() []web.OrderState {
		return ordersOf(t, "-c", file, "--account", "second", "--open")
	})[0]
	if table := ok(t, "orders", "list", "-c", file, "--instrument", strings.TrimPrefix(open.Instrument, "sim:")); !strings.Contains(table, open.Instrument) {
		t.Errorf("the table lacks %s:\n%s", open.Instrument, table)
	}
	if n := len(ordersOf(t, "-c", file, "--limit", "2")); n != 2 {
		t.Errorf("%d orders of two", n)
	}

	if said := ok(t, "status", "-c", file); !strings.Contains(said, ": ready") || strings.Count(said, " takes orders; open orders: ") != 2 {
		t.Errorf("status says\n%s", said)
	}
	type everything struct {
		Status   web.Status
		Accounts []web.Account
	}
	if s := decoded[everything](t, ok(t, "status", "-c", file, "--json"))[0]; !s.Status.Ready || len(s.Accounts) != 2 {
		t.Errorf("status is %+v", s)
	}
	if held := decoded[web.Position](t, ok(t, "positions", "-c", file, "--json")); len(held) == 0 || !strings.Contains(ok(t, "positions", "-c", file), held[0].Instrument) {
		t.Errorf("positions are %+v", held)
	}
	life := ok(t, "orders", "why", filled.ID, "-c", file)
	for _, want := range []string{"filled, with ", " state ", " class ", " rule ", " intent ", " risk ", " wire ", " ack ", " fill ", "elapsed", " asks for "} {
		if !strings.Contains(life, want) {
			t.Errorf("the life of %s lacks %q:\n%s", filled.ID, want, life)
		}
	}
	told := ok(t, "orders", "why", filled.ID, "-c", file, "--json")
	byIntent := decoded[web.Why](t, ok(t, "orders", "why", filled.Intent, "-c", file, "--json"))[0]
	if byIntent.Order.ID != filled.ID || byIntent.Outcome == "" || len(byIntent.Steps) < 7 || byIntent.Steps[len(byIntent.Steps)-1].Stage != web.StageFill {
		t.Errorf("%s: %+v", filled.Intent, byIntent)
	}
	refused(t, "is not known", "orders", "why", "paper-1-zzzz", "-c", file)
	refused(t, "is not known", "orders", "why", "busy/0", "-c", file)
	refused(t, "there are paper, second", "orders", "list", "-c", file, "--account", "third", "--json")

	// The strategy cancels, too: one of its orders is still there when we are.
	open = eventually(t, "an order to cancel", func() []web.OrderState {
		for _, o := range ordersOf(t, "-c", file, "--account", "second", "--open") {
			said, stderr, code := maru(t, "", "orders", "cancel", o.ID, "-c", file, "--reason", "in the way")
			switch {
			case code == exitDone && strings.Contains(said, o.ID):
				return []web.OrderState{o}
			case !strings.Contains(stderr, "nothing to cancel"):
				t.Fatalf("cancel: exit code %d\n%s%s", code, said, stderr)
			}
		}
		return nil
	})[0]
	eventually(t, "the order canceled", func() (all []web.Step) {
		w := decoded[web.Why](t, ok(t, "orders", "why", open.ID, "-c", file, "--json"))[0]
		for _, s := range w.Steps {
			if w.Order.Status == "canceled" && s.Status != "" {
				all = append(all, s)
			}
		}
		return all
	})
	refused(t, "nothing to cancel", "orders", "cancel", open.Intent, "-c", file)
	refused(t, "only what is unknown", "orders", "resolve", filled.ID, "--as", "canceled", "-c", file)

	if said := ok(t, "halt", "paper", "--reason", "for lunch", "-c", file); !strings.Contains(said, "account paper is halted: for lunch") {
		t.Errorf("halt says %s", said)
	}
	if said := ok(t, "halt", "--cancel", "-c", file); strings.Count(said, "is halted: by hand") != 2 {
		t.Errorf("halt of all says %s", said)
	}
	eventually(t, "all orders canceled", func() []web.Account {
		for _, a := range decoded[web.Account](t, ok(t, "halt", "-c", file, "--json")) {
			if a.Halted == "" || len(a.Unknown) > 0 {
				t.Errorf("%+v", a)
			}
			if len(a.Open) > 0 {
				return nil
			}
		}
		return make([]web.Account, 1)
	})
	eventually(t, "a denial", func() []web.OrderState { return ordersOf(t, "-c", file, "--status", "denied") })
	refused(t, "is not known: there are paper, second", "halt", "third", "-c", file)

	// It is still halted after the power went, and lives on.
	_ = p.end(t, syscall.SIGKILL)
	p = startMaru(t, "run", "--plain", "-c", file)
	p.status(t, "ready", func(s web.Status) bool { return s.Ready })
	halted := eventually(t, "both gateways", func() (halted []web.Account) {
		var answer struct{ Accounts []web.Account }
		if _, body := p.get(t, "/api/v1/accounts"); json.Unmarshal(body, &answer) != nil {
			return nil
		}
		for _, a := range answer.Accounts {
			if a.Halted != "" {
				halted = append(halted, a)
			}
		}
		return halted
	})
	if len(halted) != 2 || !strings.Contains(halted[0].Halted, "by hand") {
		t.Errorf("after a restart: %+v", halted)
	}
	if said := ok(t, "resume", "-c", file, "--reason", "back"); strings.Count(said, "takes orders") != 2 {
		t.Errorf("resume says %s", said)
	}
	if said := ok(t, "resume", "-c", file); !strings.Contains(said, "2 accounts, none of them halted") {
		t.Errorf("resume of what is not halted says %s", said)
	}
	if said, stderr, code := maru(t, "", "audit", "-c", file); code != exitDone || strings.Count(said, ": good: ") != 2 || !strings.Contains(stderr, "is running") {
		t.Errorf("audit of a running node: exit code %d\n%s%s", code, said, stderr)
	}
	refusals(t, p, file, dir)
	if err := p.end(t, syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v\n%s", err, p.stderr)
	}
	noSecrets(t, p, dir)
	if again := ok(t, "orders", "why", filled.ID, "--data", dir, "--json"); again != told {
		t.Errorf("the node told the life of %s as\n%s\nand its journal tells\n%s", filled.ID, told, again)
	}
	offline(t, file, dir, filled)
}

// refusals are what a running node, or the command before it, does not do.
func refusals(t *testing.T, p *process, file, dir string) {
	other := filepath.Join(t.TempDir(), "token")
	if _, err := access.LoadToken(other); err != nil {
		t.Fatal(err)
	}
	refused(t, "needs the control token", "halt", "-c", file, "--token-file", other)
	refused(t, "no such file", "halt", "-c", file, "--token-file", other+"2")
	refused(t, "want http://host:port", "halt", "-c", file, "--url", "ftp://x")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, "the node does not answer at "+nobody, "halt", "-c", file, "--url", nobody)
	if said := ok(t, "orders", "--url", p.url, "--token-file", filepath.Join(dir, access.TokenFile), "--limit", "1"); !strings.Contains(said, "1 order") {
		t.Errorf("by address: %s", said)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/api/v1/accounts/paper/halt", strings.NewReader(`{"reason":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", response.Status)
	}
}

// noSecrets looks for the token in everything that the node wrote.
func noSecrets(t *testing.T, p *process, dir string) {
	token, err := os.ReadFile(filepath.Join(dir, access.TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	token = bytes.TrimSpace(token)
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == access.TokenFile {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, token) {
			t.Errorf("the token stands in %s", path)
		}
		return err
	})
	if err != nil || files < 4 {
		t.Fatalf("%d files, %v", files, err)
	}
	if bytes.Contains(p.stderr.Bytes(), token) {
		t.Errorf("the token stands in the log: %s", p.stderr)
	}
	if !strings.Contains(p.stderr.String(), "refused") {
		t.Errorf("the log does not tell of the wrong token:\n%s", p.stderr)
	}
}

// offline is what works with what a node left behind.
func offline(t *testing.T, file, dir string, filled web.OrderState) {
	if _, err := os.Stat(filepath.Join(dir, access.EndpointFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the node left its address behind: %v", err)
	}
	for _, args := range [][]string{{"status"}, {"positions"}, {"halt"}, {"resume", "paper"}, {"orders", "cancel", filled.ID}, {"orders", "resolve", filled.ID, "--as", "canceled"}} {
		refused(t, "no node is running there: start it with maru run", append(args, "-c", file)...)
	}
	again := ordersOf(t, "--data", dir, "--status", "filled", "--limit", "10000")
	found := false
	for _, o := range again {
		found = found || o == filled
	}
	if !found {
		t.Errorf("the filled order is not among the %d", len(again))
	}
	stdout, stderr, code := maru(t, "", "orders", "why", filled.ID, "--data", dir)
	if code != exitDone || !strings.Contains(stderr, "no node is running: read from "+dir) || !strings.Contains(stdout, " fill ") {
		t.Errorf("why: exit code %d\n%s%s", code, stdout, stderr)
	}
	refused(t, "is not known", "orders", "why", "paper-1-zzzz", "--data", dir)
	for _, a := range decoded[history.Audit](t, ok(t, "audit", "--data", dir, "--json")) {
		if !a.OK || !a.Sealed || a.Records == 0 {
			t.Errorf("%+v", a)
		}
	}

	segments, err := filepath.Glob(filepath.Join(history.JournalDir(dir, "paper"), "*.journal"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("%v, %v", segments, err)
	}
	b, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(segments[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "1 of 2 journals broken", "audit", "--data", dir)
	refused(t, "maru audit says more", "orders", "why", "nobody/7", "--data", dir)
	stdout, _, _ = maru(t, "", "audit", "paper", "--data", dir, "--json")
	a := decoded[history.Audit](t, stdout)[0]
	if a.OK || a.Broken == nil || a.Broken.File != segments[0] || a.Broken.Offset > int64(len(b)/2) || a.Broken.Record != a.Last+1 {
		t.Errorf("%+v %+v", a, a.Broken)
	}
	if said := ok(t, "audit", "second", "--data", dir); !strings.Contains(said, "account second: good") {
		t.Errorf("the other account: %s", said)
	}
	refused(t, "there are paper, second", "audit", "third", "--data", dir)
	refused(t, "no node has kept journals", "audit", "--data", t.TempDir())
}

// TestKilledNodeIsNotTrusted: what answers where a killed node did gets no token.
func TestKilledNodeIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 16)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Authorization")
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	tokenFile := filepath.Join(dir, access.TokenFile)
	if _, err := access.LoadToken(tokenFile); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{0, -1, 1 << 22} { // above every process id of Linux
		if err := access.WriteEndpoint(dir, access.Endpoint{URL: "http://" + listener.Addr().String(), TokenFile: tokenFile, PID: pid}); err != nil {
			t.Fatal(err)
		}
		refused(t, "is gone", "halt", "paper", "--data", dir)
	}
	if len(asked) != 0 {
		t.Errorf("it was asked with %q", <-asked)
	}
}

// TestControlMisuse: what is not understood is told before anything is asked.
func TestControlMisuse(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"halt a b", "accepts at most 1 arg"},
		{"resume a b", "accepts at most 1 arg"},
		{"orders fly", "unknown command \"fly\""},
		{"orders --limit 0", "want 1 to 10000"},
		{"orders list --limit 10001", "want 1 to 10000"},
		{"orders --status open", "want one of created, denied"},
		{"orders why", "accepts 1 arg"},
		{"orders cancel", "accepts 1 arg"},
		{"orders resolve x", "--as is missing"},
		{"orders resolve x --as lost", "want one of filled, canceled"},
		{"orders resolve x --as filled", "needs --price and --quantity"},
		{"orders resolve x --as canceled --price 1", "belong together"},
		{"orders resolve x --as filled --price 1 --quantity 0", "--quantity \"0\": want a decimal number above zero"},
		{"orders resolve x --as filled --price low --quantity 1", "--price \"low\""},
	} {
		_, stderr, code := maru(t, "", strings.Fields(c.args)...)
		if code != exitMisuse || !strings.Contains(stderr, c.says) {
			t.Errorf("maru %s: exit code %d, want %d that says %q\n%s", c.args, code, exitMisuse, c.says, stderr)
		}
	}
}

// TestSpan: three digits, and a sign.
func TestSpan(t *testing.T) {
	for ns, want := range map[int64]string{0: "+0s", 999: "+999ns", 1234: "+1.23µs", 12_345_678: "+12.3ms", 1_999_999_999: "+2s", -5_000_000: "-5ms", 3_661_000_000_000: "+1h1m0s"} {
		if got := span(ns); got != want {
			t.Errorf("%d: %s, want %s", ns, got, want)
		}
	}
}
