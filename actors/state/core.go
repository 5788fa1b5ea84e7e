// Package state keeps what is known of the instruments of one partition: last ticker, quote,
// order book, recent trades, bars, rolling windows, and whether the data may be acted on.
//
// Core is pure: a function from what it holds and a batch of market data to what it holds
// afterwards, a row of Views for each event, closed bars and requests for snapshots. It reads no
// clock, opens nothing, starts nothing, and is used by one goroutine at a time; the actor around
// it is its shell. The package imports actors/market and actors/message alone.
//
// What comes out depends on the batches and their order and on nothing else. Quotes, windows and
// trust run on message time (Origin.Time), bars on the venue's clock.
package state

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Core is the state of one partition.
type Core struct {
	cfg  Config
	plan plan

	instruments []*instrument // in the order first seen
	indices     map[market.Instrument]int32
	// closeAt is, by instrument, the message time at which its next bar closes; never where no
	// bar is open. Kept apart so that looking for due bars runs over a few pages.
	closeAt []market.Timestamp

	sources     []source
	sourceNames map[string]int32

	distrusted int // instruments that are not trusted

	closed  []closedBar
	bars    []message.Bar
	resyncs []message.Resync
	stats   Stats
}

// source is a feeder.
type source struct {
	now     market.Timestamp // message time, never going back
	closeAt market.Timestamp // at or before the earliest closeAt of its instruments
}

type closedBar struct {
	instrument int32
	interval   int32
	bar        message.Bar
}

// never is after every moment.
const never = market.Timestamp(math.MaxInt64)

// Out is what a step gives. Bars and Resync are valid until the next step.
type Out struct {
	Views  message.Views
	Bars   []message.Bar    // closed, by instrument in the order first seen, then by interval as configured
	Resync []message.Resync // instruments whose book needs a snapshot
	Stats  Stats            // what this step did
}

// Stats counts what happened in one step.
type Stats struct {
	Rows        uint64 // events that made a row
	Notices     uint64 // events that make none
	Refused     uint64 // events left out: partition full, wrong partition, too many sources, unknown kind
	Trades      uint64
	LateTrades  uint64 // trades that came after one of their bars had closed
	BadTimes    uint64 // trades whose venue time was not believed: more than a minute ahead
	Overflows   uint64 // sums that stopped at the greatest number there is
	Dropped     uint64 // trades that conflation dropped before they came here
	BarsClosed  uint64
	Levels      uint64 // book levels dropped to keep the bound
	BookWaits   uint64 // book updates left out because the book waits for a snapshot
	Crossed     uint64 // books found crossed
	Untrusted   uint64 // instruments that stopped being trusted
	Trusted     uint64 // instruments that are trusted again
	Instruments uint64 // instruments seen for the first time
}

// New returns a core that knows nothing yet. It panics if cfg.Validate has something to say:
// callers validate what people wrote before they come here.
func New(cfg Config) *Core {
	if err := cfg.Validate(); err != nil {
		panic(fmt.Sprintf("state: New with a configuration that was not validated: %v", err))
	}
	cfg.Windows, cfg.Bars, cfg.Features = slices.Clone(cfg.Windows), slices.Clone(cfg.Bars), slices.Clone(cfg.Features)
	return &Core{
		cfg:         cfg,
		plan:        newPlan(cfg),
		indices:     make(map[market.Instrument]int32),
		sourceNames: make(map[string]int32),
	}
}

