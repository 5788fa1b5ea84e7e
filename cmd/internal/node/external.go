package node

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/maru-trading/maru/actors"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/strategy"
	"github.com/maru-trading/maru/adapters/stream/notebook"
	"github.com/maru-trading/maru/adapters/stream/stdio"
	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/remote/ndjson"
)

// external is a strategy whose decisions a program makes, its process and its notebook.
func (n *Node) external(s config.Strategy, listings []market.Listing) (actors.External, error) {
	var none actors.External
	listings, err := choose(listings, s.Instruments)
	if err != nil {
		return none, fmt.Errorf("strategy %s: %w", s.Name, err)
	}
	c := s.External()
	program := stdio.DefaultConfig()
	program.Name, program.Command, program.Dir, program.Env = string(s.Name), s.Program.Command, s.Program.Dir, s.Program.Env
	program.MemoryMax, program.RateMax, program.Log = uint64(s.Program.Memory), s.Program.Rate, n.log
	if err := errors.Join(c.Validate(), program.Validate()); err != nil {
		return none, err
	}
	host := n.host()
	return actors.External{Config: c, Listings: listings,
		Launch: func(l strategy.Listener) (strategy.Program, error) { return host.Start(program, l) },
		Notes:  n.notes(filepath.Join(n.cfg.Node.DataDir, "strategies", string(s.Name)+".notes")),
		Form:   strategy.Form{Append: ndjson.Append, Parse: ndjson.Parse}}, nil
}

// notes opens the notebook of a strategy.
func (n *Node) notes(path string) strategy.OpenNotebook {
	return func() (strategy.Notebook, iter.Seq2[[]byte, error], func() error, error) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, nil, nil, err
		}
		book, err := notebook.Open(path)
		if err != nil {
			return nil, nil, nil, err
		}
		if torn := book.Torn(); torn > 0 {
			n.log.Warn("the end of a strategy's notebook was cut off by a crash, and nothing was ordered for it", slog.String("file", path), slog.Int("bytes", torn))
		}
		return book, book.Records(), book.Close, nil
	}
}

// programsWait is how long programs have to end when the node does.
const programsWait = 5 * time.Second

// host is what the node's programs run under; the first call makes it.
func (n *Node) host() *stdio.Host {
	n.mu.Lock()
	made := n.programs == nil
	if made {
		n.programs = stdio.NewHost()
	}
	host := n.programs
	n.mu.Unlock()
	if made {
		n.opened("programs", func() error {
			ctx, cancel := context.WithTimeout(context.Background(), programsWait)
			defer cancel()
			return host.Close(ctx)
		})
	}
	return host
}
