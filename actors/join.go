package actors

import (
	"fmt"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/strategy"
)

// Awaited are the actors of a venue of which it is not known yet what it lists: they start when
// it joins. The others must know from the start whom they will talk to.
type Awaited struct {
	Venue      market.Venue
	Accounts   []message.AccountName
	Strategies map[message.StrategyName]message.EngineName
	Externals  []strategy.ExternalConfig
}

// Joining are the actors that start when an awaited venue joins.
type Joining struct {
	Venue      market.Venue
	Accounts   []Account
	Strategies []Strategy
	Externals  []External
	Feeders    []Feeder
}

// door stands for actors that start later: what is sent to it is dropped until they run, and from
// then on put into their mailboxes as if it had been sent there. It has no queue of its own, so
// the order of messages stays that of their senders.
type door struct {
	sys *actor.ActorSystem
	to  atomic.Pointer[[]*actor.PID]
}

// SendUserMessage is part of actor.Process.
func (d *door) SendUserMessage(_ *actor.PID, m any) {
	to := d.to.Load()
	if to == nil {
		return
	}
	for _, pid := range *to {
		if process, ok := d.sys.ProcessRegistry.Get(pid); ok {
			process.SendUserMessage(pid, m)
		}
	}
}

// SendSystemMessage is part of actor.Process; nobody watches or stops a door.
func (d *door) SendSystemMessage(*actor.PID, any) {}

// Stop is part of actor.Process.
func (d *door) Stop(*actor.PID) {}

func (d *door) open(to ...*actor.PID) { d.to.Store(&to) }

// doors are those of one awaited venue.
type doors struct {
	feeders    *door
	accounts   map[message.AccountName]*door
	strategies map[message.StrategyName]*door
}

// await makes the doors of an awaited venue, and tells behind which of them state, gateways and
// classifiers find whom.
func (t *Tree) await(a Awaited, n *neighbours) error {
	if t.deps.Credit || t.deps.Env.Repeatable {
		return fmt.Errorf("actors: %s: no venue joins a repeatable run", a.Venue)
	}
	make1 := func(name string) (*door, *actor.PID, error) {
		d := &door{sys: t.sys}
		pid, ok := t.sys.ProcessRegistry.Add(d, "awaited/"+name)
		if !ok {
			return nil, nil, fmt.Errorf("actors: %s is awaited twice", name)
		}
		return d, pid, nil
	}
	all := doors{accounts: map[message.AccountName]*door{}, strategies: map[message.StrategyName]*door{}}
	var err error
	var pid *actor.PID
	if all.feeders, pid, err = make1(feederName(string(a.Venue))); err != nil {
		return err
	}
	n.feeders[a.Venue] = []*actor.PID{pid}
	for _, account := range a.Accounts {
		if all.accounts[account], pid, err = make1(gatewayName(account)); err != nil {
			return err
		}
		n.gateways = append(n.gateways, pid)
	}
	for s, engine := range a.Strategies {
		if all.strategies[s], pid, err = make1(strategyName(s)); err != nil {
			return err
		}
		n.listeners[engine] = append(n.listeners[engine], pid)
	}
	for _, s := range a.Externals {
		if all.strategies[s.Name], pid, err = make1(strategyName(s.Name)); err != nil {
			return err
		}
		n.subscribe(s, pid)
	}
	t.awaited[a.Venue] = all
	return nil
}

// Join starts the actors of an awaited venue, back to front. It may not run beside Stop or another
// Join. It fails if the venue is not awaited, or brings other actors than were said.
func (t *Tree) Join(j Joining) error {
	doors, ok := t.awaited[j.Venue]
	if !ok {
		return fmt.Errorf("actors: %s is not awaited", j.Venue)
	}
	for _, a := range j.Accounts {
		d := doors.accounts[a.Config.Account]
		if d == nil {
			return fmt.Errorf("actors: account %s is not awaited with %s", a.Config.Account, j.Venue)
		}
		gateway, err := t.startGateway(a)
		if err != nil {
			return err
		}
		d.open(gateway)
	}
	for _, s := range j.Strategies {
		d := doors.strategies[s.Config.Name]
		if d == nil {
			return fmt.Errorf("actors: strategy %s is not awaited with %s", s.Config.Name, j.Venue)
		}
		started, err := t.startStrategy(s)
		if err != nil {
			return err
		}
		d.open(started)
	}
	for _, s := range j.Externals {
		d := doors.strategies[s.Config.Name]
		if d == nil {
			return fmt.Errorf("actors: strategy %s is not awaited with %s", s.Config.Name, j.Venue)
		}
		external, err := t.startExternal(s)
		if err != nil {
			return err
		}
		d.open(external)
	}
	began := len(t.feeders)
	// Partitions may ask for snapshots as soon as the first feeder speaks.
	var to []*actor.PID
	for _, f := range j.Feeders {
		to = append(to, t.pid(feederName(f.Config.Source)))
	}
	doors.feeders.open(to...)
	if err := t.startFeeders(j.Feeders); err != nil {
		return fmt.Errorf("actors: %d of %d connections of %s: %w", len(t.feeders)-began, len(j.Feeders), j.Venue, err)
	}
	delete(t.awaited, j.Venue)
	return nil
}
