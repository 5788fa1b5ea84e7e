package upbit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json: the nine ticker figures and the
// fields of trades and books, numbers as text so that nothing is rounded.
type (
	jsonTicker struct {
		Type      string      `json:"type"`
		Code      string      `json:"code"`
		Opening   json.Number `json:"opening_price"`
		High      json.Number `json:"high_price"`
		Low       json.Number `json:"low_price"`
		Trade     json.Number `json:"trade_price"`
		Prev      json.Number `json:"prev_closing_price"`
		Change    json.Number `json:"signed_change_price"`
		Rate      json.Number `json:"signed_change_rate"`
		Volume    json.Number `json:"acc_trade_volume_24h"`
		Timestamp int64       `json:"timestamp"`
	}
	jsonTrade struct {
		Type   string      `json:"ty"`
		Code   string      `json:"cd"`
		At     int64       `json:"ttms"`
		Price  json.Number `json:"tp"`
		Volume json.Number `json:"tv"`
		Side   string      `json:"ab"`
		ID     json.Number `json:"sid"`
	}
	jsonBook struct {
		Type  string `json:"ty"`
		Code  string `json:"cd"`
		At    int64  `json:"tms"`
		Units []struct {
			AskPrice json.Number `json:"ap"`
			BidPrice json.Number `json:"bp"`
			AskSize  json.Number `json:"as"`
			BidSize  json.Number `json:"bs"`
		} `json:"obu"`
	}
)

// bookOf returns an order book of n units.
func bookOf(n int) string {
	var units []string
	for i := range n {
		units = append(units, fmt.Sprintf(`{"ap":%d.0,"bp":%d.0,"as":%d.%08d,"bs":%d.%08d}`, 116539000+i*1000, 116538000-i*1000, i%7, 12345+i, i%5, 987654+i))
	}
	return `{"ty":"orderbook","cd":"KRW-BTC","tms":1700000000506,"tas":84594.40925996,"tbs":47323.05782878,"obu":[` + strings.Join(units, ",") + `],"st":"REALTIME","lv":0}`
}

func BenchmarkDecode(b *testing.B) {
	all, err := New(venue.Config{})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", tradeSimple, new(jsonTrade)},
		{"ticker", tickerDefault, new(jsonTicker)},
		{"book_2x15", bookOf(15), new(jsonBook)},
		{"book_2x30", bookOf(30), new(jsonBook)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, all[0], []byte(c.frame), c.shape) })
	}
}

// BenchmarkSession decodes the recorded session, frame after frame.
func BenchmarkSession(b *testing.B) {
	frames := venuetest.Recorded(b, session)
	all, err := New(venue.Config{})
	if err != nil {
		b.Fatal(err)
	}
	venuetest.BenchSession(b, all[0], frames)
}
