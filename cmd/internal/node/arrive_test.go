package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/web"
)

// remote is a venue that speaks Binance's protocol, and whose list can be had when it is open.
type remote struct {
	*sim.Server
	rest *httptest.Server
	open atomic.Bool
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	server, err := sim.Start(context.Background(), sim.Config{Seed: 3, Instruments: 24, EventsPerSecond: 2000})
	if err != nil {
		t.Fatal(err)
	}
	r := &remote{Server: server}
	r.rest = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !r.open.Load() {
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		response, err := http.Get(server.RESTURL() + q.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(func() {
		r.rest.Close()
		_ = server.Close()
	})
	return r
}

func (r *remote) venue(instruments string) string {
	return fmt.Sprintf(`
[[venue]]
name = "far"
region = "west"
adapter = "binance"
instruments = %s
ticker_fields = ["trade_price"]
websocket_url = %q
rest_url = %q
`, instruments, r.URL()+"/stream", r.rest.URL)
}

const nearAndFar = `
[[venue]]
name = "near"
region = "here"
adapter = "sim"
instruments = ["*-KRW", "!DOGE-KRW"]
sim.events_per_second = 2000
%s
[state]
partial = true
[[engine]]
name = "momentum"
type = "criteria"
[[engine.class]]
name = "up"
when = "change_5s > 0.0001"
[[strategy]]
name = "follow"
engine = "momentum"
account = "near"
cooldown = "1s"
[[strategy.rule]]
to = "up"
side = "buy"
notional = "100000"
[[strategy]]
name = "follow-far"
engine = "momentum"
account = "far"
cooldown = "1s"
[[strategy.rule]]
to = "up"
side = "buy"
notional = "100"
[[account]]
name = "near"
venue = "near"
[[account]]
name = "far"
venue = "far"
`

func statusOf(t *testing.T, n *Node) (s web.Status) {
	t.Helper()
	_, body := get(t, n, "/api/v1/status")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (n *Node) fills(account string) float64 {
	return telemetry.Sum(n.metrics.OrderEvents, "action", "fill", "account", account)
}

// One venue that cannot be reached keeps none of the others, and joins when it can.
func TestAVenueThatIsLateJoins(t *testing.T) {
	far := newRemote(t)
	n := start(t, parse(t, fmt.Sprintf(nearAndFar, far.venue(`["*-USDT", "!SHIB-*"]`))))
	eventually(t, "a fill at the venue that is there", func() bool { return n.fills("near") > 0 })
	s := statusOf(t, n)
	if s.Ready || len(s.Missing) != 1 || !strings.Contains(s.Missing[0], "venue far cannot be reached") || !strings.Contains(s.Missing[0], "503") ||
		!strings.Contains(s.Missing[0], "account far, strategy follow-far waiting") {
		t.Errorf("missing: %q", s.Missing)
	}
	if len(s.Venues) != 2 || s.Venues[0].Region != "here" || s.Venues[1].Region != "west" || s.Venues[1].Frames != 0 {
		t.Errorf("venues: %+v", s.Venues)
	}
	far.open.Store(true)
	eventually(t, "a fill at the venue that was late", func() bool { return n.fills("far") > 0 })
	eventually(t, "ready", func() bool { return statusOf(t, n).Ready })
	if failures := telemetry.Sum(n.metrics.ActorFailures); failures != 0 {
		t.Errorf("%v actors failed", failures)
	}
	stop(t, n)
	// Of the 24 there are 14 in won, one of them DOGE, and 9 in dollars, one of them SHIB.
	if n.followed != 13+8 {
		t.Errorf("%d instruments were followed, want 21", n.followed)
	}

	// What it listed is on disk now: the next start needs no answer.
	far.open.Store(false)
	again := start(t, n.cfg)
	eventually(t, "ready without an answer", func() bool { return statusOf(t, again).Ready })
}

func TestALateVenueThatCannotBeFollowedKeepsTheOthersRunning(t *testing.T) {
	for name, tt := range map[string]struct{ instruments, limits, want string }{
		"no match":         {`["*-EURO"]`, "", `nothing that is traded there now matches "*-EURO"`},
		"unknown name":     {`["BTC-USDTT"]`, "", "did you mean BTC-USDT?"},
		"too many":         {`["*"]`, "[limits]\ninstruments_max = 20\n", "more than instruments_max in [limits], 20"},
		"nothing is wrong": {`["BTC-USDT"]`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits a second before it asks again
			far := newRemote(t)
			n := start(t, parse(t, fmt.Sprintf(nearAndFar, far.venue(tt.instruments))+tt.limits))
			eventually(t, "events of the venue that is there", func() bool { return telemetry.Sum(n.metrics.FeederFrames, "venue", "near") > 0 })
			far.open.Store(true)
			if tt.want == "" {
				eventually(t, "ready", func() bool { return statusOf(t, n).Ready })
				return
			}
			eventually(t, "it says why", func() bool {
				s := statusOf(t, n)
				return len(s.Missing) == 1 && strings.Contains(s.Missing[0], "not followed: ") && strings.Contains(s.Missing[0], tt.want)
			})
			before := telemetry.Sum(n.metrics.FeederFrames, "venue", "near")
			eventually(t, "more events of the other", func() bool { return telemetry.Sum(n.metrics.FeederFrames, "venue", "near") > before })
			if err := n.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A name that a venue does not list is for a person to mend, who is there when a node starts.
func TestAStartFailsOnNamesThatAreNotListed(t *testing.T) {
	cfg := parse(t, `
[[venue]]
name = "sim"
instruments = ["BTC-KRW", "*-KWR"]
`)
	n := start(t, cfg)
	select {
	case <-n.Finished():
	case <-time.After(deadline):
		t.Fatal("it runs")
	}
	if err := n.Err(); err == nil || !strings.Contains(err.Error(), `venue sim: nothing that is traded there now matches "*-KWR": did you mean *-KRW?`) {
		t.Errorf("got %v", err)
	}
}

// fakes are venues that come, fail or stay silent as told.
func fakes(t *testing.T, waits ...time.Duration) (*arrivals, func(ctx context.Context, v config.Venue, waiting waiting) (*source, error)) {
	t.Helper()
	var all []config.Venue
	for i := range waits {
		all = append(all, config.Venue{Name: config.Default().Venues[0].Name, RESTURL: fmt.Sprint(i)})
	}
	return newArrivals(all), func(ctx context.Context, v config.Venue, waiting waiting) (*source, error) {
		var i int
		if _, err := fmt.Sscan(v.RESTURL, &i); err != nil {
			return nil, err
		}
		d := waits[i]
		if d < 0 { // fails at once, comes after that time
			waiting(errors.New("not there"), time.Second)
			waiting(errors.New("still not there"), time.Second)
			d = -d
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(d):
			return &source{}, nil
		}
	}
}

func TestArrivals(t *testing.T) {
	const s, never = time.Second, time.Hour
	for name, tt := range map[string]struct {
		waits []time.Duration
		wait  time.Duration
		there int
		took  time.Duration
	}{
		"all come":                           {[]time.Duration{s, 2 * s}, 10 * s, 2, 2 * s},
		"one fails: nobody waits for it":     {[]time.Duration{s, -never}, 10 * s, 1, s},
		"all fail":                           {[]time.Duration{-never, -never}, 10 * s, 0, 0},
		"one is silent: not longer than so":  {[]time.Duration{s, never}, 10 * s, 1, 10 * s},
		"one fails and comes while we wait":  {[]time.Duration{3 * s, -2 * s}, 10 * s, 2, 3 * s},
		"a replay waits for all of them":     {[]time.Duration{s, -never}, 0, 2, never},
		"no venue":                           {nil, 10 * s, 0, 0},
		"silent ones, and time for no other": {[]time.Duration{11 * s, 12 * s}, 10 * s, 0, 10 * s},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				a, of := fakes(t, tt.waits...)
				began := time.Now()
				a.prepare(ctx, of)
				there, err := a.gather(ctx, tt.wait)
				if err != nil || len(there) != tt.there || time.Since(began) != tt.took {
					t.Errorf("%d venues after %v (%v), want %d after %v", len(there), time.Since(began), err, tt.there, tt.took)
				}
				cancel()
				a.coming.Wait()
			})
		})
	}
}

func TestArrivalsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a, of := fakes(t, time.Hour, -time.Hour)
		a.prepare(ctx, of)
		time.AfterFunc(time.Second, cancel)
		if _, err := a.gather(ctx, arrivalWait); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		a.coming.Wait()
		if len(a.come) != 2 {
			t.Errorf("%d venues told what became of them, want 2", len(a.come))
		}
	})
}

