package node

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/internal/testdata"
)

// hosted is a web server with one file, as a server of models has it.
type hosted struct {
	mu     sync.Mutex
	file   string
	status int
	url    string
}

func host(t *testing.T) *hosted {
	t.Helper()
	h := &hosted{status: http.StatusInternalServerError}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL + "/model.json"
	return h
}

func (h *hosted) put(file string, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.file, h.status = file, status
}

func (h *hosted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	tag := fmt.Sprintf("%q", fmt.Sprint(len(h.file)))
	switch {
	case h.status != http.StatusOK:
		w.WriteHeader(h.status)
	case r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", tag)
		fmt.Fprint(w, h.file)
	}
}

const modelEngine = `
[state]
partial = true
[[engine]]
name = "boosted"
type = "model"
default = "low"
[engine.model]
%s
format = "xgboost"
poll = "1s"
[[engine.model.input]]
name = "return_10s"
value = "100 * change_10s"
[[engine.model.input]]
name = "spread_bps"
[[engine.model.input]]
name = "imbalance"
optional = true
[[engine.model.class]]
name = "high"
from = 0.5
`

func exampleModel(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../examples/model.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const noModel = "engine boosted has no model yet (the log says why)"

// TestModelEngineOverHTTP holds that the node is not ready before it has the model, judges with it,
// takes a new version and keeps it when the server has nothing good any more.
func TestModelEngineOverHTTP(t *testing.T) {
	server := host(t)
	n := start(t, parse(t, "[[venue]]\nname = \"sim\"\n"+fmt.Sprintf(modelEngine, `url = "`+server.url+`"`)))
	loads := func(outcome string) float64 {
		return telemetry.Sum(n.metrics.ClassifierLoads, "engine", "boosted", "outcome", outcome)
	}
	eventually(t, "asked in vain", func() bool { return loads("failed") > 0 })
	if missing := n.Ready(); !slices.Contains(missing, noModel) {
		t.Errorf("ready without a model: %q", missing)
	}
	file := exampleModel(t)
	server.put(file, http.StatusOK)
	eventually(t, "ready", func() bool { return len(n.Ready()) == 0 })
	eventually(t, "judged", func() bool { return telemetry.Sum(n.metrics.ClassifierChanges, "engine", "boosted") > 0 })
	server.put(file+"\n", http.StatusOK)
	eventually(t, "replaced", func() bool { return loads("loaded") == 2 })
	server.put(file[:len(file)/2], http.StatusOK)
	eventually(t, "refused", func() bool { return loads("refused") == 1 })
	if missing := n.Ready(); len(missing) > 0 || loads("loaded") != 2 {
		t.Errorf("%q, loaded %v times", missing, loads("loaded"))
	}
}

// TestModelEngineFromFile holds the same of a file that is renamed into its place.
func TestModelEngineFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.json")
	n := start(t, parse(t, "[[venue]]\nname = \"sim\"\n"+fmt.Sprintf(modelEngine, "file = '"+path+"'")))
	place := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	loads := func(outcome string) float64 {
		return telemetry.Sum(n.metrics.ClassifierLoads, "engine", "boosted", "outcome", outcome)
	}
	eventually(t, "looked in vain", func() bool { return loads("failed") > 0 })
	if missing := n.Ready(); !slices.Contains(missing, noModel) {
		t.Errorf("ready without a model: %q", missing)
	}
	file := exampleModel(t)
	place(file)
	eventually(t, "ready", func() bool { return len(n.Ready()) == 0 })
	place(strings.Replace(file, "spread_bps", "volume_1m", 1)) // trained on another feature
	eventually(t, "refused", func() bool { return loads("refused") == 1 })
	place(file + "\n")
	eventually(t, "replaced", func() bool { return loads("loaded") == 2 })
}

// TestModelEngineInReplay holds that a replay judges with the model that is there when it begins, gives
// the same changes each time, and does not run without it.
func TestModelEngineInReplay(t *testing.T) {
	recorded := testdata.Path(t, "binance/spot-btcusdt-20240808.frames.gz")
	path := filepath.Join(t.TempDir(), "model.json")
	text := fmt.Sprintf(`
[[venue]]
name = "binance"
instruments = ["BTC-USDT"]
[venue.replay]
files = [%q]
speed = "max"
%s`, recorded, fmt.Sprintf(modelEngine, "file = '"+path+"'"))
	n := start(t, parse(t, text))
	<-n.Finished()
	if err := n.Err(); err == nil || !strings.Contains(err.Error(), `engine "boosted"`) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a replay without its model: %v", err)
	}
	if err := os.WriteFile(path, []byte(exampleModel(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	changes := func() float64 {
		return telemetry.Sum(play(t, parse(t, text)).metrics.ClassifierChanges, "engine", "boosted")
	}
	first := changes()
	if second := changes(); first == 0 || first != second {
		t.Errorf("%v changes of class, then %v", first, second)
	}
}
