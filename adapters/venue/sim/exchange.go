// Package sim is an exchange of our own, seeded and made up: instruments under different tick
// rules, a real order book for each, and traders who add, cancel and take. It makes maru run
// work without a network, and gives tests a session of any length.
//
// Exchange is the exchange itself: no clock, no goroutine, whole numbers only. One seed is one
// history, byte for byte, on every machine and however the time is cut into steps. Server puts
// it behind Binance's public spot protocol on loopback, and Record writes a session of it.
//
// The package imports market and adapters/venue/capture. cmd starts servers; tests and the
// recorder of benchmarks use all of it.
package sim

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Config says what to simulate. The zero Config is the default.
type Config struct {
	Seed uint64
	// Instruments is how many are listed, 20 to InstrumentsMax; 0 is 24.
	Instruments int
	// Start is the exchange's time at the beginning; zero is 2026-01-01 UTC for an Exchange, and
	// the clock's time for a Server.
	Start market.Timestamp
	// EventsPerSecond is how many orders are added, canceled or sent to take, over all
	// instruments; 0 is 200. About one and a half frames follow from each. At most 1,000,000.
	EventsPerSecond float64
	// CoarseLots makes lots so large that price × quantity is a whole count of 1e-8, as all money at
	// Binance is; without it lots are the finest that the venues imitated have.
	CoarseLots bool

	// Clock and Tick are for a Server: what time it is, nil for the machine's; and how often the
	// exchange goes on, 0 for 20 ms: on a small machine each wake-up costs more than what it does.
	Clock func() market.Timestamp
	Tick  time.Duration
}

const (
	instrumentsMin     = 20
	defaultInstruments = 24
	defaultEvents      = 200
	eventsMax          = 1_000_000
	defaultTick        = 20 * time.Millisecond
	defaultStart       = market.Timestamp(1_767_225_600 * int64(time.Second))
)

// ErrConfig is wrapped by what Validate finds.
var ErrConfig = errors.New("configuration")

