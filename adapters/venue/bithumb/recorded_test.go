package bithumb

import (
	"maps"
	"slices"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

const session = "bithumb/ws-legacy-pubwss-20210601-head.frames.gz"

// TestRecordedSession holds the exact counts: whatever is lost, doubled or refused shows.
func TestRecordedSession(t *testing.T) {
	got := venuetest.Count(t, decodeOnly(t), venuetest.Recorded(t, session))
	if want := map[string]int{"trade": 3, "book update": 51, "notice ack": 3}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, file := range []string{"frames-public", "private"} {
		for _, s := range venuetest.Singles(t, "bithumb/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome] = append(got[s.Outcome], s.Op)
		}
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	want := map[string][]string{
		"book snapshot": {"orderbook", "orderbook", "orderbook"}, "book update": {"orderbook"}, "ticker": {"ticker", "ticker"}, "trade": {"trade", "trade"},
		"notice ack": {"ack"}, "notice error": {"error", "error", "error"}, "notice heartbeat": {"heartbeat"},
		"refused schema: code": {"ticker"}, // what a client sent
		// REST bodies: of the API before with a status, of the new one without a type.
		"refused schema: resmsg": {"order-query", "other", "trades"},
		"refused schema: type":   {"balance", "balance", "book", "ticker", "ticker"},
		// myOrder
		"refused unsupported: type": {"private"},
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}
