package upbit

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// state is where Upbit says that an order stands.
type state uint8

const (
	stateWait      state = 1 + iota // in the book, or about to be
	stateWatch                      // a reserved order, waiting for its price
	stateDone                       // executed whole
	stateCancel                     // ended with a rest
	stateTrade                      // of an event: one execution
	statePrevented                  // of an event: self-match prevention took something off
)

var stateNames = map[string]state{
	"wait": stateWait, "watch": stateWatch, "done": stateDone, "cancel": stateCancel, "trade": stateTrade, "prevented": statePrevented,
}

// final reports whether the order has ended.
func (s state) final() bool { return s == stateDone || s == stateCancel }

// form is how an order was asked for (ord_type).
type form uint8

const (
	formLimit  form = 1 + iota
	formAmount      // "price": buy at market for an amount of money
	formMarket      // "market": sell a quantity at market
	formBest        // at the best price of the other side
)

var formNames = map[string]form{"limit": formLimit, "price": formAmount, "market": formMarket, "best": formBest}

// condition is an order's time in force, as Upbit has it.
type condition uint8

const (
	conditionNone condition = iota
	conditionIOC
	conditionFOK
	conditionPostOnly
)

var conditionNames = map[string]condition{"ioc": conditionIOC, "fok": conditionFOK, "post_only": conditionPostOnly}

// order is an order as Upbit's REST answers state it.
type order struct {
	id         message.VenueOrderID
	client     message.ClientOrderID // empty: the order has none
	instrument market.Instrument
	side       market.Side
	form       form
	condition  condition
	state      state
	created    market.Timestamp
	price      market.Price    // of a limit order; of formAmount the amount of money
	volume     market.Quantity // zero: bought for an amount
	executed   market.Quantity
	prevented  market.Quantity  // taken off by self-match prevention
	paid       market.Amount    // fees so far, in the quote currency
	count      int64            // how many executions there were
	trades     []trade          // only from GET /v1/order
	hasTrades  bool             // there is a list of trades, be it empty
	asked      market.Timestamp // when the venue was asked, by its clock; zero: this is no answer to a question
}

// trade is one execution of an order as GET /v1/order lists it.
type trade struct {
	id     message.ExecID
	price  market.Price
	volume market.Quantity
	at     market.Timestamp
}

// decodeOrder reads one order: the answer to POST /v1/orders, and to GET and DELETE /v1/order. It
// fails with a *venue.DecodeError.
func decodeOrder(body []byte) (o order, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		o, err = readOrder(d)
		return err
	})
	if err != nil {
		return order{}, err
	}
	return o, nil
}

