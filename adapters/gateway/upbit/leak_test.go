package upbit

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// TestNothingIsLeft: Close ends everything, with requests under way and a stream that is up.
func TestNothingIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.server.Inject(upbittest.Fault{Kind: upbittest.Timeout, On: "POST /v1/orders"}, upbittest.Fault{Kind: upbittest.Timeout, On: "GET /v1/orders/open"})
	_, lost := w.place(nil)
	w.gateway.Recover([]message.OrderEvent{e})
	poll(t, "both hang", func() bool {
		return w.server.Fired()[upbittest.Timeout] == 2
	})
	if err := w.gateway.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.heard.of(lost); len(got) != 1 || got[0].Action != message.ActionLose {
		t.Errorf("%s", lines(got))
	}
	if n := len(w.heard.recovered); n != 2 || w.heard.recovered[1] == nil {
		t.Errorf("recovered %v", w.heard.recovered)
	}
	if err := w.gateway.Close(); err != nil {
		t.Fatal(err)
	}
	w.server.Close()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
