package adaptertest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/binance"
)

// TestBinance: frames as in web-socket-streams.md of binance-spot-api-docs.
func TestBinance(t *testing.T) {
	channels := map[string]market.Channel{"ticker": market.ChannelTicker, "bookTicker": market.ChannelBBO, "depth@100ms": market.ChannelBook, "trade": market.ChannelTrade}
	stream := func(symbol, name, data string) string {
		return fmt.Sprintf(`{"stream":"%s@%s","data":%s}`, strings.ToLower(symbol), name, data)
	}
	adaptertest.Run(t, adaptertest.Venue{
		Name: binance.Name, New: protocols(binance.New), Path: "/", Quote: "USDT",
		Symbol: func(base string) string { return base + "USDT" },
		Read: func(frame string) (r adaptertest.Request, err error) {
			var f struct {
				Method string
				Params []string
				ID     int
			}
			if err := read(frame, &f); err != nil {
				return r, err
			}
			kinds := map[string]adaptertest.RequestKind{"SUBSCRIBE": adaptertest.Subscribe, "UNSUBSCRIBE": adaptertest.Unsubscribe}
			r.Kind, r.ID = kinds[f.Method], fmt.Sprint(f.ID)
			for _, name := range f.Params {
				symbol, channel, _ := strings.Cut(name, "@")
				if symbol != strings.ToLower(symbol) || channels[channel] == 0 {
					return r, fmt.Errorf("stream %q", name)
				}
				r.Topics = append(r.Topics, adaptertest.Topic{Channel: channels[channel], Symbol: strings.ToUpper(symbol)})
			}
			if r.Kind == 0 || f.ID == 0 || len(r.Topics) == 0 || len(r.Topics) > 1024 {
				return r, fmt.Errorf("request %+v", f)
			}
			return r, nil
		},
		Ack: func(r adaptertest.Request) []string { return []string{`{"result":null,"id":` + r.ID + `}`} },
		Refusal: func(r adaptertest.Request) []string {
			return []string{`{"error":{"code":2,"msg":"Invalid request: unknown variant"},"id":` + r.ID + `}`}
		},
		RefusalCode: "2",

		Ticker: func(k adaptertest.Ticker) string {
			return stream(k.Symbol, "ticker", fmt.Sprintf(`{"e":"24hrTicker","E":%d,"s":"%s","p":"-12.50","P":"-0.025","w":"50001.1","x":"50011.9","c":"%s",`+
				`"Q":"0.1","b":"50000","B":"1","a":"50010","A":"2","o":"50012.5","h":"51000","l":"49000","v":"1234.5","q":"61725000","O":1,"C":2,"F":1,"L":9,"n":9}`,
				k.Time, k.Symbol, k.Price))
		},
		TickerHas: rolling | changes | message.HasOpening | message.HasPrevClosing,
		BBO: func(b adaptertest.BBO) string {
			return stream(b.Symbol, "bookTicker", fmt.Sprintf(`{"u":%d,"s":"%s","b":"%s","B":"%s","a":"%s","A":"%s"}`,
				b.ID, b.Symbol, b.Bid.Price, b.Bid.Quantity, b.Ask.Price, b.Ask.Quantity))
		},
		Trade: func(k adaptertest.Trade) string {
			return stream(k.Symbol, "trade", fmt.Sprintf(`{"e":"trade","E":%d,"s":"%s","t":%d,"p":"%s","q":"%s","T":%d,"m":%t,"M":true}`,
				k.Time, k.Symbol, k.ID, k.Price, k.Quantity, k.Time, k.Taker == market.Sell))
		},

		Books: adaptertest.Joined, IDs: 3,
		Update: func(b adaptertest.Book) string {
			return stream(b.Symbol, "depth@100ms", fmt.Sprintf(`{"e":"depthUpdate","E":%d,"s":"%s","U":%d,"u":%d,"b":%s,"a":%s}`,
				b.Time, b.Symbol, b.First, b.Last, pairs(b.Bids), pairs(b.Asks)))
		},
		RESTSymbol: func(r *http.Request) string {
			if r.URL.Path != "/api/v3/depth" {
				return ""
			}
			return r.URL.Query().Get("symbol")
		},
		RESTBook: func(b adaptertest.Book) string {
			return fmt.Sprintf(`{"lastUpdateId":%d,"bids":%s,"asks":%s}`, b.Last, pairs(b.Bids), pairs(b.Asks))
		},
	})
}
