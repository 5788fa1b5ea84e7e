// Package http reads an engine's file from a web server, and tells when it was replaced. It imports
// nothing of Maru; the node hands it to a classifier as its source.
package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Errors that Open and its reader wrap.
var (
	ErrStatus = errors.New("the server did not give the file")
	ErrSlow   = errors.New("the server fell silent")
	ErrTooBig = errors.New("the file is larger than allowed")
)

// Config is where the file is and how long it is waited for.
type Config struct {
	URL      string        // https, or http
	Silence  time.Duration // after so long without an answer, or another byte, it gives up
	BytesMax int64         // what the server says that it will send; what it sends is for the reader to count
	Client   *http.Client  // nil: one of its own
}

// DefaultConfig returns a configuration of a URL, with half a minute of silence and any size.
func DefaultConfig(url string) Config {
	return Config{URL: url, Silence: 30 * time.Second, BytesMax: 1 << 62}
}

// Source is one file on a server. It may be replaced at any time.
type Source struct {
	cfg    Config
	client *http.Client
	name   string // of the URL, without what may be secret
}

// New returns the source of a configuration. It fails where the URL is none of http or https.
func New(cfg Config) (*Source, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, errors.New("engine: want a URL https://… or http://… without user and password")
	}
	if cfg.Silence <= 0 || cfg.BytesMax <= 0 {
		return nil, fmt.Errorf("engine: %s: want a silence and a bound above zero", u.Redacted())
	}
	client := cfg.Client
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableCompression = true // the mark and the length are those of the bytes themselves
		client = &http.Client{Transport: transport}
	}
	own := *client
	own.CheckRedirect = func(to *http.Request, via []*http.Request) error {
		switch {
		case len(via) > redirectsMax:
			return fmt.Errorf("more than %d redirects", redirectsMax)
		case via[0].URL.Scheme == "https" && to.URL.Scheme != "https":
			return errors.New("a redirect from https to an open line, where a file can be forged")
		}
		return nil
	}
	return &Source{cfg: cfg, client: &own, name: u.Scheme + "://" + u.Host + u.EscapedPath()}, nil
}

const redirectsMax = 5

// Open asks for the file, unless it still is the one that seen names: the ETag that the server gave with
// it, or else its Last-Modified. A server that gives neither is asked for the whole file each time.
// It fails with ErrStatus, ErrSlow, ErrTooBig, or as the connection does; so does the reader, also where
// the file ends before the length that the server named.
func (s *Source) Open(ctx context.Context, seen string) (io.ReadCloser, string, error) {
	ctx, cancel := context.WithCancel(ctx)
	b := &body{name: s.name, silence: s.cfg.Silence, cancel: cancel}
	b.watch()
	file, mark, err := s.ask(ctx, seen)
	if err != nil {
		b.end()
		return nil, "", b.because(err)
	}
	if file == nil {
		b.end()
		return nil, seen, nil
	}
	b.from = file
	return b, mark, nil
}

func (s *Source) ask(ctx context.Context, seen string) (io.ReadCloser, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.URL, nil)
	if err != nil {
		return nil, "", errors.New("the URL is no good")
	}
	switch kind, value, _ := strings.Cut(seen, " "); kind {
	case etag:
		req.Header.Set("If-None-Match", value)
	case modified:
		req.Header.Set("If-Modified-Since", value)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	switch {
	case res.StatusCode == http.StatusNotModified && seen != "":
		return nil, seen, res.Body.Close()
	case res.StatusCode != http.StatusOK:
		return nil, "", errors.Join(fmt.Errorf("%w: it answered %d %s", ErrStatus, res.StatusCode, http.StatusText(res.StatusCode)), res.Body.Close())
	case res.ContentLength > s.cfg.BytesMax:
		return nil, "", errors.Join(fmt.Errorf("%w: %d bytes, at most %d: raise the bound if it is meant to be so large", ErrTooBig, res.ContentLength, s.cfg.BytesMax), res.Body.Close())
	}
	mark := ""
	if tag := res.Header.Get("ETag"); tag != "" {
		mark = etag + " " + tag
	} else if at := res.Header.Get("Last-Modified"); at != "" {
		mark = modified + " " + at
	}
	if mark != "" && mark == seen {
		return nil, seen, res.Body.Close() // a server that does not answer 304
	}
	return res.Body, mark, nil
}

// The kinds of mark.
const (
	etag     = "etag"
	modified = "modified"
)

// body is what a server sends, given up when it falls silent.
type body struct {
	name    string
	from    io.ReadCloser
	silence time.Duration
	cancel  context.CancelFunc

	mu    sync.Mutex
	timer *time.Timer
	slow  bool
}

// watch begins to count the silence.
func (b *body) watch() {
	b.timer = time.AfterFunc(b.silence, func() {
		b.mu.Lock()
		b.slow = true
		b.mu.Unlock()
		b.cancel()
	})
}

func (b *body) end() {
	b.timer.Stop()
	b.cancel()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if n > 0 {
		b.timer.Reset(b.silence)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.because(err)
	}
	return n, err
}

func (b *body) Close() error {
	b.end()
	return b.from.Close()
}

// because names the server and says why an answer ended. The library's errors repeat the URL, in whose
// query a key may stand.
func (b *body) because(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	b.mu.Lock()
	slow := b.slow
	b.mu.Unlock()
	if slow {
		err = fmt.Errorf("%w for %v", ErrSlow, b.silence)
	}
	return fmt.Errorf("get %s: %w", b.name, err)
}
