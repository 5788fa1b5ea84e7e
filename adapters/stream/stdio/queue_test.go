package stdio

import (
	"fmt"
	"testing"
	"time"
)

func TestQueueConflatesByKeyAndKeepsTheRest(t *testing.T) {
	q := newQueue(3, 1000)
	put := func(key, line string, kept, replaced bool) {
		t.Helper()
		if k, r := q.put(key, []byte(line+"\n")); k != kept || r != replaced {
			t.Errorf("%q %q: kept %t replaced %t", key, line, k, r)
		}
	}
	put("", "order 1", true, false)
	put("a", "quote a1", true, false)
	put("b", "quote b1", true, false)
	put("", "order 2", true, false)
	put("a", "quote a2", true, true)
	put("", "order 3", true, false)
	put("", "order 4", false, false) // the bound of what may not be lost
	put("a", "quote a3", true, true) // does not hold for what may
	b, ok := q.take(nil)
	if want := "order 1\nquote a3\nquote b1\norder 2\norder 3\n"; !ok || string(b) != want {
		t.Errorf("took %q, want %q", b, want)
	}
	put("", "order 4", true, false)
	q.close()
	if _, ok := q.take(nil); ok {
		t.Error("a closed queue gave something")
	}
	put("", "order 5", true, false)
}

func TestQueueBoundsBytes(t *testing.T) {
	q := newQueue(100, 10)
	if kept, _ := q.put("", make([]byte, 50)); !kept {
		t.Error("a single line must fit however long it is")
	}
	if kept, _ := q.put("", make([]byte, 1)); kept {
		t.Error("there was no room")
	}
	if b, _ := q.take(nil); len(b) != 50 {
		t.Errorf("took %d bytes", len(b))
	}
	if kept, _ := q.put("", make([]byte, 1)); !kept {
		t.Error("there was room again")
	}
}

func TestQueueTakesWhatAPipeHolds(t *testing.T) {
	q := newQueue(1000, 1<<20)
	for i := range 10 {
		q.put(fmt.Sprint(i), make([]byte, 20<<10))
	}
	for _, want := range []int{3, 3, 3, 1} {
		if b, ok := q.take(nil); !ok || len(b) != want*20<<10 {
			t.Errorf("took %d bytes, want %d", len(b), want*20<<10)
		}
	}
}

func TestLimit(t *testing.T) {
	now := time.Unix(0, 0).Add(time.Hour)
	l := newLimit(2, func() time.Time { return now })
	for i, want := range []bool{true, true, false, false} {
		if l.allow() != want {
			t.Errorf("call %d: not %t", i, want)
		}
	}
	now = now.Add(time.Second)
	if !l.allow() {
		t.Error("a second later it is not allowed")
	}
}
