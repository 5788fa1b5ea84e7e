package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-trading/maru/config"
)

// listing answers as Upbit's list of pairs.
func listing(t *testing.T, pairs ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/market/all" {
			http.NotFound(w, r)
			return
		}
		var rows []string
		for _, p := range pairs {
			rows = append(rows, fmt.Sprintf(`{"market":%q,"korean_name":"x","english_name":"x"}`, p))
		}
		fmt.Fprintf(w, "[%s]", strings.Join(rows, ","))
	}))
	t.Cleanup(server.Close)
	return server
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "maru.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func upbitAt(rest, instruments string) string {
	return fmt.Sprintf("[[venue]]\nname = \"upbit\"\nregion = \"korea\"\nrest_url = %q\ninstruments = %s\n", rest, instruments)
}

// contains checks that each of the wants stands in text, whatever the columns of its tables.
func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, want := range wants {
		if !strings.Contains(flat, want) {
			t.Errorf("want %q in:\n%s", want, text)
		}
	}
}

func TestCheckSaysHowSubscriptionsAreSplit(t *testing.T) {
	var names []string
	for i := range 301 {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("C%d-KRW", i)))
	}
	text := "[[venue]]\nname = \"upbit\"\nregion = \"korea\"\nchannels = [\"ticker\", \"trade\"]\nticker_fields = [\"trade_price\"]\ninstruments = [" + strings.Join(names, ",") + "]\n"
	coinone := "[[venue]]\nname = \"coinone\"\nchannels = [\"trade\"]\ninstruments = [\"BTC-KRW\", \"ETH-KRW\", \"XRP-KRW\"]\n"
	kraken := "[[venue]]\nname = \"kraken\"\ninstruments = [" + strings.ReplaceAll(strings.Join(names, ","), "-KRW", "-USD") + "]\n"
	stdout, stderr, code := maru(t, "", "check", "-c", written(t, text+coinone+kraken))
	if code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	contains(t, stdout,
		"upbit korea upbit live 301 ticker trade trade_price",
		"upbit 300 instruments a connection 2 150, 151 602 2 a frame every 600ms, a connection every 200ms 200ms",
		"coinone 400 subscriptions a connection, 1 name a frame 1 3 3 3 a frame every 5ms, a connection every 200ms 10ms",
		// Four connections of two times three frames: the last begins after 15 s and sends five more.
		"kraken 100 instruments a connection, 50 names a frame 4 3 × 75, 76 903 24 a frame every 200ms, a connection every 5s 16s",
	)
}

func TestCheckOfPatterns(t *testing.T) {
	server := listing(t, "KRW-BTC", "KRW-ETH", "KRW-DOGE", "BTC-ETH")
	path := written(t, upbitAt(server.URL, `["*-KRW", "!DOGE-KRW"]`))
	stdout, stderr, code := maru(t, "", "check", "-c", path)
	if code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	contains(t, stdout, "upbit korea upbit live at start ticker book trade all", "upbit: *-KRW !DOGE-KRW is resolved from the venue's list at start; maru check --online asks for it now")

	stdout, stderr, code = maru(t, "", "check", "--online", "-c", path)
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	contains(t, stdout, "upbit korea upbit live 2 ticker book trade all", "upbit 300 instruments a connection 1 2 6 1")

	stdout, _, code = maru(t, "", "check", "--online", "--json", "-c", path)
	var got checked
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitDone || !got.OK || !got.Placement.Venues[0].Known || got.Placement.Venues[0].Instruments != 2 {
		t.Errorf("exit code %d, %v: %s", code, err, stdout)
	}
}

func TestCheckOnlineFinds(t *testing.T) {
	server := listing(t, "KRW-BTC", "KRW-ETH")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(busy.Close)
	for name, tt := range map[string]struct{ text, want string }{
		"no match":        {upbitAt(server.URL, `["*-KWR"]`), `venue upbit: nothing that is traded there now matches "*-KWR": did you mean *-KRW? (it lists 2 instruments)`},
		"unknown name":    {upbitAt(server.URL, `["BTC-KRW", "ETC-KRW"]`), `venue upbit: ETC-KRW is not traded there now: did you mean BTC-KRW or ETH-KRW?`},
		"too many":        {upbitAt(server.URL, `["*"]`) + "[limits]\ninstruments_max = 1\n", "more than instruments_max in [limits], 1"},
		"out of reach":    {upbitAt(gone.URL, `["*"]`), "venue upbit: Get "},
		"limited":         {upbitAt(busy.URL, `["*"]`), `429 Too Many Requests: ""; the venue wants no requests for 2m0s`},
		"not a list":      {upbitAt(server.URL+"/elsewhere", `["*"]`), "404 Not Found"},
		"sim of few":      {"[[venue]]\nname = \"sim\"\ninstruments = [\"*-EUR\"]\n", `venue sim: nothing that is traded there now matches "*-EUR"`},
		"nothing is left": {upbitAt(server.URL, `["*-KRW", "!*-KRW"]`), "the exclusions leave nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t, tt.text)
			_, stderr, code := maru(t, "", "check", "--online", "-c", path)
			if code != exitFailed || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, want %q in:\n%s", code, tt.want, stderr)
			}
			stdout, _, code := maru(t, "", "check", "--online", "--json", "-c", path)
			var got checked
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitFailed || got.OK || len(got.Online) != 1 {
				t.Errorf("exit code %d, %v: %s", code, err, stdout)
			}
			if _, _, code := maru(t, "", "check", "-c", path); code != exitDone {
				t.Errorf("offline it has faults: exit code %d", code)
			}
		})
	}
}

func TestEach(t *testing.T) {
	for want, sizes := range map[string][]int{
		"": {}, "6": {6}, "150, 151": {150, 151}, "3 × 7": {7, 7, 7}, "2 × 7, 8, 7": {7, 7, 8, 7}, "1, 2, 1, 2, …": {1, 2, 1, 2, 1, 2},
	} {
		var split []config.ConnectionPlan
		for _, n := range sizes {
			split = append(split, config.ConnectionPlan{Instruments: n})
		}
		if got := each(split); got != want {
			t.Errorf("%v: got %q, want %q", sizes, got, want)
		}
	}
}
