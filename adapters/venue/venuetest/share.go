package venuetest

import (
	"testing"

	"github.com/maru-trading/maru/actors/message"
)

// Alike fails unless two lists of events say the same, one by one.
func Alike(t testing.TB, after string, got, want []message.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("after %s\n got %v\nwant %v", after, got, want)
	}
	for i := range got {
		if !Same(got[i], want[i]) {
			t.Fatalf("after %s\n got %v\nwant %v", after, got[i], want[i])
		}
	}
}

// DoesNotLeak decodes frames one after the other, each pair of them: nothing of the first may show in
// the second, which is to decode as by a decoder that has seen nothing. All of them must decode.
func DoesNotLeak(t testing.TB, newDecoder func() Decoder, first, second []string) {
	t.Helper()
	used := newDecoder()
	for _, a := range first {
		for _, b := range second {
			if _, err := used.Decode(nil, []byte(a), 1); err != nil {
				t.Fatal(err)
			}
			got, err1 := used.Decode(nil, []byte(b), 42)
			want, err2 := newDecoder().Decode(nil, []byte(b), 42)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			Alike(t, a, got, want)
		}
	}
}

// Allocations fails if decoding a frame into room that is there allocates more often than most.
func Allocations(t testing.TB, what string, d Decoder, frame string, most float64) {
	t.Helper()
	text := []byte(frame)
	var events []message.Event
	got := testing.AllocsPerRun(100, func() {
		var err error
		if events, err = d.Decode(events[:0], text, 1); err != nil {
			t.Fatal(err)
		}
	})
	if got > most {
		t.Errorf("%s: %v allocations, want at most %v", what, got, most)
	}
}
