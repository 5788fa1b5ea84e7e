package upbit

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// TestTokenAsDocumented: the manual shows a token (docs.upbit.com/kr/reference/auth, page of 2026-09-22), with
// the claims in it, but neither the secret nor the query that was hashed. Header and claims must come out to
// the letter.
func TestTokenAsDocumented(t *testing.T) {
	const (
		documented = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJhY2Nlc3Nfa2V5IjoiYTdYZDkyTG1RVzN2QnRSellwTWo1Q3hOS2VUMUh1VnMwZkZnSmNBdyIs" +
			"Im5vbmNlIjoiYjJmMWUzZjgtMmRjMS00ZDZmLWE4MzgtYzc0YzQ5YjBlMzlhIiwicXVlcnlfaGFzaCI6IjBiM2U4ODRkNDBjYzk5MmE4NTczMGNmNDcwYjRh" +
			"MzI4NmYxM2Q5YzQ2MjA0Mjc5ZWYzMjE1M2JjZGNkNGVkYjdjMTI5MjVlNzI2NjYzNmU4NmE2ZDZhZTU4MDRhNmJiMzk0ZTYzMmU0ZGJhOWI0MDQ1YWQ0NzBj" +
			"OTM3MjBlNWU2IiwicXVlcnlfaGFzaF9hbGciOiJTSEE1MTIifQ"
		nonce = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
	)
	const query, hashed = "any=query", "0b3e884d40cc992a85730cf470b4a3286f13d9c46204279ef32153bcdcd4edb7c12925e7266636e86a6d6ae5804a6bb394e632e4dba9b4045ad470c93720e5e6"
	parts, want := strings.Split(token(testAccess, []byte("any"), nonce, query), "."), strings.Split(documented, ".")
	if parts[0] != want[0] {
		t.Errorf("header %s, want %s", parts[0], want[0])
	}
	sum := sha512.Sum512([]byte(query))
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.Replace(string(claims), hex.EncodeToString(sum[:]), hashed, 1)
	if got := base64.RawURLEncoding.EncodeToString([]byte(theirs)); got != want[1] {
		t.Errorf("claims\n%s, want\n%s", got, want[1])
	}
}

// TestTokenRecomputed: signatures made with Python's hmac and hashlib.
func TestTokenRecomputed(t *testing.T) {
	const nonce = "b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a"
	for query, want := range map[string]string{
		"": "ZbplQdrVcFclgdkM8ETFDHg3ZA7TSY6aSrgKrIXNfUSgjKwl3LeIPj1ChQIfqWMYPMyMUv2IttAoh5ZwWnIhUg",
		"market=KRW-BTC&states[]=wait&states[]=watch&limit=10":               "c5ohmhk9VEIhHeK79hJ_14seKfgPIpFX31kTVEMeywn5DPhVLbSYMKvdx9rTaf1bweiOZsNV9_qK-5-EbHpo6A",
		"market=KRW-BTC&side=bid&volume=0.001&price=50000000&ord_type=limit": "cFgNkcZ9fkLfvZFM9iCIgjFHjWmRDfSdYllFsMQIuIP5O_Qwu0ggAoVlplEjIk4l4ROFPTcXHi_BvSu1BA1tRQ",
	} {
		got := token(testAccess, []byte(testSecret), nonce, query)
		if signature := got[strings.LastIndex(got, ".")+1:]; signature != want {
			t.Errorf("%q: signature %s, want %s", query, signature, want)
		}
	}
}

func TestNonce(t *testing.T) {
	if got := nonceOf([16]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7}); got != "ffffffff-ffff-4fff-bf01-020304050607" {
		t.Error(got)
	}
}

// TestParams: what is signed, what stands in a URL and what in a body are the same, in the same order.
func TestParams(t *testing.T) {
	p := params{{"market", "KRW-BTC"}, {"states[]", "wait"}, {"states[]", "watch"}, {"name", `a b&"c`}}
	if got, want := p.plain(), `market=KRW-BTC&states[]=wait&states[]=watch&name=a b&"c`; got != want {
		t.Errorf("plain %s", got)
	}
	if got, want := p.query(), "market=KRW-BTC&states%5B%5D=wait&states%5B%5D=watch&name=a+b%26%22c"; got != want {
		t.Errorf("query %s", got)
	}
	if got, want := string(p[:1].with("name", `a b&"c`).body()), `{"market":"KRW-BTC","name":"a b&\"c"}`; got != want {
		t.Errorf("body %s", got)
	}
}

// TestRequests holds what is asked, as it is signed.
func TestRequests(t *testing.T) {
	w := &world{t: t, cfg: Config{Now: clockAt("2026-11-21T00:00:00Z")}}
	place, err := placeRequest(w.order(nil).Fields(), "cancel_taker")
	if err != nil {
		t.Fatal(err)
	}
	byID, _ := orderRequest("u", "c")
	byClient, _ := orderRequest("", "c")
	cancel, _ := cancelRequest("u", "c")
	for _, tc := range []struct {
		r              request
		want           string
		orders, cancel bool
	}{
		{place, "POST /v1/orders market=KRW-BTC&side=bid&volume=0.01&price=140000000&ord_type=limit&identifier=main-1-1&smp_type=cancel_taker", true, false},
		{byID, "GET /v1/order uuid=u", false, false},
		{byClient, "GET /v1/order identifier=c", false, false},
		{cancel, "DELETE /v1/order uuid=u", false, true},
		{openRequest(3), "GET /v1/orders/open states[]=wait&states[]=watch&page=3&limit=100&order_by=asc", false, false},
		{closedRequest("KRW-BTC", w.cfg.Now()), "GET /v1/orders/closed market=KRW-BTC&states[]=done&states[]=cancel&start_time=1795219200000&end_time=1795824000000&limit=1000&order_by=asc", false, false},
		{accountsRequest(), "GET /v1/accounts ", false, false},
		{keysRequest(), "GET /v1/api_keys ", false, false},
		{chanceRequest("KRW-BTC"), "GET /v1/orders/chance market=KRW-BTC", false, false},
	} {
		if got := tc.r.method + " " + tc.r.path + " " + tc.r.params.plain(); got != tc.want || tc.r.orders != tc.orders || tc.r.cancel != tc.cancel {
			t.Errorf("\n got %s\nwant %s, orders %v cancel %v", got, tc.want, tc.r.orders, tc.r.cancel)
		}
	}
	if _, err := cancelRequest("", ""); err == nil {
		t.Error("an order without an id")
	}
	f := w.order(nil).Fields()
	f.ClientOrderID = ""
	if _, err := placeRequest(f, "none"); err == nil {
		t.Error("an order without our id")
	}
}
