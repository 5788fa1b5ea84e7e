package order

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// groupKey names a group: numbers are a strategy's own.
type groupKey struct {
	strategy message.StrategyName
	number   uint64
}

// group is orders that share their quantity. It is known as long as one of them is remembered.
type group struct{ members []*order }

// quantity is what the group may fill in all: the most that one of its members asks for.
func (g *group) quantity() market.Decimal {
	most := market.Decimal{}
	for _, o := range g.members {
		most = most.Max(o.asked.Quantity.Decimal).Max(o.f.Quantity.Decimal)
	}
	return most
}

// filled is what its members filled, by our count or by the venue's where that is more: fills may
// be on their way. A sum beyond a Decimal is beyond every quantity.
func (g *group) filled() (sum market.Decimal, ok bool) {
	for _, o := range g.members {
		next, err := sum.Add(o.f.CumQuantity.Max(o.claimed.Decimal))
		if err != nil {
			return sum, false
		}
		sum = next
	}
	return sum, true
}

// others returns the members besides o for which is holds.
func (g *group) others(o *order, is func(*order) bool) (found []*order) {
	for _, m := range g.members {
		if m != o && is(m) {
			found = append(found, m)
		}
	}
	return found
}

// tie joins an order to the orders that it hangs on.
func (r *register) tie(o *order) {
	if o.f.Group != 0 && o.f.Status != denied {
		key := groupKey{o.f.Strategy, o.f.Group}
		g := r.groups[key]
		if g == nil {
			g = &group{}
			r.groups[key] = g
		}
		g.members = append(g.members, o)
		o.group = g
	}
	if o.f.Parent != 0 && o.f.Status != denied {
		if p := r.lookup(message.IntentID{Strategy: o.f.Strategy, Seq: o.f.Parent}); p != nil {
			o.parent = p.origin()
			o.parent.children = append(o.parent.children, o)
			for n := o.parent; n != nil; n = n.replacedBy {
				n.awaited = true
			}
		}
	}
	if o.f.Replaces != "" && o.f.Status != denied {
		if was := r.byClient[o.f.Replaces]; was != nil {
			o.replaces, was.replacedBy, was.amend = was, o, nil
			o.awaited = was.awaited
		}
	}
}

// untie lets go of an order that is forgotten. A child keeps its parent.
func (r *register) untie(o *order) {
	if o.group == nil {
		return
	}
	for i, m := range o.group.members {
		if m == o {
			o.group.members = append(o.group.members[:i:i], o.group.members[i+1:]...)
			break
		}
	}
	if len(o.group.members) == 0 {
		delete(r.groups, groupKey{o.f.Strategy, o.f.Group})
	}
}

// origin returns the first of the orders that amendments made anew.
func (o *order) origin() *order {
	for o.replaces != nil {
		o = o.replaces
	}
	return o
}

// expected reports whether a child still waits for the order.
func (o *order) expected() bool {
	for _, child := range o.children {
		if !child.f.Status.Final() {
			return true
		}
	}
	return false
}

// outcome returns what an order and those that amendments made of it filled, and whether that is
// all. A sum beyond a Decimal stays below it.
func (o *order) outcome() (filled market.Decimal, over bool) {
	last := o
	for n := o; n != nil; n = n.replacedBy {
		if sum, err := filled.Add(n.f.CumQuantity.Decimal); err == nil {
			filled = sum
		}
		last = n
	}
	return filled, last.f.Status.Final() && last.amend == nil
}

// misfit returns why an intent does not fit the orders that it names; empty: it does.
func (c *Core) misfit(f message.OrderIntentFields) string {
	if f.Parent != 0 {
		p := c.orders.lookup(message.IntentID{Strategy: f.ID.Strategy, Seq: f.Parent})
		switch {
		case p == nil:
			return fmt.Sprintf("its parent, intent %d, is not known (any more)", f.Parent)
		case p.f.Instrument != f.Instrument:
			return fmt.Sprintf("its parent is an order in %v", p.f.Instrument)
		}
		if filled, over := p.origin().outcome(); over && filled.IsZero() {
			return fmt.Sprintf("its parent, intent %d, ended without a fill: it is %v", f.Parent, p.f.Status)
		}
	}
	g := c.orders.groups[groupKey{f.ID.Strategy, f.Group}]
	if f.Group == 0 || g == nil {
		return ""
	}
	for _, m := range g.members {
		if m.f.Instrument != f.Instrument {
			return fmt.Sprintf("group %d is of orders in %v", f.Group, m.f.Instrument)
		}
		if !m.f.Status.Final() && !f.Type.HasStopPrice() && !m.f.Type.HasStopPrice() {
			return fmt.Sprintf("group %d has an order that is no stop, %s: there can be one", f.Group, describe(m))
		}
		if !f.Type.HasStopPrice() && f.Parent == 0 && m.atVenue() {
			return fmt.Sprintf("an order of group %d is at the venue, %s: there can be one at a time", f.Group, describe(m))
		}
	}
	if sum, ok := g.filled(); !ok || !sum.Less(g.quantity()) {
		return fmt.Sprintf("group %d is filled", f.Group)
	}
	return ""
}

// keep returns why an order is to be held here for now; empty: it may go to the venue.
func (c *Core) keep(f message.OrderIntentFields) string {
	switch {
	case f.Parent != 0 && f.Type.HasStopPrice():
		return fmt.Sprintf("until intent %d fills and the stop price is met", f.Parent)
	case f.Parent != 0:
		return fmt.Sprintf("until intent %d has filled", f.Parent)
	case f.Type.HasStopPrice() && (f.Group != 0 || c.support.Refuses(c.venueTerms(f.OrderTerms, false)) != ""):
		return "until the stop price is met"
	}
	return ""
}
