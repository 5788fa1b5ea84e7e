package system

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/message"
)

// MailboxConfig says how a mailbox behaves. The zero value of a func field means that nobody
// wants to know.
type MailboxConfig struct {
	// Role names the kind of actor in metrics: "state", "order".
	Role string
	// Limit is how many messages may wait before the overload policy of each kind applies.
	// 0 means MailboxLimitDefault.
	Limit int
	// Refused gets each message that was refused, with who sent it (nil if unknown). It runs
	// in the sender's goroutine and must not block.
	Refused func(m message.Message, sender *actor.PID)
	// Overloaded is told once each time that messages which are never dropped pass the limit:
	// the senders' credit did not hold. It runs in the sender's goroutine and must not block.
	Overloaded func(waiting int)
	// Lossless turns conflation off: the source waits for credit instead.
	Lossless bool
	// Stats counts; nil: a private one.
	Stats *MailboxStats
}

// MailboxLimitDefault holds bursts of a few milliseconds at a million messages a second.
const MailboxLimitDefault = 1024

// MailboxStats are a mailbox's counters. They only grow, except Waiting.
type MailboxStats struct {
	Waiting     atomic.Int64  // messages in the queue now
	Posted      atomic.Uint64 // messages ever offered
	Conflated   atomic.Uint64 // messages that were merged into others
	Refused     atomic.Uint64 // messages given back to their sender
	Overloads   atomic.Uint64 // times that the limit was passed by messages that are never dropped
	Undelivered atomic.Uint64 // messages still waiting, or arriving, when the actor had stopped
	LostTrades  atomic.Uint64 // trades that conflation dropped
}

// Mailbox is a bounded queue in front of one actor. The library's own block the sender in a
// spin, drop in silence or grow for ever. It keeps the order of each sender, survives a restart of
// its actor, and is safe for any number of senders.
type Mailbox struct {
	cfg        MailboxConfig
	stats      *MailboxStats
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher

	scheduled     atomic.Bool
	systemWaiting atomic.Int32
	suspended     atomic.Bool

	// taken is what the actor's goroutine has taken from user in one go, so that it locks once
	// for many messages. Only the goroutine that runs the actor touches it.
	taken queue

	mu         sync.Mutex
	user       queue
	system     queue
	overloaded bool
	closed     bool
}

// NewMailbox returns a mailbox for one actor.
func NewMailbox(cfg MailboxConfig) *Mailbox {
	if cfg.Limit <= 0 {
		cfg.Limit = MailboxLimitDefault
	}
	if cfg.Stats == nil {
		cfg.Stats = new(MailboxStats)
	}
	return &Mailbox{cfg: cfg, stats: cfg.Stats}
}

// PostUserMessage takes a message in, or treats it as its kind's overload policy says.
func (m *Mailbox) PostUserMessage(posted any) {
	m.stats.Posted.Add(1)
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		m.stats.Undelivered.Add(1)
		return
	}
	if m.stats.Waiting.Load() < int64(m.cfg.Limit) {
		m.push(posted)
		m.mu.Unlock()
		m.schedule()
		return
	}
	msg, sender := unwrap(posted)
	switch policy(msg) {
	case message.Refuse:
		m.mu.Unlock()
		m.stats.Refused.Add(1)
		if m.cfg.Refused != nil {
			m.cfg.Refused(msg, sender)
		}
		return
	case message.Conflate:
		m.push(posted)
		if !m.cfg.Lossless {
			m.compact()
		}
		m.mu.Unlock()
	default:
		m.push(posted)
		first, waiting := !m.overloaded, int(m.stats.Waiting.Load())
		m.overloaded = true
		m.mu.Unlock()
		if first {
			m.stats.Overloads.Add(1)
			if m.cfg.Overloaded != nil {
				m.cfg.Overloaded(waiting)
			}
		}
	}
	m.schedule()
}

func (m *Mailbox) push(posted any) {
	m.user.push(posted)
	m.stats.Waiting.Add(1)
}

// compact merges the market data that waits, once it fills the queue, so that the newest truth
// about each instrument remains. It costs as much as handling the messages would, once for
// every Limit of them. Other messages keep their order among themselves.
func (m *Mailbox) compact() {
	waiting := m.user.drain()
	kept, data := waiting[:0], make([]message.Message, 0, len(waiting))
	for _, posted := range waiting {
		if msg, _ := unwrap(posted); policy(msg) == message.Conflate {
			data = append(data, msg)
			continue
		}
		kept = append(kept, posted)
	}
	merged, lost := message.Merge(data)
	m.stats.Conflated.Add(uint64(len(data) - len(merged)))
	m.stats.LostTrades.Add(lost)
	for _, posted := range kept {
		m.user.push(posted)
	}
	for _, msg := range merged {
		m.user.push(msg)
	}
	m.stats.Waiting.Add(int64(m.user.len() - len(waiting)))
}

