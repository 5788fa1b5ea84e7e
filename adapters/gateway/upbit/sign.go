package upbit

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
)

// tokenHeader is the first part of every token: {"alg":"HS512","typ":"JWT"}. Upbit takes HS256 too,
// and recommends HS512 (docs.upbit.com/kr/reference/auth, page of 2026-09-22).
var tokenHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS512","typ":"JWT"}`))

// token returns the JSON Web Token (RFC 7519) that authorizes one request, or one dial of the private
// stream. nonce must never have been used before, and query is the request's parameters as
// params.plain writes them: empty if there are none. The secret signs as the bytes that Upbit
// shows: it is no base64.
//
// access and nonce are of letters that need no escaping in JSON; newGateway and newNonce see to it.
func token(access string, secret []byte, nonce, query string) string {
	claims := make([]byte, 0, 512)
	claims = append(claims, `{"access_key":"`...)
	claims = append(claims, access...)
	claims = append(claims, `","nonce":"`...)
	claims = append(claims, nonce...)
	if query != "" {
		sum := sha512.Sum512([]byte(query))
		claims = append(claims, `","query_hash":"`...)
		claims = hex.AppendEncode(claims, sum[:])
		claims = append(claims, `","query_hash_alg":"SHA512`...)
	}
	claims = append(claims, `"}`...)

	out := make([]byte, 0, 1024)
	out = append(out, tokenHeader...)
	out = append(out, '.')
	out = base64.RawURLEncoding.AppendEncode(out, claims)
	mac := hmac.New(sha512.New, secret)
	mac.Write(out)
	out = append(out, '.')
	return string(base64.RawURLEncoding.AppendEncode(out, mac.Sum(nil)))
}

// nonceOf returns 16 random bytes as a UUID of version 4 (RFC 9562), which is what Upbit asks for.
func nonceOf(random [16]byte) string {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	b := make([]byte, 0, 36)
	for i, c := range random {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, []byte{c})
	}
	return string(b)
}
