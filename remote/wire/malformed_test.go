package wire

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func origin1() *wirepb.Origins { return &wirepb.Origins{Instrument: []uint32{1}} }
func price1() *wirepb.Decimals { return &wirepb.Decimals{Lo: []uint64{5}} }

// TestUnmarshalRefuses: what contradicts itself or says the impossible is an error that names
// the place, and of the stated cause.
func TestUnmarshalRefuses(t *testing.T) {
	trade := func(tr *wirepb.Trades) *wirepb.Envelope {
		return &wirepb.Envelope{Message: &wirepb.Envelope_Trade{Trade: tr}}
	}
	book := func(b *wirepb.Books) *wirepb.Envelope {
		return &wirepb.Envelope{Message: &wirepb.Envelope_Book{Book: b}}
	}
	batch := func(b *wirepb.Batch) *wirepb.Envelope {
		b.Source = []byte("s")
		return &wirepb.Envelope{Message: &wirepb.Envelope_Batch{Batch: b}}
	}
	views := func(v *wirepb.Views) *wirepb.Envelope {
		return &wirepb.Envelope{Message: &wirepb.Envelope_Views{Views: v}}
	}
	many := make([]uint32, RowsMax+1)
	intent := func(change func(*wirepb.OrderIntent)) *wirepb.Envelope {
		o := &wirepb.OrderIntent{Origin: origin1(), Strategy: []byte("s"), Seq: 1, Account: []byte("a"),
			Side: 1, Type: 1, TimeInForce: 1, Quantity: &wirepb.Decimal{Lo: 1}}
		change(o)
		return &wirepb.Envelope{Message: &wirepb.Envelope_OrderIntent{OrderIntent: o}}
	}
	event := func(change func(*wirepb.OrderEvent)) *wirepb.Envelope {
		o := &wirepb.OrderEvent{Account: []byte("a"), Instrument: 1, Action: 1, Status: 1}
		change(o)
		return &wirepb.Envelope{Message: &wirepb.Envelope_OrderEvent{OrderEvent: o}}
	}
	cases := []struct {
		name string
		env  *wirepb.Envelope
		want error
		says string
	}{
		{"no message", &wirepb.Envelope{}, ErrMalformed, "without a message"},
		{"no version", func() *wirepb.Envelope {
			e := trade(&wirepb.Trades{Origin: origin1(), Price: price1()})
			e.Version = math.MaxUint32
			return e
		}(), ErrVersion, "4294967295"},
		{"two rows for one trade", trade(&wirepb.Trades{Origin: &wirepb.Origins{Instrument: []uint32{1, 1}}, Price: &wirepb.Decimals{Lo: []uint64{5, 5}}}), ErrMalformed, "2 rows"},
		{"no row", trade(&wirepb.Trades{}), ErrMalformed, "0 rows"},
		{"short column", trade(&wirepb.Trades{Origin: origin1(), Price: &wirepb.Decimals{Lo: []uint64{5, 6}}}), ErrMalformed, "trade price has 2 values for 1 rows"},
		{"halves of two lengths", trade(&wirepb.Trades{Origin: origin1(), Price: &wirepb.Decimals{Lo: []uint64{5}, Hi: []int64{1, 2}}}), ErrMalformed, "trade price"},
		{"long times", trade(&wirepb.Trades{Origin: &wirepb.Origins{Instrument: []uint32{1}, VenueTime: []int64{1, 2}}, Price: price1()}), ErrMalformed, "venue time"},
		{"instrument not listed", trade(&wirepb.Trades{Origin: &wirepb.Origins{Instrument: []uint32{2}}, Price: price1()}), ErrMalformed, "instrument 2 of 1"},
		{"no instrument", trade(&wirepb.Trades{Origin: &wirepb.Origins{Instrument: []uint32{0}}, Price: price1()}), message.ErrInvalid, "trade"},
		{"price zero", trade(&wirepb.Trades{Origin: origin1()}), message.ErrInvalid, "price"},
		{"price below zero", trade(&wirepb.Trades{Origin: origin1(), Price: &wirepb.Decimals{Hi: []int64{-1}, Lo: []uint64{5}}}), ErrMalformed, "trade price"},
		{"unknown side", trade(&wirepb.Trades{Origin: origin1(), Price: price1(), Taker: []byte{3}}), ErrMalformed, "taker"},
		{"text too short", trade(&wirepb.Trades{Origin: origin1(), Price: price1(), Id: &wirepb.Texts{Text: []byte("12"), Length: []uint32{3}}}), ErrMalformed, "trade id"},
		{"text without length", trade(&wirepb.Trades{Origin: origin1(), Price: price1(), Id: &wirepb.Texts{Text: []byte("12")}}), ErrMalformed, "trade id"},
		{"bad instrument", func() *wirepb.Envelope {
			e := trade(&wirepb.Trades{Origin: origin1(), Price: price1()})
			e.Instruments = "nonsense"
			return e
		}(), ErrMalformed, "instrument 1"},
		{"no decimal", &wirepb.Envelope{Message: &wirepb.Envelope_Ticker{Ticker: &wirepb.Tickers{Origin: origin1(), Change: &wirepb.Decimals{Hi: []int64{math.MinInt64}}}}}, ErrMalformed, "ticker change"},
		{"levels without prices", book(&wirepb.Books{Origin: origin1(), Bids: []uint32{math.MaxUint32}, Asks: []uint32{math.MaxUint32}}), ErrMalformed, "levels"},
		{"prices without levels", book(&wirepb.Books{Origin: origin1(), LevelPrice: price1()}), ErrMalformed, "levels"},
		{"level of price zero", book(&wirepb.Books{Origin: origin1(), Bids: []uint32{1}, LevelPrice: &wirepb.Decimals{Lo: []uint64{0}}}), message.ErrInvalid, "level 0"},
		{"event listed, not there", batch(&wirepb.Batch{Kind: []byte{byte(message.KindTrade)}}), ErrMalformed, "lists 1"},
		{"event there, not listed", batch(&wirepb.Batch{Trade: &wirepb.Trades{Origin: origin1(), Price: price1()}}), ErrMalformed, "has 1"},
		{"a newer event", batch(&wirepb.Batch{Kind: []byte{200}}), ErrKind, "unknown(200)"},
		{"a credit in a batch", batch(&wirepb.Batch{Kind: []byte{byte(message.KindCredit)}}), ErrKind, "credit"},
		{"bad event", batch(&wirepb.Batch{Kind: []byte{byte(message.KindTrade)}, Trade: &wirepb.Trades{Origin: origin1()}}), message.ErrInvalid, "event 0"},
		{"too many events", batch(&wirepb.Batch{Kind: make([]byte, RowsMax+1)}), ErrTooLarge, "events"},
		{"too many rows", views(&wirepb.Views{Origin: &wirepb.Origins{Instrument: many}}), ErrMalformed, "rows"},
		{"features without width", views(&wirepb.Views{Origin: origin1(), Value: []float64{1}}), ErrMalformed, "1 values"},
		{"width without features", views(&wirepb.Views{Origin: origin1(), Width: []uint32{math.MaxUint32}}), ErrMalformed, "0 values"},
		{"features without rows", views(&wirepb.Views{Value: []float64{1}}), ErrMalformed, "1 values"},
		{"intent for nobody", intent(func(o *wirepb.OrderIntent) { o.Account = nil }), message.ErrInvalid, "account"},
		{"intent of side 258", intent(func(o *wirepb.OrderIntent) { o.Side = 258 }), ErrMalformed, "side is 258"},
		{"intent of quantity below zero", intent(func(o *wirepb.OrderIntent) { o.Quantity = &wirepb.Decimal{Hi: -1} }), ErrMalformed, "quantity"},
		{"intent of no moment", intent(func(o *wirepb.OrderIntent) { o.Origin = nil }), ErrMalformed, "origin of 0 rows"},
		{"intent that expires, and is good till canceled", intent(func(o *wirepb.OrderIntent) { o.ExpireAt = 5 }), message.ErrInvalid, "expires"},
		{"intent of unknown instructions", intent(func(o *wirepb.OrderIntent) { o.ExecInst = uint32(market.ExecInstAll) + 1 }), ErrMalformed, "instruction is 4"},
		{"intent of an order type to come", intent(func(o *wirepb.OrderIntent) { o.Type = uint32(lastOrderType) + 1 }), ErrMalformed, "order type is 5"},
		{"intent whose parent is later", intent(func(o *wirepb.OrderIntent) { o.Parent = 1 }), message.ErrInvalid, "parent"},
		{"event of an action to come", event(func(o *wirepb.OrderEvent) { o.Action = uint32(lastAction) + 1 }), ErrMalformed, "order action"},
		{"event of a status to come", event(func(o *wirepb.OrderEvent) { o.Status = uint32(lastStatus) + 1 }), ErrMalformed, "order status"},
		{"event of a fourth request", event(func(o *wirepb.OrderEvent) { o.Request = 4 }), ErrMalformed, "order request is 4"},
		{"event with evidence of a fourth kind", event(func(o *wirepb.OrderEvent) { o.Evidence = 8 }), ErrMalformed, "evidence is 8"},
		{"event of a new price below zero", event(func(o *wirepb.OrderEvent) { o.NewPrice = &wirepb.Decimal{Hi: -1} }), ErrMalformed, "new price"},
		{"equity of no currency", event(func(o *wirepb.OrderEvent) { o.Action = uint32(message.ActionEquity) }), message.ErrInvalid, "currency"},
		{"amendment of nothing", &wirepb.Envelope{Message: &wirepb.Envelope_AmendIntent{AmendIntent: &wirepb.AmendIntent{
			Strategy: []byte("s"), Seq: 2, OrderSeq: 1, Account: []byte("a")}}}, message.ErrInvalid, "nothing is to change"},
		{"balance of no currency", &wirepb.Envelope{Message: &wirepb.Envelope_Balance{Balance: &wirepb.Balance{Account: []byte("a")}}}, message.ErrInvalid, "currency"},
		{"cancel of an instrument not listed", &wirepb.Envelope{Message: &wirepb.Envelope_CancelIntent{CancelIntent: &wirepb.CancelIntent{
			Account: []byte("a"), Instrument: 9}}}, ErrMalformed, "instrument 9 of 1"},
		{"resync of no partition", &wirepb.Envelope{Message: &wirepb.Envelope_Resync{Resync: &wirepb.Resync{}}}, message.ErrInvalid, "partition"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.env.Version == 0 {
				c.env.Version = Version
			}
			if c.env.Instruments == "" {
				c.env.Instruments = "upbit:BTC-KRW"
			}
			b, err := proto.Marshal(c.env)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Unmarshal(b)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, error %v; want %v that says %q", m, err, c.want, c.says)
			}
			if m != nil {
				t.Fatalf("a message beside an error: %v", m)
			}
		})
	}
}

