package binance

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/gateway"
)

// The examples of rest-api.md, SIGNED Endpoint Examples, HMAC Keys, and of web-socket-api.md, SIGNED
// request example (HMAC): the keys are the documentation's, and published there for this.
const (
	docKey    = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
	docSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
)

func docParams(symbol string) params {
	return params{{"symbol", symbol}, {"side", "BUY"}, {"type", "LIMIT"}, {"timeInForce", "GTC"}, {"quantity", "1"},
		{"price", "0.1"}, {"recvWindow", "5000"}, {"timestamp", "1499827319559"}}
}

func TestDocumentedHMACSignatures(t *testing.T) {
	s, err := newSigner(gateway.NewSecret(docSecret))
	if err != nil {
		t.Fatal(err)
	}
	for symbol, want := range map[string]string{
		"LTCBTC": "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
		"１２３４５６": "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
	} {
		p := docParams(symbol)
		if got := s.sign(p.encode()); got != want {
			t.Errorf("%s: %s signs as %s, want %s", symbol, p.encode(), got, want)
		}
		if got := p.signed(s); got != p.encode()+"&signature="+want {
			t.Errorf("%s: signed %s", symbol, got)
		}
	}
	if got, want := docParams("１２３４５６").encode(), "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDocumentedSocketSignatures(t *testing.T) {
	s, err := newSigner(gateway.NewSecret(docSecret))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    params
		want string
	}{
		{params{{"symbol", "BTCUSDT"}, {"side", "SELL"}, {"type", "LIMIT"}, {"timeInForce", "GTC"}, {"quantity", "0.01000000"}, {"price", "52000.00"},
			{"recvWindow", "100"}, {"timestamp", "1645423376532"}, {"apiKey", docKey}}, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"},
		{params{{"symbol", "１２３４５６"}, {"side", "BUY"}, {"type", "LIMIT"}, {"timeInForce", "GTC"}, {"quantity", "1.00000000"}, {"price", "0.10000000"},
			{"recvWindow", "5000"}, {"timestamp", "1645423376532"}, {"apiKey", docKey}}, "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"},
	} {
		if got := s.sign(c.p.socketPayload()); got != c.want {
			t.Errorf("%s signs as %s, want %s", c.p.socketPayload(), got, c.want)
		}
	}
}

// docEd25519 is the key of fix-api.md, How to sign Logon request: the one example with an Ed25519 key
// that the documentation gives whole (those of rest-api.md are signatures of another kind, 256 bytes
// long, by a key that is not shown).
const docEd25519 = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
-----END PRIVATE KEY-----`

func TestDocumentedEd25519Signature(t *testing.T) {
	s, err := newSigner(gateway.NewSecret(docEd25519))
	if err != nil {
		t.Fatal(err)
	}
	got := s.sign(strings.Join([]string{"A", "EXAMPLE", "SPOT", "1", "20240627-11:17:25.223"}, "\x01"))
	if want := "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA=="; got != want {
		t.Errorf("signs as %s, want %s", got, want)
	}
	// In a URL what base64 has beside letters and digits is escaped, and what was signed is what
	// stands before it.
	text := docParams("LTCBTC").signed(s)
	payload, escaped, _ := strings.Cut(text, "&signature=")
	if strings.ContainsAny(escaped, "+/=") {
		t.Errorf("signature %s is not escaped", escaped)
	}
	raw := strings.NewReplacer("%2B", "+", "%2F", "/", "%3D", "=").Replace(escaped)
	signature, err := base64.StdEncoding.DecodeString(raw)
	public := s.(edSigner).key().Public().(ed25519.PublicKey)
	if err != nil || !ed25519.Verify(public, []byte(payload), signature) {
		t.Errorf("%s does not verify: %v", text, err)
	}
}

func TestBadKeysAreRefusedUnseen(t *testing.T) {
	const rsa = "-----BEGIN RSA PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n-----END RSA PRIVATE KEY-----"
	const ec = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\nOF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----"
	for name, text := range map[string]string{
		"cut off":    docEd25519[:60],
		"RSA header": rsa,
		"elliptic":   ec,
		"garbage":    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----",
		"two keys":   docEd25519 + "\n" + docEd25519,
	} {
		if _, err := newSigner(gateway.NewSecret(text)); err == nil || strings.Contains(err.Error(), "MC4C") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignersDoNotPrint(t *testing.T) {
	for _, secret := range []string{docSecret, docEd25519} {
		s, err := newSigner(gateway.NewSecret(secret))
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
			for _, v := range []any{s, struct{ s signer }{s}, &Gateway{signer: s}} {
				text := fmt.Sprintf(verb, v)
				if strings.Contains(text, docSecret) || strings.Contains(text, fmt.Sprintf("%x", docSecret)) || strings.Contains(text, "8244616b4606b8") || strings.Contains(text, "130 68 97 107") {
					t.Errorf("%s prints %s", verb, text)
				}
			}
		}
	}
}

func TestRequestsOnTheWire(t *testing.T) {
	s, err := newSigner(gateway.NewSecret(docSecret))
	if err != nil {
		t.Fatal(err)
	}
	key := gateway.NewSecret(docKey)
	const signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
	q := request{method: http.MethodPost, path: orderPath, params: docParams("LTCBTC"), signed: true}.wire("https://example.org", s, key)
	if q.URL != "https://example.org/api/v3/order" || string(q.Body) != docParams("LTCBTC").encode()+"&signature="+signature {
		t.Errorf("POST: %s %s", q.URL, q.Body)
	}
	if q.Header.Get("X-MBX-APIKEY") != docKey || q.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("POST: %v", q.Header)
	}
	q = request{method: http.MethodDelete, path: orderPath, params: docParams("LTCBTC"), signed: true}.wire("https://example.org", s, key)
	if q.URL != "https://example.org/api/v3/order?"+docParams("LTCBTC").encode()+"&signature="+signature || len(q.Body) != 0 {
		t.Errorf("DELETE: %s %s", q.URL, q.Body)
	}
	q = serverTime().wire("https://example.org", s, key)
	if q.URL != "https://example.org/api/v3/time" || q.Header.Get("X-MBX-APIKEY") != "" {
		t.Errorf("time: %s %v", q.URL, q.Header)
	}
}
