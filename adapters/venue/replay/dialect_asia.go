package replay

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// okx: each topic of a request is acknowledged; the text ping is answered with the text pong
// (okx.com/docs-v5, WebSocket, read 2026-11). A session recorded from one depth of books has what
// a client of another wants.
type okx struct{ silent }

func (okx) heard(s *subscription, said []byte) (replies [][]byte, subscribed bool) {
	if string(said) == "ping" {
		return one("pong"), false
	}
	var request struct {
		Op   string `json:"op"`
		Args []struct {
			Channel string `json:"channel"`
			Symbol  string `json:"instId"`
		} `json:"args"`
	}
	if err := json.Unmarshal(said, &request); err != nil || request.Op != "subscribe" && request.Op != "unsubscribe" {
		return one(`{"event":"error","code":"60012","msg":%s,"connId":"maru"}`, jsonText("Invalid request: "+shown(said))), false
	}
	for _, topic := range request.Args {
		s.want(okxKind(topic.Channel)+" "+topic.Symbol, request.Op == "subscribe")
		replies = append(replies, one(`{"event":%s,"arg":{"channel":%s,"instId":%s},"connId":"maru"}`,
			jsonText(request.Op), jsonText(topic.Channel), jsonText(topic.Symbol))...)
	}
	return replies, true
}

// shown is the beginning of what a client said, for an error.
func shown(said []byte) string { return strings.ToValidUTF8(string(said[:min(len(said), 200)]), "?") }

func okxKind(channel string) string {
	if strings.HasPrefix(channel, "books") {
		return "books"
	}
	return channel
}

func (o okx) stream(frame []byte) []byte {
	if !bytes.HasPrefix(frame, []byte(`{"arg":`)) {
		return nil
	}
	return joined(okxKind(string(quoted(head(frame), `"channel":"`))), quoted(head(frame), `"instId":"`))
}

func (okx) class(frame []byte) []byte { return classOr(quoted(head(frame), `"channel":"`)) }

func (okx) answer(frame []byte) bool {
	return bytes.HasPrefix(frame, []byte(`{"event":`)) || string(frame) == "pong"
}

// bybit: a request is acknowledged as a whole; a ping is an op of its own
// (bybit-exchange.github.io/docs/v5/ws/connect, read 2026-11). A session recorded from one depth
// of books has what a client of another wants.
type bybit struct{ silent }

func (bybit) heard(s *subscription, said []byte) ([][]byte, bool) {
	var request struct {
		Op   string   `json:"op"`
		Args []string `json:"args"`
		ID   string   `json:"req_id"`
	}
	if err := json.Unmarshal(said, &request); err != nil {
		return one(`{"success":false,"ret_msg":"error:invalid request","conn_id":"maru","op":""}`), false
	}
	reply := func(success bool, message string) [][]byte {
		return one(`{"success":%t,"ret_msg":%s,"conn_id":"maru","req_id":%s,"op":%s}`, success, jsonText(message), jsonText(request.ID), jsonText(request.Op))
	}
	switch request.Op {
	case "ping":
		return reply(true, "pong"), false
	case "subscribe", "unsubscribe":
	default:
		return reply(false, "error:unknown op"), false
	}
	for _, topic := range request.Args {
		s.want(string(bybitStream([]byte(topic))), request.Op == "subscribe")
	}
	return reply(true, request.Op), true
}

// bybitStream names a stream by kind and symbol, which are the first and the last part of a topic.
func bybitStream(topic []byte) []byte {
	first, last := bytes.IndexByte(topic, '.'), bytes.LastIndexByte(topic, '.')
	if first < 0 {
		return topic
	}
	kind := string(topic[:first])
	switch {
	case strings.HasPrefix(strings.ToLower(kind), "orderbook"):
		kind = "orderbook"
	case kind == "publicTrade":
		kind = "trade"
	}
	return joined(kind, topic[last+1:])
}

