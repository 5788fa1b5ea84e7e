package upbit

import (
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// amount is money as it is read from a frame.
func amount(text string) market.Amount {
	d, _, err := market.ParseDecimalTruncated([]byte(text))
	if err != nil {
		panic(err)
	}
	return market.Amount{Decimal: d}
}

// TestStreamFee: the manual's own example, whose numbers are doubles, and others.
func TestStreamFee(t *testing.T) {
	for name, tc := range map[string]struct{ price, volume, stated, want string }{
		"the manual's":            {"0.001453", "30925891.29839369", "22.467660028283017", "22.467660028283015785"},
		"won":                     {"1375", "5.377594", "3.697095875", "3.697095875"},
		"0.139 %":                 {"140000000", "0.00123457", "240.24732199999998", "240.247322"},
		"0.25 %, in bitcoin":      {"0.00000689", "8.70827286", "1.4999999999999999E-7", ""}, // rounded by the venue: no rate
		"0.25 %, in bitcoin, all": {"0.00000689", "8.70827286", "1.4999999999999998E-07", ""},
		"nothing":                 {"140000000", "0.001", "0", "0"},
		"all of it":               {"140000000", "0.001", "140000", ""},
		"beyond reason":           {"0.00000001", "0.00000001", "170141183460469231731", ""},
	} {
		fee, ok := streamFee(market.MustPrice(tc.price), market.MustQuantity(tc.volume), amount(tc.stated))
		if ok != (tc.want != "") || ok && fee != amount(tc.want) {
			t.Errorf("%s: %v %v, want %q", name, fee, ok, tc.want)
		}
	}
}

// TestOrderFees: what is not one rate.
func TestOrderFees(t *testing.T) {
	trades := func(volumes ...string) (out []trade) {
		for i, v := range volumes {
			out = append(out, trade{id: message.ExecID(strconv.Itoa(i)), price: market.MustPrice("1000"), volume: market.MustQuantity(v)})
		}
		return out
	}
	two := []market.Decimal{market.MustDecimal("0.0005"), market.MustDecimal("0.0002")}
	for name, tc := range map[string]struct {
		trades []trade
		paid   string
		known  map[message.ExecID]market.Amount
		rates  []market.Decimal
		want   []string
		proven bool
	}{
		"none":                     {nil, "0", nil, nil, nil, true},
		"one rate":                 {trades("1", "2", "3"), "3", nil, nil, []string{"0.5", "1", "1.5"}, true},
		"taker, then maker":        {trades("1", "2", "3"), "1.5", nil, two, []string{"0.5", "0.4", "0.6"}, true},
		"taker, then maker, later": {trades("1", "2", "3"), "2.1", nil, two, []string{"0.5", "1", "0.6"}, true},
		"two rates that are not known": {trades("1", "2", "3"), "1.51", nil, nil,
			[]string{"0.251666666666666667", "0.503333333333333333", "0.755"}, false},
		"the venue rounded, one":    {trades("1"), "0.51234567891", nil, nil, []string{"0.51234567891"}, true},
		"the venue rounded, others": {trades("1", "1"), "1.0000000001", nil, nil, []string{"0.50000000005", "0.50000000005"}, false},
		"told before":               {trades("1", "1"), "0.9", map[message.ExecID]market.Amount{"0": amount("0.5")}, nil, []string{"0.5", "0.4"}, true},
		"all told before":           {trades("1"), "0.5", map[message.ExecID]market.Amount{"0": amount("0.5")}, nil, []string{"0.5"}, true},
		"nothing paid":              {trades("1", "2"), "0", nil, nil, []string{"0", "0"}, true},
	} {
		fees, proven, err := orderFees(tc.trades, amount(tc.paid), tc.known, tc.rates)
		if err != nil || proven != tc.proven || len(fees) != len(tc.want) {
			t.Fatalf("%s: %v %v %v", name, fees, proven, err)
		}
		total := market.Decimal{}
		for i, fee := range fees {
			total = sum(total, fee.Decimal)
			if fee != amount(tc.want[i]) {
				t.Errorf("%s: fees %v, want %v", name, fees, tc.want)
			}
		}
		if total != market.MustDecimal(tc.paid) {
			t.Errorf("%s: the sum is %v, paid were %s", name, total, tc.paid)
		}
	}
}

// TestFeesAgree: for any order at any rate, whatever was told by the stream before, each execution has the same
// fee from the stream's doubles and from the order's sum, and that is the true one.
func TestFeesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := []market.Decimal{
			decimalOf(t, rapid.Int64Range(0, 30_000).Draw(t, "taker"), -7), decimalOf(t, rapid.Int64Range(0, 30_000).Draw(t, "maker"), -7),
		}
		n := rapid.IntRange(1, 12).Draw(t, "executions")
		taken := rapid.IntRange(0, n).Draw(t, "taken")
		places := rapid.IntRange(-4, 0).Draw(t, "price's places")
		var trades []trade
		var truth []market.Amount
		paid := market.Decimal{}
		for i := range n {
			one := trade{
				id:     message.ExecID(fmt.Sprint(i)),
				price:  market.Price{Decimal: decimalOf(t, rapid.Int64Range(1, 200_000_000).Draw(t, "price"), places)},
				volume: market.Quantity{Decimal: decimalOf(t, rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "volume"), -8)},
			}
			rate := rates[1]
			if i < taken {
				rate = rates[0]
			}
			funds, err := market.Notional(one.price, one.volume)
			if err != nil {
				t.Fatal(err)
			}
			fee, err := funds.MulRound(rate)
			if err != nil {
				t.Fatal(err)
			}
			trades, truth, paid = append(trades, one), append(truth, market.Amount{Decimal: fee}), sum(paid, fee)

			double := amount(strconv.FormatFloat(one.price.Float64()*one.volume.Float64()*rate.Float64(), 'E', -1, 64))
			if funds.Less(market.MustDecimal("0.00005")) {
				continue // less than anybody may trade
			}
			if got, ok := streamFee(one.price, one.volume, double); ok && got != truth[i] {
				t.Errorf("the stream's fee %v became %v, want %v", double, got, truth[i])
			} else if !ok {
				t.Errorf("the stream's fee %v of %v proved no rate", double, funds)
			}
		}
		known := map[message.ExecID]market.Amount{}
		for i := range trades {
			if rapid.Bool().Draw(t, "told") {
				known[trades[i].id] = truth[i]
			}
		}
		fees, proven, err := orderFees(trades, market.Amount{Decimal: paid}, known, rates)
		if err != nil {
			t.Fatal(err)
		}
		total := market.Decimal{}
		same := true
		for i := range fees {
			total = sum(total, fees[i].Decimal)
			same = same && fees[i] == truth[i]
		}
		if total != paid && !near(total, paid, market.MustDecimal("0.00000000000000002")) {
			t.Errorf("the sum is %v, paid were %v", total, paid)
		}
		if rates[0] == rates[1] && !(proven && same) {
			t.Errorf("fees %v proven %v, want %v", fees, proven, truth)
		}
	})
}