// TestUnmarshalBytes: bytes that are no protobuf, or too many.
func TestUnmarshalBytes(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":  {nil, ErrVersion},
		"text":     {[]byte(`{"type":"trade"}`), ErrMalformed},
		"cut":      {[]byte{0x62, 0xff}, ErrMalformed},
		"too long": {make([]byte, BytesMax+1), ErrTooLarge},
	} {
		if m, err := Unmarshal(c.b); m != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, error %v, want %v", name, m, err, c.want)
		}
	}
}

// TestNeighbours: a program one version ahead may add fields, which are ignored, and kinds, which
// are refused by number; further ahead nothing is believed.
func TestNeighbours(t *testing.T) {
	sent, err := message.NewTrade(message.TradeFields{Origin: message.Origin{Instrument: market.MustInstrument("upbit", "BTC-KRW")},
		Price: market.MustPrice("5")})
	if err != nil {
		t.Fatal(err)
	}
	ahead := func(version uint64, change func(*wirepb.Envelope)) []byte {
		b, err := Marshal(nil, sent)
		if err != nil {
			t.Fatal(err)
		}
		var env wirepb.Envelope
		if err := proto.Unmarshal(b, &env); err != nil {
			t.Fatal(err)
		}
		env.Version = uint32(version)
		change(&env)
		if b, err = proto.Marshal(&env); err != nil {
			t.Fatal(err)
		}
		return b
	}
	unknown := func(m protoreflect.Message, number protowire.Number) {
		b := protowire.AppendTag(nil, number, protowire.BytesType)
		m.SetUnknown(protowire.AppendBytes(b, []byte{8, 1}))
	}

	got, err := Unmarshal(ahead(Version+1, func(e *wirepb.Envelope) {
		unknown(e.ProtoReflect(), 3)
		unknown(e.GetTrade().ProtoReflect(), 99)
		unknown(e.GetTrade().GetOrigin().ProtoReflect(), 99)
	}))
	if err != nil || got != message.Message(sent) {
		t.Errorf("with new fields: got %v, error %v", got, err)
	}
	if got, err = Unmarshal(ahead(Version+2, func(*wirepb.Envelope) {})); !errors.Is(err, ErrVersion) {
		t.Errorf("two versions ahead: got %v, error %v", got, err)
	}
	got, err = Unmarshal(ahead(Version+1, func(e *wirepb.Envelope) {
		e.Message = nil
		unknown(e.ProtoReflect(), 200+kindOffset)
	}))
	if !errors.Is(err, ErrKind) || !strings.Contains(err.Error(), "kind 200") {
		t.Errorf("a new kind: got %v, error %v", got, err)
	}

	ticker, err := proto.Marshal(&wirepb.Envelope{Version: Version + 1, Instruments: "upbit:BTC-KRW",
		Message: &wirepb.Envelope_Ticker{Ticker: &wirepb.Tickers{Origin: origin1(), Has: []uint32{1<<15 | uint32(message.HasTrade)}, Trade: price1()}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err = Unmarshal(ticker)
	if tk, ok := got.(message.Ticker); err != nil || !ok || tk.Fields().Has != message.HasTrade {
		t.Errorf("a new figure: got %v, error %v", got, err)
	}
}

// TestKindNumbers: an envelope's field number is the kind's + 10, for every kind, and so is a
// batch's for every event.
func TestKindNumbers(t *testing.T) {
	env := (&wirepb.Envelope{}).ProtoReflect().Descriptor().Fields()
	batch := (&wirepb.Batch{}).ProtoReflect().Descriptor().Fields()
	for _, k := range message.Kinds() {
		number := protoreflect.FieldNumber(k) + kindOffset
		if f := env.ByNumber(number); f == nil || string(f.Name()) != k.String() || f.ContainingOneof() == nil {
			t.Errorf("%v: field %d of Envelope is %v", k, number, f)
		}
		f := batch.ByNumber(number)
		if isEvent(k) != (f != nil) || f != nil && string(f.Name()) != k.String() {
			t.Errorf("%v: field %d of Batch is %v", k, number, f)
		}
	}
	if last := message.Kinds()[len(message.Kinds())-1]; env.Len() != 2+int(last) {
		t.Errorf("Envelope has %d fields, want version, instruments and %d kinds", env.Len(), last)
	}
}

// TestEnumerations: the last values that the form takes are the last there are.
func TestEnumerations(t *testing.T) {
	for _, c := range []struct {
		what string
		last uint8
		name func(uint8) string
	}{
		{"side", lastSide, func(v uint8) string { return market.Side(v).String() }},
		{"order type", lastOrderType, func(v uint8) string { return market.OrderType(v).String() }},
		{"time in force", lastTimeInForce, func(v uint8) string { return market.TimeInForce(v).String() }},
		{"instruction", uint8(market.ExecInstAll), func(v uint8) string { return market.ExecInst(v).String() }},
		{"order action", lastAction, func(v uint8) string { return message.OrderAction(v).String() }},
		{"order status", lastStatus, func(v uint8) string { return message.OrderStatus(v).String() }},
		{"order request", uint8(message.RequestAmend), func(v uint8) string { return message.OrderRequest(v).String() }},
		{"evidence", uint8(message.EvidenceAll), func(v uint8) string { return message.Evidence(v).String() }},
		{"trade side", uint8(market.Sell), func(v uint8) string { return market.Side(v).String() }},
		{"notice type", uint8(message.NoticeStatus), func(v uint8) string { return message.NoticeType(v).String() }},
		{"use", uint8(message.UsePrivate), func(v uint8) string { return message.Use(v).String() }},
	} {
		unknown := func(v uint8) bool {
			return strings.HasPrefix(c.name(v), "unknown(") || strings.HasPrefix(c.name(v), "-")
		}
		if c.last == 0 || unknown(c.last) || !unknown(c.last+1) {
			t.Errorf("%s: %d is %q, and %d is %q: the form ends at the first", c.what, c.last, c.name(c.last), c.last+1, c.name(c.last+1))
		}
	}
}

// TestHostileMemory: the bytes that make the most of themselves cost at most a small multiple of
// their length.
func TestHostileMemory(t *testing.T) {
	const most = 32 // times the bytes given, growing slices counted at every step
	ones := func(n int) []byte { return []byte(strings.Repeat("\x01", n)) }
	field := func(number protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
	}
	head := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), Version)
	head = append(head, field(2, []byte("upbit:BTC-KRW"))...)
	const size = 1 << 20
	unpacked := []byte(strings.Repeat("\x18\x01", size/2)) // Books.first_id, one value a tag
	for name, body := range map[string][]byte{
		"first ids":    field(14, field(3, ones(size))),
		"ids one each": field(14, unpacked),
		"instruments":  field(2, []byte(strings.Repeat("\n", size))),
		"names":        field(2, []byte(strings.Repeat("a:A-B\n", size/6))),
		"view rows":    field(19, field(6, field(1, ones(RowsMax)))),
		"events":       field(18, append(field(7, []byte(strings.Repeat("\x02", RowsMax))), field(12, field(1, field(1, ones(RowsMax))))...)),
		"unknown":      field(3, ones(size)),
		"empty tables": []byte(strings.Repeat("\x62\x00", size/2)), // the same trade over and over
	} {
		t.Run(name, func(t *testing.T) {
			b := append(append([]byte(nil), head...), body...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := Unmarshal(b)
			runtime.ReadMemStats(&after)
			got := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d bytes: %d allocated; %T, error %.120v", len(b), got, m, err)
			if limit := uint64(most*len(b) + RowsMax*512); got > limit { // and a row is no more than 512 bytes
				t.Errorf("%d bytes allocated for %d given, at most %d", got, len(b), limit)
			}
		})
	}
}
