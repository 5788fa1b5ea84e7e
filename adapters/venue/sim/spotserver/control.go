package spotserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// The control endpoint: faults in, ledger out.

func fail(w http.ResponseWriter, status int, why string) {
	respond(w, status, map[string]string{"error": why})
}

func respond(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // a client that left needs no answer
}

// listFaults answers GET /maru/v1/faults: what was ordered, and how often each kind has happened.
func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) {
	var answer struct {
		Faults []spot.FaultState         `json:"faults"`
		Fired  map[spot.FaultKind]uint64 `json:"fired"`
	}
	s.Do(func(v *spot.Venue) { answer.Faults, answer.Fired = v.Faults(), v.Fired() })
	respond(w, http.StatusOK, answer)
}

// orderFaults answers POST /maru/v1/faults: one fault, or an array of them. Either all are ordered or
// none.
func (s *Server) orderFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "want at most 1 MiB")
		return
	}
	faults := make([]spot.Fault, 1)
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] == '[' {
		err = json.Unmarshal(body, &faults)
	} else {
		err = json.Unmarshal(body, &faults[0])
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	ids := make([]int, 0, len(faults))
	for _, f := range faults {
		id, err := s.Inject(f)
		if err != nil {
			for _, id := range ids {
				s.Revoke(id)
			}
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		ids = append(ids, id)
	}
	respond(w, http.StatusOK, map[string][]int{"ids": ids})
}

// revokeFaults answers DELETE /maru/v1/faults: the one of ?id=, or all.
func (s *Server) revokeFaults(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("id")
	if text == "" {
		var all []spot.FaultState
		s.Do(func(v *spot.Venue) { all = v.Faults() })
		for _, f := range all {
			s.Revoke(f.ID)
		}
		respond(w, http.StatusOK, map[string]int{"revoked": len(all)})
		return
	}
	id, err := strconv.Atoi(text)
	if err != nil || !s.Revoke(id) {
		fail(w, http.StatusNotFound, "there is no fault of that id")
		return
	}
	respond(w, http.StatusOK, map[string]int{"revoked": 1})
}

// showLedger answers GET /maru/v1/ledger: entries from ?from= on, at most ?limit=, an object a line.
func (s *Server) showLedger(w http.ResponseWriter, r *http.Request) {
	number := func(name string) (uint64, bool) {
		text := r.URL.Query().Get(name)
		if text == "" {
			return 0, true
		}
		n, err := strconv.ParseUint(text, 10, 31)
		return n, err == nil
	}
	from, ok := number("from")
	most, ok2 := number("limit")
	if !ok || !ok2 {
		fail(w, http.StatusBadRequest, "from and limit: want whole numbers")
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	var b []byte
	for _, e := range s.Ledger(from, int(most)) {
		b = append(e.AppendJSON(b), '\n')
		if len(b) > 1<<20 {
			if _, err := w.Write(b); err != nil {
				return
			}
			b = b[:0]
		}
	}
	_, _ = w.Write(b)
}

// showStatus answers GET /maru/v1/status.
func (s *Server) showStatus(w http.ResponseWriter, _ *http.Request) {
	var answer struct {
		Now      market.Timestamp `json:"now"`   // ns
		Clock    market.Timestamp `json:"clock"` // what clients are told
		Entries  uint64           `json:"ledger_entries"`
		Restarts uint64           `json:"restarts"`
		Audit    string           `json:"audit"` // ok, or what is wrong
	}
	s.Do(func(v *spot.Venue) {
		answer.Now, answer.Clock, answer.Entries, answer.Restarts, answer.Audit = v.Now(), v.Clock(), v.Entries(), v.Restarts(), "ok"
		if err := v.Audit(); err != nil {
			answer.Audit = err.Error()
		}
	})
	respond(w, http.StatusOK, answer)
}
