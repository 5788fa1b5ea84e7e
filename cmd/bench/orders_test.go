package main

import (
	"strings"
	"testing"
)

// TestOrders runs the real gateway against both stubs, a moment each: every order must come to its end.
func TestOrders(t *testing.T) {
	out := quick(t, "^orders$")
	for _, f := range out.Failed {
		t.Errorf("%s: %s", f.Bench, f.Reason)
	}
	for _, want := range []string{"intent to bytes on the wire with fsync, p50", "group commit, venue stub", "group commit, signed HTTP", "risk: one order", "core: an intent"} {
		found := false
		for _, w := range out.Rows {
			found = found || strings.Contains(w.What, want) && w.Measured.Value > 0
		}
		if !found {
			t.Errorf("no figure for %q", want)
		}
	}
}
