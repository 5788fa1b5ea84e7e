// Package replay plays recorded sessions back through a local server that speaks as the venue
// did: frames over WebSocket, subscriptions and pings answered, recorded REST bodies served over
// REST. The adapter under it runs the same code as against the venue; nothing is bypassed.
//
// All recorded files of a server lie on one timeline, merged by the time of receipt, so that files
// of the same minutes play at once and files of different days one after the other. The timeline
// moves while Config.Clients clients are connected and subscribed, and rests otherwise: a client
// that reconnects goes on where the timeline stopped, and no frame is sent twice. Each client
// gets the frames it subscribed to. The server never drops a frame because a client is slow; it
// waits.
//
// A client that offers the WebSocket subprotocol in Subprotocol gets every data frame as a binary
// message: 8 bytes, big-endian, the recorded time of receipt in nanoseconds; 1 byte, the recorded
// opcode (1 text, 2 binary); then the frame. With it a run depends on the recording alone. What
// the server itself says (answers to subscriptions, to PING) carries time zero there. Such a
// client also names its own place in HeaderPosition when it asks over REST.
//
// The package imports market and adapters/venue/capture. cmd starts servers and hands their
// URLs to the adapters.
package replay

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

const (
	// Subprotocol is what a client offers that wants the recorded time in front of each frame.
	Subprotocol = "maru.replay.v1"
	// HeaderRecorded is on each REST answer: the time of receipt recorded with it, in unix
	// nanoseconds. It lies after the client's position where nothing was recorded up to there: the
	// answer is then the first one to come, and must not be used before that time.
	HeaderRecorded = "Maru-Recorded-At"
	// HeaderPosition may be on a REST request: the time, in unix nanoseconds, of the last frame the
	// client has worked through. Without it the server takes the last frame it sent, which runs
	// ahead of the client by what the sockets hold.
	HeaderPosition = "Maru-Replay-Position"
	// EndReason is in the close frame (code 1000) behind the last frame.
	EndReason = "end of session"
)

// Config says what to play and how.
type Config struct {
	// Venue decides how clients are answered: those that there are adapters for are known, and "sim",
	// which speaks as Binance does. Any other venue's client is sent everything without an answer.
	Venue market.Venue
	// Files are recorded sessions of that venue, in the format of package capture; at least one.
	Files []string
	// Speed is 1 for the recorded pace, N for N times that, 0 for as fast as clients read. A
	// silence of more than a minute is cut to a minute first.
	Speed float64
	// Clients is how many must be connected and subscribed for the timeline to move; 0 is 1.
	Clients int
	// Requests is how many messages a client subscribes with; 0 is 1. An adapter that follows many
	// instruments needs several, and must get nothing before the last of them.
	Requests int
	// SubscribeWait is how long a client that named no streams in its URL may take to subscribe,
	// counted again from each of its requests; after that it is sent what it asked for so far, or
	// everything if that is nothing. 0 is one second, below 0 is no wait at all.
	SubscribeWait time.Duration
	// Loop starts again at the end: clients are closed as ever, and the next to connect gets the
	// first frame. Done then closes only with the server.
	Loop bool
	// Faults are what shall go wrong; none by default.
	Faults Faults
	// Clock paces; nil is the machine's.
	Clock Clock
}

// Clock is what pacing needs to know of time.
type Clock interface {
	Now() market.Timestamp
	// After sends once, when d has passed.
	After(d time.Duration) <-chan time.Time
}

type wallClock struct{}

func (wallClock) Now() market.Timestamp                  { return market.TimestampOf(time.Now()) }
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

const (
	clientsMax           = 64
	requestsMax          = 1000
	defaultSubscribeWait = time.Second
)

// Validate reports every fault of c at once, wrapped in ErrConfig.
func (c Config) Validate() error {
	var faults []error
	bad := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("replay: %w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if len(c.Files) == 0 {
		bad("no files: name at least one recorded session")
	}
	if c.Venue == "" {
		bad("no venue: name the one that the sessions were recorded at")
	}
	if c.Speed < 0 || math.IsNaN(c.Speed) || math.IsInf(c.Speed, 0) {
		bad("speed %v: want 0 (as fast as possible), 1 (as recorded) or a multiple", c.Speed)
	}
	if c.Clients < 0 || c.Clients > clientsMax {
		bad("clients %d: want 0 to %d", c.Clients, clientsMax)
	}
	if c.Requests < 0 || c.Requests > requestsMax {
		bad("requests %d: want 0 to %d", c.Requests, requestsMax)
	}
	f := c.Faults
	for name, n := range map[string]int{
		"cut after": f.CutAfter, "cut every": f.CutEvery, "stall after": f.StallAfter,
		"repeat one in": f.RepeatOneIn, "drop one in": f.DropOneIn, "corrupt one in": f.CorruptOneIn,
	} {
		if n < 0 {
			bad("%s %d frames: want 0 (never) or more", name, n)
		}
	}
	if f.StallFor < 0 || (f.StallAfter > 0) != (f.StallFor > 0) {
		bad("stall after %d frames for %v: want both above zero or neither", f.StallAfter, f.StallFor)
	}
	return errors.Join(faults...)
}

// ErrConfig is wrapped by what Validate finds.
var ErrConfig = errors.New("configuration")
