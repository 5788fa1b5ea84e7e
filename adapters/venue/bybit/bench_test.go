package bybit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json.
type (
	jsonTrades struct {
		Topic string `json:"topic"`
		Type  string `json:"type"`
		Time  int64  `json:"ts"`
		Data  []struct {
			At     int64  `json:"T"`
			Symbol string `json:"s"`
			Side   string `json:"S"`
			Size   string `json:"v"`
			Price  string `json:"p"`
			Tick   string `json:"L"`
			ID     string `json:"i"`
			Block  bool   `json:"BT"`
		} `json:"data"`
	}
	jsonTicker struct {
		Topic string `json:"topic"`
		Type  string `json:"type"`
		Cross int64  `json:"cs"`
		Time  int64  `json:"ts"`
		Data  struct {
			Symbol   string `json:"symbol"`
			Tick     string `json:"tickDirection"`
			Rate     string `json:"price24hPcnt"`
			Last     string `json:"lastPrice"`
			Prev     string `json:"prevPrice24h"`
			High     string `json:"highPrice24h"`
			Low      string `json:"lowPrice24h"`
			Prev1h   string `json:"prevPrice1h"`
			Mark     string `json:"markPrice"`
			Index    string `json:"indexPrice"`
			OI       string `json:"openInterest"`
			OIValue  string `json:"openInterestValue"`
			Turnover string `json:"turnover24h"`
			Volume   string `json:"volume24h"`
			Next     string `json:"nextFundingTime"`
			Funding  string `json:"fundingRate"`
			Bid      string `json:"bid1Price"`
			BidSize  string `json:"bid1Size"`
			Ask      string `json:"ask1Price"`
			AskSize  string `json:"ask1Size"`
			USDIndex string `json:"usdIndexPrice"`
		} `json:"data"`
	}
	jsonBook struct {
		Topic string `json:"topic"`
		Type  string `json:"type"`
		Time  int64  `json:"ts"`
		Data  struct {
			Symbol string      `json:"s"`
			Bids   [][2]string `json:"b"`
			Asks   [][2]string `json:"a"`
			ID     int64       `json:"u"`
			Seq    int64       `json:"seq"`
		} `json:"data"`
		Cross int64 `json:"cts"`
	}
)

// bookOf returns a change of n levels a side.
func bookOf(n int) string {
	side := func(from, step int) string {
		var levels []string
		for i := range n {
			levels = append(levels, fmt.Sprintf(`["%d.%02d","%d.%06d"]`, from+i*step, i%100, i%7, 12345+i))
		}
		return strings.Join(levels, ",")
	}
	return fmt.Sprintf(`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1700000000220,"data":{"s":"BTCUSDT","b":[%s],"a":[%s],"u":18521289,"seq":7961638725},"cts":1700000000219}`,
		side(36500, -1), side(36501, 1))
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", contractTrade, new(jsonTrades)},
		{"ticker_spot", spotTicker, new(jsonTicker)},
		{"ticker_linear", linearTicker, new(jsonTicker)},
		{"ticker_change", tickerChange, new(jsonTicker)},
		{"book_2x20", bookOf(20), new(jsonBook)},
		{"book_2x200", bookOf(200), new(jsonBook)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, decodeOnly(b), []byte(c.frame), c.shape) })
	}
}

// BenchmarkSession decodes a recorded session, frame after frame.
func BenchmarkSession(b *testing.B) {
	venuetest.BenchSession(b, decodeOnly(b), venuetest.Recorded(b, "bybit/ws-v5-orderbook500-xrpusdt-20241201-head.frames.gz"))
}
