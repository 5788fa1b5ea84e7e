package okx

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// TestRecordedSessions holds the exact counts: whatever is lost, doubled or refused shows. Every
// book of these years came with a checksum, and all must hold.
func TestRecordedSessions(t *testing.T) {
	for file, tc := range map[string]struct {
		want    map[string]int
		checked uint64
	}{
		"ws-v5-public-20210722":      {map[string]int{"notice ack": 30, "book snapshot": 10, "book update": 1494, "trade": 36, "ticker": 46}, 1504},
		"ws-v5-public-20220513-head": {map[string]int{"notice ack": 18, "book snapshot": 3, "book update": 166, "trade": 39, "ticker": 18}, 169},
	} {
		t.Run(file, func(t *testing.T) {
			p := decodeOnly(t)
			got := venuetest.Count(t, p, venuetest.Recorded(t, "okx/"+file+".frames.gz"))
			if !maps.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if checked, failed := p.Checksums(); checked != tc.checked || failed != 0 {
				t.Errorf("%d checksums, %d of them wrong; want %d and none", checked, failed, tc.checked)
			}
		})
	}
}

// TestRecordedNames: no derivative of a mixed session may be taken for spot.
func TestRecordedNames(t *testing.T) {
	p := decodeOnly(t)
	got := map[string]bool{}
	for _, row := range venuetest.Recorded(t, "okx/ws-v5-public-20210722.frames.gz") {
		events, err := p.Decode(nil, row.Payload, row.At)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if i := e.Origin().Instrument; !i.IsZero() {
				got[i.Name()] = i.IsSpot()
			}
		}
	}
	want := map[string]bool{
		"FUN-BTC": true, "AUCTION-USDT": true, "OKT-BTC": true, "PAY-BTC": true, "ONT-USDT": true, "DHT-USDT": true,
		"XMR-USDT-PERP": false, "TRX-USDT-210924": false, "BTC-USD-210924-66000-C": false, "BTC-USD-210924-42000-P": false,
	}
	if !maps.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// TestLostChange: where one change of a recorded book is lost, the next checksum tells, once, and
// only of that book.
func TestLostChange(t *testing.T) {
	p := decodeOnly(t)
	lost := ""
	var told []message.Event
	for _, row := range venuetest.Recorded(t, "okx/ws-v5-public-20220513-head.frames.gz") {
		text := string(row.Payload)
		if lost == "" && strings.Contains(text, `"books","instId":"BTC-USDT"},"action":"update"`) {
			lost = text
			continue
		}
		events, err := p.Decode(nil, row.Payload, row.At)
		if err != nil {
			t.Fatal(err)
		}
		for n, e := range events {
			if e.Kind() == message.KindStatus {
				told = append(told, e)
				if n != 1 || events[0].Kind() != message.KindBook || e.Origin() != events[0].Origin() {
					t.Errorf("a status that does not follow its book: %v", events)
				}
			}
		}
	}
	if len(told) != 1 || told[0].(message.Status).Fields().Trusted || told[0].(message.Status).Fields().Reason != "checksum" || told[0].Origin().Instrument.Name() != "BTC-USDT" {
		t.Fatalf("a lost change is told by %v", told)
	}
	if checked, failed := p.Checksums(); failed != 1 || checked == 0 {
		t.Errorf("%d checked, %d failed", checked, failed)
	}
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, s := range venuetest.Singles(t, "okx/frames-public.ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
		got[s.Outcome] = append(got[s.Outcome], s.Op)
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	want := map[string][]string{
		"notice ack": {"ack"}, "notice error": {"error"}, "notice status": {"status"},
		"ticker":        slices.Repeat([]string{"ticker"}, 6),
		"trade":         slices.Repeat([]string{"trade"}, 9),
		"book snapshot": slices.Repeat([]string{"orderbook"}, 8), // 5 of books5, and 3 that their checksums confirm
		// Books that were cut after the third level before they were published: the checksum says so.
		"book snapshot, status": slices.Repeat([]string{"orderbook"}, 4),
		"book update":           {"orderbook"},
		"bbo":                   {"orderbook", "orderbook"},
		"bar":                   slices.Repeat([]string{"kline"}, 4),
	}
	for outcome, ops := range want {
		if !slices.Equal(got[outcome], ops) {
			t.Errorf("%s\n got %v\nwant %v", outcome, got[outcome], ops)
		}
		delete(got, outcome)
	}
	refused := map[string][]string{
		"refused unsupported: table": {"orderbook", "orderbook", "ticker"}, // version 3
		"refused unsupported: op":    {"other"},                            // a request
		"refused schema: ":           {"other"},                            // a list of a REST body
	}
	for outcome, ops := range refused {
		if !slices.Equal(got[outcome], ops) {
			t.Errorf("%s\n got %v\nwant %v", outcome, got[outcome], ops)
		}
		delete(got, outcome)
	}
	channels := got["refused unsupported: arg.channel"]
	delete(got, "refused unsupported: arg.channel")
	if len(got) != 0 {
		t.Errorf("and %v", got)
	}
	// Channels that carry neither tickers, books nor trades; candles of Hong Kong's day; trades of spreads and blocks.
	for _, op := range channels {
		if op == "orderbook" {
			t.Errorf("an order book is refused")
		}
	}
	if len(channels) != 26 {
		t.Errorf("%d frames of other channels: %v", len(channels), channels)
	}
}

// TestRecordedBodies: REST bodies and private frames are no frames of this adapter, and each is
// refused with a reason.
func TestRecordedBodies(t *testing.T) {
	got := map[string]int{}
	for _, file := range []string{"rest-public", "private"} {
		for _, s := range venuetest.Singles(t, "okx/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome]++
		}
	}
	want := map[string]int{"refused schema: arg": 36, "refused unsupported: arg.channel": 15}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRecordedListings reads the lists of all kinds of instruments; every name that the list
// spells out in parts must be the one that the rule makes.
func TestRecordedListings(t *testing.T) {
	kinds := map[string]int{}
	for _, row := range venuetest.RecordedRows(t, "okx/rest-instruments-20220513.frames.gz")[:5] {
		u, err := url.Parse(row.Meta)
		if err != nil {
			t.Fatal(err)
		}
		kind := u.Query().Get("instType")
		listings, err := ParseListings(Name, row.Payload)
		if err != nil {
			t.Fatal(kind, err)
		}
		kinds[kind] += len(listings)
		for _, l := range listings {
			if l.Instrument.IsSpot() != (kind == "SPOT") || l.LotSize.IsZero() || l.MinQuantity.IsZero() || l.Ticks.IsZero() != (kind == "OPTION") || Symbol(l.Instrument) != l.Symbol {
				t.Fatalf("%s: %+v", kind, l)
			}
		}
		all, err := New(venue.Config{Listings: listings, Channels: []market.Channel{market.ChannelBook, market.ChannelTrade}})
		if err != nil {
			t.Fatal(kind, err)
		}
		if n := (len(listings)*2 + 239) / 240; len(all) != n {
			t.Errorf("%s: %d connections for %d instruments, want %d", kind, len(all), len(listings), n)
		}
	}
	if want := map[string]int{"SPOT": 513, "SWAP": 166, "FUTURES": 104, "OPTION": 696}; !maps.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
}
