// Package web is the node's HTTP side: health, metrics and status. It listens on loopback
// unless told otherwise, and reads the node through the small interfaces it is given.
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
)

// Config says where to listen.
type Config struct {
	// Listen is host:port; port 0 takes a free one.
	Listen string
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
func Start(cfg Config, node Node, metrics *prometheus.Registry, log *slog.Logger) (*Server, error) {
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("web: listen on %s: %w (is another maru running? choose another address with [http] listen)", cfg.Listen, err)
	}
	s := &Server{listener: listener, done: make(chan error, 1), server: &http.Server{
		Handler:           guard(routes(node, metrics), listener.Addr()),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is where a person finds the server.
func (s *Server) URL() string { return "http://" + s.Addr() }

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

func routes(node Node, metrics *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
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
		fail(w, http.StatusNotFound, fmt.Sprintf("nothing is served at %s %.200s; see /, /api/v1/status, /metrics, /livez, /readyz", r.Method, r.URL.Path))
	})
	return mux
}

// guard refuses requests that reached us under a foreign name: a page in somebody's browser
// can make a name of its own point to loopback.
func guard(next http.Handler, addr net.Addr) http.Handler {
	tcp, _ := addr.(*net.TCPAddr)
	loopback := tcp != nil && tcp.IP.IsLoopback()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loopback && !isLoopback(r.Host) {
			fail(w, http.StatusForbidden, "this server answers to localhost only")
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; connect-src 'self'")
		next.ServeHTTP(w, r)
	})
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
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
