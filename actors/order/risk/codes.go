package risk

// Code is the kind of a denial: the first word of an event's reason, up to the colon, and the
// label of its metric.
type Code string

// Why an order is denied. The first group is about the account as a whole and comes from the
// gateway itself; those marked * leave no record, because they say nothing about the account or
// because there is no room for one: their event has Seq 0.
const (
	Account     Code = "account"     // * the intent is for another account
	Duplicate   Code = "duplicate"   // * its id stood for another order, or for one no longer remembered
	QueueFull   Code = "queue_full"  // * too much waits for the disk
	Journal     Code = "journal"     // * the journal failed
	Halted      Code = "halted"      // the account takes no orders
	Reconciling Code = "reconciling" // our books and the venue's have not been compared, or do not agree
	OpenOrders  Code = "open_orders" // too many open orders
	Exhausted   Code = "exhausted"   // the account has used up its order numbers
	Unsupported Code = "unsupported" // the venue takes no such orders
	Contingency Code = "contingency" // its parent or group is not known, or does not fit
	NotOpen     Code = "not_open"    // an amendment of an order that cannot be amended (any more)

	Instrument  Code = "unknown_instrument" // not listed
	Closed      Code = "session_closed"     // the instrument does not trade now
	Untrusted   Code = "untrusted"          // its data may be wrong, or none has come
	Stale       Code = "stale"              // its data is old
	Lot         Code = "lot"                // the quantity is not a multiple of the lot size
	Tick        Code = "tick"               // a price is not on the tick grid
	MinQuantity Code = "min_quantity"       // less than the venue takes
	MinNotional Code = "min_notional"       // worth less than the venue takes
	MaxNotional Code = "max_notional"       // worth more than the venue takes, or than an order may be
	NoPrice     Code = "no_price"           // there is no price to value it at
	Collar      Code = "collar"             // its price is too far from the market's
	Range       Code = "range"              // price times quantity is beyond a Decimal

	ReduceOnly    Code = "reduce_only"    // it would open or grow a position
	SelfTrade     Code = "self_trade"     // it would meet an order of our own
	Repeated      Code = "repeated"       // the same order again, too soon
	OrderRate     Code = "order_rate"     // too many orders in a short time
	CancelRate    Code = "cancel_rate"    // too many cancels in a short time
	Position      Code = "position"       // too much of one instrument
	GrossExposure Code = "gross_exposure" // too much in all
	NetExposure   Code = "net_exposure"   // too much on one side
	Balance       Code = "balance"        // the account cannot pay for it
	Valuation     Code = "valuation"      // a price or rate is missing, without which a limit cannot be checked
	DailyLoss     Code = "daily_loss"     // the account lost too much today
	Drawdown      Code = "drawdown"       // the account lost too much since it stood best
	Rejects       Code = "reject_storm"   // the venue refused too many orders in a short time; halts
	ClockSkew     Code = "clock_skew"     // our clock and the venue's differ too much; halts
)

// Codes returns every code, in the order above.
func Codes() []Code {
	return []Code{Account, Duplicate, QueueFull, Journal, Halted, Reconciling, OpenOrders, Exhausted, Unsupported, Contingency, NotOpen,
		Instrument, Closed, Untrusted, Stale, Lot, Tick, MinQuantity, MinNotional, MaxNotional, NoPrice, Collar, Range,
		ReduceOnly, SelfTrade, Repeated, OrderRate, CancelRate, Position, GrossExposure, NetExposure, Balance, Valuation,
		DailyLoss, Drawdown, Rejects, ClockSkew}
}
