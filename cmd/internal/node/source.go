package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/deadletter"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/replay"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/cmd/internal/venues"
	"github.com/maru-trading/maru/config"
)

// source is a venue that the node follows: what it lists, how each connection speaks, and what
// runs behind it in this process, if anything does.
type source struct {
	cfg      venue.Config
	tickers  message.TickerField // figures of tickers that are kept; zero: all
	adapter  venues.Adapter
	listings []market.Listing
	local    bool           // it runs in this process
	replay   *replay.Server // nil unless it plays recorded sessions
	close    func() error
}

// waiting is told why a venue is not followed yet, and when it is tried again.
type waiting func(why error, again time.Duration)

// sourceOf starts what a venue needs in this process and finds out what it lists, with leave from the
// budget behind desk. Where a live venue cannot be reached it tries until ctx ends; waiting is told
// of each failure.
func sourceOf(ctx context.Context, desk *budget.Desk, v config.Venue, dir string, log *slog.Logger, waiting waiting) (*source, error) {
	adapter, err := venues.Find(v.Adapter)
	if err != nil {
		return nil, err
	}
	s := &source{adapter: adapter, close: func() error { return nil }, tickers: v.KeptTickerFields(), cfg: venue.Config{Venue: v.Name,
		WebSocketURL: v.WebSocketURL, RESTURL: v.RESTURL, Channels: v.Channels, BookDepth: v.BookLevels}}
	if most := adapter.BookLevelsMax; most > 0 {
		s.cfg.BookDepth = min(s.cfg.BookDepth, most)
	}
	switch {
	case v.Replay != nil:
		err = s.startReplay(v, log)
	case v.Sim != nil:
		err = s.startSim(v, log)
	default:
		err = s.fetchListings(ctx, desk, v, dir, log, waiting)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("venue %s: %w", v.Name, err), s.close())
	}
	s.cfg.Listings = s.listings
	return s, nil
}

func (s *source) startSim(v config.Venue, log *slog.Logger) error {
	// The exchange ends with Close, not with the context: actors are ended before it.
	server, err := sim.Start(context.Background(), sim.Config{Seed: v.Sim.Seed, Instruments: v.Sim.Instruments, EventsPerSecond: float64(v.Sim.EventsPerSecond)})
	if err != nil {
		return err
	}
	s.close, s.local = server.Close, true
	s.cfg.WebSocketURL, s.cfg.RESTURL = server.URL()+"/stream", server.RESTURL()
	listed, err := venues.Renamed(server.Listings(), v.Name)
	if err != nil {
		return err
	}
	s.listings, err = chosen(v, listed, log)
	log.Info("embedded exchange started", slog.String("venue", string(v.Name)), slog.Uint64("seed", v.Sim.Seed), slog.Int("instruments", len(s.listings)))
	return err
}

func (s *source) startReplay(v config.Venue, log *slog.Logger) error {
	for _, i := range v.Instruments {
		s.listings = append(s.listings, market.Listing{Instrument: i, Symbol: s.adapter.Symbol(i), Ticks: s.adapter.Ticks(i)})
	}
	if len(v.Patterns) > 0 {
		listed, err := venues.Recorded(s.adapter, v)
		if err != nil {
			return err
		}
		if s.listings, err = chosen(v, listed, log); err != nil {
			return err
		}
	}
	s.cfg.Listings = s.listings
	protocols, err := s.adapter.New(s.cfg)
	if err != nil {
		return err
	}
	cfg := replay.Config{Venue: v.Name, Files: v.Replay.Files, Speed: float64(v.Replay.Speed), Loop: v.Replay.Loop, Clients: len(protocols)}
	for _, p := range protocols {
		cfg.Requests = max(cfg.Requests, len(p.Subscribe()))
	}
	if v.Adapter != string(v.Name) {
		cfg.Venue = market.Venue(v.Adapter)
	}
	if f := v.Replay.Faults; f != nil {
		cfg.Faults = replay.Faults{Seed: f.Seed, CutEvery: f.CutEvery, CutAfter: f.CutAfter, StallAfter: f.StallAfter, StallFor: f.StallFor,
			RepeatOneIn: f.RepeatEvery, DropOneIn: f.DropEvery, CorruptOneIn: f.CorruptEvery}
	}
	if s.replay, err = replay.New(cfg); err != nil {
		return err
	}
	s.close = s.replay.Close
	s.cfg.WebSocketURL, s.cfg.RESTURL = s.replay.URL()+"/stream", s.replay.RESTURL()
	return nil
}

