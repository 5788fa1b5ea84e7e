package upbittest

import "sync"

// FaultKind is one way in which the venue misbehaves.
type FaultKind string

// The kinds. Those of requests apply to the next request that the fault names; those of the stream to the
// next event of an order.
const (
	// AcceptTimeout: the request takes effect, and no answer ever comes.
	AcceptTimeout FaultKind = "accept_timeout"
	// AcceptError: the request takes effect, and the answer is 500.
	AcceptError FaultKind = "accept_error"
	// AcceptTear: the request takes effect, and the connection is torn in the middle of the answer.
	AcceptTear FaultKind = "accept_tear"
	// AcceptGarbage: the request takes effect, and the answer is 201 with nothing that can be read.
	AcceptGarbage FaultKind = "accept_garbage"
	// AcceptOther: the request takes effect, and the answer is about another order.
	AcceptOther FaultKind = "accept_other"
	// Timeout: the request takes no effect, and no answer ever comes.
	Timeout FaultKind = "timeout"
	// ServerError: the request takes no effect, and the answer is 500.
	ServerError FaultKind = "server_error"
	// Throttle: 429, without effect. Ban: 418 with Retry-After, without effect.
	Throttle FaultKind = "throttle"
	Ban      FaultKind = "ban"
	// UnknownOrder: the venue says order_not_found of an order that it has.
	UnknownOrder FaultKind = "unknown_order"
	// FillBeforeAck: the events of the request go out before its answer.
	FillBeforeAck FaultKind = "fill_before_ack"
	// SlowAck: the answer waits until Release is called.
	SlowAck FaultKind = "slow_ack"

	// DropEvent: the stream leaves out an event of an order.
	DropEvent FaultKind = "drop_event"
	// DuplicateEvent: the stream says an event twice.
	DuplicateEvent FaultKind = "duplicate_event"
	// LateFill: an execution is told after the end of its order.
	LateFill FaultKind = "late_fill"
	// GarbageEvent: instead of an event comes a frame that cannot be read.
	GarbageEvent FaultKind = "garbage_event"
	// Cut: instead of an event the stream is cut; the event is lost.
	Cut FaultKind = "cut"
)

// Kinds returns every kind there is.
func Kinds() []FaultKind {
	return []FaultKind{AcceptTimeout, AcceptError, AcceptTear, AcceptGarbage, AcceptOther, Timeout, ServerError, Throttle, Ban, UnknownOrder,
		FillBeforeAck, SlowAck, DropEvent, DuplicateEvent, LateFill, GarbageEvent, Cut}
}

// ofStream reports whether the kind is one of the stream's.
func (k FaultKind) ofStream() bool {
	switch k {
	case DropEvent, DuplicateEvent, LateFill, GarbageEvent, Cut:
		return true
	}
	return false
}

// Fault is one misbehavior, to happen once.
type Fault struct {
	Kind FaultKind
	// On is the request that it applies to, such as "POST /v1/orders"; empty: any. Of the stream, the state
	// of the event, such as "trade"; empty: any.
	On string
}

// faults are what is to go wrong, in order, and what did.
type faults struct {
	mu    sync.Mutex
	next  []Fault
	fired map[FaultKind]int
}

func (f *faults) inject(all []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = append(f.next, all...)
}

// take returns the first fault that applies, and removes it; empty: none does.
func (f *faults) take(stream bool, on string) FaultKind {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.next {
		if one.Kind.ofStream() != stream || one.On != "" && one.On != on {
			continue
		}
		f.next = append(f.next[:i:i], f.next[i+1:]...)
		if f.fired == nil {
			f.fired = map[FaultKind]int{}
		}
		f.fired[one.Kind]++
		return one.Kind
	}
	return ""
}

func (f *faults) count() map[FaultKind]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[FaultKind]int, len(f.fired))
	for k, n := range f.fired {
		out[k] = n
	}
	return out
}
