package web

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-trading/maru/web/access"
)

// TestChanging: each way in which a request to change something is refused, with what it says; none
// of them reaches the node, and none tells the token.
func TestChanging(t *testing.T) {
	lan := &net.TCPAddr{IP: net.IPv4(192, 168, 0, 5), Port: 7070}
	all := &net.TCPAddr{IP: net.IPv6unspecified, Port: 7070}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	header := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) { *r = *withBody(r, text) }
	}
	for _, c := range []struct {
		name   string
		addr   net.Addr
		change func(*http.Request)
		code   int
		says   string
	}{
		{"a good one", loopback, nil, 200, `"halted": "test"`},
		{"by number", loopback, host("127.0.0.1:7070"), 200, ""},
		{"by another number of loopback", loopback, host("127.8.8.8"), 200, ""},
		{"by IPv6", loopback, host("[::1]:7070"), 200, ""},
		{"under a configured name", loopback, host("Maru.Example.org"), 200, ""},
		{"from the own page", loopback, header("Origin", "http://localhost:7070"), 200, ""},
		{"with a character set", loopback, header("Content-Type", "application/json; charset=utf-8"), 200, ""},
		{"from another machine, by number", lan, host("192.168.0.5:7070"), 200, ""},
		{"from another machine, on every address", all, host("[fe80::1]:7070"), 200, ""},

		{"no token", loopback, func(r *http.Request) { r.Header.Del("Authorization") }, 401, "needs the control token"},
		{"a wrong token", loopback, header("Authorization", "Bearer "+strings.Repeat("0", 64)), 401, "needs the control token"},
		{"a token as a password", loopback, func(r *http.Request) { r.SetBasicAuth("maru", "x") }, 401, "needs the control token"},
		{"a token in the query", loopback, func(r *http.Request) {
			r.URL.RawQuery = "token=" + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			r.Header.Del("Authorization")
		}, 401, "needs the control token"},
		{"a foreign host", loopback, host("evil.example.org"), 403, "localhost"},
		{"a foreign host that begins well", loopback, host("localhost.evil.example.org:7070"), 403, "localhost"},
		{"a foreign host that is a number", loopback, host("93.184.216.34"), 403, "localhost"},
		{"no host", loopback, host(""), 403, "localhost"},
		{"a foreign host on the network", lan, host("evil.example.org:7070"), 403, "[http] hosts"},
		{"a foreign origin", loopback, header("Origin", "https://evil.example.org"), 403, "another site"},
		{"an origin on another port", loopback, header("Origin", "http://localhost:3000"), 403, "another site"},
		{"a sandboxed page", loopback, header("Origin", "null"), 403, "another site"},
		{"a page in a file", loopback, header("Origin", "file://"), 403, "another site"},
		{"two origins", loopback, func(r *http.Request) {
			r.Header["Origin"] = []string{"http://localhost:7070", "https://evil.example.org"}
		}, 403, "another site"},
		{"what the browser calls foreign", loopback, header("Sec-Fetch-Site", "cross-site"), 403, "another site"},
		{"what the browser calls a neighbour", loopback, header("Sec-Fetch-Site", "same-site"), 403, "another site"},
		{"a form", loopback, header("Content-Type", "application/x-www-form-urlencoded"), 415, "application/json"},
		{"plain text", loopback, header("Content-Type", "text/plain"), 415, "application/json"},
		{"no type", loopback, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "application/json"},
		{"a type that is none", loopback, header("Content-Type", "application/json;;"), 415, "application/json"},
		{"a large body", loopback, body(`{"reason":"` + strings.Repeat("a", BodyMax) + `"}`), 413, "16384 bytes"},
		{"a large body without its length", loopback, func(r *http.Request) {
			*r = *withBody(r, `{"reason":"`+strings.Repeat("a", BodyMax)+`"}`)
			r.ContentLength = -1
		}, 413, "16384 bytes"},
		{"a large body behind a good one", loopback, func(r *http.Request) {
			*r = *withBody(r, `{"reason":"x"}`+strings.Repeat(" ", BodyMax))
			r.ContentLength = -1
		}, 413, "16384 bytes"},
		{"no body", loopback, body(""), 400, "the body is empty"},
		{"no object", loopback, body("[]"), 400, "not as expected"},
		{"half an object", loopback, body(`{"reason":`), 400, "not as expected"},
		{"two objects", loopback, body(`{"reason":"x"}{}`), 400, "follows"},
		{"an unknown key", loopback, body(`{"reason":"x","flaten":true}`), 400, "flaten"},
		{"a value of another type", loopback, body(`{"reason":"x","cancel":"yes"}`), 400, "cancel"},
		{"no reason", loopback, body(`{"cancel":true}`), 400, "say why"},
		{"an empty reason", loopback, body(`{"reason":" "}`), 400, "say why"},
		{"a long reason", loopback, body(`{"reason":"` + strings.Repeat("a", ReasonMax+1) + `"}`), 400, "at most"},
		{"a reason of two lines", loopback, body(`{"reason":"a\nb"}`), 400, "one line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, c.addr, "maru.example.org")
			code, text, h := s.do(s.request(c.change))
			if code != c.code || !strings.Contains(text, c.says) {
				t.Errorf("%d, want %d that says %q\n%s", code, c.code, c.says, text)
			}
			if calls := s.take(); (len(calls) == 1) != (c.code == http.StatusOK) {
				t.Errorf("the node was asked for %q", calls)
			}
			counts := map[int]string{401: refusedToken, 403: refusedHost, 413: refusedSize, 415: refusedType}
			if strings.Contains(c.says, "another site") {
				counts[403] = refusedOrigin
			}
			if reason, counted := counts[c.code]; counted && (s.refused[reason] != 1 || !slices.Contains(Refusals(), reason)) || !counted && len(s.refused) != 0 {
				t.Errorf("counted as %v", s.refused)
			}
			if !json.Valid([]byte(text)) || h.Get("Content-Type") != "application/json" {
				t.Errorf("the answer is no JSON: %s", text)
			}
			secret := strings.TrimPrefix(s.token.Header(), "Bearer ")
			if strings.Contains(text, secret) || strings.Contains(s.log.String(), secret) {
				t.Errorf("the token is told\n%s\n%s", text, s.log)
			}
			if h.Get("Access-Control-Allow-Origin") != "" {
				t.Error("pages of other sites may read the answer")
			}
			if (h.Get("WWW-Authenticate") != "") != (c.code == http.StatusUnauthorized) {
				t.Errorf("%d with WWW-Authenticate %q", c.code, h.Get("WWW-Authenticate"))
			}
		})
	}
}

