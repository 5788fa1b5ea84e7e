package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// instrumentKind is an instrument as venue:NAME.
func instrumentKind() kind[market.Instrument] {
	const want = "an instrument as venue:BASE-QUOTE, such as \"upbit:BTC-KRW\""
	return kind[market.Instrument]{
		want: want,
		read: func(r *reader, path string, raw any) (none market.Instrument, _ bool) {
			text, _ := raw.(string)
			i, err := market.ParseInstrument(text)
			if err != nil {
				hint := ""
				if strings.ToUpper(text) != text && strings.Contains(text, "-") {
					hint = "the name in capitals, behind the venue's name and a colon"
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return none, false
			}
			return i, true
		},
		format: func(i market.Instrument) string { return quote(i.String()) },
	}
}

// selector is a name or a pattern of venue.instruments; one of the two is set.
type selector struct {
	instrument market.Instrument // of a venue without name until finishVenue knows it
	pattern    Pattern
}

// selectorKind is a name, a pattern or an exclusion.
func selectorKind() kind[selector] {
	const want = "an instrument as BASE-QUOTE in capitals, such as \"BTC-KRW\", or a pattern, such as \"*-KRW\" or \"!DOGE-KRW\""
	return kind[selector]{
		want: want,
		read: func(r *reader, path string, raw any) (none selector, _ bool) {
			text, _ := raw.(string)
			if strings.HasPrefix(text, "!") || strings.Contains(text, "*") {
				if hint, ok := patternRule(text); !ok {
					r.fault(path, "want "+want, describe(raw), hint)
					return none, false
				}
				return selector{pattern: Pattern(text)}, true
			}
			i, err := market.NewInstrument(venueUnnamed, text)
			if err != nil {
				r.fault(path, "want "+want, describe(raw), canonicalHint(text))
				return none, false
			}
			return selector{instrument: i}, true
		},
		format: func(s selector) string {
			if s.pattern != "" {
				return quote(string(s.pattern))
			}
			return quote(s.instrument.Name())
		},
	}
}

// instrumentsKey is venue.instruments: names, whose venue stands beside them, and patterns. Read,
// both lists of the Venue have a place for each entry of the file, empty in one of them, until
// finishVenue has judged them by their places.
func instrumentsKey() key[Venue] {
	k := list(selectorKind(), 1, instrumentsMax)
	return key[Venue]{
		name: "instruments", want: k.want,
		doc: "Instruments to follow: canonical names (what is traded, a dash, what is paid) and patterns over the venue's own list, read at every start. In a pattern * stands for any letters and digits, never for the dash: \"*-KRW\", \"BTC-*\", \"*\" for all. With ! in front it takes out, wherever it stands. Not needed with the adapter sim, which follows all it has.",
		read: func(r *reader, path string, raw any, v *Venue) {
			selectors, ok := k.read(r, path, raw)
			if !ok {
				return
			}
			v.Instruments, v.Patterns = make([]market.Instrument, len(selectors)), make([]Pattern, len(selectors))
			for i, s := range selectors {
				v.Instruments[i], v.Patterns[i] = s.instrument, s.pattern
			}
		},
		show: func(v *Venue) string {
			selectors := make([]selector, 0, len(v.Instruments)+len(v.Patterns))
			for _, i := range v.Instruments {
				selectors = append(selectors, selector{instrument: i})
			}
			for _, p := range v.Patterns {
				selectors = append(selectors, selector{pattern: p})
			}
			return k.format(selectors)
		},
	}.otherwise("all of the sim; required elsewhere", `["BTC-KRW", "ETH-KRW"]`)
}

const venueUnnamed market.Venue = "unnamed"

// quotes are currencies in which venues quote, longest first, to guess what a symbol means.
var quotes = []string{"USDT", "USDC", "FDUSD", "BUSD", "KRW", "USD", "EUR", "BTC", "ETH", "BNB", "JPY"}

// canonicalHint guesses the canonical name of a venue's own symbol: BTCUSDT, KRW-BTC, btc_krw.
func canonicalHint(text string) string {
	if len(text) > 40 {
		return ""
	}
	upper := strings.NewReplacer("_", "-", "/", "-", ":", "-").Replace(strings.ToUpper(text))
	if !strings.Contains(upper, "-") {
		for _, quote := range quotes {
			if base, ok := strings.CutSuffix(upper, quote); ok && base != "" {
				upper = base + "-" + quote
				break
			}
		}
	}
	if _, err := market.NewInstrument(venueUnnamed, upper); err != nil {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", upper)
}

// swapped returns the canonical name of an Upbit symbol, whose quote stands first; "" if the name
// is not one.
func swapped(i market.Instrument) string {
	if (i.Base() == "KRW" || i.Base() == "USDT") && i.IsSpot() && i.Quote() != "KRW" {
		return i.Quote() + "-" + i.Base()
	}
	return ""
}

// speedKind is "1x", "2.5x" or "max".
func speedKind() kind[Speed] {
	const want = "\"1x\" to \"1000000x\" (fractions too, from \"0.001x\") or \"max\""
	return kind[Speed]{
		want: want,
		read: func(r *reader, path string, raw any) (Speed, bool) {
			text, ok := raw.(string)
			if text == "max" {
				return SpeedMax, true
			}
			number, x := strings.CutSuffix(text, "x")
			f, err := strconv.ParseFloat(number, 64)
			if !ok || !x || err != nil || !(f >= 0.001 && f <= 1e6) {
				hint := ""
				switch raw.(type) {
				case int64, float64:
					hint = fmt.Sprintf("did you mean %q?", fmt.Sprint(raw)+"x")
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return 0, false
			}
			return Speed(f), true
		},
		format: func(s Speed) string { return quote(s.String()) },
	}
}

// String writes s as in the file: "10x" or "max".
func (s Speed) String() string {
	if s == SpeedMax {
		return "max"
	}
	return strconv.FormatFloat(float64(s), 'f', -1, 64) + "x"
}

// MarshalText writes what String prints, for JSON.
func (s Speed) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// featureName is the shape of a feature's name; which ones there are the state knows.
var featureName = rule{
	want: "the name of a feature, such as \"price\" or \"min_5m\"",
	hint: func(text string) (string, bool) {
		return "letters a-z, digits and _", featurePattern.MatchString(text)
	},
}

var featurePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// rangeEnd is a feature or a number, kept as text.
func rangeEnd() kind[string] {
	k := word[string](rule{
		want: "the name of a feature, such as \"min_5m\", or a number",
		hint: func(text string) (string, bool) {
			f, err := strconv.ParseFloat(text, 64)
			if err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && !strings.ContainsAny(text, "_xX") {
				return "", true
			}
			return featureName.hint(text)
		},
	})
	inner := k.read
	k.read = func(r *reader, path string, raw any) (string, bool) {
		switch v := raw.(type) {
		case int64:
			raw = strconv.FormatInt(v, 10)
		case float64:
			raw = strconv.FormatFloat(v, 'f', -1, 64)
		}
		return inner(r, path, raw)
	}
	return k
}
