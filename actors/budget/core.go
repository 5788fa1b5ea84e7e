// Package budget keeps what venues allow from one address: connections dialed and requests sent.
// One actor owns the budgets of a node, or of several nodes and processes behind the same
// address, and gives a permit for each use, in the order in which they were asked for. A venue
// that answers 418 or 429, or names a time to stay away, gets no more until then.
//
// core.go is pure; actor.go is its shell.
package budget

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// WaitingMax is how many permits of one venue and use may be waited for. A request beyond it is
// not answered, and counted: who asks tries again, as after any lost message.
const WaitingMax = 4096

// Config is the least time between two uses of each venue. A use without an entry is free.
type Config struct {
	Every map[Key]time.Duration
	// Same names, for a venue that has no budget of its own, the one whose budget it shares: to the
	// outside two venues of a configuration are one if they are reached at the same host.
	Same map[market.Venue]market.Venue
}

// Key is one thing that a venue limits.
type Key struct {
	Venue market.Venue
	Use   message.Use
}

// Validate returns what is wrong with c, or nil.
func (c Config) Validate() error {
	for key, every := range c.Every {
		if every < 0 || every > time.Hour {
			return fmt.Errorf("budget: %v of %s every %v: want 0 to 1h", key.Use, key.Venue, every)
		}
	}
	for v, shared := range c.Same {
		if further, ok := c.Same[shared]; ok {
			return fmt.Errorf("budget: %s shares that of %s, which shares that of %s: name the one that is shared", v, shared, further)
		}
	}
	return nil
}

// Core holds the budgets.
type Core struct {
	every   map[Key]time.Duration
	same    map[market.Venue]market.Venue
	lines   map[Key]*line
	banned  map[market.Venue]market.Timestamp
	Refused uint64 // requests beyond WaitingMax
}

// line is those who wait for one use of one venue.
type line struct {
	next    market.Timestamp // when the next permit may be given
	waiting []message.PermitRequestFields
}

// New returns a core with full budgets.
func New(cfg Config) *Core {
	return &Core{every: maps.Clone(cfg.Every), same: maps.Clone(cfg.Same), lines: map[Key]*line{}, banned: map[market.Venue]market.Timestamp{}}
}

// whose returns the venue that keeps the budget of v.
func (c *Core) whose(v market.Venue) market.Venue {
	if shared, ok := c.same[v]; ok {
		return shared
	}
	return v
}

// Ask takes a request in, and reports false if there is no room for it. One that waits already
// is not taken in twice.
func (c *Core) Ask(r message.PermitRequest) bool {
	f := r.Fields()
	key := Key{c.whose(f.Venue), f.Use}
	l := c.lines[key]
	if l == nil {
		l = &line{}
		c.lines[key] = l
	}
	if slices.Contains(l.waiting, f) {
		return true
	}
	if len(l.waiting) >= WaitingMax {
		c.Refused++
		return false
	}
	l.waiting = append(l.waiting, f)
	return true
}

// Ban gives no permit of a venue before a time. An earlier time than one that holds changes
// nothing.
func (c *Core) Ban(p message.Penalty) {
	f := p.Fields()
	v := c.whose(f.Venue)
	c.banned[v] = max(c.banned[v], f.Until)
}

// Banned returns until when a venue gets no permits; zero: it does.
func (c *Core) Banned(v market.Venue) market.Timestamp { return c.banned[c.whose(v)] }

// Waiting returns how many permits are waited for.
func (c *Core) Waiting() (n int) {
	for _, l := range c.lines {
		n += len(l.waiting)
	}
	return n
}

// Grant returns the permits that can be given at now, by venue and use and in the order asked,
// and when to ask again; zero: nothing waits.
func (c *Core) Grant(now market.Timestamp) (permits []message.Permit, again market.Timestamp) {
	keys := slices.SortedFunc(maps.Keys(c.lines), func(a, b Key) int {
		if a.Venue != b.Venue {
			if a.Venue < b.Venue {
				return -1
			}
			return 1
		}
		return int(a.Use) - int(b.Use)
	})
	for _, key := range keys {
		l := c.lines[key]
		for len(l.waiting) > 0 {
			if at := max(l.next, c.banned[key.Venue]); at > now {
				if again == 0 || at < again {
					again = at
				}
				break
			}
			permit, err := message.NewPermit(l.waiting[0])
			l.waiting = l.waiting[1:]
			if err != nil {
				continue // a request was checked when it was made
			}
			l.next = now.Add(c.every[key])
			permits = append(permits, permit)
		}
		if len(l.waiting) == 0 {
			l.waiting = nil
		}
	}
	return permits, again
}
