package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/system"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/replay"
)

// chainFromReplay measures the chain in replay mode, as maru run plays a session: the replay server
// in the same process at full speed, every actor on one loop, a frame worked through to the end
// before the next. Beside it a bare reader takes the same frames from the same server and decodes.
func chainFromReplay(ctx context.Context, r *runner) ([]row, error) {
	s, err := r.load()
	if err != nil {
		return nil, err
	}
	var chained, read meter
	chain := func() (float64, error) {
		return withServer(s, &chained, func(v *replay.Server) (int, error) { return replayChain(ctx, r, s, v) })
	}
	bare := func() (float64, error) {
		return withServer(s, &read, func(v *replay.Server) (int, error) { return replayBare(ctx, s, v) })
	}
	if !r.quick {
		if _, err := alternate(ctx, 1, chain, bare); err != nil {
			return nil, err
		}
	}
	p, err := alternate(ctx, pick(r, 9, 1), chain, bare)
	if err != nil {
		return nil, err
	}
	w := p.row("whole chain through the WebSocket replay", "frames/s", "bare gorilla reader, then decoding, same server")
	w = w.aim("ratio ≥ 0.7", w.Ratio >= 0.7)
	w.Note = fmt.Sprintf("median of %d turns, from dialing to the last frame worked through; the server runs in the same process, on the same %d cores", len(p.a), cores())
	rows := []row{w}
	if cpu, ok := cpuRow("processor time of the same, server included", w.Against, &chained, &read); ok {
		rows = append(rows, cpu)
	}
	return rows, nil
}

// withServer starts a replay server, measures play against it and returns frames a second.
func withServer(s *session, m *meter, play func(*replay.Server) (frames int, err error)) (rate float64, err error) {
	p, err := s.protocol("", "")
	if err != nil {
		return 0, err
	}
	server, err := replay.New(replay.Config{Venue: binance.Name, Files: []string{s.file}, Requests: len(p.Subscribe())})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	runtime.GC()
	return m.run(len(s.frames), func() error {
		n, err := play(server)
		if err == nil && n != len(s.frames) {
			err = fmt.Errorf("%d frames came through of %d", n, len(s.frames))
		}
		return err
	})
}

func replayChain(ctx context.Context, r *runner, s *session, server *replay.Server) (int, error) {
	dir, err := r.temp("journal")
	if err != nil {
		return 0, err
	}
	protocol := func() (feeder.Protocol, error) { return s.protocol(server.URL()+"/stream", server.RESTURL()) }
	cfg, err := chainConfig(s, &orderLog{cfg: journal.DefaultConfig(dir)}, protocol, nil)
	if err != nil {
		return 0, err
	}
	cfg.Mailboxes = mailboxes
	loop := system.NewLoop(0)
	env := system.Env{Now: loop.Now, After: loop.After, Go: loop.Go, Log: quiet, Repeatable: true}
	dead, metrics, player := newDeadLetters(), telemetry.New("bench"), feeder.NewReplay(loop)
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	tree, err := actors.Start(cfg, actors.Deps{Env: env, Dispatcher: loop, Metrics: metrics, Bars: discard{}, DeadLetters: dead,
		HTTP: client, View: discard{}, Replay: player, Drive: loop.Run})
	if err != nil {
		return 0, err
	}
	loop.Run()
	player.Run(func(to *actor.PID, m any) { tree.Send(to, m) }, ctx.Done())
	err = tree.Stop(context.WithoutCancel(ctx))
	return int(framesOf(metrics)), errors.Join(err, ctx.Err(), dead.err(), checkPass(metrics, s, tree))
}

// replayBare reads with the client that the feeder uses, with the same buffer, and decodes.
func replayBare(ctx context.Context, s *session, server *replay.Server) (int, error) {
	p, err := s.protocol(server.URL()+"/stream", server.RESTURL())
	if err != nil {
		return 0, err
	}
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second, ReadBufferSize: 64 << 10}
	ws, response, err := dialer.Dial(p.URL(), nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	defer ws.Close()
	defer context.AfterFunc(ctx, func() { ws.Close() })() // ends a read that hangs
	for _, request := range p.Subscribe() {
		if err := ws.WriteMessage(websocket.TextMessage, request); err != nil {
			return 0, err
		}
	}
	var events []message.Event
	frames := 0
	for at := market.Timestamp(1); ; at++ {
		_, payload, err := ws.ReadMessage()
		if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		if events, err = p.Decode(events[:0], payload, at); err != nil {
			return frames, err
		}
		if len(events) == 1 && events[0].Kind() == message.KindNotice {
			continue // the answer to the subscription
		}
		frames++
	}
}
