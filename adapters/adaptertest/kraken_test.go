package adaptertest_test

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/kraken"
)

// TestKraken: frames as on docs.kraken.com, spot-websocket-v2. Best bid and offer are a part of
// the ticker there, sent at each of their changes if that is asked for.
func TestKraken(t *testing.T) {
	channels := map[string]market.Channel{"ticker": market.ChannelTicker, "book": market.ChannelBook, "trade": market.ChannelTrade}
	names := map[market.Channel]string{}
	for name, c := range channels {
		names[c] = name
	}
	methods := map[adaptertest.RequestKind]string{adaptertest.Subscribe: "subscribe", adaptertest.Unsubscribe: "unsubscribe"}
	clock := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000000Z") }
	levels := func(all []adaptertest.Level) string { return rows(all, `{"price":%s,"qty":%s}`) }
	book := func(kind string, b, after adaptertest.Book) string {
		return fmt.Sprintf(`{"channel":"book","type":"%s","data":[{"symbol":"%s","bids":%s,"asks":%s,"checksum":%d,"timestamp":"%s"}]}`,
			kind, b.Symbol, levels(b.Bids), levels(b.Asks), krakenChecksum(after), clock(b.Time))
	}
	ticker := func(symbol string, at int64, last string, bid, ask adaptertest.Level) string {
		return fmt.Sprintf(`{"channel":"ticker","type":"update","data":[{"symbol":"%s","bid":%s,"bid_qty":%s,"ask":%s,"ask_qty":%s,"last":%s,"volume":1234.5,"vwap":50001.5,"low":49000.0,"high":51000.0,"change":-12.5,"change_pct":-0.02,"timestamp":"%s"}]}`,
			symbol, bid.Price, bid.Quantity, ask.Price, ask.Quantity, last, clock(at))
	}
	adaptertest.Run(t, adaptertest.Venue{
		Name: kraken.Name, New: protocols(kraken.New), Path: "/v2", Quote: "USD",
		Symbol: func(base string) string { return base + "/USD" },
		Hello: func() []string {
			return []string{`{"channel":"status","data":[{"api_version":"v2","connection_id":12393906104898154338,"system":"online","version":"2.0.4"}],"type":"update"}`}
		},
		Read: func(frame string) (r adaptertest.Request, err error) {
			var f struct {
				Method string
				Params struct {
					Channel string
					Symbol  []string
					Depth   int
					Trigger string `json:"event_trigger"`
				}
				ID int `json:"req_id"`
			}
			if err := read(frame, &f); err != nil {
				return r, err
			}
			if f.Method == "ping" {
				r.Kind = adaptertest.Ping
				return r, nil
			}
			for kind, method := range methods {
				if method == f.Method {
					r.Kind = kind
				}
			}
			r.ID = fmt.Sprint(f.ID)
			for _, symbol := range f.Params.Symbol {
				r.Topics = append(r.Topics, adaptertest.Topic{Channel: channels[f.Params.Channel], Symbol: symbol})
				if f.Params.Channel == "ticker" && f.Params.Trigger == "bbo" {
					r.Topics = append(r.Topics, adaptertest.Topic{Channel: market.ChannelBBO, Symbol: symbol})
				}
			}
			if isBook := f.Params.Channel == "book"; r.Kind == 0 || channels[f.Params.Channel] == 0 || len(r.Topics) == 0 || isBook != (f.Params.Depth == 10) {
				return r, fmt.Errorf("request %+v", f)
			}
			return r, nil
		},
		Ack: func(r adaptertest.Request) (answers []string) {
			for _, topic := range r.Topics {
				depth := ""
				switch topic.Channel {
				case market.ChannelBBO:
					continue // a part of the ticker's
				case market.ChannelBook:
					depth = `,"depth":10`
				}
				answers = append(answers, fmt.Sprintf(`{"method":"%s","result":{"channel":"%s"%s,"snapshot":true,"symbol":"%s"},"success":true,"time_in":"2026-11-21T09:04:31.742599Z","time_out":"2026-11-21T09:04:31.742648Z","req_id":%s}`,
					methods[r.Kind], names[topic.Channel], depth, topic.Symbol, r.ID))
			}
			return answers
		},
		Refusal: func(r adaptertest.Request) []string {
			return []string{`{"error":"Currency pair not supported NONE/USD","method":"subscribe","req_id":` + r.ID + `,"success":false,"symbol":"NONE/USD","time_in":"2026-11-21T09:04:31.742599Z","time_out":"2026-11-21T09:04:31.742648Z"}`}
		},
		ClientPings: adaptertest.TextPing,
		Pong: func(string) string {
			return `{"method":"pong","time_in":"2026-11-21T09:05:00.123456Z","time_out":"2026-11-21T09:05:00.123500Z"}`
		},

		Ticker: func(k adaptertest.Ticker) string {
			return ticker(k.Symbol, k.Time, k.Price, adaptertest.Level{Price: "50000.0", Quantity: "1.00000000"}, adaptertest.Level{Price: "50010.0", Quantity: "2.00000000"})
		},
		TickerHas: rolling | changes,
		BBO:       func(b adaptertest.BBO) string { return ticker(b.Symbol, b.Time, "50001.0", b.Bid, b.Ask) },
		Trade: func(k adaptertest.Trade) string {
			return fmt.Sprintf(`{"channel":"trade","type":"update","data":[{"symbol":"%s","side":"%v","price":%s,"qty":%s,"ord_type":"market","trade_id":%d,"timestamp":"%s"}]}`,
				k.Symbol, k.Taker, k.Price, k.Quantity, k.ID, clock(k.Time))
		},

		Books:    adaptertest.Chained,
		Snapshot: func(b adaptertest.Book) string { return book("snapshot", b, b) },
		Update:   func(b adaptertest.Book) string { return book("update", b, *b.After) },
	})
}

// krakenChecksum is the CRC-32 of the ten best asks, then bids: the digits of price and quantity
// without dots and leading zeros.
func krakenChecksum(b adaptertest.Book) uint32 {
	var text strings.Builder
	digits := func(number string) string { return strings.TrimLeft(strings.ReplaceAll(number, ".", ""), "0") }
	for _, side := range [][]adaptertest.Level{b.Asks, b.Bids} {
		for n := range min(len(side), 10) {
			text.WriteString(digits(side[n].Price) + digits(side[n].Quantity))
		}
	}
	return crc32.ChecksumIEEE([]byte(text.String()))
}
