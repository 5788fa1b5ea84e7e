package strategy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// workingMax bounds the orders that wait for an answer or rest at the venue: beyond it the
// strategy is not heard by its gateway, and more intents would not help.
const workingMax = 1024

// Skip says why a change of class led to no order.
type Skip string

// The reasons, for logs and as a metric's label.
const (
	SkipNone     Skip = ""          // an intent was made
	SkipEngine   Skip = "engine"    // another engine's change
	SkipRule     Skip = "no_rule"   // no rule matches
	SkipTrust    Skip = "untrusted" // the data may be wrong
	SkipListing  Skip = "unlisted"  // the instrument is not listed
	SkipCooldown Skip = "cooldown"  // too soon after the last intent
	SkipFlat     Skip = "flat"      // nothing is left to close
	SkipPrice    Skip = "no_price"  // no price is known to decide with
	SkipTick     Skip = "tick"      // no price on the tick grid
	SkipPosition Skip = "position"  // the position's bound is reached
	SkipSmall    Skip = "small"     // less than a lot, or than the venue takes
	SkipWorking  Skip = "working"   // too many orders wait
)

// Skips returns every reason.
func Skips() []Skip {
	return []Skip{SkipEngine, SkipRule, SkipTrust, SkipListing, SkipCooldown, SkipFlat, SkipPrice, SkipTick,
		SkipPosition, SkipSmall, SkipWorking}
}

// Core is the strategy as a pure machine. It is not for concurrent use.
type Core struct {
	cfg      Config
	listings map[market.Instrument]market.Listing
	seq      uint64 // of the next intent
	places   map[market.Instrument]*place
	working  int
	eventSeq uint64 // of the newest order event
	skipped  Skip
	skips    map[Skip]uint64
	intents  uint64
}

// place is what the strategy has in one instrument.
type place struct {
	position market.Decimal // signed
	working  []working      // by seq
	acted    market.Timestamp
	hasActed bool
	closing  *closing // the last rule that matched closes; nil: it does not
}

// closing is what is needed to close also what fills late.
type closing struct {
	rule   Rule
	quote  message.Quote
	reason string
}

// working is an order that may still fill.
type working struct {
	seq       uint64
	id        message.ClientOrderID // empty until the gateway gave it one
	side      market.Side
	leaves    market.Decimal
	canceling bool
}

// New returns a strategy that holds nothing and whose next intent has the number next, 1 and up:
// one above the highest that it ever used. Listings give the steps that prices and quantities
// move in. It fails as Config.Validate does.
func New(cfg Config, listings []market.Listing, next uint64) (*Core, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Core{
		cfg: cfg, seq: max(next, 1),
		listings: make(map[market.Instrument]market.Listing, len(listings)),
		places:   make(map[market.Instrument]*place),
		skips:    make(map[Skip]uint64),
	}
	c.cfg.Rules = slices.Clone(cfg.Rules)
	for _, l := range listings {
		c.listings[l.Instrument] = l
	}
	return c, nil
}

// OnClassified decides on a change of class. Cancels are to be told before intents. Where no
// intent follows, Skipped says why.
func (c *Core) OnClassified(m message.Classified) (intents []message.OrderIntent, cancels []message.CancelIntent) {
	f := m.Fields()
	intent, cancels, why := c.decide(f)
	c.skipped = why
	if why != SkipNone {
		c.skips[why]++
		return nil, cancels
	}
	return []message.OrderIntent{intent}, cancels
}

