package upbit

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/maru-trading/maru/adapters/gateway"
)

// verdict is what an outcome says of a request.
type verdict uint8

const (
	taken   verdict = 1 + iota // 2xx: the body says the rest
	refused                    // the venue's word that it did nothing
	absent                     // refused, since there is no such order
	unknown                    // it may have taken effect
	unsent                     // no byte of it left
)

// judge returns what an outcome says, and the reason in the venue's words or ours.
//
// Refused are 4xx with an error that can be read, and 429 and 418 whatever their body: they are
// answered before a request is looked at. One refusal is none: that the identifier was used before
// means that an order with it may exist, and we send each identifier once, so it may be this one.
func judge(out gateway.Outcome) (verdict, string) {
	switch out.Result {
	case gateway.NotSent:
		return unsent, reasonOf(out.Err)
	case gateway.Answered:
	default:
		return unknown, reasonOf(out.Err)
	}
	if out.Status < http.StatusMultipleChoices {
		return taken, ""
	}
	f, err := decodeFailure(out.Body)
	switch {
	case throttles(out.Status):
		if err != nil {
			f = failure{name: "too_many_requests"}
		}
		return refused, fmt.Sprintf("%s (HTTP %d)", f, out.Status)
	case err != nil:
		return unknown, fmt.Sprintf("HTTP %d and an answer that cannot be read: %v", out.Status, err)
	case aboutIdentifier(f):
		return unknown, f.String()
	case out.Status == http.StatusNotFound && f.name == "order_not_found":
		return absent, f.String()
	}
	return refused, f.String()
}

// throttles reports whether an answer of that status says that we ask too often.
func throttles(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusTeapot
}

// aboutIdentifier reports whether an error is about our id of an order. The manual gives it no name.
func aboutIdentifier(f failure) bool {
	return strings.Contains(strings.ToLower(f.name), "identifier") || strings.Contains(strings.ToLower(f.words), "identifier")
}

func reasonOf(err error) string {
	const most = 300
	if err == nil {
		return "no reason is known"
	}
	text := err.Error()
	if len(text) > most {
		n := most
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
