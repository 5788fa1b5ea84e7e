package market

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"
)

var (
	_ encoding.TextMarshaler   = Decimal{}
	_ encoding.TextUnmarshaler = (*Decimal)(nil)
	_ fmt.Stringer             = Decimal{}
)

const (
	maxDecimal = "170141183460469231731.687303715884105727"
	ulp        = "0.000000000000000001"
)

// ---- tables

func TestParseDecimal(t *testing.T) {
	long := strings.Repeat("0", 1_000_000)
	for _, c := range []struct {
		text, want string // want as String prints it
	}{
		{"0", "0"}, {"-0", "0"}, {"+0", "0"}, {"-0.000", "0"}, {"0e5", "0"}, {"0e999999999999999999999", "0"},
		{"1", "1"}, {"+1", "1"}, {"-1", "-1"}, {"007", "7"}, {"-007.50", "-7.5"},
		{".5", "0.5"}, {"5.", "5"}, {"-.5", "-0.5"}, {"+5.", "5"}, {"5.e1", "50"}, {".5E1", "5"},
		{"116208000", "116208000"}, {"0.00012345", "0.00012345"}, {"1343.50", "1343.5"},
		// Upbit's exponent forms.
		{"1.16539E8", "116539000"}, {"7.9276E-4", "0.00079276"}, {"1e-05", "0.00001"}, {"1E+2", "100"}, {"1e0", "1"},
		{"1e00000000000000000000002", "100"},
		// A day's turnover on Bithumb, and one of 27 significant digits.
		{"45741663716.899168282752445310", "45741663716.89916828275244531"},
		{"123456789.123456789012345678", "123456789.123456789012345678"},
		// 18 decimals, and zeros beyond them.
		{ulp, ulp}, {"-" + ulp, "-" + ulp}, {"1e-18", ulp}, {"10e-19", ulp}, {"0.0000000000000000010000", ulp},
		{"0.1234567890123456780000000000000", "0.123456789012345678"},
		// Either side of what the short reader takes: 19 letters after the sign.
		{"9999999999999999999", "9999999999999999999"}, {"-9999999999999999999", "-9999999999999999999"},
		{"99999999999999999999", "99999999999999999999"}, {".999999999999999999", "0.999999999999999999"},
		{"0.999999999999999999", "0.999999999999999999"}, {"18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "18446744073709551616"}, {"100000000000000000000", "100000000000000000000"},
		{"1e20", "100000000000000000000"}, {"1.7e20", "170000000000000000000"},
		// The ends of the range.
		{maxDecimal, maxDecimal}, {"-" + maxDecimal, "-" + maxDecimal}, {maxDecimal + "000", maxDecimal},
		{"170141183460469231731687303715884105727e-18", maxDecimal},
		// Zeros without end move nothing.
		{long + "1.5" + long, "1.5"}, {"0." + long + "1e1000001", "1"}, {"1" + long + "e-1000000", "1"},
	} {
		d, err := ParseDecimal(c.text)
		if err != nil || d.String() != c.want {
			t.Errorf("ParseDecimal(%.50q) = %s, %v; want %s", c.text, d, err, c.want)
		}
		if b, err := ParseDecimalBytes([]byte(c.text)); b != d || err != nil {
			t.Errorf("ParseDecimalBytes(%.50q) = %s, %v; want %s", c.text, b, err, d)
		}
		if b, truncated, err := ParseDecimalTruncated([]byte(c.text)); b != d || truncated || err != nil {
			t.Errorf("ParseDecimalTruncated(%.50q) = %s, %v, %v; want %s", c.text, b, truncated, err, d)
		}
		if again, err := ParseDecimal(d.String()); again != d || err != nil {
			t.Errorf("%q does not read back: %s, %v", d, again, err)
		}
	}
}

func TestParseDecimalFaults(t *testing.T) {
	for _, c := range []struct {
		cause error
		texts []string
	}{
		{ErrSyntax, []string{
			"", ".", "-", "+", "-.", "+.", "NaN", "nan", "Inf", "-Inf", "Infinity", "null", " 1", "1 ", "1_0", "0x1", "1,000",
			"1.2.3", "1..2", "--1", "+-1", "1-", "1+1", "e5", ".e5", "-e5", "1e", "1e+", "1e-", "1e5.", "1e5.5", "1ee5", "1e5e5",
			"1f", "0b1", "١", "1\x00", "\xff", "1e5 ", "12345678901234567890x", "１", "−1",
			"1.2/", "1:2", "0.00000000000000000000001x", "99999999999999999999999999999999999999999e5x",
		}},
		{ErrRange, []string{
			"170141183460469231731.687303715884105728", "-170141183460469231731.687303715884105728",
			"170141183460469231732", "200000000000000000000", "1e21", "-1e21", "1e999999999", "1e99999999999999999999999999",
			"1e18446744073709551616", "1e18446744073709551617", "1e9223372036854775808", // exponents that wrap around 64 bits
			"999999999999999999999", "1000000000000000000000", strings.Repeat("9", 400), "0.1e22",
			"340282366920938463463.374607431768211456", // 2^128 counts: must not wrap to 0
			"340282366920938463463.374607431768211457",
			"999999999999999999999.9999999999999999999999", // both faults: the greater is named
		}},
		{ErrPrecision, []string{
			"0.0000000000000000001", "1.0000000000000000001", "-1e-19", "1e-999999999", "-1e-99999999999999999999999999",
			"1e-18446744073709551616", "1e-18446744073709551617", "1e-9223372036854775808",
			"0.12345678901234567891", maxDecimal + "1", "1e-37", "123456789e-27",
		}},
	} {
		for _, text := range c.texts {
			d, err := ParseDecimal(text)
			if !errors.Is(err, c.cause) || !d.IsZero() {
				t.Errorf("ParseDecimal(%q) = %s, %v; want %v", text, d, err, c.cause)
			}
			if d, err := ParseDecimalBytes([]byte(text)); !errors.Is(err, c.cause) || !d.IsZero() {
				t.Errorf("ParseDecimalBytes(%q) = %s, %v; want %v", text, d, err, c.cause)
			}
			d, truncated, err := ParseDecimalTruncated([]byte(text))
			if c.cause == ErrPrecision {
				if err != nil || !truncated {
					t.Errorf("ParseDecimalTruncated(%q) = %s, %v, %v; want it truncated", text, d, truncated, err)
				}
			} else if !errors.Is(err, c.cause) || truncated || !d.IsZero() {
				t.Errorf("ParseDecimalTruncated(%q) = %s, %v, %v; want %v", text, d, truncated, err, c.cause)
			}
		}
	}
}

func TestParseDecimalErrorText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1.2.3", `market: parse decimal "1.2.3": invalid syntax`},
		{"", `market: parse decimal "": invalid syntax`},
		{"1e99", `market: parse decimal "1e99": value out of range`},
		{"1e-99", `market: parse decimal "1e-99": more than 18 decimals`},
		{"\xff\n", `market: parse decimal "\xff\n": invalid syntax`},
		{strings.Repeat("7", 64), `market: parse decimal "` + strings.Repeat("7", 64) + `": value out of range`},
		{strings.Repeat("7", 65), `market: parse decimal "` + strings.Repeat("7", 64) + `"...: value out of range`},
	} {
		if _, err := ParseDecimal(c.text); err == nil || err.Error() != c.want {
			t.Errorf("ParseDecimal(%q): %v; want %s", c.text, err, c.want)
		}
	}
	if _, err := MustDecimal("1").Quo(Decimal{}); err == nil || err.Error() != "market: 1 / 0: division by zero" {
		t.Errorf("1 / 0: %v", err)
	}
}

