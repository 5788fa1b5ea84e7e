package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
)

// generatorChildEnv makes this program a server that plays venues: a process of its own, so that
// what it costs is told apart from what the node costs.
const generatorChildEnv = "MARU_BENCH_GENERATOR"

// The parent writes one generatorPlan, then as many generatorSpans as it likes; the child answers
// each with a line. The end of its input ends it.
type (
	// generatorPlan says what each socket is to bring: socket i is what dials /i.
	generatorPlan struct {
		Channel market.Channel
		Sockets []generatorSocket
	}
	generatorSocket struct {
		Venue   market.Venue
		Symbols []string
	}
	generatorReady struct{ Address string }
	// generatorSpan asks for so many frames at an even rate, each symbol's in turn.
	generatorSpan struct {
		Frames int
		Rate   int // frames a second over all sockets; 0: as fast as they are taken
	}
	generatorReport struct {
		Error     string
		Seconds   float64 // from the first frame to the last
		CPU       float64 // seconds of processor time that the process used meanwhile
		WorstLate float64 // seconds by which a frame left too late, at worst
	}
)

// generator is the parent's side.
type generator struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	to     *json.Encoder
	from   *json.Decoder
	stderr strings.Builder

	address string
}

// startGenerator runs this program as the process that plays the venues.
func startGenerator(ctx context.Context, plan generatorPlan) (g *generator, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g = &generator{cmd: exec.CommandContext(ctx, self)}
	g.cmd.Env = append(os.Environ(), generatorChildEnv+"=yes")
	g.cmd.Stderr = &g.stderr
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.to, g.from = json.NewEncoder(g.in), json.NewDecoder(out)
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	var ready generatorReady
	if err := errors.Join(g.to.Encode(plan), g.from.Decode(&ready)); err != nil {
		return nil, errors.Join(fmt.Errorf("the process that plays the venues: %w", err), g.stop())
	}
	g.address = ready.Address
	return g, nil
}

func (g *generator) url(socket int) string { return "ws://" + g.address + "/" + strconv.Itoa(socket) }

// play lets frames come and returns when all of them have left. The first call waits until every
// socket is there.
func (g *generator) play(s generatorSpan) (report generatorReport, err error) {
	if err := errors.Join(g.to.Encode(s), g.from.Decode(&report)); err != nil {
		return report, fmt.Errorf("the process that plays the venues: %w", err)
	}
	if report.Error != "" {
		return report, fmt.Errorf("the process that plays the venues: %s", report.Error)
	}
	return report, nil
}

// stop ends the sockets as a venue does that has nothing more to say, and the process.
func (g *generator) stop() error {
	err := errors.Join(g.in.Close(), g.cmd.Wait())
	if err != nil {
		return fmt.Errorf("the process that plays the venues: %w: %.500s", err, g.stderr.String())
	}
	return nil
}

// generatorChild is main of that process.
func generatorChild(stdin io.Reader, stdout, stderr io.Writer) int {
	if err := playVenues(stdin, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	return exitDone
}

// stage is what the sockets are played from.
type stage struct {
	sockets []*websocket.Conn
	targets []target // in the order in which they tick: neighbours are on different sockets
	sent    int64
	pending [][]byte // of each socket: what is due
	late    time.Duration
}

type target struct {
	socket int
	form   form
}

func playVenues(stdin io.Reader, stdout io.Writer) (err error) {
	in, out := json.NewDecoder(stdin), json.NewEncoder(stdout)
	var plan generatorPlan
	if err := in.Decode(&plan); err != nil {
		return err
	}
	s, err := newStage(plan)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	arrived := make(chan arrival, len(s.sockets))
	server := &http.Server{Handler: receiver{arrived, len(s.sockets)}, ReadHeaderTimeout: 10 * time.Second}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(listener) }()
	defer func() {
		s.close()
		if closed := errors.Join(server.Close(), <-serving); !errors.Is(closed, http.ErrServerClosed) {
			err = errors.Join(err, closed)
		}
	}()
	if err := out.Encode(generatorReady{listener.Addr().String()}); err != nil {
		return err
	}
	for waiting := len(s.sockets); ; {
		var span generatorSpan
		if err := in.Decode(&span); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for ; waiting > 0; waiting-- {
			select {
			case a := <-arrived:
				s.sockets[a.socket] = a.ws
			case <-time.After(patienceMax):
				return fmt.Errorf("%d sockets of %d never came", waiting, len(s.sockets))
			}
		}
		if err := out.Encode(s.play(span)); err != nil {
			return err
		}
	}
}

