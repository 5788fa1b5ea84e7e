package kraken

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

const bookSession = "kraken/ws-v1-book1000-20210405.frames.gz"

// TestRecordedSessions holds the exact counts: whatever is lost, doubled or refused shows, and a
// checksum that does not hold would be a status.
func TestRecordedSessions(t *testing.T) {
	for file, want := range map[string]map[string]int{
		"ws-v1-book1000-20210405": {"notice status": 1, "notice ack": 10, "notice heartbeat": 119, "book snapshot": 10, "book update": 14496},
		"ws-v1-ticker-20210405":   {"notice status": 1, "notice ack": 10, "notice heartbeat": 119, "ticker": 22},
		"ws-v1-trade-20210405":    {"notice status": 1, "notice ack": 10, "notice heartbeat": 119, "trade": 28},
	} {
		t.Run(file, func(t *testing.T) {
			p := decodeOnly(t)
			if got := venuetest.Count(t, p, venuetest.Recorded(t, "kraken/"+file+".frames.gz")); !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if checked, failed := p.Checksums(); checked != uint64(want["book update"]) || failed != 0 {
				t.Errorf("%d checksums compared, %d differ", checked, failed)
			}
		})
	}
}

// TestRecordedFutures: the futures market has another protocol, and is refused by name.
func TestRecordedFutures(t *testing.T) {
	got := venuetest.Count(t, decodeOnly(t), venuetest.Recorded(t, "kraken/ws-futures-20210417.frames.gz"))
	if want := map[string]int{"refused unsupported": 7123}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, s := range venuetest.Singles(t, "kraken/frames-public.ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
		got[s.Outcome] = append(got[s.Outcome], s.Op)
	}
	for outcome, ops := range got {
		slices.Sort(ops)
		got[outcome] = slices.Compact(ops)
		if outcome == "book update" && len(ops) != 15 {
			t.Errorf("%d book updates, want 15", len(ops))
		}
	}
	want := map[string][]string{
		"notice status": {"ack"}, "notice ack": {"ack"}, "notice heartbeat": {"heartbeat"},
		"ticker": {"ticker"}, "trade": {"trade"}, "trade, trade": {"trade"}, "bar": {"ohlc-1", "ohlc-5"}, "bbo": {"spread"},
		"book snapshot": {"orderbook"}, "book update": {"orderbook"},
		// A fixture of another project: three of the ten levels of the manual's example, with its checksum.
		"book snapshot, status":            {"orderbook"},
		"refused unsupported: feed":        {"orderbook", "ticker", "trade"}, // futures
		"refused unsupported: channel":     {"orderbook"},                    // level3
		"refused unsupported: channelName": {"openOrders", "ownTrades"},
		"refused schema: channel":          {"other"}, // REST, futures
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// TestRecordedBodies: REST bodies and user data are no frames of this adapter.
func TestRecordedBodies(t *testing.T) {
	got := map[string]int{}
	for _, file := range []string{"rest-public", "private"} {
		for _, s := range venuetest.Singles(t, "kraken/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome]++
		}
	}
	// Answers to orders have a method, those of futures a feed.
	if want := map[string]int{"refused schema: channel": 36, "refused unsupported: method": 3, "refused unsupported: feed": 4}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRecordedListings(t *testing.T) {
	body := venuetest.RecordedRows(t, "kraken/rest-AssetPairs-20210417.frames.gz")[0].Payload
	listings, err := ParseListings(Name, body)
	if err != nil || len(listings) != strings.Count(string(body), `"wsname"`) {
		t.Fatalf("%d listings, %v", len(listings), err)
	}
	i := slices.IndexFunc(listings, func(l market.Listing) bool { return l.Symbol == "BTC/USD" })
	if l := listings[i]; l.Instrument.String() != "kraken:BTC-USD" || l.Ticks.String() != "0:0.1" || l.LotSize.String() != "0.00000001" || l.MinQuantity.String() != "0.0002" {
		t.Errorf("listing %+v", l)
	}
	for _, l := range listings {
		if base, quote, _ := strings.Cut(l.Symbol, "/"); l.Instrument.Name() != base+"-"+quote || asset(base) != base || asset(quote) != quote {
			t.Errorf("%s is %v", l.Symbol, l.Instrument)
		}
	}
	all, err := New(venue.Config{Listings: listings, Channels: []market.Channel{market.ChannelTrade}})
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
}
