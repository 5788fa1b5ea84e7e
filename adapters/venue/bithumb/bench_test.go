package bithumb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json, numbers as text so that nothing
// is rounded.
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
	jsonOldTicker struct {
		Type    string `json:"type"`
		Content struct {
			Symbol   string `json:"symbol"`
			TickType string `json:"tickType"`
			Date     string `json:"date"`
			Time     string `json:"time"`
			Open     string `json:"openPrice"`
			Close    string `json:"closePrice"`
			Low      string `json:"lowPrice"`
			High     string `json:"highPrice"`
			Volume   string `json:"volume"`
			Prev     string `json:"prevClosePrice"`
			Rate     string `json:"chgRate"`
			Amount   string `json:"chgAmt"`
		} `json:"content"`
	}
	jsonOldDepth struct {
		Type    string `json:"type"`
		Content struct {
			List []struct {
				Symbol    string `json:"symbol"`
				OrderType string `json:"orderType"`
				Price     string `json:"price"`
				Quantity  string `json:"quantity"`
			} `json:"list"`
			Datetime string `json:"datetime"`
		} `json:"content"`
	}
	jsonOldSnapshot struct {
		Type    string `json:"type"`
		Content struct {
			Symbol   string      `json:"symbol"`
			Datetime string      `json:"datetime"`
			Asks     [][2]string `json:"asks"`
			Bids     [][2]string `json:"bids"`
		} `json:"content"`
	}
)

// bookOf returns an order book of n units.
func bookOf(n int) string {
	var units []string
	for i := range n {
		units = append(units, fmt.Sprintf(`{"ap":%d,"bp":%d,"as":%d.%04d,"bs":%d.%04d}`, 116539000+i*1000, 116538000-i*1000, i%7, 12+i, i%5, 987+i))
	}
	return `{"ty":"orderbook","cd":"KRW-BTC","tas":0.1823,"tbs":6.9593,"obu":[` + strings.Join(units, ",") + `],"lv":1,"tms":1790133505627050,"st":"REALTIME"}`
}

// oldDepthOf returns n changed levels.
func oldDepthOf(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"symbol":"BTC_KRW","orderType":"%s","price":"%d","quantity":"%d.%04d","total":"1"}`, []string{"ask", "bid"}[i%2], 116539000+i*1000, i%3, i))
	}
	return `{"type":"orderbookdepth","content":{"list":[` + strings.Join(list, ",") + `],"datetime":"1628835823604483"}}`
}

// oldSnapshotOf returns an order book of n levels a side.
func oldSnapshotOf(n int) string {
	var asks, bids []string
	for i := range n {
		asks = append(asks, fmt.Sprintf(`["%d","%d.%04d"]`, 116539000+i*1000, i%3, i+1))
		bids = append(bids, fmt.Sprintf(`["%d","%d.%04d"]`, 116538000-i*1000, i%3, i+1))
	}
	return `{"type":"orderbooksnapshot","content":{"symbol":"BTC_KRW","datetime":"1790133914965948","asks":[` + strings.Join(asks, ",") + `],"bids":[` + strings.Join(bids, ",") + `]}}`
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", tradeSimple, new(jsonTrade)},
		{"ticker", tickerDefault, new(jsonTicker)},
		{"book_2x15", bookOf(15), new(jsonBook)},
		{"ticker_legacy", oldTicker24H, new(jsonOldTicker)},
		{"book_legacy_10", oldDepthOf(10), new(jsonOldDepth)},
		{"book_legacy_2x30", oldSnapshotOf(30), new(jsonOldSnapshot)},
	} {
		b.Run(c.name, func(b *testing.B) { venuetest.Bench(b, decodeOnly(b), []byte(c.frame), c.shape) })
	}
}

// BenchmarkSession decodes the recorded session, frame after frame.
func BenchmarkSession(b *testing.B) {
	venuetest.BenchSession(b, decodeOnly(b), venuetest.Recorded(b, session))
}
