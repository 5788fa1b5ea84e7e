package replay

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/internal/testdata"
)

// exchange is what a client says and what the venue answers.
type exchange struct {
	said    string
	answers []string
}

// Each venue's client is answered as the venue's manual says, gets what it asked for and what is
// everyone's, and none of the answers that the recorded client got.
func TestVenuesAnswerAsDocumented(t *testing.T) {
	for name, tt := range map[string]struct {
		venue    market.Venue
		talk     []exchange // the last one subscribes
		recorded []string
		wanted   []string
	}{
		"bithumb": {
			venue: "bithumb",
			talk: []exchange{
				{"PING", []string{`{"status":"UP"}`}},
				{`[nonsense`, []string{`{"error":{"name":"WRONG_FORMAT","message":"Format 이 맞지 않습니다."}}`}},
				{`[{"ticket":"x"},{"type":"trade","codes":["KRW-BTC"]},{"type":"orderbook","codes":["KRW-ETH.15"]},{"format":"SIMPLE"}]`, nil},
			},
			recorded: []string{
				`{"status":"UP"}`,
				`{"ty":"trade","cd":"KRW-BTC","n":1}`,
				`{"ty":"trade","cd":"KRW-ETH","n":2}`,
				`{"type":"orderbook","code":"KRW-ETH","n":3}`,
				`{"ty":"orderbook","cd":"KRW-BTC","n":4}`,
				`{"type":"transaction","content":{"list":[{"symbol":"BTC_KRW"}]}}`, // the protocol before names none in front
			},
			wanted: []string{`{"ty":"trade","cd":"KRW-BTC","n":1}`, `{"type":"orderbook","code":"KRW-ETH","n":3}`, `{"type":"transaction","content":{"list":[{"symbol":"BTC_KRW"}]}}`},
		},
		"upbit replaces a subscription": {
			venue: "upbit",
			talk: []exchange{
				{`[{"ticket":"x"},{"type":"trade","codes":["KRW-BTC"]}]`, nil},
				{`[{"ticket":"x"},{"type":"trade","codes":["KRW-ETH"]}]`, nil},
			},
			recorded: []string{`{"ty":"trade","cd":"KRW-BTC","n":1}`, `{"ty":"trade","cd":"KRW-ETH","n":2}`},
			wanted:   []string{`{"ty":"trade","cd":"KRW-ETH","n":2}`},
		},
		"coinone": {
			venue: "coinone",
			talk: []exchange{
				{`{"request_type":"PING"}`, []string{`{"response_type":"PONG"}`}},
				{`{"request_type":"SING"}`, []string{`{"response_type":"ERROR","error_code":160011,"message":"Invalid Type","field":"request_type"}`}},
				{`nonsense`, []string{`{"response_type":"ERROR","error_code":160010,"message":"Invalid Request"}`}},
				{`{"request_type":"SUBSCRIBE","channel":"ORDERBOOK","topic":{"quote_currency":"KRW","target_currency":"BTC"}}`,
					[]string{`{"response_type":"SUBSCRIBED","channel":"ORDERBOOK","data":{"quote_currency":"KRW","target_currency":"BTC"}}`}},
				{`{"request_type":"SUBSCRIBE","channel":"TRADE","topic":{"quote_currency":"KRW","target_currency":"BTC"},"format":"SHORT"}`,
					[]string{`{"r":"SUBSCRIBED","c":"TRADE","d":{"qc":"KRW","tc":"BTC"}}`}},
				{`{"request_type":"UNSUBSCRIBE","channel":"TRADE","topic":{"quote_currency":"KRW","target_currency":"BTC"},"format":"SHORT"}`,
					[]string{`{"r":"UNSUBSCRIBED","c":"TRADE","d":{"qc":"KRW","tc":"BTC"}}`}},
				{`{"request_type":"SUBSCRIBE","channel":"TICKER","topic":{"quote_currency":"KRW","target_currency":"XRP"},"format":"SHORT"}`,
					[]string{`{"r":"SUBSCRIBED","c":"TICKER","d":{"qc":"KRW","tc":"XRP"}}`}},
			},
			recorded: []string{
				`{"response_type":"CONNECTED","data":{"session_id":"x"}}`,
				`{"response_type":"PONG"}`,
				`{"r":"SUBSCRIBED","c":"ORDERBOOK","d":{"qc":"KRW","tc":"BTC"}}`,
				`{"r":"DATA","c":"ORDERBOOK","d":{"qc":"KRW","tc":"BTC","n":1}}`,
				`{"response_type":"DATA","channel":"ORDERBOOK","data":{"quote_currency":"krw","target_currency":"btc","n":2}}`,
				`{"r":"DATA","c":"TRADE","d":{"qc":"KRW","tc":"BTC","n":3}}`,
				`{"r":"DATA","c":"TICKER","d":{"qc":"KRW","tc":"XRP","n":4}}`,
			},
			wanted: []string{
				`{"r":"DATA","c":"ORDERBOOK","d":{"qc":"KRW","tc":"BTC","n":1}}`,
				`{"response_type":"DATA","channel":"ORDERBOOK","data":{"quote_currency":"krw","target_currency":"btc","n":2}}`,
				`{"r":"DATA","c":"TICKER","d":{"qc":"KRW","tc":"XRP","n":4}}`,
			},
		},
		"korbit": {
			venue: "korbit",
			talk: []exchange{
				{`{"method":"subscribe"}`, []string{`{"status":"error","code":"BAD_REQUEST","message":"not an array of requests"}`}},
				{`[{"requestId":7,"method":"sing"}]`, []string{`{"requestId":7,"status":"fail","code":"BAD_REQUEST","message":"unknown method"}`}},
				{`[{"requestId":1,"method":"subscribe","type":"ticker","symbols":["btc_krw"]},{"requestId":2,"method":"subscribe","type":"trade","symbols":["eth_krw"]}]`,
					[]string{`{"requestId":1,"status":"success"}`, `{"requestId":2,"status":"success"}`}},
			},
			recorded: []string{
				`{"requestId": 1, "status": "success"}`,
				`{"type":"ticker","timestamp":1,"symbol":"btc_krw","n":1}`,
				`{"type":"trade","timestamp":1,"symbol":"btc_krw","n":2}`,
				`{"type":"trade","timestamp":1,"symbol":"eth_krw","n":3}`,
			},
			wanted: []string{`{"type":"ticker","timestamp":1,"symbol":"btc_krw","n":1}`, `{"type":"trade","timestamp":1,"symbol":"eth_krw","n":3}`},
		},
		"okx": {
			venue: "okx",
			talk: []exchange{
				{"ping", []string{"pong"}},
				{`{"op":"sing"}`, []string{`{"event":"error","code":"60012","msg":"Invalid request: {\"op\":\"sing\"}","connId":"maru"}`}},
				{`{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},{"channel":"trades","instId":"BTC-USDT"}]}`,
					[]string{`{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"maru"}`, `{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"maru"}`}},
				{`{"op":"unsubscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]}`, []string{`{"event":"unsubscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"maru"}`}},
			},
			recorded: []string{
				"pong",
				`{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}`,
				`{"arg":{"channel":"books-l2-tbt","instId":"BTC-USDT"},"action":"snapshot","n":1}`,
				`{"arg":{"channel":"trades","instId":"BTC-USDT"},"n":2}`,
				`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"n":3}`,
				`{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"n":4}`,
			},
			wanted: []string{`{"arg":{"channel":"books-l2-tbt","instId":"BTC-USDT"},"action":"snapshot","n":1}`},
		},
		"bybit": {
			venue: "bybit",
			talk: []exchange{
				{`{"op":"ping","req_id":"5"}`, []string{`{"success":true,"ret_msg":"pong","conn_id":"maru","req_id":"5","op":"ping"}`}},
				{`{"op":"sing"}`, []string{`{"success":false,"ret_msg":"error:unknown op","conn_id":"maru","req_id":"","op":"sing"}`}},
				{`nonsense`, []string{`{"success":false,"ret_msg":"error:invalid request","conn_id":"maru","op":""}`}},
				{`{"op":"subscribe","args":["orderbook.50.BTCUSDT","publicTrade.BTCUSDT","tickers.ETHUSDT"]}`, []string{`{"success":true,"ret_msg":"subscribe","conn_id":"maru","req_id":"","op":"subscribe"}`}},
			},
			recorded: []string{
				`{"success":true,"ret_msg":"","conn_id":"x","op":"subscribe"}`,
				`{"topic":"orderbook.500.BTCUSDT","type":"snapshot","n":1}`,
				`{"topic":"tickers.BTCUSDT","n":2}`,
				`{"topic":"trade.BTCUSDT","n":3}`,
				`{"topic":"publicTrade.BTCUSDT","n":4}`,
				`{"topic":"kline.5.BTCUSDT","n":5}`,
			},
			wanted: []string{`{"topic":"orderbook.500.BTCUSDT","type":"snapshot","n":1}`, `{"topic":"trade.BTCUSDT","n":3}`, `{"topic":"publicTrade.BTCUSDT","n":4}`},
		},
		"gate": {
			venue: "gate",
			talk: []exchange{
				{`{"time":5,"channel":"spot.ping"}`, []string{`{"time":5,"channel":"spot.pong","event":"","error":null,"result":null}`}},
				{`{"time":5,"channel":"spot.trades","event":"sing"}`, []string{`{"time":5,"channel":"spot.trades","event":"sing","error":{"code":2,"message":"unknown event"},"result":null}`}},
				{`{"time":6,"id":9,"channel":"spot.tickers","event":"subscribe","payload":["BTC_USDT","ETH_USDT"]}`,
					[]string{`{"time":6,"id":9,"channel":"spot.tickers","event":"subscribe","error":null,"result":{"status":"success"}}`}},
				{`{"time":7,"channel":"spot.order_book_update","event":"subscribe","payload":["BTC_USDT","100ms"]}`,
					[]string{`{"time":7,"channel":"spot.order_book_update","event":"subscribe","error":null,"result":{"status":"success"}}`}},
			},
			recorded: []string{
				`{"time":1,"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}`,
				`{"time":1,"channel":"spot.pong","event":"","error":null,"result":null}`,
				`{"time":1,"channel":"spot.order_book_update","event":"update","result":{"t":1,"e":"depthUpdate","E":1,"s":"BTC_USDT","n":1}}`,
				`{"time":1,"channel":"spot.order_book_update","event":"update","result":{"t":1,"e":"depthUpdate","E":1,"s":"ETH_USDT","n":2}}`,
				`{"time":1,"channel":"spot.tickers","event":"update","result":{"currency_pair":"ETH_USDT","n":3}}`,
				`{"time":1,"channel":"spot.trades","event":"update","result":{"id":1,"create_time":1,"create_time_ms":"1.1","side":"buy","currency_pair":"BTC_USDT","n":4}}`,
				`{"channel":"spot.obu","result":{"t":1,"s":"ob.BTC_USDT.400","n":5},"time_ms":1,"event":"update"}`,
			},
			wanted: []string{
				`{"time":1,"channel":"spot.order_book_update","event":"update","result":{"t":1,"e":"depthUpdate","E":1,"s":"BTC_USDT","n":1}}`,
				`{"time":1,"channel":"spot.tickers","event":"update","result":{"currency_pair":"ETH_USDT","n":3}}`,
				`{"channel":"spot.obu","result":{"t":1,"s":"ob.BTC_USDT.400","n":5},"time_ms":1,"event":"update"}`,
			},
		},
		"kraken": {
			venue: "kraken",
			talk: []exchange{
				{`{"method":"ping","req_id":3}`, []string{`{"method":"pong","req_id":3}`}},
				{`{"event":"ping"}`, []string{`{"event":"pong"}`}},
				{`{"method":"sing","req_id":4}`, []string{`{"error":"Method not found","success":false,"req_id":4}`}},
				{`nonsense`, []string{`{"error":"Invalid JSON","success":false}`}},
				{`{"event":"subscribe","pair":["XBT/USD"],"subscription":{"name":"book","depth":100}}`,
					[]string{`{"channelName":"book-100","event":"subscriptionStatus","pair":"XBT/USD","status":"subscribed","subscription":{"depth":100,"name":"book"}}`}},
				{`{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD"]},"req_id":1}`,
					[]string{`{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true,"req_id":1}`,
						`{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"ETH/USD"},"success":true,"req_id":1}`}},
				{`{"method":"subscribe","params":{"channel":"ticker","symbol":["DOGE/USD"]}}`,
					[]string{`{"method":"subscribe","result":{"channel":"ticker","snapshot":true,"symbol":"DOGE/USD"},"success":true}`}},
			},
			recorded: []string{
				`{"connectionID":1,"event":"systemStatus","status":"online"}`,
				`{"channelID":1,"channelName":"book-10","event":"subscriptionStatus","pair":"XBT/USD","status":"subscribed"}`,
				`{"method":"subscribe","result":{"channel":"book"},"success":true}`,
				`{"event":"heartbeat"}`,
				`{"channel":"heartbeat"}`,
				`[0,{"a":[]},"book-1000","XBT/USD"]`,
				`[0,{"a":[]},{"b":[]},"book-10","ADA/USD"]`,
				`{"channel":"book","type":"update","data":[{"symbol":"ETH/USD","n":1}]}`,
				`[0,[],"ticker","XDG/USD"]`,
				`[0,[],"trade","XDG/USD"]`,
			},
			wanted: []string{
				`{"connectionID":1,"event":"systemStatus","status":"online"}`, `{"event":"heartbeat"}`, `{"channel":"heartbeat"}`,
				`[0,{"a":[]},"book-1000","XBT/USD"]`, `{"channel":"book","type":"update","data":[{"symbol":"ETH/USD","n":1}]}`, `[0,[],"ticker","XDG/USD"]`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var rows []capture.Row
			for i, frame := range tt.recorded {
				rows = append(rows, text(market.Timestamp(i+1), frame))
			}
			subscribing := 0
			for _, e := range tt.talk {
				var s subscription
				if _, subscribes := dialectOf(tt.venue).heard(&s, []byte(e.said)); subscribes {
					subscribing++
				}
			}
			s := serve(t, Config{Venue: tt.venue, Files: []string{record(t, rows...)}, SubscribeWait: time.Hour, Requests: subscribing})
			conn := dial(t, s, "/")
			for _, e := range tt.talk {
				if err := conn.WriteMessage(websocket.TextMessage, []byte(e.said)); err != nil {
					t.Fatal(err)
				}
				for _, want := range e.answers {
					if _, got, err := conn.ReadMessage(); err != nil || string(got) != want {
						t.Fatalf("%s → %s, %v; want %s", e.said, got, err, want)
					}
				}
			}
			if frames, end := drain(conn); !slices.Equal(frames, tt.wanted) || !endedWell(end) {
				t.Errorf("got\n%s\nwant\n%s\n%v", strings.Join(frames, "\n"), strings.Join(tt.wanted, "\n"), end)
			}
		})
	}
}

