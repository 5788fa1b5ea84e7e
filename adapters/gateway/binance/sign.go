package binance

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/maru-trading/maru/adapters/gateway"
)

// signer signs the text of a request.
type signer interface {
	// sign returns the signature as it goes into JSON; in a URL it has to be escaped.
	sign(payload string) string
}

// hmacSigner signs with HMAC-SHA-256, in hex (rest-api.md, HMAC Keys).
type hmacSigner struct{ secret gateway.Secret }

func (s hmacSigner) sign(payload string) string {
	mac := hmac.New(sha256.New, []byte(s.secret.Reveal()))
	mac.Write([]byte(payload))
	return hex.EncodeToString(mac.Sum(nil))
}

// edSigner signs with Ed25519, in base64 (rest-api.md, Ed25519 Keys). The key stands behind a
// function so that nothing prints it.
type edSigner struct{ key func() ed25519.PrivateKey }

func (s edSigner) sign(payload string) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(s.key(), []byte(payload)))
}

// newSigner returns the signer of a secret: a private key in PEM signs with Ed25519, anything else is
// taken for the secret of an HMAC key. No error of it quotes the secret.
func newSigner(secret gateway.Secret) (signer, error) {
	text := secret.Reveal()
	if !strings.Contains(text, "-----BEGIN") {
		return hmacSigner{secret}, nil
	}
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return nil, errors.New("binance: the secret begins like PEM and is none: give the private key file as it is")
	case len(strings.TrimSpace(string(rest))) > 0:
		return nil, errors.New("binance: the secret holds more than one PEM block: give the private key alone")
	case block.Type != "PRIVATE KEY":
		return nil, errors.New("binance: the secret is PEM, but no unencrypted PKCS #8 PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("binance: the private key is no PKCS #8")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("binance: the private key is not Ed25519; RSA keys are not supported: make an Ed25519 key")
	}
	return edSigner{func() ed25519.PrivateKey { return key }}, nil
}

// param is one parameter of a request.
type param struct{ name, value string }

// params are the parameters of a request in their order.
type params []param

func (p params) with(name, value string) params { return append(p, param{name, value}) }

// encode returns the parameters as they stand in a query or a form body. Everything but letters,
// digits and -._~ is percent-encoded, which is also what is signed (rest-api.md, SIGNED Endpoint
// Examples).
func (p params) encode() string {
	var b strings.Builder
	for i, q := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(q.name))
		b.WriteByte('=')
		b.WriteString(escape(q.value))
	}
	return b.String()
}

func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// signed returns the encoded parameters with their signature behind them.
func (p params) signed(s signer) string {
	payload := p.encode()
	return payload + "&signature=" + escape(s.sign(payload))
}

// socketPayload returns what is signed of a request over the WebSocket API: the parameters by name, as
// they are (web-socket-api.md, SIGNED request example).
func (p params) socketPayload() string {
	sorted := slices.Clone(p)
	slices.SortFunc(sorted, func(a, b param) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	for i, q := range sorted {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(q.name + "=" + q.value)
	}
	return b.String()
}