func (c *Core) decide(f message.ClassifiedFields) (_ message.OrderIntent, cancels []message.CancelIntent, why Skip) {
	var none message.OrderIntent
	if f.Engine != c.cfg.Engine {
		return none, nil, SkipEngine
	}
	rule, ok := c.match(f)
	if !ok {
		return none, nil, SkipRule
	}
	if c.cfg.OnlyTrusted && !f.Trusted {
		return none, nil, SkipTrust
	}
	listing, ok := c.listings[f.Instrument]
	if !ok {
		return none, nil, SkipListing
	}
	p := c.place(f.Instrument)
	reason := because(f)
	cancels = c.cancelAll(p, f, reason)
	p.closing = nil
	if rule.Close {
		p.closing = &closing{rule: rule, quote: f.Quote, reason: reason}
	}
	if !rule.Close && p.hasActed && f.Time().Sub(p.acted) < c.cfg.Cooldown {
		return none, cancels, SkipCooldown
	}
	if c.working >= workingMax {
		return none, cancels, SkipWorking
	}
	intent, why := c.order(rule, p, listing, f.Quote, f.Origin, reason)
	return intent, cancels, why
}

// order makes the intent that a rule asks for.
func (c *Core) order(r Rule, p *place, l market.Listing, q message.Quote, o message.Origin, reason string) (message.OrderIntent, Skip) {
	var none message.OrderIntent
	f, why := c.size(r, p, l, q)
	if why != SkipNone {
		return none, why
	}
	f.Origin, f.Account, f.Reason = o, c.cfg.Account, reason
	f.ID = message.IntentID{Strategy: c.cfg.Name, Seq: c.seq}
	intent, err := message.NewOrderIntent(f)
	if err != nil { // size gives a quantity above zero, and a price to limit orders
		return none, SkipSmall
	}
	c.seq++
	c.intents++
	p.acted, p.hasActed = o.Time(), true
	c.add(p, working{seq: f.ID.Seq, side: f.Side, leaves: f.Quantity.Decimal})
	return intent, SkipNone
}

// match returns the first rule for a change.
func (c *Core) match(f message.ClassifiedFields) (Rule, bool) {
	for _, r := range c.cfg.Rules {
		if r.To == f.To && (r.From == "" || r.From == f.From) {
			return r, true
		}
	}
	return Rule{}, false
}

// cancelAll asks to cancel what works in a place, but for what is being canceled already.
func (c *Core) cancelAll(p *place, f message.ClassifiedFields, reason string) (cancels []message.CancelIntent) {
	for i := range p.working {
		w := &p.working[i]
		if w.canceling {
			continue
		}
		cancel, err := message.NewCancelIntent(message.CancelIntentFields{
			ID: message.IntentID{Strategy: c.cfg.Name, Seq: w.seq}, Account: c.cfg.Account, Time: f.Time(), Reason: reason,
		})
		if err == nil { // name, number and account are there
			w.canceling = true
			cancels = append(cancels, cancel)
		}
	}
	return cancels
}

// because says in words what changed: "spread: wide → tight (0.4 < 0.5)".
func because(f message.ClassifiedFields) string {
	from := f.From
	if from == "" {
		from = "new"
	}
	if f.Reason == "" {
		return fmt.Sprintf("%s: %s → %s", f.Engine, from, f.To)
	}
	return fmt.Sprintf("%s: %s → %s (%s)", f.Engine, from, f.To, f.Reason)
}

// OnOrderEvent takes in what became of an order. Events of others, and events that were told
// before, change nothing. An order that was to be canceled when a rule closed the position may
// still fill: what it adds is closed too, by the intent returned.
func (c *Core) OnOrderEvent(e message.OrderEvent) (intents []message.OrderIntent) {
	f := e.Fields()
	if f.Strategy != c.cfg.Name || f.Account != c.cfg.Account || f.OfAccount() {
		return nil // a note in the journal changes no order
	}
	if f.Seq != 0 { // the denial of an intent that left no record has none
		if f.Seq <= c.eventSeq {
			return nil
		}
		c.eventSeq = f.Seq
	}
	p := c.follow(f)
	if p.closing == nil || f.Action != message.ActionFill || !grew(p.position, f.Side) || c.working >= workingMax {
		return nil
	}
	l, listed := c.listings[f.Instrument]
	if !listed {
		return nil
	}
	o := message.Origin{Instrument: f.Instrument, Received: f.Time}
	intent, why := c.order(p.closing.rule, p, l, p.closing.quote, o, fmt.Sprintf("%s; %v filled late", p.closing.reason, e.Intent()))
	if why != SkipNone {
		c.skips[why]++
		return nil
	}
	return []message.OrderIntent{intent}
}

