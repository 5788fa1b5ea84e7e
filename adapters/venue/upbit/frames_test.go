package upbit

// Frames in the shapes of the manual (websocket-ticker, -trade, -orderbook, -candle), with values
// of our own; numbers in every spelling that was seen on the wire.
const (
	tickerDefault = `{"type":"ticker","code":"KRW-ETH","opening_price":2563000.0000,"high_price":2563000.0000,"low_price":2535000.0000,"trade_price":2544000.0000,"prev_closing_price":2563000.00000000,"acc_trade_price":10711749229.465390000000,"change":"FALL","change_price":19000.00000000,"signed_change_price":-19000.00000000,"change_rate":0.0074131877,"signed_change_rate":-0.0074131877,"ask_bid":"BID","trade_volume":0.48140949,"acc_trade_volume":4206.90085201,"trade_date":"20230702","trade_time":"094628","trade_timestamp":1700000000306,"acc_ask_volume":2500.15229731,"acc_bid_volume":1706.74855470,"highest_52_week_price":2795000.00000000,"highest_52_week_date":"2023-04-16","lowest_52_week_price":1345500.00000000,"lowest_52_week_date":"2022-07-13","market_state":"ACTIVE","is_trading_suspended":false,"delisting_date":null,"market_warning":"NONE","timestamp":1700000000337,"acc_trade_price_24h":21149832920.57972000,"acc_trade_volume_24h":8278.60582208,"stream_type":"REALTIME"}`
	tickerSimple  = `{"ty":"ticker","cd":"KRW-ETH","op":2563000,"hp":2.563E6,"lp":2535000,"tp":2544000,"pcp":2563000.00000000,"scp":-19000,"scr":-7.4131877E-3,"atv24h":8278.60582208,"tms":1700000000337,"dd":null,"st":"SNAPSHOT"}`
	tradeDefault  = `{"type":"trade","code":"KRW-BTC","timestamp":1700000000420,"trade_date":"2023-11-14","trade_time":"22:13:20","trade_timestamp":1700000000380,"trade_price":1.16539E8,"trade_volume":7.9276E-4,"ask_bid":"BID","prev_closing_price":115000000.00000000,"change":"RISE","change_price":1539000.00000000,"sequential_id":17000000003800001,"best_ask_price":116539000,"best_ask_size":0.39101775,"best_bid_price":116538000,"best_bid_size":0.13499454,"stream_type":"REALTIME"}`
	tradeSimple   = `{"ty":"trade","cd":"KRW-BTC","tms":1700000000420,"td":"2023-11-14","ttm":"22:13:20","ttms":1700000000380,"tp":116539000.0,"tv":0.00079276,"ab":"ASK","pcp":115000000.00000000,"c":"RISE","cp":1539000.00000000,"sid":17000000003800001,"st":"REALTIME"}`
	bookDefault   = `{"type":"orderbook","code":"KRW-BTC","timestamp":1700000000506,"total_ask_size":2.51469375,"total_bid_size":1.63815297,"orderbook_units":[{"ask_price":1.16539E8,"bid_price":1.16538E8,"ask_size":0.02054761,"bid_size":0.08120946},{"ask_price":1.16542E8,"bid_price":1.16537E8,"ask_size":0.00077720,"bid_size":0.01129382}],"stream_type":"SNAPSHOT","level":0}`
	bookSimple    = `{"ty":"orderbook","cd":"BTC-BERA","tms":1700000000506123,"tas":0.48514983,"tbs":2.2403413,"obu":[{"ap":0.00000689,"bp":0.00000680,"as":8.70827286,"bs":7.9276E-4},{"ap":0.00000690,"bp":0,"as":5.0E-4,"bs":0}],"st":"SNAPSHOT","lv":0}`
	candleDefault = `{"type":"candle.1m","code":"KRW-BTC","candle_date_time_utc":"2023-11-14T22:13:00","candle_date_time_kst":"2023-11-15T07:13:00","opening_price":142009000.00000000,"high_price":142010000.00000000,"low_price":142008000.00000000,"trade_price":142009500.00000000,"candle_acc_trade_volume":0.00606119,"candle_acc_trade_price":860743.5307100000000000123,"timestamp":1700000000824,"stream_type":"REALTIME"}`
	candleSimple  = `{"ty":"candle.1s","cd":"KRW-BTC","cdttmu":"2023-11-14T22:13:20","cdttmk":"2023-11-15T07:13:20","op":142009000,"hp":142009000,"lp":142009000,"tp":142009000,"catv":0.00606119,"catp":860743.53071,"tms":1700000000824,"st":"REALTIME"}`
	upFrame       = `{"status":"UP"}`
	errorFrame    = `{"error":{"name":"NO_TICKET","message":"티켓이 존재하지 않거나, 유효하지 않습니다."}}`
)

var allFrames = []string{tickerDefault, tickerSimple, tradeDefault, tradeSimple, bookDefault, bookSimple, candleDefault, candleSimple,
	upFrame, errorFrame, "[" + tradeSimple + "," + bookSimple + "]"}
