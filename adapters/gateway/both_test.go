package gateway_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/maru-trading/maru/adapters/gateway"
)

// witness is a budget that writes down what it was asked.
type witness struct {
	name string
	log  *[]string
	err  error
}

func (w witness) Take(context.Context, int, bool) error {
	*w.log = append(*w.log, w.name)
	return w.err
}

func (w witness) Penalize(gateway.Throttle) { *w.log = append(*w.log, w.name+" penalized") }

// TestBoth: each must permit, and each hears of penalties.
func TestBoth(t *testing.T) {
	var log []string
	no := errors.New("no")
	a, b := witness{name: "a", log: &log}, witness{name: "b", log: &log, err: no}
	if gateway.Both(a, nil) != gateway.Budget(a) {
		t.Error("a budget with none is itself")
	}
	if err := gateway.Both(a, b).Take(t.Context(), 1, false); !errors.Is(err, no) {
		t.Errorf("the second refuses: %v", err)
	}
	if err := gateway.Both(b, a).Take(t.Context(), 1, false); !errors.Is(err, no) {
		t.Errorf("the first refuses: %v", err)
	}
	gateway.Both(a, b).Penalize(gateway.Throttle{})
	if want := []string{"a", "b", "b", "a penalized", "b penalized"}; !slices.Equal(log, want) {
		t.Errorf("%v, want %v", log, want)
	}
}
