package node

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/monitor"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/web"
)

// rate tells how many events pass a second, over the last few seconds.
type rate struct {
	mu      sync.Mutex
	samples []sample // oldest first
}

type sample struct {
	at time.Time
	n  float64
}

const rateWindow = 5 * time.Second

// add notes that n events have passed by at, and returns the rate.
func (r *rate) add(at time.Time, n float64) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.samples) - 1; last < 0 || at.Sub(r.samples[last].at) >= rateWindow/10 {
		r.samples = append(r.samples, sample{at, n})
	}
	for len(r.samples) > 2 && at.Sub(r.samples[1].at) >= rateWindow {
		r.samples = r.samples[1:]
	}
	first := r.samples[0]
	if d := at.Sub(first.at).Seconds(); d > 0 {
		return (n - first.n) / d
	}
	return 0
}

// Ready returns why the node is not ready; none: it is.
func (n *Node) Ready() []string {
	if err := n.Err(); err != nil {
		return []string{err.Error()}
	}
	var missing []string
	waits := n.arrivals.missing()
	for _, v := range n.cfg.Venues {
		if why := waits[v.Name]; why != "" {
			missing = append(missing, why+n.waitsWith(v.Name))
		}
	}
	tree := n.tree.Load()
	if tree == nil {
		if len(missing) == 0 {
			missing = []string{"starting"}
		}
		return missing
	}
	for _, who := range tree.Lost() {
		missing = append(missing, "actor "+who+" failed too often and was stopped")
	}
	if n.mode == "replay" {
		return missing
	}
	missing = append(missing, n.enginesMissing()...)
	for _, v := range n.cfg.Venues {
		if waits[v.Name] == "" && telemetry.Sum(n.metrics.FeederConnected, "venue", string(v.Name)) == 0 {
			missing = append(missing, "venue "+string(v.Name)+" is not connected")
		}
	}
	return missing
}

// Status returns what the node is doing.
func (n *Node) Status(ctx context.Context) (web.Status, error) {
	m, now := n.metrics, time.Now()
	events := telemetry.Sum(m.StateEvents)
	s := web.Status{
		Node: n.cfg.Node.Name, Version: n.version, Mode: n.mode, Started: n.started.UTC(), Uptime: now.Sub(n.started).Seconds(),
		Missing: n.Ready(), Events: uint64(events), EventRate: n.rate.add(now, events),
		Actors: map[string]int{}, Classes: map[string]web.Classes{}, Orders: map[string]int{},
		Venues: []web.VenueStatus{}, PnL: []web.PnL{}, Positions: []web.Position{}, Recent: []web.Order{},
	}
	s.Ready = len(s.Missing) == 0
	select {
	case <-n.finished:
		s.Finished = true
	default:
	}
	for _, v := range n.cfg.Venues {
		s.Venues = append(s.Venues, n.venueStatus(v, now))
	}
	tree := n.tree.Load()
	if tree == nil {
		return s, nil
	}
	for _, role := range []string{"feeder", "state", "classifier", "strategy", "order", "monitor"} {
		s.Actors[role] = int(telemetry.Sum(m.Actors, "role", role))
	}
	report, err := tree.Report(ctx)
	if err != nil {
		return s, err
	}
	fill(&s, report)
	return s, nil
}

func (n *Node) venueStatus(v config.Venue, now time.Time) web.VenueStatus {
	m, name := n.metrics, string(v.Name)
	vs := web.VenueStatus{Name: name, Region: v.Region, Age: -1,
		Connections: int(telemetry.Sum(m.FeederConnected, "venue", name)),
		Frames:      uint64(telemetry.Sum(m.FeederFrames, "venue", name)),
		DeadLetters: uint64(telemetry.Sum(m.FeederDeadLetters, "venue", name)),
		Reconnects:  uint64(telemetry.Sum(m.FeederReconnects, "venue", name)),
		Gaps:        uint64(telemetry.Sum(m.FeederGaps, "venue", name)),
	}
	if last := telemetry.Sum(m.FeederLastFrame, "venue", name); last > 0 {
		vs.Age = max(0, float64(now.UnixNano())/1e9-last)
	}
	return vs
}

// recentMax is how many order events the status shows.
const recentMax = 20

func fill(s *web.Status, r monitor.Report) {
	if t := r.Last.Time(); !t.IsZero() {
		s.Time = &t
	}
	for engine, classes := range r.Classes {
		counts := web.Classes{}
		for class, n := range classes {
			counts[string(class)] = n
		}
		s.Classes[string(engine)] = counts
	}
	for status, n := range r.Orders {
		s.Orders[status.String()] = n
	}
	s.Fills = r.Fills
	s.Positions = positions(r.Positions)
	s.PnL = pnl(r.Positions)
	for _, e := range r.Recent[max(0, len(r.Recent)-recentMax):] {
		s.Recent = append(s.Recent, history.Step(e))
	}
}

func positions(all []message.Position) []web.Position {
	positions := make([]web.Position, len(all))
	for i, p := range all {
		f := p.Fields()
		positions[i] = web.Position{Account: string(f.Account), Strategy: string(f.Strategy), Instrument: f.Instrument.String(),
			Quantity: f.Quantity.String(), AveragePrice: f.AveragePrice.String(), Mark: f.Mark.String(),
			Realized: f.Realized.String(), Unrealized: f.Unrealized.String(), Fees: f.Fees.String()}
	}
	return positions
}

// pnl adds up profit and loss by account and quote currency.
func pnl(positions []message.Position) []web.PnL {
	type key struct{ account, currency string }
	type sums struct{ realized, unrealized, fees market.Decimal }
	total := map[key]*sums{}
	add := func(a *market.Decimal, b market.Decimal) {
		if sum, err := a.Add(b); err == nil { // beyond 1.7e20 of any currency it stays what it was
			*a = sum
		}
	}
	var keys []key
	for _, p := range positions {
		f := p.Fields()
		k := key{string(f.Account), f.Instrument.Quote()}
		if total[k] == nil {
			total[k] = &sums{}
			keys = append(keys, k)
		}
		t := total[k]
		add(&t.realized, f.Realized.Decimal)
		add(&t.unrealized, f.Unrealized.Decimal)
		add(&t.fees, f.Fees.Decimal)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.currency, b.currency))
	})
	all := []web.PnL{}
	for _, k := range keys {
		t := total[k]
		sum := t.realized
		add(&sum, t.unrealized)
		add(&sum, t.fees.Neg())
		all = append(all, web.PnL{Account: k.account, Currency: k.currency, Realized: t.realized.String(), Unrealized: t.unrealized.String(),
			Fees: t.fees.String(), Total: sum.String()})
	}
	return all
}
