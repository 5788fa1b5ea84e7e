package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// startVenue runs maru venue on a free port, with keys of its own.
func startVenue(t *testing.T, args ...string) (p *process, keys venueKeys, keysFile string) {
	t.Helper()
	keysFile = filepath.Join(t.TempDir(), "keys.json")
	p = startMaru(t, append([]string{"venue", "--addr", "127.0.0.1:0", "--keys", keysFile}, args...)...)
	keys, err := readVenueKeys(keysFile)
	if err != nil {
		t.Fatal(err)
	}
	return p, keys, keysFile
}

// ask sends a request that an account's first key signs.
func ask(t *testing.T, p *process, keys venueKeys, method, path, query string) (int, map[string]any) {
	t.Helper()
	k := keys.Accounts[0].Keys[0]
	query = strings.TrimPrefix(fmt.Sprintf("%s&timestamp=%d", query, time.Now().UnixMilli()), "&")
	mac := hmac.New(sha256.New, []byte(k.Secret))
	mac.Write([]byte(query))
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+path+"?"+query+"&signature="+hex.EncodeToString(mac.Sum(nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-MBX-APIKEY", k.Key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var o map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, o
}

// TestVenueSurvivesAKill kills the process with an order open, and finds it in the next one.
func TestVenueSurvivesAKill(t *testing.T) {
	state := filepath.Join(t.TempDir(), "venue.state")
	p, keys, keysFile := startVenue(t, "--state", state)
	info, err := os.Stat(keysFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	status, o := ask(t, p, keys, "POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId=survivor")
	if status != 200 || o["status"] != "NEW" {
		t.Fatal(status, o)
	}
	if status, o := ask(t, p, keys, "POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01"); status != 200 || o["status"] != "FILLED" {
		t.Fatal(status, o)
	}
	_, before := p.get(t, "/maru/v1/ledger")
	_ = p.end(t, syscall.SIGKILL)

	again := startMaru(t, "venue", "--addr", "127.0.0.1:0", "--keys", keysFile, "--state", state)
	_, after := again.get(t, "/maru/v1/ledger")
	if len(before) == 0 || !bytes.HasPrefix(after, before) {
		t.Errorf("the ledger was\n%s\nand is\n%s", before, after)
	}
	if status, o := ask(t, again, keys, "GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=survivor"); status != 200 || o["status"] != "NEW" {
		t.Error(status, o)
	}
	if err := again.end(t, os.Interrupt); err != nil {
		t.Error(err)
	}
	var out, errs bytes.Buffer
	m := &Main{Args: []string{"venue", "--addr", "127.0.0.1:0", "--keys", keysFile, "--state", state, "--seed", "9"}, Stdout: &out, Stderr: &errs}
	if code := m.Run(t.Context()); code != exitFailed || !strings.Contains(errs.String(), "seed 1, not 9") {
		t.Errorf("%d %s", code, errs.String())
	}
}

func TestVenueAnswersAsJSON(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("my secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan int, 1)
	go func() {
		m := &Main{Args: []string{"venue", "--addr", "127.0.0.1:0", "--json", "--key", "mykey", "--secret-file", secret, "--balance", "USDT=5,BTC=0.25", "--withdraw"}, Stdout: write, Stderr: io.Discard}
		done <- m.Run(ctx)
	}()
	var where venueWhere
	if err := json.NewDecoder(read).Decode(&where); err != nil {
		t.Fatal(err)
	}
	if where.API != strings.Replace(where.REST, "http", "ws", 1)+spot.WebSocketPath || len(where.Symbols) != 24 || where.Keys != secret {
		t.Errorf("%+v", where)
	}
	p, keys := &process{url: where.REST}, venueKeys{[]venueAccount{{"", []venueKey{{Key: "mykey", Secret: "my secret"}}}}}
	_, account := ask(t, p, keys, "GET", "/api/v3/account", "")
	if got := fmt.Sprint(account["balances"]); got != "[map[asset:BTC free:0.25000000 locked:0.00000000] map[asset:USDT free:5.00000000 locked:0.00000000]]" {
		t.Error(got)
	}
	if _, o := ask(t, p, keys, "GET", "/sapi/v1/account/apiRestrictions", ""); o["enableWithdrawals"] != true {
		t.Error(o)
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Error(code)
	}
}

func TestVenueMisuse(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	shut := filepath.Join(dir, "shut")
	if err := os.WriteFile(shut, []byte(`{"accounts":[{"name":"a","keys":[{"type":"rsa","key":"k"}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"--addr here", "want host:port", exitMisuse},
		{"--speed 0", "want more than zero", exitMisuse},
		{"--instruments 3", "want 20 to 20000", exitMisuse},
		{"--key k", "want both or neither", exitMisuse},
		{"--key k --secret-file " + open, "chmod 600", exitFailed},
		{"--keys " + open, "chmod 600", exitFailed},
		{"--keys " + shut, "want hmac or ed25519", exitFailed},
		{"--keys " + dir + "/new --balance USDT", "want ASSET=AMOUNT", exitFailed},
		{"--keys " + dir + "/new --balance usdt=1", "no asset is named so", exitFailed},
		{"--keys " + dir + "/new --maker x", "want a share", exitFailed},
		{"--keys " + dir + "/new --taker 0.5", "want 0 to 0.1", exitFailed},
		{"--keys " + dir + "/no/where", "no such file", exitFailed},
		{"extra", "unknown command", exitMisuse},
	} {
		var errs bytes.Buffer
		m := &Main{Args: append([]string{"venue", "--addr", "127.0.0.1:0"}, strings.Fields(c.args)...), Stdout: io.Discard, Stderr: &errs}
		if code := m.Run(t.Context()); code != c.code || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: %d %s, want %d %s", c.args, code, errs.String(), c.code, c.want)
		}
	}
}

// TestCCXTTradesSpot lets ccxt, which believes that it is Binance, trade on maru venue.
func TestCCXTTradesSpot(t *testing.T) {
	const dir = "../../examples/ccxt"
	missing := func(format string, values ...any) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf(format, values...)
		}
		t.Skipf("SKIP: "+format, values...)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ccxt")); err != nil {
		missing("ccxt is not installed: npm install --no-package-lock in examples/ccxt")
	}
	p, _, keysFile := startVenue(t)
	ctx, cancel := context.WithTimeout(t.Context(), processDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "trade.mjs", p.url, keysFile)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.HasSuffix(bytes.TrimSpace(out), []byte("ok all")) {
		_, ledger := p.get(t, "/maru/v1/ledger")
		t.Fatalf("%v\n%s\nthe venue's ledger:\n%s", err, out, ledger)
	}
	// What ccxt says is one thing, what the venue saw another.
	_, ledger := p.get(t, "/maru/v1/ledger")
	seen := map[string]int{}
	for line := range bytes.Lines(ledger) {
		var e spot.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		seen[string(e.Kind)+" "+e.ClientID]++
	}
	for _, want := range []string{"accept ccxt-limit-1", "cancel ccxt-limit-1", "accept ccxt-market-1"} {
		if seen[want] != 1 {
			t.Errorf("%s: %d times in the ledger", want, seen[want])
		}
	}
	if seen["fill ccxt-market-1"] == 0 || seen["fill ccxt-limit-1"] != 0 {
		t.Errorf("fills: %v", seen)
	}
}
