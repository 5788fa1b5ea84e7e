package adaptertest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/upbit"
)

// TestUpbit: frames as on docs.upbit.com, websocket-guide, -ticker, -trade and -orderbook.
func TestUpbit(t *testing.T) {
	v := likeUpbit()
	v.Name, v.New, v.Path = upbit.Name, protocols(upbit.New), "/"
	adaptertest.Run(t, v)
}

// likeUpbit is what Upbit and Bithumb have in common; both serve format SIMPLE where it is asked
// for.
func likeUpbit() adaptertest.Venue {
	channels := map[string]market.Channel{"ticker": market.ChannelTicker, "orderbook": market.ChannelBook, "trade": market.ChannelTrade}
	return adaptertest.Venue{
		Quote: "KRW", Symbol: func(base string) string { return "KRW-" + base }, Binary: true,
		Read: func(frame string) (r adaptertest.Request, err error) {
			var parts []map[string]json.RawMessage
			if err := read(frame, &parts); err != nil {
				return r, err
			}
			r.Kind = adaptertest.Subscribe
			ticket, simple := false, false
			for _, part := range parts {
				var kind string
				var codes []string
				switch {
				case part["ticket"] != nil && len(part) == 1:
					ticket = true
				case string(part["format"]) == `"SIMPLE"` && len(part) == 1:
					simple = true
				case json.Unmarshal(part["type"], &kind) == nil && json.Unmarshal(part["codes"], &codes) == nil && channels[kind] != 0 && len(part) == 2:
					for _, code := range codes {
						r.Topics = append(r.Topics, adaptertest.Topic{Channel: channels[kind], Symbol: code})
					}
				default:
					return r, fmt.Errorf("part %s", part)
				}
			}
			if !ticket || !simple || len(r.Topics) == 0 {
				return r, fmt.Errorf("a ticket, types and codes, and format SIMPLE are wanted")
			}
			return r, nil
		},
		Replaces: true,
		Refusal: func(adaptertest.Request) []string {
			return []string{`{"error":{"message":"Codes is missing in request","name":"NO_CODES"}}`}
		},
		RefusalCode: "NO_CODES", RefusalCloses: true,
		ClientPings: adaptertest.ControlPing,

		Ticker: func(k adaptertest.Ticker) string {
			return fmt.Sprintf(`{"ty":"ticker","cd":"%s","op":5.0012E4,"hp":51000.0,"lp":49000.0,"tp":%s,"pcp":50010.0,"atp":61725000.12,"c":"FALL","cp":10.0,"scp":-10.0,`+
				`"cr":0.0002,"scr":-0.0002,"ab":"BID","tv":0.1,"atv":12.5,"tdt":"20261121","ttm":"010203","ttms":%d,"aav":1,"abv":2,"atp24h":1e9,"atv24h":1234.5,"ms":"ACTIVE","tms":%d,"st":"REALTIME"}`,
				k.Symbol, k.Price, k.Time, k.Time)
		},
		TickerHas: rolling | changes | message.HasOpening | message.HasPrevClosing,
		Trade: func(k adaptertest.Trade) string {
			side := map[market.Side]string{market.Buy: "BID", market.Sell: "ASK"}[k.Taker]
			return fmt.Sprintf(`{"ty":"trade","cd":"%s","tms":%d,"td":"2026-11-21","ttm":"01:02:03","ttms":%d,"tp":%s,"tv":%s,"ab":"%s","pcp":50010.0,"c":"FALL","cp":10.0,"sid":%d,"st":"REALTIME"}`,
				k.Symbol, k.Time+3, k.Time, k.Price, k.Quantity, side, k.ID)
		},

		Books: adaptertest.Whole,
		Snapshot: func(b adaptertest.Book) string {
			var units []string
			for n := range max(len(b.Bids), len(b.Asks)) { // a short side is padded with zeros
				bid, ask := adaptertest.Level{Price: "0", Quantity: "0"}, adaptertest.Level{Price: "0", Quantity: "0"}
				if n < len(b.Bids) {
					bid = b.Bids[n]
				}
				if n < len(b.Asks) {
					ask = b.Asks[n]
				}
				units = append(units, fmt.Sprintf(`{"ap":%s,"bp":%s,"as":%s,"bs":%s}`, ask.Price, bid.Price, ask.Quantity, bid.Quantity))
			}
			return fmt.Sprintf(`{"ty":"orderbook","cd":"%s","tms":%d,"tas":1.5,"tbs":2.5,"obu":[%s],"st":"REALTIME","lv":0}`, b.Symbol, b.Time, strings.Join(units, ","))
		},
	}
}
