package bybit

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

func (p *Protocol) notice(kind message.NoticeType, received market.Timestamp) message.NoticeFields {
	return message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue, Type: kind}
}

// answer appends the message of a frame without topic: an answer to a request.
func (p *Protocol) answer(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	h := &p.head
	f := p.notice(message.NoticeAck, received)
	op := string(h.op.Text)
	switch {
	case h.hasRequest:
		return nil, venue.Refuse(venue.Unsupported, "request", "an answer of the retired version 2 of the protocol, which repeats the request")
	case h.oldCode.Present():
		return nil, venue.Refuse(venue.Unsupported, "ret_code", "an answer of the retired version 2 of the protocol")
	case op == "pong", op == "ping" && (h.success.Present() || string(h.msg.Text) == "pong"), string(h.msg.Text) == "pong":
		f.Type, f.Detail = message.NoticeHeartbeat, "pong"
	case strings.HasPrefix(op, "order."):
		return nil, venue.Refuse(venue.Unsupported, "op", "%.64q: an answer about orders", op)
	case h.retCode.Present(): // REST, logins, and gateways that refuse before the protocol is spoken
		f.Code, f.Detail = venue.Word(h.retCode), joined(op, venue.Words(h.reason))
		if f.Code != "0" {
			f.Type = message.NoticeError
		} else if op == "" {
			return nil, venue.Refuse(venue.Schema, "topic", "missing, as in the answer to a REST request")
		}
	case h.success.Kind == scan.Bool:
		f.Detail = joined(op, venue.Words(h.msg))
		failed, err := p.failedTopics()
		if err != nil {
			return nil, err
		}
		if !h.success.IsTrue() || failed != "" {
			f.Type, f.Detail = message.NoticeError, joined(f.Detail, failed)
		}
	case op != "":
		return nil, venue.Refuse(venue.Unsupported, "op", "%.64q: a request, no answer", op)
	default:
		return nil, venue.Refuse(venue.Schema, "topic", "missing, and no answer to a request")
	}
	e, err := venue.Made(message.NewNotice(f))
	return append(dst, e), err
}

// joined puts two words together, of which one may be empty or repeat the other.
func joined(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return a + ": " + b
}

// failedTopics returns the topics that an answer about options refuses, up to three of them. That
// answer has data, with a list of those that failed and one of the others.
func (p *Protocol) failedTopics() (string, error) {
	if !p.head.dataWasEarly {
		return "", nil
	}
	d := &p.later
	d.ResetBytes(p.head.data)
	if d.Next() != scan.Object {
		return "", nil
	}
	object, err := d.ObjIter()
	if err != nil {
		return "", err
	}
	var failed []string
	for object.Next() {
		if string(object.Key()) != "failTopics" || d.Next() != scan.Array {
			if err := d.Skip(); err != nil {
				return "", err
			}
			continue
		}
		list, err := d.ArrIter()
		if err != nil {
			return "", err
		}
		for list.Next() {
			t, err := venue.ReadToken(d)
			if err != nil {
				return "", err
			}
			const most = 3
			if len(failed) < most {
				failed = append(failed, venue.Word(t))
			}
		}
		if err := list.Err(); err != nil {
			return "", err
		}
	}
	return strings.Join(failed, ", "), object.Err()
}

// status makes the message of a maintenance, planned, under way or over (system-status).
func (p *Protocol) status(received market.Timestamp) (message.Event, error) {
	f := p.notice(message.NoticeStatus, received)
	if !p.f.state.Present() {
		return nil, venue.Refuse(venue.Schema, "state", "missing")
	}
	f.Code, f.Detail = venue.Word(p.f.state), venue.Words(p.f.title)
	if p.head.ts.Present() {
		var err error
		if f.VenueTime, err = p.head.ts.Time("ts"); err != nil {
			return nil, err
		}
	}
	return venue.Made(message.NewNotice(f))
}
