package market

import (
	"testing"
	"time"
)

func at(text string) Timestamp {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return TimestampOf(t)
}

func TestSession(t *testing.T) {
	seoul := time.FixedZone("KST", 9*3600)
	krx, err := NewSession(seoul, 9*time.Hour, 15*time.Hour+30*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   string
		open bool
		end  string
	}{
		{"2026-11-20T00:00:00Z", true, "2026-11-20T06:30:00Z"},  // Friday 09:00 in Seoul
		{"2026-11-19T23:59:59Z", false, "2026-11-20T06:30:00Z"}, // a second before
		{"2026-11-20T06:29:59Z", true, "2026-11-20T06:30:00Z"},
		{"2026-11-20T06:30:00Z", false, "2026-11-23T06:30:00Z"}, // over: Monday
		{"2026-11-21T03:00:00Z", false, "2026-11-23T06:30:00Z"}, // Saturday noon
	} {
		if got := krx.Open(at(c.at)); got != c.open {
			t.Errorf("open at %s: %v", c.at, got)
		}
		if got := krx.End(at(c.at)); got != at(c.end) {
			t.Errorf("end of a day order made at %s: %v, want %s", c.at, got, c.end)
		}
	}
	always := Session{}
	if !always.Open(at("2026-11-21T03:00:00Z")) || always.End(at("2026-11-21T03:00:00Z")) != at("2026-11-22T00:00:00Z") ||
		always.End(at("2026-11-21T00:00:00Z")) != at("2026-11-22T00:00:00Z") {
		t.Error("a session that never closes ends at the next midnight UTC")
	}
	if krx.String() != "09:00-15:30 KST" || always.String() != "always" {
		t.Errorf("%v %v", krx, always)
	}
}

// TestSessionSummerTime: the clock on the wall counts, not hours since midnight.
func TestSessionSummerTime(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	nyse, err := NewSession(newYork, 9*time.Hour+30*time.Minute, 16*time.Hour, time.Sunday)
	if err != nil {
		t.Fatal(err)
	}
	// On Sunday 2026-11-01 clocks go back at 02:00: 09:30 is 14:30 UTC.
	if nyse.Open(at("2026-11-01T14:29:59Z")) || !nyse.Open(at("2026-11-01T14:30:00Z")) {
		t.Error("opens at 09:30 by the clock on the wall")
	}
}

func TestSessionRefuses(t *testing.T) {
	for _, c := range []struct {
		loc         *time.Location
		open, close time.Duration
		day         time.Weekday
	}{{nil, 0, time.Hour, 1}, {time.UTC, time.Hour, time.Hour, 1}, {time.UTC, -1, time.Hour, 1}, {time.UTC, 0, 25 * time.Hour, 1}, {time.UTC, 0, time.Hour, 7}} {
		if _, err := NewSession(c.loc, c.open, c.close, c.day); err == nil {
			t.Errorf("accepted %+v", c)
		}
	}
}
