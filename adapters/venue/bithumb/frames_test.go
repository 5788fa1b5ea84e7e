package bithumb

// Frames in the shapes of the manuals (v2.1.5: ticker, trade, orderbook; v1.2.0), with values of our
// own; numbers in every spelling that was seen on the wire.
const (
	tickerDefault = `{"type":"ticker","code":"KRW-BTC","opening_price":115640000,"high_price":1.1647E8,"low_price":115570000.0,"trade_price":116380000,"prev_closing_price":115640000,"change":"RISE","change_price":740000,"signed_change_price":740000,"change_rate":0.0064,"signed_change_rate":0.0064,"trade_volume":0.0031,"acc_trade_volume":225.622,"acc_trade_volume_24h":1338.61541751,"acc_trade_price":108663718238.256,"acc_trade_price_24h":155786962040.346009123456789,"trade_date":"20260923","trade_time":"121833","trade_timestamp":1790133513858,"ask_bid":"BID","acc_ask_volume":106.7561,"acc_bid_volume":118.8659,"highest_52_week_price":178200000,"highest_52_week_date":"2026-01-18","lowest_52_week_price":1000,"lowest_52_week_date":"2026-06-18","market_state":"ACTIVE","is_trading_suspended":false,"delisting_date":"","market_warning":"NONE","timestamp":1790133514044,"stream_type":"REALTIME"}`
	tickerSimple  = `{"ty":"ticker","cd":"KRW-BTC","op":115640000,"hp":116470000,"lp":115570000,"tp":116380000,"pcp":115640000,"c":"RISE","cp":740000,"scp":740000,"cr":0.0064,"scr":6.4E-3,"tv":0.0031,"atv24h":1338.61541751,"dd":null,"tms":1790133514044,"st":"SNAPSHOT"}`
	tradeDefault  = `{"type":"trade","code":"KRW-BTC","trade_price":116208000,"trade_volume":0.0009,"ask_bid":"BID","trade_date":"2026-09-23","trade_time":"12:18:33","trade_timestamp":1790133513739,"sequential_id":1079953210371761701,"timestamp":1790133514039,"stream_type":"REALTIME"}`
	tradeSimple   = `{"ty":"trade","cd":"KRW-BTC","tp":116208000,"tv":0,"ab":"ASK","td":"2026-09-23","ttm":"12:18:33","ttms":1790133513739,"sid":1079953210371761701,"tms":1790133514039,"st":"REALTIME"}`
	bookDefault   = `{"type":"orderbook","code":"KRW-BTC","total_ask_size":0.7111,"total_bid_size":7.1052,"orderbook_units":[{"ask_price":116208000,"bid_price":116204000,"ask_size":0.3313,"bid_size":0.0037},{"ask_price":116215000,"bid_price":116201000,"ask_size":0,"bid_size":0.0004},{"ask_price":0,"bid_price":116200000,"ask_size":0,"bid_size":2}],"level":1,"timestamp":1790133505564033,"stream_type":"SNAPSHOT"}`
	bookSimple    = `{"ty":"orderbook","cd":"BTC-ETH","tas":0.1823,"tbs":6.9593,"obu":[{"ap":0.03196,"bp":3.195E-2,"as":0.0892,"bs":0.0084}],"lv":1,"tms":1790133505627050,"st":"REALTIME"}`
	upFrame       = `{"status":"UP"}`
	errorFrame    = `{"error":{"name":"INVALID_PARAM","message":"codes 필드가 비어 있습니다."}}`

	oldTicker24H   = `{"type":"ticker","content":{"tickType":"24H","date":"20210811","time":"132017","openPrice":"33400","closePrice":"34010","lowPrice":"32660","highPrice":"34510","value":"45741663716.89916828275244531","volume":"1359398.496892086826189907","sellVolume":"198021.23","buyVolume":"1161377.25","prevClosePrice":"33530","chgRate":"1.83","chgAmt":"610","volumePower":"500","symbol":"UNI_KRW"}}`
	oldTickerMID   = `{"content":{"symbol":"UNI_KRW","tickType":"MID","date":"20210811","time":"000017","openPrice":"33400","closePrice":"33000","lowPrice":"32660","highPrice":"34510","volume":"12.5","prevClosePrice":"33200","chgRate":"-1.2","chgAmt":"-400","volumePower":null},"type":"ticker"}`
	oldTicker30M   = `{"type":"ticker","content":{"symbol":"UNI_KRW","tickType":"30M","date":"20210811","time":"132017","openPrice":"33900","closePrice":"33530","lowPrice":"33500","highPrice":"34000","volume":"5","prevClosePrice":"33530","chgRate":"-1.09","chgAmt":"-370"}}`
	oldTrades      = `{"type":"transaction","content":{"list":[{"buySellGb":"1","contPrice":"1166","contQty":"125.2400","contAmt":"146029.8400","contDtm":"2021-08-13 15:23:42.911273","updn":"dn","symbol":"DAI_KRW"},{"buySellGb":"2","contPrice":"1167","contQty":"0.0000","contAmt":"0","contDtm":"2021-08-13 15:23:43","updn":"up","symbol":"DAI_KRW"}]}}`
	oldDepth       = `{"type":"orderbookdepth","content":{"list":[{"symbol":"XLM_KRW","orderType":"ask","price":"403.3","quantity":"4000","total":"1"},{"symbol":"XLM_KRW","orderType":"ask","price":"401.2","quantity":"0","total":"0"},{"symbol":"XLM_KRW","orderType":"bid","price":"399.5","quantity":"0","total":"0"},{"symbol":"XLM_KRW","orderType":"bid","price":"399.8","quantity":"31416.8779","total":"1"}],"datetime":"1628835823604483"}}`
	oldDepthMixed  = `{"type":"orderbookdepth","content":{"datetime":1628835823604483,"list":[{"symbol":"BTC_KRW","orderType":"ask","price":"10","quantity":"1"},{"symbol":"ETH_BTC","orderType":"bid","price":"2","quantity":"0"},{"symbol":"BTC_KRW","orderType":"ask","price":"10","quantity":"0"}]}}`
	oldSnapshot    = `{"type":"orderbooksnapshot","content":{"symbol":"BTC_KRW","datetime":"1790133914965948","asks":[["116510000","0.0051"],["116501000","0.0163"]],"bids":[["116500000","0.7074"],["116475000","0"]]}}`
	oldConnected   = `{"status":"0000","resmsg":"Connected Successfully"}`
	oldFilterError = `{"resmsg":"Invalid Filter Syntax","status":"5100"}`
)

var allFrames = []string{tickerDefault, tickerSimple, tradeDefault, tradeSimple, bookDefault, bookSimple, upFrame, errorFrame,
	oldTicker24H, oldTickerMID, oldTicker30M, oldTrades, oldDepth, oldDepthMixed, oldSnapshot, oldConnected, oldFilterError,
	"[" + tradeSimple + "," + oldTrades + "," + oldSnapshot + "]"}
