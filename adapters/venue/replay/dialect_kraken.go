package replay

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// kraken: each pair of a request is acknowledged, a book with the depth that was asked for; a ping is
// a request (docs.kraken.com, spot WebSocket v2 and v1, read 2026-11). Both versions are spoken,
// whatever the session was recorded from; pairs have the names of version 2 in both.
type kraken struct{ silent }

func (k kraken) heard(s *subscription, said []byte) ([][]byte, bool) {
	var request struct {
		// Of version 2.
		Method string `json:"method"`
		Params struct {
			Channel string   `json:"channel"`
			Symbols []string `json:"symbol"`
			Depth   int      `json:"depth"`
		} `json:"params"`
		ID json.RawMessage `json:"req_id"`
		// Of version 1.
		Event        string   `json:"event"`
		Pairs        []string `json:"pair"`
		Subscription struct {
			Name  string `json:"name"`
			Depth int    `json:"depth"`
		} `json:"subscription"`
	}
	if err := json.Unmarshal(said, &request); err != nil {
		return one(`{"error":"Invalid JSON","success":false}`), false
	}
	id := ""
	if len(request.ID) > 0 {
		id = `,"req_id":` + string(request.ID)
	}
	switch verb := request.Method + request.Event; {
	case verb == "ping" && request.Event == "":
		return one(`{"method":"pong"%s}`, id), false
	case verb == "ping":
		return one(`{"event":"pong"}`), false
	case verb != "subscribe" && verb != "unsubscribe":
		return one(`{"error":"Method not found","success":false%s}`, id), false
	case request.Event == "":
		return krakenAnswers2(s, request.Method, request.Params.Channel, request.Params.Symbols, request.Params.Depth, id), true
	default:
		return krakenAnswers1(s, request.Event, request.Subscription.Name, request.Pairs, request.Subscription.Depth), true
	}
}

// krakenDepth is the depth of a book where none is asked for.
const krakenDepth = 10

func krakenAnswers2(s *subscription, method, channel string, symbols []string, depth int, id string) (replies [][]byte) {
	of := ""
	if channel == "book" {
		if depth == 0 {
			depth = krakenDepth
		}
		of = `,"depth":` + strconv.Itoa(depth)
	}
	for _, symbol := range symbols {
		s.want(channel+" "+krakenPair(symbol), method == "subscribe")
		replies = append(replies, one(`{"method":%s,"result":{"channel":%s%s,"snapshot":true,"symbol":%s},"success":true%s}`,
			jsonText(method), jsonText(channel), of, jsonText(symbol), id)...)
	}
	return replies
}

func krakenAnswers1(s *subscription, event, name string, pairs []string, depth int) (replies [][]byte) {
	channel, of := name, ""
	if name == "book" {
		if depth == 0 {
			depth = krakenDepth
		}
		channel, of = "book-"+strconv.Itoa(depth), `"depth":`+strconv.Itoa(depth)+`,`
	}
	for _, pair := range pairs {
		s.want(name+" "+krakenPair(pair), event == "subscribe")
		replies = append(replies, one(`{"channelName":%s,"event":"subscriptionStatus","pair":%s,"status":%s,"subscription":{%s"name":%s}}`,
			jsonText(channel), jsonText(pair), jsonText(event+"d"), of, jsonText(name))...)
	}
	return replies
}

// krakenPair is a pair in the names of version 2.
func krakenPair(pair string) string {
	base, quote, _ := strings.Cut(pair, "/")
	asset := func(code string) string {
		switch code {
		case "XBT":
			return "BTC"
		case "XDG":
			return "DOGE"
		}
		return code
	}
	return asset(base) + "/" + asset(quote)
}

func (k kraken) stream(frame []byte) []byte {
	channel, pair := krakenNames(frame)
	if len(channel) == 0 || len(pair) == 0 {
		return nil
	}
	return []byte(string(channel) + " " + krakenPair(string(pair)))
}

// krakenNames returns what a frame says of its channel, without a book's depth, and of its pair.
func krakenNames(frame []byte) (channel, pair []byte) {
	if len(frame) == 0 || frame[0] != '[' {
		return quoted(head(frame), `"channel":"`), quoted(head(frame), `"symbol":"`)
	}
	// Version 1 says both at the end: …,"book-1000","XBT/USD"]
	rest, ok := bytes.CutSuffix(frame, []byte(`"]`))
	if !ok {
		return nil, nil
	}
	at := bytes.LastIndex(rest, []byte(`","`))
	if at < 0 {
		return nil, nil
	}
	pair, rest = rest[at+len(`","`):], rest[:at]
	channel = rest[bytes.LastIndexByte(rest, '"')+1:]
	if i := bytes.IndexByte(channel, '-'); i >= 0 {
		channel = channel[:i]
	}
	return channel, pair
}

func (kraken) class(frame []byte) []byte {
	channel, _ := krakenNames(frame)
	if channel == nil {
		channel = quoted(head(frame), `"event":"`)
	}
	return classOr(channel)
}

func (kraken) answer(frame []byte) bool {
	return bytes.HasPrefix(frame, []byte(`{"method":`)) || bytes.Contains(head(frame), []byte(`"event":"subscriptionStatus"`)) ||
		bytes.Contains(head(frame), []byte(`"event":"pong"`))
}
