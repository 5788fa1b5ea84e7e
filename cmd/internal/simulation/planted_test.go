package simulation

import (
	"iter"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
)

// catchWithin is how many seeds a planted bug may take.
const catchWithin = 20

// Bugs that people have made in such systems are planted at the seams, and every one is caught.
func TestPlantedBugs(t *testing.T) {
	for _, bug := range []struct {
		name  string
		seams seams
		by    []Law // one of these must be broken
	}{
		{"send again on a timeout", seams{venue: venueWith(func(v *planted) { v.resend = true })}, []Law{LawOnce}},
		{"journal after the send", seams{journal: func(j order.Journal) order.Journal { return &lateJournal{Journal: j} }}, []Law{LawAhead}},
		{"no fsync", seams{journal: func(j order.Journal) order.Journal { return hastyJournal{j} }}, []Law{LawAhead}},
		{"no reconciliation", seams{venue: venueWith(func(v *planted) { v.trust = true })}, []Law{LawSettled, LawFills, LawBooks, LawQuiet}},
		{"a fill forgotten", seams{venue: venueWith(func(v *planted) { v.forget = true })}, []Law{LawFills, LawBooks, LawQuiet}},
		{"the day's loss begins anew with a restart", seams{history: withoutMarks}, []Law{LawLimits}},
	} {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= catchWithin; seed++ {
				r, err := Run(Config{Seed: seed, seams: bug.seams})
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range r.Breaches {
					if slices.Contains(bug.by, b.Law) {
						t.Logf("caught by seed %d: %s: %s", seed, b.Law, b.What)
						return
					}
				}
			}
			t.Errorf("not caught within %d seeds", catchWithin)
		})
	}
}

// planted is a venue with a bug between it and the gateway.
type planted struct {
	order.Venue
	order.Replies
	resend, trust, forget bool
	placed                map[message.ClientOrderID]message.OrderEvent
	fills                 int
	forgotten             map[message.ExecID]bool
}

func venueWith(plant func(*planted)) func(makes func(order.Replies) (order.Venue, error)) func(order.Replies) (order.Venue, error) {
	return func(makes func(order.Replies) (order.Venue, error)) func(order.Replies) (order.Venue, error) {
		return func(replies order.Replies) (order.Venue, error) {
			p := &planted{Replies: replies, placed: map[message.ClientOrderID]message.OrderEvent{}, forgotten: map[message.ExecID]bool{}}
			plant(p)
			var err error
			p.Venue, err = makes(p)
			return p, err
		}
	}
}

// Quote is part of order.Quoter.
func (p *planted) Quote(v message.Views) { p.Venue.(order.Quoter).Quote(v) }

// Place remembers what was placed, for who would place it again.
func (p *planted) Place(o message.OrderEvent) {
	p.placed[o.Fields().ClientOrderID] = o
	p.Venue.Place(o)
}

// Report sends again what was lost, or forgets every tenth fill for good.
func (p *planted) Report(r message.ExecutionReport) {
	f := r.Fields()
	if o, ok := p.placed[f.ClientOrderID]; ok && p.resend && f.Action == message.ActionLose && f.Request == message.RequestPlace {
		p.Venue.Place(o)
		return
	}
	if p.forget && f.Action == message.ActionFill {
		if p.fills++; p.fills%10 == 0 {
			p.forgotten[f.ExecID] = true
		}
		if p.forgotten[f.ExecID] {
			return
		}
	}
	p.Replies.Report(r)
}

// Recover takes it that the venue agrees.
func (p *planted) Recover(open []message.OrderEvent) {
	if p.trust {
		p.Recovered(nil)
		return
	}
	p.Venue.Recover(open)
}

// lateJournal says that an event is written, and writes it when the next one comes.
type lateJournal struct {
	order.Journal
	waiting []message.OrderEvent
}

func (l *lateJournal) Append(events []message.OrderEvent) (uint64, error) {
	if len(l.waiting) > 0 {
		if seq, err := l.Journal.Append(l.waiting); err != nil {
			return seq, err
		}
	}
	l.waiting = slices.Clone(events)
	return events[len(events)-1].Fields().Seq, nil
}

// hastyJournal says that all is on disk.
type hastyJournal struct{ order.Journal }

func (hastyJournal) Sync() error { return nil }

// withoutMarks makes a gateway that starts forget what losses are measured from.
func withoutMarks(history iter.Seq2[message.OrderEvent, error]) iter.Seq2[message.OrderEvent, error] {
	return func(yield func(message.OrderEvent, error) bool) {
		for e, err := range history {
			if f := e.Fields(); err == nil && f.Action == message.ActionEquity {
				f.Action, f.Currency = message.ActionReconcile, ""
				if e, err = message.NewOrderEvent(f); err != nil {
					panic(err)
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
