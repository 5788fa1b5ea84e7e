package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

func now() market.Timestamp { return market.TimestampOf(time.Now()) }

func requester(t *testing.T, cfg gateway.RequesterConfig) *gateway.Requester {
	t.Helper()
	cfg.Now = now
	r, err := gateway.NewRequester(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestAnswersThatAreTheVenuesWord(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		_, _ = fmt.Sscan(r.URL.Query().Get("status"), &status)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	}))
	defer server.Close()
	r := requester(t, gateway.RequesterConfig{})
	for status, want := range map[int]gateway.Result{
		200: gateway.Answered, 201: gateway.Answered, 400: gateway.Answered, 401: gateway.Answered, 403: gateway.Answered,
		404: gateway.Answered, 409: gateway.Answered, 418: gateway.Answered, 429: gateway.Answered,
		408: gateway.Unknown, 500: gateway.Unknown, 502: gateway.Unknown, 503: gateway.Unknown, 504: gateway.Unknown, 599: gateway.Unknown,
		302: gateway.Unknown, 307: gateway.Unknown,
	} {
		out := r.Do(t.Context(), gateway.Request{Method: http.MethodPost, URL: fmt.Sprintf("%s/order?status=%d&signature=abc", server.URL, status), Body: []byte("a=b")})
		if out.Result != want || out.Status != status || out.Received < out.Sent || out.Sent == 0 {
			t.Errorf("status %d: %v %d %v", status, out.Result, out.Status, out.Err)
		}
		if string(out.Body) != "POST /order a=b" {
			t.Errorf("status %d: body %q", status, out.Body)
		}
		if (out.Err == nil) != (want == gateway.Answered) || out.Err != nil && strings.Contains(out.Err.Error(), "signature") {
			t.Errorf("status %d: error %v", status, out.Err)
		}
	}
}

// A server that reads a request and then does something to the connection.
func lowly(t *testing.T, requests *atomic.Int64, then func(c net.Conn, n int64)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					request, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					then(c, requests.Add(1))
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestTornConnectionsAreUnknown(t *testing.T) {
	for name, answer := range map[string]string{
		"closed at once": "",
		"half a status":  "HTTP/1.1 20",
		"no headers":     "HTTP/1.1 200 OK\r\nContent-Le",
		"half a body":    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"ok\"",
		"half a chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
		"no HTTP":        "SSH-2.0-OpenSSH_9.2\r\n",
		"bad gzip":       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			url := lowly(t, &requests, func(c net.Conn, _ int64) { _, _ = io.WriteString(c, answer); c.Close() })
			out := requester(t, gateway.RequesterConfig{}).Do(t.Context(), gateway.Request{Method: http.MethodPost, URL: url + "/order?signature=abc", Body: []byte("a=b")})
			if out.Result != gateway.Unknown || out.Err == nil || strings.Contains(out.Err.Error(), "signature") {
				t.Errorf("%v %v", out.Result, out.Err)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests arrived, want 1", n)
			}
		})
	}
}

// The server answers the first request of a connection and hangs up on the second without a word, as
// one does that gave the connection up for idle. net/http repeats requests then unless it is kept
// from it.
func TestNothingIsSentASecondTime(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodGet} {
		t.Run(method, func(t *testing.T) {
			var requests atomic.Int64
			url := lowly(t, &requests, func(c net.Conn, n int64) {
				if n == 1 {
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					return
				}
				c.Close()
			})
			r := requester(t, gateway.RequesterConfig{ConnectionsMax: 1})
			var body []byte
			if method == http.MethodPost || method == http.MethodPut {
				body = []byte("a=b")
			}
			ask := func() gateway.Outcome {
				return r.Do(t.Context(), gateway.Request{Method: method, URL: url + "/order", Body: body, Header: http.Header{"Idempotency-Key": {"1"}}})
			}
			if out := ask(); out.Result != gateway.Answered || string(out.Body) != "ok" {
				t.Fatalf("first: %v %q %v", out.Result, out.Body, out.Err)
			}
			if out := ask(); out.Result != gateway.Unknown {
				t.Errorf("second: %v %v", out.Result, out.Err)
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("%d requests arrived, want 2", n)
			}
		})
	}
}

