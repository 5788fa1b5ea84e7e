package upbit

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// Place hands over a new order: one request, at most, whatever comes of it.
func (g *Gateway) Place(event message.OrderEvent) {
	f := event.Fields()
	if why := g.begin(true); why != "" {
		g.refuse(f, why)
		return
	}
	told := make(chan struct{})
	g.calls.Lock()
	g.placing[f.ClientOrderID] = told
	g.calls.Unlock()
	go func() {
		defer g.done()
		defer func() {
			g.calls.Lock()
			delete(g.placing, f.ClientOrderID)
			g.calls.Unlock()
			close(told)
		}()
		g.place(f)
	}()
}

// place sends the order and tells what became of it.
func (g *Gateway) place(f message.OrderEventFields) {
	r, err := placeRequest(f, g.cfg.SelfMatch)
	if err != nil {
		g.refusePlace(f, "not sent: "+err.Error())
		return
	}
	g.mu.Lock()
	o := g.orders.follow("", f.ClientOrderID)
	g.mu.Unlock()
	if o == nil {
		g.refusePlace(f, fmt.Sprintf("not sent: more than %d orders are open", liveMax))
		return
	}
	out := g.do(g.ctx, r)
	v, why := judge(out)
	g.mu.Lock()
	defer g.mu.Unlock()
	lose := func(why string) {
		g.report(message.ExecutionReportFields{
			Time: out.Received, ClientOrderID: f.ClientOrderID, Action: message.ActionLose, Request: message.RequestPlace, Reason: why,
		})
	}
	switch v {
	case taken:
		answer, err := decodeOrder(out.Body)
		switch {
		case err != nil:
			lose(fmt.Sprintf("HTTP %d and an answer that cannot be read: %v", out.Status, err))
		case answer.client != f.ClientOrderID:
			lose(fmt.Sprintf("the answer is of another order, %s %q", answer.id, answer.client))
		default:
			g.accepted(f, answer)
		}
	case refused, absent, unsent:
		if o.id != "" {
			// The stream has shown it meanwhile: it is there, whatever the answer says.
			lose(why)
			return
		}
		g.orders.forget(o)
		g.refuse(f, why)
	default:
		lose(why)
	}
}

// accepted tells that the venue has an order. The caller holds mu.
func (g *Gateway) accepted(f message.OrderEventFields, answer order) {
	o := g.orders.follow(answer.id, f.ClientOrderID)
	if o == nil {
		g.replies.Disconnected(fmt.Sprintf("upbit: more than %d orders are open", liveMax))
		return
	}
	g.changes++
	if !o.ended { // else the stream was faster than the answer
		terms, _ := answer.terms()
		g.report(message.ExecutionReportFields{
			Time: answer.created, ClientOrderID: f.ClientOrderID, VenueOrderID: answer.id, Instrument: answer.instrument,
			OrderTerms: terms, Action: message.ActionAccept,
		})
	}
	if int64(len(o.fees)) < answer.count || answer.state.final() && !o.ended {
		g.ask(answer.id)
	}
}

func (g *Gateway) refusePlace(f message.OrderEventFields, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse(f, why)
}

// refuse tells that an order is not at the venue.
func (g *Gateway) refuse(f message.OrderEventFields, why string) {
	g.report(message.ExecutionReportFields{
		Time: g.cfg.Now(), ClientOrderID: f.ClientOrderID, Action: message.ActionReject, Request: message.RequestPlace, Reason: why,
	})
}

// Cancel asks to cancel an order. It may be called again: canceling twice is canceling once.
func (g *Gateway) Cancel(event message.OrderEvent) {
	f := event.Fields()
	if why := g.begin(true); why != "" {
		g.refuseCancel(f, why)
		return
	}
	g.calls.Lock()
	placed := g.placing[f.ClientOrderID]
	g.calls.Unlock()
	go func() {
		defer g.done()
		if placed != nil {
			<-placed // the venue must not meet the cancel before the order
		}
		g.cancelOrder(f)
	}()
}

func (g *Gateway) cancelOrder(f message.OrderEventFields) {
	id := f.VenueOrderID
	g.mu.Lock()
	if o := g.orders.find(f.VenueOrderID, f.ClientOrderID); o != nil && id == "" {
		id = o.id
	}
	g.mu.Unlock()
	r, err := cancelRequest(id, f.ClientOrderID)
	if err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.refuseCancel(f, "not sent: "+err.Error())
		return
	}
	out := g.do(g.ctx, r)
	v, why := judge(out)
	if v == taken {
		answer, err := decodeOrder(out.Body)
		if err != nil {
			v, why = unknown, fmt.Sprintf("HTTP %d and an answer that cannot be read: %v", out.Status, err)
		} else if id != "" && answer.id != id || id == "" && answer.client != f.ClientOrderID {
			v, why = unknown, fmt.Sprintf("the answer is of another order, %s %q", answer.id, answer.client)
		}
		id = answer.id
	}
	if v == taken {
		g.awaitCancel(id, f.ClientOrderID)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch v {
	case refused, absent, unsent:
		g.refuseCancel(f, why)
		if v != unsent && !throttles(out.Status) && id != "" {
			g.ask(id) // it may have ended, unheard
		}
	default:
		g.report(message.ExecutionReportFields{
			Time: out.Received, ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
			Action: message.ActionLose, Request: message.RequestCancel, Reason: why,
		})
	}
}

// cancelSettle is how long the stream has to tell that an order is canceled: it does within a fraction of it.
const cancelSettle = 2 * time.Second

// awaitCancel waits for the end of an order whose cancel was received, which the stream tells. Where it does
// not, the order is asked for, so that a lost event does not leave it open until someone looks.
func (g *Gateway) awaitCancel(id message.VenueOrderID, client message.ClientOrderID) {
	select {
	case <-g.ctx.Done():
		return
	case <-time.After(g.canceled):
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if o := g.orders.find(id, client); o == nil || !o.ended {
		g.ask(id)
	}
}

// refuseCancel tells that an order was not canceled.
func (g *Gateway) refuseCancel(f message.OrderEventFields, why string) {
	g.report(message.ExecutionReportFields{
		Time: g.cfg.Now(), ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
		Action: message.ActionRejectCancel, Request: message.RequestCancel, Reason: why,
	})
}

// Amend is not called, since Support says that Upbit changes no order.
func (g *Gateway) Amend(event message.OrderEvent) {
	f := event.Fields()
	g.report(message.ExecutionReportFields{
		Time: g.cfg.Now(), ClientOrderID: f.ClientOrderID, VenueOrderID: f.VenueOrderID,
		Action: message.ActionRejectAmend, Request: message.RequestAmend, Reason: "not sent: Upbit changes no order under its id: cancel it and place another",
	})
}