func TestParseDecimalTruncated(t *testing.T) {
	for _, c := range []struct {
		text, want string
		truncated  bool
	}{
		{"0.12345678901234567891", "0.123456789012345678", true}, // an Upbit balance of 20 decimals
		{"-0.12345678901234567891", "-0.123456789012345678", true},
		{"1.9999999999999999999999", "1.999999999999999999", true},
		{"-0.0000000000000000009", "0", true},
		{"5e-19", "0", true},
		{"1e-999999999", "0", true},
		{maxDecimal + "9", maxDecimal, true},
		{"-" + maxDecimal + "9", "-" + maxDecimal, true},
		{"1.50000000000000000000", "1.5", false},
		{"0.0000000000000000000000", "0", false},
	} {
		d, truncated, err := ParseDecimalTruncated([]byte(c.text))
		if err != nil || d.String() != c.want || truncated != c.truncated {
			t.Errorf("ParseDecimalTruncated(%q) = %s, %v, %v; want %s, %v", c.text, d, truncated, err, c.want, c.truncated)
		}
	}
}

func TestDecimalArithmetic(t *testing.T) {
	const most, half = maxDecimal, "85070591730234615865.843651857942052864" // half of max + ulp
	ops := map[string]func(a, b Decimal) (Decimal, error){
		"+": Decimal.Add, "-": Decimal.Sub, "*": Decimal.Mul, "~*": Decimal.MulRound, "/": Decimal.Quo,
		"floor": Decimal.FloorTo, "ceil": Decimal.CeilTo,
	}
	for _, c := range []struct {
		a, op, b string
		want     any // text or error
	}{
		{"0.1", "+", "0.2", "0.3"}, {"-1", "+", "1", "0"}, {most, "+", "0", most},
		{most, "+", ulp, ErrRange}, {"-" + most, "+", "-" + ulp, ErrRange}, {most, "+", most, ErrRange},
		{"-" + most, "+", "-" + most, ErrRange}, {half, "+", half, ErrRange}, {"-" + half, "+", "-" + half, ErrRange},
		{"-" + most, "+", most, "0"}, {"18.446744073709551615", "+", ulp, "18.446744073709551616"},
		{"0.3", "-", "0.1", "0.2"}, {most, "-", most, "0"}, {"-" + most, "-", ulp, ErrRange}, {most, "-", "-" + ulp, ErrRange},
		{"-" + half, "-", half, ErrRange}, {"0", "-", most, "-" + most}, {"0", "-", "-" + most, most},
		{"18.446744073709551616", "-", ulp, "18.446744073709551615"},

		{"1.5", "*", "-2", "-3"}, {"0", "*", "-2", "0"}, {most, "*", "1", most}, {most, "*", "-1", "-" + most},
		{"116208000", "*", "0.00012345", "14345.8776"}, {"1e-9", "*", "1e-9", ulp}, {"1e-9", "*", "1e-10", ErrPrecision},
		{ulp, "*", ulp, ErrPrecision}, {most, "*", "2", ErrRange}, {most, "*", most, ErrRange}, {"-" + most, "*", most, ErrRange},
		{half, "*", "2", ErrRange}, {"85070591730234615865.843651857942052863", "*", "2", "170141183460469231731.687303715884105726"},
		{"13043817825", "*", "13043817825", "170141183451787730625"}, {"13043817826", "*", "13043817826", ErrRange},
		{"1.2", "*", "0.3", "0.36"}, {"4294967296", "*", "4294967296", "18446744073709551616"},

		{"5e-18", "~*", "0.1", "0"}, {"15e-18", "~*", "0.1", "2e-18"}, {"25e-18", "~*", "0.1", "2e-18"}, {"-15e-18", "~*", "0.1", "-2e-18"},
		{"-25e-18", "~*", "0.1", "-2e-18"}, {"26e-18", "~*", "0.1", "3e-18"}, {"-5e-18", "~*", "0.1", "0"}, {most, "~*", "1.1", ErrRange},
		{"85070591730234615865.843651857942052863", "~*", "2.000000000000000001", ErrRange}, {most, "~*", "0.5", half},
		{most, "~*", most, ErrRange}, {"0.333333333333333333", "~*", "0.333333333333333333", "0.111111111111111111"},

		{"1", "/", "3", "0.333333333333333333"}, {"2", "/", "3", "0.666666666666666667"}, {"-2", "/", "3", "-0.666666666666666667"},
		{"5", "/", "10", "0.5"}, {"0", "/", "7", "0"}, {"1", "/", "0", ErrDivideByZero}, {"0", "/", "0", ErrDivideByZero},
		{ulp, "/", "2", "0"}, {"3e-18", "/", "2", "2e-18"}, {"5e-18", "/", "2", "2e-18"}, {"-3e-18", "/", "2", "-2e-18"}, {"5e-18", "/", "-2", "-2e-18"},
		{most, "/", "1", most}, {most, "/", "-1", "-" + most}, {most, "/", "0.999999999999999999", ErrRange}, {most, "/", ulp, ErrRange},
		{most, "/", most, "1"}, {"-" + most, "/", most, "-1"}, {"1", "/", most, "0"}, {most, "/", half, "2"}, {half, "/", most, "0.5"},
		{"100000000000000000000", "/", "3", "33333333333333333333.333333333333333333"}, {"1", "/", "170141183460469231731", "0"},

		{"1234.567", "floor", "0.01", "1234.56"}, {"-1234.567", "floor", "0.01", "-1234.57"}, {"1200", "floor", "50", "1200"},
		{"-1200", "floor", "50", "-1200"}, {"1249", "floor", "50", "1200"}, {"-1", "floor", "50", "-50"}, {"1", "floor", "0", ErrStep},
		{"1", "floor", "-1", ErrStep}, {most, "floor", "1", "170141183460469231731"}, {"-" + most, "floor", "1", ErrRange},
		{"-" + most, "floor", most, "-" + most}, {"-" + ulp, "floor", most, "-" + most}, {"-" + most, "floor", half, ErrRange},
		{"1234.567", "ceil", "0.01", "1234.57"}, {"-1234.567", "ceil", "0.01", "-1234.56"}, {"1201", "ceil", "50", "1250"},
		{"0", "ceil", "50", "0"}, {ulp, "ceil", "50", "50"}, {"1", "ceil", "0", ErrStep}, {most, "ceil", "1", ErrRange}, {ulp, "ceil", most, most},
	} {
		got, err := ops[c.op](MustDecimal(c.a), MustDecimal(c.b))
		switch want := c.want.(type) {
		case string:
			if err != nil || got != MustDecimal(want) {
				t.Errorf("%s %s %s = %s, %v; want %s", c.a, c.op, c.b, got, err, want)
			}
		case error:
			if !errors.Is(err, want) || !got.IsZero() {
				t.Errorf("%s %s %s = %s, %v; want %v", c.a, c.op, c.b, got, err, want)
			}
		}
	}
}

