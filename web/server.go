// Package web is the node's HTTP side: health, metrics, status, and the control of accounts. It
// listens on loopback unless told otherwise, and knows the node through the small interfaces it is
// given. Whoever reaches it may read; what changes something passes the guard (guard.go).
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/maru-trading/maru/web/access"
)

// Config says where to listen.
type Config struct {
	// Listen is host:port; port 0 takes a free one.
	Listen string
	// Hosts are names under which the server may be reached besides localhost.
	Hosts []string
	// Token is what a request that changes something must present; the zero Token lets none
	// through. TokenFile is where a person finds it.
	Token     access.Token
	TokenFile string
	// Refused, if not nil, is told of every request that is refused before it is read, with one of
	// Refusals.
	Refused func(reason string)
}

// Node is what the server reads.
type Node interface {
	// Status returns what the node is doing, within the time ctx leaves.
	Status(ctx context.Context) (Status, error)
	// Ready returns why the node is not ready; none: it is.
	Ready() []string
}

// Server answers HTTP requests until Close.
type Server struct {
	listener net.Listener
	server   *http.Server
	done     chan error
}

// Start listens and begins to serve.
func Start(cfg Config, node Node, control Control, metrics *prometheus.Registry, log *slog.Logger) (*Server, error) {
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("web: listen on %s: %w (is another maru running? choose another address with [http] listen)", cfg.Listen, err)
	}
	s := &Server{listener: listener, done: make(chan error, 1), server: &http.Server{
		Handler:           routes(newGuard(cfg, listener.Addr(), log), node, control, metrics, log),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is where a person on this machine finds the server.
func (s *Server) URL() string { return access.LocalURL(s.listener.Addr()) }

// Close lets running requests finish as long as ctx allows.
func (s *Server) Close(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	if serving := <-s.done; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, serving)
	}
	return err
}

func routes(g *guard, node Node, control Control, metrics *prometheus.Registry, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	api{control, g, log}.routes(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if missing := node.Ready(); len(missing) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			for _, reason := range missing {
				fmt.Fprintln(w, reason)
			}
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, r *http.Request) {
		status, err := node.Status(r.Context())
		if err != nil {
			fail(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		reply(w, http.StatusOK, status)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Sprintf("nothing is served at %s %.200s; see /, /api/v1/status, /api/v1/accounts, /api/v1/orders, /api/v1/positions, /metrics, /livez, /readyz", r.Method, r.URL.Path))
	})
	return g.every(mux)
}

func reply(w http.ResponseWriter, code int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, `{"error":"the answer could not be written as JSON"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}

func fail(w http.ResponseWriter, code int, reason string) {
	reply(w, code, map[string]string{"error": reason})
}
