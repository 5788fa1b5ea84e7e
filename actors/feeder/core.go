package feeder

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Core is the feeder without its socket: frames and snapshots in, batches and requests for
// snapshots out.
type Core struct {
	cfg      Config
	protocol Protocol
	snapshot Snapshotter  // nil if the venue's books need none
	stream   Resubscriber // nil if they need none, or have a Snapshotter
	sums     Checksummer  // nil if its books carry no checksums
	summed   Counts       // the checksums that were taken

	time    market.Timestamp // message time: never goes back
	told    market.Timestamp // the last time of which all partitions heard
	parts   []partition
	joins   map[market.Instrument]*join
	chains  map[market.Instrument]*chain
	trusted map[market.Instrument]bool // what was last said of it
	doubted map[market.Instrument]bool // by the adapter, where there is neither join nor chain
	decoded []message.Event            // scratch

	wanted  []market.Instrument // snapshots to ask for
	notices []message.Notice    // for people
	Counts  Counts
}

type partition struct {
	seq    uint64
	events []message.Event
}

// Counts is what a feeder did since Take was last called.
type Counts struct {
	Frames, Bytes                                                              uint64
	Tickers, Trades, BBOs, BookSnapshots, BookUpdates, Bars, Statuses, Notices uint64
	Skipped                                                                    uint64 // book updates older than the book
	Gaps                                                                       uint64 // books that missed an update, by its id or the adapter's word
	Restored                                                                   uint64 // books made whole by a snapshot that a resubscription brought
	Matched, Mismatched                                                        uint64 // checksums of books that were compared
}

// Take returns the counts and starts them anew.
func (c *Core) Take() Counts {
	counts := c.Counts
	c.Counts = Counts{}
	if c.sums != nil {
		checked, failed := c.sums.Checksums()
		counts.Matched, counts.Mismatched = checked-failed-c.summed.Matched, failed-c.summed.Mismatched
		c.summed.Matched, c.summed.Mismatched = checked-failed, failed
	}
	return counts
}

// NewCore returns the core of a feeder for one connection.
func NewCore(cfg Config, p Protocol) *Core {
	c := &Core{cfg: cfg, protocol: p, parts: make([]partition, cfg.Partitions),
		joins: map[market.Instrument]*join{}, chains: map[market.Instrument]*chain{},
		trusted: map[market.Instrument]bool{}, doubted: map[market.Instrument]bool{}}
	if c.snapshot, _ = p.(Snapshotter); c.snapshot == nil {
		c.stream, _ = p.(Resubscriber)
	}
	c.sums, _ = p.(Checksummer)
	return c
}

// Frame decodes a frame and sorts what it says to the partitions. The error is the decoder's:
// the frame is a dead letter, and nothing of it was used.
func (c *Core) Frame(frame []byte, received market.Timestamp) error {
	c.Counts.Frames++
	c.Counts.Bytes += uint64(len(frame))
	c.advance(received)
	events, err := c.protocol.Decode(c.decoded[:0], frame, received)
	if err != nil {
		return err
	}
	c.decoded = events
	for i, e := range events {
		c.event(e)
		events[i] = nil
	}
	return nil
}

func (c *Core) event(event message.Event) {
	switch e := event.(type) {
	case message.Book:
		c.book(e)
		return
	case message.Trade:
		c.Counts.Trades++
	case message.BBO:
		c.Counts.BBOs++
	case message.Ticker:
		c.Counts.Tickers++
		if mask := c.cfg.TickerFields; mask != 0 {
			kept, some := masked(e, mask)
			if !some {
				c.advance(e.Origin().Time())
				return
			}
			event = kept
		}
	case message.Bar:
		c.Counts.Bars++
	case message.Status:
		c.Counts.Statuses++
		c.status(e)
		return
	case message.Notice:
		c.Counts.Notices++
		c.notice(e)
		return // about the connection, not about an instrument
	}
	o := event.Origin()
	c.advance(o.Time())
	if c.joins[o.Instrument] == nil && c.chains[o.Instrument] == nil && !c.doubted[o.Instrument] {
		c.trust(o, true, "data")
	}
	c.emit(event)
}

// status takes in what an adapter says of an instrument's data: that a checksum differs, or that
// trading was halted and goes on. Distrust holds at once. Trust does not make a book whole that
// waits for its snapshot.
func (c *Core) status(s message.Status) {
	o, f := s.Origin(), s.Fields()
	c.advance(o.Time())
	if !f.Trusted {
		c.doubt(o, f.Reason)
		return
	}
	if c.Waits(o.Instrument) {
		return
	}
	delete(c.doubted, o.Instrument)
	c.trust(o, true, f.Reason)
}

