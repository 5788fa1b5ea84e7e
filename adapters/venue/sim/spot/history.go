package spot

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// history is what an instrument remembers of its trades.
type history struct {
	last    sim.Trade // before the first that is remembered
	trades  ring[sim.Trade]
	bundles ring[bundle]
	seconds ring[bar]
	minutes ring[bar]
	bundle  uint64 // the last id
}

const (
	tradesMax  = 1000        // as many as one request may ask for
	secondsMax = 3600        // an hour
	minutesMax = 3 * 24 * 60 // three days
)

// ring holds the last of what is added, up to a number.
type ring[T any] struct {
	items []T
	next  int // where the oldest is, once it is full
}

func (r *ring[T]) add(item T, most int) {
	if len(r.items) < most {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % most
}

// at returns item i, the oldest is 0.
func (r *ring[T]) at(i int) *T {
	if r.next > 0 {
		i = (r.next + i) % len(r.items)
	}
	return &r.items[i]
}

func (r *ring[T]) len() int { return len(r.items) }

// newest returns the last item, nil if there is none.
func (r *ring[T]) newest() *T {
	if len(r.items) == 0 {
		return nil
	}
	return r.at(len(r.items) - 1)
}

// all returns the items, the oldest first.
func (r *ring[T]) all() []T {
	return append(append(make([]T, 0, len(r.items)), r.items[r.next:]...), r.items[:r.next]...)
}

// bundle is an aggregate trade: what one taker took at one price at one moment.
type bundle struct {
	id          uint64
	first, last uint64
	taker       uint64
	at          market.Timestamp
	price       sim.Fixed
	quantity    sim.Fixed
	makerBuys   bool
}

// bar is the trades of a second, a minute or more.
type bar struct {
	start                  market.Timestamp
	open, high, low, close sim.Fixed
	volume, turnover       market.Decimal // base, quote
	bought, boughtFor      market.Decimal // of them: where the taker bought
	count                  int64
	first, last            uint64 // trade ids
}

func (b *bar) add(t sim.Trade) {
	one := bar{open: t.Price, high: t.Price, low: t.Price, close: t.Price, volume: t.Quantity.Decimal(), turnover: notional(t.Price, t.Quantity), count: 1, first: t.ID, last: t.ID}
	if !t.BuyerIsMaker {
		one.bought, one.boughtFor = one.volume, one.turnover
	}
	b.join(&one)
}

// join adds the trades of c, which follow b's.
func (b *bar) join(c *bar) {
	if c.count == 0 {
		if b.count == 0 {
			b.open, b.high, b.low, b.close = c.open, c.high, c.low, c.close
		}
		return
	}
	if b.count == 0 {
		b.open, b.high, b.low, b.first = c.open, c.high, c.low, c.first
	}
	b.last = c.last
	b.high, b.low, b.close = max(b.high, c.high), min(b.low, c.low), c.close
	b.volume, b.turnover = saturate(b.volume, c.volume), saturate(b.turnover, c.turnover)
	b.bought, b.boughtFor = saturate(b.bought, c.bought), saturate(b.boughtFor, c.boughtFor)
	b.count += c.count
}

// saturate is a + b; at the range, which takes ages of trading, it stays at a.
func saturate(a, b market.Decimal) market.Decimal {
	s, err := a.Add(b)
	if err != nil {
		return a
	}
	return s
}

// add remembers a trade.
func (h *history) add(t sim.Trade) {
	h.trades.add(t, tradesMax)
	if b := h.bundles.newest(); b != nil && b.taker == t.TakerID && b.price == t.Price && b.at == t.At {
		b.last, b.quantity = t.ID, b.quantity+t.Quantity
	} else {
		h.bundle++
		h.bundles.add(bundle{h.bundle, t.ID, t.ID, t.TakerID, t.At, t.Price, t.Quantity, t.BuyerIsMaker}, tradesMax)
	}
	into(&h.seconds, time.Second, secondsMax, t)
	into(&h.minutes, time.Minute, minutesMax, t)
	h.last = t
}

func into(r *ring[bar], length time.Duration, most int, t sim.Trade) {
	start := t.At.Truncate(length)
	if b := r.newest(); b == nil || b.start != start {
		r.add(bar{start: start}, most)
	}
	r.newest().add(t)
}

// average is the volume-weighted price of the last minutes; of the last trade if there was none.
func (v *Venue) average(instrument int) market.Decimal {
	h := &v.history[instrument]
	var sum bar
	since := v.Now().Add(-averageMinutes * time.Minute)
	for i := h.seconds.len() - 1; i >= 0; i-- {
		b := h.seconds.at(i)
		if b.start < since {
			break
		}
		sum.volume, sum.turnover = saturate(sum.volume, b.volume), saturate(sum.turnover, b.turnover)
	}
	if q, err := sum.turnover.Quo(sum.volume); err == nil && q.Sign() > 0 {
		return q
	}
	return h.last.Price.Decimal()
}

// interval is a length of bars: months and weeks do not begin at multiples of their length.
type interval struct {
	length time.Duration
	month  bool
}

// intervals are those of klines (rest-api.md, Kline/Candlestick data).
var intervals = map[string]interval{
	"1s": {length: time.Second}, "1m": {length: time.Minute}, "3m": {length: 3 * time.Minute}, "5m": {length: 5 * time.Minute},
	"15m": {length: 15 * time.Minute}, "30m": {length: 30 * time.Minute}, "1h": {length: time.Hour}, "2h": {length: 2 * time.Hour},
	"4h": {length: 4 * time.Hour}, "6h": {length: 6 * time.Hour}, "8h": {length: 8 * time.Hour}, "12h": {length: 12 * time.Hour},
	"1d": {length: 24 * time.Hour}, "3d": {length: 72 * time.Hour}, "1w": {length: 168 * time.Hour}, "1M": {month: true},
}

const week = 168 * time.Hour

// start returns where the bar that holds t begins, in a zone that is offset from UTC.
func (i interval) start(t market.Timestamp, offset time.Duration) market.Timestamp {
	local := t.Add(offset)
	switch {
	case i.month:
		d := local.Time()
		return market.TimestampOf(time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)).Add(-offset)
	case i.length == week:
		// 1970 began on a Thursday, weeks begin on Mondays.
		const thursday = 3 * 24 * time.Hour
		return local.Add(thursday).Truncate(week).Add(-thursday).Add(-offset)
	}
	return local.Truncate(i.length).Add(-offset)
}