func TestDecimalOfNumbers(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 18, 19, -19, math.MaxInt64, math.MinInt64, math.MinInt64 + 1} {
		if got := DecimalFromInt(n).String(); got != strconv.FormatInt(n, 10) {
			t.Errorf("DecimalFromInt(%d) = %s", n, got)
		}
	}
	for _, c := range []struct {
		m    int64
		e    int
		want any
	}{
		{0, math.MaxInt, "0"}, {0, math.MinInt, "0"}, {125, -2, "1.25"}, {-125, -2, "-1.25"}, {1, 20, "1e20"}, {-17, 19, "-1.7e20"},
		{18, 19, ErrRange}, {1, 21, ErrRange}, {1, math.MaxInt, ErrRange}, {math.MaxInt64, 1, "92233720368547758070"},
		{math.MinInt64, 1, "-92233720368547758080"}, {math.MaxInt64, 2, ErrRange}, {math.MinInt64, -18, "-9.223372036854775808"},
		{10, -19, ulp}, {1, -18, ulp}, {1, -19, ErrPrecision}, {1_000_000_000_000_000_000, -36, ulp}, {1_000_000_000_000_000_000, -37, ErrPrecision},
		{math.MinInt64, -37, ErrPrecision}, {1, -38, ErrPrecision}, {1, math.MinInt, ErrPrecision}, {-2000, -21, "-2e-18"},
	} {
		got, err := NewDecimal(c.m, c.e)
		switch want := c.want.(type) {
		case string:
			if err != nil || got != MustDecimal(want) {
				t.Errorf("NewDecimal(%d, %d) = %s, %v; want %s", c.m, c.e, got, err, want)
			}
		case error:
			if !errors.Is(err, want) || !got.IsZero() {
				t.Errorf("NewDecimal(%d, %d) = %s, %v; want %v", c.m, c.e, got, err, want)
			}
		}
	}
	for _, c := range []struct {
		f    float64
		want any
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {0.1, "0.1"}, {-1343.5, "-1343.5"}, {1e20, "1e20"}, {1.7e20, "1.7e20"}, {1e-18, ulp},
		{1.0 / 3, "0.333333333333333300"}, {1.25e-18, ulp}, {math.SmallestNonzeroFloat64, "0"}, {-1e-300, "0"}, {1.2345678901234567e-5, "0.000012345678901234"},
		{1.8e20, ErrRange}, {math.MaxFloat64, ErrRange}, {math.NaN(), ErrSyntax}, {math.Inf(1), ErrSyntax}, {math.Inf(-1), ErrSyntax},
	} {
		got, err := DecimalFromFloat(c.f)
		switch want := c.want.(type) {
		case string:
			if err != nil || got != MustDecimal(want) {
				t.Errorf("DecimalFromFloat(%g) = %s, %v; want %s", c.f, got, err, want)
			}
		case error:
			if !errors.Is(err, want) || !got.IsZero() {
				t.Errorf("DecimalFromFloat(%g) = %s, %v; want %v", c.f, got, err, want)
			}
		}
	}
}

