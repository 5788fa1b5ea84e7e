package node

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/record"
)

// bookRecorder fetches whole order books into a file that begins in the middle of a connection,
// where books are differences to them: so a replay can begin with that file. The feed is not
// touched; what comes goes into the file only.
type bookRecorder struct {
	recording *Recording
	protocol  feeder.Protocol // of its own, for addresses
	local     bool
	name      string
	ctx       context.Context
	to        atomic.Pointer[record.Connection]
	busy      atomic.Bool
	asked     uint64 // permits; by one goroutine at a time
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
			if !b.permitted() {
				return
			}
			body, err := fetch(b.ctx, url)
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

// permitted waits until the venue's budget lets one more request go; false: the recording ends.
func (b *bookRecorder) permitted() bool {
	if b.local {
		return b.ctx.Err() == nil
	}
	b.asked++
	request, err := message.NewPermitRequest(message.PermitRequestFields{Venue: b.protocol.Venue(), Use: message.UseREST, Holder: b.name + "-books", ID: b.asked})
	if err != nil {
		return false // Validate saw to the name
	}
	for b.ctx.Err() == nil {
		// This is no actor: nobody waits behind it.
		if _, err := b.recording.sys.Root.RequestFuture(b.recording.budget, request, permitAgain).Result(); err == nil {
			return b.ctx.Err() == nil
		}
	}
	return false
}

// permitAgain is how long a permit is waited for before it is asked for again: the budget may
// have been restarted, or many wait.
const permitAgain = 10 * time.Second
