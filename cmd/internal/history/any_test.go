package history_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/cmd/internal/history"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

// TestWhyOfAnything: whatever stands in a journal, the life of an order can be told, and its times
// add up.
func TestWhyOfAnything(t *testing.T) {
	generator := messagetest.Generators()[message.KindOrderEvent]
	rapid.Check(t, func(t *rapid.T) {
		l, latest := history.NewLife("x"), history.NewLatest(4)
		orders := 0
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			e, ok := generator.Draw(t, "event").(message.OrderEvent)
			if !ok {
				t.Fatal("the generator draws no order event")
			}
			f := e.Fields()
			f.Account = "main"
			f.ClientOrderID = message.ClientOrderID(rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "id"))
			e, err := message.NewOrderEvent(f)
			if err != nil {
				t.Fatal(err)
			}
			if f.ClientOrderID == "x" && !f.OfAccount() {
				orders++
			}
			l.Add(e)
			latest.Add(e)
		}
		if l.Found() != (orders > 0) {
			t.Fatalf("%d events of the order, found is %t", orders, l.Found())
		}
		if !l.Found() {
			return
		}
		w := l.Why()
		if w.Order.ID != "x" || w.Outcome == "" || len(w.Steps) < orders {
			t.Fatalf("%+v", w)
		}
		var sum int64
		for i, s := range w.Steps {
			if s.Stage == "" || s.Clock == "" {
				t.Fatalf("step %d has no stage or clock: %+v", i, s)
			}
			if sum += s.Gap; sum != s.Elapsed {
				return // a time so far off that the difference has no number
			}
		}
		n := 0
		latest.Each(func(message.OrderEvent) bool { n++; return true })
		if n == 0 {
			t.Fatal("no order is known")
		}
	})
}
