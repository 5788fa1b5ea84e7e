package state

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseFeature(t *testing.T) {
	for _, tc := range []struct {
		name        string
		window, bar time.Duration
	}{
		{"price", 0, 0},
		{"prev_close", 0, 0},
		{"volume_24h", 0, 0}, // the ticker's, not a window's
		{"volume_1d", 24 * time.Hour, 0},
		{"mean_30s", 30 * time.Second, 0},
		{"min_5m", 5 * time.Minute, 0},
		{"count_31d", 31 * 24 * time.Hour, 0},
		{"close_bar_1m", 0, time.Minute},
		{"volume_bar_1d", 0, 24 * time.Hour},
	} {
		f, err := ParseFeature(tc.name)
		if err != nil || f.Window() != tc.window || f.Bar() != tc.bar || f.String() != tc.name {
			t.Errorf("%s: %v window %v bar %v, %v", tc.name, f, f.Window(), f.Bar(), err)
		}
		var g Feature
		text, _ := f.MarshalText()
		if err := g.UnmarshalText(text); err != nil || g != f {
			t.Errorf("%s: text %q gives %v, %v", tc.name, text, g, err)
		}
	}
}

func TestParseFeatureHints(t *testing.T) {
	for name, hint := range map[string]string{
		"":                          "known are",
		"spraed":                    "did you mean spread?",
		"spread_bsp":                "did you mean spread_bps?",
		"prise":                     "did you mean price?",
		"mena_15m":                  "did you mean mean_15m?",
		"closs_bar_1m":              "open, high, low, close and volume",
		"close_bar_2m":              "intervals of 1s, 1m, 5m, 1h and 1d",
		"mean":                      "over which period, such as mean_5m",
		"mean_":                     "want a whole number",
		"mean_0m":                   "want a whole number",
		"mean_5":                    "want a whole number",
		"mean_5w":                   "want a whole number",
		"mean_32d":                  "want a whole number",
		"mean_-5m":                  "want a whole number",
		"mean_9999999h":             "want a whole number",
		"mean_1.5m":                 "want a whole number",
		"rsi_14":                    "known are",
		strings.Repeat("x", 10_000): "known are",
	} {
		_, err := ParseFeature(name)
		if !errors.Is(err, ErrFeature) || !strings.Contains(err.Error(), hint) {
			t.Errorf("%.40q: %v, want a hint with %q", name, err, hint)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%.40q: an error of %d letters", name, len(err.Error()))
		}
	}
}

// TestFeaturesParse holds the documentation to the parser: every pattern is a name, and every
// kind is documented.
func TestFeaturesParse(t *testing.T) {
	seen := map[featureKind]bool{}
	for _, info := range Features() {
		name := strings.NewReplacer("PERIOD", "5m", "INTERVAL", "1m").Replace(info.Pattern)
		f, err := ParseFeature(name)
		if err != nil {
			t.Error(err)
		}
		seen[f.kind] = true
		if info.Unit == "" || info.Meaning == "" {
			t.Errorf("%s is not documented", info.Pattern)
		}
	}
	for k := featurePrice; k <= featureBarVolume; k++ {
		if !seen[k] {
			t.Errorf("kind %d has no name", k)
		}
	}
}

func TestPeriodName(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1s", 90 * time.Second: "90s", 5 * time.Minute: "5m", time.Hour: "1h",
		24 * time.Hour: "1d", 36 * time.Hour: "36h", 1500 * time.Millisecond: "1.5s", 0: "0s",
	} {
		if got := PeriodName(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func FuzzParseFeature(f *testing.F) {
	for _, s := range []string{"price", "mean_5m", "close_bar_1m", "a_bar_", "_", "mean_99999999d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := ParseFeature(name)
		if err == nil && (got.String() != name || got.Window() < 0 || got.Window() > periodMax) {
			t.Errorf("%q gives %v over %v", name, got, got.Window())
		}
	})
}
