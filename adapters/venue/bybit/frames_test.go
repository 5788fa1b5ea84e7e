package bybit

// Frames in the shapes of the manual (websocket/public: orderbook, ticker, trade, kline,
// system-status; ws/connect), with values of our own.
const (
	spotTicker     = `{"topic":"tickers.BTCUSDT","ts":1700000000300,"type":"snapshot","cs":2588407389,"data":{"symbol":"BTCUSDT","lastPrice":"36500.10","highPrice24h":"40100.5","lowPrice24h":"36100","prevPrice24h":"40000","volume24h":"6780.866843","turnover24h":"141946527.22907118123456789","price24hPcnt":"-0.0875","usdIndexPrice":"36510.2400136"}}`
	linearTicker   = `{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"ZeroMinusTick","price24hPcnt":"-0.0875","lastPrice":"36500.10","prevPrice24h":"40000.00","highPrice24h":"40100.50","lowPrice24h":"36100.00","prevPrice1h":"36474.50","markPrice":"36502.81","indexPrice":"36512.25","openInterest":"52774.528","openInterestValue":"1506861070.82","turnover24h":"4273027716.4294","volume24h":"151185.5160","nextFundingTime":"1700006400000","fundingRate":"0.0001","bid1Price":"36500.00","bid1Size":"2.049","ask1Price":"36500.10","ask1Size":"15.328"},"cs":50193544280,"ts":1700000000300}`
	tickerChange   = `{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","price24hPcnt":"-0.085","lastPrice":"36600.00","bid1Price":"36599.90","bid1Size":"2"},"cs":50193544281,"ts":1700000000400}`
	tickerQuotes   = `{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","bid1Price":"36599.80","bid1Size":"2","ask1Price":"36600.10","ask1Size":"1"},"cs":50193544282,"ts":1700000000500}`
	bookFrame      = `{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1700000000200,"data":{"s":"BTCUSDT","b":[["36500.10","1.5"],["36500","0.10"],["36499","0"]],"a":[["36500.20","0.75"],["36500.30","1"]],"u":18521288,"seq":7961638724},"cts":1700000000198}`
	changeFrame    = `{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1700000000220,"data":{"s":"BTCUSDT","b":[["36500","0.2"],["36500.10","2"]],"a":[["36500.30","0"]],"u":18521289,"seq":7961638725},"cts":1700000000219}`
	restartFrame   = `{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1700000000240,"data":{"s":"BTCUSDT","b":[["36500","0.2"]],"a":[],"u":1,"seq":7961638726},"cts":1700000000239}`
	deepFrame      = `{"topic":"orderbook.500.BTCUSDT","type":"delta","ts":1700000000220,"data":{"s":"BTCUSDT","b":[],"a":[["36500.30","0"]],"u":18521289,"seq":7961638725}}`
	sortedFrame    = `{"data":{"a":[],"b":[["36500","0.2"]],"s":"BTCUSDT","seq":1,"u":18521290},"topic":"orderbook.50.BTCUSDT","ts":1700000000230,"type":"delta"}`
	retailFrame    = `{"topic":"orderbook.rpi.BTCUSDT","type":"snapshot","ts":1700000000200,"data":{"s":"BTCUSDT","b":[["36500.10","1.5","0.3"]],"a":[["36500.15","0","0.2"],["36500.20","0.75","0"]],"u":5,"seq":6},"cts":1700000000198}`
	tradesFrame    = `{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1700000000125,"data":[{"T":1700000000123,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"36500.10","i":"2200000000067341890","BT":false,"seq":1},{"T":1700000000124,"s":"BTCUSDT","S":"Sell","v":"1E-2","p":"36500","i":"2200000000067341891","BT":false,"seq":2}]}`
	contractTrade  = `{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1700000000125,"data":[{"T":1700000000123,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"36500.10","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false}]}`
	optionTrade    = `{"id":"x","topic":"publicTrade.BTC","type":"snapshot","ts":1700000000125,"data":[{"p":"985","v":"0.01","i":"0b7d0d3c","T":1700000000123,"BT":false,"S":"Buy","s":"BTC-3JAN25-80000-C","mP":"990","iP":"36500","mIv":"0.5","iv":"0.5"}]}`
	candleFrame    = `{"topic":"kline.5.BTCUSDT","data":[{"start":1700000100000,"end":1700000399999,"interval":"5","open":"36500","close":"36510","high":"36520","low":"36490","volume":"10.5","turnover":"383355.5","confirm":true,"timestamp":1700000399998}],"ts":1700000399999,"type":"snapshot"}`
	statusFrame    = `{"topic":"system.status","ts":1751858399649,"data":[{"id":"4d95b2a0","title":"upgrade","state":"scheduled","begin":"1751596902000","end":"1751597011000","serviceTypes":[2,3]}]}`
	ackFrame       = `{"success":true,"ret_msg":"subscribe","conn_id":"2324d924-aa4d-45b0-a858-7b8be29ab52b","req_id":"10001","op":"subscribe"}`
	silentAck      = `{"success":true,"ret_msg":"","conn_id":"2324d924","op":"unsubscribe"}`
	refusedFrame   = `{"success":false,"ret_msg":"error:handler not found,topic:orderbook.7.BTCUSDT","conn_id":"2324d924","req_id":"","op":"subscribe"}`
	optionAck      = `{"success":true,"conn_id":"aa01fbfffe80af37","data":{"failTopics":[],"successTopics":["orderbook.100.BTC-3JAN25-80000-C"]},"type":"COMMAND_RESP"}`
	optionRefused  = `{"success":true,"conn_id":"aa01fbfffe80af37","data":{"successTopics":[],"failTopics":["orderbook.7.X"]},"type":"COMMAND_RESP"}`
	pongFrame      = `{"success":true,"ret_msg":"pong","conn_id":"0970e817-426e-429a-a679-ff7f55e0b16a","req_id":"100001","op":"ping"}`
	optionPong     = `{"args":["1672916271846"],"op":"pong"}`
	authRefused    = `{"op":"auth","success":false,"retCode":10003,"retMsg":"Invalid apikey","connId":"cejreaspqfm9se7usbrg-3ab"}`
	gatewayRefusal = `{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{},"time":1700000000000}`
	version2Frame  = `{"topic":"orderBookL2_25.BTCUSDT","type":"delta","data":{"delete":[],"update":[{"price":"9472.50","symbol":"BTCUSDT","id":"94725000","side":"Buy","size":22.390999}],"insert":[]},"cross_seq":"176991944","timestamp_e6":"1590682528033099"}`
	version2Ack    = `{"success":true,"ret_msg":"","conn_id":"38cf0ac3","request":{"op":"subscribe","args":["trade.BCHUSDT"]}}`
)

var allFrames = []string{spotTicker, linearTicker, tickerChange, tickerQuotes, bookFrame, changeFrame, restartFrame, deepFrame, sortedFrame, retailFrame,
	tradesFrame, contractTrade, optionTrade, candleFrame, statusFrame, ackFrame, silentAck, refusedFrame, optionAck, optionRefused, pongFrame, optionPong, authRefused, gatewayRefusal}
