package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// dialect is how a venue answers and what its frames say of themselves. The methods keep no
// state and no reference to a frame.
type dialect interface {
	// opened returns what the URL of a connection subscribes to, and whether it does.
	opened(u *url.URL) (subscription, bool)
	// heard takes what a client sent: s is changed in place, subscribed tells that the client
	// has said what it wants, and reply, if any, is sent as text.
	heard(s *subscription, text []byte) (reply []byte, subscribed bool)
	// stream names the stream of a frame as subscriptions do, nil if it does not say.
	stream(frame []byte) []byte
	// class is the kind of frame, for counting.
	class(frame []byte) []byte
	// answer reports whether a recorded frame is an answer to the recorded client, which the
	// server gives its own clients itself.
	answer(frame []byte) bool
	// body reports whether a recorded frame can only be a REST body.
	body(frame []byte) bool
	// depthSymbol returns the symbol whose book the frame changes, "" if it does not.
	depthSymbol(frame []byte) string
	// restKey is equal for two URLs that ask the same; depthKey is that of a book.
	restKey(u *url.URL) string
	depthKey(symbol string) string
	// fault is the body of an error as the venue would phrase it.
	fault(message string) []byte
}

// subscription is what one client wants. The zero subscription wants everything.
type subscription struct {
	streams map[string]bool // nil: everything
}

func (s subscription) wants(stream []byte) bool {
	return s.streams == nil || stream == nil || s.streams[string(stream)]
}

func dialectOf(v market.Venue) dialect {
	switch v {
	case "binance", "sim":
		return binance{}
	case "upbit":
		return upbit{}
	}
	return silent{}
}

// silent is a venue of which nothing is known: anything said subscribes to everything.
type silent struct{}

func (silent) opened(*url.URL) (subscription, bool)       { return subscription{}, false }
func (silent) heard(*subscription, []byte) ([]byte, bool) { return nil, true }
func (silent) stream([]byte) []byte                       { return nil }
func (silent) class([]byte) []byte                        { return []byte("frame") }
func (silent) answer([]byte) bool                         { return false }
func (silent) body([]byte) bool                           { return false }
func (silent) depthSymbol([]byte) string                  { return "" }
func (silent) restKey(u *url.URL) string                  { return u.Path + "?" + u.Query().Encode() }
func (silent) depthKey(string) string                     { return "" }
func (silent) fault(message string) []byte                { return jsonObject("error", message) }

func jsonText(text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string
	}
	return quoted
}

func jsonObject(key string, value any) []byte {
	text, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err) // strings and numbers only
	}
	return text
}

// upbit: a request is an array of objects and is not acknowledged; PING is answered. Frames are
// not filtered, since a session holds only what its recorder subscribed to.
type upbit struct{ silent }

func (upbit) heard(_ *subscription, text []byte) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	if string(text) == "PING" {
		return []byte(`{"status":"UP"}`), false
	}
	return nil, len(text) > 0 && text[0] == '['
}

func (upbit) class(frame []byte) []byte {
	for _, key := range [...]string{`"ty":"`, `"type":"`} {
		if _, rest, ok := bytes.Cut(head(frame), []byte(key)); ok {
			name, _, _ := bytes.Cut(rest, []byte{'"'})
			return name
		}
	}
	return []byte("other")
}

func (upbit) answer(frame []byte) bool { return bytes.HasPrefix(frame, []byte(`{"status":"UP"`)) }

// restKey leaves out what changes the form of an answer, not its subject.
func (upbit) restKey(u *url.URL) string {
	kept := url.Values{}
	for _, key := range []string{"market", "markets"} {
		if v := u.Query().Get(key); v != "" {
			kept.Set(key, v)
		}
	}
	return u.Path + "?" + kept.Encode()
}

func (upbit) fault(message string) []byte {
	return jsonObject("error", map[string]string{"name": "not_recorded", "message": message})
}

// binance: streams are named in the URL or by SUBSCRIBE. Source: developers.binance.com,
// binance-spot-api-docs/web-socket-streams (read 2026-11-20). Frames go out as recorded, with or
// without the wrapper of combined streams, whatever the path.
type binance struct{}

func (binance) opened(u *url.URL) (subscription, bool) {
	names := strings.Split(u.Query().Get("streams"), "/")
	if _, raw, ok := strings.Cut(u.Path, "/ws/"); ok {
		names = append(names, strings.Split(raw, "/")...)
	}
	var s subscription
	for _, name := range names {
		s.add(name)
	}
	return s, s.streams != nil
}

// streamsMax bounds one client's subscription; Binance itself allows 1,024.
const streamsMax = 16 << 10

