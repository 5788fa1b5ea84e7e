package state

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Whether an instrument may be acted on follows from what its feeder said last and from how its
// order book stands:
//
//	feeder said   order book              trusted
//	-----------   ---------------------   -------
//	nothing       none seen               yes
//	nothing       joined                  yes
//	nothing       waits for a snapshot    no
//	trusted       none seen               yes
//	trusted       joined                  yes
//	trusted       waits for a snapshot    no
//	untrusted     any                     no
//
// A book joins with a snapshot that is not crossed. It waits for one after
//
//   - an update that no snapshot went before,
//   - an update or a snapshot that leaves it crossed (best bid not below best ask),
//   - Distrust: the partition's own queue lost something.
//
// While it waits its levels are gone and its updates are left out; what the quote had from the
// book is unknown. Each reason to wait asks for a resync once, and again every resyncAgain of
// message time while book events that do not help keep coming. A Status changes what the feeder
// said and nothing else: the levels of an instrument that its feeder distrusts stay for people to
// see, and its updates are applied. Instruments that show only tickers, trades and BBO are
// trusted from their first event.

// resyncAgain is how long a resync may take before it is asked for again.
const resyncAgain = 10 * time.Second

type feederWord uint8

const (
	saidNothing feederWord = iota
	saidTrusted
	saidUntrusted
)

type bookState uint8

const (
	bookNone bookState = iota
	bookJoined
	bookWaits
)

// Reasons that the partition gives for distrust and resync.
const (
	reasonNoSnapshot = "book update without a snapshot"
	reasonCrossed    = "crossed book"
)

// trust is the state behind the table.
type trust struct {
	feeder    feederWord
	book      bookState
	trusted   bool             // what the table says
	asked     bool             // a resync was asked for since the book joined
	askedAt   market.Timestamp // when, in message time
	feederWhy string           // the feeder's reason
	bookWhy   string           // why the book waits

}

// judge looks the state up in the table.
func (t *trust) judge() bool {
	return t.feeder != saidUntrusted && t.book != bookWaits
}

// reason says why the instrument is not trusted; empty if it is.
func (t *trust) reason() string {
	switch {
	case t.feeder == saidUntrusted:
		return t.feederWhy
	case t.book == bookWaits:
		return t.bookWhy
	}
	return ""
}
