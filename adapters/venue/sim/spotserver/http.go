package spotserver

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// routes is everything that is served.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/ws", "/ws/", "/stream", spot.WebSocketPath} {
		mux.HandleFunc(path, s.serveSocket)
	}
	mux.Handle("GET /maru/v1/faults", local(s.listFaults))
	mux.Handle("POST /maru/v1/faults", local(s.orderFaults))
	mux.Handle("DELETE /maru/v1/faults", local(s.revokeFaults))
	mux.Handle("GET /maru/v1/ledger", local(s.showLedger))
	mux.Handle("GET /maru/v1/status", local(s.showStatus))
	mux.HandleFunc("/", s.serveREST)
	return mux
}

// addressOf is the network address of a client without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// serveREST answers a request of the exchange's REST API.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, spot.BodyMax))
	if err != nil {
		http.Error(w, "the body is longer than 64 KiB, or did not arrive", http.StatusRequestEntityTooLarge)
		return
	}
	request := spot.Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body),
		APIKey: r.Header.Get("X-MBX-APIKEY"), TimeUnit: r.Header.Get("X-MBX-TIME-UNIT"), Remote: addressOf(r),
	}
	s.mu.Lock()
	if s.closed || s.failed != nil {
		s.mu.Unlock()
		panic(http.ErrAbortHandler) // nobody is there
	}
	s.advance()
	s.record(input{Do: &request})
	reply := s.venue.Do(request)
	s.deliver()
	s.mu.Unlock()
	s.send(w, r, reply)
}

// send answers at the time of the reply, or does not.
func (s *Server) send(w http.ResponseWriter, r *http.Request, reply spot.Reply) {
	switch reply.Fate {
	case spot.Cut:
		panic(http.ErrAbortHandler) // the server cuts the connection
	case spot.Lost:
		s.wait(r, lostMax)
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	delay := time.Duration(float64(reply.At.Sub(s.now())) / s.speed)
	s.mu.Unlock()
	if delay > 0 && !s.wait(r, delay) {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	for _, one := range reply.Header {
		// As Binance and its clients write them, X-MBX-USED-WEIGHT-1M; Set would write X-Mbx-.
		h[one.Name] = []string{one.Value}
	}
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body) // a client that left needs no answer
}

// wait lets time pass and reports whether client and server are still there.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.stop:
	}
	return false
}

// local lets only programs on this machine through, and no web page that a browser here shows: it
// names another host, or an origin.
func local(handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		why := ""
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		origin := r.Header.Get("Origin")
		switch {
		case !loopback(addressOf(r)):
			why = "only programs on the machine of the venue may ask this"
		case !loopback(host):
			why = "the header Host must name loopback"
		case origin != "" && origin != "http://"+r.Host:
			why = "the header Origin is that of another site"
		case r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
			why = "the header Content-Type must be application/json"
		}
		if why != "" {
			fail(w, http.StatusForbidden, why)
			return
		}
		handle(w, r)
	})
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
