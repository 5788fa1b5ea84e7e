package risk

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// window counts what happened within a rate's window.
type window struct {
	rate Rate
	at   []market.Timestamp // a ring of rate.Max: the newest ones
	next int
}

func (w *window) add(t market.Timestamp) {
	if w.rate.Max == 0 {
		return
	}
	if len(w.at) < w.rate.Max {
		w.at = append(w.at, t)
		return
	}
	w.at[w.next] = t
	w.next = (w.next + 1) % len(w.at)
}

// full returns how many happened within the window if no more may; empty: more may.
func (w *window) full(now market.Timestamp) string {
	if w.rate.Max == 0 || len(w.at) < w.rate.Max {
		return ""
	}
	// The ring is full, so the oldest of it is the one that the next would be Max+1st after.
	if oldest := w.at[w.next]; now.Sub(oldest) < w.rate.Window {
		return fmt.Sprintf("%d in %v, the most allowed", w.rate.Max, w.rate.Window)
	}
	return ""
}

// repeat is an order that may not be made again for a while.
type repeat struct {
	at         market.Timestamp
	strategy   message.StrategyName
	instrument market.Instrument
	terms      message.OrderTerms
}

// repeatsMax bounds what is remembered for RepeatWindow.
const repeatsMax = 10_000

func (r *Risk) remember(f message.OrderEventFields) {
	if r.cfg.Limits.RepeatWindow == 0 {
		return
	}
	old := 0
	for old < len(r.recent) && (r.now.Sub(r.recent[old].at) >= r.cfg.Limits.RepeatWindow || len(r.recent)-old >= repeatsMax) {
		old++
	}
	if old > 0 {
		r.recent = r.recent[:copy(r.recent, r.recent[old:])]
	}
	r.recent = append(r.recent, repeat{r.now, f.Strategy, f.Instrument, f.OrderTerms})
}

// repeated reports whether the same order was made within the window.
func (r *Risk) repeated(o Order) bool {
	for i := len(r.recent) - 1; i >= 0; i-- {
		m := r.recent[i]
		if r.now.Sub(m.at) >= r.cfg.Limits.RepeatWindow {
			return false
		}
		if m.strategy == o.Strategy && m.instrument == o.Instrument && m.terms == o.OrderTerms {
			return true
		}
	}
	return false
}
