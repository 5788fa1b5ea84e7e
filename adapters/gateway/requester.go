package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Result says what is known of a request once Do has returned. The zero Result is none.
type Result uint8

const (
	// Answered: the whole answer is here, and its status says that it is the venue's word: 2xx, or
	// 4xx but for 408. What the words mean is the adapter's to say; an answer that it cannot read
	// is to be taken as Unknown.
	Answered Result = 1 + iota
	// Unknown: the request may or may not have taken effect. Timeout, torn connection, 5xx, 408,
	// any status that no venue answers with, an answer that is too long.
	Unknown
	// NotSent: it is proven that no byte of the request left, since no connection was ever had to
	// send it on: name not resolved, dial refused, TLS not agreed on, no permit, already too late.
	NotSent
)

var resultNames = []string{"-", "answered", "unknown", "not_sent"}

// String returns answered, unknown or not_sent.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return fmt.Sprintf("unknown(%d)", uint8(r))
}

// Request is one HTTP request. It is sent once.
type Request struct {
	Method string
	URL    string // whole: base, path, query
	Header http.Header
	Body   []byte        // none only for GET, HEAD and DELETE
	Within time.Duration // from now until the whole answer must be here; zero: as configured
}

// Outcome is what became of a request.
type Outcome struct {
	Result Result
	Err    error // why it is not Answered; names method and path, never the query or a header

	// Of an answer; also where the Result is Unknown, if there was one.
	Status int
	Header http.Header
	Body   []byte

	// By our clock: when Do was called, and when the answer was here or was given up.
	Sent, Received market.Timestamp
}

// RequesterConfig is what a Requester works by.
type RequesterConfig struct {
	// Timeout is how long a request may take, dialing included. Zero: 10 s.
	Timeout time.Duration
	// BodyBytesMax is the longest answer that is read, unpacked. Zero: 8 MB.
	BodyBytesMax int64
	// ConnectionsMax is how many connections to a host there may be at once; requests beyond wait
	// for one, which counts as time. Zero: 32.
	ConnectionsMax int
	// IdleTimeout is how long an unused connection is kept. It should be shorter than the venue
	// keeps it: a request that meets a connection being closed has an unknown outcome. Zero: 30 s.
	IdleTimeout time.Duration
	// UserAgent names us; empty: maru.
	UserAgent string
	// Now is our clock. It must be given.
	Now func() market.Timestamp
	// Dial makes connections; nil: the net package's, through the proxy of the environment.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	requestTimeout      = 10 * time.Second
	bodyBytesMax        = 8 << 20
	connectionsMax      = 32
	idleTimeout         = 30 * time.Second
	dialTimeout         = 5 * time.Second
	headerBytesMax      = 64 << 10
	answerErrorBytesMax = 200
)

// Requester sends HTTP requests, each at most once: over HTTP/1.1 with connections kept alive, without
// following redirects, and without the silent second attempt that net/http makes when a kept
// connection turns out to be dead. It is safe for concurrent use.
type Requester struct {
	cfg       RequesterConfig
	transport *http.Transport
}