// Step takes one batch in and returns what follows from it.
func (c *Core) Step(b message.Batch) Out {
	f := b.Fields()
	c.stats = Stats{Dropped: f.Dropped}
	c.closed, c.bars, c.resyncs = c.closed[:0], c.bars[:0], c.resyncs[:0]

	rows := b.Len()
	src, ok := c.source(f.Source)
	if f.Partition != c.cfg.Partition || !ok {
		c.stats.Refused += uint64(rows)
		rows = 0
	}
	builder := message.NewViewsBuilder(rows, c.plan.width)
	if ok && f.Partition == c.cfg.Partition {
		for i := range rows {
			in := c.event(b.Event(i), src, f.Time)
			if in == nil {
				continue
			}
			c.stats.Rows++
			if in.now >= in.refreshAt {
				in.fillWindows(&c.plan)
			}
			builder.Add(in.origin, in.quote, in.trust.trusted, in.covered(c.plan.longest), in.row)
		}
		s := &c.sources[src]
		s.now = max(s.now, f.Time)
		c.closeDue(src)
	}
	return Out{
		Views: builder.Build(message.ViewsFields{
			Partition: c.cfg.Partition, Source: f.Source, Seq: f.Seq, Time: f.Time, Credit: f.Credit,
		}),
		Bars:   c.sortedBars(),
		Resync: c.resyncs,
		Stats:  c.stats,
	}
}

// Distrust says that something on the way to the partition was lost: no book can be believed
// until a snapshot comes. The caller asks the feeders for those. It returns how many books that
// concerns; their next rows are not trusted.
func (c *Core) Distrust(reason string) (books int) {
	for _, in := range c.instruments {
		if in.trust.book == bookJoined {
			c.loseBook(in, reason)
			c.judge(in)
			in.trust.asked, in.trust.askedAt = true, in.now
			books++
		}
	}
	return books
}

func (c *Core) source(name string) (int32, bool) {
	if i, ok := c.sourceNames[name]; ok {
		return i, true
	}
	if len(c.sources) == sourcesMax {
		return 0, false
	}
	i := int32(len(c.sources))
	c.sources = append(c.sources, source{closeAt: never})
	c.sourceNames[name] = i
	return i, true
}

// event takes one event in; at is what locate found. It returns the instrument, or nil if the event makes no row.
func (c *Core) event(e message.Event, src int32, batchTime market.Timestamp) *instrument {
	switch e := e.(type) {
	case message.BBO:
		f := e.Fields()
		in := c.arrive(f.Origin, src, batchTime)
		if in == nil {
			return nil
		}
		in.setTop(&c.plan, message.Level{Price: f.Bid, Quantity: f.BidQuantity},
			message.Level{Price: f.Ask, Quantity: f.AskQuantity}, false)
		c.judge(in)
		return in
	case message.Trade:
		f := e.Fields()
		in := c.arrive(f.Origin, src, batchTime)
		if in == nil {
			return nil
		}
		c.trade(in, &f)
		c.judge(in)
		return in
	case message.Book:
		in := c.arrive(e.Origin(), src, batchTime)
		if in == nil {
			return nil
		}
		c.bookEvent(in, e)
		c.judge(in)
		return in
	case message.Ticker:
		f := e.Fields()
		in := c.arrive(f.Origin, src, batchTime)
		if in == nil {
			return nil
		}
		in.setTicker(&c.plan, f)
		c.judge(in)
		return in
	case message.Status:
		f := e.Fields()
		in := c.arrive(f.Origin, src, batchTime)
		if in == nil {
			return nil
		}
		in.trust.feeder, in.trust.feederWhy = saidUntrusted, f.Reason
		if f.Trusted {
			in.trust.feeder = saidTrusted
		}
		c.judge(in)
		return in
	case message.Notice:
		c.stats.Notices++
	default:
		c.stats.Refused++
	}
	return nil
}

// arrive finds the event's instrument, moves its time and closes its bars that are due. It
// returns nil if the partition is full.
func (c *Core) arrive(o message.Origin, src int32, batchTime market.Timestamp) *instrument {
	t := o.Time()
	if t == 0 || o.Received == 0 && batchTime != 0 && t > batchTime.Add(venueAheadMax) {
		t = batchTime
	}
	i, ok := c.indices[o.Instrument]
	if !ok {
		if i, ok = c.meet(o.Instrument, t); !ok {
			c.stats.Refused++
			return nil
		}
	}
	in := c.instruments[i]
	in.origin = o
	if in.source != src {
		in.source = src
		c.sources[src].closeAt = min(c.sources[src].closeAt, c.closeAt[i])
	}
	in.now = max(in.now, t)
	if in.now >= c.closeAt[i] {
		c.closeBars(in, in.now)
	}
	return in
}

