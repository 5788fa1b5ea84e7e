package adaptertest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/coinone"
)

// TestCoinone: frames as on docs.coinone.co.kr (public-websocket-1, -orderbook, -ticker, -trade),
// format SHORT where that is asked for.
func TestCoinone(t *testing.T) {
	channels := map[string]market.Channel{"TICKER": market.ChannelTicker, "ORDERBOOK": market.ChannelBook, "TRADE": market.ChannelTrade}
	names := map[market.Channel]string{}
	for name, c := range channels {
		names[c] = name
	}
	data := func(channel, symbol, rest string) string {
		quote, target, _ := strings.Cut(symbol, "-")
		return fmt.Sprintf(`{"r":"DATA","c":"%s","d":{"qc":"%s","tc":"%s",%s}}`, channel, quote, target, rest)
	}
	adaptertest.Run(t, adaptertest.Venue{
		Name: coinone.Name, New: protocols(coinone.New), Path: "/", Quote: "KRW",
		Symbol: func(base string) string { return "KRW-" + base },
		Hello: func() []string {
			return []string{`{"response_type":"CONNECTED","data":{"session_id":"6f3e1d0f-f9ab-f300-1567-0eb31af6d6ef"}}`}
		},
		Read: func(frame string) (r adaptertest.Request, err error) {
			var f struct {
				Type    string `json:"request_type"`
				Channel string
				Topic   struct {
					Quote  string `json:"quote_currency"`
					Target string `json:"target_currency"`
				}
				Format string
			}
			if err := read(frame, &f); err != nil {
				return r, err
			}
			kinds := map[string]adaptertest.RequestKind{"SUBSCRIBE": adaptertest.Subscribe, "UNSUBSCRIBE": adaptertest.Unsubscribe, "PING": adaptertest.Ping}
			if r.Kind = kinds[f.Type]; r.Kind == adaptertest.Ping && f.Channel == "" {
				return r, nil
			}
			if r.Kind == 0 || r.Kind == adaptertest.Ping || channels[f.Channel] == 0 || f.Format != "SHORT" || f.Topic.Quote == "" || f.Topic.Target == "" {
				return r, fmt.Errorf("request %+v", f)
			}
			r.Topics = []adaptertest.Topic{{Channel: channels[f.Channel], Symbol: f.Topic.Quote + "-" + f.Topic.Target}}
			return r, nil
		},
		Ack: func(r adaptertest.Request) (answers []string) {
			for _, topic := range r.Topics {
				quote, target, _ := strings.Cut(topic.Symbol, "-")
				answers = append(answers, fmt.Sprintf(`{"response_type":"SUBSCRIBED","channel":"%s","data":{"quote_currency":"%s","target_currency":"%s"}}`,
					names[topic.Channel], quote, target))
			}
			return answers
		},
		Refusal: func(adaptertest.Request) []string {
			return []string{`{"response_type":"ERROR","error_code":160012,"message":"Invalid Topic","data":null}`}
		},
		RefusalCode: "160012",
		ClientPings: adaptertest.TextPing, Pong: func(string) string { return `{"response_type":"PONG"}` },

		Ticker: func(k adaptertest.Ticker) string {
			return data("TICKER", k.Symbol, fmt.Sprintf(`"t":%d,"qv":"55827441390.8456","tv":"1234.5","fi":"50012","lo":"49000","hi":"51000","la":"%s","vp":"100",`+
				`"abp":"50010","abq":"2","bbp":"50000","bbq":"1","i":"%d001","yfi":"1","ylo":"1","yhi":"2","yla":"50015","yqv":"3","ytv":"4"`, k.Time, k.Price, k.Time))
		},
		TickerHas: rolling | changes | message.HasOpening | message.HasPrevClosing,
		Trade: func(k adaptertest.Trade) string { // sm: the seller was the maker
			return data("TRADE", k.Symbol, fmt.Sprintf(`"i":"%d","t":%d,"p":"%s","q":"%s","sm":%t`, k.ID, k.Time, k.Price, k.Quantity, k.Taker == market.Buy))
		},

		Books: adaptertest.Whole,
		Snapshot: func(b adaptertest.Book) string { // asks come worst first
			asks := slices.Clone(b.Asks)
			slices.Reverse(asks)
			const level = `{"p":"%s","q":"%s"}`
			return data("ORDERBOOK", b.Symbol, fmt.Sprintf(`"t":%d,"i":"%d001","a":%s,"b":%s`, b.Time, b.Time, rows(asks, level), rows(b.Bids, level)))
		},
	})
}
