package strategy

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// Feed is one kind of market data that an external program may ask for.
type Feed string

// The feeds. Of each only the newest line of an instrument waits for a program that is slow.
const (
	FeedClasses Feed = "classes" // changes of class by the strategy's engine
	FeedQuotes  Feed = "quotes"  // best bid and offer and last price, whenever something of an instrument changes
	FeedBars    Feed = "bars"    // bars that close
)

// Feeds returns every feed.
func Feeds() []Feed { return []Feed{FeedClasses, FeedQuotes, FeedBars} }

// OnGiveUp says what becomes of open orders when a program has failed too often.
type OnGiveUp string

const (
	// KeepOrders leaves them: what protects a position stays.
	KeepOrders OnGiveUp = "keep"
	// CancelOrders asks to cancel all of the strategy's orders, stops included.
	CancelOrders OnGiveUp = "cancel"
)

// ExternalConfig is one strategy whose decisions a program outside makes.
type ExternalConfig struct {
	// Name is the strategy's, unique in a runtime: intents are numbered under it.
	Name message.StrategyName
	// Engine is the classifier's engine whose changes are told; needed for FeedClasses alone.
	Engine message.EngineName
	// Account is the account that orders go to.
	Account message.AccountName
	// Feeds are what the program is told of the market; order events it is always told.
	Feeds []Feed

	// Heartbeat is how often the program is asked whether it lives; it must have said hello, and
	// answer each time, within HeartbeatDeadline. 100 ms to 1 h, and less than the deadline.
	Heartbeat, HeartbeatDeadline time.Duration

	// Restarts is how many failures within Window are answered by a new start; the next one gives
	// the program up. Backoff is the wait before the first new start, doubled with every failure
	// up to BackoffMax.
	Restarts            int
	Window              time.Duration
	Backoff, BackoffMax time.Duration
	OnGiveUp            OnGiveUp

	// RefsMax is how many intents are known again by their refs, the newest ones; a ref that is
	// older counts as new. 1,024 and more.
	RefsMax int
	// OpenMax bounds the intents that are not final.
	OpenMax int
	// BadLinesMax is how many lines in a row a program may say that cannot be understood before it
	// is ended.
	BadLinesMax int
	// StateBytesMax bounds what the program lets the runtime keep for it, keys included.
	StateBytesMax int
}

// DefaultExternalConfig returns what an external strategy has that is not told better.
func DefaultExternalConfig() ExternalConfig {
	return ExternalConfig{Feeds: []Feed{FeedClasses}, Heartbeat: 5 * time.Second, HeartbeatDeadline: 20 * time.Second,
		Restarts: 5, Window: 10 * time.Minute, Backoff: time.Second, BackoffMax: time.Minute, OnGiveUp: KeepOrders,
		RefsMax: 100_000, OpenMax: workingMax, BadLinesMax: 100, StateBytesMax: 256 << 10}
}

// Has reports whether a feed is asked for.
func (c ExternalConfig) Has(f Feed) bool {
	for _, has := range c.Feeds {
		if has == f {
			return true
		}
	}
	return false
}

// Validate returns every fault of c at once, each saying which field, what was found and what is
// wanted.
func (c ExternalConfig) Validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("strategy %s: %s: %w", c.Name, fmt.Sprintf(format, args...), ErrConfig))
		}
	}
	fault(c.Name == "", "name is empty")
	fault(c.Account == "", "account is empty: name the account to order for")
	fault(c.Engine == "" && c.Has(FeedClasses), "engine is empty: name the classifier engine whose classes are to be told")
	for _, f := range c.Feeds {
		fault(f != FeedClasses && f != FeedQuotes && f != FeedBars, "feed %q: want %v", f, Feeds())
	}
	fault(c.Heartbeat < 100*time.Millisecond || c.Heartbeat > time.Hour, "heartbeat %v: want 100ms to 1h", c.Heartbeat)
	fault(c.HeartbeatDeadline <= c.Heartbeat, "heartbeat deadline %v: want more than the heartbeat, %v", c.HeartbeatDeadline, c.Heartbeat)
	fault(c.Restarts < 0, "restarts %d: want 0 or more", c.Restarts)
	fault(c.Window <= 0 || c.Backoff <= 0 || c.BackoffMax < c.Backoff, "window %v, backoff %v to %v: want above zero, and in order", c.Window, c.Backoff, c.BackoffMax)
	fault(c.OnGiveUp != KeepOrders && c.OnGiveUp != CancelOrders, "on_give_up %q: want %s or %s", c.OnGiveUp, KeepOrders, CancelOrders)
	fault(c.RefsMax < 1024, "refs_max %d: want 1024 or more", c.RefsMax)
	fault(c.OpenMax < 1 || c.OpenMax > c.RefsMax/2, "open_max %d: want 1 to half of refs_max", c.OpenMax)
	fault(c.BadLinesMax < 1, "bad_lines_max %d: want 1 or more", c.BadLinesMax)
	fault(c.StateBytesMax < 0, "state_bytes_max %d: want 0 or more", c.StateBytesMax)
	return errors.Join(faults...)
}

// Program is a running program, as the actor sees it. Its calls come from the actor alone and must
// not block.
type Program interface {
	// Send offers a line, which ends in a line feed and is not changed any more. A line with a key
	// takes the place of one of the same key that still waits: replaced. A line without a key is
	// kept, in order; where there is no room for it, kept is false, and the program must be ended.
	Send(key string, line []byte) (kept, replaced bool)
	// Close ends the program, and returns at once. What it says from then on is not heard.
	Close(reason string)
}

// Listener is told what a program says. Its calls may come from any goroutine.
type Listener interface {
	Line(line []byte)    // a whole line without its line feed; the callee may keep it
	Ended(reason string) // it ended, by itself or because it was ended; the last call
}

// Launch starts a program. It fails if that cannot be tried; a program that ends at once has started.
type Launch func(Listener) (Program, error)

// Notebook keeps what must be known again after a restart: which ref is which number, and the
// program's own state. A record is a line of JSON without a line feed.
type Notebook interface {
	// Append adds a record; Sync puts all that were added on the disk.
	Append(record []byte) error
	Sync() error
	// Replace puts records, and nothing else, on the disk in one step.
	Replace(records iter.Seq[[]byte]) error
}

// OpenNotebook opens a strategy's notebook and returns what stands in it, oldest first. It is called
// once for every start of the actor; closed lets go of it.
type OpenNotebook func() (n Notebook, records iter.Seq2[[]byte, error], closed func() error, err error)

// Form writes and reads messages as lines of JSON.
type Form struct {
	Append func(dst []byte, m message.Message, symbol string) ([]byte, error) // with the line feed
	Parse  func(line []byte) (m message.Message, symbol string, err error)
}
