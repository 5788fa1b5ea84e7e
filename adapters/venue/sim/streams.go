package sim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// stream is one kind of data of one instrument.
type stream struct {
	instrument int
	kind       EventKind
}

// streamNames are the names behind the @, by kind. A depth stream without a speed goes out every
// 100 ms too.
var streamNames = map[string]EventKind{
	"trade": EventTrade, "bookTicker": EventBBO, "depth@100ms": EventDepth, "depth": EventDepth, "ticker": EventTicker,
}

// parse finds the stream of that name, such as btcusdt@trade.
func (s symbols) parse(name string) (stream, bool) {
	symbol, rest, _ := strings.Cut(name, "@")
	kind, ok := streamNames[rest]
	if !ok || symbol != strings.ToLower(symbol) {
		return stream{}, false // Binance takes lower case only
	}
	i, ok := s[strings.ToUpper(symbol)]
	return stream{i, kind}, ok
}

// symbols finds an instrument by its symbol.
type symbols map[string]int

func symbolsOf(x *Exchange) symbols {
	s := symbols{}
	for i, l := range x.Listings() {
		s[l.Symbol] = i
	}
	return s
}

// subscription is what one connection wants: the streams it gets, by the name it asked with.
// Unknown names are kept and get nothing, as at Binance.
type subscription struct {
	names    []string
	combined bool // frames come with the name of their stream
}

// request is what a client sends.
type request struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	ID     json.RawMessage `json:"id"`
}

// streamsMax is Binance's limit for one connection.
const streamsMax = 1024

// handle changes the subscription as the request says and returns the answer.
func (s *subscription) handle(text []byte) []byte {
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		return []byte(`{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}`)
	}
	id := string(r.ID)
	if id == "" {
		id = "null"
	}
	refuse := func(code int, message string) []byte {
		return fmt.Appendf(nil, `{"code":%d,"msg":%s,"id":%s}`, code, quoted(message), id)
	}
	switch r.Method {
	case "SUBSCRIBE", "UNSUBSCRIBE":
		var names []string
		if err := json.Unmarshal(r.Params, &names); err != nil || names == nil {
			return refuse(2, "Invalid request: params must be an array of stream names")
		}
		if r.Method == "UNSUBSCRIBE" {
			s.remove(names)
		} else if !s.add(names) {
			return refuse(2, fmt.Sprintf("Invalid request: more than %d streams on a connection", streamsMax))
		}
		return fmt.Appendf(nil, `{"result":null,"id":%s}`, id)
	case "LIST_SUBSCRIPTIONS":
		list, err := json.Marshal(append([]string{}, s.names...))
		if err != nil {
			panic(err) // strings only
		}
		return fmt.Appendf(nil, `{"result":%s,"id":%s}`, list, id)
	case "SET_PROPERTY":
		var pair []any
		if json.Unmarshal(r.Params, &pair) != nil || len(pair) != 2 || pair[0] != "combined" {
			return refuse(0, "Unknown property")
		}
		on, ok := pair[1].(bool)
		if !ok {
			return refuse(1, "Invalid value type: expected Boolean")
		}
		s.combined = on
		return fmt.Appendf(nil, `{"result":null,"id":%s}`, id)
	case "GET_PROPERTY":
		var names []string
		if json.Unmarshal(r.Params, &names) != nil || len(names) != 1 || names[0] != "combined" {
			return refuse(0, "Unknown property")
		}
		return fmt.Appendf(nil, `{"result":%t,"id":%s}`, s.combined, id)
	}
	return refuse(2, fmt.Sprintf("Invalid request: unknown variant `%.32s`, expected one of SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY", r.Method))
}

// add subscribes to names not yet there. It changes nothing and returns false if they are too many.
func (s *subscription) add(names []string) bool {
	have := map[string]bool{}
	for _, n := range s.names {
		have[n] = true
	}
	next := append([]string(nil), s.names...)
	for _, n := range names {
		if n != "" && !have[n] {
			have[n] = true
			next = append(next, n)
		}
	}
	if len(next) > streamsMax {
		return false
	}
	s.names = next
	return true
}

func (s *subscription) remove(names []string) {
	gone := map[string]bool{}
	for _, n := range names {
		gone[n] = true
	}
	var next []string
	for _, n := range s.names {
		if !gone[n] {
			next = append(next, n)
		}
	}
	s.names = next
}

func quoted(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string
	}
	return b
}
