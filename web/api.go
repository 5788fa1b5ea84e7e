package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// answerTimeout bounds how long the API waits for an actor.
const answerTimeout = 5 * time.Second

// ReasonMax is the longest reason a person may give, in bytes.
const ReasonMax = 200

// api answers /api/v1/.
type api struct {
	control Control
	guard   *guard
	log     *slog.Logger
}

func (a api) routes(mux *http.ServeMux) {
	read := func(pattern string, answer func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, answer) })
	}
	read("/api/v1/accounts", func(r *http.Request) (any, error) {
		all, err := a.control.Accounts(r.Context())
		return map[string]any{"accounts": orEmpty(all)}, err
	})
	read("/api/v1/orders", func(r *http.Request) (any, error) {
		q, err := parseOrderQuery(r)
		if err != nil {
			return nil, err
		}
		all, err := a.control.Orders(r.Context(), q)
		return map[string]any{"orders": orEmpty(all)}, err
	})
	read("/api/v1/orders/{id}/why", a.why)
	read("/api/v1/orders/{strategy}/{seq}/why", a.why)
	read("/api/v1/positions", func(r *http.Request) (any, error) {
		all, err := a.control.Positions(r.Context())
		return map[string]any{"positions": orEmpty(all)}, err
	})

	change(a, mux, "/api/v1/accounts/{name}/halt", "halt", func(r *http.Request, q *HaltRequest) (any, error) {
		if err := checkReason(q.Reason); err != nil {
			return nil, err
		}
		return a.control.Halt(r.Context(), r.PathValue("name"), *q)
	})
	change(a, mux, "/api/v1/accounts/{name}/resume", "resume", func(r *http.Request, q *ResumeRequest) (any, error) {
		if err := checkReason(q.Reason); err != nil {
			return nil, err
		}
		return a.control.Resume(r.Context(), r.PathValue("name"), *q)
	})
	cancel := func(r *http.Request, q *CancelRequest) (any, error) {
		if err := checkReason(q.Reason); err != nil {
			return nil, err
		}
		return a.control.Cancel(r.Context(), orderID(r), *q)
	}
	change(a, mux, "/api/v1/orders/{id}/cancel", "cancel", cancel)
	change(a, mux, "/api/v1/orders/{strategy}/{seq}/cancel", "cancel", cancel)
	resolve := func(r *http.Request, q *ResolveRequest) (any, error) {
		if err := checkReason(q.Reason); err != nil {
			return nil, err
		}
		if !slices.Contains(ResolveWords(), q.As) {
			return nil, badRequest("as %.40q: want one of %s", q.As, strings.Join(ResolveWords(), ", "))
		}
		return a.control.Resolve(r.Context(), orderID(r), *q)
	}
	change(a, mux, "/api/v1/orders/{id}/resolve", "resolve", resolve)
	change(a, mux, "/api/v1/orders/{strategy}/{seq}/resolve", "resolve", resolve)
}

// change serves a request that changes something. That it was made is logged, with what came of it.
func change[T any](a api, mux *http.ServeMux, pattern, what string, do func(*http.Request, *T) (any, error)) {
	mux.HandleFunc("POST "+pattern, a.guard.changing(func(w http.ResponseWriter, r *http.Request) {
		var body T
		if err := readBody(r, &body); err != nil {
			if errors.As(err, new(*http.MaxBytesError)) {
				a.guard.tooLarge(w)
				return
			}
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		a.answer(w, r, func(r *http.Request) (any, error) {
			answer, err := do(r, &body)
			outcome := "done"
			if err != nil {
				outcome = err.Error()
			}
			a.log.Info("asked over HTTP", slog.String("to", what), slog.String("path", r.URL.Path), slog.String("from", r.RemoteAddr), slog.String("outcome", outcome))
			return answer, err
		})
	}))
}

// readBody reads one JSON object without keys that v does not have.
func readBody(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("the body is empty: want a JSON object, such as {\"reason\": \"by hand\"}")
		}
		return fmt.Errorf("the body is not as expected: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if errors.As(err, new(*http.MaxBytesError)) {
			return err
		}
		return errors.New("something follows the JSON object of the body")
	}
	return nil
}

func checkReason(reason string) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return badRequest("reason is missing: say why, in a few words; it is kept in the journal")
	case len(reason) > ReasonMax:
		return badRequest("reason has %d bytes, at most %d", len(reason), ReasonMax)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return badRequest("reason has control characters: want one line of text")
	}
	return nil
}

func (a api) why(r *http.Request) (any, error) { return a.control.Why(r.Context(), orderID(r)) }

// orderID is how the path names an order: {client order id}, or {strategy}/{seq}.
func orderID(r *http.Request) string {
	if id := r.PathValue("id"); id != "" {
		return id
	}
	return r.PathValue("strategy") + "/" + r.PathValue("seq")
}

func parseOrderQuery(r *http.Request) (OrderQuery, error) {
	q := OrderQuery{Limit: OrdersDefault}
	for key, values := range r.URL.Query() {
		if len(values) != 1 {
			return q, badRequest("?%.40s= stands %d times", key, len(values))
		}
		v := values[0]
		switch key {
		case "account":
			q.Account = v
		case "status":
			q.Status = v
		case "instrument":
			q.Instrument = v
		case "open":
			open, err := strconv.ParseBool(v)
			if err != nil {
				return q, badRequest("?open=%.40s: want true or false", v)
			}
			q.Open = open
		case "limit":
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > OrdersMax {
				return q, badRequest("?limit=%.40s: want 1 to %d", v, OrdersMax)
			}
			q.Limit = n
		default:
			return q, badRequest("?%.40s= is not known: want account, status, instrument, open or limit", key)
		}
	}
	return q, nil
}

// answer replies with what get returns, within the time that is left for it.
func (a api) answer(w http.ResponseWriter, r *http.Request, get func(*http.Request) (any, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	v, err := get(r.WithContext(ctx))
	var e *Error
	switch {
	case err == nil:
		reply(w, http.StatusOK, v)
	case errors.As(err, &e):
		fail(w, e.Code, e.Reason)
	case errors.Is(err, context.DeadlineExceeded):
		fail(w, http.StatusGatewayTimeout, fmt.Sprintf("no answer within %v: whether it was done is not known; look at /api/v1/accounts", answerTimeout))
	default:
		fail(w, http.StatusInternalServerError, err.Error())
	}
}

func badRequest(format string, args ...any) *Error {
	return &Error{Code: http.StatusBadRequest, Reason: fmt.Sprintf(format, args...)}
}

// orEmpty makes an empty list print as [], not null.
func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
