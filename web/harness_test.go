package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/web/access"
)

// fake is a node that writes down what it is asked for.
type fake struct {
	mu    sync.Mutex
	calls []string
	err   error
}

func (f *fake) note(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	return f.err
}

func (f *fake) Status(context.Context) (Status, error) { return Status{Node: "n"}, f.note("status") }
func (f *fake) Ready() []string                        { return nil }
func (f *fake) Accounts(context.Context) ([]Account, error) {
	return []Account{{Name: "main", Open: map[string]int{}}}, f.note("accounts")
}
func (f *fake) Orders(_ context.Context, q OrderQuery) ([]OrderState, error) {
	return nil, f.note("orders %+v", q)
}
func (f *fake) Why(_ context.Context, id string) (Why, error) {
	return Why{Outcome: "filled"}, f.note("why %s", id)
}
func (f *fake) Positions(context.Context) ([]Position, error) { return nil, f.note("positions") }
func (f *fake) Halt(_ context.Context, account string, r HaltRequest) (Account, error) {
	return Account{Name: account, Halted: r.Reason}, f.note("halt %s %+v", account, r)
}
func (f *fake) Resume(_ context.Context, account string, r ResumeRequest) (Account, error) {
	return Account{Name: account}, f.note("resume %s %+v", account, r)
}
func (f *fake) Cancel(_ context.Context, id string, r CancelRequest) (OrderState, error) {
	return OrderState{}, f.note("cancel %s %+v", id, r)
}
func (f *fake) Resolve(_ context.Context, id string, r ResolveRequest) (OrderState, error) {
	return OrderState{}, f.note("resolve %s %+v", id, r)
}

// take returns what was asked for since it was called last.
func (f *fake) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// site is a server under test, without sockets.
type site struct {
	*fake
	token access.Token
	log   *syncBuffer
	guard *guard
	http.Handler

	mu      sync.Mutex
	refused map[string]int
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7070}

func newSite(t *testing.T, addr net.Addr, hosts ...string) *site {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	token, err := access.LoadToken(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{fake: &fake{}, token: token, log: &syncBuffer{}, refused: map[string]int{}}
	count := func(reason string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refused[reason]++
	}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.guard = newGuard(Config{Hosts: hosts, Token: token, TokenFile: path, Refused: count}, addr, log)
	s.Handler = routes(s.guard, s.fake, s.fake, prometheus.NewRegistry(), log)
	return s
}

// request is a good one: it halts main.
func (s *site) request(change func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:7070/api/v1/accounts/main/halt", strings.NewReader(`{"reason":"test"}`))
	r.Header.Set("Authorization", s.token.Header())
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	return r
}

func (s *site) do(r *http.Request) (int, string, http.Header) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return w.Code, string(body), w.Header()
}
