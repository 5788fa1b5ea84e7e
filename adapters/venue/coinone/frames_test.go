package coinone

// Frames in the shapes of the manual (public-websocket-orderbook, -ticker, -trade, -chart, -ping),
// with values of our own.
const (
	tickerDefault = `{"response_type":"DATA","channel":"TICKER","data":{"quote_currency":"KRW","target_currency":"XRP","timestamp":1693560360010,"quote_volume":"55904975548.1528","target_volume":"80021677.16815790000000000012","high":"699.5","low":"683.9","first":"698.7","last":"687.9","volume_power":"100","ask_best_price":"687.9","ask_best_qty":"7594.1842","bid_best_price":null,"bid_best_qty":null,"id":"1693560360010001","yesterday_high":"717.5","yesterday_low":"690.4","yesterday_first":"716.9","yesterday_last":"800","yesterday_quote_volume":"41578655254.7044","yesterday_target_volume":"58194911.41691376"}}`
	tickerShort   = `{"r":"DATA","c":"TICKER","d":{"qc":"KRW","tc":"XRP","t":1693560360010,"qv":"55827441390.8456","tv":"80021677.1681579","fi":"698.7","lo":"683.9","hi":"699.5","la":"687.9","vp":"100","abp":"688.3","abq":"84992.9448","bbp":"687.8","bbq":"13861.6179","i":"1693560378928001","yfi":"716.9","ylo":"690.4","yhi":"717.5","yla":"800","yqv":"41616318229.6505","ytv":"58248252.35151376"}}`
	tradeDefault  = `{"response_type":"DATA","channel":"TRADE","data":{"quote_currency":"KRW","target_currency":"BTC","id":"1790134177835001","timestamp":1790134177835,"price":"116460000","qty":"0.00483595","is_seller_maker":true}}`
	tradeShort    = `{"d":{"qc":"KRW","tc":"BTC","i":"1790134177835001","t":1790134177835,"p":"1.1646E8","q":0.00483595,"sm":false},"c":"TRADE","r":"DATA"}`
	bookDefault   = `{"response_type":"DATA","channel":"ORDERBOOK","data":{"quote_currency":"KRW","target_currency":"BTC","timestamp":1790134167554,"id":"1790134177435001","asks":[{"price":"116650000","qty":"0.01198956"},{"price":"116640000","qty":"0.000657"},{"price":"116460000","qty":"0.0232"}],"bids":[{"price":"116450000","qty":"0.0118"},{"price":"116440000","qty":"0.04695328"}]}}`
	bookShort     = `{"r":"DATA","c":"ORDERBOOK","d":{"qc":"KRW","tc":"BTC","t":1790134167554,"i":"1790134177753001","a":[{"q":"0.0232","p":"116460000"},{"p":"0","q":"0"}],"b":[]}}`
	chartDefault  = `{"response_type":"DATA","channel":"CHART","data":{"quote_currency":"KRW","target_currency":"XRP","interval":"1m","timestamp": 1693560360010,"id":"1693560360010001","candle_timestamp": 1693560360000,"high":"699.5","low":"683.9","first":"698.7","last":"687.9","quote_volume":"55904975548.1528","target_volume":"80021677.1681579"}}`
	chartShort    = `{"r":"DATA","c":"CHART","d":{"qc":"KRW","tc":"XRP","iv":"1h","t":1693560378928,"i":"1693560360010001","ct":1693558800000,"fi":"698.7","lo":"683.9","hi":"699.5","la":"687.9","qv":"55827441390.8456","tv":"79912892.7741579"}}`
	connected     = `{"response_type":"CONNECTED","data":{"session_id":"6f3e1d0f-f9ab-f300-1567-0eb31af6d6ef"}}`
	subscribed    = `{"response_type":"SUBSCRIBED","channel":"ORDERBOOK","data":{"quote_currency":"KRW","target_currency":"BTC"}}`
	unsubscribed  = `{"r":"UNSUBSCRIBED","c":"CHART","d":{"qc":"krw","tc":"xrp","iv":"1m"}}`
	pong          = `{"response_type":"PONG"}`
	invalidType   = `{"response_type":"ERROR","error_code":160011,"message":"Invalid Type","field":"request_type"}`
	invalidTopic  = `{"response_type":"ERROR","error_code":"160012","message":"Invalid Topic","data":null}`
)

var allFrames = []string{tickerDefault, tickerShort, tradeDefault, tradeShort, bookDefault, bookShort, chartDefault, chartShort,
	connected, subscribed, unsubscribed, pong, invalidType, invalidTopic}
