package state

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Bars run on the venue's clock, over [start, start+interval). A bar closes
//
//   - when a trade of a later bar comes, or
//   - when message time reaches its end and Late more.
//
// Message time is our clock and may stand apart from the venue's. Where ours is behind (1.3 s in
// recorded sessions) a bar merely waits longer. Where ours is ahead by more than Late, or trades
// take that long to come, every bar would close before its last trades are here: there the delay
// of the bar's own trades, rounded up to a second, is waited for as well.
//
// A trade of a bar that is closed is late. It is counted and changes no bar. A span without
// trades makes no bar.

// venueAheadMax is how far a trade's venue time may be ahead of our clock to be believed. A time
// further ahead would open a bar that makes every honest trade late; such a trade is put into
// bars by our clock, and counted.
const venueAheadMax = time.Minute

// bar is one open bar and what is left of the closed one before it. Without trades it is not open.
type bar struct {
	start      market.Timestamp
	end        market.Timestamp // start + interval; kept after closing: older trades are late
	closeAt    market.Timestamp // message time at which it closes; 0 if it is not open
	open       market.Price
	high, low  market.Price
	close      market.Price
	volume     market.Quantity
	turnover   market.Amount
	trades     int64
	venue, our market.Timestamp // Origin of the last trade
}

// tradeMoment is a trade as bars see it.
type tradeMoment struct {
	at       market.Timestamp // on the venue's clock
	wait     time.Duration    // from a bar's end to its closing in message time
	price    market.Price
	quantity market.Quantity
	turnover market.Amount
	origin   message.Origin
}

// barWait returns how long after its end a bar waits that holds a trade of venue time at, seen
// at message time now.
func barWait(late time.Duration, at, now market.Timestamp) time.Duration {
	delay := now.Sub(at)
	if delay <= late {
		return late
	}
	// Whole seconds: bars then close at few different moments, and looking for those that are due
	// stays cheap.
	return late + (delay + time.Second - 1).Truncate(time.Second)
}

// holds reports whether the trade belongs to the open bar.
func (b *bar) holds(at market.Timestamp) bool {
	return b.closeAt != 0 && at >= b.start && at < b.end
}

// late reports whether the trade belongs to a bar that is closed.
func (b *bar) late(at market.Timestamp) bool {
	if b.closeAt != 0 {
		return at < b.start
	}
	return at < b.end
}

// begin opens the bar that at lies in.
func (b *bar) begin(interval time.Duration, at market.Timestamp) {
	start := at.Truncate(interval)
	*b = bar{start: start, end: start.Add(interval)}
}

// add counts a trade. It returns how many sums stopped at the greatest number there is.
func (b *bar) add(t *tradeMoment) (overflows uint64) {
	if b.trades == 0 {
		b.open, b.high, b.low = t.price, t.price, t.price
	} else if b.high.Less(t.price.Decimal) {
		b.high = t.price
	} else if t.price.Less(b.low.Decimal) {
		b.low = t.price
	}
	b.close = t.price
	b.trades++
	b.venue, b.our = t.origin.VenueTime, t.origin.Received
	b.closeAt = max(b.closeAt, b.end.Add(t.wait))
	if v, err := b.volume.Add(t.quantity.Decimal); err == nil {
		b.volume = market.Quantity{Decimal: v}
	} else {
		b.volume = market.Quantity{Decimal: decimalMax}
		overflows++
	}
	if v, err := b.turnover.Add(t.turnover.Decimal); err == nil {
		b.turnover = market.Amount{Decimal: v}
	} else {
		b.turnover = market.Amount{Decimal: decimalMax}
		overflows++
	}
	return overflows
}

// decimalMax is where sums stop that cannot be held: 1.7e20.
var decimalMax = market.DecimalFromRaw(1<<63-1, 1<<64-1)

// message returns the bar as it stands.
func (b *bar) message(i market.Instrument, interval time.Duration, closed bool) (message.Bar, error) {
	return message.NewBar(message.BarFields{
		Origin:   message.Origin{Instrument: i, VenueTime: b.venue, Received: b.our},
		Interval: interval, Start: b.start,
		Open: b.open, High: b.high, Low: b.low, Close: b.close,
		Volume: b.volume, Turnover: b.turnover, Trades: b.trades, Closed: closed,
	})
}

// value returns the figure that feature kind k names.
func (b *bar) value(k featureKind) float64 {
	switch k {
	case featureBarOpen:
		return b.open.Float64()
	case featureBarHigh:
		return b.high.Float64()
	case featureBarLow:
		return b.low.Float64()
	case featureBarClose:
		return b.close.Float64()
	}
	return b.volume.Float64()
}
