package adaptertest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/bybit"
)

// TestBybit: frames as on bybit-exchange.github.io/docs/v5, spot.
func TestBybit(t *testing.T) {
	channels := map[string]market.Channel{"tickers": market.ChannelTicker, "orderbook.50": market.ChannelBook, "publicTrade": market.ChannelTrade}
	ops := map[adaptertest.RequestKind]string{adaptertest.Subscribe: "subscribe", adaptertest.Unsubscribe: "unsubscribe"}
	book := func(kind string, b adaptertest.Book) string {
		return fmt.Sprintf(`{"topic":"orderbook.50.%s","ts":%d,"type":"%s","data":{"s":"%s","b":%s,"a":%s,"u":%d,"seq":%d},"cts":%d}`,
			b.Symbol, b.Time, kind, b.Symbol, pairs(b.Bids), pairs(b.Asks), b.Last, b.Last*7, b.Time-2)
	}
	adaptertest.Run(t, adaptertest.Venue{
		Name: bybit.Name, New: protocols(bybit.New), Path: "/v5/public/spot", Quote: "USDT",
		Symbol: func(base string) string { return base + "USDT" },
		Read: func(frame string) (r adaptertest.Request, err error) {
			var f struct {
				Op   string
				Args []string
			}
			if err := read(frame, &f); err != nil {
				return r, err
			}
			for kind, op := range ops {
				if op == f.Op {
					r.Kind = kind
				}
			}
			if f.Op == "ping" && len(f.Args) == 0 {
				r.Kind = adaptertest.Ping
				return r, nil
			}
			for _, topic := range f.Args {
				dot := strings.LastIndexByte(topic, '.')
				if dot < 0 || channels[topic[:dot]] == 0 {
					return r, fmt.Errorf("topic %q", topic)
				}
				r.Topics = append(r.Topics, adaptertest.Topic{Channel: channels[topic[:dot]], Symbol: topic[dot+1:]})
			}
			if r.Kind == 0 || len(r.Topics) == 0 || len(r.Topics) > 10 {
				return r, fmt.Errorf("request %+v", f)
			}
			return r, nil
		},
		Ack: func(r adaptertest.Request) []string {
			return []string{fmt.Sprintf(`{"success":true,"ret_msg":"%s","conn_id":"2324d924-aa4d-45b0-a858-7b8be29ab52b","req_id":"","op":"%[1]s"}`, ops[r.Kind])}
		},
		Refusal: func(adaptertest.Request) []string {
			return []string{`{"success":false,"ret_msg":"error:handler not found,topic:tickers.NONEUSDT","conn_id":"2324d924","req_id":"","op":"subscribe"}`}
		},
		ClientPings: adaptertest.TextPing,
		Pong: func(string) string {
			return `{"success":true,"ret_msg":"pong","conn_id":"0970e817-426e-429a-a679-ff7f55e0b16a","op":"ping"}`
		},

		Ticker: func(k adaptertest.Ticker) string {
			return fmt.Sprintf(`{"topic":"tickers.%s","ts":%d,"type":"snapshot","cs":2588407389,"data":{"symbol":"%[1]s","lastPrice":"%[3]s","highPrice24h":"51000","lowPrice24h":"49000",`+
				`"prevPrice24h":"50012.5","volume24h":"1234.5","turnover24h":"61725000","price24hPcnt":"-0.0002","usdIndexPrice":"50001.5"}}`, k.Symbol, k.Time, k.Price)
		},
		TickerHas: rolling | changes | message.HasOpening,
		Trade: func(k adaptertest.Trade) string {
			side := map[market.Side]string{market.Buy: "Buy", market.Sell: "Sell"}[k.Taker]
			return fmt.Sprintf(`{"topic":"publicTrade.%s","type":"snapshot","ts":%d,"data":[{"T":%d,"s":"%[1]s","S":"%[4]s","v":"%[5]s","p":"%[6]s","L":"PlusTick","i":"22900000000%[7]d","BT":false,"seq":7}]}`,
				k.Symbol, k.Time+2, k.Time, side, k.Quantity, k.Price, k.ID)
		},

		Books: adaptertest.Chained, IDs: 1,
		Snapshot: func(b adaptertest.Book) string { return book("snapshot", b) },
		Update:   func(b adaptertest.Book) string { return book("delta", b) },
	})
}
