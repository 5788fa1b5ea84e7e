package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

// restError is an error as Binance states it. Source: developers.binance.com,
// binance-spot-api-docs/errors (read 2026-11-20).
type restError struct {
	status, code int
	message      string
}

func (e *restError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.message) }

var (
	errSymbol  = &restError{http.StatusBadRequest, -1121, "Invalid symbol."}
	errMissing = &restError{http.StatusBadRequest, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."}
	errBoth    = &restError{http.StatusBadRequest, -1128, "Combination of optional parameters invalid."}
)

func errIllegal(parameter, legal string) *restError {
	return &restError{http.StatusBadRequest, -1100, fmt.Sprintf("Illegal characters found in parameter '%s'; legal range is '%s'.", parameter, legal)}
}

const (
	legalSymbol  = `^[A-Z0-9-_.]{1,20}$`
	legalNumber  = `^[0-9]{1,20}$`
	depthDefault = 100
	depthMax     = 5000
)

var symbolPattern = regexp.MustCompile(`^[A-Z0-9_.-]{1,20}$`)

// routes is everything the server answers.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", s.serveStreams)
	mux.HandleFunc("/ws/", s.serveStreams)
	mux.HandleFunc("/stream", s.serveStreams)
	for path, answer := range map[string]func(url.Values) ([]byte, error){
		"ping":         func(url.Values) ([]byte, error) { return []byte("{}"), nil },
		"time":         s.serverTime,
		"exchangeInfo": s.exchangeInfo,
		"depth":        s.depth,
		"trades":       s.trades,
		"ticker/24hr":  s.ticker,
	} {
		mux.HandleFunc("GET /api/v3/"+path, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			body, err := answer(r.URL.Query())
			s.mu.Unlock()
			respond(w, body, err)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		respond(w, nil, &restError{http.StatusNotFound, -1000, fmt.Sprintf("maru sim: no %s %.200s here", r.Method, r.URL.Path)})
	})
	return mux
}

func respond(w http.ResponseWriter, body []byte, err error) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if err != nil {
		var known *restError
		if !errors.As(err, &known) {
			known = &restError{http.StatusInternalServerError, -1000, "An unknown error occurred while processing the request."}
		}
		body = fmt.Appendf(nil, `{"code":%d,"msg":%s}`, known.code, quoted(known.message))
		w.WriteHeader(known.status)
	}
	_, _ = w.Write(body) // a client that left needs no answer
}

// find returns the instrument that the parameter symbol names.
func (s *Server) find(symbol string) (int, error) {
	switch i, ok := s.symbols[symbol]; {
	case ok:
		return i, nil
	case symbol == "":
		return 0, errMissing
	case !symbolPattern.MatchString(symbol):
		return 0, errIllegal("symbol", legalSymbol)
	}
	return 0, errSymbol
}

// selection returns the instruments that symbol or symbols name, all if neither is there.
func (s *Server) selection(q url.Values) ([]int, error) {
	one, many := q.Get("symbol"), q.Get("symbols")
	var names []string
	switch {
	case one != "" && many != "":
		return nil, errBoth
	case one != "":
		names = []string{one}
	case many != "":
		if err := json.Unmarshal([]byte(many), &names); err != nil {
			return nil, errIllegal("symbols", `^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$`)
		}
	default:
		all := make([]int, len(s.listings))
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	chosen := make([]int, 0, len(names))
	for _, name := range names {
		i, err := s.find(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, i)
	}
	return chosen, nil
}

// limit returns the parameter limit, between 1 and most.
func limit(q url.Values, otherwise, most int) (int, error) {
	text := q.Get("limit")
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, errIllegal("limit", legalNumber)
	}
	if n == 0 {
		return otherwise, nil
	}
	return int(min(n, uint64(most))), nil
}

func (s *Server) serverTime(url.Values) ([]byte, error) {
	return append(appendMillis([]byte(`{"serverTime":`), s.exchange.Now()), '}'), nil
}

func (s *Server) exchangeInfo(q url.Values) ([]byte, error) {
	chosen, err := s.selection(q)
	if err != nil {
		return nil, err
	}
	return s.exchange.appendInfo(nil, chosen), nil
}

func (s *Server) depth(q url.Values) ([]byte, error) {
	i, err := s.find(q.Get("symbol"))
	if err != nil {
		return nil, err
	}
	n, err := limit(q, depthDefault, depthMax)
	if err != nil {
		return nil, err
	}
	id, bids, asks := s.exchange.Depth(i, n)
	return appendBook(nil, id, bids, asks), nil
}

func (s *Server) trades(q url.Values) ([]byte, error) {
	i, err := s.find(q.Get("symbol"))
	if err != nil {
		return nil, err
	}
	n, err := limit(q, recentMax, 1000)
	if err != nil {
		return nil, err
	}
	return appendTrades(nil, s.exchange.Trades(i, n)), nil
}

func (s *Server) ticker(q url.Values) ([]byte, error) {
	chosen, err := s.selection(q)
	if err != nil {
		return nil, err
	}
	if q.Get("symbol") != "" {
		t := s.exchange.Ticker(chosen[0])
		return appendTickerREST(nil, &t, s.listings[chosen[0]].Symbol), nil
	}
	body := []byte{'['}
	for k, i := range chosen {
		if k > 0 {
			body = append(body, ',')
		}
		t := s.exchange.Ticker(i)
		body = appendTickerREST(body, &t, s.listings[i].Symbol)
	}
	return append(body, ']'), nil
}
