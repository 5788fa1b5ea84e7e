package wire_test

import (
	"math"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

const batchLen = 64

func benchMessages() map[string]message.Message {
	b := message.NewViewsBuilder(batchLen, 8)
	values := []float64{1, 2, 3, 4, math.NaN(), 6, 7, 8}
	quotes := make([]message.Event, 0, batchLen)
	for i := range batchLen {
		names := messagetest.Instruments()
		at := market.Milliseconds(1_723_075_200_000 + int64(i))
		o := message.Origin{Instrument: names[i%len(names)], VenueTime: at, Received: at}
		q := message.BBOFields{Origin: o, Bid: market.MustPrice("61234.56"), Ask: market.MustPrice("61234.57"),
			BidQuantity: market.MustQuantity("1.25"), AskQuantity: market.MustQuantity("0.00042")}
		quotes = append(quotes, must(message.NewBBO(q)))
		b.Add(o, message.Quote{Bid: q.Bid, Ask: q.Ask, Last: q.Bid, BidQuantity: q.BidQuantity, AskQuantity: q.AskQuantity}, true, true, values)
	}
	f := message.BatchFields{Source: "upbit", Partition: 3, Seq: 12345, Time: market.Milliseconds(1_723_075_200_000)}
	return map[string]message.Message{
		"trades": must(message.NewBatch(f, trades(batchLen))),
		"bbos":   must(message.NewBatch(f, quotes)),
		"views":  b.Build(message.ViewsFields{Source: "upbit", Seq: 1}),
	}
}

// BenchmarkMarshal writes a message of 64 rows; ns/event is per row.
func BenchmarkMarshal(b *testing.B) {
	for name, m := range benchMessages() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = wire.Marshal(dst[:0], m)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchLen, "ns/event")
			b.ReportMetric(float64(len(dst))/batchLen, "B/event")
		})
	}
}

// BenchmarkUnmarshal reads a message of 64 rows; ns/event is per row.
func BenchmarkUnmarshal(b *testing.B) {
	for name, m := range benchMessages() {
		data := must(wire.Marshal(nil, m))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := wire.Unmarshal(data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchLen, "ns/event")
		})
	}
}
