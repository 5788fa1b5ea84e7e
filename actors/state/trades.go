package state

import (
	"github.com/maru-trading/maru/actors/market"
)

// RecentTrade is a trade as the partition keeps it for readers: without the venue's id, to be
// small.
type RecentTrade struct {
	Time     market.Timestamp // the venue's clock; ours where the frame had none
	Price    market.Price
	Quantity market.Quantity
	Taker    market.Side
}

// tradeRing holds the most recent trades; it grows with need up to a bound.
type tradeRing struct {
	trades []RecentTrade // oldest at head once full
	head   int32
}

func (r *tradeRing) push(t RecentTrade, keep int) {
	if keep == 0 {
		return
	}
	if len(r.trades) < keep {
		if len(r.trades) == cap(r.trades) {
			grown := make([]RecentTrade, len(r.trades), min(keep, max(4, 2*len(r.trades))))
			copy(grown, r.trades)
			r.trades = grown
		}
		r.trades = append(r.trades, t)
		return
	}
	r.trades[r.head] = t
	if r.head++; int(r.head) == len(r.trades) {
		r.head = 0
	}
}

// list returns a copy, the newest first.
func (r *tradeRing) list() []RecentTrade {
	n := len(r.trades)
	out := make([]RecentTrade, n)
	for i := range out {
		out[i] = r.trades[(int(r.head)+n-1-i)%n]
	}
	return out
}
