package binance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// The bodies and frames of these tests are written after the documentation, with values of our own.
const (
	placedFilled = `{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"main-1-1","transactTime":1700000000595,"price":"50000.10000000","origQty":"0.00150000","executedQty":"0.00150000","origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"75.00000000","status":"FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY","workingTime":1700000000595,"selfTradePreventionMode":"NONE","fills":[{"price":"49999.00000000","qty":"0.00100000","commission":"0.00000100","commissionAsset":"BTC","tradeId":56},{"price":"50000.10000000","qty":"0.00050000","commission":"0","commissionAsset":"BNB","tradeId":57}]}`
	placedNew    = `{"symbol":"BTCUSDT","orderId":29,"orderListId":-1,"clientOrderId":"main-1-2","transactTime":1700000000600,"price":"50000.10000000","origQty":"0.00150000","executedQty":"0.00000000","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","fills":[]}`
	placedAck    = `{"symbol":"BTCUSDT","orderId":30,"orderListId":-1,"clientOrderId":"main-1-3","transactTime":1700000000601}`
	placedExpire = `{"symbol":"BTCUSDT","orderId":31,"clientOrderId":"main-1-4","transactTime":1700000000602,"price":"50000.1","origQty":"0.002","executedQty":"0.001","status":"EXPIRED","timeInForce":"IOC","type":"LIMIT","side":"SELL","expiryReason":"UNFILLED_IOC_QUANTITY_EXPIRED","fills":[{"price":"50000.1","qty":"0.001","commission":"-0.05","commissionAsset":"USDT","tradeId":58}]}`
	canceled     = `{"symbol":"BTCUSDT","origClientOrderId":"main-1-2","orderId":29,"orderListId":-1,"clientOrderId":"x7gfT0000000001","transactTime":1700000000700,"price":"50000.10000000","origQty":"0.00150000","executedQty":"0.00050000","cummulativeQuoteQty":"25.0","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY","selfTradePreventionMode":"NONE"}`
	amended      = `{"transactTime":1700000000710,"executionId":75,"amendedOrder":{"symbol":"BTCUSDT","orderId":29,"orderListId":-1,"origClientOrderId":"main-1-2","clientOrderId":"main-1-2","price":"50000.10000000","qty":"0.00100000","executedQty":"0.00000000","preventedQty":"0.0","quoteOrderQty":"0.0","cumulativeQuoteQty":"0.0","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","workingTime":1700000000600,"selfTradePreventionMode":"NONE"}}`
	queried      = `{"symbol":"BTCUSDT","orderId":29,"orderListId":-1,"clientOrderId":"main-1-2","price":"50000.1","origQty":"1.0","executedQty":"0.4","cummulativeQuoteQty":"-1.0","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"STOP_LOSS_LIMIT","side":"SELL","stopPrice":"50010","icebergQty":"0.0","time":1699999999000,"updateTime":1700000000800,"isWorking":true,"workingTime":1699999999000,"origQuoteOrderQty":"0.0","selfTradePreventionMode":"NONE"}`
	myTrades     = `[{"symbol":"BTCUSDT","id":57,"orderId":28,"orderListId":-1,"price":"50000.1","qty":"0.0005","quoteQty":"25.00005","commission":"0.0001","commissionAsset":"BNB","time":1700000000596,"isBuyer":true,"isMaker":true,"isBestMatch":true}]`
	accountBody  = `{"makerCommission":15,"takerCommission":15,"commissionRates":{"maker":"0.0015"},"canTrade":true,"canWithdraw":true,"canDeposit":true,"updateTime":1700000000900,"accountType":"SPOT","balances":[{"asset":"BTC","free":"4.89208129","locked":"0.00000000"},{"asset":"USDT","free":"100.1234567890123456789","locked":"75.00015000"},{"asset":"币安人生","free":"0","locked":"0"}],"permissions":["SPOT"],"uid":354937868}`
	restricted   = `{"ipRestrict":true,"createTime":1698645219000,"enableInternalTransfer":false,"enableFutures":false,"enablePortfolioMarginTrading":false,"enableVanillaOptions":false,"permitsUniversalTransfer":true,"enableReading":true,"enableSpotAndMarginTrading":true,"enableWithdrawals":false,"enableMargin":false}`
)

