package wire_test

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire"
	"github.com/maru-trading/maru/remote/wire/messagetest"
	"pgregory.net/rapid"
)

// TestRoundTrip: every kind of message there is comes back from the wire as it went in.
func TestRoundTrip(t *testing.T) {
	generators := messagetest.Generators()
	for _, kind := range message.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			g, ok := generators[kind]
			if !ok {
				t.Fatalf("no generator for %v: add it to messagetest, and a wire form where that is missing too", kind)
			}
			rapid.Check(t, func(t *rapid.T) {
				m := g.Draw(t, "message")
				if m.Kind() != kind {
					t.Fatalf("the generator of %v draws %v", kind, m.Kind())
				}
				prefix := []byte("before")
				b, err := wire.Marshal(prefix, m)
				if err != nil {
					t.Fatalf("marshal %v: %v", m, err)
				}
				if !bytes.HasPrefix(b, prefix) {
					t.Fatalf("marshal overwrote what it was to append to")
				}
				b = b[len(prefix):]
				got, err := wire.Unmarshal(b)
				if err != nil {
					t.Fatalf("unmarshal %v: %v", m, err)
				}
				for i := range b { // nothing in the message may still point here
					b[i] = 0xff
				}
				if !messagetest.Equal(m, got) {
					t.Fatalf("round trip\n in: %v\nout: %v", m, got)
				}
			})
		})
	}
}

// TestRoundTripEdges holds what random messages are unlikely to hit.
func TestRoundTripEdges(t *testing.T) {
	btc := market.MustInstrument("upbit", "BTC-KRW")
	largest := market.DecimalFromRaw(math.MaxInt64, math.MaxUint64)
	edges := map[string]message.Message{
		"empty batch":  must(message.NewBatch(message.BatchFields{Source: "upbit"}, nil)),
		"credit":       message.NewCredit(message.CreditFields{}),
		"empty views":  new(message.ViewsBuilder).Build(message.ViewsFields{}),
		"largest":      must(message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: btc}, Price: market.Price{Decimal: largest}})),
		"smallest":     must(message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: btc}, Price: market.Price{Decimal: market.DecimalFromRaw(0, 1)}})),
		"far times":    must(message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: btc, VenueTime: math.MinInt64, Received: math.MaxInt64}, Price: market.MustPrice("1")})),
		"lowest":       must(message.NewPosition(message.PositionFields{Account: "a", Instrument: btc, Quantity: largest.Neg()})),
		"empty book":   must(message.NewBook(message.BookFields{Origin: message.Origin{Instrument: btc}, Snapshot: true}, nil, nil)),
		"bids only":    must(message.NewBook(message.BookFields{Origin: message.Origin{Instrument: btc}}, []message.Level{{Price: market.MustPrice("5")}}, nil)),
		"not UTF-8":    must(message.NewStatus(message.StatusFields{Origin: message.Origin{Instrument: btc}, Reason: "\xff\xfe"})),
		"uneven views": unevenViews(btc),
		"4096 trades":  must(message.NewBatch(message.BatchFields{Source: "upbit"}, trades(4096))),
	}
	for name, m := range edges {
		t.Run(name, func(t *testing.T) {
			b, err := wire.Marshal(nil, m)
			if err != nil {
				t.Fatal(err)
			}
			got, err := wire.Unmarshal(b)
			if err != nil {
				t.Fatal(err)
			}
			if !messagetest.Equal(m, got) {
				t.Fatalf("round trip\n in: %v\nout: %v", m, got)
			}
		})
	}
}

func unevenViews(i market.Instrument) message.Message {
	b := message.NewViewsBuilder(1, 1)
	b.Add(message.Origin{Instrument: i}, message.Quote{}, true, false, nil)
	b.Add(message.Origin{Instrument: i}, message.Quote{}, false, true, []float64{math.NaN(), 1, 2})
	b.Add(message.Origin{Instrument: i}, message.Quote{}, false, false, []float64{3})
	return b.Build(message.ViewsFields{Source: "upbit"})
}

