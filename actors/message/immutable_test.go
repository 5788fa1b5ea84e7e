package message_test

import (
	"testing"

	"github.com/maru-trading/maru/internal/immutable"
)

// TestImmutable reads the source of this package: nothing in it may let anybody change a message.
func TestImmutable(t *testing.T) {
	faults, err := immutable.Check(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}
