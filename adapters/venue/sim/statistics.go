package sim

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// record counts a trade and gives it its id.
func (in *instrument) record(t Trade) {
	t.ID = in.last.ID + 1
	in.last = t
	in.recent.add(t)
	in.day.add(t)
}

// recentMax is how many trades an instrument remembers; Binance serves 500 if not asked for more.
const recentMax = 500

// recent holds the last trades.
type recent struct {
	ring []Trade
	next int // where the oldest is, once the ring is full
}

func (r *recent) add(t Trade) {
	if len(r.ring) < recentMax {
		r.ring = append(r.ring, t)
		return
	}
	r.ring[r.next] = t
	r.next = (r.next + 1) % recentMax
}

func (r *recent) last(n int) []Trade {
	all := append(append(make([]Trade, 0, len(r.ring)), r.ring[r.next:]...), r.ring[:r.next]...)
	return all[max(0, len(all)-n):]
}

const (
	bucketEvery = 10 * time.Minute
	buckets     = 144 // 24 hours
)

// window sums the trades of the last 24 hours, which end in steps of ten minutes.
type window struct {
	ring [buckets]bucket
	now  int64 // number of the newest bucket since 1970; 0: none yet
	open Fixed // price of the last trade before the window, or of the first ever
}

// bucket is ten minutes of trades.
type bucket struct {
	first, last            uint64 // trade ids; zero: no trades
	open, high, low, close Fixed
	volume                 market.Decimal // base
	turnover               market.Decimal // quote
}

// advance drops what is older than 24 hours.
func (w *window) advance(now market.Timestamp) {
	n := int64(now) / int64(bucketEvery)
	if w.now == 0 {
		w.now = n
	}
	if n-w.now > buckets {
		w.now = n - buckets
		w.ring = [buckets]bucket{}
	}
	for w.now < n {
		w.now++
		b := &w.ring[w.now%buckets]
		if b.first != 0 {
			w.open = b.close
		}
		*b = bucket{}
	}
}

func (w *window) add(t Trade) {
	w.advance(t.At)
	if w.open == 0 {
		w.open = t.Price
	}
	b := &w.ring[w.now%buckets]
	if b.first == 0 {
		b.first, b.open, b.high, b.low = t.ID, t.Price, t.Price, t.Price
	}
	b.last, b.close = t.ID, t.Price
	b.high, b.low = max(b.high, t.Price), min(b.low, t.Price)
	b.volume = sum(b.volume, t.Quantity.Decimal())
	b.turnover = sum(b.turnover, notional(t.Price, t.Quantity))
}

// notional is price times quantity: 16 decimals at most, below 10^20.
func notional(price, quantity Fixed) market.Decimal {
	d, err := price.Decimal().Mul(quantity.Decimal())
	if err != nil {
		panic(err) // an order is bounded by orderMax and by its notional
	}
	return d
}

// sum is a + b. At the range, which takes ages of trading, it stays at a.
func sum(a, b market.Decimal) market.Decimal {
	s, err := a.Add(b)
	if err != nil {
		return a
	}
	return s
}

// Ticker is the summary of the last 24 hours.
type Ticker struct {
	PreviousClose          Fixed // the last trade before the window
	Open, High, Low, Close Fixed
	LastQuantity           Fixed
	Bid, Ask               Level
	Volume                 market.Decimal // base
	Turnover               market.Decimal // quote
	OpenTime, CloseTime    market.Timestamp
	FirstID, LastID        uint64 // of trades; zero if there were none
	Count                  uint64
}

// summary sums the window up; the caller advanced it.
func (in *instrument) summary(now market.Timestamp) Ticker {
	w := &in.day
	t := Ticker{
		PreviousClose: w.open, Close: in.last.Price, LastQuantity: in.last.Quantity,
		OpenTime: now.Add(-24 * time.Hour), CloseTime: now,
	}
	if l := in.book.bids.best(); l != nil {
		t.Bid = Level{l.price, l.quantity}
	}
	if l := in.book.asks.best(); l != nil {
		t.Ask = Level{l.price, l.quantity}
	}
	for i := range int64(buckets) {
		b := &w.ring[(w.now+1+i)%buckets]
		if b.first == 0 {
			continue
		}
		if t.FirstID == 0 {
			t.FirstID, t.Open, t.High, t.Low = b.first, b.open, b.high, b.low
		}
		t.LastID = b.last
		t.High, t.Low = max(t.High, b.high), min(t.Low, b.low)
		t.Volume = sum(t.Volume, b.volume)
		t.Turnover = sum(t.Turnover, b.turnover)
	}
	if t.FirstID == 0 {
		t.Open, t.High, t.Low = in.last.Price, in.last.Price, in.last.Price
	} else {
		t.Count = t.LastID - t.FirstID + 1
	}
	return t
}
