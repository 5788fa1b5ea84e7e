package bithumb

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// korea is how far Korean time is ahead of UTC; it has no summer time.
const korea = 9 * time.Hour

// dayAndClock reads date and time of a ticker, 20210811 and 132017.
func dayAndClock(day, clock venue.Token) (market.Timestamp, error) {
	if !day.Present() || !clock.Present() {
		return 0, venue.Refuse(venue.Schema, "date", "no date, or no time")
	}
	d, c := day.Text, clock.Text
	if len(d) == 8 && len(c) == 6 {
		if t, ok := korean(d[:4], d[4:6], d[6:], c[:2], c[2:4], c[4:], nil); ok {
			return t, nil
		}
	}
	return 0, venue.Refuse(venue.Number, "date", "%.20q and %.20q, want a date and a time such as 20210811 and 132017", d, c)
}

// dateTime reads contDtm, 2021-08-13 15:23:42.911273, with any number of decimals up to nine.
func dateTime(t venue.Token) (market.Timestamp, error) {
	const shape = "2021-08-13 15:23:42"
	if !t.Present() {
		return 0, venue.Refuse(venue.Schema, "contDtm", "missing")
	}
	s := t.Text
	if len(s) >= len(shape) && s[4] == '-' && s[7] == '-' && s[10] == ' ' && s[13] == ':' && s[16] == ':' {
		fraction := s[len(shape):]
		if len(fraction) > 1 && fraction[0] == '.' {
			fraction = fraction[1:]
		} else if len(fraction) > 0 {
			fraction = []byte{0} // refused below
		}
		if t, ok := korean(s[:4], s[5:7], s[8:10], s[11:13], s[14:16], s[17:19], fraction); ok {
			return t, nil
		}
	}
	return 0, venue.Refuse(venue.Number, "contDtm", "%.40q, want a time such as 2021-08-13 15:23:42.911273", s)
}

// korean returns the moment of a Korean time whose parts are digits; false if there is none, such
// as on the 30th of February.
func korean(year, month, day, hour, minute, second, fraction []byte) (market.Timestamp, bool) {
	const digitsMax = 9 // a nanosecond
	if len(fraction) > digitsMax {
		return 0, false
	}
	parts := [...][]byte{year, month, day, hour, minute, second, fraction}
	var n [len(parts)]int
	for i, part := range parts {
		for _, c := range part {
			if c < '0' || c > '9' {
				return 0, false
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	for range digitsMax - len(fraction) {
		n[6] *= 10
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6], time.UTC)
	if n[0] < 1971 || n[0] > 2261 || // beyond that a Timestamp ends
		t.Month() != time.Month(n[1]) || t.Day() != n[2] || t.Hour() != n[3] || t.Minute() != n[4] || t.Second() != n[5] {
		return 0, false
	}
	return market.TimestampOf(t.Add(-korea)), true
}