func TestDecimalRaw(t *testing.T) {
	lowest := MustDecimal("-" + maxDecimal)
	for _, c := range []struct {
		hi   int64
		lo   uint64
		want string
	}{
		{0, 0, "0"}, {0, 1, ulp}, {-1, math.MaxUint64, "-" + ulp}, {0, 1e18, "1"}, {1, 0, "18.446744073709551616"}, {-1, 0, "-18.446744073709551616"},
		{math.MaxInt64, math.MaxUint64, maxDecimal}, {math.MinInt64, 1, "-" + maxDecimal},
	} {
		d := DecimalFromRaw(c.hi, c.lo)
		if hi, lo := d.Raw(); d.String() != c.want || d != MustDecimal(c.want) || hi != c.hi || lo != c.lo {
			t.Errorf("DecimalFromRaw(%d, %d) = %s (%d, %d); want %s", c.hi, c.lo, d, hi, lo, c.want)
		}
	}
	if d := DecimalFromRaw(math.MinInt64, 0); d != lowest || d.Neg() != MustDecimal(maxDecimal) || d.Abs() != MustDecimal(maxDecimal) {
		t.Errorf("DecimalFromRaw of the pattern without a negative = %s", d)
	}
}

func TestDecimalRoundPlaces(t *testing.T) {
	for _, c := range []struct {
		d    string
		n    int
		want string
	}{
		{"1.005", 2, "1"}, {"1.015", 2, "1.02"}, {"1.025", 2, "1.02"}, {"-1.015", 2, "-1.02"}, {"1.0250000001", 2, "1.03"}, {"0.5", 0, "0"},
		{"1.5", 0, "2"}, {"2.5", 0, "2"}, {"-0.5", 0, "0"}, {"1234", -2, "1200"}, {"1250", -2, "1200"}, {"1350", -2, "1400"}, {"-1350", -2, "-1400"},
		{"1.234", 18, "1.234"}, {"1.234", 99, "1.234"}, {ulp, 17, "0"}, {"5e-18", 17, "0"}, {"15e-18", 17, "2e-17"},
		{maxDecimal, 0, "170141183460469231731"}, {"-" + maxDecimal, 0, "-170141183460469231731"}, // 732 is beyond the range
		{maxDecimal, 17, "170141183460469231731.68730371588410572"}, {maxDecimal, -19, "1.7e20"}, {maxDecimal, -20, "1e20"},
		{maxDecimal, -21, "0"}, {maxDecimal, math.MinInt, "0"}, {"5e19", -20, "0"}, {"5.1e19", -20, "1e20"}, {"25", -1, "20"},
	} {
		if got := MustDecimal(c.d).RoundPlaces(c.n); got != MustDecimal(c.want) {
			t.Errorf("%s.RoundPlaces(%d) = %s; want %s", c.d, c.n, got, c.want)
		}
	}
}

func TestDecimalText(t *testing.T) {
	type ticket struct {
		Last Price
		Sum  *Decimal
	}
	sum := MustDecimal("-0.50")
	data, err := json.Marshal(ticket{Price{MustDecimal("116208000.10")}, &sum})
	if want := `{"Last":"116208000.1","Sum":"-0.5"}`; err != nil || string(data) != want {
		t.Fatalf("json.Marshal = %s, %v; want %s", data, err, want)
	}
	var back ticket
	if err := json.Unmarshal(data, &back); err != nil || back.Last.Decimal != MustDecimal("116208000.1") || *back.Sum != sum {
		t.Errorf("json.Unmarshal = %v, %v", back, err)
	}
	d := MustDecimal("7")
	if err := d.UnmarshalText([]byte("x")); !errors.Is(err, ErrSyntax) || d != MustDecimal("7") {
		t.Errorf("UnmarshalText of a fault left %s, %v", d, err)
	}
	if got := string(MustDecimal("-1.5").AppendTo([]byte("px="))); got != "px=-1.5" {
		t.Errorf("AppendTo = %q", got)
	}
	if n := len(MustDecimal("-" + maxDecimal).String()); n > maxText {
		t.Errorf("the lowest number has %d letters, more than maxText", n)
	}
	if got := fmt.Sprintf("%v %s", d, Price{d}); got != "7 7" {
		t.Errorf("Sprintf = %q", got)
	}
}

func TestMustDecimalPanics(t *testing.T) {
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, ErrSyntax) {
			t.Errorf("MustDecimal panicked with %v", err)
		}
	}()
	MustDecimal("x")
}

func TestDecimalDoesNotAllocate(t *testing.T) {
	text, exp, long := []byte("-116208000.25"), []byte("1.16539E8"), []byte("45741663716.89916828275244531")
	a, b := MustDecimal("116208000.25"), MustDecimal("345.5")
	rule, price := UpbitKRWTicks(), Price{MustDecimal("1234567.8")}
	var buf [maxText]byte
	for name, f := range map[string]func(){
		"ParseDecimalBytes":          func() { _, _ = ParseDecimalBytes(text) },
		"ParseDecimalBytes exponent": func() { _, _ = ParseDecimalBytes(exp) },
		"ParseDecimalTruncated":      func() { _, _, _ = ParseDecimalTruncated(long) },
		"Add":                        func() { _, _ = a.Add(b) },
		"Mul":                        func() { _, _ = a.Mul(b) },
		"MulRound":                   func() { _, _ = a.MulRound(b) },
		"Quo":                        func() { _, _ = a.Quo(b) },
		"FloorTo":                    func() { _, _ = a.FloorTo(b) },
		"RoundPlaces":                func() { _ = a.RoundPlaces(1) },
		"Float64":                    func() { _ = a.Float64() },
		"DecimalFromFloat":           func() { _, _ = DecimalFromFloat(1234.5678) },
		"AppendTo":                   func() { _ = a.AppendTo(buf[:0]) },
		"TickRule": func() {
			_, _, _, _ = rule.Floor(price), rule.Ceil(price), rule.Next(price), rule.Prev(price)
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// ---- random numbers against apd

// exact keeps every digit of every result these tests can produce.
var exact = apd.Context{Precision: 200, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Rounding: apd.RoundDown}

// toAPD returns d by way of its raw count, so that text is not trusted here.
func toAPD(d Decimal) *apd.Decimal {
	return apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(rawBig(d)), -DecimalPlaces)
}

// rawBig returns the count of 1e-18.
func rawBig(d Decimal) *big.Int {
	hi, lo := d.Raw()
	n := new(big.Int).Lsh(big.NewInt(hi), 64)
	return n.Add(n, new(big.Int).SetUint64(lo))
}

var maxRaw = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1))

