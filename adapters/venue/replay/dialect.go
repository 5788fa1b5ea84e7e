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
	// has said what it wants, and the replies, if any, are sent as text.
	heard(s *subscription, text []byte) (replies [][]byte, subscribed bool)
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
	case "upbit", "bithumb":
		return upbit{}
	case "coinone":
		return coinone{}
	case "korbit":
		return korbit{}
	case "okx":
		return okx{}
	case "bybit":
		return bybit{}
	case "gate":
		return gate{}
	case "kraken":
		return kraken{}
	}
	return silent{}
}

// silent is a venue of which nothing is known: anything said subscribes to everything.
type silent struct{}

func (silent) opened(*url.URL) (subscription, bool)         { return subscription{}, false }
func (silent) heard(*subscription, []byte) ([][]byte, bool) { return nil, true }
func (silent) stream([]byte) []byte                         { return nil }
func (silent) class([]byte) []byte                          { return []byte("frame") }
func (silent) answer([]byte) bool                           { return false }
func (silent) body([]byte) bool                             { return false }
func (silent) depthSymbol([]byte) string                    { return "" }
func (silent) restKey(u *url.URL) string                    { return u.Path + "?" + u.Query().Encode() }
func (silent) depthKey(string) string                       { return "" }
func (silent) fault(message string) []byte                  { return jsonObject("error", message) }

// one is a reply of one frame.
func one(format string, args ...any) [][]byte { return [][]byte{fmt.Appendf(nil, format, args...)} }

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
	if name != "" {
		s.want(streamName(name), true)
	}
}

// want adds a stream, or takes it out.
func (s *subscription) want(name string, wanted bool) {
	if s.streams == nil {
		s.streams = map[string]bool{}
	}
	if !wanted {
		delete(s.streams, name)
	} else if len(s.streams) < streamsMax {
		s.streams[name] = true
	}
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

func (binance) heard(s *subscription, text []byte) ([][]byte, bool) {
	var request struct {
		Method string          `json:"method"`
		Params []any           `json:"params"`
		ID     json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(text, &request); err != nil {
		return one(`{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}`), false
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
		return one(`{"code":2,"msg":%s,"id":%s}`, message, id), false
	}
	return one(`{"result":%s,"id":%s}`, result, id), subscribed
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

// quoted returns the text that stands behind the first of these in a frame, up to the next quote: a
// key with its colon and the opening quote. It returns nil if none stands there.
func quoted(frame []byte, behind ...string) []byte {
	for _, b := range behind {
		if _, rest, ok := bytes.Cut(frame, []byte(b)); ok {
			if end := bytes.IndexByte(rest, '"'); end >= 0 {
				return rest[:end]
			}
		}
	}
	return nil
}

// joined names a stream by kind and instrument; nil if either is not known.
func joined(kind string, instrument []byte) []byte {
	if kind == "" || len(instrument) == 0 {
		return nil
	}
	return append(append([]byte(kind), ' '), instrument...)
}

// classOr is a class for counting, or "other".
func classOr(class []byte) []byte {
	if len(class) == 0 {
		return []byte("other")
	}
	return class
}
