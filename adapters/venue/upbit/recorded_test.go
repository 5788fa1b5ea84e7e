package upbit

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

const session = "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz"

// TestRecordedSession holds the exact counts: whatever is lost, doubled or refused shows.
func TestRecordedSession(t *testing.T) {
	got := venuetest.Count(t, decodeOnly(t), venuetest.Recorded(t, session))
	if want := map[string]int{"trade": 380, "book snapshot": 659}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, file := range []string{"frames-public", "rest-public", "private"} {
		for _, s := range venuetest.Singles(t, "upbit/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome] = append(got[s.Outcome], s.Op)
		}
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	want := map[string][]string{
		"bar": {"candle.1s"}, "notice error": {"error", "error"}, "notice heartbeat": {"heartbeat"},
		"book snapshot": {"orderbook", "orderbook", "orderbook"}, "ticker": {"ticker", "ticker"}, "trade": {"trade", "trade"},
		"refused unsupported: type": {"private", "private"}, // myOrder, myAsset
		// REST bodies, which have no type.
		"refused schema: type": {"book", "book", "order-place", "order-place", "order-query", "ticker", "ticker", "trades", "trades"},
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestRecordedListings(t *testing.T) {
	body := venuetest.RecordedRows(t, "upbit/rest-market-all-20210417.frames.gz")[0].Payload
	listings, err := ParseListings(Name, body)
	if err != nil || len(listings) != strings.Count(string(body), `"market"`) {
		t.Fatalf("%d listings, %v", len(listings), err)
	}
	for _, l := range listings {
		quote, base, _ := strings.Cut(l.Symbol, "-")
		if l.Instrument.Base() != base || l.Instrument.Quote() != quote || l.Ticks.IsZero() == (quote == "KRW") || l.LotSize != market.MustQuantity("0.00000001") {
			t.Errorf("listing %+v", l)
		}
	}
	all, err := New(venue.Config{Listings: listings, Channels: []market.Channel{market.ChannelTrade}})
	if err != nil || len(all) != 1 || len(all[0].Instruments()) != len(listings) {
		t.Fatal(len(all), err)
	}
}
