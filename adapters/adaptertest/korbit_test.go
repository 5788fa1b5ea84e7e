package adaptertest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/korbit"
)

// TestKorbit: frames as on docs.korbit.co.kr, WebSocket API v2.
func TestKorbit(t *testing.T) {
	channels := map[string]market.Channel{"ticker": market.ChannelTicker, "orderbook": market.ChannelBook, "trade": market.ChannelTrade}
	data := func(kind, symbol string, at int64, data string) string {
		return fmt.Sprintf(`{"type":"%s","timestamp":%d,"symbol":"%s","snapshot":false,"data":%s}`, kind, at, symbol, data)
	}
	ids := func(r adaptertest.Request, format string) (answers []string) {
		for _, id := range strings.Split(r.ID, ",") {
			answers = append(answers, fmt.Sprintf(format, id))
		}
		return answers
	}
	adaptertest.Run(t, adaptertest.Venue{
		Name: korbit.Name, New: protocols(korbit.New), Path: "/v2/public", Quote: "KRW",
		Symbol: func(base string) string { return strings.ToLower(base) + "_krw" },
		Read: func(frame string) (r adaptertest.Request, err error) {
			var all []struct {
				RequestID    int
				Method, Type string
				Symbols      []string
			}
			if err := read(frame, &all); err != nil {
				return r, err
			}
			var numbers []string
			for _, f := range all {
				if f.RequestID == 0 || f.Method != "subscribe" || channels[f.Type] == 0 || len(f.Symbols) == 0 {
					return r, fmt.Errorf("request %+v", f)
				}
				numbers = append(numbers, fmt.Sprint(f.RequestID))
				for _, symbol := range f.Symbols {
					r.Topics = append(r.Topics, adaptertest.Topic{Channel: channels[f.Type], Symbol: symbol})
				}
			}
			r.Kind, r.ID = adaptertest.Subscribe, strings.Join(numbers, ",")
			return r, nil
		},
		Ack: func(r adaptertest.Request) []string { return ids(r, `{"requestId": %s, "status": "success"}`) },
		Refusal: func(r adaptertest.Request) []string {
			return ids(r, `{"requestId": %s, "status": "fail", "code": "INVALID_SYMBOL", "message": "no such symbol"}`)
		},
		RefusalCode: "INVALID_SYMBOL",
		ClientPings: adaptertest.ControlPing,

		Ticker: func(k adaptertest.Ticker) string {
			return data("ticker", k.Symbol, k.Time, fmt.Sprintf(`{"open":"50012","high":"51000","low":"49000","close":"%s","prevClose":"50012","priceChange":"-12","priceChangePercent":"-0.02",`+
				`"volume":"1234.5","quoteVolume":"61725000","bestBidPrice":"50000","bestAskPrice":"50010","lastTradedAt":%d}`, k.Price, k.Time-5))
		},
		TickerHas: rolling | changes | message.HasOpening | message.HasPrevClosing,
		Trade: func(k adaptertest.Trade) string {
			return data("trade", k.Symbol, k.Time+7, fmt.Sprintf(`[{"tradeId":%d,"timestamp":%d,"price":"%s","qty":"%s","isBuyerTaker":%t}]`,
				k.ID, k.Time, k.Price, k.Quantity, k.Taker == market.Buy))
		},

		Books: adaptertest.Whole,
		Snapshot: func(b adaptertest.Book) string {
			const level = `{"price":"%s","qty":"%s","amt":"1"}`
			return data("orderbook", b.Symbol, b.Time, fmt.Sprintf(`{"timestamp":%d,"asks":%s,"bids":%s}`, b.Time-2, rows(b.Asks, level), rows(b.Bids, level)))
		},
	})
}