// end returns where the bar that begins at start ends, exclusive.
func (i interval) end(start market.Timestamp, offset time.Duration) market.Timestamp {
	if i.month {
		return market.TimestampOf(start.Add(offset).Time().AddDate(0, 1, 0)).Add(-offset)
	}
	return start.Add(i.length)
}

// bars returns the bars of an interval from the first trade that is remembered to now, the oldest first;
// where nothing was traded they stay at the last price.
func (v *Venue) bars(instrument int, in interval, offset time.Duration) []bar {
	h := &v.history[instrument]
	source, oldest := &h.minutes, v.Now().Add(-minutesMax*time.Minute)
	if in.length == time.Second {
		source, oldest = &h.seconds, v.Now().Add(-secondsMax*time.Second)
	}
	var all []bar
	for i := range source.len() {
		b := source.at(i)
		if b.start < oldest {
			continue
		}
		v.extend(&all, in, offset, in.start(b.start, offset))
		all[len(all)-1].join(b)
	}
	if len(all) > 0 {
		v.extend(&all, in, offset, in.start(v.Now(), offset))
	}
	return all
}

// extend adds bars up to the one that begins at start.
func (v *Venue) extend(all *[]bar, in interval, offset time.Duration, start market.Timestamp) {
	for {
		n := len(*all)
		if n == 0 {
			*all = append(*all, bar{start: start})
			return
		}
		last := (*all)[n-1]
		if last.start >= start {
			return
		}
		*all = append(*all, bar{start: in.end(last.start, offset), open: last.close, high: last.close, low: last.close, close: last.close})
	}
}
