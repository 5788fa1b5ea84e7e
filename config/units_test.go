package config

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "1d": 24 * time.Hour,
		"1.5h": 90 * time.Minute, "10us": 10 * time.Microsecond, "10µs": 10 * time.Microsecond, "1d12h": 36 * time.Hour, "7ns": 7, "106751d": 106751 * day,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "m", "5 m", "-5m", "+5m", "5m ", "5M", "1y", "1..5h", "5m5", "106752d", "9223372036854775808ns",
		"1e3s", "99999999999999999999h", "106751d24h", ".", "5mm"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "ns"))
		if got, err := parseDuration(formatDuration(d)); err != nil || got != d {
			t.Fatalf("%v is written %s and read %v, %v", d, formatDuration(d), got, err)
		}
	})
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0B": 0, "1B": 1, "512KB": 512_000, "64MB": 64_000_000, "1GB": 1e9, "1KiB": 1024, "64MiB": 64 << 20, "2GiB": 2 << 30, "16 MB": 16e6} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "64", "MB", "-1MB", "1.5MB", "64mb", "64M", "9223372036854775808B", "9223372036854775807KB", "1TB", " 1MB", "1_000B"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Size(rapid.Int64Range(0, math.MaxInt64).Draw(t, "bytes"))
		if got, err := parseSize(s.String()); err != nil || got != s {
			t.Fatalf("%d is written %v and read %d, %v", int64(s), s, got, err)
		}
	})
}

func TestNearest(t *testing.T) {
	words := []string{"max_files", "max_size", "level", "format", "rest_url", "instruments", "warn"}
	for found, want := range map[string]string{
		"max_file": "max_files", "mx_files": "max_files", "files_max": "max_files", "levle": "level", "Level": "level", "url": "rest_url",
		"max-files": "max_files", "instrument": "instruments", "warning": "warn", "colour": "", "": "", "x": "", "formatting": "format",
	} {
		if got := nearest(found, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", found, got, want)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"book", "back", 2}} {
		if got := distance(tt.a, tt.b); got != tt.want || distance(tt.b, tt.a) != got {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestSafeName(t *testing.T) {
	for text, want := range map[string]string{"Home": "home", "my host.local": "my-host-local", "123": "", "9a": "a", "--": "",
		"raspberrypi-4-in-the-living-room-cupboard": "raspberrypi-4-in-the-living-room"} {
		got := safeName(text)
		if got != want {
			t.Errorf("safeName(%q) = %q, want %q", text, got, want)
		}
		if _, ok := nameRule.hint(got); got != "" && !ok {
			t.Errorf("safeName(%q) = %q, which is no name", text, got)
		}
	}
}
