package binance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json.
type (
	jsonTrade struct {
		Stream string `json:"stream"`
		Data   struct {
			Event    string `json:"e"`
			Time     int64  `json:"E"`
			Symbol   string `json:"s"`
			ID       int64  `json:"t"`
			Price    string `json:"p"`
			Quantity string `json:"q"`
			At       int64  `json:"T"`
			Maker    bool   `json:"m"`
			Ignore   bool   `json:"M"`
		} `json:"data"`
	}
	jsonBookTicker struct {
		Stream string `json:"stream"`
		Data   struct {
			ID     int64  `json:"u"`
			Symbol string `json:"s"`
			Bid    string `json:"b"`
			BidQty string `json:"B"`
			Ask    string `json:"a"`
			AskQty string `json:"A"`
		} `json:"data"`
	}
	jsonDepth struct {
		Stream string `json:"stream"`
		Data   struct {
			Event  string      `json:"e"`
			Time   int64       `json:"E"`
			Symbol string      `json:"s"`
			First  int64       `json:"U"`
			Last   int64       `json:"u"`
			Bids   [][2]string `json:"b"`
			Asks   [][2]string `json:"a"`
		} `json:"data"`
	}
	jsonTicker struct {
		Stream string `json:"stream"`
		Data   struct {
			Event   string `json:"e"`
			Time    int64  `json:"E"`
			Symbol  string `json:"s"`
			Change  string `json:"p"`
			Rate    string `json:"P"`
			Prev    string `json:"x"`
			Close   string `json:"c"`
			CloseQ  string `json:"Q"`
			Bid     string `json:"b"`
			BidQty  string `json:"B"`
			Ask     string `json:"a"`
			AskQty  string `json:"A"`
			Open    string `json:"o"`
			OpenAt  int64  `json:"O"`
			High    string `json:"h"`
			Low     string `json:"l"`
			LastID  int64  `json:"L"`
			Volume  string `json:"v"`
			Quote   string `json:"q"`
			CloseAt int64  `json:"C"`
		} `json:"data"`
	}
)

// depthOf returns a depth update of n levels a side.
func depthOf(n int) string {
	side := func(from, step int) string {
		var levels []string
		for i := range n {
			levels = append(levels, fmt.Sprintf(`["%d.%02d000000","%d.%05d000"]`, from+i*step, i%100, i%7, 12345+i))
		}
		return strings.Join(levels, ",")
	}
	return `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000200,"s":"BTCUSDT","U":70000000002,"u":70000000009,"b":[` +
		side(36500, -1) + `],"a":[` + side(36501, 1) + `]}}`
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
		{"trade", tradeFrame, new(jsonTrade)},
		{"bbo", bookTickerFrame, new(jsonBookTicker)},
		{"ticker", tickerFrame, new(jsonTicker)},
		{"book_2x20", depthOf(20), new(jsonDepth)},
		{"book_2x1000", depthOf(1000), new(jsonDepth)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, all[0], []byte(c.frame), c.shape) })
	}
}

// BenchmarkSession decodes the recorded session, frame after frame.
func BenchmarkSession(b *testing.B) {
	frames := venuetest.Recorded(b, "binance/spot-btcusdt-20240808.frames.gz")
	all, err := New(venue.Config{})
	if err != nil {
		b.Fatal(err)
	}
	venuetest.BenchSession(b, all[0], frames)
}