func (s *subscription) add(name string) {
	if name == "" || len(s.streams) >= streamsMax {
		return
	}
	if s.streams == nil {
		s.streams = map[string]bool{}
	}
	s.streams[streamName(name)] = true
}

// streamName is how a stream is compared: the symbol in lower case, no update speed.
func streamName(name string) string {
	symbol, rest, ok := strings.Cut(name, "@")
	if !ok {
		return name
	}
	return string(withoutSpeed([]byte(strings.ToLower(symbol) + "@" + rest)))
}

// withoutSpeed cuts the update speed from the name of a stream: a session recorded from
// btcusdt@depth@0ms has what a client of btcusdt@depth@100ms wants.
func withoutSpeed(name []byte) []byte {
	if i := bytes.IndexByte(name, '@'); i >= 0 {
		if j := bytes.IndexByte(name[i+1:], '@'); j >= 0 {
			return name[:i+1+j]
		}
	}
	return name
}

func (binance) heard(s *subscription, text []byte) ([]byte, bool) {
	var request struct {
		Method string          `json:"method"`
		Params []any           `json:"params"`
		ID     json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(text, &request); err != nil {
		return []byte(`{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}`), false
	}
	id := "null"
	if len(request.ID) > 0 {
		id = string(request.ID)
	}
	subscribed := false
	result := "null"
	switch request.Method {
	case "SUBSCRIBE":
		for _, p := range request.Params {
			if name, ok := p.(string); ok {
				s.add(name)
			}
		}
		subscribed = true
	case "UNSUBSCRIBE":
		if s.streams == nil {
			s.streams = map[string]bool{}
		}
		for _, p := range request.Params {
			if name, ok := p.(string); ok {
				delete(s.streams, streamName(name))
			}
		}
		subscribed = true
	case "LIST_SUBSCRIPTIONS":
		list, err := json.Marshal(append([]string{}, slices.Sorted(maps.Keys(s.streams))...))
		if err != nil {
			panic(err) // strings only
		}
		result = string(list)
	case "SET_PROPERTY", "GET_PROPERTY":
	default:
		message := jsonText(fmt.Sprintf("Invalid request: unknown variant `%.32s`", request.Method))
		return fmt.Appendf(nil, `{"code":2,"msg":%s,"id":%s}`, message, id), false
	}
	return fmt.Appendf(nil, `{"result":%s,"id":%s}`, result, id), subscribed
}

var streamKey = []byte(`{"stream":"`)

func (binance) stream(frame []byte) []byte {
	name, ok := bytes.CutPrefix(frame, streamKey)
	if !ok {
		return nil
	}
	end := bytes.IndexByte(name, '"')
	if end < 0 {
		return nil
	}
	return withoutSpeed(name[:end])
}

func (b binance) class(frame []byte) []byte {
	if name := b.stream(frame); name != nil {
		if _, class, ok := bytes.Cut(name, []byte{'@'}); ok {
			return class
		}
		return name
	}
	if _, rest, ok := bytes.Cut(head(frame), []byte(`"e":"`)); ok {
		class, _, _ := bytes.Cut(rest, []byte{'"'})
		return class
	}
	return []byte("other")
}

func (binance) answer(frame []byte) bool { return bytes.HasPrefix(frame, []byte(`{"result":`)) }

func (binance) body(frame []byte) bool { return bytes.HasPrefix(frame, []byte(`{"lastUpdateId":`)) }

func (b binance) depthSymbol(frame []byte) string {
	symbol, class, ok := bytes.Cut(b.stream(frame), []byte{'@'})
	if !ok || string(class) != "depth" {
		return ""
	}
	return strings.ToUpper(string(symbol))
}

var binanceVersion = regexp.MustCompile(`^/(api|fapi|dapi)/v[0-9]+/`)

// restKey is the endpoint without its version, and the symbol. A recorded exchangeInfo answers
// for every selection of symbols.
func (binance) restKey(u *url.URL) string {
	endpoint := binanceVersion.ReplaceAllString(u.Path, "")
	symbol := strings.ToUpper(u.Query().Get("symbol"))
	if symbol == "" || endpoint == "exchangeInfo" {
		return endpoint
	}
	return endpoint + "?symbol=" + symbol
}

func (binance) depthKey(symbol string) string { return "depth?symbol=" + symbol }

func (binance) fault(message string) []byte {
	return fmt.Appendf(nil, `{"code":-1000,"msg":%s}`, jsonText(message))
}

// head is the part of a frame in which it says what it is.
func head(frame []byte) []byte { return frame[:min(len(frame), 128)] }