const listingsTimeout = venues.FetchTimeout

// fetchListings asks the venue for its list. The last answer is kept on disk, and is used when
// the venue cannot be reached: a node that restarts offline knows its instruments.
func (s *source) fetchListings(ctx context.Context, desk *budget.Desk, v config.Venue, dir string, log *slog.Logger, waiting waiting) error {
	kept := filepath.Join(dir, "listings", string(v.Name)+".json")
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = time.Second, time.Minute
	for {
		body, err := venues.Fetch(ctx, desk, v.Name, s.adapter.ListingsURL(v.RESTURL), venues.ListBytesMax)
		if err == nil {
			var all []market.Listing
			if all, err = s.adapter.ParseListings(v.Name, body); err == nil {
				if err := keep(kept, body); err != nil {
					log.Warn("the venue's list could not be kept for an offline start", slog.Any("reason", err))
				}
				s.listings, err = chosen(v, all, log)
				return err // an instrument that the venue does not list is for a person to mend
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if body, readErr := os.ReadFile(kept); readErr == nil {
			if all, parseErr := s.adapter.ParseListings(v.Name, body); parseErr == nil {
				log.Warn("venue cannot be reached; using the list it gave last time", slog.String("venue", string(v.Name)), slog.Any("reason", err))
				s.listings, err = chosen(v, all, log)
				return err
			}
		}
		d := wait.NextBackOff()
		var refused *venues.StatusError
		if errors.As(err, &refused) {
			d = max(d, refused.After)
		}
		waiting(fmt.Errorf("venue %s cannot be reached (%w)", v.Name, err), d)
		log.Warn("venue cannot be reached; trying again", slog.String("venue", string(v.Name)), slog.Any("reason", err), slog.Duration("in", d.Round(time.Millisecond)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
		}
	}
}

// chosen returns what the configuration follows of what a venue lists.
func chosen(v config.Venue, listed []market.Listing, log *slog.Logger) ([]market.Listing, error) {
	for _, p := range v.Idle(listed) {
		log.Warn("an exclusion takes nothing out: what it names is not traded there now", slog.String("venue", string(v.Name)), slog.String("pattern", string(p)))
	}
	return v.Select(listed)
}

// keep writes a file whole or not at all.
func keep(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", body, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// choose returns the listings of the wanted instruments, in their order; of all if none is named.
func choose(all []market.Listing, wanted []market.Instrument) ([]market.Listing, error) {
	if len(wanted) == 0 {
		return all, nil
	}
	by := make(map[market.Instrument]market.Listing, len(all))
	for _, l := range all {
		by[l.Instrument] = l
	}
	chosen := make([]market.Listing, 0, len(wanted))
	for _, i := range wanted {
		l, ok := by[i]
		if !ok {
			return nil, fmt.Errorf("%s is not traded there now (it lists %d instruments): take it out of the configuration, or mend its name", i.Name(), len(all))
		}
		chosen = append(chosen, l)
	}
	return chosen, nil
}

// protocol returns how connection n of the source speaks. It is made anew for every start of
// its feeder, because a protocol keeps scratch memory of its own.
func (s *source) protocol(n int) func() (feeder.Protocol, error) {
	return func() (feeder.Protocol, error) {
		all, err := s.adapter.New(s.cfg)
		if err != nil {
			return nil, err
		}
		return all[n], nil
	}
}

// deadLetters hands what feeders could not read to the store.
type deadLetters struct{ store *deadletter.Store }

func (d deadLetters) Add(l feeder.DeadLetter) { d.store.Add(deadletter.DeadLetter(l)) }

func openDeadLetters(dir string, c config.Store, log *slog.Logger) (*deadletter.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	cfg := deadletter.DefaultConfig(dir)
	cfg.BytesMax, cfg.FilesMax = int64(c.DeadLetterMaxSize), c.DeadLetterMaxFiles
	return deadletter.Open(cfg, func(err error) { log.Warn("dead letters cannot be kept", slog.Any("reason", err)) })
}
