package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/store/dirlock"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/internal/testdata"
	"github.com/maru-trading/maru/web"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// deadline bounds what a test waits for a node to do by itself.
const deadline = time.Minute

// parse reads a configuration whose data directory is the test's own, on a free port.
func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg, err := config.Parse([]byte(text), filepath.Join(dir, "maru.toml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTP.Listen = "127.0.0.1:0"
	return cfg
}

func start(t *testing.T, cfg *config.Config) *Node {
	t.Helper()
	n, err := Start(Options{Config: cfg, Version: "test", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, n) })
	return n
}

func stop(t *testing.T, n *Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		t.Error(err)
	}
}

// play runs a replay to its end.
func play(t *testing.T, cfg *config.Config) *Node {
	t.Helper()
	n := start(t, cfg)
	select {
	case <-n.Finished():
	case <-time.After(5 * deadline): // under the race detector the longest takes a minute
		t.Fatal("the replay did not end")
	}
	if err := n.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

const rules = `
[[engine]]
name = "momentum"
type = "criteria"
default = "flat"
[[engine.class]]
name = "up"
when = "change_10s > 0.0002"
[[engine.class]]
name = "down"
when = "change_10s < -0.0002"
[[strategy]]
name = "follow"
engine = "momentum"
account = "paper"
cooldown = "1s"
[[strategy.rule]]
to = "up"
side = "buy"
type = "market"
notional = "100"
[[strategy.rule]]
to = "down"
close = true
`

func binance(file, extra string) string {
	return fmt.Sprintf(`
[[venue]]
name = "binance"
instruments = ["BTC-USDT"]
[venue.replay]
files = [%q]
speed = "max"
%s
[[account]]
name = "paper"
mode = "paper"
venue = "binance"
%s`, file, extra, rules)
}

func (n *Node) messages(kind string) int {
	return int(telemetry.Sum(n.metrics.FeederMessages, "type", kind))
}

func wantCounts(t *testing.T, n *Node, want map[string]int) {
	t.Helper()
	for kind, count := range want {
		if got := n.messages(kind); got != count {
			t.Errorf("%d %s, want %d", got, kind, count)
		}
	}
	if dead := telemetry.Sum(n.metrics.FeederDeadLetters); dead != 0 {
		t.Errorf("%v dead letters", dead)
	}
}

func journalOf(t *testing.T, cfg *config.Config) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cfg.Node.DataDir, "replay", "journal", "paper", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no journal: %v", err)
	}
	var all strings.Builder
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(body)
	}
	return all.String()
}

func TestReplayOfTheRecordedBinanceSession(t *testing.T) {
	file := testdata.Path(t, "binance/spot-btcusdt-20240808.frames.gz")
	first := parse(t, binance(file, ""))
	n := play(t, first)
	wantCounts(t, n, map[string]int{"trade": 9757, "book_update": 3451, "bbo": 28040, "book_snapshot": 1})
	if gaps := telemetry.Sum(n.metrics.FeederGaps); gaps != 0 {
		t.Errorf("%v gaps in a session that has none", gaps)
	}
	if orders := telemetry.Sum(n.metrics.OrderEvents, "action", "fill"); orders < 5 {
		t.Errorf("only %v fills", orders)
	}
	stop(t, n)

	second := parse(t, binance(file, ""))
	stop(t, play(t, second))
	if journalOf(t, first) != journalOf(t, second) {
		t.Error("the same session gave two journals")
	}
}

func TestReplaySpeedChangesNothing(t *testing.T) {
	file := testdata.Path(t, "binance/spot-10pairs-20210405.frames.gz")
	cfg := func(speed string) *config.Config {
		text := strings.Replace(binance(file, ""), `speed = "max"`, `speed = "`+speed+`"`, 1)
		return parse(t, strings.Replace(text, `["BTC-USDT"]`, `["ZIL-USDT", "MANA-USDT", "DENT-USDT", "ETH-BRL"]`, 1))
	}
	fast, slow := cfg("max"), cfg("60x")
	stop(t, play(t, fast))
	stop(t, play(t, slow))
	if journalOf(t, fast) != journalOf(t, slow) {
		t.Error("speed changed the journal")
	}
}