// grew reports whether a fill of that side made a position larger, not smaller.
func grew(position market.Decimal, side market.Side) bool {
	return position.Sign() > 0 && side == market.Buy || position.Sign() < 0 && side == market.Sell
}

// follow brings position and working orders to where an event says they are.
func (c *Core) follow(f message.OrderEventFields) *place {
	c.seq = max(c.seq, f.IntentSeq+1)
	p := c.place(f.Instrument)
	if f.Action == message.ActionFill {
		p.fill(f)
	}
	i, found := slices.BinarySearchFunc(p.working, f.IntentSeq, func(w working, seq uint64) int { return cmp.Compare(w.seq, seq) })
	switch {
	case found && p.working[i].id != "" && p.working[i].id != f.ClientOrderID:
		// The denial of a second intent under this number: the first one lives.
	case f.Status.Final():
		if found {
			p.working = slices.Delete(p.working, i, i+1)
			c.working--
		}
	case !found: // an order of an earlier run
		c.add(p, working{seq: f.IntentSeq, id: f.ClientOrderID, side: f.Side, leaves: f.LeavesQuantity.Decimal})
	default:
		w := &p.working[i]
		w.id, w.leaves = f.ClientOrderID, f.LeavesQuantity.Decimal
		switch f.Action {
		case message.ActionRequestCancel:
			w.canceling = true
		case message.ActionRejectCancel, message.ActionLose:
			w.canceling = false
		}
	}
	return p
}

// place returns what there is in an instrument, and begins with nothing.
func (c *Core) place(i market.Instrument) *place {
	p := c.places[i]
	if p == nil {
		p = &place{}
		c.places[i] = p
	}
	return p
}

func (c *Core) add(p *place, w working) {
	i, _ := slices.BinarySearchFunc(p.working, w.seq, func(w working, seq uint64) int { return cmp.Compare(w.seq, seq) })
	p.working = slices.Insert(p.working, i, w)
	c.working++
}

// fill moves the position by an execution. A fee in base is taken from what is held, as the
// venue's ledger does.
func (p *place) fill(f message.OrderEventFields) {
	quantity := f.LastQuantity.Decimal
	if f.Side == market.Sell {
		quantity = quantity.Neg()
	}
	if f.FeeCurrency == f.Instrument.Base() {
		quantity = sum(quantity, f.Fee.Neg())
	}
	p.position = sum(p.position, quantity)
}

// sum adds quantities. The gateway journals no execution whose sums are out of range, so a failure
// cannot come from an event; the position then stays.
func sum(a, b market.Decimal) market.Decimal {
	s, err := a.Add(b)
	if err != nil {
		return a
	}
	return s
}

// ---- what is known

// Next returns the number of the next intent.
func (c *Core) Next() uint64 { return c.seq }

// Position returns what the strategy holds of an instrument, signed, in base.
func (c *Core) Position(i market.Instrument) market.Decimal {
	if p := c.places[i]; p != nil {
		return p.position
	}
	return market.Decimal{}
}

// Working returns how many orders may still fill, those not answered yet included.
func (c *Core) Working() int { return c.working }

// Skipped returns why the last change of class led to no intent; SkipNone if it did.
func (c *Core) Skipped() Skip { return c.skipped }

// Counts returns how many intents were made and, by reason, how many changes led to none.
func (c *Core) Counts() (intents uint64, skips map[Skip]uint64) {
	skips = make(map[Skip]uint64, len(c.skips))
	for why, n := range c.skips {
		skips[why] = n
	}
	return c.intents, skips
}
