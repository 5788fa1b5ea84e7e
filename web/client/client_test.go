package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
	"github.com/maru-trading/maru/web/client"
)

func caller(t *testing.T, url string) (*client.Client, access.Token) {
	t.Helper()
	token, err := access.LoadToken(filepath.Join(t.TempDir(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(url, token)
	if err != nil {
		t.Fatal(err)
	}
	return c, token
}

func TestNew(t *testing.T) {
	for _, url := range []string{"", "localhost:7070", "ftp://x", "http://", "http://x/y", "http://x?y=1", "http://x#y", "http://user:secret@x", "http://%zz"} {
		_, err := client.New(url, access.Token{})
		if err == nil || !strings.Contains(err.Error(), "want http://host:port") {
			t.Errorf("%q: %v", url, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the password is told: %v", url, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1:7070", "https://maru.example.org/", "http://[::1]:7070"} {
		if _, err := client.New(url, access.Token{}); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestTheTokenGoesNowhereElse: not with a request that only reads, and not where an answer points to.
func TestTheTokenGoesNowhereElse(t *testing.T) {
	seen := make(chan string, 4)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- "elsewhere " + r.Header.Get("Authorization") }))
	defer elsewhere.Close()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.Header.Get("Authorization")
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer node.Close()
	c, token := caller(t, node.URL)
	if _, err := c.Halt(t.Context(), "main", web.HaltRequest{Reason: "x"}); err == nil || !strings.Contains(err.Error(), "is that a node?") {
		t.Errorf("redirected: %v", err)
	}
	if got := <-seen; got != "POST "+token.Header() {
		t.Errorf("a change came without the token")
	}
	if _, err := c.Accounts(t.Context()); err == nil {
		t.Error("redirected: no error")
	}
	if got := <-seen; got != "GET " {
		t.Errorf("a reading came with %q", got)
	}
	if len(seen) != 0 {
		t.Errorf("it went on: %s", <-seen)
	}
}

// TestAnswers: what is no answer of a node is told, and so is how one refuses.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, body string
		code       int
		says       string
		refusal    bool
	}{
		{"a refusal", `{"error":"account x is not known"}`, 404, "account x is not known", true},
		{"another server", `<html>`, 200, "is not that of a node", false},
		{"another server's refusal", `Not Found`, 404, "is that a node?", true},
		{"a refusal without words", `{}`, 500, "HTTP status 500", true},
		{"a shape of another kind", `{"accounts":5}`, 200, "is not that of a node", false},
	} {
		node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.code)
			_, _ = w.Write([]byte(c.body))
		}))
		call, _ := caller(t, node.URL)
		_, err := call.Accounts(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.As(err, new(*client.Error)) != c.refusal {
			t.Errorf("%s: %v, want it to say %q", c.name, err, c.says)
		}
		node.Close()
		if _, err := call.Accounts(t.Context()); !errors.Is(err, client.ErrUnreachable) {
			t.Errorf("%s: after the end: %v", c.name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	call, _ := caller(t, "http://127.0.0.1:1")
	if _, err := call.Orders(ctx, web.OrderQuery{}); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}

// TestPaths: names are what they are, whatever characters are in them.
func TestPaths(t *testing.T) {
	var path string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath() + "?" + r.URL.RawQuery
		_, _ = w.Write([]byte("{}"))
	}))
	defer node.Close()
	c, _ := caller(t, node.URL)
	ctx := t.Context()
	for want, call := range map[string]func() error{
		"/api/v1/orders/a%20b%3F/why?":               func() error { _, err := c.Why(ctx, "a b?"); return err },
		"/api/v1/orders/s/12/why?":                   func() error { _, err := c.Why(ctx, "s/12"); return err },
		"/api/v1/orders/x/cancel?":                   func() error { _, err := c.Cancel(ctx, "x", web.CancelRequest{}); return err },
		"/api/v1/orders/s/1/resolve?":                func() error { _, err := c.Resolve(ctx, "s/1", web.ResolveRequest{}); return err },
		"/api/v1/accounts/..%2Fx/halt?":              func() error { _, err := c.Halt(ctx, "../x", web.HaltRequest{}); return err },
		"/api/v1/accounts/main/resume?":              func() error { _, err := c.Resume(ctx, "main", web.ResumeRequest{}); return err },
		"/api/v1/orders?account=a&limit=5&open=true": func() error { _, err := c.Orders(ctx, web.OrderQuery{Account: "a", Open: true, Limit: 5}); return err },
	} {
		path = ""
		if err := call(); err != nil || path != want {
			t.Errorf("%s, %v; want %s", path, err, want)
		}
	}
}
