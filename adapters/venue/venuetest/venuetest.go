// Package venuetest holds the tests that every venue's decoder must pass, and the counting of
// recorded sessions. Only tests import it.
package venuetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/internal/testdata"
)

// Decoder is what the feeder decodes frames with.
type Decoder interface {
	Decode(dst []message.Event, frame []byte, received market.Timestamp) ([]message.Event, error)
}

// Recorded returns the received frames of a recorded session, or skips the test where the
// recorded data is not there.
func Recorded(t testing.TB, name string) []capture.Row {
	t.Helper()
	return slices.DeleteFunc(RecordedRows(t, name), func(r capture.Row) bool { return r.Kind != capture.KindReceived })
}

// RecordedRows returns all rows of a recorded session.
func RecordedRows(t testing.TB, name string) []capture.Row {
	t.Helper()
	r, err := capture.Open(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rows []capture.Row
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return rows
		case err != nil:
			t.Fatal(err)
		}
		row.Payload = slices.Clone(row.Payload)
		rows = append(rows, row)
	}
}

// Count decodes every frame and counts what comes out: by kind of message, books by snapshot or
// update, and refusals by reason, each as its label. An event of an instrument without a name, or
// whose receive time is not the frame's, fails the test.
func Count(t testing.TB, d Decoder, frames []capture.Row) map[string]int {
	t.Helper()
	counts := map[string]int{}
	var events []message.Event
	for n, row := range frames {
		var err error
		events, err = d.Decode(events[:0], row.Payload, row.At)
		if err != nil {
			counts["refused "+ReasonOf(t, err)]++
			continue
		}
		if len(events) == 0 {
			t.Errorf("frame %d: neither an event nor an error: %.200s", n, row.Payload)
		}
		for _, e := range events {
			if e.Origin().Received != row.At {
				t.Fatalf("frame %d: received %v, want %v", n, e.Origin().Received, row.At)
			}
			counts[Label(e)]++
		}
	}
	return counts
}

// Label names an event for counting.
func Label(e message.Event) string {
	switch m := e.(type) {
	case message.Book:
		if m.Fields().Snapshot {
			return "book snapshot"
		}
		return "book update"
	case message.Notice:
		return "notice " + m.Fields().Type.String()
	}
	return e.Kind().String()
}

// Same reports whether two events say the same, also in what String leaves out.
func Same(a, b message.Event) bool {
	x, isBook := a.(message.Book)
	y, areBooks := b.(message.Book)
	if isBook && areBooks {
		return x.Equal(y)
	}
	return !isBook && !areBooks && a == b
}

// ReasonOf returns the reason of a decoder's error, found as the feeder finds it.
func ReasonOf(t testing.TB, err error) string {
	t.Helper()
	var reasoned interface{ DeadLetterReason() string }
	if !errors.As(err, &reasoned) {
		t.Fatalf("error without a reason: %v", err)
	}
	if reason := reasoned.DeadLetterReason(); slices.Contains(venue.Reasons(), venue.Reason(reason)) {
		return reason
	}
	t.Fatalf("reason %q is not in the list: %v", reasoned.DeadLetterReason(), err)
	return ""
}

// Single is a single frame of the recorded data and what became of it.
type Single struct {
	capture.Item
	Outcome string // labels of the events, or "refused <reason>: <field>"
}

