package okx

// Frames in the shapes of the manual (Order book channel, Tickers channel, Trades channel,
// Candlesticks channel, Status channel, Connect, Notification), with values of our own.
const (
	tickerFrame   = `{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT","last":"36500.1","lastSz":"0.0025","askPx":"36500.2","askSz":"0.75","bidPx":"36500.1","bidSz":"1.5","open24h":"40000","high24h":"40100.5","low24h":"36100","sodUtc0":"36900","sodUtc8":"37000","volCcy24h":"912345678.1234567890123456789","vol24h":"25000.12345678","ts":"1700000000300"}]}`
	optionTicker  = `{"arg":{"channel":"tickers","instId":"BTC-USD-210924-42000-P"},"data":[{"instType":"OPTION","instId":"BTC-USD-210924-42000-P","last":"0.0005","lastSz":"6","askPx":"0.0015","askSz":"330","bidPx":"","bidSz":"","open24h":"","high24h":null,"low24h":"0","vol24h":"0","ts":"1654166283149"}]}`
	tradeFrame    = `{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"674510826","px":"36500.1","sz":"0.00011186","side":"buy","ts":"1700000000123","count":"1","source":"0","seqId":70000000001}]}`
	tradesFrame   = `{"arg":{"channel":"trades-all","instId":"ETH-USD-SWAP"},"data":[{"instId":"ETH-USD-SWAP","tradeId":"1","px":"1776.25","sz":"3","side":"sell","ts":"1700000000123"},{"instId":"ETH-USD-SWAP","tradeId":"2","px":"1776.2","sz":"1E+2","side":"sell","ts":1700000000124}]}`
	bookFrame     = `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["36500.2","0.75","0","3"],["36500.3","1","0","1"]],"bids":[["36500.1","1.5","0","2"],["36500","0.10","0","1"]],"ts":"1700000000200","checksum":0,"seqId":123456,"prevSeqId":-1}]}`
	changeFrame   = `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["36500.3","0","0","0"]],"bids":[["36500","0.2","0","1"],["36500.1","2","0","1"]],"ts":"1700000000300","checksum":0,"seqId":123460,"prevSeqId":123456}]}`
	idleFrame     = `{"arg":{"channel":"books-l2-tbt","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1700000060300","checksum":-855196043,"seqId":123460,"prevSeqId":123460}]}`
	sortedFrame   = `{"action":"update","data":[{"asks":[],"bids":[["36500","0.2","0","1"]],"checksum":0,"prevSeqId":"123456","seqId":"5","ts":"1700000000300"}],"arg":{"instId":"BTC-USDT","channel":"books"}}`
	book5Frame    = `{"arg":{"channel":"books5","instId":"BTC-USD-210924"},"data":[{"asks":[["31835.8","5","0","1"],["31835.7","690","0","2"]],"bids":[],"instId":"BTC-USD-210924","ts":"1653997473120","seqId":4826378794}]}`
	bboFrame      = `{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},"data":[{"asks":[["19920","3","0","1"]],"bids":[["19918.9","34","0","1"]],"ts":"1656633600013","seqId":7}]}`
	bboOneSided   = `{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},"data":[{"asks":[],"bids":[["19918.9","34","0","1"]],"ts":"1656633600013","seqId":8}]}`
	candleFrame   = `{"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[["1699999980000","36500","36520","36490","36510","10.5","383355","383355.5","1"]]}`
	oldCandle     = `{"arg":{"channel":"candle4H","instId":"BTC-USDT-SWAP"},"data":[["1699992000000","36500","36520","36490","36510","4070","40.7"]]}`
	statusFrame   = `{"arg":{"channel":"status"},"data":[{"begin":"1672823400000","end":"1672825980000","href":"","state":"scheduled","system":"unified","title":"WebSocket system upgrade","ts":"1672826038470"}]}`
	ackFrame      = `{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}`
	endFrame      = `{"event":"unsubscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}`
	errorFrame    = `{"event":"error","code":"60018","msg":"Wrong URL or channel:books,instId:NO-PAIR doesn't exist.","connId":"a4d3ae55"}`
	noticeFrame   = `{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`
	countFrame    = `{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}`
	tooManyFrame  = `{"event":"channel-conn-count-error","channel":"orders","connCount":"30","connId":"abcd1234"}`
	loginFrame    = `{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}`
	refusalFrame  = `{"code":"50011","msg":"Too Many Requests","data":[]}`
	version3Frame = `{"table":"spot/depth5","data":[{"asks":[["0.9788","0.001","1"]],"bids":[["0.9768","0.605755","1"]],"instrument_id":"BETH-ETH","timestamp":"2022-02-25T00:00:01.032Z"}]}`
)

var allFrames = []string{tickerFrame, optionTicker, tradeFrame, tradesFrame, bookFrame, changeFrame, idleFrame, sortedFrame, book5Frame,
	bboFrame, bboOneSided, candleFrame, oldCandle, statusFrame, ackFrame, endFrame, errorFrame, noticeFrame, countFrame, tooManyFrame, loginFrame, refusalFrame}