// meet takes an instrument in that was not seen before; false if the partition is full.
func (c *Core) meet(id market.Instrument, t market.Timestamp) (int32, bool) {
	if len(c.instruments) == c.cfg.Instruments || id.IsZero() {
		return 0, false
	}
	i := int32(len(c.instruments))
	in := newInstrument(id, i, &c.plan)
	in.first, in.now, in.trust.trusted = t, t, true
	c.instruments = append(c.instruments, in)
	c.closeAt = append(c.closeAt, never)
	c.indices[id] = i
	c.stats.Instruments++
	return i, true
}

// judge sets whether in is trusted and counts the change.
func (c *Core) judge(in *instrument) {
	trusted := in.trust.judge()
	if trusted == in.trust.trusted {
		return
	}
	in.trust.trusted = trusted
	if trusted {
		c.distrusted--
		c.stats.Trusted++
	} else {
		c.distrusted++
		c.stats.Untrusted++
	}
}

func (c *Core) trade(in *instrument, f *message.TradeFields) {
	c.stats.Trades++
	in.traded = true
	in.setLast(f.Price)
	in.tradePrice = in.last
	in.fillQuotes(&c.plan)

	if len(in.windows) > 0 {
		quantity := f.Quantity.Float64()
		for i := range in.windows {
			w := &in.windows[i]
			w.advance(&c.plan.windows[i], in.now)
			w.current.add(in.tradePrice, quantity)
		}
		in.refreshAt = 0
	}
	at := c.venueTime(f.Origin, in.now)
	in.recentTrades.push(RecentTrade{at, f.Price, f.Quantity, f.Taker}, c.cfg.Trades)
	if len(in.bars) > 0 {
		c.tradeIntoBars(in, f, at)
	}
}

// venueTime is the time of a trade on the venue's clock, or ours where that is not known or not
// believed.
func (c *Core) venueTime(o message.Origin, now market.Timestamp) market.Timestamp {
	if o.VenueTime == 0 {
		return now
	}
	if o.VenueTime > now.Add(venueAheadMax) {
		c.stats.BadTimes++
		return now
	}
	return o.VenueTime
}

func (c *Core) tradeIntoBars(in *instrument, f *message.TradeFields, at market.Timestamp) {
	t := tradeMoment{
		at: at, wait: barWait(c.cfg.Late, at, in.now),
		price: f.Price, quantity: f.Quantity, origin: f.Origin,
	}
	turnover, err := f.Price.MulRound(f.Quantity.Decimal)
	if err != nil {
		turnover = decimalMax
		c.stats.Overflows++
	}
	t.turnover = market.Amount{Decimal: turnover}
	late := false
	for k := range in.bars {
		b := &in.bars[k]
		if !b.holds(at) {
			if b.late(at) {
				late = true
				continue
			}
			if b.closeAt != 0 {
				c.closeBar(in, k)
			}
			b.begin(c.plan.bars[k], at)
		}
		c.stats.Overflows += b.add(&t)
	}
	if late {
		c.stats.LateTrades++
	}
	c.schedule(in)
}

// schedule notes when the next bar of in closes.
func (c *Core) schedule(in *instrument) {
	next := never
	for k := range in.bars {
		if at := in.bars[k].closeAt; at != 0 && at < next {
			next = at
		}
	}
	c.closeAt[in.index] = next
	s := &c.sources[in.source]
	s.closeAt = min(s.closeAt, next)
}