func withBody(r *http.Request, text string) *http.Request {
	again := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(text))
	again.Header, again.Host = r.Header, r.Host
	return again
}

// TestWhereTheTokenIs is told to this machine only.
func TestWhereTheTokenIs(t *testing.T) {
	s := newSite(t, loopback)
	for from, told := range map[string]bool{"127.0.0.1:5": true, "[::1]:5": true, "192.0.2.1:5": false, "": false} {
		_, text, _ := s.do(s.request(func(r *http.Request) {
			r.RemoteAddr = from
			r.Header.Del("Authorization")
		}))
		if strings.Contains(text, s.guard.tokenFile) != told {
			t.Errorf("to %s: %s", from, text)
		}
	}
}

// TestPreflight: a browser that asks before it sends is told nothing that lets it.
func TestPreflight(t *testing.T) {
	s := newSite(t, loopback)
	r := httptest.NewRequest(http.MethodOptions, "http://localhost:7070/api/v1/accounts/main/halt", nil)
	r.Header.Set("Origin", "https://evil.example.org")
	r.Header.Set("Access-Control-Request-Method", "POST")
	code, _, h := s.do(r)
	if code == http.StatusOK || code == http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("%d with %v", code, h)
	}
}

// TestReadingNeedsNoToken, but a known name where the server is for this machine only.
func TestReadingNeedsNoToken(t *testing.T) {
	for host, want := range map[string]int{"localhost:7070": 200, "127.0.0.1": 200, "evil.example.org": 403, "maru.example.org": 200} {
		s := newSite(t, loopback, "maru.example.org")
		for _, path := range []string{"/api/v1/accounts", "/api/v1/orders", "/api/v1/positions", "/api/v1/orders/x/why", "/", "/metrics"} {
			r := httptest.NewRequest(http.MethodGet, "http://x"+path, nil)
			r.Host = host
			if code, text, _ := s.do(r); code != want {
				t.Errorf("%s of %s: %d, want %d\n%.200s", path, host, code, want, text)
			}
		}
	}
}

