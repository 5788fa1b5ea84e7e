package coinone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json.
type (
	jsonTicker struct {
		Response string `json:"r"`
		Channel  string `json:"c"`
		Data     struct {
			Quote     string `json:"qc"`
			Target    string `json:"tc"`
			Timestamp int64  `json:"t"`
			First     string `json:"fi"`
			Last      string `json:"la"`
			High      string `json:"hi"`
			Low       string `json:"lo"`
			Yesterday string `json:"yla"`
			Volume    string `json:"tv"`
		} `json:"d"`
	}
	jsonTrade struct {
		Response string `json:"r"`
		Channel  string `json:"c"`
		Data     struct {
			Quote       string `json:"qc"`
			Target      string `json:"tc"`
			ID          string `json:"i"`
			Timestamp   int64  `json:"t"`
			Price       string `json:"p"`
			Quantity    string `json:"q"`
			SellerMaker bool   `json:"sm"`
		} `json:"d"`
	}
	jsonLevel struct {
		Price    string `json:"p"`
		Quantity string `json:"q"`
	}
	jsonBook struct {
		Response string `json:"r"`
		Channel  string `json:"c"`
		Data     struct {
			Quote     string      `json:"qc"`
			Target    string      `json:"tc"`
			Timestamp int64       `json:"t"`
			ID        string      `json:"i"`
			Asks      []jsonLevel `json:"a"`
			Bids      []jsonLevel `json:"b"`
		} `json:"d"`
	}
)

const tradePlain = `{"r":"DATA","c":"TRADE","d":{"qc":"KRW","tc":"BTC","i":"1790134177835001","t":1790134177835,"p":"116460000","q":"0.00483595","sm":false}}`

// bookOf returns an order book of n levels a side.
func bookOf(n int) string {
	var asks, bids []string
	for i := range n {
		asks = append(asks, fmt.Sprintf(`{"p":"%d","q":"%d.%08d"}`, 116650000-i*10000, i%2, 1198956+i))
		bids = append(bids, fmt.Sprintf(`{"p":"%d","q":"%d.%08d"}`, 116450000-i*10000, i%2, 4695328+i))
	}
	return `{"r":"DATA","c":"ORDERBOOK","d":{"qc":"KRW","tc":"BTC","t":1790134177753,"i":"1790134177753001","a":[` + strings.Join(asks, ",") + `],"b":[` + strings.Join(bids, ",") + `]}}`
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", tradePlain, new(jsonTrade)},
		{"ticker", tickerShort, new(jsonTicker)},
		{"book_2x16", bookOf(16), new(jsonBook)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, decodeOnly(b), []byte(c.frame), c.shape) })
	}
}
