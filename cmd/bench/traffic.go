package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// dialects are the venues whose live frames the generator writes, in the shapes of their manuals
// with values of our own. Any adapter of package registry can be added.
var dialects = []dialect{
	{"upbit", "KRW",
		`{"ty":"trade","cd":"$S","tms":$T,"td":"2026-01-01","ttm":"00:00:00","ttms":$T,"tp":$P.0,"tv":0.00079276,"ab":"ASK","pcp":115000.00000000,"c":"RISE","cp":1539.00000000,"sid":$N,"st":"REALTIME"}`,
		`{"type":"ticker","code":"$S","opening_price":120000.0000,"high_price":131000.0000,"low_price":99000.0000,"trade_price":$P.0000,"prev_closing_price":120000.00000000,"acc_trade_price":10711749229.465390000000,"change":"FALL","change_price":1900.00000000,"signed_change_price":-1900.00000000,"change_rate":0.0158333333,"signed_change_rate":-0.0158333333,"ask_bid":"BID","trade_volume":0.48140949,"acc_trade_volume":4206.90085201,"trade_date":"20260101","trade_time":"094628","trade_timestamp":$T,"acc_ask_volume":2500.15229731,"acc_bid_volume":1706.74855470,"highest_52_week_price":279500.00000000,"highest_52_week_date":"2025-04-16","lowest_52_week_price":13455.00000000,"lowest_52_week_date":"2025-07-13","market_state":"ACTIVE","is_trading_suspended":false,"delisting_date":null,"market_warning":"NONE","timestamp":$T,"acc_trade_price_24h":21149832920.57972000,"acc_trade_volume_24h":8278.60582208,"stream_type":"REALTIME"}`},
	{"binance", "USDT",
		`{"stream":"$s@trade","data":{"e":"trade","E":$T,"s":"$S","t":$N,"p":"$P.12000000","q":"0.00250000","T":$T,"m":true,"M":true}}`,
		`{"stream":"$s@ticker","data":{"e":"24hrTicker","E":$T,"s":"$S","p":"-131.40000000","P":"-0.359","w":"110621.11111111","x":"110631.51000000","c":"$P.12000000","Q":"0.00250000","b":"$P.11000000","B":"1.50000000","a":"$P.12000000","A":"0.75000000","o":"110631.52000000","h":"117000.00000000","l":"106100.00000000","v":"25000.12345678","q":"912345678.12345678","O":$T,"C":$T,"F":1,"L":900000,"n":900000}}`},
	{"bybit", "USDT",
		`{"topic":"publicTrade.$S","type":"snapshot","ts":$T,"data":[{"T":$T,"s":"$S","S":"Buy","v":"0.001","p":"$P.10","i":"$N","BT":false,"seq":$N}]}`,
		`{"topic":"tickers.$S","ts":$T,"type":"snapshot","cs":2588407389,"data":{"symbol":"$S","lastPrice":"$P.10","highPrice24h":"140100.5","lowPrice24h":"96100","prevPrice24h":"120000","volume24h":"6780.866843","turnover24h":"141946527.22907118123456789","price24hPcnt":"-0.0875","usdIndexPrice":"$P.2400136"}}`},
	{"kraken", "USD",
		`{"channel":"trade","type":"update","data":[{"symbol":"$S","side":"sell","price":$P.1,"qty":0.00250000,"ord_type":"market","trade_id":$N,"timestamp":"2026-01-01T00:00:00.123456Z"}]}`,
		`{"channel":"ticker","type":"update","data":[{"symbol":"$S","bid":$P.0,"bid_qty":0.00100000,"ask":$P.1,"ask_qty":0.20000000,"last":$P.1,"volume":2500.12345678,"vwap":110621.1,"low":96100.0,"high":137000.0,"change":-131.4,"change_pct":-0.36}]}`},
	{"gate", "USDT",
		`{"time":1767225600,"time_ms":$T,"channel":"spot.trades","event":"update","result":{"id":$N,"id_market":$N,"create_time":1767225600,"create_time_ms":"$T.4578","side":"sell","currency_pair":"$S","amount":"16.4700000000","price":"$P.7050000000","range":"$N-$N"}}`,
		`{"time":1767225600,"time_ms":$T,"channel":"spot.tickers","event":"update","result":{"currency_pair":"$S","last":"$P.1","lowest_ask":"$P.2","highest_bid":"$P.1","change_percentage":"-1.8254","base_volume":"9110.473081735","quote_volume":"332082083.25352214454674732293","high_24h":"137280.9","low_24h":"96468.5"}}`},
}

// dialect is how a venue writes a trade and a ticker. In the texts $S stands for the symbol, $s for
// it in lower case, $T for the time in milliseconds, $P for the whole part of a price, and $N for
// the number of the frame, which is the trade's id.
type dialect struct {
	venue         market.Venue
	quote         string
	trade, ticker string
}

// text returns the form of the frames of a channel.
func (d dialect) text(c market.Channel) (string, error) {
	switch c {
	case market.ChannelTrade:
		return d.trade, nil
	case market.ChannelTicker:
		return d.ticker, nil
	}
	return "", fmt.Errorf("no frames of channel %v can be made of %s", c, d.venue)
}

// form is the frames of one symbol: what stands between what changes from frame to frame.
type form struct {
	parts [][]byte // parts[0] is followed by variable[0], and so on
	marks []byte   // T, P or N
}

func newForm(text, symbol string) form {
	text = strings.NewReplacer("$S", symbol, "$s", strings.ToLower(symbol)).Replace(text)
	var f form
	for {
		before, after, found := strings.Cut(text, "$")
		f.parts = append(f.parts, []byte(before))
		if !found {
			return f
		}
		f.marks = append(f.marks, after[0])
		text = after[1:]
	}
}

// appendTo appends frame number n of a symbol, from 1 on.
func (f *form) appendTo(dst []byte, n, milliseconds int64) []byte {
	for i, m := range f.marks {
		dst = append(dst, f.parts[i]...)
		switch m {
		case 'T':
			dst = strconv.AppendInt(dst, milliseconds, 10)
		case 'P':
			dst = strconv.AppendInt(dst, 100_000+n*7919%1000, 10)
		case 'N':
			dst = strconv.AppendInt(dst, n, 10)
		}
	}
	return append(dst, f.parts[len(f.parts)-1]...)
}

// appendFrame appends the same as a WebSocket frame from a server (RFC 6455, section 5.2): binary,
// whole, not masked.
func (f *form) appendFrame(dst []byte, n, milliseconds int64) []byte {
	const headerBytes, wholeBinary, sixteenBits = 4, 0x82, 126
	at := len(dst)
	dst = append(dst, wholeBinary, 0, 0, 0)
	dst = f.appendTo(dst, n, milliseconds)
	length := len(dst) - at - headerBytes
	if length < sixteenBits { // the length fits into the second byte
		dst[at+1] = byte(length)
		return append(dst[:at+2], dst[at+headerBytes:]...)
	}
	dst[at+1], dst[at+2], dst[at+3] = sixteenBits, byte(length>>8), byte(length)
	return dst
}
