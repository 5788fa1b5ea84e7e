package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/adapters/gateway"
)

// NewFeed is part of gateway.Runtime.
func (w *wire) NewFeed(cfg gateway.StreamConfig) (gateway.Feed, error) {
	return &feed{w: w, cfg: cfg, changed: w.NewSignal()}, nil
}

// feed is gateway.Stream over the wire: it dials, says hello, reads, and dials again with growing
// waits. A connection that is to be replaced is cut first, which the gateway must take as well.
type feed struct {
	w       *wire
	cfg     gateway.StreamConfig
	line    feeder.Line
	changed gateway.Signal
	renew   string
}

const (
	feedBackoffMin = 250 * time.Millisecond
	feedBackoffMax = 30 * time.Second
	feedReady      = 15 * time.Second
)

// Renew is part of gateway.Feed.
func (f *feed) Renew(why string) {
	f.renew = why
	f.changed.Broadcast()
}

// Send is part of gateway.Feed.
func (f *feed) Send(frame []byte) error {
	if f.line == nil {
		return errors.New("simulation: not connected")
	}
	f.line.Send(frame)
	return nil
}

// Run is part of gateway.Feed.
func (f *feed) Run(ctx context.Context) {
	wait := feedBackoffMin
	for ctx.Err() == nil {
		if f.cfg.Permit != nil && f.cfg.Permit(ctx) != nil {
			return
		}
		if f.once(ctx) {
			wait = feedBackoffMin
		}
		if f.w.Sleep(ctx, wait) != nil {
			return
		}
		wait = min(wait*2, feedBackoffMax)
	}
}

// once keeps one connection until it ends, and reports whether it was ready.
func (f *feed) once(ctx context.Context) (wasReady bool) {
	var ready bool
	var why error
	f.renew = ""
	talk := f.cfg.Talk()
	var line feeder.Line
	line = f.w.Dial(f.cfg.URL, feeder.Peer{
		Opened: func() {
			frames, err := talk.Hello()
			if err != nil {
				why = err
			}
			for _, frame := range frames {
				line.Send(frame)
			}
			f.changed.Broadcast()
		},
		Frame: func(frame []byte) {
			if why != nil {
				return
			}
			now, err := talk.Frame(frame, f.w.loop.Now())
			if err != nil {
				why = err
			} else if now && !ready {
				ready = true
				f.line = line
				f.cfg.Up()
			}
			f.changed.Broadcast()
		},
		Closed: func(err error) {
			why = err
			f.changed.Broadcast()
		},
	})
	within, cancel := f.w.WithTimeout(ctx, feedReady)
	for why == nil && !ready && within.Err() == nil {
		_ = f.changed.Wait(within, f.changed.Seen())
	}
	cancel()
	if why == nil && !ready {
		why = errors.New("simulation: the stream did not become ready")
	}
	for why == nil && ctx.Err() == nil {
		if f.renew != "" {
			why = errors.New(f.renew)
			break
		}
		_ = f.changed.Wait(ctx, f.changed.Seen())
	}
	if why == nil {
		why = ctx.Err()
	}
	line.Close()
	f.line = nil
	if ready {
		f.cfg.Down(why.Error())
	}
	return ready
}
