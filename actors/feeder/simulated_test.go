package feeder

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/system"
)

// wire is a simulated network that writes down what is done with it.
type wire struct {
	loop  *system.Loop
	said  []string
	peers []Peer
	open  func(p Peer) // what becomes of a dial; nil: it opens after 10 ms
}

func (w *wire) note(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf("%v ", w.loop.Now().Sub(0))+fmt.Sprintf(format, args...))
}

func (w *wire) Dial(url string, to Peer) Line {
	w.note("dial %s", url)
	w.peers = append(w.peers, to)
	if w.open != nil {
		w.open(to)
	} else {
		w.loop.After(10*time.Millisecond, to.Opened)
	}
	return lineTo{w}
}

type lineTo struct{ w *wire }

func (l lineTo) Send(frame []byte) { l.w.note("send %s", frame) }
func (l lineTo) Ping()             { l.w.note("ping") }
func (l lineTo) Close()            { l.w.note("close") }

// paced is a protocol with a pace, a ping, a limit to silence and an age.
type paced struct{ words }

func (paced) URL() string                   { return "ws://venue" }
func (paced) Subscribe() [][]byte           { return [][]byte{[]byte("a"), []byte("b")} }
func (paced) SendEvery() time.Duration      { return 100 * time.Millisecond }
func (paced) Ping() ([]byte, time.Duration) { return []byte("ping"), 700 * time.Millisecond }
func (paced) Silence() time.Duration        { return 2 * time.Second }
func (paced) Lifetime() time.Duration       { return 5 * time.Second }

func TestSimulatedConnection(t *testing.T) {
	loop := system.NewLoop(0)
	w := &wire{loop: loop}
	cfg := DefaultConfig("test", 1)
	cfg.ReconnectMin, cfg.ReconnectMax = time.Second, 3*time.Second
	c := newConn(cfg, paced{}, loop.Now, quiet, false, func() {})
	c.simulated = newSimulated(c, w, loop.After)
	c.start()
	at := func(ms int) { loop.Advance(market.Milliseconds(int64(ms))) }
	at(50)
	sent := 0
	for _, session := range []int{1, 2} { // of the second nobody hears: it is not there yet
		if !c.send(outgoing{session: session, frames: [][]byte{[]byte("x"), []byte("y")}, sent: func() { sent++ }}) {
			t.Error("refused")
		}
	}
	at(600)
	w.peers[0].Frame([]byte("hello"))
	at(2700) // silent since 0.6 s
	want := []string{"0s dial ws://venue", "10ms send a", "110ms send b", "210ms send x", "310ms send y", "710ms send ping", "1.41s send ping",
		"2.11s send ping", "2.6s close"}
	if !slices.Equal(w.said, want) || sent != 1 {
		t.Errorf("%q, want %q (%d sent)", w.said, want, sent)
	}
	w.peers[0].Frame([]byte("late"))
	w.said = nil
	w.open = func(p Peer) { loop.After(time.Millisecond, func() { p.Closed(errors.New("refused")) }) }
	at(9000)
	if want := []string{"3.6s dial ws://venue", "5.601s dial ws://venue", "8.602s dial ws://venue"}; !slices.Equal(w.said[:min(3, len(w.said))], want) {
		t.Errorf("%q, want %q", w.said, want)
	}
	w.open = nil
	at(11700)
	for i := range 9 {
		at(11700 + i*500)
		w.peers[len(w.peers)-1].Frame([]byte("tick"))
	}
	w.said = nil
	at(16900)
	if len(w.said) == 0 || w.said[len(w.said)-1] != "16.613s close" {
		t.Errorf("%q: want it to end at its age", w.said)
	}
	var kinds []itemKind
	var frames int
	for {
		select {
		case it := <-c.items:
			if it.kind == itemFrame {
				frames++
				continue
			}
			kinds = append(kinds, it.kind)
			continue
		default:
		}
		break
	}
	wantKinds := []itemKind{itemConnected, itemDisconnected, itemDisconnected, itemDisconnected, itemDisconnected, itemConnected, itemDisconnected}
	if frames != 10 || !slices.Equal(kinds, wantKinds) {
		t.Errorf("%d frames, items %v, want %v", frames, kinds, wantKinds)
	}
	w.said = nil
	c.stop()
	at(60_000)
	if len(w.said) != 0 {
		t.Errorf("after the stop: %q", w.said)
	}
}
