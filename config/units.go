package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// day is the longest unit a duration knows; it is always 24 hours.
const day = 24 * time.Hour

// durationUnits, longest first, as formatDuration uses them.
var durationUnits = []struct {
	name string
	size time.Duration
}{
	{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second},
	{"ms", time.Millisecond}, {"us", time.Microsecond}, {"ns", time.Nanosecond},
}

var (
	errDuration = errors.New("not a duration such as \"250ms\", \"10s\", \"5m\", \"1h30m\" or \"1d\"")
	errSize     = errors.New("not a size such as \"512KB\", \"64MB\" or \"1GB\"")
)

// parseDuration reads one or more pairs of number and unit: d (24 hours), h, m, s, ms, us, ns. A
// number may have a fraction. "0" needs no unit. There are no negative durations.
func parseDuration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	rest := text
	var sum time.Duration
	for rest != "" {
		n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if n <= 0 {
			return 0, errDuration
		}
		u := strings.IndexFunc(rest[n:], func(r rune) bool { return r >= '0' && r <= '9' || r == '.' })
		if u < 0 {
			u = len(rest) - n
		}
		number, unit := rest[:n], rest[n:n+u]
		rest = rest[n+u:]
		if unit == "µs" {
			unit = "us"
		}
		part, err := scale(number, unit)
		if err != nil {
			return 0, err
		}
		if sum += part; sum < 0 {
			return 0, fmt.Errorf("%w: too long", errDuration)
		}
	}
	if text == "" {
		return 0, errDuration
	}
	return sum, nil
}

// scale returns number times unit.
func scale(number, unit string) (time.Duration, error) {
	for _, u := range durationUnits {
		if u.name != unit {
			continue
		}
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			if n > math.MaxInt64/int64(u.size) {
				return 0, fmt.Errorf("%w: too long", errDuration)
			}
			return time.Duration(n) * u.size, nil
		}
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || float64(f*float64(u.size)) >= math.MaxInt64 {
			return 0, errDuration
		}
		return time.Duration(math.Round(f * float64(u.size))), nil
	}
	return 0, errDuration
}

// formatDuration writes d, 0 or more, with as few units as are needed; parseDuration reads it
// back exactly.
func formatDuration(d time.Duration) string {
	if d <= 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range durationUnits {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return b.String()
}

// Size is an amount of bytes. In the file it is written with a unit: B, KB, MB, GB count
// thousands, KiB, MiB, GiB count 1024s.
type Size int64

var sizeUnits = []struct {
	name string
	size Size
}{
	{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
}

// parseSize reads a whole number with a unit.
func parseSize(text string) (Size, error) {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimRight(number, " "), 10, 63)
		if err != nil || n > math.MaxInt64/uint64(u.size) {
			return 0, errSize
		}
		return Size(n) * u.size, nil
	}
	return 0, errSize
}

// String writes s with the largest unit that keeps it whole; parseSize reads it back exactly.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText writes what String prints, for JSON.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
