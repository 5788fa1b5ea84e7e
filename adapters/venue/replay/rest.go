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

// restBytesMax bounds the recorded REST bodies that a server holds. A day's snapshots of a
// hundred books fit.
const restBytesMax = 64 << 20

// file is what one look through a session tells.
type file struct {
	path      string
	bodies    bool // frames that are REST bodies are to be taken for that
	truncated bool
	unplaced  int // REST bodies of which the session does not say whose book they are
}

// body is one recorded REST answer.
type body struct {
	at   market.Timestamp
	text []byte
}

// restIndex holds the recorded answers by what was asked, in order of time.
type restIndex map[string][]body

// survey reads every session once: it finds the REST bodies, and the faults of the files before
// anybody connects.
func survey(d dialect, paths []string) ([]file, restIndex, error) {
	index := restIndex{}
	files := make([]file, 0, len(paths))
	size := 0
	for _, path := range paths {
		f, err := surveyFile(d, path, index, &size)
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

func surveyFile(d dialect, path string, index restIndex, size *int) (file, error) {
	r, err := capture.Open(path)
	if err != nil {
		return file{}, err
	}
	defer r.Close()
	var (
		f     = file{path: path}
		found []body // frames that look like REST bodies
		depth = map[string]bool{}
		named = false // some frame names its stream
	)
	keep := func(row capture.Row) (body, error) {
		if *size += len(row.Payload); *size > restBytesMax {
			return body{}, fmt.Errorf("%s:%d: the sessions hold more than %d bytes of REST bodies: play fewer at once", path, r.Line(), restBytesMax)
		}
		return body{row.At, slices.Clone(row.Payload)}, nil
	}
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
			b, err := keep(row)
			if err != nil {
				return file{}, err
			}
			key := d.restKey(u)
			index[key] = append(index[key], b)
		case row.Kind != capture.KindReceived:
		case d.body(row.Payload):
			b, err := keep(row)
			if err != nil {
				return file{}, err
			}
			found = append(found, b)
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
	if named && len(depth) == 1 {
		for symbol := range depth {
			key := d.depthKey(symbol)
			index[key] = append(index[key], found...)
		}
	} else if named {
		f.unplaced = len(found)
	}
	return f, nil
}

// find returns the newest answer recorded up to that time, or else the first one after it.
func (x restIndex) find(key string, at market.Timestamp) (body, bool) {
	bodies := x[key]
	if len(bodies) == 0 {
		return body{}, false
	}
	i := sort.Search(len(bodies), func(i int) bool { return bodies[i].at > at })
	return bodies[max(i-1, 0)], true
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
	b, ok := s.rest.find(s.dialect.restKey(r.URL), position)
	if !ok {
		s.restFault(w, http.StatusNotFound, fmt.Sprintf("no answer to %.200q was recorded in this session", r.URL.RequestURI()))
		return
	}
	s.count(func(st *Stats) { st.RESTServed++ })
	w.Header().Set(HeaderRecorded, strconv.FormatInt(int64(b.at), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(b.text)))
	_, _ = w.Write(b.text) // a client that left needs no answer
}

func (s *Server) restFault(w http.ResponseWriter, status int, message string) {
	s.count(func(st *Stats) { st.RESTMissing++ })
	w.WriteHeader(status)
	_, _ = w.Write(s.dialect.fault("maru replay: " + message))
}
