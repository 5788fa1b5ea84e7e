package adaptertest_test

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/okx"
)

// TestOKX: frames as on www.okx.com/docs-v5, as they are since the checksum of books is 0.
func TestOKX(t *testing.T) {
	adaptertest.Run(t, okxVenue(func(adaptertest.Book) int32 { return 0 }))
}

// TestOKXWithChecksums: as they were before, but with nothing else that tells a lost update.
func TestOKXWithChecksums(t *testing.T) {
	v := okxVenue(func(b adaptertest.Book) int32 {
		var texts []string
		for n := range 25 {
			if n < len(b.Bids) {
				texts = append(texts, b.Bids[n].Price+":"+b.Bids[n].Quantity)
			}
			if n < len(b.Asks) {
				texts = append(texts, b.Asks[n].Price+":"+b.Asks[n].Quantity)
			}
		}
		return int32(crc32.ChecksumIEEE([]byte(strings.Join(texts, ":"))))
	})
	v.IDs = 0
	adaptertest.Run(t, v)
}

func okxVenue(checksum func(adaptertest.Book) int32) adaptertest.Venue {
	channels := map[string]market.Channel{"tickers": market.ChannelTicker, "bbo-tbt": market.ChannelBBO, "books": market.ChannelBook, "trades": market.ChannelTrade}
	names := map[market.Channel]string{}
	for name, c := range channels {
		names[c] = name
	}
	data := func(channel, symbol, action, data string) string {
		return fmt.Sprintf(`{"arg":{"channel":"%s","instId":"%s"},%s"data":[%s]}`, channel, symbol, action, data)
	}
	// A level is price, size, a zero that once was something, and how many orders there are.
	levels := func(all []adaptertest.Level) string { return rows(all, `["%s","%s","0","1"]`) }
	book := func(action string, b adaptertest.Book, after adaptertest.Book) string {
		ids := ""
		if b.Last != 0 {
			previous := int64(-1)
			if action == "update" {
				previous = int64(b.Prev)
			}
			ids = fmt.Sprintf(`,"seqId":%d,"prevSeqId":%d`, b.Last, previous)
		}
		return data("books", b.Symbol, `"action":"`+action+`",`, fmt.Sprintf(`{"asks":%s,"bids":%s,"ts":"%d","checksum":%d%s}`,
			levels(b.Asks), levels(b.Bids), b.Time, checksum(after), ids))
	}
	return adaptertest.Venue{
		Name: okx.Name, New: protocols(okx.New), Path: "/ws/v5/public", Quote: "USDT",
		Symbol: func(base string) string { return base + "-USDT" },
		Read: func(frame string) (r adaptertest.Request, err error) {
			if frame == "ping" {
				return adaptertest.Request{Kind: adaptertest.Ping}, nil
			}
			var f struct {
				Op   string
				Args []struct{ Channel, InstID string }
			}
			if err := read(frame, &f); err != nil {
				return r, err
			}
			kinds := map[string]adaptertest.RequestKind{"subscribe": adaptertest.Subscribe, "unsubscribe": adaptertest.Unsubscribe}
			r.Kind = kinds[f.Op]
			for _, arg := range f.Args {
				if channels[arg.Channel] == 0 {
					return r, fmt.Errorf("channel %q", arg.Channel)
				}
				r.Topics = append(r.Topics, adaptertest.Topic{Channel: channels[arg.Channel], Symbol: arg.InstID})
			}
			if r.Kind == 0 || len(r.Topics) == 0 || len(frame) > 4096 {
				return r, fmt.Errorf("request %+v of %d bytes", f, len(frame))
			}
			return r, nil
		},
		Ack: func(r adaptertest.Request) (answers []string) {
			event := map[adaptertest.RequestKind]string{adaptertest.Subscribe: "subscribe", adaptertest.Unsubscribe: "unsubscribe"}[r.Kind]
			for _, topic := range r.Topics {
				answers = append(answers, fmt.Sprintf(`{"event":"%s","arg":{"channel":"%s","instId":"%s"},"connId":"a4d3ae55"}`, event, names[topic.Channel], topic.Symbol))
			}
			return answers
		},
		Refusal: func(adaptertest.Request) []string {
			return []string{`{"event":"error","code":"60018","msg":"Wrong URL or channel:books,instId:BTC-USDT doesn't exist.","connId":"a4d3ae55"}`}
		},
		RefusalCode: "60018",
		ClientPings: adaptertest.TextPing, Pong: func(string) string { return "pong" },

		Ticker: func(k adaptertest.Ticker) string {
			return data("tickers", k.Symbol, "", fmt.Sprintf(`{"instType":"SPOT","instId":"%s","last":"%s","lastSz":"0.1","askPx":"50010","askSz":"2","bidPx":"50000","bidSz":"1","open24h":"50012.5",`+
				`"high24h":"51000","low24h":"49000","sodUtc0":"50001","sodUtc8":"50002","volCcy24h":"61725000","vol24h":"1234.5","ts":"%d"}`, k.Symbol, k.Price, k.Time))
		},
		TickerHas: rolling | changes | message.HasOpening,
		BBO: func(b adaptertest.BBO) string {
			return data("bbo-tbt", b.Symbol, "", fmt.Sprintf(`{"asks":%s,"bids":%s,"ts":"%d","seqId":%d}`,
				levels([]adaptertest.Level{b.Ask}), levels([]adaptertest.Level{b.Bid}), b.Time, b.ID))
		},
		Trade: func(k adaptertest.Trade) string {
			return data("trades", k.Symbol, "", fmt.Sprintf(`{"instId":"%s","tradeId":"%d","px":"%s","sz":"%s","side":"%v","ts":"%d","count":"3"}`,
				k.Symbol, k.ID, k.Price, k.Quantity, k.Taker, k.Time))
		},

		Books: adaptertest.Chained, IDs: 3,
		Snapshot: func(b adaptertest.Book) string { return book("snapshot", b, b) },
		Update:   func(b adaptertest.Book) string { return book("update", b, *b.After) },
	}
}
