package venue

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

func number(text string) Token { return Token{Text: []byte(text), Kind: scan.Number} }

func reason(err error) Reason {
	var e *DecodeError
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestTokenNumbers(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-1": -1, "17000000003800001": 17000000003800001,
		"9223372036854775807": 9223372036854775807, "-9223372036854775807": -9223372036854775807} {
		if n, err := number(text).Int("f"); err != nil || n != want {
			t.Errorf("%s: %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"9223372036854775808", "99999999999999999999", "1.0", "1e3", "-", "+1", "x"} {
		if _, err := number(text).Int("f"); reason(err) != Number {
			t.Errorf("%s: %v, want a fault of number", text, err)
		}
	}
	for _, absent := range []Token{{}, {Kind: scan.Null}, {Kind: scan.String}} {
		if _, err := absent.Int("f"); absent.Present() || reason(err) != Schema {
			t.Errorf("%+v: %v, want missing", absent, err)
		}
	}
	if d, err := number("-0.1234567890123456789").Statistic("f"); err != nil || d.String() != "-0.123456789012345678" {
		t.Errorf("statistic %v, %v", d, err)
	}
	if _, err := number("0.1234567890123456789").Price("f"); reason(err) != Number {
		t.Errorf("a price of 19 decimals: %v", err)
	}
}

func TestTokenTime(t *testing.T) {
	const at market.Timestamp = 1700000000123456789
	for text, want := range map[string]market.Timestamp{
		"0": 0, "123456789": market.Milliseconds(123456789), "1700000000123": at / 1e6 * 1e6,
		"1700000000123456": at / 1e3 * 1e3, "1700000000123456789": at, "9223372036854": market.Milliseconds(9223372036854),
	} {
		if got, err := number(text).Time("f"); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "9223372036855", "99999999999999", "9223372036854776", "99999999999999999"} {
		if got, err := number(text).Time("f"); reason(err) != Number {
			t.Errorf("%s: %v, %v; want a fault of number", text, got, err)
		}
	}
}

func TestDecodeErrorIsShortAndPlain(t *testing.T) {
	err := Refused("upbit", Refuse(Schema, strings.Repeat("f", 1000), "%s", strings.Repeat("비", 1000)+"\xff"))
	e := err.(*DecodeError)
	if len(e.Detail) > detailBytesMax || len(e.Field) > symbolBytesMax || !utf8.ValidString(e.Error()) || e.DeadLetterReason() != "schema" {
		t.Errorf("%d %d %q", len(e.Detail), len(e.Field), e.Error())
	}
	if got := Refused("upbit", errors.New("unexpected byte")).Error(); got != "upbit: decode: unexpected byte (syntax)" {
		t.Error(got)
	}
	if got := Refused("upbit", Refuse(Number, "price", "too fine")).Error(); got != `upbit: decode: field "price": too fine (number)` {
		t.Error(got)
	}
}

func TestSymbolsAreBounded(t *testing.T) {
	s, err := NewSymbols("v", nil, func(symbol string) (string, bool) { return symbol + "-X", true })
	if err != nil {
		t.Fatal(err)
	}
	for n := range SymbolsMax {
		if got, err := s.Find(fmt.Appendf(nil, "a%d", n)); err != nil || got != n {
			t.Fatal(got, err)
		}
	}
	if _, err := s.Find([]byte("b")); reason(err) != Instrument || s.Len() != SymbolsMax {
		t.Errorf("symbol %d: %v", s.Len(), err)
	}
	if n, err := s.Find([]byte("a7")); err != nil || s.Instrument(n).String() != "v:A7-X" || s.Name(n) != "a7" {
		t.Errorf("a known symbol of a full table: %v %v", n, err)
	}
	key := []byte("a123")
	if allocs := testing.AllocsPerRun(100, func() { _, _ = s.Find(key) }); allocs != 0 {
		t.Errorf("%v allocations to find a known symbol", allocs)
	}
}

func TestBestFirst(t *testing.T) {
	levels := func(prices string) (all []message.Level) {
		for _, p := range strings.Fields(prices) {
			all = append(all, message.Level{Price: market.MustPrice(p)})
		}
		return all
	}
	for _, prices := range []string{"", "1", "1 2 3", "3 2 1", "2 3 1 5 4", "2 2 1", "1 2 2"} {
		for _, side := range []market.Side{market.Buy, market.Sell} {
			got, want := levels(prices), levels(prices)
			BestFirst(got, side)
			slices.SortStableFunc(want, func(a, b message.Level) int {
				c := a.Price.Cmp(b.Price.Decimal)
				if side == market.Buy {
					c = -c
				}
				return c
			})
			if !slices.Equal(got, want) {
				t.Errorf("%q %v: %v", prices, side, got)
			}
		}
	}
	// Of two entries for one price the later stays the later.
	twice := []message.Level{{Price: market.MustPrice("1"), Quantity: market.MustQuantity("1")}, {Price: market.MustPrice("2")}, {Price: market.MustPrice("1")}}
	BestFirst(twice, market.Sell)
	if twice[0].Quantity.IsZero() || !twice[1].Quantity.IsZero() {
		t.Errorf("%v", twice)
	}
}

func TestReadLevelsForms(t *testing.T) {
	for text, want := range map[string]Reason{
		`[]`:                                 "",
		`[["1","2"],["3","4"]]`:              "",
		` [ [ 1 , 2.5 , [ "x" ] , null ] ] `: "",
		`null`:                               Schema,
		`[null]`:                             Schema,
		`[[]]`:                               Schema,
		`[["1"]]`:                            Schema,
		`[["1",null]]`:                       Schema,
		`[["1",{}]]`:                         Schema,
		`[["x","2"]]`:                        Number,
		`[["1","-2"]]`:                       Number,
		`[["0","2"]]`:                        Number,
		`[["1","2"]`:                         Syntax,
		`[["1","2"],]`:                       Syntax,
		`[["1","2",]]`:                       Syntax,
		`[["1" "2"]]`:                        Syntax,
		`[["1","2"}]`:                        Syntax,
	} {
		_, err := ReadLevels(scan.DecodeStr(text), "b", nil)
		if err != nil {
			err = Refused("v", err)
		}
		if reason(err) != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestConnectionsKeepWithinLimits(t *testing.T) {
	channels := []market.Channel{market.ChannelTicker, market.ChannelTrade, market.ChannelBook}
	for _, tc := range []struct {
		limits   Limits
		listings int
		want     []int
	}{
		{Limits{}, 0, []int{0}},
		{Limits{}, 5, []int{5}},
		{Limits{InstrumentsPerConnection: 2}, 5, []int{1, 2, 2}},
		{Limits{StreamsPerConnection: 6}, 5, []int{1, 2, 2}},
		{Limits{StreamsPerConnection: 6, InstrumentsPerConnection: 1}, 2, []int{1, 1}},
		{Limits{StreamsPerConnection: 1}, 2, []int{1, 1}}, // one instrument is the least
	} {
		var got []int
		for _, part := range tc.limits.Connections(Config{Channels: channels, Listings: make([]market.Listing, tc.listings)}) {
			got = append(got, len(part))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%+v of %d: %v, want %v", tc.limits, tc.listings, got, tc.want)
		}
	}
	if got := (Limits{}).Connections(Config{Listings: make([]market.Listing, 3)}); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("without channels nothing is followed: %v", got)
	}
}

func TestIDsKeepWhatTheyHandedOut(t *testing.T) {
	var ids IDs
	var want, got []string
	for i := range 500 {
		text := strings.Repeat(strconv.Itoa(i), i%40+1)
		if i%7 == 0 {
			text = ""
		}
		frame := []byte(text)
		want, got = append(want, text), append(got, ids.Of(Token{Text: frame, Kind: scan.String}))
		for i := range frame {
			frame[i] = 'x' // the frame is not kept
		}
	}
	if !slices.Equal(want, got) {
		t.Fatalf("got %q, want %q", got, want)
	}
	id := number("4815162342")
	if n := testing.AllocsPerRun(1000, func() { ids.Of(id) }); n > 0.1 {
		t.Errorf("%v allocations an id", n)
	}
}
