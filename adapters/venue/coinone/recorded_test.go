package coinone

import (
	"maps"
	"slices"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, file := range []string{"frames-public", "private"} {
		for _, s := range venuetest.Singles(t, "coinone/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome] = append(got[s.Outcome], s.Op)
		}
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	want := map[string][]string{
		"book snapshot": {"orderbook", "orderbook"}, "ticker": {"ticker"}, "trade": {"trade"},
		"notice ack": {"ack", "ack"}, "notice error": {"error", "error"}, "notice heartbeat": {"heartbeat"},
		"refused unsupported: channel":  {"private", "private", "private"},      // MYORDER, MYASSET
		"refused schema: response_type": {"balance", "book", "error", "ticker"}, // REST bodies
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}