// PostSystemMessage takes in the library's own messages; they overtake all others.
func (m *Mailbox) PostSystemMessage(msg any) {
	m.mu.Lock()
	m.system.push(msg)
	m.mu.Unlock()
	m.systemWaiting.Add(1)
	m.schedule()
}

// RegisterHandlers is called by the library once, before Start.
func (m *Mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start is called by the library; there is nothing to do.
func (m *Mailbox) Start() {}

// UserMessageCount returns how many messages wait.
func (m *Mailbox) UserMessageCount() int { return int(m.stats.Waiting.Load()) }

// Close counts what still waits as undelivered, and everything that comes later. An actor's
// shell calls it when it has stopped: the library would forget those messages in silence.
func (m *Mailbox) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := int64(len(m.user.drain()) + len(m.taken.drain()))
	m.closed = true
	m.stats.Undelivered.Add(uint64(left))
	m.stats.Waiting.Add(-left)
}

func (m *Mailbox) schedule() {
	if m.scheduled.CompareAndSwap(false, true) {
		m.dispatcher.Schedule(m.process)
	}
}

// process hands over at most the dispatcher's throughput of messages, then makes room for
// others.
func (m *Mailbox) process() {
	m.run(m.dispatcher.Throughput())
	m.scheduled.Store(false)
	if m.runnable() {
		m.schedule()
	}
}

func (m *Mailbox) runnable() bool {
	return m.systemWaiting.Load() > 0 || (!m.suspended.Load() && m.stats.Waiting.Load() > 0)
}

func (m *Mailbox) run(limit int) {
	var msg any
	defer func() {
		if reason := recover(); reason != nil {
			m.invoker.EscalateFailure(reason, msg)
		}
	}()
	if limit <= 0 {
		limit = math.MaxInt
	}
	for range limit {
		var system, ok bool
		if msg, system, ok = m.next(); !ok {
			return
		}
		switch {
		case !system:
			m.invoker.InvokeUserMessage(msg)
		case isSuspend(msg), isResume(msg):
			m.suspended.Store(isSuspend(msg))
		default:
			m.invoker.InvokeSystemMessage(msg)
		}
	}
}

func (m *Mailbox) next() (msg any, system, ok bool) {
	if m.systemWaiting.Load() > 0 {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.systemWaiting.Add(-1)
		return m.system.pop(), true, true
	}
	if m.suspended.Load() {
		return nil, false, false
	}
	if m.taken.len() == 0 && !m.take() {
		return nil, false, false
	}
	m.stats.Waiting.Add(-1)
	return m.taken.pop(), false, true
}

// take moves everything that waits to where only the actor's goroutine looks.
func (m *Mailbox) take() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.taken, m.user = m.user, m.taken
	if m.overloaded && m.taken.len() < m.cfg.Limit/2 {
		m.overloaded = false
	}
	return m.taken.len() > 0
}

func isSuspend(msg any) bool { _, ok := msg.(*actor.SuspendMailbox); return ok }

func isResume(msg any) bool { _, ok := msg.(*actor.ResumeMailbox); return ok }

// unwrap returns the message that was posted and who sent it, as far as it is one of ours.
func unwrap(posted any) (message.Message, *actor.PID) {
	var sender *actor.PID
	if envelope, ok := posted.(*actor.MessageEnvelope); ok {
		posted, sender = envelope.Message, envelope.Sender
	}
	msg, _ := posted.(message.Message)
	return msg, sender
}

// policy returns how a message is treated when the queue is full; what is not one of ours, the
// library's poison pill for one, is never dropped.
func policy(msg message.Message) message.Overload {
	if msg == nil {
		return message.NeverDrop
	}
	return msg.Kind().Overload()
}

// queue is a ring that grows when it must and gives memory back when it runs empty.
type queue struct {
	ring  []any // its length is a power of two, or zero
	first int
	count int
}

const (
	queueMin = 16
	queueMax = 4096 // a ring larger than this is released once it is empty
)

func (q *queue) len() int { return q.count }

func (q *queue) push(v any) {
	if q.count == len(q.ring) {
		grown := make([]any, max(queueMin, 2*len(q.ring)))
		for i := range q.count {
			grown[i] = q.ring[(q.first+i)&(len(q.ring)-1)]
		}
		q.ring, q.first = grown, 0
	}
	q.ring[(q.first+q.count)&(len(q.ring)-1)] = v
	q.count++
}

func (q *queue) pop() any {
	v := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.count--
	if q.count == 0 && len(q.ring) > queueMax {
		*q = queue{}
	}
	return v
}

// drain empties the queue and returns what was in it, oldest first.
func (q *queue) drain() []any {
	all := make([]any, 0, q.count)
	for q.count > 0 {
		all = append(all, q.pop())
	}
	return all
}
