package kraken

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// The years that a Timestamp holds whole.
const (
	yearMin    = 1970
	yearMax    = 2261
	secondsMax = 9_214_646_400 // 2262-01-01
)

const nanosecondDigits = 9

// seconds reads a time of version 1: seconds since 1970 with decimals, "1534614057.321597".
// Decimals beyond the ninth are cut.
func seconds(t venue.Token, field string) (market.Timestamp, error) {
	if err := present(t, field); err != nil {
		return 0, err
	}
	whole, n, i := int64(0), int64(0), 0
	for ; i < len(t.Text) && isDigit(t.Text[i]) && whole < secondsMax; i++ {
		whole = whole*10 + int64(t.Text[i]-'0')
	}
	ok := i > 0 && whole < secondsMax
	if ok && i < len(t.Text) && t.Text[i] == '.' {
		n, ok = fraction(t.Text[i+1:])
	} else {
		ok = ok && i == len(t.Text)
	}
	if !ok {
		return 0, venue.Refuse(venue.Number, field, "%.40q, want seconds since 1970 such as 1534614057.321597", t.Text)
	}
	return market.Seconds(whole) + market.Timestamp(n), nil
}

// rfc3339 reads a time of version 2, "2023-09-25T07:49:37.708706Z". Decimals beyond the ninth are
// cut.
func rfc3339(t venue.Token, field string) (market.Timestamp, error) {
	if err := present(t, field); err != nil {
		return 0, err
	}
	// All times in the manual end in Z; that shape is read here and now, any other by package time.
	const shape = "2023-09-25T07:49:37"
	s := t.Text
	if len(s) > len(shape) && s[len(s)-1] == 'Z' && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':' && s[16] == ':' {
		year, ok1 := number(s[:4])
		month, ok2 := number(s[5:7])
		day, ok3 := number(s[8:10])
		hour, ok4 := number(s[11:13])
		minute, ok5 := number(s[14:16])
		second, ok6 := number(s[17:19])
		n, ok7 := int64(0), true
		if rest := s[len(shape) : len(s)-1]; len(rest) > 0 {
			if n, ok7 = fraction(rest[1:]); rest[0] != '.' {
				ok7 = false
			}
		}
		if ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7 && year >= yearMin && year <= yearMax &&
			month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && minute < 60 && second < 60 {
			seconds := int64(daysTo(year, month, day)*24+hour)*3600 + int64(minute*60+second)
			return market.Seconds(seconds) + market.Timestamp(n), nil
		}
	}
	at, err := time.Parse(time.RFC3339Nano, string(s)) // also the 29th and later: some months have none
	if y := at.UTC().Year(); err != nil || y < yearMin || y > yearMax {
		return 0, venue.Refuse(venue.Number, field, "%.40q, want a time such as 2023-09-25T07:49:37.708706Z", s)
	}
	return market.TimestampOf(at), nil
}

// daysTo returns how many days lie between 1970-01-01 and a day of the years from 1970 on. Package
// time, which knows zones and days out of range, takes longer.
func daysTo(year, month, day int) int {
	if month <= 2 { // count years from March, so that a leap day is the last of its year
		year--
		month += 12
	}
	const beforeEpoch = 719_469 // days from 0000-02-29 to 1970-01-01, by the same rule
	return year*365 + year/4 - year/100 + year/400 + (month*153-457)/5 + day - beforeEpoch
}

func present(t venue.Token, field string) error {
	switch {
	case !t.Present():
		return venue.Refuse(venue.Schema, field, "missing")
	case t.Kind != scan.String && t.Kind != scan.Number:
		return venue.Refuse(venue.Schema, field, "want a time, got %v", t.Kind)
	}
	return nil
}

// fraction reads decimals of a second as nanoseconds; false if there is none, or no digit.
func fraction(text []byte) (int64, bool) {
	n := int64(0)
	for i, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		if i < nanosecondDigits {
			n = n*10 + int64(c-'0')
		}
	}
	for range nanosecondDigits - len(text) {
		n *= 10
	}
	return n, len(text) > 0
}

// number reads a few digits; false if one is none.
func number(text []byte) (n int, ok bool) {
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func isDigit(c byte) bool { return c-'0' <= 9 }
