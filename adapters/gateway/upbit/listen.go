package upbit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-faster/jx"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/gateway"
)

const (
	// pingEvery is how often a WebSocket ping goes out; the server cuts after 120 s without traffic
	// (websocket-guide), others measured 60 s.
	pingEvery = 20 * time.Second
	// silence is for how long a healthy connection may say nothing: three pings, and six of the UP that
	// PING has the server send every 10 s.
	silence = time.Minute
)

func (g *Gateway) newStream() (*gateway.Stream, error) {
	return gateway.NewStream(gateway.StreamConfig{
		URL:        g.cfg.WebSocketURL,
		Header:     g.dialHeader,
		Talk:       func() gateway.Talk { return &talk{g: g} },
		Up:         g.up,
		Down:       g.down,
		Throttled:  g.cfg.Budget.Penalize,
		PingEvery:  pingEvery,
		Silence:    silence,
		BackoffMin: g.cfg.BackoffMin,
		Seed:       g.cfg.Seed,
		Now:        g.cfg.Now,
		Dial:       g.cfg.Dial,
		Log:        g.log,
	})
}

// dialHeader makes the headers of a dial. There must be no Origin: with one Upbit permits a request in ten
// seconds (rate-limits).
func (g *Gateway) dialHeader() (http.Header, error) {
	h, err := g.authorization("")
	if err == nil {
		h.Del("Accept")
	}
	return h, err
}

func (g *Gateway) up() {
	if g.link.set(true) {
		// Whoever asked while the stream was down was told that this is impossible: ask again.
		g.replies.Disconnected("upbit: the private stream was down and is up")
	}
}

func (g *Gateway) down(why string) {
	g.link.set(false)
	g.replies.Disconnected(g.scrub("upbit: the private stream is down: " + why))
}

// talk is what is said on one connection of the private stream.
type talk struct{ g *Gateway }

// Hello asks for a sign of life, and for what happens to orders and balances. Upbit confirms no subscription
// and sends no snapshot: that it answers PING is all that can be seen of a connection that works.
func (t *talk) Hello() ([][]byte, error) {
	ticket, err := t.g.ticketOf()
	if err != nil {
		return nil, err
	}
	return [][]byte{[]byte("PING"), subscription(ticket)}, nil
}

// subscription asks for what happens to orders of every instrument, and to balances.
func subscription(ticket string) []byte {
	var e jx.Encoder
	object := func(name, value string) {
		e.Obj(func(e *jx.Encoder) {
			e.Field(name, func(e *jx.Encoder) { e.Str(value) })
		})
	}
	e.Arr(func(*jx.Encoder) {
		object("ticket", ticket)
		object("type", "myOrder")
		object("type", "myAsset")
		object("format", "DEFAULT")
	})
	return e.Bytes()
}

// Frame takes in one frame. What cannot be read may have been an execution, so that the account has to be
// asked for; an error of Upbit's ends the connection, as Upbit then does.
func (t *talk) Frame(frame []byte, _ market.Timestamp) (ready bool, err error) {
	g := t.g
	events, err := decodeEvents(frame)
	if err != nil {
		g.log.Warn("a frame of the private stream cannot be read", slog.Any("reason", err), slog.Int("bytes", len(frame)))
		g.replies.Disconnected(g.scrub(fmt.Sprintf("upbit: a frame of the private stream cannot be read: %v", err)))
		return false, nil
	}
	for _, e := range events {
		switch {
		case e.fault != nil:
			return false, fmt.Errorf("upbit: the private stream refuses: %s", g.scrub(e.fault.String()))
		case e.status != "":
			ready = true
		case e.order != nil:
			g.heard(e.order)
		case e.assets != nil:
			select {
			case g.moved <- struct{}{}:
			default: // it is known already
			}
		}
	}
	return ready, nil
}

// heard takes in what happened to an order.
func (g *Gateway) heard(e *orderEvent) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	g.tell(g.orders.event(e), e.id)
}

// balancesSettle is how long after the stream said that balances changed they are asked for: Upbit tells of each
// execution's by themselves.
const balancesSettle = time.Second

// watchBalances tells balances after they changed. The stream's own numbers are doubles, and money has more
// digits than those hold, so that they only say that it is time to ask. Upbit may be silent about balances for
// minutes after a key's first subscription; what matters comes with Recover.
func (g *Gateway) watchBalances() {
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-g.moved:
		}
		select {
		case <-g.ctx.Done():
			return
		case <-time.After(g.settle):
		}
		g.recovering.Lock()
		ctx, cancel := context.WithTimeout(g.ctx, g.cfg.RecoverWithin)
		err := g.balances(ctx, nil)
		cancel()
		g.recovering.Unlock()
		if err != nil && g.ctx.Err() == nil {
			g.log.Warn("balances changed and could not be asked for", slog.String("reason", g.scrub(err.Error())))
		}
	}
}
