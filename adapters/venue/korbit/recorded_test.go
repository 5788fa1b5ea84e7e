package korbit

import (
	"maps"
	"slices"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, file := range []string{"frames-public", "rest-public"} {
		for _, s := range venuetest.Singles(t, "korbit/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome] = append(got[s.Outcome], s.Op)
		}
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	want := map[string][]string{
		"book snapshot": {"orderbook"}, "ticker": {"ticker", "ticker"}, "trade": {"trade", "trade"},
		"notice ack": {"ack"}, "notice error": {"error"},
		"refused schema: type": {"other"}, // a REST body
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}