// trades returns n trades of 20 instruments as a busy feeder hands them on.
func trades(n int) []message.Event {
	names := messagetest.Instruments()
	events := make([]message.Event, n)
	for i := range events {
		at := market.Milliseconds(1_723_075_200_000 + int64(i))
		events[i] = must(message.NewTrade(message.TradeFields{
			Origin: message.Origin{Instrument: names[i%len(names)], VenueTime: at, Received: at.Add(31 * time.Microsecond)},
			Price:  market.Price{Decimal: market.MustDecimal("61234.56")}, Quantity: market.MustQuantity("0.00123"),
			Taker: market.Buy, ID: "3742" + string(rune('0'+i%10)) + "1234",
		}))
	}
	return events
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// foreign is a message that package message does not know.
type foreign struct{}

func (foreign) Kind() message.Kind     { return message.KindTrade }
func (foreign) String() string         { return "foreign" }
func (foreign) Origin() message.Origin { return message.Origin{} }

// TestMarshalVenue: a venue whose name would be read as something else is refused, if not by market
// already.
func TestMarshalVenue(t *testing.T) {
	for _, venue := range []market.Venue{"a:b", "a\nb", "\xff"} {
		i, err := market.NewInstrument(venue, "BTC-KRW")
		if err != nil {
			continue
		}
		m := must(message.NewBBO(message.BBOFields{Origin: message.Origin{Instrument: i}}))
		if b, err := wire.Marshal(nil, m); !errors.Is(err, wire.ErrNoForm) || b != nil {
			t.Errorf("venue %q: got %q, error %v", venue, b, err)
		}
	}
}

// TestMarshalRefuses: what could not be read back is refused when it is written, with a reason.
func TestMarshalRefuses(t *testing.T) {
	btc := message.Origin{Instrument: market.MustInstrument("upbit", "BTC-KRW")}
	below := market.Price{Decimal: market.MustDecimal("-1")}
	big := make([]message.Level, wire.BytesMax/8)
	for i := range big {
		big[i].Price = market.MustPrice("1")
	}
	cases := []struct {
		name string
		m    message.Message
		want error
	}{
		{"nothing", nil, wire.ErrKind},
		{"another's type", foreign{}, wire.ErrKind},
		{"another's event", must(message.NewBatch(message.BatchFields{Source: "s"}, []message.Event{foreign{}})), wire.ErrKind},
		{"no event", must(message.NewBatch(message.BatchFields{Source: "s"}, []message.Event{nil})), wire.ErrKind},
		{"price below zero", must(message.NewTrade(message.TradeFields{Origin: btc, Price: below})), wire.ErrNoForm},
		{"unknown side", must(message.NewTrade(message.TradeFields{Origin: btc, Price: market.MustPrice("1"), Taker: 9})), wire.ErrNoForm},
		{"unknown figure", must(message.NewTicker(message.TickerFields{Origin: btc, Has: 1 << 12})), wire.ErrNoForm},
		{"unknown notice", must(message.NewNotice(message.NoticeFields{Venue: "v", Type: 77})), wire.ErrNoForm},
		{"report of a price below zero", must(message.NewExecutionReport(message.ExecutionReportFields{ClientOrderID: "c", Action: message.ActionFill, LastPrice: below})), wire.ErrNoForm},
		{"too many events", must(message.NewBatch(message.BatchFields{Source: "s"}, make([]message.Event, wire.RowsMax+1))), wire.ErrTooLarge},
		{"too many bytes", must(message.NewBook(message.BookFields{Origin: btc}, big, nil)), wire.ErrTooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, err := wire.Marshal([]byte("kept"), c.m)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if string(b) != "kept" {
				t.Fatalf("after a failure dst is %q", b)
			}
		})
	}
}
