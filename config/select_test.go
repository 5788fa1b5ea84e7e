package config

import (
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

func TestPatternMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern  Pattern
		yes, not string
	}{
		{"*-KRW", "BTC-KRW 005930-KRW", "BTC-USDT KRW-USDT BTC-KRW-PERP BTC-KRWX"},
		{"BTC-*", "BTC-KRW BTC-USDT", "WBTC-KRW BTCUP-KRW BTC-USDT-PERP"},
		{"*", "BTC-KRW", "BTC-USDT-PERP BTC-USD-210924-42000-P"},
		{"*-*", "BTC-KRW", "BTC-USDT-PERP"},
		{"*UP-USDT", "BTCUP-USDT UP-USDT UPUP-USDT", "BTCUPX-USDT BTCUP-USDC UPBTC-USDT"},
		{"1*0-*", "1000-KRW 10-KRW 1SHIB0-KRW", "1000SHIB-KRW 0-KRW 1-KRW"},
		{"A*B*C-*", "ABC-KRW AXBXC-KRW ABBCC-KRW", "ABCD-KRW AC-KRW ACB-KRW"},
		{"*-USD*", "BTC-USD BTC-USDT BTC-USDC", "BTC-TUSD"},
		{"!DOGE-KRW", "DOGE-KRW", "BTC-KRW"},
		{"!*", "BTC-KRW", "BTC-USDT-PERP"},
	} {
		for _, name := range strings.Fields(tt.yes) {
			if !tt.pattern.Matches(market.MustInstrument("upbit", name)) {
				t.Errorf("%s does not match %s", tt.pattern, name)
			}
		}
		for _, name := range strings.Fields(tt.not) {
			if tt.pattern.Matches(market.MustInstrument("upbit", name)) {
				t.Errorf("%s matches %s", tt.pattern, name)
			}
		}
	}
}

// venueWith is a venue that follows that; names and patterns stand apart.
func venueWith(names, patterns string) *Venue {
	v := &Venue{Name: "upbit", Adapter: "upbit"}
	for _, name := range strings.Fields(names) {
		v.Instruments = append(v.Instruments, market.MustInstrument("upbit", name))
	}
	for _, p := range strings.Fields(patterns) {
		v.Patterns = append(v.Patterns, Pattern(p))
	}
	return v
}

func listings(names string) []market.Listing {
	var all []market.Listing
	for _, name := range strings.Fields(names) {
		i := market.MustInstrument("upbit", name)
		all = append(all, market.Listing{Instrument: i, Symbol: i.Quote() + "-" + i.Base()})
	}
	return all
}

func namesOf(listed []market.Listing) string {
	names := make([]string, len(listed))
	for i, l := range listed {
		names[i] = l.Instrument.Name()
	}
	return strings.Join(names, " ")
}

const listed = "XRP-KRW BTC-KRW DOGE-KRW ETH-KRW ETH-BTC XRP-BTC BTC-USDT BTCUP-USDT"

func TestSelect(t *testing.T) {
	for _, tt := range []struct{ names, patterns, want string }{
		{"", "", listed},
		{"XRP-KRW BTC-KRW", "", "XRP-KRW BTC-KRW"},
		{"", "*-KRW", "BTC-KRW DOGE-KRW ETH-KRW XRP-KRW"},
		{"", "*-KRW !DOGE-KRW", "BTC-KRW ETH-KRW XRP-KRW"},
		{"", "!DOGE-KRW *-KRW", "BTC-KRW ETH-KRW XRP-KRW"}, // wherever it stands
		{"XRP-KRW", "*-KRW BTC-*", "XRP-KRW BTC-KRW BTC-USDT DOGE-KRW ETH-KRW"},
		{"", "* !*-KRW !*UP-*", "BTC-USDT ETH-BTC XRP-BTC"},
		{"", "*-KRW !GONE-KRW", "BTC-KRW DOGE-KRW ETH-KRW XRP-KRW"}, // what is gone need not be taken out
	} {
		got, err := venueWith(tt.names, tt.patterns).Select(listings(listed))
		if err != nil || namesOf(got) != tt.want {
			t.Errorf("%q %q: got %s (%v), want %s", tt.names, tt.patterns, namesOf(got), err, tt.want)
		}
	}
}

func TestSelectFaults(t *testing.T) {
	for _, tt := range []struct {
		names, patterns string
		want            []string
	}{
		{"BTC-KWR", "", []string{`BTC-KWR is not traded there now: did you mean BTC-KRW?`, "it lists 8 instruments"}},
		{"KRW-BTC", "", []string{`did you mean BTC-KRW?`}},
		{"ZZZZZZ-EUR", "", []string{`ZZZZZZ-EUR is not traded there now: take it out of the configuration, or mend it`}},
		{"", "*-KWR", []string{`nothing that is traded there now matches "*-KWR": did you mean *-KRW?`}},
		{"", "BTX-*", []string{`matches "BTX-*": did you mean BTC-*?`}},
		{"", "*-EUR", []string{`matches "*-EUR": take it out`}},
		{"", "*-KRW !*-KRW", []string{"the exclusions leave nothing"}},
		{"DOGE-KWR", "ETH-* *-EUR", []string{"DOGE-KWR", `"*-EUR"`}}, // all at once
	} {
		got, err := venueWith(tt.names, tt.patterns).Select(listings(listed))
		if err == nil {
			t.Errorf("%q %q: got %s, want a fault", tt.names, tt.patterns, namesOf(got))
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q %q: want %q in:\n%v", tt.names, tt.patterns, want, err)
			}
		}
	}
	many := venueWith(strings.Repeat("GONE-KRW ", 1000), "")
	if _, err := many.Select(listings(listed)); err == nil || strings.Count(err.Error(), "\n") > selectFaultsMax {
		t.Errorf("a thousand faults are not bounded: %v", err)
	}
}

func TestIdleExclusions(t *testing.T) {
	v := venueWith("", "*-KRW !DOGE-KRW !DOGE-KWR")
	if got := v.Idle(listings(listed)); len(got) != 1 || got[0] != "!DOGE-KWR" {
		t.Errorf("got %v", got)
	}
}

func TestKeptTickerFields(t *testing.T) {
	if got := (&Venue{}).KeptTickerFields(); got != 0 {
		t.Errorf("none given: %b, want all", got)
	}
	v := &Venue{TickerFields: []string{"timestamp", "trade_price", "signed_change_rate"}}
	if got, want := v.KeptTickerFields(), message.HasTrade|message.HasChangeRate; got != want {
		t.Errorf("got %b, want %b", got, want)
	}
	all := &Venue{TickerFields: tickerFieldNames()}
	if got := all.KeptTickerFields(); got != 1<<8-1 {
		t.Errorf("all: %b", got)
	}
}