// Two connections that each follow a part get each frame once.
func TestConnectionsShareASession(t *testing.T) {
	path := testdata.Path(t, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")
	s := serve(t, Config{Venue: "upbit", Files: []string{path}, SubscribeWait: time.Hour, Clients: 2})
	halves := []string{
		`[{"type":"trade","codes":["KRW-STX","KRW-ANKR","BTC-FLOW","BTC-BASIC","KRW-IQ"]},{"type":"orderbook","codes":["KRW-STX","KRW-ANKR","BTC-FLOW","BTC-BASIC","KRW-IQ"]}]`,
		`[{"type":"trade","codes":["USDT-ADA","BTC-CHZ","KRW-DAWN","KRW-BAT","KRW-ADA"]},{"type":"orderbook","codes":["USDT-ADA","BTC-CHZ","KRW-DAWN","KRW-BAT","KRW-ADA"]}]`,
	}
	counts := make(chan int, len(halves))
	for _, half := range halves {
		conn := dial(t, s, "/")
		if err := conn.WriteMessage(websocket.TextMessage, []byte(half)); err != nil {
			t.Fatal(err)
		}
		go func() {
			frames, _ := drain(conn)
			counts <- len(frames)
		}()
	}
	a, b := <-counts, <-counts
	if a+b != 1039 || a == 0 || b == 0 {
		t.Errorf("%d and %d frames, want 1,039 together", a, b)
	}
}

func TestRecordedAnswers(t *testing.T) {
	session := testdata.Path(t, "upbit/ws-simple-trade-orderbook-20210405-head.frames.gz")
	for _, tt := range []struct {
		venue               market.Venue
		file, address, head string
	}{
		{"upbit", "upbit/rest-market-all-20210417.frames.gz", "https://api.upbit.com/v1/market/all", `[{"market":"KRW-BTC"`},
		{"binance", "binance/rest-exchangeInfo-spot-20211011.frames.gz", "https://data-api.binance.vision/api/v4/exchangeInfo", `{"timezone":"UTC"`},
		{"gate", "gate/rest-currency-pairs-20210422.frames.gz", "https://api.gateio.ws/api/v4/spot/currency_pairs", `[{"id":`},
		{"gate", "gate/rest-orderbook-snapshots-20210422.frames.gz", "https://elsewhere/api/v4/spot/order_book?currency_pair=HAI_ETH&limit=7", `{"id":2691446`},
		{"kraken", "kraken/rest-AssetPairs-20210417.frames.gz", "https://api.kraken.com/0/public/AssetPairs", `{"error":[]`},
		{"okx", "okx/rest-instruments-20220513.frames.gz", "https://www.okx.com/api/v5/public/instruments?instType=SPOT", `{"code":"0"`},
	} {
		files := []string{session, testdata.Path(t, tt.file)}
		body, err := Recorded(tt.venue, files, tt.address)
		if err != nil || !strings.HasPrefix(string(body), tt.head) {
			t.Errorf("%s %s: %.60s (%v)", tt.venue, tt.address, body, err)
		}
	}
	if _, err := Recorded("upbit", []string{session}, "https://api.upbit.com/v1/market/all"); !errors.Is(err, ErrNotRecorded) {
		t.Errorf("got %v", err)
	}
	if _, err := Recorded("upbit", []string{"nowhere.frames"}, "https://api.upbit.com/v1/market/all"); err == nil || errors.Is(err, ErrNotRecorded) {
		t.Errorf("a file that is not there: %v", err)
	}
}
