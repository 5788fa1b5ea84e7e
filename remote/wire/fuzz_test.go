package wire_test

import (
	"bytes"
	"testing"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

// FuzzUnmarshal: no bytes make Unmarshal panic, and what it accepts can be written and read again,
// to the same message and from then on to the same bytes.
func FuzzUnmarshal(f *testing.F) {
	generators := messagetest.Generators()
	for _, k := range message.Kinds() {
		for seed := range 3 {
			b, err := wire.Marshal(nil, generators[k].Example(seed))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
			f.Add(b[:len(b)/2])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Unmarshal(b)
		if err != nil {
			if m != nil {
				t.Fatalf("message %v beside error %v", m, err)
			}
			return
		}
		first, err := wire.Marshal(nil, m)
		if err != nil {
			t.Fatalf("accepted, but cannot be written: %v: %v", m, err)
		}
		again, err := wire.Unmarshal(first)
		if err != nil {
			t.Fatalf("written, but cannot be read: %v: %v", m, err)
		}
		if !messagetest.Equal(m, again) {
			t.Fatalf("changed on the way\n in: %v\nout: %v", m, again)
		}
		second, err := wire.Marshal(nil, again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("two forms of one message: %x and %x (%v)", first, second, err)
		}
	})
}