// fromBig is the reverse of rawBig; it fails with ErrRange.
func fromBig(n *big.Int) (Decimal, error) {
	if n.CmpAbs(maxRaw) > 0 {
		return Decimal{}, ErrRange
	}
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	hi, lo := new(big.Int).DivMod(n, two64, new(big.Int)) // Euclidean, so lo is not negative
	return DecimalFromRaw(hi.Int64(), lo.Uint64()), nil
}

// fromAPD returns x to 18 decimals rounded that way, and whether that lost anything.
func fromAPD(t *rapid.T, x *apd.Decimal, rounding apd.Rounder) (d Decimal, lost bool, err error) {
	ctx := exact
	ctx.Rounding = rounding
	var q apd.Decimal
	cond, err := ctx.Quantize(&q, x, -DecimalPlaces)
	if err != nil {
		t.Fatalf("oracle: quantize %s: %v", x, err)
	}
	n := new(big.Int).Set(q.Coeff.MathBigInt())
	if q.Negative {
		n.Neg(n)
	}
	d, err = fromBig(n)
	return d, cond.Inexact(), err
}

// source draws numbers for one rapid check: most from a generator that rapid seeds, because
// rapid's own integers lean toward few bits, some from rapid, which can make those smaller when
// they fail.
type source struct {
	*rand.Rand
	t *rapid.T
}

func newSource(t *rapid.T) source {
	return source{rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "seed2"))), t}
}

// perCheck is how many cases one rapid check (of 100 by default) holds.
const perCheck = 350

// between returns a number from lo to hi.
func (s source) between(lo, hi int) int { return lo + s.IntN(hi-lo+1) }

// decimal returns numbers of every size, and those where carries and borrows happen.
func (s source) decimal() Decimal {
	var n *big.Int
	power := func(base int64, exp int) *big.Int {
		return new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(exp)), nil)
	}
	switch kind := s.IntN(20); {
	case kind == 0:
		n = big.NewInt(rapid.Int64().Draw(s.t, "count"))
	case kind < 8: // any bits, every length equally likely
		n = new(big.Int).Lsh(new(big.Int).SetUint64(s.Uint64()), 64)
		n.Add(n, new(big.Int).SetUint64(s.Uint64()))
		n.Rsh(n, uint(s.between(1, 128)))
	case kind < 11: // about a power of two
		n = power(2, s.between(0, 127))
		n.Add(n, big.NewInt(int64(s.between(-3, 3))))
	case kind < 13: // about a power of ten
		n = power(10, s.between(0, 38))
		n.Add(n, big.NewInt(int64(s.between(-3, 3))))
	default: // what venues send: few digits, few decimals
		n = power(10, s.between(6, 20))
		n.Mul(n, big.NewInt(s.Int64N(power(10, s.between(0, 10)).Int64())))
	}
	n.Abs(n)
	if n.Cmp(maxRaw) > 0 {
		n.Set(maxRaw)
	}
	if s.IntN(2) == 0 {
		n.Neg(n)
	}
	d, err := fromBig(n)
	if err != nil {
		s.t.Fatalf("draw: %v", err)
	}
	return d
}

// digits returns 0 to 28 digits, often with zeros at either end.
func (s source) digits() string {
	b := make([]byte, s.between(0, 22))
	for i := range b {
		b[i] = byte('0' + s.IntN(10))
	}
	return strings.Repeat("0", s.between(0, 3)) + string(b) + strings.Repeat("0", s.between(0, 3))
}

// pick returns one of them.
func pick[T any](s source, of ...T) T { return of[s.IntN(len(of))] }

// agree compares a result with the oracle's.
func agree(t *rapid.T, a Decimal, op string, b, got Decimal, err error, want Decimal, wantErr error) {
	t.Helper()
	if wantErr != nil {
		want = Decimal{}
	}
	if got != want || !errors.Is(err, wantErr) || (err == nil) != (wantErr == nil) {
		t.Fatalf("%s %s %s = %s, %v; want %s, %v", a, op, b, got, err, want, wantErr)
	}
}

func TestDecimalArithmeticAgainstAPD(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(t)
		for range perCheck {
			a, b := src.decimal(), src.decimal()
			x, y := toAPD(a), toAPD(b)
			var z apd.Decimal

			_, _ = exact.Add(&z, x, y)
			want, _, wantErr := fromAPD(t, &z, apd.RoundDown)
			got, err := a.Add(b)
			agree(t, a, "+", b, got, err, want, wantErr)

			_, _ = exact.Sub(&z, x, y)
			want, _, wantErr = fromAPD(t, &z, apd.RoundDown)
			got, err = a.Sub(b)
			agree(t, a, "-", b, got, err, want, wantErr)

			_, _ = exact.Mul(&z, x, y)
			want, lost, wantErr := fromAPD(t, &z, apd.RoundDown)
			if wantErr == nil && lost {
				wantErr = ErrPrecision
			}
			got, err = a.Mul(b)
			agree(t, a, "*", b, got, err, want, wantErr)

			want, _, wantErr = fromAPD(t, &z, apd.RoundHalfEven)
			got, err = a.MulRound(b)
			agree(t, a, "~*", b, got, err, want, wantErr)

			got, err = a.Quo(b)
			if b.IsZero() {
				agree(t, a, "/", b, got, err, Decimal{}, ErrDivideByZero)
			} else {
				// Cutting at 200 digits cannot make or hide a tie: the rest of a division by less than
				// 2^127 shows within 39 digits.
				_, _ = exact.Quo(&z, x, y)
				want, _, wantErr = fromAPD(t, &z, apd.RoundHalfEven)
				agree(t, a, "/", b, got, err, want, wantErr)
			}

			if got, want := a.Cmp(b), x.Cmp(y); got != want || a.Less(b) != (want < 0) || (a == b) != (want == 0) {
				t.Fatalf("%s.Cmp(%s) = %d; want %d", a, b, got, want)
			}
			lesser, greater := a, b
			if x.Cmp(y) > 0 {
				lesser, greater = b, a
			}
			if a.Min(b) != lesser || a.Max(b) != greater {
				t.Fatalf("of %s and %s: Min %s, Max %s", a, b, a.Min(b), a.Max(b))
			}
			if a.Sign() != x.Sign() || a.IsZero() != x.IsZero() {
				t.Fatalf("%s: Sign %d, IsZero %v", a, a.Sign(), a.IsZero())
			}
			if got := rawBig(a.Neg()); got.Neg(got).Cmp(rawBig(a)) != 0 {
				t.Fatalf("%s.Neg() = %s", a, a.Neg())
			}
			if rawBig(a.Abs()).CmpAbs(rawBig(a)) != 0 || a.Abs().Sign() < 0 {
				t.Fatalf("%s.Abs() = %s", a, a.Abs())
			}
		}
	})
}