// doubt takes trust away and asks for what restores it: a snapshot where the book is joined to
// one; the next whole book elsewhere.
func (c *Core) doubt(o message.Origin, reason string) {
	c.trust(o, false, reason)
	if j := c.joins[o.Instrument]; j != nil {
		if j.joined {
			c.Counts.Gaps++
		}
		j.reset()
		c.want(j.instrument, &j.asked)
	} else if h := c.chains[o.Instrument]; h != nil {
		if h.joined {
			c.Counts.Gaps++
		}
		h.joined = false
		c.want(h.instrument, &h.asked)
	} else {
		c.doubted[o.Instrument] = true
	}
}

// noticesMax bounds what is kept to be logged.
const noticesMax = 16

// notice keeps what a person should read: a refusal, or the venue's word about itself.
func (c *Core) notice(n message.Notice) {
	if t := n.Fields().Type; (t == message.NoticeError || t == message.NoticeStatus) && len(c.notices) < noticesMax {
		c.notices = append(c.notices, n)
	}
}

// Notices returns refusals and the venue's words about itself since it was last called, at most
// 16 of them.
func (c *Core) Notices() []message.Notice {
	n := c.notices
	c.notices = nil
	return n
}

func (c *Core) book(b message.Book) {
	o, f := b.Origin(), b.Fields()
	c.advance(o.Time())
	if f.Snapshot {
		c.Counts.BookSnapshots++
	} else {
		c.Counts.BookUpdates++
	}
	if c.stream != nil {
		c.chained(b)
		return
	}
	if c.snapshot == nil || (f.Snapshot && f.LastID == 0) {
		if f.Snapshot {
			delete(c.doubted, o.Instrument)
		}
		if !c.doubted[o.Instrument] {
			c.trust(o, true, "data")
		}
		c.emit(b)
		return
	}
	j := c.joins[o.Instrument]
	if j == nil {
		j = &join{instrument: o.Instrument}
		c.joins[o.Instrument] = j
		c.trust(o, false, "waiting for a snapshot")
	}
	if f.Snapshot {
		if !c.joinSnapshot(j, b) {
			c.want(j.instrument, &j.asked)
		}
		return
	}
	switch j.update(b, c.cfg.PendingMax) {
	case keep:
		c.emit(b)
	case skip:
		c.Counts.Skipped++
	case gap:
		c.Counts.Gaps++
		c.trust(o, false, "gap")
		c.want(j.instrument, &j.asked)
	case wait:
		c.want(j.instrument, &j.asked)
	}
}

// chained takes in a book of a venue that sends snapshots in the stream.
func (c *Core) chained(b message.Book) {
	o, f := b.Origin(), b.Fields()
	h := c.chains[o.Instrument]
	if h == nil {
		h = &chain{instrument: o.Instrument}
		c.chains[o.Instrument] = h
	}
	if f.Snapshot {
		if h.snapshot(f) {
			c.Counts.Restored++
		}
		c.emit(b)
		c.trust(o, true, "snapshot")
		return
	}
	switch h.update(f) {
	case keep:
		c.emit(b)
	case skip:
		c.Counts.Skipped++
	case gap:
		c.Counts.Gaps++
		c.trust(o, false, "gap")
		c.want(h.instrument, &h.asked)
	case wait:
		// What comes before the snapshot belongs to the subscription before.
		c.Counts.Skipped++
		c.trust(o, false, "waiting for a snapshot")
		c.want(h.instrument, &h.asked)
	}
}

// ErrTooOld is the error for a snapshot after which updates are missing.
var ErrTooOld = errors.New("the snapshot is older than the updates that are kept")

// Snapshot takes in the answer to a request for a snapshot. An error says that it could not be
// read, or is ErrTooOld; the caller asks again later with Retry, not at once.
func (c *Core) Snapshot(i market.Instrument, body []byte, received market.Timestamp) error {
	b, err := c.snapshot.DecodeSnapshot(i, body, received)
	if err != nil {
		return err
	}
	c.Counts.BookSnapshots++
	c.advance(received)
	j := c.joins[i]
	if j == nil {
		return nil // the connection was lost meanwhile
	}
	if !c.joinSnapshot(j, b) {
		return fmt.Errorf("feeder: %v at %d: %w", i, b.Fields().LastID, ErrTooOld)
	}
	return nil
}

// joinSnapshot reports false if updates are missing between b and those that are kept.
func (c *Core) joinSnapshot(j *join, b message.Book) bool {
	follow, ok := j.snapshot(b)
	if !ok {
		return false
	}
	c.emit(b)
	for _, u := range follow {
		c.emit(u)
	}
	c.trust(b.Origin(), true, "snapshot joined")
	return true
}

// Retry asks again for a snapshot that did not come.
func (c *Core) Retry(i market.Instrument) {
	if j := c.joins[i]; j != nil && !j.joined {
		j.asked = false
		c.want(i, &j.asked)
	}
	if h := c.chains[i]; h != nil && !h.joined {
		h.asked = false
		c.want(i, &h.asked)
	}
}

// Waits reports whether the book of i waits for a snapshot.
func (c *Core) Waits(i market.Instrument) bool {
	if j := c.joins[i]; j != nil {
		return !j.joined
	}
	h := c.chains[i]
	return h != nil && !h.joined
}