func (bybit) stream(frame []byte) []byte {
	topic := quoted(head(frame), `"topic":"`)
	if topic == nil {
		return nil
	}
	return bybitStream(topic)
}

func (bybit) class(frame []byte) []byte {
	kind, _, _ := bytes.Cut(quoted(head(frame), `"topic":"`), []byte{'.'})
	return classOr(kind)
}

func (bybit) answer(frame []byte) bool { return bytes.HasPrefix(frame, []byte(`{"success":`)) }

// gate: a request is acknowledged as a whole, in its own channel; a ping is a channel
// (gate.com/docs/developers/apiv4/ws, read 2026-11). The time in an answer is that of the request.
type gate struct{ silent }

func (gate) heard(s *subscription, said []byte) ([][]byte, bool) {
	var request struct {
		Time    json.Number     `json:"time"`
		ID      json.RawMessage `json:"id"`
		Channel string          `json:"channel"`
		Event   string          `json:"event"`
		Payload []string        `json:"payload"`
	}
	if err := json.Unmarshal(said, &request); err != nil {
		return one(`{"time":0,"channel":"","event":"","error":{"code":1,"message":"invalid request body"},"result":null}`), false
	}
	at := request.Time.String()
	if _, err := request.Time.Int64(); err != nil {
		at = "0"
	}
	if request.Channel == "spot.ping" {
		return one(`{"time":%s,"channel":"spot.pong","event":"","error":null,"result":null}`, at), false
	}
	if request.Event != "subscribe" && request.Event != "unsubscribe" {
		return one(`{"time":%s,"channel":%s,"event":%s,"error":{"code":2,"message":"unknown event"},"result":null}`,
			at, jsonText(request.Channel), jsonText(request.Event)), false
	}
	for _, pair := range request.Payload {
		// What else stands there (100ms, a depth) has no underscore.
		if strings.Contains(pair, "_") {
			s.want(gateKind(request.Channel)+" "+string(gatePair([]byte(pair))), request.Event == "subscribe")
		}
	}
	id := ""
	if len(request.ID) > 0 {
		id = `"id":` + string(request.ID) + ","
	}
	return one(`{"time":%s,%s"channel":%s,"event":%s,"error":null,"result":{"status":"success"}}`, at, id, jsonText(request.Channel), jsonText(request.Event)), true
}

// gateKind is a channel; all those of books are one.
func gateKind(channel string) string {
	if strings.HasPrefix(channel, "spot.order_book") || channel == "spot.obu" {
		return "spot.order_book"
	}
	return channel
}

// gatePair is the pair of what a frame or a request names: BTC_USDT of ob.BTC_USDT.400.
func gatePair(name []byte) []byte {
	if rest, ok := bytes.CutPrefix(name, []byte("ob.")); ok {
		name, _, _ = bytes.Cut(rest, []byte{'.'})
	}
	return name
}

// gateHeadBytes is how far into a frame its pair may stand: behind the number, times and side of a
// trade.
const gateHeadBytes = 400

func (g gate) stream(frame []byte) []byte {
	h := frame[:min(len(frame), gateHeadBytes)]
	return joined(gateKind(string(quoted(h, `"channel":"`))), gatePair(quoted(h, `"currency_pair":"`, `"s":"`)))
}

func (gate) class(frame []byte) []byte { return classOr(quoted(head(frame), `"channel":"`)) }

func (gate) answer(frame []byte) bool {
	event := quoted(frame[:min(len(frame), gateHeadBytes)], `"event":"`)
	return string(event) == "subscribe" || string(event) == "unsubscribe" || bytes.Contains(head(frame), []byte(`"spot.pong"`))
}

// restKey leaves out how deep a book was asked for.
func (gate) restKey(u *url.URL) string {
	if pair := u.Query().Get("currency_pair"); pair != "" {
		return u.Path + "?currency_pair=" + pair
	}
	return u.Path
}