func TestDecimalTextAgainstAPD(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(t)
		for range perCheck {
			d := src.decimal()
			var reduced apd.Decimal
			reduced.Reduce(toAPD(d))
			text := d.String()
			if want := reduced.Text('f'); text != want {
				t.Fatalf("raw %s: String = %s; want %s", rawBig(d), text, want)
			}
			back, err := ParseDecimal(text)
			if back != d || err != nil {
				t.Fatalf("ParseDecimal(%q) = %s, %v", text, back, err)
			}
			_, frac, _ := strings.Cut(text, ".")
			if d.Places() != len(frac) {
				t.Fatalf("%s.Places() = %d", d, d.Places())
			}
			want, err := strconv.ParseFloat(text, 64)
			if got := d.Float64(); got != want || err != nil || math.Signbit(got) != (d.Sign() < 0) {
				t.Fatalf("%s.Float64() = %v; want %v", d, got, want)
			}
			// 15 digits survive the way through a float64 and back.
			if n := new(big.Int).Abs(rawBig(d)); reduced.NumDigits() <= 15 && n.Sign() > 0 {
				if back, err := DecimalFromFloat(d.Float64()); back != d || err != nil {
					t.Fatalf("DecimalFromFloat(%s.Float64()) = %s, %v", d, back, err)
				}
			}
		}
	})
}

func TestParseDecimalAgainstAPD(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(t)
		for range perCheck {
			text := pick(src, "", "", "-", "+") + src.digits()
			if src.IntN(2) == 0 {
				text += "." + src.digits()
			}
			if src.IntN(4) == 0 {
				text += pick(src, "e", "E", "e+", "E-", "e-0") + strconv.Itoa(src.between(0, 45))
			}
			got, err := ParseDecimal(text)
			cut, truncated, cutErr := ParseDecimalTruncated([]byte(text))
			x, _, apdErr := apd.NewFromString(text)
			if apdErr != nil {
				agree(t, Decimal{}, text, Decimal{}, got, err, Decimal{}, ErrSyntax)
				agree(t, Decimal{}, text, Decimal{}, cut, cutErr, Decimal{}, ErrSyntax)
				continue
			}
			want, lost, wantErr := fromAPD(t, x, apd.RoundDown)
			agree(t, Decimal{}, text, Decimal{}, cut, cutErr, want, wantErr)
			if truncated != (lost && wantErr == nil) {
				t.Fatalf("ParseDecimalTruncated(%q): truncated = %v", text, truncated)
			}
			if wantErr == nil && lost {
				wantErr = ErrPrecision
			}
			agree(t, Decimal{}, text, Decimal{}, got, err, want, wantErr)
		}
	})
}

func TestDecimalRoundingAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(t)
		for range perCheck {
			d, step := src.decimal(), src.decimal().Abs()
			if step.IsZero() {
				continue
			}
			n, s := rawBig(d), rawBig(step)
			r := new(big.Int).Mod(n, s) // Euclidean
			floor := new(big.Int).Sub(n, r)
			want, wantErr := fromBig(floor)
			got, err := d.FloorTo(step)
			agree(t, d, "floor", step, got, err, want, wantErr)

			if r.Sign() != 0 {
				floor.Add(floor, s)
			}
			want, wantErr = fromBig(floor)
			got, err = d.CeilTo(step)
			agree(t, d, "ceil", step, got, err, want, wantErr)

			if d.IsMultipleOf(step) != (r.Sign() == 0) || d.IsMultipleOf(step.Neg()) || d.IsMultipleOf(Decimal{}) {
				t.Fatalf("%s.IsMultipleOf(±%s)", d, step)
			}

			places := src.between(-22, 20)
			var q apd.Decimal
			ctx := exact
			ctx.Rounding = apd.RoundHalfEven
			if _, err := ctx.Quantize(&q, toAPD(d), int32(-places)); err != nil {
				t.Fatalf("oracle: %v", err)
			}
			want, _, wantErr = fromAPD(t, &q, apd.RoundDown)
			if wantErr != nil { // away from zero would leave the range
				ctx.Rounding = apd.RoundDown
				_, _ = ctx.Quantize(&q, toAPD(d), int32(-places))
				want, _, _ = fromAPD(t, &q, apd.RoundDown)
			}
			if got := d.RoundPlaces(places); got != want {
				t.Fatalf("%s.RoundPlaces(%d) = %s; want %s", d, places, got, want)
			}

			m := int64(src.Uint64()) >> src.between(0, 63)
			e := src.between(-40, 25)
			want, lost, wantErr := fromAPD(t, apd.New(m, int32(e)), apd.RoundDown)
			if wantErr == nil && lost {
				wantErr = ErrPrecision
			}
			got, err = NewDecimal(m, e)
			agree(t, DecimalFromInt(m), fmt.Sprintf("e%d", e), Decimal{}, got, err, want, wantErr)
		}
	})
}

