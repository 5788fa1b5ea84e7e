package gate

// Frames in the shapes of the manual, with values of our own.
const (
	tickerFrame   = `{"time":1700000000,"time_ms":1700000000406,"channel":"spot.tickers","event":"update","result":{"currency_pair":"BTC_USDT","last":"36500.1","lowest_ask":"36500.2","highest_bid":"36500.1","change_percentage":"-1.8254","base_volume":"9110.473081735","quote_volume":"332082083.25352214454674732293","high_24h":"37280.9","low_24h":"36468.5"}}`
	oldTicker     = `{"time":1700000000,"channel":"spot.tickers","event":"update","result":{"currency_pair":"BTC_USDT","last":"36500.1","change_percentage":"3.66","base_volume":"2811.3","high_24h":"","low_24h":null}}`
	tradeFrame    = `{"time":1700000000,"time_ms":1700000000231,"channel":"spot.trades","event":"update","result":{"id":309143071,"id_market":2390902,"create_time":1700000000,"create_time_ms":"1700000000213.4578","side":"sell","currency_pair":"GT_USDT","amount":"16.4700000000","price":"0.4705000000","range":"2390902-2390902"}}`
	tradesFrame   = `{"time":1700000000,"channel":"spot.trades_v2","event":"update","error":null,"result":[{"id":"309143071","create_time":"1700000000","side":"buy","currency_pair":"GT_USDT","amount":1.647E1,"price":4.705E-1},{"id":309143072,"create_time":1700000000,"create_time_ms":1700000000213,"side":"sell","currency_pair":"GT_USDT","amount":"1","price":"0.4704"}]}`
	candleFrame   = `{"time":1700000041,"time_ms":1700000041376,"channel":"spot.candlesticks","event":"update","result":{"t":"1699999980","v":"2362.32035","c":"19128.1","h":"19130.2","l":"19120","o":"19125","n":"1m_BTC_USDT","a":"0.1235","w":true}}`
	oldCandle     = `{"time":1700000041,"channel":"spot.candlesticks","event":"update","result":{"t":"1699999980","v":"0","c":"1","h":"1","l":"1","o":"1","n":"10s_BTC_USDT"}}`
	bboFrame      = `{"time":1700000000,"time_ms":1700000000723,"channel":"spot.book_ticker","event":"update","result":{"t":1700000000123,"u":48733182,"s":"BTC_USDT","b":"19177.79","B":"0.0003341504","a":"19179.38","A":"0.09"}}`
	updateFrame   = `{"time":1700000000,"time_ms":1700000000236,"channel":"spot.order_book_update","event":"update","result":{"t":1700000000123,"l":"100","e":"depthUpdate","E":1700000000,"s":"BTC_USDT","U":48776301,"u":48776306,"b":[["19137.74","0.0001"],["19088.37","0"]],"a":[["19137.75","0.6135"]]}}`
	fullFrame     = `{"time":1700000000,"time_ms":1700000000236,"channel":"spot.order_book_update","event":"update","result":{"t":1700000000123,"full":true,"l":"100","e":"depthUpdate","E":1700000000,"s":"BTC_USDT","U":48776301,"u":48776306,"b":[["19137.74","0.0001"],["19088.37","0"]],"a":[["19137.75","0.6135"]]}}`
	wholeFrame    = `{"time":1700000000,"time_ms":1700000000213,"channel":"spot.order_book","event":"update","result":{"t":1700000000123,"lastUpdateId":48791820,"s":"BTC_USDT","l":"5","bids":[["19079.55","0.0195"],["19079.07","0.7341"]],"asks":[["19080.91","0.1366"],["19080.24","0.1638"]]}}`
	obuSnapshot   = `{"channel":"spot.obu","result":{"t":1700000000325,"full":true,"s":"ob.BTC_USDT.50","u":28606981,"b":[["105958.9","0.00908"]],"a":[["105959","0.5"]]},"time_ms":1700000000330,"event":"update"}`
	obuUpdate     = `{"channel":"spot.obu","result":{"t":1700000000345,"s":"ob.BTC_USDT.50","U":28606982,"u":28606990,"b":[["105958.9","0"]]},"time_ms":1700000000350,"event":"update"}`
	storedFrame   = `{"channel":"spot.order_book_update","event":"snapshot","generated":true,"symbol":"BTC_USDT","result":{"id":13934528632,"current":1700000000257,"update":1700000000253,"asks":[["29303","0.0068"]],"bids":[["29302.9","0.2483"]]}}`
	ackFrame      = `{"time":1700000000,"time_ms":1700000000138,"id":7,"conn_id":"06a3248d8f02479a","trace_id":"1d","channel":"spot.obu","event":"subscribe","payload":["ob.MAF_USDT.400"],"error":null,"result":{"status":"success"},"requestId":"1d"}`
	errorFrame    = `{"time":1700000000,"time_ms":1700000000138,"channel":"spot.trades","event":"subscribe","error":{"code":2,"message":"unknown currency pair GIBBERISH_USD"},"result":null}`
	bareError     = `{"error":{"code":2,"message":"Alert sub ob.BTC_USDT.50"}}`
	pongFrame     = `{"time":1700000000,"channel":"spot.pong","event":"","error":null,"result":null}`
	restBody      = `{"id":48776305,"current":1700000000493,"update":1700000000263,"asks":[["200","1"],["250","10"]],"bids":[["150","1"],["100","10"]]}`
	refusalBody   = `{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair X_Y"}`
	resultIsFirst = `{"result":{"b":[],"a":[["19137.75","0"]],"u":48776307,"U":48776307,"s":"BTC_USDT","t":1700000000223},"event":"update","channel":"spot.order_book_update","time":1700000000}`
)

var allFrames = []string{tickerFrame, oldTicker, tradeFrame, tradesFrame, candleFrame, oldCandle, bboFrame, updateFrame, fullFrame, wholeFrame,
	obuSnapshot, obuUpdate, storedFrame, ackFrame, errorFrame, bareError, pongFrame, resultIsFirst}
