package stdio

import "sync"

// queue holds lines that wait to be written. Those without a key keep their order and are bounded;
// of a key only the newest waits, in the place of the one before.
type queue struct {
	linesMax, bytesMax int

	mu     sync.Mutex
	items  []*item
	keyed  map[string]*item
	lines  int // without a key
	bytes  int // of those
	closed bool
	wake   chan struct{} // holds one token while there may be work
}

type item struct {
	key  string
	line []byte
}

func newQueue(linesMax, bytesMax int) *queue {
	return &queue{linesMax: linesMax, bytesMax: bytesMax, keyed: map[string]*item{}, wake: make(chan struct{}, 1)}
}

// put offers a line. kept is false where there is no room for a line without a key; a single one fits
// however long it is. After close everything is taken, and goes nowhere.
func (q *queue) put(key string, line []byte) (kept, replaced bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return true, false
	}
	if key != "" {
		if waits := q.keyed[key]; waits != nil {
			waits.line = line
			return true, true
		}
	} else {
		if q.lines > 0 && (q.lines >= q.linesMax || q.bytes+len(line) > q.bytesMax) {
			return false, false
		}
		q.lines++
		q.bytes += len(line)
	}
	i := &item{key, line}
	q.items = append(q.items, i)
	if key != "" {
		q.keyed[key] = i
	}
	q.signal()
	return true, false
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// writeMax is how many bytes are written at once: as much as a pipe holds.
const writeMax = 64 << 10

// take waits for lines and appends about writeMax bytes of them to b; false once the queue is closed.
func (q *queue) take(b []byte) ([]byte, bool) {
	for {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return b, false
		}
		n := 0
		for n < len(q.items) && (n == 0 || len(b)+len(q.items[n].line) <= writeMax) {
			i := q.items[n]
			b = append(b, i.line...)
			if i.key == "" {
				q.lines--
				q.bytes -= len(i.line)
			} else {
				delete(q.keyed, i.key)
			}
			q.items[n] = nil
			n++
		}
		q.items = q.items[n:]
		if len(q.items) == 0 {
			q.items = nil
		}
		q.mu.Unlock()
		if n > 0 {
			return b, true
		}
		<-q.wake
	}
}

// close lets go of everything that waits.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.items, q.keyed = nil, map[string]*item{}
	q.mu.Unlock()
	q.signal()
}