// closeBars closes those of in's bars that are due at now.
func (c *Core) closeBars(in *instrument, now market.Timestamp) {
	for k := range in.bars {
		if at := in.bars[k].closeAt; at != 0 && now >= at {
			c.closeBar(in, k)
		}
	}
	c.schedule(in)
}

func (c *Core) closeBar(in *instrument, k int) {
	b := &in.bars[k]
	m, err := b.message(in.id, c.plan.bars[k], true)
	if err == nil { // a bar is made of at least one trade, on the grid: it cannot fail
		c.closed = append(c.closed, closedBar{in.index, int32(k), m})
		c.stats.BarsClosed++
	}
	if at := c.plan.barValues[k]; at >= 0 {
		in.fillClosed(&c.plan, at, b)
	}
	*b = bar{end: b.end}
}

// closeDue closes what message time has passed among the instruments of a source. Only those: a
// feeder that lags has trades on the way, however far the others are.
func (c *Core) closeDue(src int32) {
	s := &c.sources[src]
	if s.now < s.closeAt {
		return
	}
	for i, at := range c.closeAt {
		if s.now >= at && c.instruments[i].source == src {
			c.closeBars(c.instruments[i], s.now)
		}
	}
	s.closeAt = never
	for i, at := range c.closeAt {
		if at < s.closeAt && c.instruments[i].source == src {
			s.closeAt = at
		}
	}
}

func (c *Core) sortedBars() []message.Bar {
	if len(c.closed) > 1 {
		slices.SortStableFunc(c.closed, func(a, b closedBar) int {
			return cmp.Or(cmp.Compare(a.instrument, b.instrument), cmp.Compare(a.interval, b.interval))
		})
	}
	for i := range c.closed {
		c.bars = append(c.bars, c.closed[i].bar)
	}
	return c.bars
}

func (c *Core) bookEvent(in *instrument, e message.Book) {
	if in.book == nil {
		in.book = newBook()
	}
	if !e.Fields().Snapshot && in.trust.book != bookJoined {
		c.stats.BookWaits++
		if in.trust.book == bookNone {
			c.loseBook(in, reasonNoSnapshot)
		}
		c.askResync(in)
		return
	}
	c.stats.Levels += uint64(in.book.apply(e, c.cfg.BookLevels))
	if in.book.crossed() {
		c.stats.Crossed++
		c.loseBook(in, reasonCrossed)
		c.askResync(in)
		return
	}
	in.trust.book, in.trust.asked = bookJoined, false
	bid, _ := in.book.bids.best()
	ask, _ := in.book.asks.best()
	in.setTop(&c.plan, bid, ask, true)
	if len(c.plan.depths) > 0 {
		in.fillDepths(&c.plan, c.depth(&in.book.bids), c.depth(&in.book.asks))
	}
}

func (c *Core) depth(s *side) float64 {
	sum, ok := s.depth(depthLevels)
	if !ok {
		c.stats.Overflows++
		return math.NaN()
	}
	return sum.Float64()
}

// loseBook makes in's book wait for a snapshot.
func (c *Core) loseBook(in *instrument, reason string) {
	in.trust.book, in.trust.bookWhy = bookWaits, reason
	in.book.clear()
	in.fillDepths(&c.plan, math.NaN(), math.NaN())
	if in.quoteOfBook {
		in.setTop(&c.plan, message.Level{}, message.Level{}, true)
	}
}

// askResync asks for a snapshot unless that was done a moment ago.
func (c *Core) askResync(in *instrument) {
	if in.trust.asked && in.now.Sub(in.trust.askedAt) < resyncAgain {
		return
	}
	r, err := message.NewResync(message.ResyncFields{
		Partition: c.cfg.Partition, Partitions: c.cfg.Partitions, Instrument: in.id, Reason: in.trust.bookWhy,
	})
	if err != nil { // Validate saw to the partition
		return
	}
	in.trust.asked, in.trust.askedAt = true, in.now
	c.resyncs = append(c.resyncs, r)
}
