package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve answers with h; the source gives up after silence.
func serve(t *testing.T, silence time.Duration, h http.HandlerFunc) *Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := DefaultConfig(server.URL + "/model.txt?key=secret")
	cfg.Silence, cfg.BytesMax, cfg.Client = silence, 1000, server.Client()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, s *Source, seen string) (text string, got bool, mark string, err error) {
	t.Helper()
	file, mark, err := s.Open(t.Context(), seen)
	if err != nil || file == nil {
		return "", false, mark, err
	}
	bytes, err := io.ReadAll(file)
	return string(bytes), true, mark, errors.Join(err, file.Close())
}

// TestSource holds what is asked for and taken with each kind of mark.
func TestSource(t *testing.T) {
	version, stubborn := 1, false
	for name, head := range map[string]func(w http.ResponseWriter){
		"ETag":          func(w http.ResponseWriter) { w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, version)) },
		"Last-Modified": func(w http.ResponseWriter) { w.Header().Set("Last-Modified", modifiedAt(version)) },
	} {
		version, stubborn = 1, false
		asked := 0
		s := serve(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			asked++
			head(w)
			same := r.Header.Get("If-None-Match") == fmt.Sprintf(`"v%d"`, version) || r.Header.Get("If-Modified-Since") == modifiedAt(version)
			if same && !stubborn {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprintf(w, "text %d", version)
		})
		text, got, first, err := read(t, s, "")
		if text != "text 1" || first == "" || !got || err != nil {
			t.Fatalf("%s: %q %q %v", name, text, first, err)
		}
		for _, stubborn = range []bool{false, true} { // 304, or 200 with the same mark
			if _, got, mark, err := read(t, s, first); got || mark != first || err != nil {
				t.Errorf("%s: %v %q %v", name, got, mark, err)
			}
		}
		version = 2
		if text, _, mark, err := read(t, s, first); text != "text 2" || mark == first || err != nil {
			t.Errorf("%s: %q %q %v", name, text, mark, err)
		}
		if asked != 4 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
	bare := serve(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "bare") })
	for range 2 {
		if text, _, mark, err := read(t, bare, ""); text != "bare" || mark != "" || err != nil {
			t.Errorf("%q %q %v", text, mark, err)
		}
	}
}

func modifiedAt(version int) string {
	return time.Date(2026, 11, version, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)
}

// TestSourceFails holds that every failure is told, and none with the key in the URL.
func TestSourceFails(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) }) // before the servers are closed, which wait for it
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   error
		want   string
	}{
		"500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, ErrStatus, "500 Internal Server Error"},
		"304": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, ErrStatus, "304 Not Modified"},
		"206": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) }, ErrStatus, "206"},
		"large": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1001") }, ErrTooBig,
			"1001 bytes, at most 1000: raise the bound"},
		"truncated": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
		}, io.ErrUnexpectedEOF, "unexpected EOF"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) { // in the middle of chunks
			fmt.Fprint(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, io.ErrUnexpectedEOF, "unexpected EOF"},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { wait(r, release) }, ErrSlow, "fell silent for 100ms"},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "half")
			w.(http.Flusher).Flush()
			wait(r, release)
		}, ErrSlow, "fell silent for 100ms"},
		"loop": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }, nil, "more than 5 redirects"},
	} {
		s := serve(t, 100*time.Millisecond, c.answer)
		_, _, _, err := read(t, s, "")
		switch {
		case err == nil || !strings.Contains(err.Error(), c.want) || c.kind != nil && !errors.Is(err, c.kind):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		case strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "get http://127.0.0.1:"):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wait ends with the request, or with the test.
func wait(r *http.Request, release chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-release:
	}
}

// TestSourceTakesItsTime holds that only silence is limited, not how long a file takes.
func TestSourceTakesItsTime(t *testing.T) {
	const silence, pieces = 400 * time.Millisecond, 6
	s := serve(t, silence, func(w http.ResponseWriter, r *http.Request) {
		for range pieces {
			fmt.Fprint(w, "piece ")
			w.(http.Flusher).Flush()
			select { // a real socket and a real deadline: real time has to pass
			case <-time.After(silence / 4):
			case <-r.Context().Done():
				return
			}
		}
	})
	begun := time.Now()
	text, _, _, err := read(t, s, "")
	if text != strings.Repeat("piece ", pieces) || err != nil {
		t.Errorf("%q %v", text, err)
	}
	if took := time.Since(begun); took < silence {
		t.Errorf("the file took %v: nothing was tested", took)
	}
}

func TestSourceIsCalledOff(t *testing.T) {
	asked := make(chan struct{})
	s := serve(t, time.Minute, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, _, err := s.Open(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNew(t *testing.T) {
	for _, url := range []string{"", "ftp://example.org/a", "https://me:word@example.org/a", "https:///a", "%zz"} {
		if _, err := New(DefaultConfig(url)); err == nil || strings.Contains(err.Error(), "word@") {
			t.Errorf("%s: %v", url, err)
		}
	}
	s, err := New(DefaultConfig("https://example.org/a?key=1"))
	if err != nil {
		t.Fatal(err)
	}
	to, via := httptest.NewRequest(http.MethodGet, "http://example.org/b", nil), httptest.NewRequest(http.MethodGet, "https://example.org/a", nil)
	if err := s.client.CheckRedirect(to, []*http.Request{via}); err == nil || !strings.Contains(err.Error(), "open line") {
		t.Error(err)
	}
	if err := s.client.CheckRedirect(via, []*http.Request{via}); err != nil {
		t.Error(err)
	}
}
