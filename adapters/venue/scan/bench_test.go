package scan_test

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/adapters/venue/scan"
	"github.com/maru-trading/maru/internal/testdata"
)

// sessions are recorded by different venues: strings or numbers, long names or letters, wide books
// or narrow.
var sessions = []string{
	"binance/spot-btcusdt-20240808.frames.gz",
	"upbit/ws-simple-trade-orderbook-20210405-head.frames.gz",
	"kraken/ws-v1-book1000-20210405.frames.gz",
	"okx/ws-v5-public-20220513-head.frames.gz",
}

// recorded returns at most 2,000 received frames of a session.
func recorded(t testing.TB, name string) [][]byte {
	t.Helper()
	r, err := capture.Open(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames [][]byte
	for len(frames) < 2000 {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Kind == capture.KindReceived && json.Valid(row.Payload) {
			frames = append(frames, slices.Clone(row.Payload))
		}
	}
	return frames
}

func TestRecordedFramesReadAsEncodingJSONReadsThem(t *testing.T) {
	for _, name := range sessions {
		t.Run(name, func(t *testing.T) {
			for n, frame := range recorded(t, name) {
				if n%10 != 0 { // every frame takes a second a session
					continue
				}
				compare(t, frame)
				compare(t, frame[:n%len(frame)])
			}
		})
	}
}

const tickerFrame = `{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","E":1700000000300,"s":"BTCUSDT","p":"-131.40000000","P":"-0.359","w":"36621.11111111","x":"36631.51000000","c":"36500.12000000","Q":"0.00250000","b":"36500.11000000","B":"1.50000000","a":"36500.12000000","A":"0.75000000","o":"36631.52000000","h":"37000.00000000","l":"36100.00000000","v":"25000.12345678","q":"912345678.12345678","O":1699913600300,"C":1700000000300,"F":1,"L":900000,"n":900000}}`

// BenchmarkFrames reads every field of frames, and only checks them, beside what else does that.
func BenchmarkFrames(b *testing.B) {
	of := map[string][][]byte{"ticker": {[]byte(tickerFrame)}}
	names := []string{"ticker"}
	for _, name := range sessions {
		of[name] = recorded(b, name)
		names = append(names, name)
	}
	var d scan.Decoder
	var j jx.Decoder
	for _, name := range names {
		for _, way := range []struct {
			name string
			do   func(frame []byte) error
		}{
			{"read/scan", func(frame []byte) error { d.ResetBytes(frame); return readScan(&d) }},
			{"read/jx", func(frame []byte) error { j.ResetBytes(frame); return readJX(&j) }},
			{"read/encoding_json", func(frame []byte) error { var v any; return json.Unmarshal(frame, &v) }},
			{"check/scan", func(frame []byte) error { d.ResetBytes(frame); return d.Skip() }},
			{"check/jx", func(frame []byte) error { j.ResetBytes(frame); return j.Skip() }},
			{"check/encoding_json", func(frame []byte) error {
				if !json.Valid(frame) {
					return errors.New("not valid")
				}
				return nil
			}},
		} {
			b.Run(name+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				frames, bytes, n := of[name], 0, 0
				for b.Loop() {
					frame := frames[n%len(frames)]
					if err := way.do(frame); err != nil {
						b.Fatal(err)
					}
					bytes += len(frame)
					n++
				}
				b.SetBytes(int64(bytes / max(n, 1)))
			})
		}
	}
}

func readScan(d *scan.Decoder) error {
	switch d.Next() {
	case scan.Object:
		if err := d.Object(); err != nil {
			return err
		}
		for {
			if _, ok := d.NextKey(); !ok {
				return d.Err()
			}
			if err := readScan(d); err != nil {
				return err
			}
		}
	case scan.Array:
		if err := d.Array(); err != nil {
			return err
		}
		for d.More() {
			if err := readScan(d); err != nil {
				return err
			}
		}
		return d.Err()
	}
	_, _, err := d.Value()
	return err
}

func readJX(d *jx.Decoder) error {
	switch d.Next() {
	case jx.Object:
		object, err := d.ObjIter()
		if err != nil {
			return err
		}
		for object.Next() {
			if err := readJX(d); err != nil {
				return err
			}
		}
		return object.Err()
	case jx.Array:
		array, err := d.ArrIter()
		if err != nil {
			return err
		}
		for array.Next() {
			if err := readJX(d); err != nil {
				return err
			}
		}
		return array.Err()
	case jx.String:
		_, err := d.StrBytes()
		return err
	case jx.Number:
		_, err := d.Raw()
		return err
	}
	return d.Skip()
}
