package gate

import (
	"maps"
	"net/url"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

const session = "gate/ws-v4-spot-20210422-head.frames.gz"

// TestRecordedSessions holds the exact counts: whatever is lost, doubled or refused shows. The
// futures market is refused by name.
func TestRecordedSessions(t *testing.T) {
	for file, want := range map[string]map[string]int{
		session: {"notice ack": 22, "ticker": 11, "trade": 3, "bar": 11, "book update": 87},
		"gate/ws-v4-futures-20230601-head.frames.gz": {"refused unsupported": 213},
	} {
		if got := venuetest.Count(t, decodeOnly(t), venuetest.Recorded(t, file)); !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}

// TestRecordedJoin joins the updates of the session to the snapshots that were taken beside it, by
// the rule of the manual: none may be missing.
func TestRecordedJoin(t *testing.T) {
	p := decodeOnly(t)
	updates := map[market.Instrument][]message.BookFields{}
	for _, row := range venuetest.Recorded(t, session) {
		events, err := p.Decode(nil, row.Payload, row.At)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if b, ok := e.(message.Book); ok {
				i := e.Origin().Instrument
				updates[i] = append(updates[i], b.Fields())
			}
		}
	}
	chained := 0
	for i, all := range updates {
		for n, u := range all[1:] {
			if u.FirstID != all[n].LastID+1 {
				t.Errorf("%v: update %d follows %d", i, u.FirstID, all[n].LastID)
			}
			chained++
		}
	}
	snapshots, joined := 0, 0
	for _, row := range venuetest.RecordedRows(t, "gate/rest-orderbook-snapshots-20210422.frames.gz") {
		u, err := url.Parse(row.Meta)
		if err != nil {
			t.Fatal(err)
		}
		i, err := p.Instrument(u.Query().Get("currency_pair"))
		if err != nil {
			t.Fatal(err)
		}
		book, err := p.DecodeSnapshot(i, row.Payload, row.At)
		if err != nil {
			t.Fatal(err)
		}
		f := book.Fields()
		if f.LastID == 0 || !f.Snapshot || f.Instrument != i || f.Received != row.At || book.BidCount() == 0 || !book.Bid(0).Price.Less(book.Ask(0).Price.Decimal) {
			t.Errorf("snapshot of %v: %+v", i, f)
		}
		snapshots++
		at := slices.IndexFunc(updates[i], func(u message.BookFields) bool { return u.LastID > f.LastID })
		if at < 0 {
			continue // taken after the last update of the recording
		}
		if first := updates[i][at]; first.FirstID > f.LastID+1 {
			t.Errorf("%v: updates are missing between snapshot %d and %d", i, f.LastID, first.FirstID)
		}
		joined++
	}
	t.Logf("%d updates follow one another, %d of %d snapshots have updates behind them", chained, joined, snapshots)
	if chained == 0 || snapshots != 10 || joined == 0 {
		t.Errorf("%d updates follow one another, %d of %d snapshots have updates behind them", chained, joined, snapshots)
	}
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string]int{}
	for _, s := range venuetest.Singles(t, "gate/frames-public.ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
		got[s.Outcome]++
	}
	want := map[string]int{
		"notice ack": 3, "bbo": 2, "bar": 2, "book snapshot": 4, "ticker": 2,
		"refused unsupported: channel": 35, // futures, options, accounts
		"refused unsupported: method":  7,  // version 3
		"refused schema: channel":      3,  // REST
		"refused schema: ":             1,  // REST, a list
	}
	if !maps.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// TestRecordedBodies: REST bodies and user data are no frames of this adapter.
func TestRecordedBodies(t *testing.T) {
	got := map[string]int{}
	for _, file := range []string{"rest-public", "private"} {
		for _, s := range venuetest.Singles(t, "gate/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome]++
		}
	}
	if want := map[string]int{"refused unsupported: channel": 17, "refused schema: channel": 14, "refused schema: ": 17}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRecordedListings(t *testing.T) {
	body := venuetest.RecordedRows(t, "gate/rest-currency-pairs-20210422.frames.gz")[0].Payload
	listings, err := ParseListings(Name, body)
	if err != nil || len(listings) != 1408 {
		t.Fatalf("%d listings, %v; want 1408 that trade", len(listings), err)
	}
	for _, l := range listings {
		if symbolFor(l.Instrument.Name()) != l.Symbol || l.Ticks.IsZero() || l.LotSize.IsZero() {
			t.Errorf("listing %+v", l)
		}
		if name, ok := canonical(l.Symbol); !ok || name != l.Instrument.Name() {
			t.Errorf("%s splits to %s", l.Symbol, name)
		}
	}
	i := slices.IndexFunc(listings, func(l market.Listing) bool { return l.Symbol == "IHT_ETH" })
	if l := listings[i]; l.Instrument.String() != "gate:IHT-ETH" || l.Ticks.String() != "0:0.000000001" || l.LotSize.String() != "0.1" || l.MinNotional.String() != "0.001" {
		t.Errorf("listing %+v", l)
	}
	all, err := New(venue.Config{Listings: listings, Channels: []market.Channel{market.ChannelTrade}})
	if err != nil || len(all) != 15 {
		t.Fatal(len(all), err)
	}
}
