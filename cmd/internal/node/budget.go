package node

import (
	"time"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/message"
)

// spend adds to a budget what a venue's protocol says that the venue allows.
func spend(b *budget.Config, p feeder.Protocol) {
	if b.Every == nil {
		b.Every = map[budget.Key]time.Duration{}
	}
	if c, ok := p.(interface{ ConnectEvery() time.Duration }); ok {
		b.Every[budget.Key{Venue: p.Venue(), Use: message.UseConnect}] = c.ConnectEvery()
	}
	if s, ok := p.(feeder.Snapshotter); ok {
		b.Every[budget.Key{Venue: p.Venue(), Use: message.UseREST}] = s.SnapshotEvery()
	}
}
