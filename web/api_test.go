package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestRoutes: what each address asks of the node.
func TestRoutes(t *testing.T) {
	for _, c := range []struct{ method, path, body, call string }{
		{"GET", "/api/v1/accounts", "", "accounts"},
		{"GET", "/api/v1/positions", "", "positions"},
		{"GET", "/api/v1/orders", "", "orders {Account: Status: Instrument: Open:false Limit:100}"},
		{"GET", "/api/v1/orders?account=main&status=unknown&instrument=sim:BTC-KRW&open=true&limit=7", "",
			"orders {Account:main Status:unknown Instrument:sim:BTC-KRW Open:true Limit:7}"},
		{"GET", "/api/v1/orders/main-1-2f/why", "", "why main-1-2f"},
		{"GET", "/api/v1/orders/spread/12/why", "", "why spread/12"},
		{"GET", "/api/v1/orders/web%2F1-%20x/why", "", "why web/1- x"},
		{"POST", "/api/v1/accounts/main/halt", `{"reason":"r","cancel":true,"flatten":true}`, "halt main {Reason:r Cancel:true Flatten:true}"},
		{"POST", "/api/v1/accounts/main/resume", `{"reason":"r"}`, "resume main {Reason:r}"},
		{"POST", "/api/v1/orders/main-1-2f/cancel", `{"reason":"r"}`, "cancel main-1-2f {Reason:r}"},
		{"POST", "/api/v1/orders/spread/12/cancel", `{"reason":"r"}`, "cancel spread/12 {Reason:r}"},
		{"POST", "/api/v1/orders/main-1-2f/resolve", `{"as":"filled","price":"1.5","quantity":"2","reason":"r"}`,
			"resolve main-1-2f {As:filled Price:1.5 Quantity:2 ExecID: Reason:r}"},
		{"POST", "/api/v1/orders/spread/12/resolve", `{"as":"rejected","reason":"r"}`, "resolve spread/12 {As:rejected Price: Quantity: ExecID: Reason:r}"},
	} {
		s := newSite(t, loopback)
		r := httptest.NewRequest(c.method, "http://localhost"+c.path, strings.NewReader(c.body))
		if c.method == http.MethodPost {
			r.Header = s.request(nil).Header
		}
		code, text, _ := s.do(r)
		if calls := s.take(); code != http.StatusOK || !slices.Equal(calls, []string{c.call}) {
			t.Errorf("%s %s: %d, asked for %q, want %q\n%s", c.method, c.path, code, calls, c.call, text)
		}
		for _, list := range []string{"accounts", "orders", "positions"} {
			if strings.Contains(text, `"`+list+`": null`) {
				t.Errorf("%s %s has null for no %s: %s", c.method, c.path, list, text)
			}
		}
	}
}

// TestBadRequests are refused before the node is asked.
func TestBadRequests(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		code               int
		says               string
	}{
		{"GET", "/api/v1/orders?limit=0", "", 400, "want 1 to 10000"},
		{"GET", "/api/v1/orders?limit=10001", "", 400, "want 1 to 10000"},
		{"GET", "/api/v1/orders?limit=many", "", 400, "want 1 to 10000"},
		{"GET", "/api/v1/orders?open=perhaps", "", 400, "want true or false"},
		{"GET", "/api/v1/orders?stauts=open", "", 400, "is not known"},
		{"GET", "/api/v1/orders?status=a&status=b", "", 400, "stands 2 times"},
		{"GET", "/api/v1/orders/x/y/z/why", "", 404, "nothing is served"},
		{"GET", "/api/v1/accounts/main/halt", "", 404, "nothing is served"},
		{"DELETE", "/api/v1/orders", "", 404, "nothing is served"},
		{"POST", "/api/v1/orders/x/resolve", `{"as":"lost","reason":"r"}`, 400, "want one of filled, canceled"},
		{"POST", "/api/v1/orders/x/resolve", `{"as":"filled"}`, 400, "say why"},
		{"POST", "/api/v1/orders/x/cancel", `{}`, 400, "say why"},
		{"POST", "/api/v1/accounts/main/resume", `{}`, 400, "say why"},
	} {
		s := newSite(t, loopback)
		r := httptest.NewRequest(c.method, "http://localhost"+c.path, strings.NewReader(c.body))
		if c.method == http.MethodPost {
			r.Header = s.request(nil).Header
		}
		if code, text, _ := s.do(r); code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%s %s: %d, want %d that says %q\n%s", c.method, c.path, code, c.code, c.says, text)
		}
		if calls := s.take(); len(calls) != 0 {
			t.Errorf("%s %s: the node was asked for %q", c.method, c.path, calls)
		}
	}
}

// TestFailures: how the node's errors are told.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		says string
	}{
		{&Error{http.StatusConflict, "it is final"}, 409, "it is final"},
		{context.DeadlineExceeded, 504, "whether it was done is not known"},
		{errors.New("the disk is tired"), 500, "the disk is tired"},
	} {
		s := newSite(t, loopback)
		s.err = c.err
		if code, text, _ := s.do(s.request(nil)); code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%v: %d %s", c.err, code, text)
		}
		if !strings.Contains(s.log.String(), c.err.Error()) || !strings.Contains(s.log.String(), "to=halt") {
			t.Errorf("the log does not tell: %s", s.log)
		}
	}
}