func decimalOf(t *rapid.T, mantissa int64, exponent int) market.Decimal {
	d, err := market.NewDecimal(mantissa, exponent)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestExact: a number of the stream is believed only where no other could have been printed the same.
func TestExact(t *testing.T) {
	for text, want := range map[string]struct{ quantity, price bool }{
		"0.00000001":           {true, true},
		"0.000000001":          {false, false},
		"67108863.99999999":    {true, true},
		"67108864.5":           {false, false},
		"67553994.41072065":    {false, false}, // what 67553994.41072064 is printed as
		"140000000":            {false, true},
		"140000000.5":          {false, false},
		"9007199254740992":     {false, false},
		"23456789012.123455":   {false, false},
		"30925891.29839369":    {true, true},
		"30925891.29839369123": {false, false},
	} {
		d := market.MustDecimal(text)
		if exact(d, false) != want.quantity || exact(d, true) != want.price {
			t.Errorf("%s: %v %v, want %v", text, exact(d, false), exact(d, true), want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := decimalOf(t, rapid.Int64Range(1, 1<<54).Draw(t, "n"), -8)
		printed, err := market.ParseDecimal(strconv.FormatFloat(d.Float64(), 'g', -1, 64))
		if err != nil {
			t.Skip()
		}
		if exact(printed, false) && printed != d {
			t.Errorf("%v was printed as %v, and believed", d, printed)
		}
	})
}