// decodeOrders reads a list of orders: GET /v1/orders/open, /closed and /uuids. It fails with a
// *venue.DecodeError.
func decodeOrders(body []byte) (orders []order, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		return readList(d, "orders", func() error {
			o, err := readOrder(d)
			orders = append(orders, o)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return orders, nil
}

// orderTokens is an order as it came.
type orderTokens struct {
	uuid, identifier, market, side, form, condition, state, created venue.Token
	price, volume, executed, prevented, paid, count                 venue.Token
}

func (t *orderTokens) field(key []byte) *venue.Token {
	switch string(key) {
	case "uuid":
		return &t.uuid
	case "identifier":
		return &t.identifier
	case "market":
		return &t.market
	case "side":
		return &t.side
	case "ord_type":
		return &t.form
	case "time_in_force":
		return &t.condition
	case "state":
		return &t.state
	case "created_at":
		return &t.created
	case "price":
		return &t.price
	case "volume":
		return &t.volume
	case "executed_volume":
		return &t.executed
	case "prevented_volume":
		return &t.prevented
	case "paid_fee":
		return &t.paid
	case "trades_count":
		return &t.count
	}
	return nil
}

func readOrder(d *scan.Decoder) (o order, err error) {
	var t orderTokens
	err = readObject(d, t.field, func(key []byte) (bool, error) {
		if string(key) != "trades" {
			return false, nil
		}
		if o.hasTrades {
			return false, venue.Refuse(venue.Schema, "trades", "stands twice")
		}
		o.hasTrades = true
		return true, readList(d, "trades", func() error {
			one, err := readTrade(d)
			o.trades = append(o.trades, one)
			return err
		})
	})
	if err != nil {
		return order{}, err
	}
	id, err := idOf(t.uuid, "uuid")
	if err != nil {
		return order{}, err
	}
	o.id, o.client = message.VenueOrderID(id), clientOrNone(t.identifier)
	if o.instrument, err = instrumentOf(t.market); err != nil {
		return order{}, err
	}
	switch string(t.side.Text) {
	case "bid":
		o.side = market.Buy
	case "ask":
		o.side = market.Sell
	default:
		return order{}, venue.Refuse(venue.Schema, "side", "%.20q is neither bid nor ask", t.side.Text)
	}
	if o.form, err = wordOf(formNames, t.form, "ord_type"); err != nil {
		return order{}, err
	}
	if t.condition.Present() {
		if o.condition, err = wordOf(conditionNames, t.condition, "time_in_force"); err != nil {
			return order{}, err
		}
	}
	if o.state, err = wordOf(stateNames, t.state, "state"); err != nil {
		return order{}, err
	}
	if o.state == stateTrade || o.state == statePrevented {
		return order{}, venue.Refuse(venue.Schema, "state", "%q is no state of an order but of an event", t.state.Text)
	}
	if o.created, err = timeOf(t.created, "created_at"); err != nil {
		return order{}, err
	}
	if t.price.Present() {
		if o.price, err = t.price.Price("price"); err != nil {
			return order{}, err
		}
	}
	if t.volume.Present() {
		if o.volume, err = t.volume.Quantity("volume"); err != nil {
			return order{}, err
		}
	}
	if o.executed, err = t.executed.Quantity("executed_volume"); err != nil {
		return order{}, err
	}
	if t.prevented.Present() {
		if o.prevented, err = t.prevented.Quantity("prevented_volume"); err != nil {
			return order{}, err
		}
	}
	if o.paid, err = amountOf(t.paid, "paid_fee"); err != nil {
		return order{}, err
	}
	if o.count, err = countOf(t.count, "trades_count"); err != nil {
		return order{}, err
	}
	return o, o.check()
}

// check refuses an order that contradicts itself.
func (o order) check() error {
	switch {
	case o.form == formLimit && (o.price.IsZero() || o.volume.IsZero()):
		return venue.Refuse(venue.Schema, "price", "a limit order of %v at %v", o.volume, o.price)
	case o.form == formMarket && o.volume.IsZero():
		return venue.Refuse(venue.Schema, "volume", "a market order of no volume")
	case !o.volume.IsZero() && o.volume.Less(o.executed.Decimal):
		return venue.Refuse(venue.Schema, "executed_volume", "%v of %v executed", o.executed, o.volume)
	}
	return nil
}

func readTrade(d *scan.Decoder) (one trade, err error) {
	var id, price, volume, created venue.Token
	err = readObject(d, func(key []byte) *venue.Token {
		switch string(key) {
		case "uuid":
			return &id
		case "price":
			return &price
		case "volume":
			return &volume
		case "created_at":
			return &created
		}
		return nil
	}, nil)
	if err != nil {
		return trade{}, err
	}
	exec, err := idOf(id, "trades.uuid")
	if err != nil {
		return trade{}, err
	}
	one.id = message.ExecID(exec)
	if one.price, err = price.Price("trades.price"); err != nil {
		return trade{}, err
	}
	if one.volume, err = volume.Quantity("trades.volume"); err != nil {
		return trade{}, err
	}
	if one.price.IsZero() || one.volume.IsZero() {
		return trade{}, venue.Refuse(venue.Schema, "trades", "an execution of %v at %v", one.volume, one.price)
	}
	one.at, err = timeOf(created, "trades.created_at")
	return one, err
}

// wordOf returns what a word of a closed list stands for. Upbit writes them in lower case in orders and
// in upper case nowhere; another word is a new feature of Upbit's that this adapter does not know.
func wordOf[T any](names map[string]T, t venue.Token, field string) (T, error) {
	v, ok := names[string(t.Text)]
	if !ok || !isText(t) {
		return v, venue.Refuse(venue.Schema, field, "%.40q is not known", t.Text)
	}
	return v, nil
}

// timeOf reads a moment as RFC 3339, which Upbit gives with the offset of Korea.
func timeOf(t venue.Token, field string) (market.Timestamp, error) {
	at, err := time.Parse(time.RFC3339Nano, string(t.Text))
	if err != nil || at.Year() < 2000 || at.Year() > 2200 {
		return 0, venue.Refuse(venue.Schema, field, "%.40q is no time as in RFC 3339", t.Text)
	}
	return market.TimestampOf(at), nil
}

// amountOf reads money, zero or more. Digits beyond the 18th decimal are cut.
func amountOf(t venue.Token, field string) (market.Amount, error) {
	d, err := t.Statistic(field)
	if err == nil && d.Sign() < 0 {
		err = venue.Refuse(venue.Number, field, "%v is below zero", d)
	}
	return market.Amount{Decimal: d}, err
}

// countOf reads how many there are of something.
func countOf(t venue.Token, field string) (int64, error) {
	n, err := t.Int(field)
	if err == nil && n < 0 {
		err = venue.Refuse(venue.Number, field, "%d is below zero", n)
	}
	return n, err
}
