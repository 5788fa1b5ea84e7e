package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

// file is what one look through a session tells.
type file struct {
	path      string
	bodies    bool // frames that are REST bodies are to be taken for that
	truncated bool
	unplaced  int // REST bodies of which the session does not say whose book they are
}

// body is one recorded REST answer.
type body struct {
	at market.Timestamp
	in place // of the vault
}

// restIndex says where the recorded answers are, by what was asked, in order of time.
type restIndex map[string][]body

// survey reads every session once: it puts the REST bodies into the vault, and finds the faults of
// the files before anybody connects.
func survey(d dialect, paths []string, v *vault) ([]file, restIndex, error) {
	index := restIndex{}
	files := make([]file, 0, len(paths))
	for _, path := range paths {
		f, err := surveyFile(d, path, index, v)
		if err != nil {
			return nil, nil, fmt.Errorf("replay: %w", err)
		}
		files = append(files, f)
	}
	for _, bodies := range index {
		slices.SortStableFunc(bodies, func(a, b body) int { return cmp.Compare(a.at, b.at) })
	}
	return files, index, nil
}

func surveyFile(d dialect, path string, index restIndex, v *vault) (file, error) {
	r, err := capture.Open(path)
	if err != nil {
		return file{}, err
	}
	defer r.Close()
	var (
		f     = file{path: path}
		found = 0 // frames that look like REST bodies
		depth = map[string]bool{}
		named = false // some frame names its stream
	)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, capture.ErrTruncated) {
			f.truncated = true
			break
		}
		if err != nil {
			return file{}, err
		}
		switch {
		case row.Kind == capture.KindHTTP:
			u, err := url.Parse(row.Meta)
			if err != nil {
				return file{}, fmt.Errorf("%s:%d: URL of a REST body: %w", path, r.Line(), err)
			}
			if err := index.keep(d.restKey(u), row, v); err != nil {
				return file{}, fmt.Errorf("%s:%d: %w", path, r.Line(), err)
			}
		case row.Kind != capture.KindReceived:
		case d.body(row.Payload):
			found++
		default:
			if d.stream(row.Payload) != nil {
				named = true
				if symbol := d.depthSymbol(row.Payload); symbol != "" && !depth[symbol] && len(depth) < 2 {
					depth[symbol] = true
				}
			}
		}
	}
	// On a connection whose frames name their streams, one that does not came another way. Where
	// none does, as on a raw stream of partial books, it is a frame like the others.
	f.bodies = named
	switch {
	case !named || found == 0:
	case len(depth) != 1:
		f.unplaced = found
	default:
		for symbol := range depth {
			if err := index.keepBodies(d, path, d.depthKey(symbol), v); err != nil {
				return file{}, err
			}
		}
	}
	return f, nil
}

// keep adds an answer.
func (x restIndex) keep(key string, row capture.Row, v *vault) error {
	in, err := v.put(row.Payload)
	if err != nil {
		return fmt.Errorf("keep a REST body: %w: play fewer sessions at once", err)
	}
	x[key] = append(x[key], body{row.At, in})
	return nil
}

// keepBodies adds the frames of a session that are REST bodies.
func (x restIndex) keepBodies(d dialect, path, key string, v *vault) error {
	r, err := capture.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, capture.ErrTruncated):
			return nil
		case err != nil:
			return err
		case row.Kind != capture.KindReceived || !d.body(row.Payload):
			continue
		}
		if err := x.keep(key, row, v); err != nil {
			return fmt.Errorf("%s:%d: %w", path, r.Line(), err)
		}
	}
}

// find returns the newest answer recorded up to that time. Where there is none it returns the first
// one after it, and that it is early: whoever asked must not use it before its time has come.
func (x restIndex) find(key string, at market.Timestamp) (b body, early, ok bool) {
	bodies := x[key]
	if len(bodies) == 0 {
		return body{}, false, false
	}
	i := sort.Search(len(bodies), func(i int) bool { return bodies[i].at > at })
	return bodies[max(i-1, 0)], i == 0, true
}

// serveREST answers as recorded.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	position := market.Timestamp(s.position.Load())
	if text := r.Header.Get(HeaderPosition); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			s.restFault(w, http.StatusBadRequest, fmt.Sprintf("header %s %.32q: want unix nanoseconds", HeaderPosition, text))
			return
		}
		position = market.Timestamp(n)
	}
	if r.Method != http.MethodGet {
		s.restFault(w, http.StatusMethodNotAllowed, "a replay answers GET only")
		return
	}
	b, early, ok := s.rest.find(s.dialect.restKey(r.URL), position)
	if !ok {
		s.restFault(w, http.StatusNotFound, fmt.Sprintf("no answer to %.200q was recorded in this session", r.URL.RequestURI()))
		return
	}
	text, err := s.vault.get(b.in)
	if err != nil {
		s.restFault(w, http.StatusInternalServerError, err.Error())
		return
	}
	s.count(func(st *Stats) {
		st.RESTServed++
		if early {
			st.RESTEarly++
		}
	})
	w.Header().Set(HeaderRecorded, strconv.FormatInt(int64(b.at), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // a client that left needs no answer
}

func (s *Server) restFault(w http.ResponseWriter, status int, message string) {
	s.count(func(st *Stats) { st.RESTMissing++ })
	w.WriteHeader(status)
	_, _ = w.Write(s.dialect.fault("maru replay: " + message))
}
