package replay

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// upbit: a request is an array of objects that replaces the one before and is not acknowledged;
// PING is answered (docs.upbit.com, websocket guide). Bithumb speaks as Upbit does; the frames of its
// protocol before that name no stream.
type upbit struct{ silent }

func (upbit) heard(s *subscription, said []byte) ([][]byte, bool) {
	said = bytes.TrimSpace(said)
	if string(said) == "PING" {
		return one(`{"status":"UP"}`), false
	}
	if len(said) == 0 || said[0] != '[' {
		return nil, false
	}
	var parts []struct {
		Type  string   `json:"type"`
		Codes []string `json:"codes"`
	}
	s.streams = nil
	if err := json.Unmarshal(said, &parts); err != nil {
		return one(`{"error":{"name":"WRONG_FORMAT","message":"Format 이 맞지 않습니다."}}`), false
	}
	for _, p := range parts {
		for _, code := range p.Codes {
			code, _, _ = strings.Cut(code, ".") // a book's depth
			s.want(p.Type+" "+strings.ToUpper(code), true)
		}
	}
	return nil, true
}

func (u upbit) stream(frame []byte) []byte {
	code := quoted(head(frame), `"cd":"`, `"code":"`)
	if code == nil {
		return nil
	}
	symbol, _, _ := bytes.Cut(code, []byte{'.'})
	return joined(string(u.class(frame)), symbol)
}

func (upbit) class(frame []byte) []byte {
	return classOr(quoted(head(frame), `"ty":"`, `"type":"`))
}

func (upbit) answer(frame []byte) bool { return bytes.HasPrefix(frame, []byte(`{"status":"`)) }

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
