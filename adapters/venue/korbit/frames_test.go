package korbit

// Frames in the shapes of the manual (WebSocket API v2: ticker, orderbook, trade, control
// messages), with values of our own.
const (
	tickerFull  = `{"type":"ticker","timestamp":1700000002000,"symbol":"btc_krw","snapshot":true,"data":{"open":"63000000","high":"65000000","low":"62000000","close":"64000000","prevClose":"63000000","priceChange":"1000000","priceChangePercent":"1.58","volume":"10.5","quoteVolume":"670000000","bestBidPrice":"64000000","bestAskPrice":"64001000","lastTradedAt":1700000001000}}`
	tickerClose = `{"type":"ticker","timestamp":1700000001000,"symbol":"btc_krw","data":{"close":"99028000"}}`
	bookFirst   = `{"type":"orderbook","timestamp":1700000001010,"symbol":"btc_krw","snapshot":true,"data":{"timestamp":1700000001000,"asks":[{"price":"101","qty":"1","amt":"101"},{"price":"102","qty":"2","amt":"204"}],"bids":[{"price":"100","qty":"1","amt":"100"},{"price":"99","qty":"2","amt":"198"}]}}`
	bookLater   = `{"snapshot":null,"data":{"bids":[{"price":"0","qty":"0"}],"asks":[{"price":"102","qty":"2E1"},{"qty":0.00000001,"price":101.50}]},"symbol":"btc_krw","timestamp":1700000001010,"type":"orderbook"}`
	tradesFirst = `{"type":"trade","timestamp":1700000000000,"symbol":"btc_krw","snapshot":true,"data":[{"tradeId":1,"timestamp":1699999990000,"price":"100","qty":"0.5","isBuyerTaker":true}]}`
	tradesTwo   = `{"type":"trade","timestamp":1700000001000,"symbol":"btc_krw","snapshot":false,"data":[{"tradeId":2,"timestamp":1700000000000,"price":"105","qty":"0.25","isBuyerTaker":true},{"tradeId":7,"timestamp":1700000000100,"price":"104.9","qty":"3","isBuyerTaker":false}]}`
	tradesNone  = `{"type":"trade","timestamp":1700000000000,"symbol":"new_krw","snapshot":true,"data":[]}`
	accepted    = `{"requestId": 1, "status": "success"}`
	refused     = `{"requestId":2,"status":"fail","code":"INVALID_SYMBOL","message":"no such symbol"}`
	serverError = `{"status":"error","code":"INTERNAL"}`
)

var allFrames = []string{tickerFull, tickerClose, bookFirst, bookLater, tradesFirst, tradesTwo, tradesNone, accepted, refused, serverError}
