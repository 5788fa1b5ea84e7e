package sim

import (
	"iter"
	"net/url"
	"strings"
)

// What follows is for a server that puts more around an Exchange than Server does.

// Directory finds instruments and streams by the names that clients use.
type Directory struct{ symbols symbols }

// NewDirectory returns the directory of what x lists.
func NewDirectory(x *Exchange) Directory { return Directory{symbolsOf(x)} }

// Find returns the index of the instrument of that symbol, such as BTCUSDT.
func (d Directory) Find(symbol string) (instrument int, ok bool) {
	instrument, ok = d.symbols[symbol]
	return instrument, ok
}

// Stream finds the stream of that name, such as btcusdt@trade.
func (d Directory) Stream(name string) (instrument int, kind EventKind, ok bool) {
	s, ok := d.symbols.parse(name)
	return s.instrument, s.kind, ok
}

// Subscription is what one connection to the market streams wants, as its requests change it.
type Subscription struct{ sub subscription }

// OpenSubscription returns what a connection to path and query asks for: /ws, /ws/<stream>/<stream> or
// /stream?streams=<stream>/<stream>. It is false if that is no such path, or if the streams are more
// than 1,024.
func OpenSubscription(path, query string) (Subscription, bool) {
	var s subscription
	names := ""
	switch {
	case path == "/stream":
		s.combined = true
		values, err := url.ParseQuery(query)
		if err != nil {
			return Subscription{}, false
		}
		names = values.Get("streams")
	case path == "/ws":
	case strings.HasPrefix(path, "/ws/"):
		names = strings.TrimPrefix(path, "/ws/")
	default:
		return Subscription{}, false
	}
	if !s.add(strings.Split(names, "/")) {
		return Subscription{}, false
	}
	return Subscription{s}, true
}

// Handle changes the subscription as a client's request says and returns the answer.
func (s *Subscription) Handle(request []byte) []byte { return s.sub.handle(request) }

// Names returns the streams that were asked for, unknown ones included.
func (s *Subscription) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range s.sub.names {
			if !yield(n) {
				return
			}
		}
	}
}

// Combined reports whether frames are to come with the name of their stream.
func (s *Subscription) Combined() bool { return s.sub.combined }

// AppendFrame appends e, an event of that symbol, as the streams send it.
func AppendFrame(dst []byte, e *Event, symbol string) []byte { return appendEvent(dst, e, symbol) }

// AppendCombined appends a frame of AppendFrame with the name of its stream.
func AppendCombined(dst []byte, name string, frame []byte) []byte {
	return appendCombined(dst, name, frame)
}
