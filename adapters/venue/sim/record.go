package sim

import (
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

const (
	// latency is how long after the exchange's time a recorded frame is received.
	latency = 5 * time.Millisecond
	// snapshotEvery is how often a recording holds the whole books, so that a client which lost
	// its place in a replay finds it again.
	snapshotEvery = 10 * time.Second
	recordStep    = 10 * time.Millisecond
	snapshotDepth = 1000
)

// recordURL is where the recorded client seems to have connected. The name is reserved: it leads
// nowhere (RFC 6761, 6.4).
const recordURL = "wss://sim.invalid/stream?streams="

// Record writes a session of d with an exchange of that config: the opening of a connection to
// all streams of all instruments, the exchange's list of them, its books at the beginning and every
// ten seconds, and every frame. It takes no longer than the machine needs, and the same config and
// d write the same bytes. The caller closes w. It fails with ErrConfig, or as w does.
func Record(w *capture.Writer, config Config, d time.Duration) error {
	x, err := NewExchange(config)
	if err != nil {
		return err
	}
	r := recorder{w: w, x: x}
	r.open()
	// The first snapshots come behind the first differences, as a client that does it right gets
	// them.
	start := x.Now()
	nextSnapshot := start.Add(300 * time.Millisecond)
	for now := start; now < start.Add(d) && r.err == nil; {
		now = min(now.Add(recordStep), start.Add(d))
		for _, e := range x.Step(now) {
			r.event(&e)
		}
		if now >= nextSnapshot {
			nextSnapshot = nextSnapshot.Add(snapshotEvery)
			r.snapshots(now)
		}
	}
	return r.err
}

// recorder writes rows until one fails.
type recorder struct {
	w     *capture.Writer
	x     *Exchange
	raw   []byte
	frame []byte
	err   error
}

func (r *recorder) write(row capture.Row) {
	if r.err == nil {
		r.err = r.w.Write(row)
	}
}

func (r *recorder) open() {
	var names []string
	for _, l := range r.x.Listings() {
		for _, kind := range []EventKind{EventTrade, EventBBO, EventDepth, EventTicker} {
			names = append(names, streamName(l.Symbol, kind))
		}
	}
	at := r.x.Now()
	r.write(capture.Row{At: at, Kind: capture.KindOpen, Meta: recordURL + strings.Join(names, "/")})
	all := make([]int, len(r.x.Listings()))
	for i := range all {
		all[i] = i
	}
	r.rest(at, "exchangeInfo", r.x.appendInfo(nil, all))
}

func (r *recorder) rest(at market.Timestamp, path string, body []byte) {
	r.write(capture.Row{At: at, Kind: capture.KindHTTP, Meta: "https://sim.invalid/api/v3/" + path, Payload: body})
}

func (r *recorder) event(e *Event) {
	symbol := r.x.Listings()[e.Instrument].Symbol
	r.raw = appendEvent(r.raw[:0], e, symbol)
	r.frame = appendCombined(r.frame[:0], streamName(symbol, e.Kind), r.raw)
	r.write(capture.Row{At: e.At.Add(latency), Kind: capture.KindReceived, Meta: capture.MetaText, Payload: r.frame})
}

func (r *recorder) snapshots(now market.Timestamp) {
	for i, l := range r.x.Listings() {
		id, bids, asks := r.x.Depth(i, snapshotDepth)
		r.rest(now.Add(latency), "depth?symbol="+l.Symbol+"&limit=1000", appendBook(nil, id, bids, asks))
	}
}

// streamName returns the name of the stream of that kind.
func streamName(symbol string, kind EventKind) string {
	name := [...]string{EventTrade: "trade", EventBBO: "bookTicker", EventDepth: "depth@100ms", EventTicker: "ticker"}[kind]
	return strings.ToLower(symbol) + "@" + name
}
