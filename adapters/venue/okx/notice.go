package okx

import (
	"bytes"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

func (p *Protocol) notice(kind message.NoticeType, received market.Timestamp) message.NoticeFields {
	return message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue, Type: kind}
}

// event appends the message of a frame without data: an answer to a request, or the venue's word
// on the connection.
func (p *Protocol) event(dst []message.Event, received market.Timestamp) ([]message.Event, error) {
	h := &p.head
	f := p.notice(message.NoticeAck, received)
	f.Code, f.Detail, f.Symbol = venue.Word(h.code), venue.Words(h.msg), venue.Word(h.argSymbol)
	switch event := string(h.event.Text); event {
	case "subscribe", "unsubscribe":
		if !h.argChannel.Present() {
			if bytes.IndexByte(h.channel.Text, '/') >= 0 {
				return nil, p.version3("channel", h.channel)
			}
			return nil, venue.Refuse(venue.Schema, "arg", "an answer to %s that names no channel", event)
		}
		f.Detail = event + " " + venue.Word(h.argChannel)
	case "login":
		if f.Code != "0" {
			f.Type = message.NoticeError
		}
	case "error":
		if h.errorCode.Present() {
			return nil, p.version3("errorCode", h.errorCode)
		}
		f.Type = message.NoticeError
	case "notice": // 64008: the connection is about to be cut for an upgrade
		f.Type = message.NoticeStatus
	case "channel-conn-count":
		f.Type = message.NoticeStatus
		f.Detail = "channel " + venue.Word(h.channel) + ": " + venue.Word(h.connections) + " connections"
	case "channel-conn-count-error":
		f.Type = message.NoticeError
		f.Detail = "channel " + venue.Word(h.channel) + ": too many connections, " + venue.Word(h.connections)
	case "":
		return p.untyped(dst, f)
	default:
		return nil, venue.Refuse(venue.Unsupported, "event", "%.64q", event)
	}
	return appended(dst, message.NewNotice, f)
}

// untyped appends the message of a frame without event and data.
func (p *Protocol) untyped(dst []message.Event, f message.NoticeFields) ([]message.Event, error) {
	h := &p.head
	switch {
	case h.table.Present():
		return nil, p.version3("table", h.table)
	case h.op.Present():
		return nil, venue.Refuse(venue.Unsupported, "op", "%.64q: a request, or an answer about orders", h.op.Text)
	case h.isRefusal():
		f.Type = message.NoticeError
		return appended(dst, message.NewNotice, f)
	case h.hasArg:
		return nil, venue.Refuse(venue.Schema, "data", "missing")
	}
	return nil, venue.Refuse(venue.Schema, "arg", "no topic and no event")
}

// isRefusal reports whether a frame is how a gateway refuses, before the protocol is spoken: a
// code other than 0 and a reason, perhaps with an empty list of data.
func (h *head) isRefusal() bool {
	return h.code.Present() && string(h.code.Text) != "0" && h.msg.Present() && !h.hasArg && !h.op.Present() && !h.table.Present()
}

// status makes the message of a maintenance, planned, under way or over.
func (p *Protocol) status(received market.Timestamp) (message.Event, error) {
	f := p.notice(message.NoticeStatus, received)
	if !p.f.state.Present() {
		return nil, venue.Refuse(venue.Schema, "state", "missing")
	}
	f.Code, f.Detail = venue.Word(p.f.state), venue.Words(p.f.title)
	if p.f.ts.Present() {
		var err error
		if f.VenueTime, err = p.f.ts.Time("ts"); err != nil {
			return nil, err
		}
	}
	return venue.Made(message.NewNotice(f))
}

// version3 refuses what only the retired version 3 of the protocol said.
func (p *Protocol) version3(field string, t venue.Token) error {
	return venue.Refuse(venue.Unsupported, field, "%.64q is of the retired version 3 of the protocol, only version 5 is read", t.Text)
}
