package upbit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// ErrKey is wrapped where the access key cannot do what it takes to trade.
var ErrKey = errors.New("upbit: the access key")

// errNotStarted is why nothing is sent before Start.
const errNotStarted = "not sent: the gateway was not started: the access key was not checked"

const (
	// keyEvery is how often the key's end is asked for, keyEndsSoon when it is warned of. A key lives a year.
	keyEvery    = 12 * time.Hour
	keyEndsSoon = 14 * 24 * time.Hour
	// startWaitMin and startWaitMax bound the wait between two attempts of StartLater.
	startWaitMin = time.Second
	startWaitMax = time.Minute
)

// Start checks the key as Check does, and then connects the private stream. On an error nothing runs, and it
// may be called again; before it succeeded no order leaves.
func (g *Gateway) Start(ctx context.Context) error {
	if err := g.Check(ctx); err != nil {
		return err
	}
	g.launch()
	return nil
}

// StartLater is Start that returns at once and tries until it succeeds or the gateway is closed, for a venue
// that may not be reachable yet. Whatever keeps it from starting is told as Disconnected, and as the
// answer to Recover.
func (g *Gateway) StartLater() {
	if g.begin(false) != "" {
		return
	}
	go func() {
		defer g.done()
		for wait := startWaitMin; ; wait = min(2*wait, startWaitMax) {
			ctx, cancel := context.WithTimeout(g.ctx, g.cfg.RecoverWithin)
			err := g.Check(ctx)
			cancel()
			if err == nil {
				g.launch()
				return
			}
			if g.ctx.Err() != nil {
				return
			}
			g.log.Error("the account cannot trade yet; trying again", slog.Any("reason", err), slog.Duration("in", wait))
			g.link.because(err.Error())
			g.replies.Disconnected(err.Error())
			select {
			case <-g.ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}()
}

// launch starts what runs, once.
func (g *Gateway) launch() {
	g.calls.Lock()
	defer g.calls.Unlock()
	if g.started || g.closed {
		return
	}
	g.started = true
	g.all.Go(func() { g.stream.Run(g.ctx) })
	g.all.Go(g.watchBalances)
}

// Close ends everything and returns once nothing of it runs any more. What became of requests under way
// is told as unknown. It may be called again; a closed gateway answers every call with an error or a
// refusal.
func (g *Gateway) Close() error {
	g.calls.Lock()
	g.closed = true
	g.calls.Unlock()
	g.cancel()
	g.all.Wait()
	g.requester.Close()
	return nil
}

// Check asks for what trading takes: that the key is one that has not ended, and that it may see the
// account's balances and orders. Whether it may place orders shows with the first one, and Upbit tells no
// program what else a key may do, so that one that can withdraw is not recognized: that is warned of. It
// fails with ErrKey where the venue refuses, else with what kept it from answering.
func (g *Gateway) Check(ctx context.Context) error {
	if err := g.checkKey(ctx, true); err != nil {
		return err
	}
	for _, r := range []request{accountsRequest(), openRequest(1)} {
		if _, err := g.mayAsk(ctx, r); err != nil {
			return err
		}
	}
	g.log.Warn("Upbit does not tell what a key may do: whether it can withdraw is not checked; it should not")
	return nil
}

// checkKey asks, from time to time or where it must, when the key ends. That it has ended is an error; that it
// is not known is one only where it must.
func (g *Gateway) checkKey(ctx context.Context, must bool) error {
	g.mu.Lock()
	due := must || g.keyAsked == 0 || g.cfg.Now().Sub(g.keyAsked) >= keyEvery
	g.mu.Unlock()
	if !due {
		return nil
	}
	ends, err := g.keyEnds(ctx)
	switch {
	case err != nil && must:
		return err
	case err != nil:
		g.log.Warn("when the access key ends is not known", slog.String("reason", g.scrub(err.Error())))
		return nil
	}
	g.mu.Lock()
	g.keyAsked = g.cfg.Now()
	g.mu.Unlock()
	switch left := ends.Sub(g.venueTime()); { // after the answer, which had a date
	case ends == 0:
		g.log.Warn("the access key is not among the keys that its account lists; when it ends is not known")
	case left <= 0:
		return fmt.Errorf("%w ended at %v: make a new one at upbit.com", ErrKey, ends)
	case left < keyEndsSoon:
		g.log.Warn("the access key ends soon; make a new one at upbit.com", slog.Any("at", ends))
	}
	return nil
}

// keyEnds asks when our key ends; zero: the venue does not list it.
func (g *Gateway) keyEnds(ctx context.Context) (market.Timestamp, error) {
	body, err := g.mayAsk(ctx, keysRequest())
	if err != nil {
		return 0, err
	}
	keys, err := decodeKeys(body)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if k.access == g.cfg.Credentials.Key.Reveal() {
			return k.expires, nil
		}
	}
	return 0, nil
}

// mayAsk asks something and returns the body; it fails with ErrKey where the venue says no.
func (g *Gateway) mayAsk(ctx context.Context, r request) ([]byte, error) {
	out := g.do(ctx, r)
	switch v, why := judge(out); {
	case v == taken:
		return out.Body, nil
	case (v == refused || v == absent) && !throttles(out.Status):
		return nil, fmt.Errorf("%w: %s %s: %s", ErrKey, r.method, r.path, g.scrub(why))
	default:
		return nil, fmt.Errorf("upbit: %s %s: %s", r.method, r.path, g.scrub(why))
	}
}
