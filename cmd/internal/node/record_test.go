package node

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/config"
)

// desert is a venue like remote whose list lacks bitcoin, until it lists it.
func desert(t *testing.T, far *remote) (rest string, lists *atomic.Bool) {
	t.Helper()
	far.open.Store(true)
	lists = new(atomic.Bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		response, err := http.Get(far.rest.URL + q.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		if !lists.Load() {
			body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("BTCUSDT"), []byte("XYZUSDT")), []byte(`"BTC"`), []byte(`"XYZ"`))
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.URL, lists
}

const twoVenues = `
[[venue]]
name = "near"
adapter = "sim"
instruments = ["BTC-USDT"]
sim.events_per_second = 2000
[[venue]]
name = "far"
adapter = "binance"
channels = ["trade"]
instruments = ["BTC-USDT"]
websocket_url = %q
rest_url = %q
`

func startRecord(t *testing.T, cfg *config.Config, again time.Duration) *Recording {
	t.Helper()
	r, err := Record(RecordOptions{Config: cfg, Version: "test", Log: quiet, Dir: filepath.Join(t.TempDir(), "out"), FileBytesMax: 1 << 20,
		RotateEvery: time.Hour, DiskBytesMax: 64 << 20, again: again})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *Recording) framesOf(venue string) float64 {
	return telemetry.Sum(r.metrics.FeederFrames, "venue", venue)
}

// A venue that cannot be recorded as things are keeps none of the others, says why, and is tried again;
// what is missing in the end is an error.
func TestRecordingGoesOnWithoutAVenue(t *testing.T) {
	far := newRemote(t)
	rest, lists := desert(t, far)
	r := startRecord(t, parse(t, fmt.Sprintf(twoVenues, far.URL()+"/stream", rest)), 20*time.Millisecond)
	eventually(t, "frames of the venue that is there", func() bool { return r.framesOf("near") > 100 })
	why := func() string { return strings.Join(r.Status().Waiting, "\n") }
	eventually(t, "the reason", func() bool {
		return strings.Contains(why(), "venue far: ") && strings.Contains(why(), "BTC-USDT") && strings.Contains(why(), "trying again in")
	})
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "venue far: ") || strings.Contains(err.Error(), "near") {
		t.Errorf("it would end with %v", err)
	}
	lists.Store(true)
	r2 := startRecord(t, parse(t, fmt.Sprintf(twoVenues, "ws://127.0.0.1:1/", rest)), time.Minute)
	eventually(t, "frames of the venue that is there", func() bool { return r2.framesOf("near") > 100 })
	eventually(t, "nothing to wait for", func() bool { return len(r2.Status().Waiting) == 0 })
	if err := r2.Err(); err == nil || !strings.Contains(err.Error(), "venue far: nothing was received") || strings.Contains(err.Error(), "near") {
		t.Errorf("it would end with %v", err)
	}
	eventually(t, "frames of the other", func() bool { return r.framesOf("far") > 0 })
	eventually(t, "nothing to wait for", func() bool { return why() == "" })
	if err := r.Err(); err != nil {
		t.Errorf("all is recorded, and yet %v", err)
	}
	select {
	case <-r.Failed():
		t.Error("it failed")
	default:
	}
}

// Where nothing can be recorded a person hears of it at once.
func TestRecordingWithoutAnyVenueFails(t *testing.T) {
	far := newRemote(t)
	rest, _ := desert(t, far)
	cfg := parse(t, fmt.Sprintf(twoVenues, far.URL()+"/stream", rest))
	cfg.Venues = slices.Delete(cfg.Venues, 0, 1)
	r := startRecord(t, cfg, time.Minute)
	select {
	case <-r.Failed():
	case <-time.After(deadline):
		t.Fatal("it goes on")
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "venue far: ") || !strings.Contains(err.Error(), "BTC-USDT") {
		t.Errorf("got %v", err)
	}
}

// A venue that answers the first request with a limit is left alone for as long as it says, by its
// budget; and if it has not been reached in the end, that is an error.
func TestRecordingHonoursALimitAtStart(t *testing.T) {
	asked := make(chan struct{}, 100)
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "slower", http.StatusTooManyRequests)
	}))
	t.Cleanup(busy.Close)
	r := startRecord(t, parse(t, fmt.Sprintf(twoVenues, "ws://127.0.0.1:1/", busy.URL)), time.Millisecond)
	eventually(t, "the reason", func() bool {
		return strings.Contains(strings.Join(r.Status().Waiting, "\n"), "venue far cannot be reached (get "+busy.URL+"/api/v3/exchangeInfo") &&
			strings.Contains(strings.Join(r.Status().Waiting, "\n"), "429 Too Many Requests") && strings.Contains(strings.Join(r.Status().Waiting, "\n"), "trying again in 1h")
	})
	eventually(t, "the budget hears of it", func() bool { return telemetry.Sum(r.metrics.BudgetPenalties, "venue", "far") == 1 })
	eventually(t, "frames of the venue that is there", func() bool { return r.framesOf("near") > 100 })
	if n := len(asked); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "venue far cannot be reached") || strings.Contains(err.Error(), "trying again") {
		t.Errorf("it would end with %v", err)
	}
}
