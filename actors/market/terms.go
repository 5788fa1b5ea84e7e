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
	Market OrderType = 1 // take what is there; FIX 40=1
	Limit  OrderType = 2 // at this price or better; FIX 40=2
)

// String returns market, limit or "-".
func (t OrderType) String() string { return name(orderTypeNames, t) }

// ParseOrderType reads what String prints.
func ParseOrderType(text string) (OrderType, error) {
	return parse[OrderType](orderTypeNames, "order type", text)
}

var orderTypeNames = []string{"-", "market", "limit"}

// TimeInForce says how long an order stays (FIX 59). The zero TimeInForce is unknown.
type TimeInForce uint8

const (
	GTC TimeInForce = 1 + iota // until canceled; FIX 59=1
	IOC                        // what fills at once, the rest is canceled; FIX 59=3
	FOK                        // all at once or nothing; FIX 59=4
)

// String returns gtc, ioc, fok or "-".
func (t TimeInForce) String() string { return name(timeInForceNames, t) }

// ParseTimeInForce reads what String prints.
func ParseTimeInForce(text string) (TimeInForce, error) {
	return parse[TimeInForce](timeInForceNames, "time in force", text)
}

var timeInForceNames = []string{"-", "gtc", "ioc", "fok"}

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