// TestQuoRem divides words at which the guess of a quotient word goes wrong.
func TestQuoRem(t *testing.T) {
	words := []uint64{0, 1, 2, 1 << 32, 1<<63 - 1, 1 << 63, 1<<63 + 1, math.MaxUint64 - 1, math.MaxUint64, unit}
	join := func(w ...uint64) *big.Int {
		n := new(big.Int)
		for _, x := range w {
			n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(x))
		}
		return n
	}
	for _, n2 := range words {
		for _, n1 := range words {
			for _, n0 := range words {
				for _, d1 := range words {
					for _, d0 := range words {
						if d1|d0 == 0 {
							continue
						}
						q, r := new(big.Int).QuoRem(join(n2, n1, n0), join(d1, d0), new(big.Int))
						qh, ql, rh, rl, ok := quoRem(n2, n1, n0, d1, d0)
						if ok != (q.BitLen() <= 128) {
							t.Fatalf("%x %x %x / %x %x: ok = %v", n2, n1, n0, d1, d0, ok)
						}
						if ok && (join(qh, ql).Cmp(q) != 0 || join(rh, rl).Cmp(r) != 0) {
							t.Fatalf("%x %x %x / %x %x = %x %x rest %x %x", n2, n1, n0, d1, d0, qh, ql, rh, rl)
						}
					}
				}
			}
		}
	}
}

// TestDecimalMulWords multiplies words at which carries run through, and products about the
// 10^18 × 2^128 that no longer divide into two words.
func TestDecimalMulWords(t *testing.T) {
	highs := []int64{0, 1, 2, 3, 1<<32 - 1, 1 << 32, 1e9 - 1, 1e9, 1e9 + 1, 1 << 62, 1<<62 + 1, math.MaxInt64 - 1, math.MaxInt64}
	lows := []uint64{0, 1, 2, 1<<32 - 1, 1 << 63, unit - 1, unit, math.MaxUint64 - 1, math.MaxUint64}
	for _, ah := range highs {
		for _, al := range lows {
			for _, bh := range highs {
				for _, bl := range lows {
					a, b := DecimalFromRaw(ah, al), DecimalFromRaw(bh, bl)
					q, r := new(big.Int).Mul(rawBig(a), rawBig(b)), new(big.Int)
					q.QuoRem(q, big.NewInt(unit), r)
					want, cause := fromBig(q)
					if cause == nil && r.Sign() != 0 {
						want, cause = Decimal{}, ErrPrecision
					}
					if got, err := a.Mul(b); got != want || !errors.Is(err, cause) || (err == nil) != (cause == nil) {
						t.Fatalf("%s * %s = %s, %v; want %s, %v", a, b, got, err, want, cause)
					}
				}
			}
		}
	}
}

// TestDecimalFloat64Ties takes numbers half way between two floats, and one 1e-18 beside.
func TestDecimalFloat64Ties(t *testing.T) {
	cases := 0
	for _, odd := range []int64{1<<53 + 1, 1<<53 + 3, 1<<54 - 1, 1<<53 + 1<<30 + 1} { // 54 bits: a tie
		for shift := -13; shift <= 18; shift++ { // odd / 2^shift, a whole count of 1e-18
			n := new(big.Int).Mul(big.NewInt(odd), big.NewInt(unit))
			if shift < 0 {
				n.Lsh(n, uint(-shift))
			} else {
				n.Rsh(n, uint(shift))
			}
			for off := int64(-1); off <= 1; off++ {
				d, err := fromBig(new(big.Int).Add(n, big.NewInt(off)))
				if err != nil {
					continue
				}
				cases++
				want, err := strconv.ParseFloat(d.String(), 64)
				if got := d.Float64(); got != want || err != nil {
					t.Errorf("%s.Float64() = %b; want %b", d, got, want)
				}
				if got := d.Neg().Float64(); got != -want {
					t.Errorf("%s.Float64() = %b; want %b", d.Neg(), got, -want)
				}
			}
		}
	}
	if cases < 300 {
		t.Errorf("only %d cases fit", cases)
	}
}

// ---- fuzz

