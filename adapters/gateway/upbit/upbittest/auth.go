package upbittest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// claims are what a token says.
type claims struct {
	AccessKey    string `json:"access_key"`
	Nonce        string `json:"nonce"`
	QueryHash    string `json:"query_hash"`
	QueryHashAlg string `json:"query_hash_alg"`
}

// authorize checks the token of a request with these parameters, in the order in which they came, as
// name=value joined by &.
func (s *Server) authorize(header, query string) error {
	bad := func(name, format string, args ...any) error {
		return &refusal{401, name, fmt.Sprintf(format, args...)}
	}
	signed, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return bad("no_authorization_token", "no token")
	}
	parts := strings.Split(signed, ".")
	if len(parts) != 3 {
		return bad("jwt_verification", "a token has three parts")
	}
	var head struct{ Alg, Typ string }
	if err := part(parts[0], &head); err != nil || head.Alg != "HS512" || head.Typ != "JWT" {
		return bad("jwt_verification", "header %v %v", head, err)
	}
	var c claims
	if err := part(parts[1], &c); err != nil {
		return bad("invalid_query_payload", "%v", err)
	}
	mac := hmac.New(sha512.New, []byte(s.cfg.Secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	sum, err := base64.RawURLEncoding.DecodeString(parts[2])
	switch {
	case c.AccessKey != s.cfg.Access:
		return bad("invalid_access_key", "no such key")
	case err != nil || !hmac.Equal(sum, mac.Sum(nil)):
		return bad("jwt_verification", "the signature is not right")
	case len(c.Nonce) != 36 || s.nonces[c.Nonce]:
		return bad("nonce_used", "the nonce was used before, or is no UUID")
	}
	s.nonces[c.Nonce] = true
	if query == "" {
		if c.QueryHash != "" {
			return bad("invalid_query_payload", "a hash of nothing")
		}
		return nil
	}
	want := sha512.Sum512([]byte(query))
	if c.QueryHash != hex.EncodeToString(want[:]) || c.QueryHashAlg != "SHA512" {
		return bad("invalid_query_payload", "the hash is not that of %q", query)
	}
	return nil
}

func part(text string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// plainQuery returns a URL's query without escapes, in the order in which it came.
func plainQuery(raw string) (string, error) { return url.QueryUnescape(raw) }

// plainBody returns a JSON object of strings as a query, in the order in which it came, and as a map.
func plainBody(body []byte) (string, map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", nil, fmt.Errorf("want an object, got %v: %w", t, err)
	}
	var parts []string
	all := map[string]string{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", nil, err
		}
		value, err := d.Token()
		if err != nil {
			return "", nil, err
		}
		n, ok1 := name.(string)
		v, ok2 := value.(string)
		if !ok1 || !ok2 {
			return "", nil, fmt.Errorf("%v: want a string", name)
		}
		parts = append(parts, n+"="+v)
		all[n] = v
	}
	return strings.Join(parts, "&"), all, nil
}
