package spot

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The examples of rest-api.md and web-socket-api.md, SIGNED request example (HMAC).
const (
	docKey    = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
	docSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
)

func TestDocumentedSignatures(t *testing.T) {
	key := Key{ID: docKey, Secret: docSecret}
	for _, c := range []struct{ query, body, signature string }{
		{"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559", "",
			"c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"},
		{"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559", "",
			"e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"},
		// The payload is query and body without a separator, wherever the signature stands.
		{"", "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
			"c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"},
		{"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC", "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
			"0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"}, // of the older page
	} {
		for _, signed := range [][2]string{{c.query + "&signature=" + c.signature, c.body}, {c.query, "signature=" + strings.ToUpper(c.signature) + "&" + c.body}} {
			p, fault := parseForm(signed[0], signed[1])
			if fault != nil {
				t.Fatal(fault)
			}
			if !key.verify(p.payload, p.get("signature")) {
				t.Errorf("%q: not accepted", signed)
			}
			if key.verify(p.payload+"0", p.get("signature")) || key.verify(p.payload, p.get("signature")+"00") || key.verify(p.payload, "xyz") {
				t.Errorf("%q: a wrong signature was accepted", signed)
			}
		}
	}
	// The WebSocket API sorts by name and takes values as they are.
	for _, c := range []struct{ symbol, side, quantity, price, window, signature string }{
		{"BTCUSDT", "SELL", "0.01000000", "52000.00", "100", "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"},
		{"１２３４５６", "BUY", "1.00000000", "0.10000000", "5000", "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"},
	} {
		p, fault := parseObject(json.RawMessage(`{"symbol":"` + c.symbol + `","side":"` + c.side + `","type":"LIMIT","timeInForce":"GTC","quantity":"` + c.quantity +
			`","price":"` + c.price + `","recvWindow":` + c.window + `,"timestamp":1645423376532,"apiKey":"` + docKey + `","signature":"` + c.signature + `"}`))
		if fault != nil {
			t.Fatal(fault)
		}
		if !key.verify(p.payload, p.get("signature")) {
			t.Errorf("the documented signature of order.place was not accepted: %s", p.payload)
		}
	}
}

// TestQueryGoesFirst: what both have, the query decides; the signature is over both as they stand.
func TestQueryGoesFirst(t *testing.T) {
	p, fault := parseForm("symbol=BTCUSDT&side=BUY", "side=SELL&price=1&signature=00")
	if fault != nil || p.get("side") != "BUY" || p.get("price") != "1" || p.payload != "symbol=BTCUSDT&side=BUYside=SELL&price=1" {
		t.Error(fault, p)
	}
}

func TestEd25519Signature(t *testing.T) {
	w := newWorld(t)
	query := form("timestamp", fmt.Sprint(int64(w.Now())/1e6))
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(edPrivate, []byte(query)))
	r := Request{Method: "GET", Path: "/api/v3/account", Query: query + "&" + form("signature", signature), APIKey: edKey}
	w.answer(200, r)
	r.Query = query + "&" + form("signature", strings.ToLower(signature))
	if got := w.refused(r); got != "400 -1022 Signature for this request is not valid." {
		t.Error(got)
	}
}

func TestKeysAndTime(t *testing.T) {
	w := newWorld(t)
	now := int64(w.Now()) / 1e6
	request := func(key, secret string, pairs ...string) Request {
		query := form(pairs...)
		return Request{Method: "GET", Path: "/api/v3/account", Query: query + "&signature=" + hmacOf(secret, query), APIKey: key}
	}
	const (
		stale = "400 -1021 Timestamp for this request is outside of the recvWindow."
		ahead = "400 -1021 Timestamp for this request was 1000ms ahead of the server's time."
	)
	for _, c := range []struct {
		r    Request
		want string // empty: it is answered
	}{
		{request("", aliceSecret, "timestamp", fmt.Sprint(now)), "401 -2014 API-key format invalid."},
		{request("no such key!", aliceSecret, "timestamp", fmt.Sprint(now)), "401 -2014 API-key format invalid."},
		{request("nosuchkey", aliceSecret, "timestamp", fmt.Sprint(now)), "401 -2015 Invalid API-key, IP, or permissions for action."},
		{request(aliceKey, bobSecret, "timestamp", fmt.Sprint(now)), "400 -1022 Signature for this request is not valid."},
		{request(aliceKey, aliceSecret), "400 -1102 Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."},
		{Request{Method: "GET", Path: "/api/v3/account", Query: form("timestamp", fmt.Sprint(now)), APIKey: aliceKey},
			"400 -1102 Mandatory parameter 'signature' was not sent, was empty/null, or malformed."},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now)), ""},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now*1000)), ""}, // microseconds
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now-5000)), ""},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now-5001)), stale},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now+999)), ""},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now+1000)), ahead},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now-11), "recvWindow", "10"), stale},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now*1000-10_346), "recvWindow", "10.346"), ""},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now*1000-10_347), "recvWindow", "10.346"), stale},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now), "recvWindow", "60001"), "400 -1102 'recvWindow' contains unexpected value. Cannot be greater than 60000."},
		{request(aliceKey, aliceSecret, "timestamp", "soon"), "400 -1100 Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'."},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now), "foo", "1"), "400 -1104 Not all sent parameters were read; read '2' parameter(s) but was sent '3'."},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now), "omitZeroBalances", ""), "400 -1105 Parameter 'omitZeroBalances' was empty."},
		{request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now), "timestamp", "1"), "400 -1101 Duplicate values for a parameter detected."},
	} {
		if c.want == "" {
			w.answer(200, c.r)
		} else if got := w.refused(c.r); got != c.want {
			t.Errorf("%s: %s, want %s", c.r.Query, got, c.want)
		}
	}
	// A key that may only read does not trade, and says what it may.
	if got := w.refused(w.signedBy(readKey, readSecret, "POST /api/v3/order", limitOrder("x", "BUY", "1", cents(9_000_000))...)); got != "401 -2015 Invalid API-key, IP, or permissions for action." {
		t.Error(got)
	}
	may := decode[object](t, w.answer(200, w.signedBy(readKey, readSecret, "GET /sapi/v1/account/apiRestrictions")))
	if may["enableWithdrawals"] != true || may["enableSpotAndMarginTrading"] != false || may["enableReading"] != true {
		t.Error(may)
	}
	may = w.ok("GET /sapi/v1/account/apiRestrictions")
	if may["enableWithdrawals"] != false || may["enableSpotAndMarginTrading"] != true {
		t.Error(may)
	}
	// A skewed clock is what counts.
	if _, err := w.Inject(Fault{Kind: FaultClockSkew, Skew: -10 * time.Second, For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if got := w.refused(request(aliceKey, aliceSecret, "timestamp", fmt.Sprint(now))); got != ahead {
		t.Error(got)
	}
	w.pass(time.Minute)
	w.ok("GET /api/v3/account")
}
