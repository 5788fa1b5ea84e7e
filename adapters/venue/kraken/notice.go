package kraken

import (
	"bytes"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// objectEvent makes the message of an object without market data: an answer, a heartbeat, the
// state of the venue.
func (p *Protocol) objectEvent(received market.Timestamp) (message.Event, error) {
	f := &p.f
	n := p.notice(received)
	switch {
	case f.feed.Present():
		return nil, venue.Refuse(venue.Unsupported, "feed", "%.64q of Kraken Futures, which is another protocol", f.feed.Text)
	case f.channel.Present():
		if string(f.channel.Text) == "heartbeat" {
			n.Type = message.NoticeHeartbeat
			return venue.Made(message.NewNotice(n))
		}
		return p.unsupported(f.channel)
	case f.event.Present():
		return p.event1(n)
	case f.method.Present():
		return p.answer2(n)
	case f.failure.Kind == scan.String && f.success.Kind == scan.Bool:
		return refusal(n, f.failure) // a request of which not even the method was understood
	}
	return nil, venue.Refuse(venue.Schema, "channel", "neither channel nor event nor method")
}

func (p *Protocol) notice(received market.Timestamp) message.NoticeFields {
	return message.NoticeFields{Origin: message.Origin{Received: received}, Venue: p.venue}
}

// unsupported refuses a channel of version 2 by name: executions, balances, level3, instrument.
func (p *Protocol) unsupported(channel venue.Token) (message.Event, error) {
	switch string(channel.Text) {
	case "ticker", "trade", "ohlc", "book", "status":
		return nil, venue.Refuse(venue.Schema, "data", "missing")
	}
	return nil, venue.Refuse(venue.Unsupported, "channel", "%.64q", channel.Text)
}

// answer2 makes the message of an answer of version 2.
func (p *Protocol) answer2(n message.NoticeFields) (message.Event, error) {
	f := &p.f
	switch string(f.method.Text) {
	case "pong":
		n.Type = message.NoticeHeartbeat
		return venue.Made(message.NewNotice(n))
	case "ping":
		if f.success.IsTrue() || f.success.Kind == scan.Invalid {
			n.Type = message.NoticeHeartbeat
			return venue.Made(message.NewNotice(n))
		}
		return refusal(n, f.failure)
	case "subscribe", "unsubscribe":
	default:
		return nil, venue.Refuse(venue.Unsupported, "method", "%.64q: an answer to an order, or to nothing that was asked", f.method.Text)
	}
	symbol := f.result.symbol
	if !symbol.Present() {
		symbol = f.symbol
	}
	n.Symbol = venue.Word(symbol)
	if f.success.Kind != scan.Bool {
		return nil, venue.Refuse(venue.Schema, "success", "want true or false, got %v", f.success.Kind)
	}
	if !f.success.IsTrue() {
		return refusal(n, f.failure)
	}
	if symbol.Kind == scan.String && string(f.result.channel.Text) == "book" {
		if depth := depthOf(f.result.depth.Text); depth > 0 {
			number, err := p.find(symbol.Text)
			if err != nil {
				return nil, err
			}
			p.confirm(number, depth)
		}
	}
	n.Type = message.NoticeAck
	n.Detail = venue.Word(f.method) + " " + venue.Word(f.result.channel)
	return venue.Made(message.NewNotice(n))
}

// event1 makes the message of an event of version 1.
func (p *Protocol) event1(n message.NoticeFields) (message.Event, error) {
	f := &p.f
	switch string(f.event.Text) {
	case "heartbeat", "pong":
		n.Type = message.NoticeHeartbeat
	case "systemStatus":
		n.Type = message.NoticeStatus
		n.Code = venue.Word(f.status)
		n.Detail = "the trading engine is " + n.Code
	case "error":
		return refusal(n, f.failure)
	case "subscriptionStatus":
		n.Symbol = venue.Word(f.symbol)
		switch string(f.status.Text) {
		case "subscribed", "unsubscribed", "ok":
			n.Type = message.NoticeAck
			n.Detail = venue.Word(f.status) + " " + venue.Word(f.channelName)
		case "error":
			return refusal(n, f.failure)
		default:
			return nil, venue.Refuse(venue.Schema, "status", "%.20q, want subscribed, unsubscribed, ok or error", f.status.Text)
		}
	default: // addOrderStatus and its like; info, subscribed and challenge of Kraken Futures
		return nil, venue.Refuse(venue.Unsupported, "event", "%.64q: of orders, or of Kraken Futures, which is another protocol", f.event.Text)
	}
	return venue.Made(message.NewNotice(n))
}

// refusal makes the message of a request that was refused. Some errors begin with a code:
// EGeneral:Invalid arguments.
func refusal(n message.NoticeFields, failure venue.Token) (message.Event, error) {
	n.Type = message.NoticeError
	n.Detail = venue.Words(failure)
	if code, _, ok := bytes.Cut(failure.Text, colon); ok && len(code) > 0 && code[0] == 'E' && !bytes.ContainsRune(code, ' ') {
		n.Code = venue.Word(venue.Token{Text: code})
	}
	return venue.Made(message.NewNotice(n))
}

var colon = []byte(":")

// status2 makes the message of the state of the trading engine.
func (p *Protocol) status2(o message.Origin) (message.Event, error) {
	n := p.notice(o.Received)
	n.Type = message.NoticeStatus
	if !p.f.item.system.Present() {
		return nil, venue.Refuse(venue.Schema, "system", "missing")
	}
	n.Code = venue.Word(p.f.item.system)
	n.Detail = "the trading engine is " + n.Code
	return venue.Made(message.NewNotice(n))
}