// TestWrongTokensAreLimited, and the right one always gets through.
func TestWrongTokensAreLimited(t *testing.T) {
	s := newSite(t, loopback)
	now := time.Unix(1000, 0)
	s.guard.now = func() time.Time { return now }
	wrong := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("1", 64)) }
	counts := map[int]int{}
	var h http.Header
	for range 10 * failuresMax {
		var code int
		code, _, h = s.do(s.request(wrong))
		counts[code]++
	}
	if counts[401] != failuresMax || counts[429] != 9*failuresMax || h.Get("Retry-After") == "" {
		t.Errorf("%v, retry after %q", counts, h.Get("Retry-After"))
	}
	if lines := strings.Count(s.log.String(), "\n"); lines != failuresMax {
		t.Errorf("%d lines in the log, want %d", lines, failuresMax)
	}
	if code, text, _ := s.do(s.request(nil)); code != http.StatusOK {
		t.Errorf("the right token meanwhile: %d %s", code, text)
	}
	now = now.Add(failureEvery + time.Millisecond)
	if code, _, _ := s.do(s.request(wrong)); code != 401 {
		t.Errorf("after a while: %d", code)
	}
	if code, _, _ := s.do(s.request(wrong)); code != 429 {
		t.Errorf("at once again: %d", code)
	}
	now = now.Add(time.Hour)
	for i := range failuresMax {
		if code, _, _ := s.do(s.request(wrong)); code != 401 {
			t.Errorf("after an hour, failure %d: %d", i, code)
		}
	}
}

// TestNoTokenNoChange: a node without a token lets nobody change anything.
func TestNoTokenNoChange(t *testing.T) {
	s := newSite(t, loopback)
	header := s.token.Header()
	s.guard.token = access.Token{}
	for _, h := range []string{"", "Bearer ", header} {
		if code, text, _ := s.do(s.request(func(r *http.Request) { r.Header.Set("Authorization", h) })); code != 403 || len(s.take()) != 0 {
			t.Errorf("%d %s", code, text)
		}
	}
}

// TestConcurrentRequests: many at once, right and wrong, are kept apart.
func TestConcurrentRequests(t *testing.T) {
	s := newSite(t, loopback)
	const each = 50
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	for range 8 {
		for _, change := range []func(*http.Request){nil, func(r *http.Request) { r.Header.Del("Authorization") }} {
			wg.Go(func() {
				for range each {
					code, _, _ := s.do(s.request(change))
					mu.Lock()
					counts[code]++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if counts[200] != 8*each || counts[401]+counts[429] != 8*each || len(s.take()) != 8*each {
		t.Errorf("%v", counts)
	}
}

// TestPage: it runs what stands in it and nothing else, and brings nothing from elsewhere.
func TestPage(t *testing.T) {
	s := newSite(t, loopback)
	code, text, h := s.do(httptest.NewRequest(http.MethodGet, "http://localhost/", nil))
	if code != http.StatusOK || text != string(page) {
		t.Fatalf("%d, %d bytes", code, len(text))
	}
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "connect-src 'self'", "script-src 'sha256-", "style-src 'sha256-", "frame-ancestors 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy lets others in: %s", policy)
	}
	if n := bytes.Count(page, []byte("<script")); n != 1 || bytes.Count(page, []byte("<style")) != 1 {
		t.Errorf("%d scripts: the policy names one script and one style", n)
	}
	if found := regexp.MustCompile(`(?i)\son[a-z]+\s*=\s*["']|\sstyle\s*=|src\s*=|href\s*=|https?://`).Find(page); found != nil {
		t.Errorf("the page has %q", found)
	}
}