var numberForm = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$`)

// referenceParse is ParseDecimalTruncated by regexp and math/big.
func referenceParse(text string) (d Decimal, truncated bool, err error) {
	m := numberForm.FindStringSubmatch(text)
	if m == nil || m[2]+m[3] == "" {
		return Decimal{}, false, ErrSyntax
	}
	n, _ := new(big.Int).SetString(m[2]+m[3], 10)
	if n.Sign() == 0 {
		return Decimal{}, false, nil
	}
	exp := new(big.Int)
	if m[4] != "" {
		exp.SetString(m[4], 10)
	}
	exp.Add(exp, big.NewInt(int64(DecimalPlaces-len(m[3]))))
	limit := big.NewInt(int64(len(text) + 100))
	switch {
	case exp.Cmp(limit) > 0:
		return Decimal{}, false, ErrRange
	case exp.CmpAbs(limit) > 0:
		return Decimal{}, true, nil
	case exp.Sign() >= 0:
		n.Mul(n, new(big.Int).Exp(big.NewInt(10), exp, nil))
	default:
		r := new(big.Int)
		n.QuoRem(n, new(big.Int).Exp(big.NewInt(10), exp.Neg(exp), nil), r)
		truncated = r.Sign() != 0
	}
	if m[1] == "-" {
		n.Neg(n)
	}
	if d, err = fromBig(n); err != nil {
		truncated = false
	}
	return d, truncated, err
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{
		"", ".", "-", "0", "-0", "+1", "116208000", "1343.5", "-0.00012345", ".5", "5.", "1.16539E8", "7.9276E-4", "1e-05",
		"1e999999999", "1e-999999999", "0e999999999999999999999999", "9999999999999999999", "99999999999999999999",
		"0.12345678901234567891", "45741663716.89916828275244531", maxDecimal, "-" + maxDecimal, maxDecimal + "1",
		"170141183460469231731.687303715884105728", "340282366920938463463.374607431768211456", "1e20", "1e21", "1.7e20",
		"0.0000000000000000010000", "0.00000000000000000000001e5", "000000000000000000000000000000000000000001",
		"NaN", "Inf", " 1", "1_0", "0x1", "1.2.3", "1e", "1e+", "--1", "1e5e5", "\xff", "１",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		want, lost, cause := referenceParse(text)
		got, truncated, err := ParseDecimalTruncated([]byte(text))
		if got != want || truncated != lost || !errors.Is(err, cause) || (err == nil) != (cause == nil) {
			t.Fatalf("ParseDecimalTruncated(%q) = %s, %v, %v; want %s, %v, %v", text, got, truncated, err, want, lost, cause)
		}
		if cause == nil && lost {
			want, cause = Decimal{}, ErrPrecision
		}
		for _, parse := range []func() (Decimal, error){
			func() (Decimal, error) { return ParseDecimal(text) },
			func() (Decimal, error) { return ParseDecimalBytes([]byte(text)) },
		} {
			if d, err := parse(); d != want || !errors.Is(err, cause) || (err == nil) != (cause == nil) {
				t.Fatalf("ParseDecimal(%q) = %s, %v; want %s, %v", text, d, err, want, cause)
			}
		}
		if back, err := ParseDecimal(got.String()); back != got || err != nil {
			t.Fatalf("%q does not read back: %s, %v", got, back, err)
		}
	})
}

// ---- benchmarks, each beside apd

var benchTexts = []string{"116208000", "0.00012345", "3715000.5", "0.3313", "65432.10000000", "1343.5", "-8600.25", "0.01775026"}

func BenchmarkParseDecimal(b *testing.B) {
	raw := make([][]byte, len(benchTexts))
	for i, text := range benchTexts {
		raw[i] = []byte(text)
	}
	b.Run("decimal", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := ParseDecimalBytes(raw[i%len(raw)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("apd", func(b *testing.B) {
		b.ReportAllocs()
		var d apd.Decimal
		for i := 0; b.Loop(); i++ {
			if _, _, err := d.SetString(benchTexts[i%len(benchTexts)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, text := range map[string]string{"exponent": "1.16539E8", "29 letters": "45741663716.89916828275244531"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for raw := []byte(text); b.Loop(); {
				if _, _, err := ParseDecimalTruncated(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchOp times an operation on a price and a quantity, and its counterpart.
func benchOp(b *testing.B, op func(x, y Decimal) (Decimal, error), other func(z, x, y *apd.Decimal) (apd.Condition, error)) {
	x, y := MustDecimal("65432.1"), MustDecimal("345.00012")
	b.Run("decimal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := op(x, y); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("apd", func(b *testing.B) {
		b.ReportAllocs()
		ax, _, _ := apd.NewFromString(x.String())
		ay, _, _ := apd.NewFromString(y.String())
		var z apd.Decimal
		for b.Loop() {
			if _, err := other(&z, ax, ay); err != nil {
				b.Fatal(err)
			}
		}
	})
}

var apd38 = apd.BaseContext.WithPrecision(38)

func BenchmarkAdd(b *testing.B) { benchOp(b, Decimal.Add, apd38.Add) }
func BenchmarkMul(b *testing.B) { benchOp(b, Decimal.Mul, apd38.Mul) }
func BenchmarkQuo(b *testing.B) { benchOp(b, Decimal.Quo, apd38.Quo) }

func BenchmarkAppend(b *testing.B) {
	x := MustDecimal("65432.12345678")
	b.Run("decimal", func(b *testing.B) {
		b.ReportAllocs()
		for buf := make([]byte, 0, maxText); b.Loop(); {
			buf = x.AppendTo(buf[:0])
		}
	})
	b.Run("apd", func(b *testing.B) {
		b.ReportAllocs()
		ax, _, _ := apd.NewFromString(x.String())
		for buf := make([]byte, 0, maxText); b.Loop(); {
			buf = ax.Append(buf[:0], 'f')
		}
	})
}

func BenchmarkFloat64(b *testing.B) {
	x := MustDecimal("65432.12345678")
	b.Run("decimal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x.Float64()
		}
	})
	b.Run("apd", func(b *testing.B) {
		b.ReportAllocs()
		for ax, _, _ := apd.NewFromString(x.String()); b.Loop(); {
			_, _ = ax.Float64()
		}
	})
}

// Eight decimals are read at once: every letter at every place of them must be judged as if they
// were read one after the other, which is what a ninth decimal or an exponent of 0 makes of them.
func TestParseDecimalEightAtOnce(t *testing.T) {
	for at := range 8 {
		for c := range 256 {
			text := []byte("12.98765432")
			text[3+at] = byte(c)
			got, err := ParseDecimalBytes(text)
			if isDigit := c >= '0' && c <= '9'; isDigit {
				whole := slices.Concat([]byte("12"), text[3:])
				n, convErr := strconv.ParseInt(string(whole), 10, 64)
				want, newErr := NewDecimal(n, -8)
				if err != nil || convErr != nil || newErr != nil || got != want {
					t.Fatalf("%q: %v, %v; want %v", text, got, err, want)
				}
			} else if c != 'e' && c != 'E' && !errors.Is(err, ErrSyntax) {
				t.Fatalf("%q: %v, %v; want a fault of syntax", text, got, err)
			}
		}
	}
	for text, want := range map[string]string{
		"0.99999999": "0.99999999", "9.999999999999999999": "9.999999999999999999", "0.00000000": "0",
		"-1.000000010000000": "-1.00000001", "1.12345678e1": "11.2345678", "1.1234567E0": "1.1234567", ".12345678": "0.12345678",
	} {
		if got, err := ParseDecimal(text); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
}
