package main

import (
	"bytes"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

// TestTrafficIsWhatTheVenuesSend: each made frame is one message of its venue's adapter, about the
// instrument that was meant, with the number that was meant.
func TestTrafficIsWhatTheVenuesSend(t *testing.T) {
	for _, d := range dialects {
		for _, channel := range []market.Channel{market.ChannelTrade, market.ChannelTicker} {
			c, err := d.follow(channel, 41, 2)
			if err != nil {
				t.Fatal(err)
			}
			adapter, err := registry.Find(string(d.venue))
			if err != nil {
				t.Fatal(err)
			}
			all, err := adapter.New(c)
			if err != nil || len(all) != 1 {
				t.Fatalf("%s: %d connections, %v", d.venue, len(all), err)
			}
			text, err := d.text(channel)
			if err != nil {
				t.Fatal(err)
			}
			l := c.Listings[1]
			f := newForm(text, l.Symbol)
			for _, n := range []int64{1, 7, 1_000_000} {
				frame := f.appendTo(nil, n, 1_767_225_600_123)
				events, err := all[0].Decode(nil, frame, 5)
				if err != nil || len(events) != 1 || events[0].Origin().Instrument != l.Instrument {
					t.Fatalf("%s: %v, %v\n%s", d.venue, events, err, frame)
				}
				var book ledger
				book.last = map[market.Instrument]int64{l.Instrument: n - 1}
				b, err := message.NewBatch(message.BatchFields{Source: "test"}, events)
				if err != nil {
					t.Fatal(err)
				}
				book.see(b)
				if fault := book.fault.Load(); fault != nil || book.came.Load() != 1 {
					t.Errorf("%s: %d came, %v\n%s", d.venue, book.came.Load(), *fault, frame)
				}
				if book.see(b); channel == market.ChannelTrade && book.fault.Load() == nil {
					t.Errorf("%s: a trade that came twice was not noticed", d.venue)
				}
			}
		}
	}
	if _, err := dialects[0].text(market.ChannelBook); err == nil {
		t.Error("there are frames of books")
	}
}

// TestWebSocketFrames: a frame's header says how long it is, in both forms of a length.
func TestWebSocketFrames(t *testing.T) {
	for _, length := range []int{1, 125, 126, 127, 65535} {
		payload := bytes.Repeat([]byte("x"), length)
		f := newForm(string(payload), "")
		got := f.appendFrame([]byte("before"), 1, 1)
		want := append([]byte("before"), 0x82)
		if length < 126 {
			want = append(want, byte(length))
		} else {
			want = append(want, 126, byte(length>>8), byte(length))
		}
		if want = append(want, payload...); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: the frame begins with %x, want %x", length, got[:12], want[:12])
		}
	}
}
