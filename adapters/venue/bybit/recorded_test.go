package bybit

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// TestRecordedBook holds the exact counts and that every change follows the one before it.
func TestRecordedBook(t *testing.T) {
	frames := venuetest.Recorded(t, "bybit/ws-v5-orderbook500-xrpusdt-20241201-head.frames.gz")
	got := venuetest.Count(t, decodeOnly(t), frames)
	if want := map[string]int{"book snapshot": 1, "book update": 29}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	p := decodeOnly(t)
	last := uint64(0)
	for n, row := range frames {
		b := decoded(t, p, string(row.Payload))[0].(message.Book)
		f := b.Fields()
		if f.Instrument.Name() != "XRP-USDT-PERP" || f.VenueTime.IsZero() || n > 0 && f.FirstID != last+1 {
			t.Errorf("frame %d: %v after %d", n, f, last)
		}
		if n == 0 && (b.BidCount() != 500 || b.AskCount() != 500 || !b.Bid(0).Price.Less(b.Ask(0).Price.Decimal)) {
			t.Errorf("snapshot of %d and %d levels", b.BidCount(), b.AskCount())
		}
		last = f.LastID
	}
}

// TestRecordedVersion2: a session of the retired version 2 is refused by name, frame for frame.
func TestRecordedVersion2(t *testing.T) {
	p := decodeOnly(t)
	got := map[string]int{}
	for _, row := range venuetest.Recorded(t, "bybit/ws-legacy-v2-linear-20210417-head.frames.gz") {
		err := venuetest.Check(p, row.Payload)
		if err == nil || !strings.Contains(err.Error(), "retired version") {
			t.Fatalf("%v: %.200s", err, row.Payload)
		}
		got[venuetest.ReasonOf(t, err)]++
	}
	if want := map[string]int{"unsupported": 1662}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// named sees to it that no topic of version 5 that the adapter reads is refused, and that books,
// tickers and trades of other versions are refused by name.
type named struct {
	*Protocol
	t *testing.T
}

var version5 = regexp.MustCompile(`"topic": ?"(tickers|publicTrade|orderbook)\.`)
var others = regexp.MustCompile(`"topic": ?"(trade|orderBook|instrument_info)`)

func (n named) Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error) {
	dst, err := n.Protocol.Decode(dst, frame, received)
	if err != nil && (version5.Match(frame) || others.Match(frame) && !strings.Contains(err.Error(), "retired version")) {
		n.t.Errorf("%v\n%.200s", err, frame)
	}
	return dst, err
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen.
func TestRecordedSingles(t *testing.T) {
	got := map[string][]string{}
	for _, s := range venuetest.Singles(t, "bybit/frames-public.ndjson", func() venuetest.Decoder { return named{decodeOnly(t), t} }) {
		op, _, _ := strings.Cut(s.Op, ".")
		got[s.Outcome] = append(got[s.Outcome], op)
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	times := func(n int, op string) []string { return slices.Repeat([]string{op}, n) }
	want := map[string][]string{
		"notice ack": {"ack"}, "notice error": {"error", "error"}, "notice heartbeat": {"heartbeat"}, "notice status": {"system"},
		"bar": {"kline"}, "ticker": times(8, "ticker"), "trade": {"trade"},
		"book snapshot": times(4, "orderbook"), "book update": times(4, "orderbook"),
		"refused unsupported: op":       {"ack", "ack"},              // requests
		"refused unsupported: ret_code": {"other", "other", "other"}, // REST bodies of version 2
	}
	for outcome, ops := range want {
		if !slices.Equal(got[outcome], ops) {
			t.Errorf("%s\n got %v\nwant %v", outcome, got[outcome], ops)
		}
		delete(got, outcome)
	}
	topics := map[string]int{}
	for _, op := range got["refused unsupported: topic"] {
		topics[op]++
	}
	delete(got, "refused unsupported: topic")
	if len(got) != 0 {
		t.Errorf("and %v", got)
	}
	// Books, tickers and trades here are of versions 2 and 3.
	if want := map[string]int{"allLiquidation": 1, "kline": 2, "liquidation": 6, "lt": 1, "orderbook": 11, "priceLimit": 1, "ticker": 11, "trade": 6, "unhandled": 1}; !maps.Equal(topics, want) {
		t.Errorf("other topics\n got %v\nwant %v", topics, want)
	}
}

// TestRecordedBodies: REST bodies and private frames are no frames of this adapter; each is
// refused with a reason, but for answers to logins and refusals of the venue.
func TestRecordedBodies(t *testing.T) {
	got := map[string]int{}
	for _, file := range []string{"rest-public", "private"} {
		for _, s := range venuetest.Singles(t, "bybit/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome]++
		}
	}
	want := map[string]int{"notice ack": 1, "notice error": 2, "refused schema: topic": 26, "refused unsupported: topic": 19}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
