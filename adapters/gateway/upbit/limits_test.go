package upbit

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

func TestPenalty(t *testing.T) {
	now := clockAt("2026-11-21T00:00:00Z")()
	for name, tc := range map[string]struct {
		status int
		header http.Header
		want   time.Duration // 0: none
	}{
		"all is well":     {200, http.Header{"Remaining-Req": {"group=default; min=1800; sec=29"}}, 0},
		"the last one":    {200, http.Header{"Remaining-Req": {"group=order; min=1800; sec=0"}}, time.Second},
		"too many":        {429, http.Header{}, time.Second},
		"too many, until": {429, http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		"banned":          {418, http.Header{"Retry-After": {"60"}}, time.Minute},
		"no words":        {200, http.Header{"Remaining-Req": {"group=default; sec=-1"}}, 0},
		"no number":       {200, http.Header{"Remaining-Req": {"sec=zero; x"}}, 0},
	} {
		p, ok := penaltyOf(tc.status, tc.header, now)
		if ok != (tc.want > 0) || ok && p.Until.Sub(now) != tc.want {
			t.Errorf("%s: %+v %v", name, p, ok)
		}
	}
	if p, ok := penaltyOf(418, http.Header{}, now); !ok || p.Until.Sub(now) <= time.Second {
		t.Errorf("a ban without a time: %+v %v", p, ok)
	}
}

// TestDateClock: what dates of whole seconds tell of an offset, and no more.
func TestDateClock(t *testing.T) {
	start := clockAt("2026-11-21T00:00:00Z")()
	date := func(at market.Timestamp) http.Header {
		return http.Header{"Date": {at.Time().Truncate(time.Second).Format(http.TimeFormat)}}
	}
	for _, ahead := range []time.Duration{0, 300 * time.Millisecond, -300 * time.Millisecond, 2500 * time.Millisecond, -2500 * time.Millisecond, time.Hour} {
		var c dateClock
		if _, ok := c.offset(); ok {
			t.Fatal("an offset of nothing")
		}
		for n := range 100 {
			sent := start.Add(time.Duration(n) * 1037 * time.Millisecond)
			received := sent.Add(20 * time.Millisecond)
			c.sample(sent, received, date(sent.Add(10*time.Millisecond).Add(ahead)))
		}
		got, ok := c.offset()
		within := 60 * time.Millisecond
		switch {
		case !ok:
			t.Errorf("%v: none", ahead)
		case ahead.Abs() < time.Second && got.Abs() > ahead.Abs():
			t.Errorf("%v: %v, further than it is", ahead, got)
		case (got-ahead).Abs() > within && ahead.Abs() > time.Second:
			t.Errorf("%v: %v", ahead, got)
		}
		if len(c.bounds) != dateSamples {
			t.Errorf("%d samples", len(c.bounds))
		}
	}
	// A clock that is set contradicts what was seen before.
	var c dateClock
	c.sample(start, start, date(start))
	c.sample(start, start, date(start.Add(time.Minute)))
	if got, _ := c.offset(); got < 59*time.Second || got > time.Minute {
		t.Errorf("%v", got)
	}
	c.sample(start, start.Add(-1), date(start))
	c.sample(start, start, http.Header{"Date": {"today"}})
	if len(c.bounds) != 1 {
		t.Errorf("%d samples", len(c.bounds))
	}
}

// TestJudge: what an outcome says.
func TestJudge(t *testing.T) {
	answered := func(status int, body string) gateway.Outcome {
		return gateway.Outcome{Result: gateway.Answered, Status: status, Body: []byte(body)}
	}
	named := func(name string) string { return `{"error":{"name":"` + name + `","message":"m"}}` }
	for name, tc := range map[string]struct {
		out  gateway.Outcome
		want verdict
	}{
		"created":                 {answered(201, "anything"), taken},
		"no funds":                {answered(400, named("insufficient_funds_bid")), refused},
		"no permission":           {answered(401, named("out_of_scope")), refused},
		"another address":         {answered(403, named("no_authorization_ip")), refused},
		"an error not known":      {answered(400, named("brand_new")), refused},
		"used identifier":         {answered(400, named("duplicated_identifier")), unknown},
		"used identifier, spoken": {answered(400, `{"error":{"name":"create_bid_error","message":"Identifier already used"}}`), unknown},
		"no such order":           {answered(404, named("order_not_found")), absent},
		"no such market":          {answered(404, `{"error":{"name":404,"message":"Code not found"}}`), refused},
		"no error in it":          {answered(400, `{}`), unknown},
		"a page":                  {answered(403, "<html>"), unknown},
		"too many, a page":        {answered(429, "<html>"), refused},
		"banned":                  {answered(418, named("ban")), refused},
		"lost":                    {gateway.Outcome{Result: gateway.Unknown, Err: errors.New("torn")}, unknown},
		"a server's error":        {gateway.Outcome{Result: gateway.Unknown, Status: 500, Body: []byte(named("server_error"))}, unknown},
		"not sent":                {gateway.Outcome{Result: gateway.NotSent, Err: errors.New(strings.Repeat("한", 500))}, unsent},
		"nothing":                 {gateway.Outcome{}, unknown},
	} {
		got, why := judge(tc.out)
		if got != tc.want || (why == "") != (got == taken) || len(why) > 320 {
			t.Errorf("%s: %v %q, want %v", name, got, why, tc.want)
		}
	}
}
