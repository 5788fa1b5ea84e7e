package feeder

import (
	"net/http"
	"testing"
	"time"
)

func TestStayAway(t *testing.T) {
	const date = "Fri, 20 Nov 2026 09:30:00 GMT" // 1795167000
	for name, tt := range map[string]struct {
		status  int
		headers map[string]string
		body    string
		want    time.Duration
	}{
		"good":                      {200, map[string]string{"Retry-After": "5"}, "", 0},
		"an error":                  {500, nil, "too frequent", 0},
		"forbidden":                 {403, nil, "not from your country", 0},
		"limit":                     {429, nil, "", wait429},
		"banned":                    {418, nil, "", wait418},
		"seconds":                   {429, map[string]string{"Retry-After": "7"}, "", 7 * time.Second},
		"a ban":                     {418, map[string]string{"Retry-After": "7200"}, "", 2 * time.Hour},
		"busy, and says how long":   {503, map[string]string{"Retry-After": "30"}, "", 30 * time.Second},
		"a date":                    {429, map[string]string{"Retry-After": "Fri, 20 Nov 2026 09:32:00 GMT", "Date": date}, "", 2 * time.Minute},
		"a date without ours":       {429, map[string]string{"Retry-After": "Fri, 20 Nov 2026 09:32:00 GMT"}, "", wait429},
		"a date that is past":       {429, map[string]string{"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT", "Date": date}, "", wait429},
		"none":                      {429, map[string]string{"Retry-After": "0"}, "", wait429},
		"below zero":                {418, map[string]string{"Retry-After": "-5"}, "", wait418},
		"no number":                 {429, map[string]string{"Retry-After": "soon"}, "", wait429},
		"for ever":                  {418, map[string]string{"Retry-After": "9223372036854775807"}, "", waitMax},
		"beyond any number":         {418, map[string]string{"Retry-After": "92233720368547758070"}, "", wait418},
		"Gate":                      {429, map[string]string{"X-Gate-RateLimit-Reset-Timestamp": "1795167010", "Date": date}, "", 10 * time.Second},
		"Gate, not over its limit":  {400, map[string]string{"X-Gate-RateLimit-Reset-Timestamp": "1795167010", "Date": date}, "", 0},
		"Bybit":                     {403, map[string]string{"Date": date}, "403, access too frequent.", wait403},
		"Bybit, with the time":      {403, map[string]string{"X-Bapi-Limit-Reset-Timestamp": "1795167002500", "Date": date}, "Access Too Frequent", 2500 * time.Millisecond},
		"Bybit, beyond any number":  {429, map[string]string{"X-Bapi-Limit-Reset-Timestamp": "9223372036854775807", "Date": date}, "", wait429},
		"Gate, in a far-off future": {429, map[string]string{"X-Gate-RateLimit-Reset-Timestamp": "4000000000", "Date": date}, "", waitMax},
	} {
		r := &http.Response{StatusCode: tt.status, Header: http.Header{}}
		for k, v := range tt.headers {
			r.Header.Set(k, v)
		}
		if got := StayAway(r, []byte(tt.body)); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
