package state

import (
	"strings"
	"testing"
	"time"
)

func TestDefaultConfigIsValid(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"partition", func(c *Config) { c.Partition = 1 }, []string{"partition 1 of 1"}},
		{"no partitions", func(c *Config) { c.Partitions = 0 }, []string{"partition 0 of 0"}},
		{"buckets", func(c *Config) { c.Buckets = 61 }, []string{"buckets is 61: want 2 to 60"}},
		{"book levels", func(c *Config) { c.BookLevels = 0 }, []string{"book_levels is 0"}},
		{"trades", func(c *Config) { c.Trades = -1 }, []string{"trades is -1"}},
		{"instruments", func(c *Config) { c.Instruments = 0 }, []string{"instruments is 0"}},
		{"late", func(c *Config) { c.Late = -1 }, []string{"late is -1ns: want 0s to 1m0s"}},
		{"short and twice", func(c *Config) { c.Windows = []time.Duration{time.Millisecond, time.Minute, time.Minute} },
			[]string{"window 1ms: want 1s to 31d", "window 1m0s is configured twice"}},
		{"bars", func(c *Config) { c.Bars = []time.Duration{2 * time.Second, time.Minute, time.Minute} },
			[]string{"bar interval 2s", "bar interval 1m0s is configured twice"}},
		{"features", func(c *Config) {
			c.Bars = nil
			c.Features = append(features(t, "mean_5m", "close_bar_1m", "bid", "bid"), Feature{})
		}, []string{"feature mean_5m reads a window of 5m0s", "feature close_bar_1m reads bars of 1m0s", "feature bid is configured twice", "feature 4 is empty"}},
		{"two at once", func(c *Config) { c.Buckets, c.Trades = 0, 10_001 }, []string{"buckets is 0", "trades is 10001"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := DefaultConfig()
			tc.change(&cfg)
			err := cfg.Validate()
			if err == nil {
				t.Fatal("no fault found")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tc.want) {
				t.Errorf("%d faults, want %d:\n%v", len(lines), len(tc.want), err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in:\n%v", want, err)
				}
			}
		})
	}
}

func TestNewRefusesWhatWasNotValidated(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New took an empty configuration")
		}
	}()
	New(Config{})
}
