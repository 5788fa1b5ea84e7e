// Package client calls the HTTP API of a node: what maru halt, resume and orders are made of. It
// imports web for the shapes of requests and answers.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/web"
	"github.com/maru-trading/maru/web/access"
)

// Timeout bounds one call: the node answers, or says that it cannot, well before.
const Timeout = 15 * time.Second

// answerMax bounds an answer, in bytes: OrdersMax orders fit several times over.
const answerMax = 64 << 20

// Client calls one node.
type Client struct {
	base  string
	token access.Token
	http  *http.Client
}

// New returns a client of the node at base, such as http://127.0.0.1:7070. The zero token is
// enough for reading.
func New(base string, token access.Token) (*Client, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("address %.100q: want http://host:port", base)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, fmt.Errorf("address %.100q: want http://host:port and nothing else", u.Redacted())
	}
	return &Client{base: u.Scheme + "://" + u.Host, token: token, http: &http.Client{
		Timeout: Timeout,
		// The token goes to the address that was given, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: nil, MaxIdleConns: 4, IdleConnTimeout: time.Minute},
	}}, nil
}

// Error is a node's refusal.
type Error struct {
	Code   int // of HTTP
	Reason string
}

func (e *Error) Error() string { return e.Reason }

// ErrUnreachable is wrapped where nothing answers at the address.
var ErrUnreachable = errors.New("the node does not answer")

// Status returns what the node does.
func (c *Client) Status(ctx context.Context) (web.Status, error) {
	var answer web.Status
	err := c.call(ctx, http.MethodGet, "/api/v1/status", nil, &answer)
	return answer, err
}

// Positions returns what accounts hold.
func (c *Client) Positions(ctx context.Context) ([]web.Position, error) {
	var answer struct {
		Positions []web.Position `json:"positions"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/positions", nil, &answer)
	return answer.Positions, err
}

// Accounts returns how every account stands.
func (c *Client) Accounts(ctx context.Context) ([]web.Account, error) {
	var answer struct {
		Accounts []web.Account `json:"accounts"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/accounts", nil, &answer)
	return answer.Accounts, err
}

// Orders returns the orders that q lets through.
func (c *Client) Orders(ctx context.Context, q web.OrderQuery) ([]web.OrderState, error) {
	v := url.Values{}
	for key, value := range map[string]string{"account": q.Account, "status": q.Status, "instrument": q.Instrument} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.Open {
		v.Set("open", "true")
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var answer struct {
		Orders []web.OrderState `json:"orders"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/orders?"+v.Encode(), nil, &answer)
	return answer.Orders, err
}

// Why returns the life of an order.
func (c *Client) Why(ctx context.Context, id string) (web.Why, error) {
	var answer web.Why
	err := c.order(ctx, http.MethodGet, id, "why", nil, &answer)
	return answer, err
}

// Halt stops an account from taking orders.
func (c *Client) Halt(ctx context.Context, account string, r web.HaltRequest) (web.Account, error) {
	var answer web.Account
	err := c.call(ctx, http.MethodPost, accountPath(account, "halt"), r, &answer)
	return answer, err
}

// Resume lets it take orders again.
func (c *Client) Resume(ctx context.Context, account string, r web.ResumeRequest) (web.Account, error) {
	var answer web.Account
	err := c.call(ctx, http.MethodPost, accountPath(account, "resume"), r, &answer)
	return answer, err
}

// Cancel asks the venue to cancel an order.
func (c *Client) Cancel(ctx context.Context, id string, r web.CancelRequest) (web.OrderState, error) {
	var answer web.OrderState
	err := c.order(ctx, http.MethodPost, id, "cancel", r, &answer)
	return answer, err
}

// Resolve says what became of an order.
func (c *Client) Resolve(ctx context.Context, id string, r web.ResolveRequest) (web.OrderState, error) {
	var answer web.OrderState
	err := c.order(ctx, http.MethodPost, id, "resolve", r, &answer)
	return answer, err
}

func accountPath(name, what string) string {
	return "/api/v1/accounts/" + url.PathEscape(name) + "/" + what
}

// order calls what concerns one order, named by its client order id or as strategy/number.
func (c *Client) order(ctx context.Context, method, id, what string, body, answer any) error {
	first, seq, isIntent := strings.Cut(id, "/")
	if first == "" || first == "." || first == ".." || isIntent && (seq == "" || strings.Trim(seq, "0123456789") != "") {
		return fmt.Errorf("order %.80q: want a client order id, or strategy/number", id)
	}
	path := "/api/v1/orders/" + url.PathEscape(first)
	if isIntent {
		path += "/" + url.PathEscape(seq)
	}
	return c.call(ctx, method, path+"/"+what, body, answer)
}

func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		if !c.token.IsZero() {
			request.Header.Set("Authorization", c.token.Header())
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.base, err)
	}
	defer func() { _ = response.Body.Close() }() // it is read
	b, err := io.ReadAll(io.LimitReader(response.Body, answerMax+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w at %s: its answer broke off: %w", ErrUnreachable, c.base, err)
	case len(b) > answerMax:
		return fmt.Errorf("the answer of %s is longer than %d bytes", c.base, answerMax)
	case response.StatusCode != http.StatusOK:
		return refusal(c.base, response.StatusCode, b)
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return fmt.Errorf("the answer of %s is not that of a node: %w", c.base, err)
	}
	return nil
}

func refusal(base string, code int, body []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Error == "" {
		return &Error{code, fmt.Sprintf("%s answers with HTTP status %d: is that a node?", base, code)}
	}
	return &Error{code, said.Error}
}