const (
	eventNew      = `{"subscriptionId":0,"event":{"e":"executionReport","E":1700000000658,"s":"BTCUSDT","c":"main-1-2","S":"BUY","o":"LIMIT","f":"GTC","q":"0.00150000","p":"50000.10000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"NEW","X":"NEW","r":"NONE","i":29,"l":"0.00000000","z":"0.00000000","L":"0.00000000","n":"0","N":null,"T":1700000000657,"t":-1,"I":8641984,"w":true,"m":false,"M":false,"O":1700000000657,"Z":"0.00000000","Y":"0.00000000","Q":"0.00000000","W":1700000000657,"V":"NONE"}}`
	eventTrade    = `{"subscriptionId":0,"event":{"e":"executionReport","E":1700000000758,"s":"BTCUSDT","c":"main-1-2","S":"BUY","o":"LIMIT","f":"GTC","q":"0.00150000","p":"50000.10000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE","i":29,"l":"0.00050000","z":"0.00100000","L":"49999.90000000","n":"0.00000050","N":"BTC","T":1700000000757,"t":77,"I":8641985,"w":true,"m":true,"M":true,"O":1700000000657,"Z":"50.0","Y":"25.0","Q":"0.0","W":1700000000657,"V":"NONE"}}`
	eventCanceled = `{"subscriptionId":0,"event":{"e":"executionReport","E":1700000000858,"s":"BTCUSDT","c":"x7gfT0000000001","S":"BUY","o":"LIMIT","f":"GTC","q":"0.00150000","p":"50000.10000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"main-1-2","x":"CANCELED","X":"CANCELED","r":"NONE","i":29,"l":"0.00000000","z":"0.00100000","L":"0.00000000","n":"0","N":null,"T":1700000000857,"t":-1,"I":8641986,"w":false,"m":false,"M":false,"O":1700000000657,"Z":"50.0","Y":"0.0","Q":"0.0","V":"NONE"}}`
	eventPosition = `{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1700000000105,"u":1700000000073,"B":[{"a":"BTC","f":"10000.000000","l":"0.5"},{"a":"USDT","f":"1.000000","l":"0.000000"}]}}`
	eventBalance  = `{"subscriptionId":0,"event":{"e":"balanceUpdate","E":1700000000110,"a":"BTC","d":"100.00000000","T":1700000000068}}`
	eventLock     = `{"subscriptionId":0,"event":{"e":"externalLockUpdate","E":1700000000324,"a":"NEO","d":"10.00000000","T":1700000000268}}`
	eventEnded    = `{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1700000000334}}`
	eventShutdown = `{"event":{"e":"serverShutdown","E":1700000000789}}`
	eventList     = `{"subscriptionId":0,"event":{"e":"listStatus","E":1700000000637,"s":"BTCUSDT","g":2,"c":"OCO","l":"EXEC_STARTED","L":"EXECUTING","r":"NONE","C":"F4QN4G8DlFATFlIUQ0cjdD","T":1700000000625,"O":[{"s":"BTCUSDT","i":17,"c":"AJYsMjErWJesZvqlJCTUgL"}]}}`
	replyOK       = `{"id":1,"status":200,"result":{"subscriptionId":0},"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000,"count":4}]}`
	replyFault    = `{"id":1,"status":400,"error":{"code":-1022,"msg":"Signature for this request is not valid."},"rateLimits":[]}`
)

func reportText(all []message.ExecutionReportFields) string {
	var lines []string
	for _, f := range all {
		r, err := message.NewExecutionReport(f)
		if err != nil {
			return err.Error()
		}
		lines = append(lines, fmt.Sprintf("%v %v %v cum=%v maker=%v", r, f.Instrument, f.OrderTerms, f.CumQuantity, f.LastLiquidityAdd))
	}
	return strings.Join(lines, "\n")
}

func wantReports(t *testing.T, what string, got []message.ExecutionReportFields, want ...string) {
	t.Helper()
	if text := reportText(got); text != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant\n%s", what, text, strings.Join(want, "\n"))
	}
}

