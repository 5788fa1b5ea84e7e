package adaptertest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/gate"
)

// TestGate: frames as in Gate's Spot WebSocket v4.
func TestGate(t *testing.T) {
	channels := map[string]market.Channel{"spot.tickers": market.ChannelTicker, "spot.book_ticker": market.ChannelBBO,
		"spot.order_book_update": market.ChannelBook, "spot.trades": market.ChannelTrade}
	names := map[market.Channel]string{}
	for name, c := range channels {
		names[c] = name
	}
	frame := func(channel, event string, at int64, rest string) string {
		return fmt.Sprintf(`{"time":%d,"time_ms":%d,"channel":"%s","event":"%s",%s}`, at/1000, at, channel, event, rest)
	}
	const moment = 1_790_000_000_138
	events := map[adaptertest.RequestKind]string{adaptertest.Subscribe: "subscribe", adaptertest.Unsubscribe: "unsubscribe"}
	answer := func(r adaptertest.Request, rest string) []string {
		return []string{frame(names[r.Topics[0].Channel], events[r.Kind], moment, `"id":`+r.ID+`,"conn_id":"06a3248d8f02479a",`+rest)}
	}
	adaptertest.Run(t, adaptertest.Venue{
		Name: gate.Name, New: protocols(gate.New), Path: "/", Quote: "USDT",
		Symbol: func(base string) string { return base + "_USDT" },
		Read: func(text string) (r adaptertest.Request, err error) {
			var f struct {
				Time           int64
				ID             int
				Channel, Event string
				Payload        []string
			}
			if err := read(text, &f); err != nil {
				return r, err
			}
			for kind, event := range events {
				if event == f.Event {
					r.Kind = kind
				}
			}
			if off := time.Since(time.Unix(f.Time, 0)).Abs(); off > time.Minute {
				return r, fmt.Errorf("invalid argument: time %d is %v away", f.Time, off)
			}
			r.ID = fmt.Sprint(f.ID)
			channel := channels[f.Channel]
			if channel == market.ChannelBook { // one pair each, and how often
				if len(f.Payload) != 2 || f.Payload[1] != "100ms" {
					return r, fmt.Errorf("request %+v", f)
				}
				f.Payload = f.Payload[:1]
			}
			for _, pair := range f.Payload {
				r.Topics = append(r.Topics, adaptertest.Topic{Channel: channel, Symbol: pair})
			}
			if r.Kind == 0 || channel == 0 || len(r.Topics) == 0 {
				return r, fmt.Errorf("request %+v", f)
			}
			return r, nil
		},
		Ack: func(r adaptertest.Request) []string { return answer(r, `"error":null,"result":{"status":"success"}`) },
		Refusal: func(r adaptertest.Request) []string {
			return answer(r, `"error":{"code":2,"message":"unknown currency pair NONE_USDT"},"result":null`)
		},
		RefusalCode: "2",
		ClientPings: adaptertest.ControlPing,

		Ticker: func(k adaptertest.Ticker) string {
			return frame("spot.tickers", "update", k.Time, fmt.Sprintf(`"result":{"currency_pair":"%s","last":"%s","lowest_ask":"50010","highest_bid":"50000","change_percentage":"-0.02",`+
				`"base_volume":"1234.5","quote_volume":"332082083.25352214454674732293","high_24h":"51000","low_24h":"49000"}`, k.Symbol, k.Price))
		},
		// Of the change only the percentage is sent.
		TickerHas: rolling | rate,
		BBO: func(b adaptertest.BBO) string {
			return frame("spot.book_ticker", "update", b.Time, fmt.Sprintf(`"result":{"t":%d,"u":%d,"s":"%s","b":"%s","B":"%s","a":"%s","A":"%s"}`,
				b.Time-1, b.ID, b.Symbol, b.Bid.Price, b.Bid.Quantity, b.Ask.Price, b.Ask.Quantity))
		},
		Trade: func(k adaptertest.Trade) string {
			return frame("spot.trades", "update", k.Time+3, fmt.Sprintf(`"result":{"id":%d,"id_market":77,"create_time":%d,"create_time_ms":"%d.000","side":"%v","currency_pair":"%s","amount":"%s","price":"%s","range":"77-77"}`,
				k.ID, k.Time/1000, k.Time, k.Taker, k.Symbol, k.Quantity, k.Price))
		},

		Books: adaptertest.Joined, IDs: 5,
		Update: func(b adaptertest.Book) string {
			return frame("spot.order_book_update", "update", b.Time, fmt.Sprintf(`"result":{"t":%d,"l":"100","e":"depthUpdate","E":%d,"s":"%s","U":%d,"u":%d,"b":%s,"a":%s}`,
				b.Time-2, b.Time/1000, b.Symbol, b.First, b.Last, pairs(b.Bids), pairs(b.Asks)))
		},
		RESTSymbol: func(r *http.Request) string {
			if r.URL.Path != "/api/v4/spot/order_book" || r.URL.Query().Get("with_id") != "true" {
				return ""
			}
			return r.URL.Query().Get("currency_pair")
		},
		RESTBook: func(b adaptertest.Book) string {
			return fmt.Sprintf(`{"id":%d,"current":%d,"update":%d,"asks":%s,"bids":%s}`, b.Last, b.Time, b.Time-3, pairs(b.Asks), pairs(b.Bids))
		},
	})
}
