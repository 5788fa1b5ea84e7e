package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/cmd/internal/ledger"
	"github.com/maru-trading/maru/config"
)

// arrivalWait is how long the actors wait for venues that neither answered nor failed. Whoever
// comes later joins the others.
const arrivalWait = 10 * time.Second

// arrivals prepares the venues of a configuration, each by itself: one that cannot be reached keeps
// none of the others.
type arrivals struct {
	venues []config.Venue
	come   chan arrival
	failed chan int       // numbers of venues that could not be reached at the first try
	coming sync.WaitGroup // those under way

	mu      sync.Mutex
	waiting map[market.Venue]string // why a venue is not followed yet
}

// arrival is a venue that can be followed, or why it cannot.
type arrival struct {
	n      int // its number in the configuration
	source *source
	err    error
}

func newArrivals(all []config.Venue) *arrivals {
	a := &arrivals{venues: all, come: make(chan arrival, len(all)), failed: make(chan int, len(all)), waiting: map[market.Venue]string{}}
	for _, v := range all {
		a.setWaiting(v.Name, fmt.Sprintf("venue %s: finding out what it lists", v.Name))
	}
	return a
}

// prepare begins with all venues. Each is told once on come, which has room for all.
func (a *arrivals) prepare(ctx context.Context, of func(ctx context.Context, v config.Venue, waiting waiting) (*source, error)) {
	for n, v := range a.venues {
		a.coming.Go(func() {
			first := true
			s, err := of(ctx, v, func(why error, again time.Duration) {
				a.setWaiting(v.Name, untilThen(why, again))
				if first {
					first = false
					a.failed <- n // has room for every venue's first
				}
			})
			a.come <- arrival{n, s, err}
		})
	}
}

// gather returns the venues that are there by the time to start, by their numbers: when all have
// come or failed once, at the latest after wait. With a wait of zero it returns when all have come.
// It fails as soon as one cannot be followed whatever happens.
func (a *arrivals) gather(ctx context.Context, wait time.Duration) (map[int]*source, error) {
	there, late := map[int]*source{}, map[int]bool{}
	var over <-chan time.Time
	failed := a.failed
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	} else {
		failed = nil
	}
	for len(there)+len(late) < len(a.venues) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-over:
			return there, nil
		case n := <-failed:
			if there[n] == nil {
				late[n] = true
			}
		case v := <-a.come:
			if v.err != nil {
				return nil, v.err
			}
			delete(late, v.n)
			there[v.n] = v.source
		}
	}
	return there, nil
}

// untilThen says why a venue is waited for, and for how long.
func untilThen(why error, again time.Duration) string {
	return fmt.Sprintf("%v; trying again in %v", why, again.Round(time.Second))
}

func (a *arrivals) setWaiting(v market.Venue, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if why == "" {
		delete(a.waiting, v)
		return
	}
	a.waiting[v] = why
}

// missing returns why venues are not followed yet, by venue.
func (a *arrivals) missing() map[market.Venue]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make(map[market.Venue]string, len(a.waiting))
	for v, why := range a.waiting {
		all[v] = why
	}
	return all
}

// awaited are the actors of a venue that is late.
func (n *Node) awaited(v market.Venue) actors.Awaited {
	a := actors.Awaited{Venue: v, Strategies: map[message.StrategyName]message.EngineName{}}
	for _, account := range n.cfg.Accounts {
		if account.Venue == v {
			a.Accounts = append(a.Accounts, account.Name)
		}
	}
	for _, s := range n.cfg.Strategies {
		for _, account := range a.Accounts {
			switch {
			case s.Account != account:
			case s.Program != nil:
				a.Externals = append(a.Externals, s.External())
			default:
				a.Strategies[s.Name] = s.Engine
			}
		}
	}
	return a
}

// waitsWith says what starts only with a venue, for people.
func (n *Node) waitsWith(v market.Venue) string {
	a := n.awaited(v)
	var all []string
	for _, account := range a.Accounts {
		all = append(all, "account "+string(account))
	}
	for _, s := range n.cfg.Strategies {
		_, waits := a.Strategies[s.Name]
		if waits || slices.ContainsFunc(a.Externals, func(e strategy.ExternalConfig) bool { return e.Name == s.Name }) {
			all = append(all, "strategy "+string(s.Name))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " (it keeps " + strings.Join(all, ", ") + " waiting)"
}

// join lets the venues that are late join the tree, until all have or ctx ends.
func (n *Node) join(ctx context.Context, tree *actors.Tree, ledgers map[message.AccountName]*ledger.Ledger, late int) {
	for range late {
		v := <-n.arrivals.come // every venue tells, at the latest when ctx ends
		if ctx.Err() != nil {
			continue
		}
		name := n.cfg.Venues[v.n].Name
		err := v.err
		if err == nil {
			err = n.joinOne(tree, v.source, ledgers)
		}
		if err != nil {
			n.log.Error("the venue is not followed, the others are", slog.String("venue", string(name)), slog.Any("reason", err))
			n.arrivals.setWaiting(name, fmt.Sprintf("not followed: %v", err))
			continue
		}
		n.arrivals.setWaiting(name, "")
		n.log.Info("venue joined", slog.String("venue", string(name)), slog.Int("instruments", len(v.source.listings)))
	}
}

func (n *Node) joinOne(tree *actors.Tree, s *source, ledgers map[message.AccountName]*ledger.Ledger) error {
	if err := n.countInstruments(s); err != nil {
		return err
	}
	cfg, err := n.actorsConfig([]*source{s}, ledgers)
	if err != nil {
		return err
	}
	return tree.Join(actors.Joining{Venue: s.cfg.Venue, Accounts: cfg.Accounts, Strategies: cfg.Strategies, Externals: cfg.Externals, Feeders: cfg.Feeders})
}

// countInstruments holds what venues list to the node's limit.
func (n *Node) countInstruments(s *source) error {
	most := n.cfg.Limits.InstrumentsMax
	if n.followed+len(s.listings) > most {
		return fmt.Errorf("venue %s: %d instruments, with those of the others %d: more than instruments_max in [limits], %d: raise that, or follow fewer",
			s.cfg.Venue, len(s.listings), n.followed+len(s.listings), most)
	}
	n.followed += len(s.listings)
	return nil
}

// sourceFor is sourceOf for this node. What it opens is closed with the node.
func (n *Node) sourceFor(ctx context.Context, v config.Venue, waiting waiting) (*source, error) {
	s, err := sourceOf(ctx, n.base.Desk("list of "+string(v.Name)), v, n.cfg.Node.DataDir, n.log, waiting)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // the node ends: nobody will close it later
		return nil, errors.Join(ctx.Err(), s.close())
	}
	n.opened("venue "+string(v.Name), s.close)
	return s, nil
}
