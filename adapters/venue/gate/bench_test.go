package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json.
type (
	jsonFrame[T any] struct {
		Time    int64  `json:"time"`
		TimeMS  int64  `json:"time_ms"`
		Channel string `json:"channel"`
		Event   string `json:"event"`
		Result  T      `json:"result"`
	}
	jsonTicker = jsonFrame[struct {
		Pair        string `json:"currency_pair"`
		Last        string `json:"last"`
		LowestAsk   string `json:"lowest_ask"`
		HighestBid  string `json:"highest_bid"`
		Percent     string `json:"change_percentage"`
		BaseVolume  string `json:"base_volume"`
		QuoteVolume string `json:"quote_volume"`
		High        string `json:"high_24h"`
		Low         string `json:"low_24h"`
	}]
	jsonTrade = jsonFrame[struct {
		ID           int64  `json:"id"`
		IDMarket     int64  `json:"id_market"`
		CreateTime   int64  `json:"create_time"`
		CreateTimeMS string `json:"create_time_ms"`
		Side         string `json:"side"`
		Pair         string `json:"currency_pair"`
		Amount       string `json:"amount"`
		Price        string `json:"price"`
		Range        string `json:"range"`
	}]
	jsonBBO = jsonFrame[struct {
		T      int64  `json:"t"`
		ID     int64  `json:"u"`
		Symbol string `json:"s"`
		Bid    string `json:"b"`
		BidQty string `json:"B"`
		Ask    string `json:"a"`
		AskQty string `json:"A"`
	}]
	jsonUpdate = jsonFrame[struct {
		T      int64       `json:"t"`
		Full   bool        `json:"full"`
		Level  string      `json:"l"`
		Event  string      `json:"e"`
		E      int64       `json:"E"`
		Symbol string      `json:"s"`
		First  int64       `json:"U"`
		Last   int64       `json:"u"`
		Bids   [][2]string `json:"b"`
		Asks   [][2]string `json:"a"`
	}]
)

// updateOf returns a change of n levels a side.
func updateOf(n int) string {
	side := func(from, step int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`["%d.%02d","%d.%05d"]`, from+i*step, i%100, i%7, 12345+i))
		}
		return strings.Join(all, ",")
	}
	return `{"time":1700000000,"time_ms":1700000000236,"channel":"spot.order_book_update","event":"update","result":{"t":1700000000123,"l":"100","e":"depthUpdate","E":1700000000,"s":"BTC_USDT","U":48776301,"u":48776306,"b":[` +
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
		{"bbo", bboFrame, new(jsonBBO)},
		{"ticker", tickerFrame, new(jsonTicker)},
		{"book_2x20", updateOf(20), new(jsonUpdate)},
		{"book_2x100", updateOf(100), new(jsonUpdate)},
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
