package binance

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// TestRecordedSessions holds the exact counts: whatever is lost, doubled or refused shows.
func TestRecordedSessions(t *testing.T) {
	for file, want := range map[string]map[string]int{
		"spot-btcusdt-20240808":     {"trade": 9757, "book update": 3451, "bbo": 28040, "book snapshot": 1},
		"spot-ethusdt-20240808":     {"trade": 6106, "book update": 3434, "bbo": 24077, "book snapshot": 1},
		"spot-10pairs-20210405":     {"trade": 1240, "book update": 4709, "bbo": 5408},
		"usdm-btcusdt-20240808":     {"trade": 21313, "book update": 6551, "bbo": 66089, "book snapshot": 1},
		"coinm-btcusdperp-20240808": {"trade": 2286, "book update": 26847, "bbo": 19136, "book snapshot": 1},
		"usdm-5pairs-20210405":      {"trade": 574, "book update": 4423, "bbo": 3424},
	} {
		t.Run(file, func(t *testing.T) {
			got := venuetest.Count(t, decodeOnly(t), venuetest.Recorded(t, "binance/"+file+".frames.gz"))
			if !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestRecordedSnapshots reads the REST bodies of a session of ten pairs, and gives the same bodies
// to Decode, which must find out by the update ids whose they are or refuse.
func TestRecordedSnapshots(t *testing.T) {
	p := decodeOnly(t)
	snapshots, told := 0, 0
	for _, row := range venuetest.RecordedRows(t, "binance/spot-10pairs-20210405.frames.gz") {
		switch row.Kind {
		case capture.KindReceived:
			if _, err := p.Decode(nil, row.Payload, row.At); err != nil {
				t.Fatal(err)
			}
		case capture.KindHTTP:
			u, err := url.Parse(row.Meta)
			if err != nil {
				t.Fatal(err)
			}
			i, err := p.Instrument(u.Query().Get("symbol"))
			if err != nil {
				t.Fatal(err)
			}
			book, err := p.DecodeSnapshot(i, row.Payload, row.At)
			if err != nil {
				t.Fatal(err)
			}
			f := book.Fields()
			if !f.Snapshot || f.LastID == 0 || f.Instrument != i || f.Received != row.At || book.BidCount() == 0 || book.Ask(0).Price.Less(book.Bid(0).Price.Decimal) {
				t.Errorf("snapshot of %v: %+v", i, f)
			}
			snapshots++
			if events, err := p.Decode(nil, row.Payload, row.At); err == nil {
				told++
				if events[0].Origin().Instrument != i {
					t.Errorf("a snapshot of %v was taken for one of %v", i, events[0].Origin().Instrument)
				}
			} else if venuetest.ReasonOf(t, err) != string(venue.Instrument) {
				t.Error(err)
			}
		}
	}
	if snapshots != 10 {
		t.Errorf("%d snapshots, want 10", snapshots)
	}
	t.Logf("%d of %d snapshots could be told by their ids alone", told, snapshots)
}

// TestRecordedSingles holds what becomes of every single frame, so that a change is seen: those
// not named decode to what their class says.
func TestRecordedSingles(t *testing.T) {
	refused := map[string][]string{
		"refused unsupported: e": {
			"ACCOUNT_CONFIG_UPDATE", "CONDITIONAL_ORDER_TRIGGER_REJECT", "STRATEGY_UPDATE", "contractInfo", "forceOrder",
			"markPriceUpdate", "markPriceUpdate", "other", "other", "private", "ticker", "ticker_all", "trade_all",
		},
		"refused schema: e": {"other", "other"}, // open interest, REST
		"refused schema: ":  {"kline"},          // an invented start off the grid
	}
	decoded := map[string]int{}
	got := map[string][]string{}
	for _, s := range venuetest.Singles(t, "binance/frames-public.ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
		if strings.HasPrefix(s.Outcome, "refused") {
			got[s.Outcome] = append(got[s.Outcome], s.Op)
		} else {
			decoded[s.Outcome]++
		}
	}
	for _, ops := range got {
		slices.Sort(ops)
	}
	if !maps.EqualFunc(got, refused, slices.Equal) {
		t.Errorf("refused\n got %v\nwant %v", got, refused)
	}
	if want := map[string]int{"notice error": 1, "bbo": 4, "bar": 3, "book update": 10, "book snapshot": 4, "ticker": 9, "trade": 8}; !maps.Equal(decoded, want) {
		t.Errorf("decoded\n got %v\nwant %v", decoded, want)
	}
}

// TestRecordedBodies: REST bodies and user data are no frames of this adapter; each is refused
// with a reason, but for depth that names its symbol and refusals of the venue.
func TestRecordedBodies(t *testing.T) {
	got := map[string]int{}
	for _, file := range []string{"rest-public", "private"} {
		for _, s := range venuetest.Singles(t, "binance/"+file+".ndjson", func() venuetest.Decoder { return decodeOnly(t) }) {
			got[s.Outcome]++
		}
	}
	want := map[string]int{
		"book snapshot": 1, "notice error": 1, "notice ack": 3, "refused instrument: lastUpdateId": 4,
		"refused schema: ": 2, "refused schema: e": 57, "refused unsupported: e": 19,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRecordedSymbolsSplit splits every symbol of the recorded list by suffix alone.
func TestRecordedSymbolsSplit(t *testing.T) {
	body := venuetest.RecordedRows(t, "binance/rest-exchangeInfo-spot-20211011.frames.gz")[0].Payload
	var info struct {
		Symbols []symbolInfo
	}
	if err := json.Unmarshal(body, &info); err != nil {
		t.Fatal(err)
	}
	if len(info.Symbols) != 1695 {
		t.Fatalf("%d symbols, want 1695", len(info.Symbols))
	}
	for _, s := range info.Symbols {
		if got, _ := canonical(s.Symbol); got != s.BaseAsset+"-"+s.QuoteAsset {
			t.Errorf("%s splits to %s, want %s-%s", s.Symbol, got, s.BaseAsset, s.QuoteAsset)
		}
		if back := symbolFor(s.BaseAsset + "-" + s.QuoteAsset); back != s.Symbol {
			t.Errorf("%s comes back as %s", s.Symbol, back)
		}
	}
	listings, err := ParseListings(Name, body)
	if err != nil || len(listings) != 1262 {
		t.Fatalf("%d listings, %v; want 1262 that trade", len(listings), err)
	}
	i := slices.IndexFunc(listings, func(l market.Listing) bool { return l.Symbol == "ETHBTC" })
	l := listings[i]
	if l.Instrument.String() != "binance:ETH-BTC" || l.Ticks.String() != "0:0.000001" || l.LotSize != market.MustQuantity("0.0001") ||
		l.MinQuantity != market.MustQuantity("0.0001") || l.MinNotional.Decimal != market.MustDecimal("0.0001") {
		t.Errorf("listing %+v", l)
	}
	all, err := New(venue.Config{Listings: listings, Channels: []market.Channel{market.ChannelTrade, market.ChannelBook}})
	if err != nil || len(all) != 3 {
		t.Fatalf("%d connections for 2524 streams, %v; want 3", len(all), err)
	}
}
