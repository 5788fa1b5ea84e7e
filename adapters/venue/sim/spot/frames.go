package spot

import (
	"container/heap"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// SessionID is one WebSocket connection; counted from 1, never used again.
type SessionID uint64

// Frame is what the venue sends over a connection: text, or its end.
type Frame struct {
	Session SessionID
	Text    []byte // shared between sessions: nobody may change it
	Close   bool   // the connection is cut, without a word
}

// laterFrame is an event of an account, or text for a connection, that comes later; or a request that
// does.
type laterFrame struct {
	at       market.Timestamp
	sequence uint64
	account  *account // nil: text
	event    event
	session  SessionID
	text     []byte
	call     *call
}

// event is what an account is told: its body with times in milliseconds and in microseconds.
type event struct{ millis, micros []byte }

// laterHeap orders by time, then by how it came.
type laterHeap []laterFrame

func (h laterHeap) Len() int { return len(h) }
func (h laterHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].sequence < h[j].sequence
}
func (h laterHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is part of heap.Interface.
func (h *laterHeap) Push(x any) { *h = append(*h, x.(laterFrame)) }

// Pop is part of heap.Interface.
func (h *laterHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// Take returns what was sent since the last Take, in order. Call it after every other call.
func (v *Venue) Take() []Frame {
	sent := v.sent
	v.sent = nil
	return sent
}

// deliverDue sends the frames whose time has come.
func (v *Venue) deliverDue() {
	for len(v.later) > 0 && v.later[0].at <= v.Now() {
		f := heap.Pop((*laterHeap)(&v.later)).(laterFrame)
		switch {
		case f.call != nil:
			v.doLate(f.call)
		case f.account != nil:
			v.deliver(f.account, f.event)
		case v.sessions[f.session] != nil:
			v.sent = append(v.sent, Frame{Session: f.session, Text: f.text})
		}
	}
}

// sendLater sends text over a connection at a time to come.
func (v *Venue) sendLater(at market.Timestamp, id SessionID, text []byte) {
	v.sequence++
	heap.Push((*laterHeap)(&v.later), laterFrame{at: at, sequence: v.sequence, session: id, text: text})
}

// deliver sends an event to every subscription of an account, in order of connection.
func (v *Venue) deliver(a *account, e event) {
	for _, s := range v.bySession() {
		for _, sub := range s.subscriptions {
			if sub.account != a {
				continue
			}
			w := writer{micros: s.micros}
			w.begin('{')
			w.int("subscriptionId", int64(sub.id))
			if s.micros {
				w.raw("event", e.micros)
			} else {
				w.raw("event", e.millis)
			}
			w.end('}')
			v.sent = append(v.sent, Frame{Session: s.id, Text: w.b})
		}
	}
}

// heard reports whether anybody listens to an account, so that events need not be written for nobody.
func (v *Venue) heard(a *account) bool {
	for _, s := range v.sessions {
		for _, sub := range s.subscriptions {
			if sub.account == a {
				return true
			}
		}
	}
	return false
}

// write makes an event.
func write(body func(w *writer)) event {
	millis, micros := writer{}, writer{micros: true}
	body(&millis)
	body(&micros)
	return event{millis.b, micros.b}
}

// report tells an account what happened to an order. f is the fill of an execTrade, else nil.
func (v *Venue) report(o *order, kind executed, clientID, original string, f *fill, prevented *prevention) {
	v.executions++
	o.updated = v.Now()
	subject := subject{symbol: v.symbol(o.instrument), clientID: o.clientID, account: o.account.Name, order: o.id}
	drop, twice, late := false, false, time.Duration(0)
	if kind == execTrade && v.heard(o.account) {
		_, drop = v.fire(FaultDropFill, subject)
		_, twice = v.fire(FaultDuplicateFill, subject)
		if fault, ok := v.fire(FaultLateFill, subject); ok {
			late = fault.Delay
		}
	}
	if drop || !v.heard(o.account) {
		return
	}
	e := write(func(w *writer) { v.appendReport(w, o, kind, clientID, original, f, prevented) })
	for range 1 + b2i(twice) {
		v.send(o.account, e, late)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (v *Venue) send(a *account, e event, after time.Duration) {
	if after > 0 {
		v.sequence++
		heap.Push((*laterHeap)(&v.later), laterFrame{at: v.Now().Add(after), sequence: v.sequence, account: a, event: e})
		return
	}
	v.deliver(a, e)
}

// prevention is what self-trade prevention did to an order.
type prevention struct {
	last     sim.Fixed // quantity prevented now
	counter  *order
	price    sim.Fixed
	quantity sim.Fixed // that would have been traded
}

// appendReport writes an executionReport (user-data-stream.md, Order Update).
func (v *Venue) appendReport(w *writer, o *order, kind executed, clientID, original string, f *fill, p *prevention) {
	at := v.Clock()
	w.begin('{')
	w.text("e", "executionReport")
	w.time("E", at)
	w.text("s", v.symbol(o.instrument))
	w.text("c", clientID)
	w.text("S", word(o.side))
	w.text("o", string(o.kind))
	w.text("f", string(o.tif))
	w.fixed("q", o.quantity)
	w.fixed("p", o.price)
	w.fixed("P", o.stop)
	w.fixed("F", 0)
	w.int("g", -1)
	w.text("C", original)
	w.text("x", string(kind))
	w.text("X", string(o.status))
	w.text("r", "NONE")
	w.id("i", o.id)
	if f != nil {
		w.fixed("l", f.quantity)
	} else {
		w.fixed("l", 0)
	}
	w.fixed("z", o.executed)
	if f != nil {
		w.fixed("L", f.price)
		w.amount("n", f.commission)
		w.text("N", f.asset)
	} else {
		w.fixed("L", 0)
		w.text("n", "0")
		w.null("N")
	}
	w.time("T", at)
	if f != nil {
		w.id("t", f.trade)
	} else {
		w.int("t", -1)
	}
	if o.matchID >= 0 {
		w.int("v", o.matchID)
	}
	w.int("I", v.executions)
	w.bool("w", o.open() && !o.waiting)
	w.bool("m", f != nil && f.maker)
	w.bool("M", f != nil)
	w.time("O", o.created.Add(v.skew))
	w.amount("Z", o.quote)
	if f != nil {
		w.amount("Y", f.quote)
	} else {
		w.fixed("Y", 0)
	}
	w.fixed("Q", o.quoteQty)
	if o.strategy >= 0 {
		w.int("j", o.strategy)
	}
	if o.strategyOf >= 0 {
		w.int("J", o.strategyOf)
	}
	if o.working != 0 {
		w.time("W", o.working.Add(v.skew))
	}
	w.text("V", string(o.stp))
	if o.prevented > 0 {
		w.fixed("A", o.prevented)
	}
	if p != nil {
		w.fixed("B", p.last)
		w.int("u", -1) // no trade groups here
		w.id("U", p.counter.id)
		w.text("Cs", v.symbol(p.counter.instrument))
		w.fixed("pl", p.quantity)
		w.fixed("pL", p.price)
		w.amount("pY", notional(p.price, p.quantity))
	}
	if o.reason != "" {
		w.text("eR", o.reason)
	}
	w.end('}')
}

// positions tells every account whose balances changed (user-data-stream.md, Account Update).
func (v *Venue) positions() {
	for _, a := range v.accounts {
		if len(a.touched) == 0 {
			continue
		}
		a.updated = v.Now()
		if v.heard(a) {
			slices.Sort(a.touched)
			v.send(a, write(func(w *writer) {
				w.begin('{')
				w.text("e", "outboundAccountPosition")
				w.time("E", v.Clock())
				w.time("u", v.Clock())
				w.array("B")
				for _, asset := range a.touched {
					b := a.of(asset)
					w.begin('{')
					w.text("a", asset)
					w.amount("f", b.free)
					w.amount("l", b.locked)
					w.end('}')
				}
				w.end(']')
				w.end('}')
			}), 0)
		}
		a.touched = a.touched[:0]
	}
}