// NewRequester returns a Requester. It fails if a field of cfg is negative or Now is missing.
func NewRequester(cfg RequesterConfig) (*Requester, error) {
	if cfg.Now == nil {
		return nil, errors.New("gateway: requester: no clock")
	}
	if cfg.Timeout < 0 || cfg.BodyBytesMax < 0 || cfg.ConnectionsMax < 0 || cfg.IdleTimeout < 0 {
		return nil, errors.New("gateway: requester: timeout, body bytes, connections and idle timeout must be 0 (the default) or more")
	}
	cfg.Timeout = orDefault(cfg.Timeout, requestTimeout)
	cfg.BodyBytesMax = orDefault(cfg.BodyBytesMax, bodyBytesMax)
	cfg.ConnectionsMax = orDefault(cfg.ConnectionsMax, connectionsMax)
	cfg.IdleTimeout = orDefault(cfg.IdleTimeout, idleTimeout)
	cfg.UserAgent = orDefault(cfg.UserAgent, "maru")
	proxy := http.ProxyFromEnvironment
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext
	} else {
		proxy = nil // whoever brings the connections knows where they lead
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &Requester{cfg: cfg, transport: &http.Transport{
		Proxy:                  proxy,
		DialContext:            cfg.Dial,
		TLSHandshakeTimeout:    dialTimeout,
		MaxConnsPerHost:        cfg.ConnectionsMax,
		MaxIdleConns:           cfg.ConnectionsMax * 2,
		MaxIdleConnsPerHost:    cfg.ConnectionsMax,
		IdleConnTimeout:        cfg.IdleTimeout,
		MaxResponseHeaderBytes: headerBytesMax,
		Protocols:              &protocols,
	}}, nil
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Close lets go of idle connections. Requests under way go on.
func (r *Requester) Close() { r.transport.CloseIdleConnections() }

// once is a body that cannot be sent a second time: it is no type that net/http could rewind, and
// it is there, if empty, also where a request has none. net/http repeats a request whose connection
// dies only if its body is missing or can be had again (Transport: isReplayable, nothingWritten).
type once struct{ io.Reader }

func (once) Close() error { return nil }

// Do sends the request and waits for the outcome, until ctx ends or the time is over.
func (r *Requester) Do(ctx context.Context, q Request) Outcome {
	out := Outcome{Sent: r.cfg.Now()}
	fail := func(result Result, format string, args ...any) Outcome {
		out.Result, out.Received = result, r.cfg.Now()
		out.Err = fmt.Errorf("gateway: %s %s: "+format, append([]any{q.Method, pathOf(q.URL)}, args...)...)
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, orDefault(q.Within, r.cfg.Timeout))
	defer cancel()
	if err := ctx.Err(); err != nil {
		return fail(NotSent, "not sent: %w", err)
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, q.Method, q.URL, nil)
	if err != nil {
		return fail(NotSent, "not sent: %w", plain(err))
	}
	for name, values := range q.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", r.cfg.UserAgent)
	request.Body, request.ContentLength = once{bytes.NewReader(q.Body)}, int64(len(q.Body))
	if len(q.Body) == 0 && q.Method != http.MethodGet && q.Method != http.MethodHead && q.Method != http.MethodDelete {
		return fail(NotSent, "not sent: a request of this method needs a body") // net/http would repeat it
	}
	response, err := r.transport.RoundTrip(request)
	if err != nil {
		if !connected.Load() {
			return fail(NotSent, "not sent: %w", plain(err))
		}
		return fail(Unknown, "no answer: %w", plain(err))
	}
	defer response.Body.Close()
	out.Status, out.Header = response.StatusCode, response.Header
	body, err := io.ReadAll(io.LimitReader(response.Body, r.cfg.BodyBytesMax+1))
	switch {
	case err != nil:
		return fail(Unknown, "status %d and half an answer: %w", out.Status, plain(err))
	case int64(len(body)) > r.cfg.BodyBytesMax:
		return fail(Unknown, "status %d and an answer of more than %d bytes", out.Status, r.cfg.BodyBytesMax)
	}
	out.Body = body
	if !Definite(out.Status) {
		return fail(Unknown, "status %d says nothing of what became of it: %.*q", out.Status, answerErrorBytesMax, body)
	}
	out.Result, out.Received = Answered, r.cfg.Now()
	return out
}

// Definite reports whether an answer of this HTTP status tells what became of a request. 5xx and 408
// do not (the server does not know either), and no venue answers with the others.
func Definite(status int) bool {
	return status >= 200 && status < 300 || status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// plain returns err without the URL around it, whose query may hold a signature.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// pathOf returns host and path of a URL, without the query.
func pathOf(text string) string {
	text, _, _ = strings.Cut(text, "?")
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	if _, behind, ok := strings.Cut(rest, "@"); ok { // a password has no place in there, but might be
		rest = behind
	}
	return rest
}
