package gate

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Gate states times as numbers and as strings, in seconds or milliseconds by the field's name,
// either with decimals at times: create_time_ms is "1606292218213.4578".

const (
	secondsMax      = 9_214_646_400 // 2262-01-01, where a Timestamp ends
	millisecondsMax = secondsMax * 1000
)

func seconds(t venue.Token, field string) (market.Timestamp, error) {
	return timeIn(t, field, secondsMax, 9)
}

func milliseconds(t venue.Token, field string) (market.Timestamp, error) {
	return timeIn(t, field, millisecondsMax, 6)
}

// timeIn reads a count since 1970 of units of 10^places nanoseconds, below most. Decimals finer
// than a nanosecond are cut.
func timeIn(t venue.Token, field string, most int64, places int) (market.Timestamp, error) {
	switch {
	case !t.Present():
		return 0, venue.Refuse(venue.Schema, field, "missing")
	case t.Kind != scan.Number && t.Kind != scan.String:
		return 0, venue.Refuse(venue.Schema, field, "want a time, got %v", t.Kind)
	}
	n, i := int64(0), 0
	for ; i < len(t.Text) && t.Text[i]-'0' <= 9 && n < most; i++ {
		n = n*10 + int64(t.Text[i]-'0')
	}
	ok := i > 0 && n < most
	if ok && i+1 < len(t.Text) && t.Text[i] == '.' { // and a digit behind it
		for i++; i < len(t.Text) && t.Text[i]-'0' <= 9; i++ {
			if places > 0 {
				n = n*10 + int64(t.Text[i]-'0')
				places--
			}
		}
	}
	if !ok || i != len(t.Text) {
		return 0, venue.Refuse(venue.Number, field, "%.40q is no time", t.Text)
	}
	for ; places > 0; places-- {
		n *= 10
	}
	return market.Timestamp(n), nil
}