// The example with nine venues stays up where none of them can be reached, and says so of each.
func TestNineVenuesOutOfReach(t *testing.T) {
	cfg, err := config.Load("../../../examples/nine.toml")
	if err != nil {
		t.Fatal(err)
	}
	regions := map[string]int{}
	for i := range cfg.Venues {
		cfg.Venues[i].RESTURL, cfg.Venues[i].WebSocketURL = "http://127.0.0.1:1", "ws://127.0.0.1:1"
		regions[cfg.Venues[i].Region]++
	}
	if len(cfg.Venues) != 9 || len(regions) != 3 {
		t.Errorf("%d venues in regions %v", len(cfg.Venues), regions)
	}
	cfg.Node.DataDir, cfg.HTTP.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	n := start(t, cfg)
	eventually(t, "each says what it waits for", func() bool {
		s := statusOf(t, n)
		for _, why := range s.Missing {
			if !strings.Contains(why, "cannot be reached") || !strings.Contains(why, "trying again in") {
				return false
			}
		}
		return len(s.Missing) == 9 && s.Actors["state"] == 2
	})
	if code, _ := get(t, n, "/livez"); code != http.StatusOK {
		t.Errorf("livez: %d", code)
	}
}

// What a venue lists is asked for with leave from its budget, which a node's feeders share: a limit
// that the first answer speaks of holds for them too.
func TestANodeHonoursALimitAtStart(t *testing.T) {
	asked := make(chan struct{}, 100)
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "banned", http.StatusTeapot)
	}))
	t.Cleanup(busy.Close)
	n := start(t, parse(t, fmt.Sprintf(twoVenues, "ws://127.0.0.1:1/", busy.URL)))
	eventually(t, "the budget hears of it", func() bool { return telemetry.Sum(n.metrics.BudgetPenalties, "venue", "far") == 1 })
	if got := telemetry.Sum(n.metrics.BudgetPermits, "venue", "far", "use", "rest"); got != 1 {
		t.Errorf("%v permits", got)
	}
	eventually(t, "the other venue", func() bool { return telemetry.Sum(n.metrics.FeederFrames, "venue", "near") > 0 })
	s := statusOf(t, n)
	if len(s.Missing) != 1 || !strings.Contains(s.Missing[0], "418 I'm a teapot") || !strings.Contains(s.Missing[0], "wants no requests for 1h0m0s") {
		t.Errorf("missing: %q", s.Missing)
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}
