package upbit

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// settleSeeds is how many random runs there are.
const settleSeeds = 24

// TestSettles lets chance place, execute and cancel orders, cut the stream, restart the gateway, and the venue
// misbehave in every way it can. Once the account was asked about without an error, what was told is what the
// ledger has: no order twice, no execution lost or doubled, no rejected order at the venue, every end told.
func TestSettles(t *testing.T) {
	var mu sync.Mutex
	fired := map[upbittest.FaultKind]int{}
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(settleSeeds) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				s := &settling{random: rand.New(rand.NewPCG(seed, 4))}
				s.run(t)
				mu.Lock()
				defer mu.Unlock()
				for kind, n := range s.server.Fired() {
					fired[kind] += n
				}
			})
		}
	})
	for _, kind := range upbittest.Kinds() {
		if fired[kind] == 0 && kind != upbittest.SlowAck { // which needs someone to release it
			t.Errorf("%s never happened", kind)
		}
	}
	t.Log(fired)
}

// settling is one run.
type settling struct {
	*world
	random *rand.Rand
	placed []message.OrderEvent
	dealt  int // how many words of a cut were followed by a Recover
}

func (s *settling) run(t *testing.T) {
	s.world = newWorld(t, func(serving *upbittest.Config, c *Config) {
		c.Timeout = 100 * time.Millisecond
		serving.MakerFee = "0.0002"
		serving.OnPlace = func(v *upbittest.Server, o upbittest.Order) {
			for range int(o.UUID[len(o.UUID)-1]) % 3 { // some take at once, and pay another rate for it
				_ = v.Execute(o.UUID, "139999000", "0.0012", false) // it may have been filled meanwhile
			}
		}
	})
	kinds := upbittest.Kinds()
	routes := []string{"POST /v1/orders", "DELETE /v1/order", "GET /v1/order", "GET /v1/orders/open", "GET /v1/accounts"}
	for range 60 {
		switch s.random.IntN(10) {
		case 0, 1, 2:
			e, _ := s.place(func(f *message.OrderEventFields) {
				if s.random.IntN(2) == 0 {
					f.Side = market.Sell
				}
				if s.random.IntN(4) == 0 {
					f.TimeInForce = market.IOC
				}
			})
			s.placed = append(s.placed, e)
		case 3, 4, 5:
			s.executeSome()
		case 6:
			if len(s.placed) > 0 {
				s.gateway.Cancel(s.placed[s.random.IntN(len(s.placed))])
			}
		case 7, 8:
			f := upbittest.Fault{Kind: kinds[s.random.IntN(len(kinds))]}
			if f.Kind == upbittest.SlowAck {
				continue
			}
			if s.random.IntN(2) == 0 {
				f.On = "POST /v1/orders" // what matters most
			}
			switch f.Kind {
			case upbittest.DropEvent, upbittest.DuplicateEvent, upbittest.LateFill, upbittest.GarbageEvent, upbittest.Cut:
				f.On = ""
			case upbittest.UnknownOrder:
				f.On = routes[1+s.random.IntN(2)]
			case upbittest.FillBeforeAck:
				f.On = routes[0]
			case upbittest.AcceptOther:
				f.On = routes[s.random.IntN(3)]
			default:
				if f.On == "" {
					f.On = routes[s.random.IntN(len(routes))]
				}
			}
			s.server.Inject(f)
		case 9:
			if s.random.IntN(4) == 0 {
				s.restart()
			} else {
				s.tryRecover()
			}
		}
		if s.heard.lost() > s.dealt {
			s.dealt = s.heard.lost()
			s.tryRecover()
		}
	}
	s.settle()
	s.check()
}

// executeSome fills a part of some open order at the venue.
func (s *settling) executeSome() {
	var open []upbittest.Order
	for _, o := range s.server.Orders() {
		if o.State == "wait" && o.TimeInForce == "" {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return
	}
	o := open[s.random.IntN(len(open))]
	left, err := o.Volume.Sub(o.Executed)
	if err != nil {
		s.t.Fatal(err)
	}
	volume := left
	if s.random.IntN(2) == 0 {
		units := int64(left.Float64()*1e8 + 0.5)
		if volume, err = market.NewDecimal(1+s.random.Int64N(units), -8); err != nil {
			s.t.Fatal(err)
		}
	}
	_ = s.server.Execute(o.UUID, "140000000", volume.String(), true) // it may have ended meanwhile
}

// restart ends the gateway and makes a new one, which knows nothing.
func (s *settling) restart() {
	s.gateway.Close()
	before := s.heard
	s.start()
	// What the consumer journaled stays.
	before.mu.Lock()
	reports := append([]message.ExecutionReportFields(nil), before.reports...)
	before.mu.Unlock()
	s.heard.note(func() { s.heard.reports = append(reports, s.heard.reports...) })
	s.dealt = 0
	s.tryRecover()
}

// open returns what a consumer would still hold open.
func (s *settling) stillOpen() (open []message.OrderEvent) {
	for _, e := range s.placed {
		f := e.Fields()
		ended := false
		for _, r := range s.heard.of(f.ClientOrderID) {
			switch r.Action {
			case message.ActionCancel, message.ActionExpire, message.ActionReject:
				ended = true
			case message.ActionAccept:
				f.VenueOrderID = r.VenueOrderID
			}
		}
		if q, _ := s.heard.executed(f.ClientOrderID); ended && q.Less(f.Quantity.Decimal) || q == f.Quantity.Decimal {
			continue
		}
		open = append(open, s.event(f))
	}
	return open
}

func (s *settling) tryRecover() { _ = s.recovers(s.stillOpen()...) }

// settle ends everything at the venue and asks until the answer is whole.
func (s *settling) settle() {
	s.idle()
	for _, o := range s.server.Orders() {
		if o.State == "wait" {
			_ = s.server.Finish(o.UUID)
		}
	}
	for range 50 {
		if err := s.recovers(s.stillOpen()...); err == nil {
			return
		}
	}
	s.t.Error("never recovered")
}

func (s *settling) check() {
	s.agrees()
	for _, e := range s.placed {
		id := e.Fields().ClientOrderID
		o, there := s.server.Order(string(id))
		got := s.heard.of(id)
		q, _ := s.heard.executed(id)
		switch {
		case there && has(got, message.ActionReject):
			s.t.Errorf("%s was said to be rejected, and is at the venue", id)
		case there && !has(got, message.ActionCancel) && !has(got, message.ActionExpire) && q != o.Volume:
			s.t.Errorf("%s has ended as %s, and nobody was told:\n%s", id, o.State, lines(got))
		case there && o.State == "done" && (has(got, message.ActionCancel) || has(got, message.ActionExpire)):
			s.t.Errorf("%s was executed whole, and said to be canceled:\n%s", id, lines(got))
		case !there && (len(got) == 0 || has(got, message.ActionAccept) || has(got, message.ActionFill)):
			s.t.Errorf("%s is not at the venue:\n%s", id, lines(got))
		}
	}
}
