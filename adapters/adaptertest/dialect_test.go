package adaptertest_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue"
)

// protocols makes a function that returns an adapter's own protocols one that returns feeder's.
func protocols[P feeder.Protocol](fn func(venue.Config) ([]P, error)) func(venue.Config) ([]feeder.Protocol, error) {
	return func(c venue.Config) ([]feeder.Protocol, error) {
		own, err := fn(c)
		if err != nil {
			return nil, err
		}
		all := make([]feeder.Protocol, len(own))
		for i, p := range own {
			all[i] = p
		}
		return all, nil
	}
}

// read reads a request as strictly as a venue may: unknown fields are refused.
func read(frame string, into any) error {
	d := json.NewDecoder(strings.NewReader(frame))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %s", err, frame)
	}
	if d.More() {
		return fmt.Errorf("something follows: %s", frame)
	}
	return nil
}

// pairs writes levels as arrays of texts.
func pairs(levels []adaptertest.Level) string { return rows(levels, `["%s","%s"]`) }

// rows writes levels as the format says, in an array.
func rows(levels []adaptertest.Level, format string) string {
	texts := make([]string, len(levels))
	for i, l := range levels {
		texts[i] = fmt.Sprintf(format, l.Price, l.Quantity)
	}
	return "[" + strings.Join(texts, ",") + "]"
}

// Figures of a ticker that most venues give.
const (
	rolling = message.HasTrade | message.HasHigh | message.HasLow | message.HasVolume24h
	rate    = message.HasChangeRate
	changes = message.HasChange | rate
)
