package classifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/maru-trading/maru/actors/message"
)

// Shelf holds the models in use, so that a classifier that begins anew after a failure has them at
// once. Every start of one classifier gets the same; nobody else touches it, and its starts follow
// each other.
type Shelf struct {
	loaded map[message.EngineName]*placed
}

// placed is a model with the mark that its source gave it.
type placed struct {
	*Loaded
	mark string
}

// NewShelf returns a shelf with nothing on it.
func NewShelf() *Shelf { return &Shelf{loaded: map[message.EngineName]*placed{}} }

// Fill loads every model now, for a repeatable run, which takes no new versions later: what is loaded must
// not depend on how long it takes. It returns every fault, joined.
func (s *Shelf) Fill(ctx context.Context, engines []Config, sources map[message.EngineName]Source) error {
	var all []error
	for _, c := range engines {
		if c.Type != Model {
			continue
		}
		err := c.Validate()
		if err == nil && sources[c.Name] == nil {
			err = fmt.Errorf("classifier: engine %q: there is no source for its model: %w", c.Name, ErrConfig)
		}
		if err == nil {
			var l *Loaded
			var mark string
			if l, mark, err = Load(ctx, c, sources[c.Name], ""); err == nil {
				s.loaded[c.Name] = &placed{l, mark}
			}
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// Before a first version is there, it is asked for again after this long, doubled each time up to
// retryMost.
const (
	retryLeast = time.Second
	retryMost  = time.Minute
)

// loading is what the actor knows of one model engine's file.
type loading struct {
	engine int // its number in the core
	cfg    Config
	source Source
	seen   string // mark of the version in use, or of the one refused last
	sum    string // checksum of the version in use
	told   string // the last failure, which is logged once however long it lasts
	wait   time.Duration
	cancel func() // calls off the next look
}

// Messages of a classifier to itself. who tells them from those of a start before.
type (
	lookDue struct {
		who *Classifier
		at  *loading
	}
	looked struct {
		who    *Classifier
		at     *loading
		loaded *Loaded // nil: nothing new, or err
		mark   string
		err    error
		took   time.Duration
	}
)

// beginLoading puts the models in use back, and looks for those that are not there.
func (c *Classifier) beginLoading(ctx actor.Context) {
	c.self, c.root = ctx.Self(), ctx.ActorSystem().Root
	c.context, c.stop = context.WithCancel(context.Background())
	for k, cfg := range c.configs {
		if cfg.Type != Model {
			continue
		}
		m := c.deps.Metrics
		for _, outcome := range loadOutcomes {
			m.ClassifierLoads.WithLabelValues(string(cfg.Name), outcome) // there from the start
		}
		l := &loading{engine: k, cfg: cfg, source: c.deps.Sources[cfg.Name], wait: retryLeast}
		c.loadings = append(c.loadings, l)
		if p := c.deps.Shelf.loaded[cfg.Name]; p != nil {
			c.install(l, p.Loaded, p.mark)
		} else {
			m.ClassifierLoaded.WithLabelValues(string(cfg.Name)).Set(0)
		}
		switch {
		case c.deps.Env.Repeatable: // Fill loaded what there is
		case l.sum == "":
			c.look(l)
		default:
			c.lookLater(l, cfg.Model.Poll)
		}
	}
}

// endLoading calls everything off.
func (c *Classifier) endLoading() {
	if c.stop != nil {
		c.stop()
	}
	for _, l := range c.loadings {
		if l.cancel != nil {
			l.cancel()
			l.cancel = nil
		}
	}
}

// look reads the file outside the actor, if it is not the one that was seen.
func (c *Classifier) look(l *loading) {
	l.cancel = nil
	ctx, root, self, env := c.context, c.root, c.self, c.deps.Env
	cfg, source, seen := l.cfg, l.source, l.seen
	env.Go(func() {
		begun := env.Now()
		loaded, mark, err := Load(ctx, cfg, source, seen)
		if ctx.Err() != nil {
			return // nobody waits for it any more
		}
		root.Send(self, looked{c, l, loaded, mark, err, env.Now().Sub(begun)})
	})
}

// lookLater looks again after d; never, if d is 0.
func (c *Classifier) lookLater(l *loading, d time.Duration) {
	if d <= 0 {
		return
	}
	root, self := c.root, c.self
	l.cancel = c.deps.Env.After(d, func() { root.Send(self, lookDue{c, l}) })
}

// looked takes what a look found: a new version replaces the one in use here, between two messages.
func (c *Classifier) looked(m looked) {
	l, log := m.at, c.deps.Env.Log
	outcome := loadUnchanged
	switch {
	case m.err != nil:
		outcome = loadFailed
		if errors.Is(m.err, ErrRefused) {
			outcome = loadRefused
			l.seen = m.mark // it would be refused again
		}
		if text := m.err.Error(); text != l.told {
			l.told = text
			log.Warn("engine not loaded", slog.String("engine", string(l.cfg.Name)), slog.String("outcome", outcome),
				slog.String("stays", inUse(l)), slog.Any("reason", m.err))
		}
	case m.loaded == nil:
		// Nothing new; also where the file that was refused is still there.
	case m.loaded.sum == l.sum: // other mark, same bytes
		l.seen, l.told = m.mark, ""
	default:
		outcome = loadLoaded
		before := inUse(l)
		replaced := l.sum != ""
		c.install(l, m.loaded, m.mark)
		if replaced && m.loaded.bytes >= freeLeast {
			c.deps.Env.Go(debug.FreeOSMemory)
		}
		log.Info("engine loaded", slog.String("engine", string(l.cfg.Name)), slog.String("version", m.loaded.version),
			slog.String("before", before), slog.Int("trees", m.loaded.model.Trees()), slog.Int64("bytes", m.loaded.bytes), slog.Duration("took", m.took))
	}
	c.deps.Metrics.ClassifierLoads.WithLabelValues(string(l.cfg.Name), outcome).Inc()
	wait := l.cfg.Model.Poll
	if l.sum == "" { // without any version the instruments have no class
		if wait == 0 || wait > l.wait {
			wait = l.wait
		}
		l.wait = min(2*l.wait, retryMost)
	}
	c.lookLater(l, wait)
}

// freeLeast is how many bytes a file has whose predecessor's memory is given back to the machine at once,
// outside the actor. Left to itself the runtime keeps it for minutes, and the next version comes on top.
const freeLeast = 32 << 20

func inUse(l *loading) string {
	if l.sum == "" {
		return "none"
	}
	return l.sum[:versionDigits]
}

func (c *Classifier) install(l *loading, m *Loaded, mark string) {
	c.core.Install(l.engine, m)
	c.deps.Shelf.loaded[l.cfg.Name] = &placed{m, mark}
	l.seen, l.sum, l.told = mark, m.sum, ""
	c.deps.Metrics.ClassifierLoaded.WithLabelValues(string(l.cfg.Name)).Set(1)
}

// What became of a look, in the metric.
const (
	loadLoaded    = "loaded"
	loadUnchanged = "unchanged"
	loadRefused   = "refused"
	loadFailed    = "failed"
)

var loadOutcomes = []string{loadLoaded, loadUnchanged, loadRefused, loadFailed}
