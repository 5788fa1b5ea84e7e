package adaptertest

import (
	"slices"
	"strconv"

	"github.com/maru-trading/maru/actors/market"
)

// book is an order book as the venue has it.
type book struct {
	symbol     string
	bids, asks []Level // best first
	last       uint64  // id of the last change
	step       uint64  // ids that a change spans; 0: not numbered
	changes    int
}

// The prices of a new book; changes come at the levels behind the best.
const (
	bestBid   = 50_000
	bestAsk   = 50_010
	apart     = 10
	levelsNew = 5
	// firstID is where ids begin: a snapshot with id 0 could be taken for one without.
	firstID = 1_000
)

func newBook(symbol string, step uint64) *book {
	b := &book{symbol: symbol, step: step}
	if step > 0 {
		b.last = firstID
	}
	for n := range levelsNew {
		b.bids = append(b.bids, Level{strconv.Itoa(bestBid - n*apart), strconv.Itoa(n + 1)})
		b.asks = append(b.asks, Level{strconv.Itoa(bestAsk + n*apart), strconv.Itoa(n + 2)})
	}
	return b
}

// whole is the book at a time.
func (b *book) whole(at int64) Book {
	return Book{Symbol: b.symbol, Bids: slices.Clone(b.bids), Asks: slices.Clone(b.asks), Last: b.last, Time: at}
}

// next makes the next change: a level takes a quantity that it did not have, disappears, or comes
// back, on either side in turn.
func (b *book) next(at int64) Book {
	b.changes++
	n := 1 + b.changes/2%(levelsNew-1)
	side, price := b.bids, strconv.Itoa(bestBid-n*apart)
	if b.changes%2 != 0 {
		side, price = b.asks, strconv.Itoa(bestAsk+n*apart)
	}
	l := Level{price, strconv.Itoa(b.changes + levelsNew + 2)}
	if b.changes%5 == 0 && slices.ContainsFunc(side, func(there Level) bool { return there.Price == price }) {
		l.Quantity = "0"
	}
	if b.changes%2 == 0 {
		return b.change([]Level{l}, nil, at)
	}
	return b.change(nil, []Level{l}, at)
}

// change applies levels and returns the change.
func (b *book) change(bids, asks []Level, at int64) Book {
	c := Book{Symbol: b.symbol, Bids: bids, Asks: asks, Prev: b.last, Time: at}
	if b.step > 0 {
		c.First, c.Last = b.last+1, b.last+b.step
		b.last = c.Last
	}
	for _, l := range bids {
		b.bids = set(b.bids, l, market.Buy)
	}
	for _, l := range asks {
		b.asks = set(b.asks, l, market.Sell)
	}
	after := b.whole(at)
	c.After = &after
	return c
}

func set(levels []Level, l Level, side market.Side) []Level {
	at, found := slices.BinarySearchFunc(levels, l, func(a, b Level) int {
		c := price(a.Price).Cmp(price(b.Price).Decimal)
		if side == market.Buy {
			return -c
		}
		return c
	})
	switch {
	case l.Quantity == "0" && found:
		return slices.Delete(levels, at, at+1)
	case l.Quantity == "0":
		return levels
	case found:
		levels[at] = l
		return levels
	}
	return slices.Insert(levels, at, l)
}

func price(text string) market.Price {
	p, err := market.ParsePrice([]byte(text))
	if err != nil {
		panic(err) // the suite writes prices itself
	}
	return p
}

func quantity(text string) market.Quantity {
	q, err := market.ParseQuantity([]byte(text))
	if err != nil {
		panic(err)
	}
	return q
}
