package state

import (
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Readers are for the HTTP edge and for tests. They run in the actor like Step does, and what
// they return shares nothing with the core.

func (c *Core) find(i market.Instrument) *instrument {
	if at, ok := c.indices[i]; ok {
		return c.instruments[at]
	}
	return nil
}

// Instruments returns what the partition knows, in the order first seen.
func (c *Core) Instruments() []market.Instrument {
	out := make([]market.Instrument, len(c.instruments))
	for i, in := range c.instruments {
		out[i] = in.id
	}
	return out
}

// Features returns the names of a row's values, in order.
func (c *Core) Features() []string {
	out := make([]string, len(c.cfg.Features))
	for i, f := range c.cfg.Features {
		out[i] = f.name
	}
	return out
}

// View returns the instrument's row as it would be now: at the message time of its feeder. False
// if the instrument is not known.
func (c *Core) View(i market.Instrument) (message.View, bool) {
	in := c.find(i)
	if in == nil {
		return message.View{}, false
	}
	// A copy moves on in time: reading must not change what later events meet.
	now := *in
	now.now = max(in.now, c.sources[in.source].now)
	now.windows = slices.Clone(in.windows)
	for k := range now.windows {
		w := &now.windows[k]
		w.slots, w.values = slices.Clone(w.slots), slices.Clone(w.values)
	}
	now.row = slices.Clone(in.row)
	now.fillWindows(&c.plan)
	return message.NewView(now.origin, now.quote, now.trust.trusted, now.covered(c.plan.longest), now.row), true
}

// Trust says whether the instrument may be acted on and, if not, why not. An instrument that is
// not known is not trusted.
func (c *Core) Trust(i market.Instrument) (trusted bool, reason string) {
	in := c.find(i)
	if in == nil {
		return false, "not known"
	}
	return in.trust.trusted, in.trust.reason()
}

// UntrustedCount returns how many of the instruments are not trusted.
func (c *Core) UntrustedCount() int { return c.distrusted }

// Book returns up to n levels of each side, best first; all that are kept if n is 0 or less.
// False if there is no book or if it waits for a snapshot.
func (c *Core) Book(i market.Instrument, n int) (bids, asks []message.Level, ok bool) {
	in := c.find(i)
	if in == nil || in.trust.book != bookJoined {
		return nil, nil, false
	}
	if n <= 0 {
		n = c.cfg.BookLevels
	}
	return in.book.bids.top(n), in.book.asks.top(n), true
}

// Ticker returns the last ticker; false if there was none.
func (c *Core) Ticker(i market.Instrument) (message.TickerFields, bool) {
	in := c.find(i)
	if in == nil || in.ticker == nil {
		return message.TickerFields{}, false
	}
	return in.ticker.fields, true
}

// Trades returns the recent trades, the newest first.
func (c *Core) Trades(i market.Instrument) []RecentTrade {
	in := c.find(i)
	if in == nil {
		return nil
	}
	return in.recentTrades.list()
}

// OpenBar returns the bar under way; false if there is none, or no bars of that interval.
func (c *Core) OpenBar(i market.Instrument, interval time.Duration) (message.Bar, bool) {
	in, k := c.find(i), slices.Index(c.plan.bars, interval)
	if in == nil || k < 0 || in.bars[k].closeAt == 0 {
		return message.Bar{}, false
	}
	b, err := in.bars[k].message(i, interval, false)
	return b, err == nil
}
