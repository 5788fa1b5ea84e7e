package venuetest

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

// Bench measures a decoder on one frame, and beside it encoding/json reading the same frame into
// a value of shape's type (a pointer to a struct), which is what the decoder is worth comparing
// with. Of books it reports the levels, too. cmd/bench reads what the two report under BenchmarkDecode,
// whose names begin with the kind of the frame: ticker, bbo, trade or book, then what is special.
func Bench(b *testing.B, d Decoder, frame []byte, shape any) {
	b.Helper()
	var events []message.Event
	var err error
	b.Run("maru", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		at := market.Timestamp(1)
		for b.Loop() {
			if events, err = d.Decode(events[:0], frame, at); err != nil {
				b.Fatal(err)
			}
			at++
		}
		var levels int
		for _, e := range events {
			if book, ok := e.(message.Book); ok {
				levels += book.BidCount() + book.AskCount()
			}
		}
		if levels > 0 {
			b.ReportMetric(float64(levels), "levels")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(levels), "ns/level")
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			v := reflect.New(reflect.TypeOf(shape).Elem())
			if err := json.Unmarshal(frame, v.Interface()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchSession decodes the frames of a session over and over; an operation is one frame.
func BenchSession(b *testing.B, d Decoder, frames []capture.Row) {
	b.Helper()
	b.ReportAllocs()
	var events []message.Event
	var err error
	bytes, n := int64(0), 0
	for b.Loop() {
		row := &frames[n%len(frames)]
		if events, err = d.Decode(events[:0], row.Payload, row.At); err != nil {
			b.Fatal(err)
		}
		bytes += int64(len(row.Payload))
		n++
	}
	b.SetBytes(bytes / int64(max(n, 1)))
}
