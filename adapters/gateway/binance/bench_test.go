package binance

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/maru-trading/maru/adapters/gateway"
)

// BenchmarkPlace makes the bytes of an order, signed: what lies between the disk and the socket.
func BenchmarkPlace(b *testing.B) {
	for name, secret := range map[string]string{"hmac": docSecret, "ed25519": docEd25519} {
		b.Run(name, func(b *testing.B) {
			s, err := newSigner(gateway.NewSecret(secret))
			if err != nil {
				b.Fatal(err)
			}
			key := gateway.NewSecret(docKey)
			f := fields(nil)
			b.ReportAllocs()
			for b.Loop() {
				stamp, err := window(f.Time, time.Millisecond, f.Time.Add(5*time.Second))
				if err != nil {
					b.Fatal(err)
				}
				q, err := place(f, "BTCUSDT", stamp)
				if err != nil {
					b.Fatal(err)
				}
				if out := q.wire("https://api.binance.com", s, key); len(out.Body) == 0 {
					b.Fatal("no body")
				}
			}
		})
	}
}

// BenchmarkEvent reads an execution from the stream and makes the report of it.
func BenchmarkEvent(b *testing.B) {
	frame := []byte(eventTrade)
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := decodeFrame(frame)
			if err != nil || len(f.report.reports(btc)) != 1 {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(frame, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
