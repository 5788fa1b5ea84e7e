package korbit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json.
type (
	jsonTicker struct {
		Type      string `json:"type"`
		Timestamp int64  `json:"timestamp"`
		Symbol    string `json:"symbol"`
		Data      struct {
			Open    string `json:"open"`
			High    string `json:"high"`
			Low     string `json:"low"`
			Close   string `json:"close"`
			Prev    string `json:"prevClose"`
			Change  string `json:"priceChange"`
			Percent string `json:"priceChangePercent"`
			Volume  string `json:"volume"`
		} `json:"data"`
	}
	jsonTrade struct {
		Type   string `json:"type"`
		Symbol string `json:"symbol"`
		Data   []struct {
			ID         int64  `json:"tradeId"`
			Timestamp  int64  `json:"timestamp"`
			Price      string `json:"price"`
			Quantity   string `json:"qty"`
			BuyerTaker bool   `json:"isBuyerTaker"`
		} `json:"data"`
	}
	jsonLevel struct {
		Price    string `json:"price"`
		Quantity string `json:"qty"`
	}
	jsonBook struct {
		Type      string `json:"type"`
		Timestamp int64  `json:"timestamp"`
		Symbol    string `json:"symbol"`
		Data      struct {
			Timestamp int64       `json:"timestamp"`
			Asks      []jsonLevel `json:"asks"`
			Bids      []jsonLevel `json:"bids"`
		} `json:"data"`
	}
)

// bookOf returns an order book of n levels a side.
func bookOf(n int) string {
	var asks, bids []string
	for i := range n {
		asks = append(asks, fmt.Sprintf(`{"price":"%d","qty":"%d.%08d","amt":"116650000"}`, 116460000+i*10000, i%2, 1198956+i))
		bids = append(bids, fmt.Sprintf(`{"price":"%d","qty":"%d.%08d","amt":"116450000"}`, 116450000-i*10000, i%2, 4695328+i))
	}
	return `{"type":"orderbook","timestamp":1700000001010,"symbol":"btc_krw","data":{"timestamp":1700000001000,"asks":[` + strings.Join(asks, ",") + `],"bids":[` + strings.Join(bids, ",") + `]}}`
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", tradesFirst, new(jsonTrade)},
		{"ticker", tickerFull, new(jsonTicker)},
		{"book_2x30", bookOf(30), new(jsonBook)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, decodeOnly(b), []byte(c.frame), c.shape) })
	}
}
