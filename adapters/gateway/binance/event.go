package binance

import (
	"strconv"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// subscribe returns the frame that asks for the account's events on this connection (web-socket-api.md,
// Subscribe to User Data Stream through signature subscription). Listen keys, by which it was done
// until 2026, are answered with 410.
func subscribe(id int, apiKey string, stamp params, s signer) []byte {
	p := append(params{{"apiKey", apiKey}}, stamp...)
	signature := s.sign(p.socketPayload())
	b := append([]byte(`{"id":`), strconv.Itoa(id)...)
	b = append(b, `,"method":"userDataStream.subscribe.signature","params":{`...)
	for _, q := range p.with("signature", signature) {
		b = appendText(b, q.name)
		b = append(b, ':')
		if q.name == "timestamp" || q.name == "recvWindow" { // numbers that we made
			b = append(b, q.value...)
		} else {
			b = appendText(b, q.value)
		}
		b = append(b, ',')
	}
	return append(b[:len(b)-1], "}}"...)
}

// appendText appends a JSON string. What has to be escaped does not occur in keys and signatures, and
// is left out, so that a key with it in it is refused by the venue and nothing else goes wrong.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	for _, c := range []byte(text) {
		if c >= ' ' && c != '"' && c != '\\' && c < 0x7f {
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// frame is what a frame of the WebSocket API says: exactly one of its parts, or none that matters.
type frame struct {
	reply  *reply
	event  string // the event's type; empty: the frame is a reply
	at     market.Timestamp
	report *event    // of executionReport
	sums   []balance // of outboundAccountPosition
	asset  string    // of balanceUpdate and externalLockUpdate
}

// reply is the answer to a request on the socket.
type reply struct {
	id     string
	status int64
	fault  *fault
}

// event is an executionReport: how an order stands, and what just happened to it.
type event struct {
	order
	execution string // NEW, CANCELED, REPLACED, REJECTED, TRADE, EXPIRED, TRADE_PREVENTION
	rejection string // NONE or why
	prevented market.Quantity
	last      trade
}

// decodeFrame reads one frame. It fails with a *venue.DecodeError.
func decodeFrame(data []byte) (out frame, err error) {
	f := object{names: []string{"id", "status"}}
	hasEvent, hasResult := false, false
	var failed *fault
	if err := venue.CheckFrame(data); err != nil {
		return frame{}, decodeError(err)
	}
	err = decode(data, func(d *scan.Decoder) error {
		return f.read(d, func(key []byte) (bool, error) {
			switch string(key) {
			case "event":
				if hasEvent {
					return true, venue.Refuse(venue.Schema, "event", "given twice")
				}
				hasEvent = true
				return true, out.readEvent(d)
			case "result":
				hasResult = true
				return true, d.Skip()
			case "error":
				e := object{names: []string{"code", "msg"}}
				if err := e.read(d, nil); err != nil {
					return true, err
				}
				fault, err := faultOf(e, 0)
				failed = &fault
				return true, err
			}
			return false, nil
		})
	})
	if err != nil {
		return frame{}, err
	}
	if hasEvent {
		return out, nil
	}
	if !f.get("status").Present() || hasResult == (failed != nil) {
		return frame{}, decodeError(venue.Refuse(venue.Schema, "", "neither an event nor an answer to a request"))
	}
	out.reply = &reply{id: venue.Word(f.get("id")), fault: failed}
	if out.reply.status, err = f.get("status").Int("status"); err != nil {
		return frame{}, decodeError(err)
	}
	if failed != nil {
		failed.status = int(out.reply.status)
	} else if out.reply.status != 200 {
		return frame{}, decodeError(venue.Refuse(venue.Schema, "status", "%d and no error", out.reply.status))
	}
	return out, nil
}

// eventFields are the fields of all events (user-data-stream.md); what they mean depends on e. B is left
// to readEvent: it is a list of balances in one event, and a quantity in another.
var eventFields = []string{"e", "E", "u", "a", "s", "c", "S", "o", "f", "q", "p", "P", "C", "x", "X", "r", "i", "l", "z",
	"L", "n", "N", "T", "t", "m", "eR"}

// readEvent reads the object of an event.
func (out *frame) readEvent(d *scan.Decoder) (err error) {
	f := object{names: eventFields}
	var sums []balance
	hasSums := false
	var prevented venue.Token
	err = f.read(d, func(key []byte) (bool, error) {
		if string(key) != "B" {
			return false, nil
		}
		if d.Next() != scan.Array {
			prevented, err = venue.ReadToken(d)
			return true, err
		}
		if hasSums {
			return true, venue.Refuse(venue.Schema, "B", "given twice")
		}
		hasSums = true
		sums, err = readBalances(d, "a", "f", "l")
		return true, err
	})
	if err != nil {
		return err
	}
	if out.event, err = f.word("e", true); err != nil {
		return err
	}
	if out.at, err = f.get("E").TimeOrNone("E"); err != nil {
		return err
	}
	switch out.event {
	case "executionReport":
		out.report, err = readReport(&f, prevented)
	case "outboundAccountPosition":
		if !hasSums {
			return venue.Refuse(venue.Schema, "B", "missing")
		}
		out.sums = sums
		if u, err := f.get("u").TimeOrNone("u"); err != nil {
			return err
		} else if u != 0 {
			out.at = u
		}
	case "balanceUpdate", "externalLockUpdate":
		out.asset, err = f.word("a", true)
	}
	return err
}

// executions are the execution types (enums.md, Execution types).
var executions = map[string]bool{"NEW": true, "CANCELED": true, "REPLACED": true, "REJECTED": true, "TRADE": true,
	"EXPIRED": true, "TRADE_PREVENTION": true}

func readReport(f *object, prevented venue.Token) (*event, error) {
	e := &event{}
	var err error
	text := func(name string, must bool) (s string) {
		if err == nil {
			s, err = f.word(name, must)
		}
		return s
	}
	e.symbol = text("s", true)
	e.execution, e.status = text("x", true), text("X", true)
	e.rejection, e.expiry = text("r", false), text("eR", false)
	// Of a cancel and an amendment c is a new id and C the one that the order had.
	client := text("C", false)
	if client == "" {
		client = text("c", true)
	}
	e.client = message.ClientOrderID(client)
	t := terms{side: text("S", true), kind: text("o", true), tif: text("f", true)}
	if err != nil {
		return nil, err
	}
	if !executions[e.execution] {
		return nil, venue.Refuse(venue.Unsupported, "x", "%.64q", e.execution)
	}
	if _, known := statuses[e.status]; !known {
		return nil, venue.Refuse(venue.Unsupported, "X", "%.64q", e.status)
	}
	if e.id, err = f.get("i").Int("i"); err != nil {
		return nil, err
	}
	if e.at, err = f.get("T").Time("T"); err != nil {
		return nil, err
	}
	if t.price, err = f.price("p", true); err != nil {
		return nil, err
	}
	if t.stop, err = f.price("P", true); err != nil {
		return nil, err
	}
	if t.quantity, err = f.quantity("q"); err != nil {
		return nil, err
	}
	if e.terms, e.note, err = t.order(); err != nil {
		return nil, err
	}
	if e.executed, err = f.quantity("z"); err != nil {
		return nil, err
	}
	if prevented.Present() {
		if e.prevented, err = prevented.Quantity("B"); err != nil {
			return nil, err
		}
	}
	if e.execution == "TRADE" {
		e.last, err = readLast(f, e)
	}
	return e, err
}

// readLast reads the execution of a TRADE.
func readLast(f *object, e *event) (t trade, err error) {
	t.symbol, t.orderID, t.at = e.symbol, e.id, e.at
	if t.id, err = f.get("t").Int("t"); err != nil {
		return trade{}, err
	}
	if t.price, err = f.price("L", true); err != nil {
		return trade{}, err
	}
	if t.quantity, err = f.quantity("l"); err != nil {
		return trade{}, err
	}
	if t.fee, err = f.amount("n"); err != nil {
		return trade{}, err
	}
	if t.currency, err = f.word("N", t.fee.Sign() != 0); err != nil {
		return trade{}, err
	}
	if t.maker, err = f.truth("m"); err != nil {
		return trade{}, err
	}
	return t, t.check("l")
}

// reports returns what the event says.
func (e *event) reports(i market.Instrument) []message.ExecutionReportFields {
	r := e.base(i)
	switch e.execution {
	case "TRADE":
		r = e.last.report(e.order, i)
		r.CumQuantity = e.executed
	case "CANCELED":
		r.Action = message.ActionCancel
	case "REPLACED":
		if e.open() {
			r.Action = message.ActionAmend
			break
		}
		amended := r
		amended.Action = message.ActionAmend
		return []message.ExecutionReportFields{amended, e.state(i)}
	case "REJECTED":
		r.Action, r.Reason = message.ActionReject, e.rejection
	case "EXPIRED":
		r.Action, r.Reason = message.ActionExpire, e.status
		if e.expiry != "" {
			r.Reason += ": " + e.expiry
		}
	case "TRADE_PREVENTION":
		// An order that would have traded with another of the account: expired, or made smaller by
		// what it would have traded.
		r = e.state(i)
		if e.prevented.Sign() > 0 {
			r.Reason = joined(r.Reason, "prevented from trading with itself: "+e.prevented.String())
		}
	default: // NEW
		r = e.state(i)
		if r.Action == message.ActionReject {
			r.Reason = e.rejection
		}
	}
	return []message.ExecutionReportFields{r}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
