package node

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/adapters/store/record"
	"github.com/maru-trading/maru/cmd/internal/venues"
)

// bookRecorder fetches whole order books into a file that begins in the middle of a connection,
// where books are differences to them: so a replay can begin with that file. The feed is not
// touched; what comes goes into the file only.
type bookRecorder struct {
	recording *Recording
	protocol  feeder.Protocol // of its own, for addresses
	local     bool
	ctx       context.Context
	to        atomic.Pointer[record.Connection]
	busy      atomic.Bool
}

func (b *bookRecorder) begun(_ string, continues bool) {
	books, ok := b.protocol.(feeder.Snapshotter)
	if !ok || !continues || !b.busy.CompareAndSwap(false, true) {
		return
	}
	go func() { // ends with ctx
		defer b.busy.Store(false)
		for _, i := range b.protocol.Instruments() {
			url := books.SnapshotURL(i)
			if url == "" {
				continue
			}
			desk := b.recording.desk
			if b.local {
				desk = nil
			}
			body, err := venues.Fetch(b.ctx, desk, b.protocol.Venue(), url, bookBytesMax)
			if b.ctx.Err() != nil {
				return
			}
			if err != nil {
				// The venue may want to be left alone: the next file tries again.
				b.recording.o.Log.Warn("no order books for the head of a file; a replay that begins with it has none until the next file",
					slog.String("instrument", i.String()), slog.Any("reason", err))
				return
			}
			b.to.Load().HTTP(url, body, b.recording.env.Now())
		}
	}()
}

// bookBytesMax bounds an order book that is fetched, as it does in a feeder.
var bookBytesMax = feeder.DefaultConfig("", 1).FrameBytesMax
