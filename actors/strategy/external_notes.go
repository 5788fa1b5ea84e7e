package strategy

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"

	"github.com/maru-trading/maru/actors/message"
)

// note is a record of the notebook.
type note struct {
	Do     string          `json:"do"` // intent, ref, final or state
	Ref    string          `json:"ref,omitempty"`
	Seq    uint64          `json:"seq,omitempty"`
	Terms  uint64          `json:"terms,omitempty,string"` // hash
	Of     uint64          `json:"of,omitempty"`
	Intent json.RawMessage `json:"intent,omitempty"` // until the gateway has answered
	Status string          `json:"status,omitempty"` // of final, and of ref where it is known
	Reason string          `json:"reason,omitempty"`
	Key    string          `json:"key,omitempty"`
	Value  string          `json:"value,omitempty"`
	Forget bool            `json:"forget,omitempty"`
}

func (n note) record() []byte {
	text, err := json.Marshal(n)
	if err != nil { // text, numbers and a line that was made here
		panic(err)
	}
	return text
}

// The notes that an intent, its end without a journal's record, and the program's state leave.

func (c *External) intentNote(a *asked) ([]byte, error) {
	line, err := c.form.Append(nil, a.intent, "")
	if err != nil {
		return nil, err
	}
	return note{Do: "intent", Ref: a.ref, Terms: a.terms, Of: a.of, Intent: line[:len(line)-1]}.record(), nil
}

func finalNote(seq uint64, a *asked) []byte {
	return note{Do: "final", Seq: seq, Status: a.status.String(), Reason: a.reason}.record()
}

func stateNote(key, value string, forget bool) []byte {
	return note{Do: "state", Key: key, Value: value, Forget: forget}.record()
}

// hashed is FNV-1a of texts, each with its end.
func hashed(texts ...string) uint64 {
	h := fnv.New64a()
	for _, text := range texts {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// Note takes in a record of the notebook, in the order in which they were written.
func (c *External) Note(record []byte) error {
	var n note
	if err := json.Unmarshal(record, &n); err != nil {
		return fmt.Errorf("%w: %w", ErrNote, err)
	}
	switch n.Do {
	case "intent":
		m, _, err := c.form.Parse(n.Intent)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNote, err)
		}
		var id message.IntentID
		switch m := m.(type) {
		case message.OrderIntent:
			id = m.Fields().ID
		case message.AmendIntent:
			id = m.Fields().ID
		default:
			return fmt.Errorf("%w: intent %v", ErrNote, m.Kind())
		}
		if id.Strategy != c.cfg.Name {
			return fmt.Errorf("%w: it is of strategy %s, this is %s", ErrNote, id.Strategy, c.cfg.Name)
		}
		c.seq = max(c.seq, id.Seq+1)
		c.remember(id.Seq, &asked{ref: n.Ref, terms: n.Terms, of: n.Of, intent: m})
		c.pending++
	case "ref":
		c.seq = max(c.seq, n.Seq+1)
		c.remember(n.Seq, &asked{ref: n.Ref, terms: n.Terms, of: n.Of, status: statusOf(n.Status), reason: n.Reason})
	case "final":
		if a := c.asked[n.Seq]; a != nil {
			c.answered(a)
			a.status, a.reason = statusOf(n.Status), n.Reason
		}
	case "state":
		if was, there := c.state[n.Key]; there {
			c.stateBytes -= len(n.Key) + len(was)
			delete(c.state, n.Key)
		}
		if !n.Forget {
			c.state[n.Key] = n.Value
			c.stateBytes += len(n.Key) + len(n.Value)
		}
	default:
		return fmt.Errorf("%w: unknown %.32q", ErrNote, n.Do)
	}
	return nil
}

func statusOf(name string) message.OrderStatus {
	for _, s := range message.OrderStatuses() {
		if s.String() == name {
			return s
		}
	}
	return 0
}

// LostReason is why an intent came to nothing that was noted and never reached the journal.
const LostReason = "lost: the node stopped before the gateway had it"

// Resume settles, behind Note and the account's history, what became of intents that the gateway has
// not answered. After a restart of the actor alone the gateway may have them or not: they are told
// again, under their old numbers, and it answers what it knows. After a restart of the node it cannot
// have them any more, because its journal does not; what led to them is long past, and they end.
func (c *External) Resume(restarted bool) (e ExternalEffects) {
	for _, seq := range slices.Sorted(maps.Keys(c.asked)) {
		a := c.asked[seq]
		switch {
		case a.intent == nil:
		case restarted:
			e.Out = append(e.Out, a.intent)
		default:
			c.answered(a)
			a.status, a.reason = message.OrderDenied, LostReason
			e.Notes = append(e.Notes, finalNote(seq, a))
		}
	}
	return e
}

// Live returns how many records Records yields.
func (c *External) Live() int { return len(c.asked) + len(c.state) }

// Records yields the fewest records that say all that is to be known again.
func (c *External) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, key := range slices.Sorted(maps.Keys(c.state)) {
			if !yield(stateNote(key, c.state[key], false)) {
				return
			}
		}
		for _, seq := range slices.Sorted(maps.Keys(c.asked)) {
			a := c.asked[seq]
			record := note{Do: "ref", Ref: a.ref, Seq: seq, Terms: a.terms, Of: a.of, Reason: a.reason}
			if a.status != 0 {
				record.Status = a.status.String()
			}
			text := record.record()
			if a.intent != nil {
				var err error
				if text, err = c.intentNote(a); err != nil { // it had a form when it was noted
					continue
				}
			}
			if !yield(text) {
				return
			}
		}
	}
}
