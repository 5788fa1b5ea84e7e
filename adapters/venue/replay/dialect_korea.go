package replay

import (
	"bytes"
	"encoding/json"
	"strings"
)

// coinone: one topic a request, each acknowledged in the format that it asks for; PING is answered
// (docs.coinone.co.kr, public-websocket, read 2026-11).
type coinone struct{ silent }

func (coinone) heard(s *subscription, said []byte) ([][]byte, bool) {
	var request struct {
		Type    string `json:"request_type"`
		Channel string `json:"channel"`
		Topic   struct {
			Quote  string `json:"quote_currency"`
			Target string `json:"target_currency"`
		} `json:"topic"`
		Format string `json:"format"`
	}
	if err := json.Unmarshal(said, &request); err != nil {
		return one(`{"response_type":"ERROR","error_code":160010,"message":"Invalid Request"}`), false
	}
	wanted := request.Type == "SUBSCRIBE"
	switch request.Type {
	case "PING":
		return one(`{"response_type":"PONG"}`), false
	case "SUBSCRIBE", "UNSUBSCRIBE":
	default:
		return one(`{"response_type":"ERROR","error_code":160011,"message":"Invalid Type","field":"request_type"}`), false
	}
	t := request.Topic
	s.want(request.Channel+" "+strings.ToUpper(t.Quote+"-"+t.Target), wanted)
	format := `{"response_type":"%sD","channel":%s,"data":{"quote_currency":%s,"target_currency":%s}}`
	if request.Format == "SHORT" {
		format = `{"r":"%sD","c":%s,"d":{"qc":%s,"tc":%s}}`
	}
	return one(format, request.Type, jsonText(request.Channel), jsonText(t.Quote), jsonText(t.Target)), true
}

func (c coinone) stream(frame []byte) []byte {
	h := head(frame)
	quote, target := quoted(h, `"qc":"`, `"quote_currency":"`), quoted(h, `"tc":"`, `"target_currency":"`)
	if quote == nil || target == nil {
		return nil
	}
	return joined(string(c.class(frame)), bytes.ToUpper(append(append(bytes.Clone(quote), '-'), target...)))
}

func (coinone) class(frame []byte) []byte {
	return classOr(quoted(head(frame), `"c":"`, `"channel":"`))
}

func (coinone) answer(frame []byte) bool {
	kind := quoted(head(frame), `"r":"`, `"response_type":"`)
	return kind != nil && string(kind) != "DATA"
}

// korbit: an array of requests, each acknowledged by its number
// (docs.korbit.co.kr, WebSocket, read 2026-11).
type korbit struct{ silent }

func (korbit) heard(s *subscription, said []byte) (replies [][]byte, subscribed bool) {
	var requests []struct {
		ID      json.RawMessage `json:"requestId"`
		Method  string          `json:"method"`
		Type    string          `json:"type"`
		Symbols []string        `json:"symbols"`
	}
	if err := json.Unmarshal(said, &requests); err != nil {
		return one(`{"status":"error","code":"BAD_REQUEST","message":"not an array of requests"}`), false
	}
	for _, r := range requests {
		id := "null"
		if len(r.ID) > 0 {
			id = string(r.ID)
		}
		if r.Method != "subscribe" && r.Method != "unsubscribe" {
			replies = append(replies, one(`{"requestId":%s,"status":"fail","code":"BAD_REQUEST","message":"unknown method"}`, id)...)
			continue
		}
		for _, symbol := range r.Symbols {
			s.want(r.Type+" "+strings.ToLower(symbol), r.Method == "subscribe")
		}
		subscribed = true
		replies = append(replies, one(`{"requestId":%s,"status":"success"}`, id)...)
	}
	return replies, subscribed
}

func (k korbit) stream(frame []byte) []byte {
	return joined(string(k.class(frame)), quoted(head(frame), `"symbol":"`))
}

func (korbit) class(frame []byte) []byte { return classOr(quoted(head(frame), `"type":"`)) }

func (korbit) answer(frame []byte) bool {
	return bytes.HasPrefix(frame, []byte(`{"requestId":`)) || bytes.HasPrefix(frame, []byte(`{"status":`))
}