func TestRequestsOnAKeptConnectionGoOn(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.EnableHTTP2 = true
	server.Start()
	defer server.Close()
	r := requester(t, gateway.RequesterConfig{})
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPost, http.MethodGet} {
		q := gateway.Request{Method: method, URL: server.URL}
		if method == http.MethodPost {
			q.Body = []byte("a")
		}
		if out := r.Do(t.Context(), q); out.Result != gateway.Answered || string(out.Body) != "HTTP/1.1" {
			t.Errorf("%s: %v %q %v", method, out.Result, out.Body, out.Err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestWhatNeverLeftIsNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + l.Addr().String()
	l.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	defer plain.Close()
	r := requester(t, gateway.RequesterConfig{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	post := func(ctx context.Context, url string, body string) gateway.Outcome {
		return r.Do(ctx, gateway.Request{Method: http.MethodPost, URL: url, Body: []byte(body)})
	}
	for name, out := range map[string]gateway.Outcome{
		"dial refused":    post(t.Context(), refused, "a"),
		"no TLS there":    post(t.Context(), strings.Replace(plain.URL, "http:", "https:", 1), "a"),
		"already over":    post(over, plain.URL, "a"),
		"bad URL":         post(t.Context(), "http://[::1", "a"),
		"no host":         post(t.Context(), "http:///order", "a"),
		"POST of nothing": post(t.Context(), plain.URL, ""),
	} {
		if out.Result != gateway.NotSent || out.Err == nil || !strings.Contains(out.Err.Error(), "not sent") {
			t.Errorf("%s: %v %v", name, out.Result, out.Err)
		}
	}
	if out := post(t.Context(), refused, "a"); !strings.Contains(out.Err.Error(), "connection refused") {
		t.Errorf("dial refused: %v", out.Err)
	}
	// A dial that hangs, until the time is over.
	hang := requester(t, gateway.RequesterConfig{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	out := hang.Do(t.Context(), gateway.Request{Method: http.MethodPost, URL: plain.URL, Body: []byte("a"), Within: 10 * time.Millisecond})
	if out.Result != gateway.NotSent {
		t.Errorf("a dial that hangs: %v %v", out.Result, out.Err)
	}
}

func TestWhatTakesTooLongIsUnknown(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-release
	}))
	defer server.Close()
	defer close(release)
	r := requester(t, gateway.RequesterConfig{})
	out := r.Do(t.Context(), gateway.Request{Method: http.MethodPost, URL: server.URL, Body: []byte("a"), Within: 50 * time.Millisecond})
	if out.Result != gateway.Unknown || !errors.Is(out.Err, context.DeadlineExceeded) {
		t.Errorf("%v %v", out.Result, out.Err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 101)) }))
	defer server.Close()
	if out := requester(t, gateway.RequesterConfig{BodyBytesMax: 100}).Do(t.Context(), gateway.Request{Method: http.MethodGet, URL: server.URL}); out.Result != gateway.Unknown {
		t.Errorf("101 bytes: %v", out.Result)
	}
	if out := requester(t, gateway.RequesterConfig{BodyBytesMax: 101}).Do(t.Context(), gateway.Request{Method: http.MethodGet, URL: server.URL}); out.Result != gateway.Answered {
		t.Errorf("as many as may be: %v %v", out.Result, out.Err)
	}
}

func TestThrottled(t *testing.T) {
	at := market.TimestampOf(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		status int
		after  string
		want   time.Duration // below zero: not throttled
	}{
		{200, "", -1}, {400, "", -1}, {429, "", 10 * time.Second}, {418, "", 10 * time.Second},
		{429, "7", 7 * time.Second}, {418, "120", 2 * time.Minute}, {503, "3", 3 * time.Second}, {429, "0", 0},
		{429, "99999999999", 72 * time.Hour}, {429, "9999999999", 72 * time.Hour}, {418, "300000", 72 * time.Hour}, {429, "-5", 10 * time.Second}, {429, "soon", 10 * time.Second},
		{429, "Sat, 21 Nov 2026 12:00:30 GMT", 30 * time.Second}, {429, "Sat, 21 Nov 2026 11:00:00 GMT", 0},
	} {
		header := http.Header{}
		if c.after != "" {
			header.Set("Retry-After", c.after)
		}
		got, ok := gateway.Throttled(c.status, header, at)
		if ok != (c.want >= 0) || ok && got.Until != at.Add(c.want) {
			t.Errorf("%d %q: %v %v", c.status, c.after, got, ok)
		}
	}
}