// Resync makes new snapshots be asked for the instruments of a partition, or for one of them.
func (c *Core) Resync(r message.Resync) {
	f := r.Fields()
	for _, i := range c.protocol.Instruments() {
		if (!f.Instrument.IsZero() && i != f.Instrument) || i.Partition(f.Partitions) != f.Partition {
			continue
		}
		o := message.Origin{Instrument: i, Received: c.time}
		if j := c.joins[i]; j != nil {
			c.trust(o, false, "resync: "+f.Reason)
			j.reset()
			c.want(i, &j.asked)
		} else if h := c.chains[i]; h != nil {
			c.trust(o, false, "resync: "+f.Reason)
			h.joined = false
			c.want(i, &h.asked)
		} else {
			// Whole books and plain events make themselves trusted again with the next frame.
			delete(c.trusted, i)
		}
	}
}

// Connected prepares for a new connection: an instrument whose book must be joined is not
// trusted before it is.
func (c *Core) Connected(at market.Timestamp) {
	c.advance(at)
	if c.snapshot == nil && c.stream == nil {
		return
	}
	for _, i := range c.protocol.Instruments() {
		switch {
		case c.snapshot != nil && c.joins[i] == nil && c.snapshot.SnapshotURL(i) != "":
			c.joins[i] = &join{instrument: i}
		case c.stream != nil && c.chains[i] == nil && len(c.stream.Resubscribe(i)) > 0:
			// The subscription that follows asks for the snapshot.
			c.chains[i] = &chain{instrument: i}
		default:
			continue
		}
		c.trust(message.Origin{Instrument: i, Received: c.time}, false, "waiting for a snapshot")
	}
}

// Disconnected says of every instrument that its data cannot be trusted now.
func (c *Core) Disconnected(at market.Timestamp) {
	c.advance(at)
	for _, i := range c.protocol.Instruments() {
		if j := c.joins[i]; j != nil {
			j.reset()
		}
		if h := c.chains[i]; h != nil {
			*h = chain{instrument: i}
		}
		delete(c.doubted, i)
		c.trust(message.Origin{Instrument: i, Received: c.time}, false, "disconnected")
	}
}

// want notes that an instrument needs a snapshot, unless one was asked for and may still come.
func (c *Core) want(i market.Instrument, asked *bool) {
	if !*asked {
		*asked = true
		c.wanted = append(c.wanted, i)
	}
}

// Wanted returns the instruments whose snapshots are to be fetched now, and forgets them.
func (c *Core) Wanted() []market.Instrument {
	w := c.wanted
	c.wanted = nil
	return w
}

// trust tells the partition of o's instrument whether its data may be acted on, if that is new.
func (c *Core) trust(o message.Origin, trusted bool, reason string) {
	if was, said := c.trusted[o.Instrument]; said && was == trusted {
		return
	}
	c.trusted[o.Instrument] = trusted
	s, err := message.NewStatus(message.StatusFields{Origin: o, Trusted: trusted, Reason: reason})
	if err != nil {
		return // no instrument: nothing to be trusted
	}
	c.emit(s)
}

func (c *Core) emit(e message.Event) {
	p := &c.parts[e.Origin().Instrument.Partition(len(c.parts))]
	p.events = append(p.events, e)
}

// Time is how far message time has advanced.
func (c *Core) Time() market.Timestamp { return c.time }

// advance moves message time on; it never goes back, whatever a clock does.
func (c *Core) advance(t market.Timestamp) { c.time = max(c.time, t) }

// Full reports whether a partition has as many events as go into one batch.
func (c *Core) Full() bool {
	for i := range c.parts {
		if len(c.parts[i].events) >= c.cfg.BatchMax {
			return true
		}
	}
	return false
}

// Flush gives every partition that has events its batch, and when message time has moved a
// step, the others an empty one. now moves message time where nothing arrives; 0 leaves it.
func (c *Core) Flush(now market.Timestamp, credit bool, send func(message.Batch)) {
	c.advance(now)
	all := c.time.Truncate(c.cfg.TimeStep) > c.told
	if all {
		c.told = c.time.Truncate(c.cfg.TimeStep)
	}
	for i := range c.parts {
		p := &c.parts[i]
		if len(p.events) == 0 && !all {
			continue
		}
		p.seq++
		b, err := message.NewBatch(message.BatchFields{Source: c.cfg.Source, Partition: i, Seq: p.seq, Time: c.time, Credit: credit}, p.events)
		clear(p.events)
		p.events = p.events[:0]
		if err == nil { // Validate saw to the name of the source
			send(b)
		}
	}
}

// Reason names the kind of a decoder's error for metrics and dead letters.
func Reason(err error) string {
	var r interface{ DeadLetterReason() string }
	if errors.As(err, &r) {
		return r.DeadLetterReason()
	}
	return "other"
}

// doubling returns the wait before attempt n (1 the first), doubling from low to high.
func doubling(low, high time.Duration, n int) time.Duration {
	return min(low<<min(max(n-1, 0), 20), high)
}
