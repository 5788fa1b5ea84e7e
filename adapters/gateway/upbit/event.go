package upbit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// event is one thing that the private stream says; exactly one of its parts is there.
type event struct {
	order  *orderEvent
	assets *assetEvent
	status string   // "UP": the answer to PING
	fault  *failure // of a request of ours, or of our authorization
}

// orderEvent is a change of one order (myOrder).
type orderEvent struct {
	id         message.VenueOrderID
	client     message.ClientOrderID
	instrument market.Instrument
	side       market.Side
	form       form
	condition  condition
	state      state
	exec       message.ExecID  // of an execution
	price      market.Price    // the order's; of an execution its own
	volume     market.Quantity // the order's; of an execution its own
	executed   market.Quantity // of the order in all
	count      int64           // executions of the order in all
	fee        market.Amount   // of an execution
	maker      bool            // of an execution
	prevented  market.Quantity
	at         market.Timestamp
}

// assetEvent is a change of balances (myAsset). Only what changed is there.
type assetEvent struct {
	balances []balance
	at       market.Timestamp
}

// decodeEvents reads a frame of the private stream, in format DEFAULT, SIMPLE, JSON_LIST or
// SIMPLE_LIST. A frame is read whole or not at all; it fails with a *venue.DecodeError. What is of
// another type than was asked for is left out.
func decodeEvents(frame []byte) (events []event, err error) {
	err = decode(frame, func(d *scan.Decoder) error {
		one := func() error {
			e, known, err := readEvent(d)
			if known {
				events = append(events, e)
			}
			return err
		}
		if d.Next() == scan.Array {
			return readList(d, "events", one)
		}
		return one()
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// eventTokens is an event as it came, under the long names.
type eventTokens struct {
	kind, code, uuid, side, form, state, exec, price, volume, executed, count venue.Token
	fee, maker, identifier, condition, prevented                              venue.Token
	tradeTime, time, assetTime, status                                        venue.Token
}

func (t *eventTokens) field(key []byte) *venue.Token {
	switch string(key) {
	case "type", "ty":
		return &t.kind
	case "code", "cd":
		return &t.code
	case "uuid", "uid":
		return &t.uuid
	case "ask_bid", "ab":
		return &t.side
	case "order_type", "ot":
		return &t.form
	case "state", "s":
		return &t.state
	case "trade_uuid", "tuid":
		return &t.exec
	case "price", "p":
		return &t.price
	case "volume", "v":
		return &t.volume
	case "executed_volume", "ev":
		return &t.executed
	case "trades_count", "tc":
		return &t.count
	case "trade_fee", "tf":
		return &t.fee
	case "is_maker", "im":
		return &t.maker
	case "identifier", "id":
		return &t.identifier
	case "time_in_force", "tif":
		return &t.condition
	case "prevented_volume", "pv":
		return &t.prevented
	case "trade_timestamp", "ttms":
		return &t.tradeTime
	case "asset_timestamp", "asttms":
		return &t.assetTime
	case "timestamp", "tms":
		return &t.time
	case "status":
		return &t.status
	}
	return nil
}

func readEvent(d *scan.Decoder) (e event, known bool, err error) {
	var t eventTokens
	var balances []balance
	assets := false
	err = readObject(d, t.field, func(key []byte) (bool, error) {
		switch string(key) {
		case "assets", "ast":
			if assets {
				return false, venue.Refuse(venue.Schema, "assets", "stands twice")
			}
			assets = true
			return true, readList(d, "assets", func() error {
				b, err := readBalance(d, "currency", "balance", "locked")
				balances = append(balances, b)
				return err
			})
		case "error":
			f, err := readFailure(d)
			e.fault = &f
			return true, err
		}
		return false, nil
	})
	if err != nil {
		return event{}, false, err
	}
	switch kind := string(t.kind.Text); {
	case e.fault != nil:
		return e, true, nil
	case t.status.Present() && !t.kind.Present():
		return event{status: venue.Word(t.status)}, true, nil
	case kind == "myOrder":
		e.order, err = t.orderEvent()
	case kind == "myAsset":
		if !assets {
			return event{}, false, venue.Refuse(venue.Schema, "assets", "missing")
		}
		e.assets = &assetEvent{balances: balances}
		e.assets.at, err = t.assetTime.Time("asset_timestamp")
	case !t.kind.Present():
		return event{}, false, venue.Refuse(venue.Schema, "type", "missing")
	default: // an announcement, or what Upbit will think of next
		return event{}, false, nil
	}
	return e, err == nil, err
}

// orderEvent returns the change of an order that t states.
func (t *eventTokens) orderEvent() (*orderEvent, error) {
	id, err := idOf(t.uuid, "uuid")
	if err != nil {
		return nil, err
	}
	e := &orderEvent{id: message.VenueOrderID(id), client: clientOrNone(t.identifier)}
	if e.instrument, err = instrumentOf(t.code); err != nil {
		return nil, err
	}
	switch string(t.side.Text) {
	case "BID":
		e.side = market.Buy
	case "ASK":
		e.side = market.Sell
	default:
		return nil, venue.Refuse(venue.Schema, "ask_bid", "%.20q is neither BID nor ASK", t.side.Text)
	}
	if e.form, err = wordOf(formNames, t.form, "order_type"); err != nil {
		return nil, err
	}
	if e.state, err = wordOf(stateNames, t.state, "state"); err != nil {
		return nil, err
	}
	if t.condition.Present() {
		if e.condition, err = wordOf(conditionNames, t.condition, "time_in_force"); err != nil {
			return nil, err
		}
	}
	if t.price.Present() {
		if e.price.Decimal, err = doubleOf(t.price, "price"); err != nil {
			return nil, err
		}
	}
	if t.volume.Present() {
		if e.volume.Decimal, err = doubleOf(t.volume, "volume"); err != nil {
			return nil, err
		}
	}
	if e.executed.Decimal, err = doubleOf(t.executed, "executed_volume"); err != nil {
		return nil, err
	}
	if t.prevented.Present() {
		if e.prevented.Decimal, err = doubleOf(t.prevented, "prevented_volume"); err != nil {
			return nil, err
		}
	}
	if e.count, err = countOf(t.count, "trades_count"); err != nil {
		return nil, err
	}
	if e.state != stateTrade {
		e.at, err = t.time.Time("timestamp")
		return e, err
	}
	exec, err := idOf(t.exec, "trade_uuid")
	if err != nil {
		return nil, err
	}
	e.exec, e.maker = message.ExecID(exec), t.maker.IsTrue()
	if e.fee, err = amountOf(t.fee, "trade_fee"); err != nil {
		return nil, err
	}
	if e.price.IsZero() || e.volume.IsZero() {
		return nil, venue.Refuse(venue.Schema, "price", "an execution of %v at %v", e.volume, e.price)
	}
	e.at, err = t.tradeTime.Time("trade_timestamp")
	return e, err
}

// doubleOf reads a number of the stream, zero or more. Being a double it may be printed with more than 18
// decimals (1.2000000000000001E-4), which are cut: exact then does not take it for the true one.
func doubleOf(t venue.Token, field string) (market.Decimal, error) {
	a, err := amountOf(t, field)
	return a.Decimal, err
}
