package market

import (
	"errors"
	"testing"
	"time"
)

func TestInstrument(t *testing.T) {
	i, err := NewInstrument("upbit", "BTC-KRW")
	if err != nil {
		t.Fatal(err)
	}
	if i.Venue() != "upbit" || i.Name() != "BTC-KRW" || i.Base() != "BTC" || i.Quote() != "KRW" || i.String() != "upbit:BTC-KRW" || !i.IsSpot() {
		t.Fatalf("got %v %v %v %v %v", i.Venue(), i.Name(), i.Base(), i.Quote(), i)
	}
	if j, err := ParseInstrument(i.String()); err != nil || j != i {
		t.Fatalf("parsed back to %v, %v", j, err)
	}
	if j := MustInstrument("binance", "BTC-KRW"); j == i || j.Compare(i) >= 0 {
		t.Fatalf("%v and %v", i, j)
	}
	if o := MustInstrument("okx", "BTC-USD-210924-42000-P"); o.IsSpot() || o.Quote() != "USD" {
		t.Fatalf("an option: spot %t quote %s", o.IsSpot(), o.Quote())
	}
	for _, name := range []string{"", "BTC", "-KRW", "BTC-", "BTC-KRW-", "btc-krw", "BTC KRW", "BTC-KR/W", "BTC--KRW", string(make([]byte, 65))} {
		if i, err := NewInstrument("upbit", name); !errors.Is(err, ErrInstrument) {
			t.Errorf("%q became %v, %v", name, i, err)
		}
	}
	for _, venue := range []Venue{"", "a:b", "Upbit", "up bit"} {
		if _, err := NewInstrument(venue, "BTC-KRW"); !errors.Is(err, ErrInstrument) {
			t.Errorf("venue %q: %v", venue, err)
		}
	}
	var none Instrument
	if !none.IsZero() || none.Name() != "" || none.String() != "-" || none.Partition(4) != 0 {
		t.Errorf("the zero instrument is %v", none)
	}
}

func TestPartitionIsStableAndSpread(t *testing.T) {
	// Pinned: snapshots, placement and replays depend on it.
	if p := MustInstrument("upbit", "BTC-KRW").Partition(8); p != partitionOfBTC {
		t.Fatalf("upbit:BTC-KRW is in partition %d of 8, was %d", p, partitionOfBTC)
	}
	counts := make([]int, 8)
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			counts[MustInstrument("sim", string([]rune{a, b})+"-KRW").Partition(8)]++
		}
	}
	for p, n := range counts {
		if n < 676/8*7/10 || n > 676/8*13/10 {
			t.Errorf("partition %d holds %d of 676", p, n)
		}
	}
}

const partitionOfBTC = 4

func TestTimestamp(t *testing.T) {
	at := time.Date(2024, 8, 8, 23, 54, 13, 937085768, time.UTC)
	ts := TimestampOf(at)
	if !ts.Time().Equal(at) || ts.String() != "2024-08-08T23:54:13.937085768Z" {
		t.Fatalf("%v", ts)
	}
	if string(ts.AppendTo(nil)) != ts.String() {
		t.Fatal("AppendTo and String differ")
	}
	if !TimestampOf(time.Time{}).IsZero() || !Timestamp(0).Time().IsZero() || Timestamp(0).String() != "-" {
		t.Fatal("zero is not none")
	}
	if ts.Truncate(time.Minute).Time() != at.Truncate(time.Minute) || Timestamp(-1).Truncate(10) != -10 || Timestamp(7).Truncate(0) != 7 {
		t.Fatal("Truncate")
	}
	if Milliseconds(1500) != Seconds(1).Add(500*time.Millisecond) || Microseconds(1e6) != Seconds(1) || Seconds(3).Sub(Seconds(1)) != 2*time.Second {
		t.Fatal("units")
	}
}

func TestPricesAndQuantitiesAreNotNegative(t *testing.T) {
	if _, err := ParsePrice([]byte("-1")); !errors.Is(err, ErrNegative) {
		t.Errorf("price: %v", err)
	}
	if _, err := ParseQuantity([]byte("-0.1")); !errors.Is(err, ErrNegative) {
		t.Errorf("quantity: %v", err)
	}
	p := MustPrice("5")
	if err := p.UnmarshalText([]byte("-1")); !errors.Is(err, ErrNegative) || p != MustPrice("5") {
		t.Errorf("unmarshal: %v, price is %v", err, p)
	}
	if a, err := Notional(MustPrice("0.1"), MustQuantity("30")); err != nil || a.String() != "3" {
		t.Errorf("notional %v, %v", a, err)
	}
}

func TestTermsReadBack(t *testing.T) {
	for _, s := range []Side{Buy, Sell} {
		if got, err := ParseSide(s.String()); err != nil || got != s || s.Opposite().Opposite() != s || s.Opposite() == s {
			t.Errorf("%v: %v, %v", s, got, err)
		}
	}
	for c := ChannelTicker; c <= ChannelTrade; c++ {
		if got, err := ParseChannel(c.String()); err != nil || got != c {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	for o := Market; o <= Limit; o++ {
		if got, err := ParseOrderType(o.String()); err != nil || got != o {
			t.Errorf("%v: %v, %v", o, got, err)
		}
	}
	for f := GTC; f <= FOK; f++ {
		if got, err := ParseTimeInForce(f.String()); err != nil || got != f {
			t.Errorf("%v: %v, %v", f, got, err)
		}
	}
	if _, err := ParseSide("long"); err == nil || Side(9).String() != "unknown(9)" || Side(0).Opposite() != 0 {
		t.Error("an unknown side passed")
	}
	if _, err := ParseSide("-"); err == nil {
		t.Error(`"-" is not a side to be read`)
	}
}
