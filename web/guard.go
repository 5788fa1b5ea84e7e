package web

import (
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/maru-trading/maru/web/access"
)

// BodyMax is the longest body of a request, in bytes.
const BodyMax = 16 << 10

// Of those who present a wrong token, so many are told and logged; then one more every
// failureEvery.
const (
	failuresMax  = 10
	failureEvery = 6 * time.Second
)

// Refusals are why requests are refused before they are read: a metric's label.
func Refusals() []string {
	return []string{refusedHost, refusedOrigin, refusedToken, refusedType, refusedSize, refusedNoToken}
}

const (
	refusedHost    = "host"     // under a name that is not ours
	refusedOrigin  = "origin"   // from a page of another site
	refusedToken   = "token"    // none, or a wrong one
	refusedType    = "type"     // no JSON
	refusedSize    = "size"     // longer than BodyMax
	refusedNoToken = "disabled" // this node has no token
)

// guard decides which requests are let through.
type guard struct {
	loopback  bool     // nobody but this machine can reach us
	hosts     []string // further names under which we may be reached, in lower case
	token     access.Token
	tokenFile string
	refused   func(reason string)
	log       *slog.Logger
	now       func() time.Time

	mu       sync.Mutex
	failures float64 // told of lately
	counted  time.Time
}

func newGuard(cfg Config, addr net.Addr, log *slog.Logger) *guard {
	tcp, _ := addr.(*net.TCPAddr)
	g := &guard{loopback: tcp != nil && tcp.IP.IsLoopback(), token: cfg.Token, tokenFile: cfg.TokenFile, refused: cfg.Refused, log: log, now: time.Now}
	if g.refused == nil {
		g.refused = func(string) {}
	}
	for _, h := range cfg.Hosts {
		g.hosts = append(g.hosts, strings.ToLower(h))
	}
	return g
}

// every sets what all answers have, and refuses requests that reached a server on loopback under
// a foreign name: a page in somebody's browser can make a name of its own point to loopback.
func (g *guard) every(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", contentPolicy)
		if g.loopback && !g.known(r.Host) {
			g.refused(refusedHost)
			fail(w, http.StatusForbidden, "this server answers to localhost, and to the names in [http] hosts, only")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// changing lets a request through that changes something: it must have reached us under a known
// name, from no foreign page, with the token and as JSON. In this order, so that a page learns
// nothing of the token. It applies on loopback too: any page in a browser on this machine can
// reach that.
func (g *guard) changing(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case g.token.IsZero():
			g.refused(refusedNoToken)
			fail(w, http.StatusForbidden, "this node was started without a control token: nothing can be changed over HTTP")
		case !g.known(r.Host):
			g.refused(refusedHost)
			fail(w, http.StatusForbidden, fmt.Sprintf("the name %.100q is not known: use localhost or an address, or add the name to [http] hosts", r.Host))
		case !g.ownOrigin(r):
			g.refused(refusedOrigin)
			fail(w, http.StatusForbidden, "the request comes from a page of another site: only programs and the node's own page may change something")
		case !g.token.Admits(r.Header.Get("Authorization")):
			g.refused(refusedToken)
			g.unauthorized(w, r)
		case !isJSON(r.Header.Get("Content-Type")):
			g.refused(refusedType)
			fail(w, http.StatusUnsupportedMediaType, "want a JSON object as the body, with Content-Type: application/json")
		case r.ContentLength > BodyMax:
			g.tooLarge(w)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, BodyMax)
			next(w, r)
		}
	}
}

func (g *guard) tooLarge(w http.ResponseWriter) {
	g.refused(refusedSize)
	w.Header().Set("Connection", "close")
	fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", BodyMax))
}

// known reports whether a Host is a name of ours: a loopback name, a configured one or, where
// others can reach us, any address in numbers. Only a name can be made to point at us by
// somebody else (DNS rebinding).
func (g *guard) known(hostport string) bool {
	host := strings.ToLower(hostOf(hostport))
	if host == "localhost" || slices.Contains(g.hosts, host) {
		return true
	}
	if g.loopback {
		return isLoopback(host)
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return host
}

// ownOrigin reports whether a request comes from no page, or from one of ours. Browsers say
// where a page is from with every request that is no plain reading.
func (g *guard) ownOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origins := r.Header.Values("Origin")
	switch {
	case len(origins) == 0:
		return true
	case len(origins) > 1:
		return false
	}
	u, err := url.Parse(origins[0])
	// A proxy that ends TLS may stand before us, so the scheme may be either.
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}

// unauthorized refuses a missing or wrong token. How often that is told and logged is limited; a
// right token is let through at any time, or else whoever presents wrong ones could keep a
// person from halting an account. Guessing 256 bits needs no limit.
func (g *guard) unauthorized(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="maru"`)
	if wait := g.failed(); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprintf("%.0f", wait.Seconds()+1))
		fail(w, http.StatusTooManyRequests, "too many requests without the right token: try again later, with the one in the token file")
		return
	}
	g.log.Warn("a request to change something was refused: no token, or a wrong one",
		slog.String("from", r.RemoteAddr), slog.String("method", r.Method), slog.String("path", fmt.Sprintf("%.200s", r.URL.Path)))
	where := "the node's token file"
	if isLoopback(hostOf(r.RemoteAddr)) { // others need not know how this machine is laid out
		where = g.tokenFile
	}
	fail(w, http.StatusUnauthorized, "this changes something and needs the control token: send Authorization: Bearer with what stands in "+
		where+" (the maru command does that by itself for the user who runs the node)")
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// failed counts a failure and returns how long until the next one is told of; zero: this one is.
func (g *guard) failed() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.failures = max(0, g.failures-now.Sub(g.counted).Seconds()/failureEvery.Seconds())
	g.counted = now
	if over := g.failures - (failuresMax - 1); over > 0 {
		return time.Duration(over * float64(failureEvery))
	}
	g.failures++
	return 0
}
