package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/internal/testdata"
)

// replayed is a venue that plays recorded files.
func replayed(t *testing.T, adapter, channels, instruments string, files ...string) string {
	t.Helper()
	var paths []string
	for _, f := range files {
		paths = append(paths, fmt.Sprintf("%q", testdata.Path(t, f)))
	}
	return fmt.Sprintf("[[venue]]\nname = %q\nchannels = %s\ninstruments = %s\nreplay.files = [%s]\nreplay.speed = \"max\"\n",
		adapter, channels, instruments, strings.Join(paths, ", "))
}

// Patterns of a replay are resolved from the list that was recorded with it.
func TestReplayResolvesPatterns(t *testing.T) {
	const session, list = "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz", "upbit/rest-market-all-20210417.frames.gz"
	n := play(t, parse(t, replayed(t, "upbit", `["trade", "book"]`, `["*"]`, session, list)))
	wantCounts(t, n, map[string]int{"trade": 380, "book_snapshot": 659, "book_update": 0})
	if n.followed < 200 {
		t.Errorf("%d instruments are followed, want all of the list", n.followed)
	}
	n = play(t, parse(t, replayed(t, "upbit", `["trade", "book"]`, `["*-KRW", "!IQ-*"]`, session, list)))
	if some := n.messages("book_snapshot"); some == 0 || some >= 659 {
		t.Errorf("%d books of the pairs in won without IQ, of 659 of all", some)
	}
}

func TestReplayWithoutAListAsksForNames(t *testing.T) {
	n := start(t, parse(t, replayed(t, "upbit", `["trade"]`, `["*-KRW"]`, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")))
	select {
	case <-n.Finished():
	case <-time.After(deadline):
		t.Fatal("it runs")
	}
	if err := n.Err(); err == nil || !strings.Contains(err.Error(), `does not hold the venue's list, from which "*-KRW" is resolved: name the instruments`) {
		t.Errorf("got %v", err)
	}
}

// The recorded sessions of the venues whose adapters came later, through the whole node.
func TestReplaysOfRecordedSessions(t *testing.T) {
	for name, tt := range map[string]struct {
		config func(t *testing.T) string
		want   map[string]int
		sums   int // checksums of books that are right
	}{
		"kraken, book": {func(t *testing.T) string {
			return replayed(t, "kraken", `["book"]`, `["ALGO-BTC", "LSK-USD", "USDC-GBP", "FIL-BTC", "WAVES-ETH", "ICX-USD", "AUD-USD", "KAVA-USD", "DASH-EUR", "BTC-USD"]`,
				"kraken/ws-v1-book1000-20210405.frames.gz")
		}, map[string]int{"book_snapshot": 10, "book_update": 14496}, 14496},
		"kraken, ticker, by pattern": {func(t *testing.T) string {
			return replayed(t, "kraken", `["ticker"]`, `["*-USD"]`, "kraken/ws-v1-ticker-20210405.frames.gz", "kraken/rest-AssetPairs-20210417.frames.gz")
		}, map[string]int{"ticker": 12}, 0},
		"okx, spot": {func(t *testing.T) string {
			return replayed(t, "okx", `["trade", "book", "ticker"]`, `["FUN-BTC", "DHT-USDT", "AUCTION-USDT"]`, "okx/ws-v5-public-20210722.frames.gz")
		}, map[string]int{"ticker": 12, "trade": 9, "book_snapshot": 3, "book_update": 147}, 150},
		"gate, joined to snapshots": {func(t *testing.T) string {
			return replayed(t, "gate", `["trade", "book", "ticker"]`, `["INK-USDT", "HAI-ETH", "BTC-USDC", "NANO-USDT", "QTUM3S-USDT", "DIS-USDT", "NEO-BTC", "FAST-USDT", "ZKS-ETH", "OMG-USDT"]`,
				"gate/ws-v4-spot-20210422-head.frames.gz", "gate/rest-orderbook-snapshots-20210422.frames.gz")
		}, map[string]int{"ticker": 11, "trade": 3, "book_snapshot": 9, "book_update": 87}, 0},
		"bithumb, the protocol before": {func(t *testing.T) string {
			return replayed(t, "bithumb", `["trade", "book"]`, `["BTC-KRW"]`, "bithumb/ws-legacy-pubwss-20210601-head.frames.gz")
		}, map[string]int{"trade": 3, "book_update": 51}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := play(t, parse(t, tt.config(t)))
			wantCounts(t, n, tt.want)
			if failures := telemetry.Sum(n.metrics.ActorFailures); failures != 0 {
				t.Errorf("%v actors failed", failures)
			}
			right, wrong := telemetry.Sum(n.metrics.FeederChecksums, "outcome", "ok"), telemetry.Sum(n.metrics.FeederChecksums, "outcome", "failed")
			if int(right) != tt.sums || wrong != 0 {
				t.Errorf("%v checksums are right and %v wrong, want %d", right, wrong, tt.sums)
			}
		})
	}
}

// What a recording lacks cannot be asked for: after a frame that is left out, the checksum tells, and
// the book stays untrusted to the end, since this recording has no later snapshot of it.
func TestAReplayThatLostAFrameDoesNotTrustItsBook(t *testing.T) {
	n := play(t, parse(t, replayed(t, "kraken", `["book"]`, `["ALGO-BTC", "LSK-USD", "USDC-GBP", "FIL-BTC", "WAVES-ETH", "ICX-USD", "AUD-USD", "KAVA-USD", "DASH-EUR", "BTC-USD"]`,
		"kraken/ws-v1-book1000-20210405.frames.gz")+"replay.faults.seed = 3\nreplay.faults.drop_every = 2000\n"))
	wrong, gaps := telemetry.Sum(n.metrics.FeederChecksums, "outcome", "failed"), telemetry.Sum(n.metrics.FeederGaps)
	untrusted := telemetry.Sum(n.metrics.StateUntrusted)
	if wrong == 0 || gaps == 0 || untrusted != gaps {
		t.Errorf("%v checksums are wrong, %v books are broken, %v instruments are not trusted", wrong, gaps, untrusted)
	}
	if again := telemetry.Sum(n.metrics.FeederSnapshots); again != 0 {
		t.Errorf("%v snapshots were asked for: of whom?", again)
	}
}
