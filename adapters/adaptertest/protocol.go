package adaptertest

import (
	"errors"
	"sync"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// times replace the adapter's own, which are minutes and hours.
type times struct {
	ping, silence, send, life time.Duration // ping 0: the adapter's, if it has any, is an hour
}

// protocol is the adapter's with other times; it notes what the venue said that is no data.
type protocol struct {
	feeder.Protocol
	times times

	mu      sync.Mutex
	notices []message.NoticeFields
	refused []error
}

// wrap returns p for the feeder; it has the optional methods that the adapter's has.
func (p *protocol) wrap() feeder.Protocol {
	if s, ok := p.Protocol.(feeder.Snapshotter); ok {
		return snapshotting{p, s}
	}
	if r, ok := p.Protocol.(feeder.Resubscriber); ok {
		return resubscribing{p, r}
	}
	return p
}

type snapshotting struct {
	*protocol
	feeder.Snapshotter
}

// SnapshotEvery is short.
func (snapshotting) SnapshotEvery() time.Duration { return time.Millisecond }

type resubscribing struct {
	*protocol
	feeder.Resubscriber
}

func (p *protocol) Ping() ([]byte, time.Duration) {
	frame, every := p.Protocol.Ping()
	switch {
	case every == 0:
	case p.times.ping > 0:
		every = p.times.ping
	default:
		every = time.Hour
	}
	return frame, every
}

// Stamp is the adapter's; of one that has none frames stay as they are.
func (p *protocol) Stamp(frame []byte, at market.Timestamp) []byte {
	if s, ok := p.Protocol.(feeder.Stamper); ok {
		return s.Stamp(frame, at)
	}
	return frame
}

// Checksums are the adapter's; of one that compares none there are none.
func (p *protocol) Checksums() (checked, failed uint64) {
	if s, ok := p.Protocol.(feeder.Checksummer); ok {
		return s.Checksums()
	}
	return 0, 0
}

func (p *protocol) Silence() time.Duration   { return p.times.silence }
func (p *protocol) SendEvery() time.Duration { return p.times.send }
func (p *protocol) Lifetime() time.Duration  { return p.times.life }

func (p *protocol) Decode(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
	n := len(dst)
	out, err := p.Protocol.Decode(dst, frame, at)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.refused = append(p.refused, err)
		if len(out) != n {
			err = errors.Join(err, errors.New("adaptertest: an error changed dst"))
		}
		return out, err
	}
	for _, e := range out[n:] {
		if m, ok := e.(message.Notice); ok {
			p.notices = append(p.notices, m.Fields())
		}
	}
	return out, nil
}

// told returns the notices of a type.
func (p *protocol) told(kind message.NoticeType) (found []message.NoticeFields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.notices {
		if n.Type == kind {
			found = append(found, n)
		}
	}
	return found
}
