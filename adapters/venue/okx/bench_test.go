package okx

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/venuetest"
)

// What a straightforward program would read with encoding/json.
type (
	jsonArg struct {
		Channel string `json:"channel"`
		InstID  string `json:"instId"`
	}
	jsonTrades struct {
		Arg  jsonArg `json:"arg"`
		Data []struct {
			InstID  string `json:"instId"`
			TradeID string `json:"tradeId"`
			Price   string `json:"px"`
			Size    string `json:"sz"`
			Side    string `json:"side"`
			Time    string `json:"ts"`
		} `json:"data"`
	}
	jsonTickers struct {
		Arg  jsonArg `json:"arg"`
		Data []struct {
			InstType string `json:"instType"`
			InstID   string `json:"instId"`
			Last     string `json:"last"`
			LastSz   string `json:"lastSz"`
			AskPx    string `json:"askPx"`
			AskSz    string `json:"askSz"`
			BidPx    string `json:"bidPx"`
			BidSz    string `json:"bidSz"`
			Open     string `json:"open24h"`
			High     string `json:"high24h"`
			Low      string `json:"low24h"`
			SodUTC0  string `json:"sodUtc0"`
			SodUTC8  string `json:"sodUtc8"`
			VolCcy   string `json:"volCcy24h"`
			Vol      string `json:"vol24h"`
			Time     string `json:"ts"`
		} `json:"data"`
	}
	jsonBBO struct {
		Arg  jsonArg `json:"arg"`
		Data []struct {
			Asks [][4]string `json:"asks"`
			Bids [][4]string `json:"bids"`
			Time string      `json:"ts"`
			Seq  int64       `json:"seqId"`
		} `json:"data"`
	}
	jsonBooks struct {
		Arg    jsonArg `json:"arg"`
		Action string  `json:"action"`
		Data   []struct {
			Asks     [][4]string `json:"asks"`
			Bids     [][4]string `json:"bids"`
			Time     string      `json:"ts"`
			Checksum int64       `json:"checksum"`
			Seq      int64       `json:"seqId"`
			Prev     int64       `json:"prevSeqId"`
		} `json:"data"`
	}
)

// bookOf returns a book frame of n levels a side; a checksum of 0 is none, as the venue sends
// today.
func bookOf(action string, n int, checksum int32) string {
	side := func(from, step int) string {
		var levels []string
		for i := range n {
			levels = append(levels, fmt.Sprintf(`["%d.%d","%d.%05d","0","%d"]`, from+i*step, i%9+1, i%7, 12345+i, i%20+1))
		}
		return strings.Join(levels, ",")
	}
	return fmt.Sprintf(`{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"%s","data":[{"asks":[%s],"bids":[%s],"ts":"1700000000200","checksum":%d,"seqId":123456,"prevSeqId":123456}]}`,
		action, side(36501, 1), side(36500, -1), checksum)
}

// checksumOf returns the checksum of bookOf(n), made by the words of the manual alone.
func checksumOf(n int) int32 {
	var parts []string
	for i := range min(n, 25) {
		size := fmt.Sprintf("%d.%05d", i%7, 12345+i)
		parts = append(parts, fmt.Sprintf("%d.%d", 36500-i, i%9+1), size, fmt.Sprintf("%d.%d", 36501+i, i%9+1), size)
	}
	return int32(crc32.ChecksumIEEE([]byte(strings.Join(parts, ":"))))
}

func TestChecksumByHand(t *testing.T) {
	for _, n := range []int{1, 20, 25, 400} {
		p := decodeOnly(t)
		decoded(t, p, bookOf("snapshot", n, checksumOf(n)))
		if got := decoded(t, p, bookOf("update", n, checksumOf(n))); len(got) != 1 {
			t.Errorf("%d levels: %v", n, got[1:])
		}
		if checked, failed := p.Checksums(); checked != 2 || failed != 0 {
			t.Errorf("%d levels: %d checked, %d failed", n, checked, failed)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name, frame string
		shape       any
	}{
		{"trade", tradeFrame, new(jsonTrades)},
		{"ticker", tickerFrame, new(jsonTickers)},
		{"bbo", bboFrame, new(jsonBBO)},
		{"book_2x20", bookOf("update", 20, 0), new(jsonBooks)},
		{"book_2x20_checked", bookOf("update", 20, checksumOf(20)), new(jsonBooks)},
		{"book_2x400", bookOf("snapshot", 400, 0), new(jsonBooks)},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := decodeOnly(b)
			if strings.Contains(c.name, "checked") {
				decoded(b, p, bookOf("snapshot", 20, checksumOf(20)))
			}
			venuetest.Bench(b, p, []byte(c.frame), c.shape)
			if _, failed := p.Checksums(); failed > 0 {
				b.Fatal("checksums differ")
			}
		})
	}
}

// BenchmarkSession decodes a recorded session, frame after frame, checksums included.
func BenchmarkSession(b *testing.B) {
	venuetest.BenchSession(b, decodeOnly(b), venuetest.Recorded(b, "okx/ws-v5-public-20210722.frames.gz"))
}
