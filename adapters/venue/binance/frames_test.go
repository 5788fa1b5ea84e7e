package binance

// Frames in the shapes of web-socket-streams.md and rest-api.md, with values of our own.
const (
	tradeFrame      = `{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000124,"s":"BTCUSDT","t":4815162342,"p":"36500.12000000","q":"0.00250000","T":1700000000123,"m":true,"M":true}}`
	aggTradeFrame   = `{"e":"aggTrade","E":1700000000124,"s":"ETHBTC","a":815,"p":"0.05410000","q":"1.20000000","f":100,"l":105,"T":1700000000123,"m":false,"M":true}`
	bookTickerFrame = `{"stream":"btcusdt@bookTicker","data":{"u":70000000001,"s":"BTCUSDT","b":"36500.11000000","B":"1.50000000","a":"36500.12000000","A":"0.75000000"}}`
	depthFrame      = `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000200,"s":"BTCUSDT","U":70000000002,"u":70000000009,"b":[["36500.11000000","0.00000000"],["36500.10000000","2.00000000"]],"a":[["36500.12000000","0.10000000"]]}}`
	partialFrame    = `{"stream":"btcusdt@depth5@100ms","data":{"lastUpdateId":70000000010,"bids":[["36500.10000000","2.00000000"],["36500.00000000","1.00000000"]],"asks":[["36500.12000000","0.10000000"]]}}`
	tickerFrame     = `{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","E":1700000000300,"s":"BTCUSDT","p":"-131.40000000","P":"-0.359","w":"36621.11111111","x":"36631.51000000","c":"36500.12000000","Q":"0.00250000","b":"36500.11000000","B":"1.50000000","a":"36500.12000000","A":"0.75000000","o":"36631.52000000","h":"37000.00000000","l":"36100.00000000","v":"25000.12345678","q":"912345678.12345678","O":1699913600300,"C":1700000000300,"F":1,"L":900000,"n":900000}}`
	miniTickerFrame = `{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker","E":1700000000400,"s":"BTCUSDT","c":"36500.12000000","o":"36631.52000000","h":"37000.00000000","l":"36100.00000000","v":"25000.12345678","q":"912345678.12345678"},{"e":"24hrMiniTicker","E":1700000000401,"s":"ETHBTC","c":"0.05410000","o":"0.05400000","h":"0.05500000","l":"0.05300000","v":"12.00000000","q":"0.64920000"}]}`
	klineFrame      = `{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1700000040001,"s":"BTCUSDT","k":{"t":1699999980000,"T":1700000039999,"s":"BTCUSDT","i":"1m","f":100,"L":200,"o":"36500.00000000","c":"36510.00000000","h":"36520.00000000","l":"36490.00000000","v":"10.50000000","n":101,"x":true,"q":"383355.00000000","V":"5.00000000","Q":"182550.00000000","B":"0"}}}`
	restDepthBody   = `{"lastUpdateId":70000000005,"bids":[["36500.11000000","1.50000000"],["36500.10000000","3.00000000"]],"asks":[["36500.12000000","0.75000000"],["36500.20000000","4.00000000"]]}`
	ackFrame        = `{"result":null,"id":1}`
	errorFrame      = `{"error":{"code":2,"msg":"Invalid request: unknown variant"},"id":"x"}`
	refusalFrame    = `{"code":-1121,"msg":"Invalid symbol."}`
	shutdownFrame   = `{"e":"serverShutdown","E":1700000000500}`
	futuresDepth    = `{"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate","E":1700000000600,"T":1700000000599,"s":"BTCUSD_PERP","ps":"BTCUSD","U":1000,"u":1010,"pu":990,"b":[["36000.0","5"],["36400.0","7"]],"a":[]}}`
	futuresPartial  = `{"stream":"btcusd_210625@depth20","data":{"e":"depthUpdate","E":1700000000600,"T":1700000000599,"s":"BTCUSD_210625","ps":"BTCUSD","U":1000,"u":1000,"pu":-1,"b":[["36000.0","5"]],"a":[["36001.0","2"]]}}`
	futuresTicker   = `{"e":"bookTicker","u":1,"s":"ETHUSD_PERP","ps":"ETHUSD","b":"1776.25","B":"10779","a":"1776.26","A":"37544","T":1700000000700,"E":1700000000701}`
	// Any order of fields is JSON; some recorders sort them.
	sortedDepth = `{"data":{"E":1700000000200,"U":70000000002,"a":[["36500.12000000","0.10000000"]],"b":[],"e":"depthUpdate","s":"BTCUSDT","u":70000000009},"stream":"btcusdt@depth"}`
)

var allFrames = []string{tradeFrame, aggTradeFrame, bookTickerFrame, depthFrame, partialFrame, tickerFrame, miniTickerFrame,
	klineFrame, restDepthBody, ackFrame, errorFrame, refusalFrame, shutdownFrame, futuresDepth, futuresPartial, futuresTicker, sortedDepth}