func newStage(plan generatorPlan) (*stage, error) {
	s := &stage{sockets: make([]*websocket.Conn, len(plan.Sockets)), pending: make([][]byte, len(plan.Sockets))}
	for n, more := 0, true; more; n++ {
		more = false
		for i, socket := range plan.Sockets {
			if n >= len(socket.Symbols) {
				continue
			}
			more = true
			for _, d := range dialects {
				if d.venue != socket.Venue {
					continue
				}
				text, err := d.text(plan.Channel)
				if err != nil {
					return nil, err
				}
				s.targets = append(s.targets, target{i, newForm(text, socket.Symbols[n])})
			}
		}
	}
	if len(s.targets) == 0 {
		return nil, errors.New("there is nothing to play")
	}
	return s, nil
}

// arrival is a socket that was dialed.
type arrival struct {
	socket int
	ws     *websocket.Conn
}

// receiver takes the sockets in. What they ask for is read and not answered: the plan says what
// they get.
type receiver struct {
	arrived chan<- arrival
	sockets int
}

// ServeHTTP is part of http.Handler.
func (h receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	n, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/"))
	if err != nil || n < 0 || n >= h.sockets {
		http.NotFound(w, request)
		return
	}
	ws, err := (&websocket.Upgrader{}).Upgrade(w, request, nil)
	if err != nil {
		return // it has answered
	}
	// The frames are written past the library, which would leave a deadline on the socket for its
	// own answer.
	ws.SetPingHandler(func(data string) error {
		const wholePong = 0x8a
		_, err := ws.NetConn().Write(append([]byte{wholePong, byte(len(data))}, data...))
		return err
	})
	h.arrived <- arrival{n, ws}
	for {
		if _, _, err := ws.NextReader(); err != nil {
			return
		}
	}
}

const (
	// beat is how often frames leave. What falls due on a socket in between leaves in one write; the
	// beat is so short that this is one frame at 100,000 a second over 20 sockets, the most work
	// for both sides.
	beat = 100 * time.Microsecond
	// burstMax bounds what is made before it is written: after a pause, and where there is no rate.
	burstMax = 2000
)

// play sends the frames of a span at its rate. It blocks where a socket's reader does not keep up,
// and then hurries to catch up.
func (s *stage) play(span generatorSpan) (report generatorReport) {
	fail := func(err error) generatorReport { report.Error = err.Error(); return report }
	interval := beat
	if span.Rate > 0 {
		interval = max(beat, time.Second/time.Duration(span.Rate))
	}
	m, err := newMetronome(interval)
	if err != nil {
		return fail(err)
	}
	defer m.close()
	s.late = 0
	begun, cpu := time.Now(), cpuTime()
	for left := span.Frames; left > 0; {
		due := min(left, burstMax)
		if span.Rate > 0 {
			planned := int(time.Since(begun).Seconds() * float64(span.Rate))
			if due = min(due, planned-(span.Frames-left)); due <= 0 {
				if _, err := m.wait(); err != nil {
					return fail(err)
				}
				continue
			}
		}
		if err := s.send(due); err != nil {
			return fail(err)
		}
		left -= due
		if span.Rate > 0 {
			s.lateness(begun, span.Frames-left, span.Rate)
		}
	}
	report.Seconds, report.CPU, report.WorstLate = time.Since(begun).Seconds(), (cpuTime() - cpu).Seconds(), s.late.Seconds()
	return report
}

// lateness notes by how much the last of so many frames left after its time.
func (s *stage) lateness(begun time.Time, sent, rate int) {
	due := time.Duration(float64(sent) / float64(rate) * float64(time.Second))
	s.late = max(s.late, time.Since(begun)-due)
}

// send makes the next frames and writes them, each socket's in one go.
func (s *stage) send(frames int) error {
	now := time.Now().UnixMilli()
	for range frames {
		t := &s.targets[s.sent%int64(len(s.targets))]
		s.pending[t.socket] = t.form.appendFrame(s.pending[t.socket], s.sent/int64(len(s.targets))+1, now)
		s.sent++
	}
	for i, due := range s.pending {
		if len(due) == 0 {
			continue
		}
		if _, err := s.sockets[i].NetConn().Write(due); err != nil {
			return fmt.Errorf("socket %d: %w", i, err)
		}
		s.pending[i] = due[:0]
	}
	return nil
}

// close says on every socket that nothing more will come. By then the parent has counted what it
// waits for: a socket that is closed may forget what was not read yet.
func (s *stage) close() {
	var all sync.WaitGroup
	for _, ws := range s.sockets {
		if ws == nil {
			continue
		}
		all.Go(func() {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, feeder.EndOfSession), time.Now().Add(time.Second))
			_ = ws.Close()
		})
	}
	all.Wait()
}
