package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// tickerFields are the figures of a ticker, by the names that they have in messages, and the
// features that engines read of each.
var tickerFields = []struct {
	name    string
	bit     message.TickerField // 0: always kept
	feature string              // "" if it has none of its own
}{
	{"timestamp", 0, ""},
	{"opening_price", message.HasOpening, "open"},
	{"trade_price", message.HasTrade, ""}, // last and price follow from trades too
	{"high_price", message.HasHigh, "high"},
	{"low_price", message.HasLow, "low"},
	{"prev_closing_price", message.HasPrevClosing, "prev_close"},
	{"acc_trade_volume_24h", message.HasVolume24h, "volume_24h"},
	{"signed_change_price", message.HasChange, ""},
	{"signed_change_rate", message.HasChangeRate, "change_rate"},
}

func tickerFieldNames() []string {
	names := make([]string, len(tickerFields))
	for i, f := range tickerFields {
		names[i] = f.name
	}
	return names
}

// KeptTickerFields returns the bits of the ticker fields that are kept; zero: all.
func (v *Venue) KeptTickerFields() message.TickerField {
	var kept message.TickerField
	for _, f := range tickerFields {
		if slices.Contains(v.TickerFields, f.name) {
			kept |= f.bit
		}
	}
	return kept
}

// checkTickerFields says where there are no tickers to keep anything of.
func (r *reader) checkTickerFields(path string, given func(string) bool, v *Venue) {
	switch {
	case !given("ticker_fields") || len(v.TickerFields) == 0:
	case !slices.Contains(v.Channels, market.ChannelTicker):
		r.faultKey(path, "want ticker_fields only with the channel ticker", "it without", "add \"ticker\" to channels, or leave it out")
	case v.KeptTickerFields() == 0:
		r.fault(path, "want a figure besides the timestamp", describe(v.TickerFields[0])+" alone", "leave \"ticker\" out of channels where none is wanted")
	}
}

// checkKept reports the figures that engines read and the venue drops: they would stay unknown.
func (c *Config) checkKept(r *reader, path string, v *Venue) {
	kept := v.KeptTickerFields()
	if kept == 0 || !slices.Contains(v.Channels, market.ChannelTicker) {
		return
	}
	for _, f := range tickerFields {
		if f.feature == "" || kept&f.bit != 0 {
			continue
		}
		var readers []string
		for i := range c.Engines {
			if e := c.Classifier(i); slices.Contains(e.Features(), f.feature) {
				readers = append(readers, string(e.Name))
			}
		}
		if len(readers) > 0 {
			r.fault(joinKey(path, "ticker_fields"), fmt.Sprintf("want %q among them: %s is read by %s", f.name, f.feature, allOf(readers)),
				allOf(v.TickerFields), "add it, or leave ticker_fields out to keep all")
		}
	}
}

// allOf writes a list for people: "a, b and c".
func allOf(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }) // faults already
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// regionRule is a word or a few; it is shown, and is a label nowhere.
var regionRule = rule{
	want: "up to 32 letters, digits, spaces, - and _",
	hint: func(text string) (string, bool) {
		odd := func(c rune) bool {
			return c != ' ' && c != '-' && c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c)
		}
		return "", utf8.RuneCountInString(text) <= 32 && strings.TrimSpace(text) == text && !strings.ContainsFunc(text, odd)
	},
}