func TestReplayOfTheRecordedUpbitSession(t *testing.T) {
	file := testdata.Path(t, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")
	n := play(t, parse(t, fmt.Sprintf(`
[[venue]]
name = "upbit"
channels = ["book", "trade"]
instruments = ["STX-KRW", "ANKR-KRW", "FLOW-BTC", "BASIC-BTC", "IQ-KRW", "ADA-USDT", "CHZ-BTC", "DAWN-KRW", "BAT-KRW", "ADA-KRW"]
[venue.replay]
files = [%q]
speed = "max"
[[account]]
name = "paper"
mode = "paper"
venue = "upbit"
%s`, file, rules)))
	wantCounts(t, n, map[string]int{"trade": 380, "book_snapshot": 659, "book_update": 0})
}

func TestReplayWithFaultsStaysUpAndHeals(t *testing.T) {
	file := testdata.Path(t, "binance/spot-btcusdt-20240808.frames.gz")
	n := play(t, parse(t, binance(file, `
[venue.replay.faults]
seed = 7
cut_every = 9000
drop_every = 3000
corrupt_every = 2000
repeat_every = 1500
`)))
	m := n.metrics
	if cuts := telemetry.Sum(m.FeederReconnects); cuts < 3 {
		t.Errorf("%v reconnects", cuts)
	}
	if dead := telemetry.Sum(m.FeederDeadLetters); dead < 10 {
		t.Errorf("%v dead letters", dead)
	}
	if failures := telemetry.Sum(m.ActorFailures); failures != 0 {
		t.Errorf("%v actors failed", failures)
	}
	letters, err := os.ReadFile(filepath.Join(n.cfg.Node.DataDir, "deadletters", "deadletters.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var letter struct{ Venue, Reason, Frame string }
	if err := json.Unmarshal([]byte(strings.SplitN(string(letters), "\n", 2)[0]), &letter); err != nil || letter.Venue != "binance" || letter.Reason == "" || letter.Frame == "" {
		t.Errorf("dead letter %+v: %v", letter, err)
	}
}

// get asks a running node.
func get(t *testing.T, n *Node, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// eventually polls a real node, which lives in real time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen within %v", what, deadline)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestDefaultNodeTradesOnTheEmbeddedExchange(t *testing.T) {
	cfg := config.Default()
	cfg.Node.DataDir, cfg.HTTP.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	cfg.Venues[0].Sim.EventsPerSecond = 5000 // so that something happens soon
	n := start(t, cfg)
	eventually(t, "ready", func() bool { code, _ := get(t, n, "/readyz"); return code == http.StatusOK })
	eventually(t, "a fill", func() bool {
		var s web.Status
		_, body := get(t, n, "/api/v1/status")
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		return s.Fills > 0 && s.Mode == "paper" && len(s.PnL) > 0 && s.EventRate > 0 && len(s.Classes) == 2
	})
	if code, body := get(t, n, "/livez"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("livez: %d %q", code, body)
	}
	if code, body := get(t, n, "/metrics"); code != http.StatusOK || !strings.Contains(body, "maru_feeder_frames_total") {
		t.Errorf("metrics: %d", code)
	}
	if code, body := get(t, n, "/nowhere"); code != http.StatusNotFound || !strings.Contains(body, "nothing is served") {
		t.Errorf("nowhere: %d %q", code, body)
	}
	if failures := telemetry.Sum(n.metrics.ActorFailures); failures != 0 {
		t.Errorf("%v actors failed", failures)
	}

	_, err := Start(Options{Config: cfg, Version: "test", Log: quiet})
	var held *dirlock.HeldError
	if !errors.As(err, &held) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second node on the same directory: %v", err)
	}

	// A restart knows its orders and goes on counting.
	before := n.events("create")
	stop(t, n)
	again := start(t, cfg)
	eventually(t, "orders after a restart", func() bool { return again.events("create") > 0 })
	history := 0
	for _, err := range ledgerOf(t, cfg) {
		if err != nil {
			t.Fatal(err)
		}
		history++
	}
	if history == 0 || before == 0 {
		t.Errorf("%d events in the journal, %d orders before", history, before)
	}
}

func (n *Node) events(action string) int {
	return int(telemetry.Sum(n.metrics.OrderEvents, "action", action))
}

func TestNodeWithoutItsVenueStaysUpAndSaysSo(t *testing.T) {
	cfg := parse(t, `
[[venue]]
name = "binance"
instruments = ["BTC-USDT"]
websocket_url = "ws://127.0.0.1:1/stream"
rest_url = "http://127.0.0.1:1"
[[account]]
name = "paper"
mode = "paper"
venue = "binance"
`+rules)
	n := start(t, cfg)
	eventually(t, "it says what it waits for", func() bool {
		code, body := get(t, n, "/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(body, "cannot be reached") && strings.Contains(body, "trying again")
	})
	if code, _ := get(t, n, "/livez"); code != http.StatusOK {
		t.Errorf("livez: %d", code)
	}
}

func TestForeignNamesAreRefusedOnLoopback(t *testing.T) {
	cfg := config.Default()
	cfg.Node.DataDir, cfg.HTTP.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	n := start(t, cfg)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL()+"/api/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a request for evil.example got %s", response.Status)
	}
}
