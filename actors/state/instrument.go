package state

import (
	"math"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// instrument is all that the partition knows of one instrument. There are thousands: what not
// every instrument has stands behind a pointer, and what most events touch stands together.
type instrument struct {
	id     market.Instrument
	index  int32 // in the order first seen
	source int32 // feeder of the last event

	now       market.Timestamp // message time, never going back
	refreshAt market.Timestamp // from when the window features in row are out of date
	first     market.Timestamp // message time of the first event: windows are covered from here
	origin    message.Origin   // of the last event
	row       []float64        // the features, up to date with the last event

	quote       message.Quote
	quoteFloats         // of quote, NaN where it is unknown
	tradePrice  float64 // last trade; NaN without
	quoteOfBook bool    // bid and ask are the book's
	traded      bool    // last is a trade's, not the ticker's
	trust       trust

	book         *book   // nil until a book event came
	ticker       *ticker // nil until a ticker came
	windows      []window
	bars         []bar
	recentTrades tradeRing
}

// quoteFloats are the figures of a quote as features want them.
type quoteFloats struct {
	bid, ask, last           float64
	bidQuantity, askQuantity float64
	mid, spread              float64
}

func newInstrument(id market.Instrument, index int32, p *plan) *instrument {
	nan := math.NaN()
	in := &instrument{
		id: id, index: index,
		quoteFloats: quoteFloats{nan, nan, nan, nan, nan, nan, nan},
		tradePrice:  nan,
	}
	if p.width > 0 {
		in.row = make([]float64, p.width)
		for i := range in.row {
			in.row[i] = nan
		}
	}
	if len(p.windows) > 0 {
		in.windows = make([]window, len(p.windows))
	}
	if len(p.bars) > 0 {
		in.bars = make([]bar, len(p.bars))
	}
	return in
}

// setTop makes bid and ask what a BBO or the top of the book says. A price of zero is an empty
// side.
func (in *instrument) setTop(p *plan, bid, ask message.Level, ofBook bool) {
	in.quoteOfBook = ofBook
	q := &in.quote
	moved := false
	if q.Bid != bid.Price {
		q.Bid, in.bid, moved = bid.Price, priceFloat(bid.Price), true
	}
	if q.Ask != ask.Price {
		q.Ask, in.ask, moved = ask.Price, priceFloat(ask.Price), true
	}
	if q.BidQuantity != bid.Quantity || moved {
		q.BidQuantity, in.bidQuantity = bid.Quantity, quantityFloat(bid)
	}
	if q.AskQuantity != ask.Quantity || moved {
		q.AskQuantity, in.askQuantity = ask.Quantity, quantityFloat(ask)
	}
	if moved && p.readsMid {
		in.mid, in.spread = middle(q.Bid, q.Ask)
	}
	in.fillQuotes(p)
}

func (in *instrument) setLast(price market.Price) {
	if in.quote.Last != price {
		in.quote.Last, in.last = price, priceFloat(price)
	}
}

func priceFloat(p market.Price) float64 {
	if p.IsZero() {
		return math.NaN()
	}
	return p.Float64()
}

// quantityFloat is NaN for a side that is empty; zero is a quantity that the venue rounded away.
func quantityFloat(l message.Level) float64 {
	if l.Price.IsZero() {
		return math.NaN()
	}
	return l.Quantity.Float64()
}

// middle returns mid and spread. The sums are exact, so that a spread of 0.3 is 0.3.
func middle(bid, ask market.Price) (mid, spread float64) {
	if bid.IsZero() || ask.IsZero() {
		return math.NaN(), math.NaN()
	}
	sum, err := ask.Add(bid.Decimal)
	if err != nil {
		return math.NaN(), math.NaN()
	}
	difference, err := ask.Sub(bid.Decimal)
	if err != nil {
		return math.NaN(), math.NaN()
	}
	return sum.Float64() / 2, difference.Float64()
}

// setTicker replaces the ticker: what it does not give is unknown from now on.
func (in *instrument) setTicker(p *plan, f message.TickerFields) {
	if in.ticker == nil {
		in.ticker = new(ticker)
	}
	in.ticker.fields = f
	in.fillTicker(p)
	if f.Has&message.HasTrade != 0 && !in.traded {
		in.setLast(f.Trade)
		in.fillQuotes(p)
	}
}

// ticker is the last ticker of an instrument.
type ticker struct{ fields message.TickerFields }

// value returns the figure that feature kind k names; NaN if the venue did not give it.
func (t *ticker) value(k featureKind) float64 {
	f := &t.fields
	var has message.TickerField
	var d market.Decimal
	switch k {
	case featureOpen:
		has, d = message.HasOpening, f.Opening.Decimal
	case featureHigh:
		has, d = message.HasHigh, f.High.Decimal
	case featureLow:
		has, d = message.HasLow, f.Low.Decimal
	case featurePrevClose:
		has, d = message.HasPrevClosing, f.PrevClosing.Decimal
	case featureVolume24h:
		has, d = message.HasVolume24h, f.Volume24h.Decimal
	case featureChangeRate:
		has, d = message.HasChangeRate, f.ChangeRate
	}
	if f.Has&has == 0 {
		return math.NaN()
	}
	return d.Float64()
}

// The row of features is kept and only what an event changed is computed anew: the figures of
// windows change with a trade, and where time leaves a bucket.

// fillQuotes computes the features that come from the quote.
func (in *instrument) fillQuotes(p *plan) {
	for i := range p.quotes {
		f := &p.quotes[i]
		var v float64
		switch f.kind {
		case featurePrice:
			if v = in.last; math.IsNaN(v) {
				v = in.mid
			}
		case featureLast:
			v = in.last
		case featureBid:
			v = in.bid
		case featureAsk:
			v = in.ask
		case featureMid:
			v = in.mid
		case featureSpread:
			v = in.spread
		case featureSpreadBps:
			v = in.spread / in.mid * 10_000
		case featureBidQuantity:
			v = in.bidQuantity
		case featureAskQuantity:
			v = in.askQuantity
		case featureImbalance:
			if both := in.bidQuantity + in.askQuantity; both == 0 {
				v = math.NaN()
			} else {
				v = (in.bidQuantity - in.askQuantity) / both
			}
		}
		in.row[f.out] = v
	}
}

// fillWindows moves the windows to in.now, computes what comes from them, and notes when that
// must be done again though no trade comes.
func (in *instrument) fillWindows(p *plan) {
	in.refreshAt = never
	for i := range p.windows {
		w, plan := &in.windows[i], &p.windows[i]
		w.advance(plan, in.now)
		if w.past.count > 0 || w.current.count > 0 {
			in.refreshAt = min(in.refreshAt, w.end)
		}
		if covered := in.first.Add(plan.period); in.now < covered {
			in.refreshAt = min(in.refreshAt, covered)
		}
	}
	for i := range p.rolling {
		f := &p.rolling[i]
		v := math.NaN()
		if p.partial || in.covered(p.windows[f.at].period) {
			v = in.windows[f.at].value(f.kind, in.tradePrice)
		}
		in.row[f.out] = v
	}
}

// fillDepths computes what comes from the order book.
func (in *instrument) fillDepths(p *plan, bids, asks float64) {
	for i := range p.depths {
		f := &p.depths[i]
		if f.kind == featureBookBidDepth {
			in.row[f.out] = bids
		} else {
			in.row[f.out] = asks
		}
	}
}

// fillTicker puts the ticker's figures into the row; NaN what it has not.
func (in *instrument) fillTicker(p *plan) {
	for i := range p.tickers {
		f := &p.tickers[i]
		in.row[f.out] = in.ticker.value(f.kind)
	}
}

// fillClosed puts the figures of the bar that closed into the row. b is of the interval that
// plannedFeature.at names.
func (in *instrument) fillClosed(p *plan, at int, b *bar) {
	for i := range p.closed {
		if f := &p.closed[i]; int(f.at) == at {
			in.row[f.out] = b.value(f.kind)
		}
	}
}

// covered reports whether the instrument has been watched for a period.
func (in *instrument) covered(period time.Duration) bool { return in.now.Sub(in.first) >= period }
