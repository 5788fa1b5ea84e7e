package kraken

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json, numbers as text so that nothing
// is rounded.
type (
	jsonTicker struct {
		Channel string `json:"channel"`
		Type    string `json:"type"`
		Data    []struct {
			Symbol    string      `json:"symbol"`
			Bid       json.Number `json:"bid"`
			BidQty    json.Number `json:"bid_qty"`
			Ask       json.Number `json:"ask"`
			AskQty    json.Number `json:"ask_qty"`
			Last      json.Number `json:"last"`
			Volume    json.Number `json:"volume"`
			Vwap      json.Number `json:"vwap"`
			Low       json.Number `json:"low"`
			High      json.Number `json:"high"`
			Change    json.Number `json:"change"`
			ChangePct json.Number `json:"change_pct"`
			Timestamp string      `json:"timestamp"`
		} `json:"data"`
	}
	jsonTrade struct {
		Channel string `json:"channel"`
		Type    string `json:"type"`
		Data    []struct {
			Symbol    string      `json:"symbol"`
			Side      string      `json:"side"`
			Price     json.Number `json:"price"`
			Qty       json.Number `json:"qty"`
			OrdType   string      `json:"ord_type"`
			TradeID   json.Number `json:"trade_id"`
			Timestamp string      `json:"timestamp"`
		} `json:"data"`
	}
	jsonLevel struct {
		Price json.Number `json:"price"`
		Qty   json.Number `json:"qty"`
	}
	jsonBook struct {
		Channel string `json:"channel"`
		Type    string `json:"type"`
		Data    []struct {
			Symbol    string      `json:"symbol"`
			Bids      []jsonLevel `json:"bids"`
			Asks      []jsonLevel `json:"asks"`
			Checksum  uint32      `json:"checksum"`
			Timestamp string      `json:"timestamp"`
		} `json:"data"`
	}
)

const (
	tradeOf2 = `{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":36500.1,"qty":0.00250000,"ord_type":"market","trade_id":4815162342,"timestamp":"2023-11-14T22:13:20.123456Z"}]}`
	tradeOf1 = `[321,[["36500.10000","0.00250000","1700000000.123456","s","m",""]],"trade","XBT/USD"]`
)

// bookOf2 returns a book of version 2 with n levels a side, without a checksum.
func bookOf2(n int, kind string) string {
	side := func(from, step int) string {
		var levels []string
		for i := range n {
			levels = append(levels, fmt.Sprintf(`{"price":%d.%d,"qty":%d.%08d}`, from+i*step, i%10, i%7, 12345+i))
		}
		return strings.Join(levels, ",")
	}
	return `{"channel":"book","type":"` + kind + `","data":[{"symbol":"BTC/USD","bids":[` + side(36500, -1) + `],"asks":[` + side(36501, 1) + `],"timestamp":"2023-11-14T22:13:20.500123Z"}]}`
}

// bookOf1 returns a book of version 1 with n levels a side, without a checksum.
func bookOf1(n int, asks, bids string) string {
	side := func(from, step int) string {
		var levels []string
		for i := range n {
			levels = append(levels, fmt.Sprintf(`["%d.%05d","%d.%08d","1700000000.%06d"]`, from+i*step, i%10, i%7, 12345+i, i))
		}
		return strings.Join(levels, ",")
	}
	return `[320,{"` + asks + `":[` + side(36501, 1) + `],"` + bids + `":[` + side(36500, -1) + `]},"book-1000","XBT/USD"]`
}

func BenchmarkDecode(b *testing.B) {
	all, err := New(venue.Config{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := all[0].Decode(nil, []byte(book2Snapshot), 1); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", tradeOf2, new(jsonTrade)},
		{"ticker", ticker2Frame, new(jsonTicker)},
		{"book_update_1", `{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[{"price":36500.2,"qty":0.30000000}],"checksum":1673817357,"timestamp":"2023-11-14T22:13:20.500123Z"}]}`, new(jsonBook)},
		{"book_2x10", bookOf2(10, "snapshot"), new(jsonBook)},
		{"book_2x100", bookOf2(100, "snapshot"), new(jsonBook)},
		{"book_2x1000", bookOf2(1000, "snapshot"), new(jsonBook)},
		{"trade_v1", tradeOf1, new([]any)},
		{"ticker_v1", ticker1Frame, new([]any)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, all[0], []byte(c.frame), c.shape) })
	}
}

// BenchmarkSession decodes the recorded session, frame after frame, and compares each checksum.
func BenchmarkSession(b *testing.B) {
	frames := venuetest.Recorded(b, bookSession)
	all, err := New(venue.Config{})
	if err != nil {
		b.Fatal(err)
	}
	venuetest.BenchSession(b, all[0], frames)
}
