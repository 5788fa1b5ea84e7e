package market

import (
	"fmt"
	"time"
)

// Session says when a venue trades an instrument. The zero Session never closes, as coin venues
// do. Holidays are not part of it: on those the venue refuses orders itself.
type Session struct {
	location      *time.Location
	opens, closes time.Duration // since local midnight
	days          uint8         // bit n: time.Weekday n
}

// NewSession returns a session that opens and closes at times of the local day, 0 <= opens <
// closes <= 24 h, on the days given; none means Monday to Friday. It fails otherwise.
func NewSession(location *time.Location, opens, closes time.Duration, days ...time.Weekday) (Session, error) {
	if location == nil || opens < 0 || opens >= closes || closes > 24*time.Hour {
		return Session{}, fmt.Errorf("market: session from %v to %v: want 0 <= opens < closes <= 24h and a time zone", opens, closes)
	}
	s := Session{location: location, opens: opens, closes: closes}
	if len(days) == 0 {
		days = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	}
	for _, d := range days {
		if d < time.Sunday || d > time.Saturday {
			return Session{}, fmt.Errorf("market: session on weekday %d: want 0 (Sunday) to 6", d)
		}
		s.days |= 1 << d
	}
	return s, nil
}

// IsZero reports whether the session never closes.
func (s Session) IsZero() bool { return s.location == nil }

// Open reports whether the instrument trades at t.
func (s Session) Open(t Timestamp) bool {
	if s.IsZero() {
		return true
	}
	from, to := s.of(t.Time().In(s.location))
	return s.days&(1<<from.Weekday()) != 0 && t >= TimestampOf(from) && t < TimestampOf(to)
}

// End returns when a DAY order that is made at t ends: at the close of the session of that local
// day, or of the next one where that is over; at the next midnight UTC where the instrument never
// closes.
func (s Session) End(t Timestamp) Timestamp {
	const day = 24 * time.Hour
	if s.IsZero() {
		return t.Truncate(day).Add(day)
	}
	local := t.Time().In(s.location)
	for range 8 {
		from, to := s.of(local)
		if s.days&(1<<from.Weekday()) != 0 && t < TimestampOf(to) {
			return TimestampOf(to)
		}
		local = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, s.location)
	}
	return t.Add(day) // not reached: a session has a day
}

// of returns the opening and the close on the local day of t, by the clock on the wall.
func (s Session) of(local time.Time) (from, to time.Time) {
	at := func(d time.Duration) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, int(d/time.Second), int(d%time.Second), s.location)
	}
	return at(s.opens), at(s.closes)
}

func (s Session) String() string {
	if s.IsZero() {
		return "always"
	}
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute) }
	return fmt.Sprintf("%s-%s %s", clock(s.opens), clock(s.closes), s.location)
}