// Singles decodes the single frames of a recorded file, each with a decoder of its own.
func Singles(t testing.TB, name string, newDecoder func() Decoder) []Single {
	t.Helper()
	r, err := capture.OpenAny(testdata.Path(t, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var singles []Single
	for {
		item, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return singles
		case err != nil:
			t.Fatal(err)
		}
		events, err := newDecoder().Decode(nil, item.Payload, 0)
		var outcome []string
		for _, e := range events {
			outcome = append(outcome, Label(e))
		}
		if err != nil {
			var e *venue.DecodeError
			if !errors.As(err, &e) {
				t.Fatalf("%s: %v is no DecodeError", item.ID, err)
			}
			outcome = append(outcome, fmt.Sprintf("refused %s: %s", ReasonOf(t, err), e.Field))
		}
		singles = append(singles, Single{Item: item, Outcome: strings.Join(outcome, ", ")})
	}
}

// Truncations checks that no proper prefix of a frame decodes, and that none changes what was
// decoded before.
func Truncations(t testing.TB, d Decoder, frame []byte) {
	t.Helper()
	if _, err := d.Decode(nil, frame, 1); err != nil {
		t.Fatalf("the whole frame: %v\n%s", err, frame)
	}
	for n := range len(frame) {
		if strings.TrimSpace(string(frame[n:])) == "" {
			break // what follows the value is space
		}
		if err := Check(d, frame[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes decode: %s", n, len(frame), frame[:n])
		}
	}
	for _, tail := range []string{"x", "}", "]", ",", "{}", "[]", "0", "null", "\x00", "\xff"} {
		if err := Check(d, append(slices.Clone(frame), tail...)); err == nil {
			t.Errorf("decodes with %q behind it: %s", tail, frame)
		}
	}
}

// Check decodes a frame and panics where a decoder breaks its contract: on error dst must be as
// it was and the error have a reason, and what decodes must be valid JSON and give an event.
func Check(d Decoder, frame []byte) error {
	const before = 3
	dst := make([]message.Event, before, 64)
	given := slices.Clone(frame)
	out, err := d.Decode(dst, frame, 7)
	switch {
	case !slices.Equal(given, frame):
		panic("the frame was changed")
	case err == nil && len(out) <= before:
		panic("neither an event nor an error")
	case err == nil && string(frame) == "pong": // how some venues answer a text ping
		return nil
	case err == nil && !(json.Valid(frame) && utf8.Valid(frame)):
		panic("decoded what is not JSON")
	case err == nil:
		for _, e := range out[before:] {
			if _, notice := e.(message.Notice); !notice && e.Origin().Instrument.IsZero() {
				panic("an event without instrument")
			}
			_ = e.String()
		}
		return nil
	}
	if len(out) != before || &out[0] != &dst[0] {
		panic("an error changed dst")
	}
	var e *venue.DecodeError
	if !errors.As(err, &e) || !slices.Contains(venue.Reasons(), e.Reason) || e.Venue == "" || len(e.Detail) > 210 || !utf8.ValidString(err.Error()) {
		panic(fmt.Sprintf("an error without venue or reason, or too long: %v", err))
	}
	return err
}

// Garbage checks the frames that no venue sends.
func Garbage(t testing.TB, d Decoder) {
	t.Helper()
	deep := strings.Repeat(`{"data":`, 20_000)
	for _, c := range []struct {
		frame  string
		reason venue.Reason
	}{
		{"", venue.Syntax},
		{" ", venue.Syntax},
		{"\x00\x01\x02", venue.Syntax},
		{"\xff\xfe{}", venue.Encoding},
		{"\x1f\x8b\x08\x00gzip", venue.Encoding},
		{"PING", venue.Syntax},
		{"null", venue.Schema},
		{"true", venue.Schema},
		{"1", venue.Schema},
		{`"text"`, venue.Schema},
		{"{}", venue.Schema},
		{"[]", venue.Schema},
		{"[1]", venue.Schema},
		{"[[]]", venue.Schema},
		{"[{}]", venue.Schema},
		{"{", venue.Syntax},
		{"{}}", venue.Syntax},
		{deep, venue.Syntax},
		{strings.Repeat("[", 20_000), ""},
		{strings.Repeat(" ", venue.FrameBytesMax+1), venue.TooLarge},
		{strings.Repeat("x", 10<<20), venue.TooLarge},
		{`{"x":"` + strings.Repeat("y", venue.FrameBytesMax-16) + `"}`, venue.Schema},
	} {
		err := Check(d, []byte(c.frame))
		if err == nil {
			t.Errorf("%.40q decodes", c.frame)
		} else if got := ReasonOf(t, err); c.reason != "" && got != string(c.reason) {
			t.Errorf("%.40q: %v, want reason %s", c.frame, err, c.reason)
		}
	}
}

// Fuzz runs Check on whatever the fuzzer makes of the seeds.
func Fuzz(f *testing.F, newDecoder func() Decoder, seeds [][]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, frame []byte) {
		d := newDecoder()
		_ = Check(d, frame) // panics are the findings
		_ = Check(d, frame) // and again, on scratch that is no longer fresh
	})
}