func TestAnswersToNewOrders(t *testing.T) {
	read := func(body string) order {
		t.Helper()
		o, err := decodeOrder([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	const terms = "binance:BTC-USDT buy limit gtc 0.0015 @ 50000.1 "
	wantReports(t, "filled", read(placedFilled).reports(btc),
		`report main-1-1 BTCUSDT:28 accept  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.595Z `+terms+`cum=0 maker=false`,
		`report main-1-1 BTCUSDT:28 fill BTCUSDT:56 0.001 @ 49999 fee 0.000001 BTC "" at 2023-11-14T22:13:20.595Z `+terms+`cum=0 maker=false`,
		`report main-1-1 BTCUSDT:28 fill BTCUSDT:57 0.0005 @ 50000.1 fee 0 BNB "" at 2023-11-14T22:13:20.595Z `+terms+`cum=0 maker=false`)
	wantReports(t, "resting", read(placedNew).reports(btc),
		`report main-1-2 BTCUSDT:29 accept  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.6Z `+terms+`cum=0 maker=false`)
	wantReports(t, "acknowledged", read(placedAck).reports(btc),
		`report main-1-3 BTCUSDT:30 accept  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.601Z binance:BTC-USDT - - - 0 @ 0 cum=0 maker=false`)
	const ioc = "binance:BTC-USDT sell limit ioc 0.002 @ 50000.1 "
	wantReports(t, "expired", read(placedExpire).reports(btc),
		`report main-1-4 BTCUSDT:31 accept  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.602Z `+ioc+`cum=0 maker=false`,
		`report main-1-4 BTCUSDT:31 fill BTCUSDT:58 0.001 @ 50000.1 fee -0.05 USDT "" at 2023-11-14T22:13:20.602Z `+ioc+`cum=0 maker=false`,
		`report main-1-4 BTCUSDT:31 expire  0 @ 0 fee 0  "EXPIRED: UNFILLED_IOC_QUANTITY_EXPIRED" at 2023-11-14T22:13:20.602Z `+ioc+`cum=0.001 maker=false`)
	rejected := strings.NewReplacer(`"NEW"`, `"REJECTED"`).Replace(placedNew)
	wantReports(t, "rejected", read(rejected).reports(btc),
		`report main-1-2 BTCUSDT:29 reject  0 @ 0 fee 0  "REJECTED" at 2023-11-14T22:13:20.6Z `+terms+`cum=0 maker=false`)
}

func TestAnswersToOtherRequests(t *testing.T) {
	o, err := decodeOrder([]byte(canceled))
	if err != nil || o.client != "main-1-2" || o.open() {
		t.Fatalf("canceled: %+v %v", o, err)
	}
	wantReports(t, "canceled", []message.ExecutionReportFields{o.state(btc)},
		`report main-1-2 BTCUSDT:29 cancel  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.7Z binance:BTC-USDT buy limit gtc 0.0015 @ 50000.1 cum=0.0005 maker=false`)
	o, err = decodeAmended([]byte(amended))
	if err != nil || o.client != "main-1-2" || o.terms.Quantity != market.MustQuantity("0.001") || o.at != market.Milliseconds(1700000000710) || !o.open() {
		t.Errorf("amended: %+v %v", o, err)
	}
	o, err = decodeOrder([]byte(queried))
	if err != nil {
		t.Fatal(err)
	}
	wantReports(t, "queried", []message.ExecutionReportFields{o.state(btc)},
		`report main-1-2 BTCUSDT:29 accept  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.8Z binance:BTC-USDT sell stop_limit gtc 1 @ 50000.1 stop 50010 cum=0.4 maker=false`)
	trades, err := decodeTrades([]byte(myTrades))
	if err != nil || len(trades) != 1 {
		t.Fatalf("%v %v", trades, err)
	}
	want := trade{symbol: "BTCUSDT", id: 57, orderID: 28, at: market.Milliseconds(1700000000596), price: market.MustPrice("50000.1"),
		quantity: market.MustQuantity("0.0005"), fee: market.Amount{Decimal: market.MustDecimal("0.0001")}, currency: "BNB", maker: true}
	if trades[0] != want {
		t.Errorf("%+v", trades[0])
	}
	h, err := decodeAccount([]byte(accountBody))
	if err != nil || !h.canTrade || h.at != market.Milliseconds(1700000000900) || len(h.balances) != 3 ||
		h.balances[1].free.String() != "100.123456789012345678" || h.balances[1].locked.String() != "75.00015" || h.balances[2].currency != "币安人生" {
		t.Errorf("%+v %v", h, err)
	}
	p, err := decodeRestrictions([]byte(restricted))
	if err != nil || p.withdraw || !p.trade || !p.transfer || !p.restricted {
		t.Errorf("%+v %v", p, err)
	}
	at, err := decodeTime([]byte(`{"serverTime":1700000000123}`))
	if err != nil || at != market.Milliseconds(1700000000123) {
		t.Errorf("%v %v", at, err)
	}
	f, err := decodeFault([]byte(`{"code":-1121,"msg":"Invalid symbol."}`), 400)
	if err != nil || f != (fault{400, -1121, "Invalid symbol."}) {
		t.Errorf("%v %v", f, err)
	}
}

func TestEvents(t *testing.T) {
	read := func(data string) frame {
		t.Helper()
		f, err := decodeFrame([]byte(data))
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		return f
	}
	const terms = "binance:BTC-USDT buy limit gtc 0.0015 @ 50000.1 "
	const at = ` at 2023-11-14T22:13:20.657Z `
	wantReports(t, "new", read(eventNew).report.reports(btc), `report main-1-2 BTCUSDT:29 accept  0 @ 0 fee 0  ""`+at+terms+`cum=0 maker=false`)
	wantReports(t, "trade", read(eventTrade).report.reports(btc),
		`report main-1-2 BTCUSDT:29 fill BTCUSDT:77 0.0005 @ 49999.9 fee 0.0000005 BTC "" at 2023-11-14T22:13:20.757Z `+terms+`cum=0.001 maker=true`)
	wantReports(t, "canceled: the order's own id stands in C", read(eventCanceled).report.reports(btc),
		`report main-1-2 BTCUSDT:29 cancel  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.857Z `+terms+`cum=0.001 maker=false`)
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(eventNew) }
	for name, c := range map[string]struct{ data, want string }{
		"expired": {change(`"x":"NEW"`, `"x":"EXPIRED"`, `"X":"NEW"`, `"X":"EXPIRED"`, `"r":"NONE"`, `"r":"NONE","eR":"EXCHANGE_CANCELED"`),
			`expire  0 @ 0 fee 0  "EXPIRED: EXCHANGE_CANCELED"` + at + terms + `cum=0 maker=false`},
		"rejected": {change(`"x":"NEW"`, `"x":"REJECTED"`, `"X":"NEW"`, `"X":"REJECTED"`, `"r":"NONE"`, `"r":"INSUFFICIENT_BALANCES"`),
			`reject  0 @ 0 fee 0  "INSUFFICIENT_BALANCES"` + at + terms + `cum=0 maker=false`},
		"replaced": {change(`"x":"NEW"`, `"x":"REPLACED"`, `"C":""`, `"C":"main-1-2"`, `"q":"0.00150000"`, `"q":"0.00100000"`),
			`amend  0 @ 0 fee 0  ""` + at + `binance:BTC-USDT buy limit gtc 0.001 @ 50000.1 cum=0 maker=false`},
		"expired by self-trade prevention": {change(`"x":"NEW"`, `"x":"TRADE_PREVENTION"`, `"X":"NEW"`, `"X":"EXPIRED_IN_MATCH"`, `"V":"NONE"`, `"V":"EXPIRE_BOTH","v":3,"A":"3.0","B":"0.00150000","u":1,"U":37,"Cs":"BTCUSDT"`),
			`expire  0 @ 0 fee 0  "EXPIRED_IN_MATCH; prevented from trading with itself: 0.0015"` + at + terms + `cum=0 maker=false`},
		"made smaller by self-trade prevention": {change(`"x":"NEW"`, `"x":"TRADE_PREVENTION"`, `"V":"NONE"`, `"V":"DECREMENT","B":"0.0005"`),
			`accept  0 @ 0 fee 0  "prevented from trading with itself: 0.0005"` + at + terms + `cum=0 maker=false`},
		"in microseconds": {change(`"T":1700000000657`, `"T":1700000000657001`),
			`accept  0 @ 0 fee 0  "" at 2023-11-14T22:13:20.657001Z ` + terms + `cum=0 maker=false`},
		"taking profit, by hand": {change(`"o":"LIMIT"`, `"o":"TAKE_PROFIT_LIMIT"`, `"P":"0.00000000"`, `"P":"51000"`),
			`accept  0 @ 0 fee 0  "TAKE_PROFIT_LIMIT"` + at + terms + `cum=0 maker=false`},
		"trailing, by hand": {change(`"o":"LIMIT"`, `"o":"STOP_LOSS_LIMIT"`), `accept  0 @ 0 fee 0  "STOP_LOSS_LIMIT that trails"` + at + terms + `cum=0 maker=false`},
	} {
		wantReports(t, name, read(c.data).report.reports(btc), "report main-1-2 BTCUSDT:29 "+c.want)
	}
	if f := read(change(`"x":"NEW"`, `"x":"REPLACED"`, `"X":"NEW"`, `"X":"EXPIRED"`)).report.reports(btc); len(f) != 2 || f[0].Action != message.ActionAmend || f[1].Action != message.ActionExpire {
		t.Errorf("amended to what had filled: %v", reportText(f))
	}
	if f := read(eventPosition); f.at != market.Milliseconds(1700000000073) || len(f.sums) != 2 || f.sums[0].locked.String() != "0.5" {
		t.Errorf("%+v", f)
	}
	for data, want := range map[string]string{eventBalance: "balanceUpdate BTC", eventLock: "externalLockUpdate NEO", eventEnded: "eventStreamTerminated ",
		eventShutdown: "serverShutdown ", eventList: "listStatus "} {
		if f := read(data); f.event+" "+f.asset != want || f.report != nil || f.reply != nil {
			t.Errorf("%s: %+v", data, f)
		}
	}
	if f := read(replyOK); f.reply == nil || f.reply.id != "1" || f.reply.status != 200 || f.reply.fault != nil {
		t.Errorf("%+v", f)
	}
	if f := read(replyFault); f.reply == nil || f.reply.fault == nil || *f.reply.fault != (fault{400, -1022, "Signature for this request is not valid."}) {
		t.Errorf("%+v", f.reply)
	}
}

// decoders are all there are, with a body that each of them reads whole.
var decoders = map[string]struct {
	body string
	read func([]byte) error
}{
	"order":        {placedFilled, func(b []byte) error { _, err := decodeOrder(b); return err }},
	"amended":      {amended, func(b []byte) error { _, err := decodeAmended(b); return err }},
	"orders":       {"[" + queried + "," + placedNew + "]", func(b []byte) error { _, err := decodeOrders(b); return err }},
	"trades":       {myTrades, func(b []byte) error { _, err := decodeTrades(b); return err }},
	"account":      {accountBody, func(b []byte) error { _, err := decodeAccount(b); return err }},
	"restrictions": {restricted, func(b []byte) error { _, err := decodeRestrictions(b); return err }},
	"time":         {`{"serverTime":1700000000123}`, func(b []byte) error { _, err := decodeTime(b); return err }},
	"fault":        {`{"code":-1121,"msg":"Invalid symbol."}`, func(b []byte) error { _, err := decodeFault(b, 400); return err }},
	"trade event":  {eventTrade, func(b []byte) error { _, err := decodeFrame(b); return err }},
	"position":     {eventPosition, func(b []byte) error { _, err := decodeFrame(b); return err }},
	"reply":        {replyFault, func(b []byte) error { _, err := decodeFrame(b); return err }},
}

func TestNothingIsHalfRead(t *testing.T) {
	for name, d := range decoders {
		if err := d.read([]byte(d.body)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := range len(d.body) {
			if err := d.read([]byte(d.body[:n])); !isDecodeError(err) {
				t.Errorf("%s cut off at byte %d: %v", name, n, err)
			}
		}
		for _, bad := range []string{d.body + "x", d.body + d.body, "null", "1", `"text"`, "[[]]", "[1]", "{}", "", "<html>", "\xff" + d.body} {
			if err := d.read([]byte(bad)); !isDecodeError(err) {
				t.Errorf("%s: %.40q is read: %v", name, bad, err)
			}
		}
	}
}

func isDecodeError(err error) bool {
	var e *venue.DecodeError
	return errors.As(err, &e)
}

func TestWhatIsMissingOrWrongIsRefused(t *testing.T) {
	for _, c := range []struct{ decoder, from, to, field string }{
		{"order", `"symbol":"BTCUSDT",`, ``, "symbol"},
		{"order", `"orderId":28`, `"orderId":"x"`, "orderId"},
		{"order", `"clientOrderId":"main-1-1",`, ``, "clientOrderId"},
		{"order", `"clientOrderId":"main-1-1"`, `"clientOrderId":5`, "clientOrderId"},
		{"order", `"status":"FILLED"`, `"status":"DONE"`, "status"},
		{"order", `"executedQty":"0.00150000",`, ``, "executedQty"},
		{"order", `"executedQty":"0.00150000"`, `"executedQty":"-1"`, "executedQty"},
		{"order", `"side":"BUY"`, `"side":"HOLD"`, "side"},
		{"order", `"type":"LIMIT"`, `"type":"PEGGED"`, "type"},
		{"order", `"timeInForce":"GTC"`, `"timeInForce":"GTX"`, "timeInForce"},
		{"order", `"qty":"0.00100000"`, `"qty":"0"`, "qty"},
		{"order", `"qty":"0.00100000"`, `"qty":null`, "qty"},
		{"order", `"commission":"0.00000100",`, ``, "commission"},
		{"order", `"commissionAsset":"BTC",`, ``, "commissionAsset"},
		{"order", `"tradeId":56`, `"tradeId":-1`, "tradeId"},
		{"order", `"orderId":28`, `"orderId":28,"orderId":29`, "orderId"},
		{"order", `"price":"49999.00000000"`, `"price":"1e40"`, "price"},
		{"amended", `"amendedOrder"`, `"order"`, "amendedOrder"},
		{"amended", `"transactTime":1700000000710,`, ``, "transactTime"},
		{"amended", `"status":"NEW",`, ``, "amendedOrder"},
		{"trades", `"isMaker":true`, `"isMaker":"true"`, "isMaker"},
		{"trades", `"time":1700000000596,`, ``, "time"},
		{"account", `"canTrade":true`, `"canTrade":null`, "canTrade"},
		{"account", `"free":"4.89208129"`, `"free":"-4"`, "free"},
		{"account", `"asset":"BTC"`, `"asset":""`, "asset"},
		{"restrictions", `"enableWithdrawals":false`, `"enableWithdrawals":null`, "enableWithdrawals"},
		{"restrictions", `"enableWithdrawals":false,`, ``, "enableWithdrawals"},
		{"time", `1700000000123`, `0`, "serverTime"},
		{"fault", `"code":-1121,`, ``, "code"},
		{"trade event", `"x":"TRADE"`, `"x":"CALCULATED"`, "x"},
		{"trade event", `"X":"PARTIALLY_FILLED"`, `"X":"HALF"`, "X"},
		{"trade event", `"t":77`, `"t":-1`, "tradeId"},
		{"trade event", `"l":"0.00050000"`, `"l":"0"`, "l"},
		{"trade event", `"m":true`, `"m":null`, "m"},
		{"trade event", `"N":"BTC"`, `"N":null`, "N"},
		{"trade event", `"n":"0.00000050"`, `"n":null`, "n"},
		{"trade event", `"i":29`, `"i":29.5`, "i"},
		{"trade event", `"c":"main-1-2"`, `"c":""`, "c"},
		{"position", `"B":[`, `"b":[`, "B"},
		{"position", `"l":"0.5"`, `"l":"x"`, "l"},
		{"reply", `"status":400`, `"status":"no"`, "status"},
	} {
		d := decoders[c.decoder]
		if strings.Count(d.body, c.from) != 1 {
			t.Fatalf("%s: %s is not there once", c.decoder, c.from)
		}
		err := d.read([]byte(strings.Replace(d.body, c.from, c.to, 1)))
		var e *venue.DecodeError
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%s: %s for %s: %v, want a fault of %s", c.decoder, c.to, c.from, err, c.field)
		}
	}
}

func TestTheFrameThatSubscribes(t *testing.T) {
	s := hmacSigner{}
	got := string(subscribe(7, docKey, params{{"recvWindow", "5000"}, {"timestamp", "1747385641636"}}, s))
	want := `{"id":7,"method":"userDataStream.subscribe.signature","params":{"apiKey":"` + docKey + `","recvWindow":5000,"timestamp":1747385641636,"signature":"` +
		s.sign("apiKey="+docKey+"&recvWindow=5000&timestamp=1747385641636") + `"}}`
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if hostile := subscribe(7, "a\"}\\\n", params{{"timestamp", "1"}}, s); !json.Valid(hostile) {
		t.Errorf("%s is no JSON", hostile)
	}
}
