package kraken

// Frames in the shapes of the manual, with values of our own. The checksums were computed by a
// program that shares nothing with this one. Together, book2Snapshot and book2Update make a book
// of depth 10 out of which one ask falls; book1Snapshot and book1Update make one of version 1.
const (
	ticker2Frame  = `{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":36500.0,"bid_qty":0.00100000,"ask":36500.1,"ask_qty":0.20000000,"last":36500.1,"volume":2500.12345678,"vwap":36621.1,"low":36100.0,"high":37000.0,"change":-131.4,"change_pct":-0.36,"timestamp":"2023-11-14T22:13:20.300123Z"}]}`
	trade2Frame   = `{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":36500.1,"qty":0.00250000,"ord_type":"market","trade_id":4815162342,"timestamp":"2023-11-14T22:13:20.123456Z"},{"symbol":"BTC/USD","side":"buy","price":36500.2,"qty":1E-8,"ord_type":"limit","trade_id":4815162343,"timestamp":"2023-11-14T22:13:20.123456789Z"}]}`
	book2Snapshot = `{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":36500.0,"qty":0.00100000},{"price":36499.5,"qty":12.00000000}],"asks":[{"price":36500.1,"qty":0.20000000},{"price":36500.2,"qty":0.30000000},{"price":36500.3,"qty":0.40000000},{"price":36500.4,"qty":0.50000000},{"price":36500.5,"qty":0.60000000},{"price":36500.6,"qty":0.70000000},{"price":36500.7,"qty":0.80000000},{"price":36500.8,"qty":0.90000000},{"price":36501.0,"qty":1.00000000},{"price":36502.0,"qty":2.50000000}],"checksum":1673817357}]}`
	book2Update   = `{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":36500.0,"qty":0.00000000}],"asks":[{"price":36500.5,"qty":0.00000001},{"price":36500.0,"qty":1.00000000},{"price":36500.0,"qty":3.00000000}],"checksum":4086578826,"timestamp":"2023-11-14T22:13:20.500123Z"}]}`
	candle2Frame  = `{"channel":"ohlc","type":"snapshot","timestamp":"2023-11-14T22:15:01.806315597Z","data":[{"symbol":"BTC/USD","open":36500.0,"high":36520.0,"low":36490.0,"close":36510.0,"trades":101,"volume":10.50000000,"vwap":36505.1,"interval_begin":"2023-11-14T22:10:00.000000000Z","interval":5,"timestamp":"2023-11-14T22:15:00.000000Z"}]}`
	status2Frame  = `{"channel":"status","data":[{"api_version":"v2","connection_id":13834774380200032777,"system":"online","version":"2.0.0"}],"type":"update"}`
	beat2Frame    = `{"channel":"heartbeat"}`
	pong2Frame    = `{"method":"pong","req_id":42,"time_in":"2023-11-14T22:13:20.123456Z","time_out":"2023-11-14T22:13:20.123500Z"}`
	ack2Frame     = `{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD","warnings":["deprecated"]},"success":true,"time_in":"2023-11-14T22:13:20.219022Z","time_out":"2023-11-14T22:13:20.219067Z","req_id":3}`
	error2Frame   = `{"error":"Currency pair not supported XYZ/USD","method":"subscribe","success":false,"symbol":"XYZ/USD","time_in":"2023-11-14T22:13:20.219022Z","time_out":"2023-11-14T22:13:20.219067Z","req_id":1}`
	broken2Frame  = `{"error":"Malformed request","success":false,"time_in":"2023-11-14T22:13:20.219022Z","time_out":"2023-11-14T22:13:20.219067Z"}`

	ticker1Frame  = `[340,{"a":["36500.10000",12,"12.41074632"],"b":["36500.00000",0,"0.08410000"],"c":["36500.10000","0.10146338"],"v":["735.06931643","5243.60824494"],"p":["36612.62518","36672.79057"],"t":[6120,30832],"l":["36181.10000","36100.00000"],"h":["36785.80000","37000.00000"],"o":["36390.00000","29200.08000"]},"ticker","XBT/USD"]`
	trade1Frame   = `[321,[["36500.10000","0.00250000","1700000000.123456","s","m",""],["36500.20000","0.00000001","1700000000.123457","b","l",""]],"trade","XBT/USD"]`
	book1Snapshot = `[320,{"as":[["58729.40000","0.45000000","1700000000.606671"],["58729.50000","1.49480000","1700000000.681845"]],"bs":[["58724.80000","0.30000000","1700000000.590142"]]},"book-10","XBT/USD"]`
	book1Update   = `[320,{"a":[["58729.45000","2.00000000","1700000001.000002"],["58729.50000","0.00000000","1700000001.000001"]]},{"b":[["58720.00000","0.01000000","1699999990.000000","r"],["58724.80000","0.36000000","1700000000.690142"]],"c":"1235093665"},"book-10","XBT/USD"]`
	candle1Frame  = `[343,["1700000012.967902","1700000040.000000","36500.00000","36520.00000","36490.00000","36510.00000","36505.10000","10.50000000",101],"ohlc-1","XBT/USD"]`
	spread1Frame  = `[322,["36500.00000","36500.10000","1700000000.545897","1.01234567","0.98765432"],"spread","XDG/XBT"]`
	status1Frame  = `{"connectionID":17413893361151983591,"event":"systemStatus","status":"online","version":"1.9.6"}`
	beat1Frame    = `{"event":"heartbeat"}`
	pong1Frame    = `{"event":"pong","reqid":42}`
	ack1Frame     = `{"channelID":320,"channelName":"book-10","event":"subscriptionStatus","pair":"XBT/USD","status":"subscribed","subscription":{"depth":10,"name":"book"}}`
	error1Frame   = `{"errorMessage":"Subscription depth not supported","event":"subscriptionStatus","pair":"XBT/USD","status":"error","subscription":{"depth":42,"name":"book"}}`
	broken1Frame  = `{"errorMessage":"EGeneral:Invalid arguments","event":"error"}`
)

// loneFrames decode to the same whatever was decoded before them.
var loneFrames = []string{ticker2Frame, trade2Frame, book2Snapshot, candle2Frame, status2Frame, beat2Frame, pong2Frame, ack2Frame, error2Frame,
	broken2Frame, ticker1Frame, trade1Frame, book1Snapshot, candle1Frame, spread1Frame, status1Frame, beat1Frame, pong1Frame, ack1Frame,
	error1Frame, broken1Frame}

var allFrames = append([]string{book2Update, book1Update}, loneFrames...)