// Validate reports every fault of c at once, wrapped in ErrConfig.
func (c Config) Validate() error {
	var faults []error
	if c.Instruments != 0 && (c.Instruments < instrumentsMin || c.Instruments > InstrumentsMax) {
		faults = append(faults, fmt.Errorf("sim: %w: instruments %d: want %d to %d", ErrConfig, c.Instruments, instrumentsMin, InstrumentsMax))
	}
	if math.IsNaN(c.EventsPerSecond) || c.EventsPerSecond < 0 || c.EventsPerSecond > eventsMax || c.EventsPerSecond > 0 && c.EventsPerSecond < 0.001 {
		faults = append(faults, fmt.Errorf("sim: %w: events per second %v: want 0.001 to %d", ErrConfig, c.EventsPerSecond, eventsMax))
	}
	if c.Start < 0 {
		faults = append(faults, fmt.Errorf("sim: %w: start %v: want a time from 1970 on", ErrConfig, c.Start))
	}
	if c.Tick < 0 || c.Tick > time.Second {
		faults = append(faults, fmt.Errorf("sim: %w: tick %v: want more than 0 and at most 1s", ErrConfig, c.Tick))
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	if c.Instruments == 0 {
		c.Instruments = defaultInstruments
	}
	if c.EventsPerSecond == 0 {
		c.EventsPerSecond = defaultEvents
	}
	if c.Start == 0 {
		c.Start = defaultStart
	}
	if c.Tick == 0 {
		c.Tick = defaultTick
	}
	return c
}

// EventKind says what an Event is.
type EventKind uint8

const (
	EventTrade  EventKind = 1 + iota // a taker met a maker
	EventBBO                         // the best bid or offer changed
	EventDepth                       // levels that changed since the last one
	EventTicker                      // the last 24 hours
)

// Level is one price of a book and what rests there.
type Level struct{ Price, Quantity Fixed }

// Event is something that the exchange publishes. Its slices and pointers are valid until the
// next call of Step or Flush.
type Event struct {
	Kind       EventKind
	Instrument int // index into Listings
	At         market.Timestamp

	Trade Trade // EventTrade

	// EventBBO: the best of each side; zero if it is empty. UpdateID is the book's.
	Bid, Ask Level
	UpdateID uint64

	// EventDepth: update ids FirstID to LastID, contiguous per instrument, and the changed
	// levels, best first.
	FirstID, LastID uint64
	Bids, Asks      []Level

	Ticker *Ticker // EventTicker
}

// Trade is one execution.
type Trade struct {
	ID           uint64 // counted from 1 per instrument
	At           market.Timestamp
	Price        Fixed
	Quantity     Fixed
	BuyerIsMaker bool   // the taker sold
	MakerID      uint64 // order ids
	TakerID      uint64
}

const (
	depthEvery  = 100 * time.Millisecond // as Binance's @depth@100ms
	tickerEvery = time.Second
)

// Exchange is a whole exchange. It is for one goroutine.
type Exchange struct {
	now         market.Timestamp
	random      random
	instruments []*instrument
	listings    []market.Listing
	weights     []uint64 // running sum over instruments
	interval    uint64   // mean time between actions, ns
	nextAction  market.Timestamp
	nextDepth   market.Timestamp
	nextTicker  market.Timestamp
	events      []Event
	spare       []Event  // the slice that published gave out last but one
	levels      []Level  // of the events; like tickers, where it grows earlier events keep the old one
	tickers     []Ticker // of the events
}

// NewExchange opens an exchange with its books filled. It fails with ErrConfig.
func NewExchange(config Config) (*Exchange, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	x := &Exchange{
		now:      config.Start,
		random:   newRandom(config.Seed),
		interval: uint64(float64(time.Second) / config.EventsPerSecond),
	}
	sum := uint64(0)
	for i := range config.Instruments {
		t := listed(i)
		in := newInstrument(i, t, config.CoarseLots)
		x.instruments = append(x.instruments, in)
		x.listings = append(x.listings, in.listing)
		sum += uint64(t.weight)
		x.weights = append(x.weights, sum)
		x.fill(in)
	}
	x.nextAction = x.now.Add(x.pause())
	x.nextDepth = x.now.Truncate(depthEvery).Add(depthEvery)
	x.nextTicker = x.now.Truncate(tickerEvery).Add(tickerEvery)
	return x, nil
}

// Now is the exchange's time: that of the last Step.
func (x *Exchange) Now() market.Timestamp { return x.now }

// Listings returns what is traded. The caller must not change it.
func (x *Exchange) Listings() []market.Listing { return x.listings }

// Step lets the exchange run up to now and returns what it published, in order of time, valid
// until the next call. A time before the exchange's own does nothing.
func (x *Exchange) Step(now market.Timestamp) []Event {
	x.events, x.levels, x.tickers = x.events[:0], x.levels[:0], x.tickers[:0]
	for {
		// What is due at the same moment happens in this order.
		next := min(x.nextAction, x.nextDepth, x.nextTicker)
		if next > now {
			break
		}
		x.now = next
		switch next {
		case x.nextAction:
			x.act(x.pick())
			x.nextAction = next.Add(x.pause())
		case x.nextDepth:
			for _, in := range x.instruments {
				x.move(in)
				x.publishDepth(in)
			}
			x.nextDepth = next.Add(depthEvery)
		default:
			for _, in := range x.instruments {
				in.day.advance(next)
				x.tickers = append(x.tickers, in.summary(next))
				x.events = append(x.events, Event{Kind: EventTicker, Instrument: in.index, At: next, Ticker: &x.tickers[len(x.tickers)-1]})
			}
			x.nextTicker = next.Add(tickerEvery)
		}
	}
	x.now = max(x.now, now)
	return x.published()
}

// published returns what was published since the last call.
func (x *Exchange) published() []Event {
	events := x.events
	x.events, x.spare = x.spare[:0], events
	return events
}

// Skip passes the time up to now without anything happening, as after the machine slept.
func (x *Exchange) Skip(now market.Timestamp) {
	if now <= x.now {
		return
	}
	x.now = now
	x.nextAction = now.Add(x.pause())
	x.nextDepth = now.Truncate(depthEvery).Add(depthEvery)
	x.nextTicker = now.Truncate(tickerEvery).Add(tickerEvery)
}

// Depth returns the best n levels of an instrument's sides, best first, and the update id that
// they are true at: an EventDepth whose ids span lastUpdateID+1 goes on from there.
func (x *Exchange) Depth(instrument, n int) (lastUpdateID uint64, bids, asks []Level) {
	b := x.instruments[instrument].book
	return b.updates, b.bids.depth(n), b.asks.depth(n)
}

// Trades returns the last n trades of an instrument, the oldest first; at most 500 are kept.
func (x *Exchange) Trades(instrument, n int) []Trade {
	return x.instruments[instrument].recent.last(n)
}

// Ticker returns the last 24 hours of an instrument.
func (x *Exchange) Ticker(instrument int) Ticker {
	in := x.instruments[instrument]
	in.day.advance(x.now)
	return in.summary(x.now)
}

// TickSize returns the tick size at the price an instrument trades at now.
func (x *Exchange) TickSize(instrument int) Fixed {
	in := x.instruments[instrument]
	return in.ladder.size(in.last.Price)
}

// pause returns the time to the next action.
func (x *Exchange) pause() time.Duration {
	p := mulDiv(x.random.exponential(), int64(x.interval), 1<<32)
	return time.Duration(max(p, 1))
}

// pick returns the instrument of the next action.
func (x *Exchange) pick() *instrument {
	n := x.random.below(x.weights[len(x.weights)-1])
	lo, hi := 0, len(x.weights)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if n < x.weights[mid] {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return x.instruments[lo]
}

// publishBBO says what the best prices are, if that changed.
func (x *Exchange) publishBBO(in *instrument) {
	var bid, ask Level
	if l := in.book.bids.best(); l != nil {
		bid = Level{l.price, l.quantity}
	}
	if l := in.book.asks.best(); l != nil {
		ask = Level{l.price, l.quantity}
	}
	if bid == in.bid && ask == in.ask {
		return
	}
	in.bid, in.ask = bid, ask
	x.events = append(x.events, Event{Kind: EventBBO, Instrument: in.index, At: x.now, Bid: bid, Ask: ask, UpdateID: in.book.updates})
}

// publishDepth says which levels changed, if any did.
func (x *Exchange) publishDepth(in *instrument) {
	if in.book.updates == in.published {
		return
	}
	start := len(x.levels)
	in.bidScratch, in.askScratch = in.book.takeChanges(in.bidScratch[:0], in.askScratch[:0])
	x.levels = append(x.levels, in.bidScratch...)
	middle := len(x.levels)
	x.levels = append(x.levels, in.askScratch...)
	x.events = append(x.events, Event{
		Kind: EventDepth, Instrument: in.index, At: x.now,
		FirstID: in.published + 1, LastID: in.book.updates,
		Bids: x.levels[start:middle:middle], Asks: x.levels[middle:len(x.levels):len(x.levels)],
	})
	in.published = in.book.updates
}
