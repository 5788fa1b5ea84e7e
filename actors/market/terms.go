package market

import "fmt"

// Side says whether one buys or sells (FIX 54). The zero Side is unknown.
type Side uint8

const (
	Buy  Side = 1 // FIX 54=1
	Sell Side = 2 // FIX 54=2
)

// String returns buy, sell or "-".
func (s Side) String() string { return name(sideNames, s) }

// Opposite returns the other side; unknown stays unknown.
func (s Side) Opposite() Side {
	switch s {
	case Buy:
		return Sell
	case Sell:
		return Buy
	}
	return 0
}

// ParseSide reads what String prints.
func ParseSide(text string) (Side, error) { return parse[Side](sideNames, "side", text) }

var sideNames = []string{"-", "buy", "sell"}

// Channel is one kind of market data a venue offers. The zero Channel is none.
type Channel uint8

const (
	ChannelTicker Channel = 1 + iota // a day's or a rolling day's summary
	ChannelBBO                       // best bid and offer
	ChannelBook                      // order book
	ChannelTrade                     // trades
)

// String returns ticker, bbo, book, trade or "-".
func (c Channel) String() string { return name(channelNames, c) }

// ParseChannel reads what String prints.
func ParseChannel(text string) (Channel, error) { return parse[Channel](channelNames, "channel", text) }

var channelNames = []string{"-", "ticker", "bbo", "book", "trade"}

// OrderType says how an order meets the market (FIX 40). The zero OrderType is unknown.
type OrderType uint8

const (
	Market    OrderType = 1 // take what is there; FIX 40=1
	Limit     OrderType = 2 // at this price or better; FIX 40=2
	Stop      OrderType = 3 // a market order once the market trades at the stop price; FIX 40=3
	StopLimit OrderType = 4 // a limit order once the market trades at the stop price; FIX 40=4
)

// HasPrice reports whether orders of the type have a limit price.
func (t OrderType) HasPrice() bool { return t == Limit || t == StopLimit }

// HasStopPrice reports whether orders of the type have a stop price.
func (t OrderType) HasStopPrice() bool { return t == Stop || t == StopLimit }

// String returns market, limit, stop, stop_limit or "-".
func (t OrderType) String() string { return name(orderTypeNames, t) }

// ParseOrderType reads what String prints.
func ParseOrderType(text string) (OrderType, error) {
	return parse[OrderType](orderTypeNames, "order type", text)
}

var orderTypeNames = []string{"-", "market", "limit", "stop", "stop_limit"}

// TimeInForce says how long an order stays (FIX 59). The zero TimeInForce is unknown.
type TimeInForce uint8

const (
	GTC TimeInForce = 1 + iota // until canceled; FIX 59=1
	IOC                        // what fills at once, the rest is canceled; FIX 59=3
	FOK                        // all at once or nothing; FIX 59=4
	DAY                        // until the trading day ends, at midnight UTC where a venue never closes; FIX 59=0
	GTD                        // until a given time; FIX 59=6
)

// Rests reports whether what does not fill at once stays in the book.
func (t TimeInForce) Rests() bool { return t == GTC || t == DAY || t == GTD }

// String returns gtc, ioc, fok, day, gtd or "-".
func (t TimeInForce) String() string { return name(timeInForceNames, t) }

// ParseTimeInForce reads what String prints.
func ParseTimeInForce(text string) (TimeInForce, error) {
	return parse[TimeInForce](timeInForceNames, "time in force", text)
}

var timeInForceNames = []string{"-", "gtc", "ioc", "fok", "day", "gtd"}

// ExecInst is a set of instructions on how an order may be executed (FIX 18).
type ExecInst uint8

const (
	PostOnly   ExecInst = 1 << iota // never take liquidity: refused if it would; FIX 18=6
	ReduceOnly                      // never open or grow a position; FIX 18=E
)

// ExecInstAll holds every instruction there is.
const ExecInstAll = PostOnly | ReduceOnly

// Has reports whether all of other are in the set.
func (e ExecInst) Has(other ExecInst) bool { return e&other == other }

// String returns post_only, reduce_only, both joined by a |, or "-".
func (e ExecInst) String() string {
	switch e {
	case 0:
		return "-"
	case PostOnly:
		return "post_only"
	case ReduceOnly:
		return "reduce_only"
	case ExecInstAll:
		return "post_only|reduce_only"
	}
	return fmt.Sprintf("unknown(%d)", uint8(e))
}

// ParseExecInst reads what String prints; the empty set may also be empty text.
func ParseExecInst(text string) (ExecInst, error) {
	if text == "" {
		return 0, nil
	}
	for e := range ExecInstAll + 1 {
		if e.String() == text {
			return e, nil
		}
	}
	return 0, fmt.Errorf("market: instruction %.32q: want post_only, reduce_only or both joined by a |", text)
}

// name returns names[v], and says so when v lies outside.
func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("unknown(%d)", v)
}

// parse finds text in names[1:]; what says what kind of word was expected.
func parse[T ~uint8](names []string, what, text string) (T, error) {
	for i, n := range names[1:] {
		if n == text {
			return T(i + 1), nil
		}
	}
	return 0, fmt.Errorf("market: %s %.32q: want one of %q", what, text, names[1:])
}
