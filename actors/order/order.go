// Package order is the gateway of one account: it takes intents, writes them to the journal,
// gives them to the venue and keeps what became of them.
//
// Core is a pure machine: each method is one input, takes the time from its caller and returns
// Effects. It promises two things, and its tests hold it to them under crashes at every step:
//
//   - Nothing acts before it is on disk. Every act (a request to the venue, a message to a
//     strategy) waits in an outbox until all events that were made before it are durable.
//   - An order is placed at most once. What a crash or a timeout leaves open becomes unknown, is
//     never sent again under any id, and is settled by what the venue says, or by a person.
//
// An intent of (strategy, number) becomes at most one order, whose client order id follows from
// account, epoch and a count. The life of an order is one table (table.go, docs/orders.md).
// Denied is our word, rejected the venue's.
//
// The package imports market, message and its own portfolio and risk. The actor's shell calls
// it; journal and venue are the interfaces in venue.go, which adapters satisfy without importing
// this package.
//
// Where to look: intake.go takes intents up; send.go is the last gate before the wire; held.go
// keeps stops and children; amend.go, cancel.go and expiry.go change and end orders; report.go,
// unknown.go and adopt.go take in what the venue says; reconcile.go and balance.go compare books;
// halt.go stops the account; recover.go rebuilds all of it from the journal.
package order

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
	"github.com/maru-trading/maru/actors/order/risk"
)

// Config says whose orders a Core keeps and what bounds it.
type Config struct {
	// Account is the gateway's account: 1 to 18 letters, digits and underscores, because it is
	// part of every client order id.
	Account message.AccountName

	// Venue is where the account is. Instruments of other venues are denied.
	Venue market.Venue

	// Epoch is the fencing number of whoever runs this gateway, 1 to 2,176,782,335 (six digits
	// in base 36). It never falls from one run to the next. It is part of every client order id.
	Epoch uint64

	// Listings are the instruments that may be traded, with the steps and minima that orders
	// are held to. A lot size, minimum quantity or minimum notional of zero is not checked; an
	// instrument without a tick rule takes market orders only.
	Listings []market.Listing

	// OpenOrdersMax bounds orders that are not final, those of unknown outcome included. An
	// intent beyond is denied. 1 to 100,000.
	OpenOrdersMax int

	// QueueMax bounds the messages and requests that wait for the disk. At the bound intents are
	// denied; executions still get through, and at four times the bound the account halts. 1 to
	// 1,000,000.
	QueueMax int

	// HistoryMax bounds the final orders that are remembered, so that a duplicate intent is
	// answered with what became of it and a late fill finds its order. A fill of an order older
	// than that halts the account. 1 to 1,000,000; an order takes about 1.5 KB.
	HistoryMax int

	// ReconcileEvery is how often the venue is asked how the account stands while nothing calls
	// for it. Zero: only at the start, after a disconnect and while something is open to doubt;
	// else 1 second to 24 hours.
	ReconcileEvery time.Duration

	// OnDifference says what follows when the venue's balances differ from our books.
	OnDifference OnDifference

	// Limits are the user's limits on risk, Reporting the currency that they are in (empty: the
	// quote currency of the first listing), and Rates fixed rates into it.
	Limits    risk.Limits
	Reporting string
	Rates     []portfolio.Rate
}

// OnDifference says what follows when two consecutive answers of the venue agree on a balance
// that our books do not have. Either way the difference is journaled and the books follow.
type OnDifference string

const (
	Adjust         OnDifference = "adjust" // trading goes on
	HaltDifference OnDifference = "halt"   // the account halts until a person has looked
)

// DefaultConfig returns bounds for a private trader; account, venue, epoch and listings are left
// to fill in.
func DefaultConfig() Config {
	return Config{OpenOrdersMax: 200, QueueMax: 4096, HistoryMax: 8192, ReconcileEvery: time.Minute, OnDifference: Adjust}
}

const (
	accountMax = 18                        // letters of an account's name
	epochMax   = 36*36*36*36*36*36 - 1     // six digits in base 36
	orderMax   = 3_656_158_440_062_976 - 1 // ten digits in base 36
)

// ErrConfig is wrapped by every fault that Validate finds.
var ErrConfig = errors.New("invalid order gateway configuration")

// Validate returns every fault of c at once, each saying which field, what was found and what is
// wanted.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("order: "+format+": %w", append(args, ErrConfig)...))
	}
	if !validAccount(c.Account) {
		fault("account %.40q: want 1 to %d letters, digits and underscores", string(c.Account), accountMax)
	}
	if c.Venue == "" {
		fault("venue is empty: name the venue that the account trades at")
	} else if _, err := nowhere(c.Venue); err != nil {
		fault("venue %.40q: %v", string(c.Venue), err)
	}
	if c.Epoch < 1 || c.Epoch > epochMax {
		fault("epoch %d: want 1 to %d", c.Epoch, uint64(epochMax))
	}
	between := func(name string, v, most int) {
		if v < 1 || v > most {
			fault("%s %d: want 1 to %d", name, v, most)
		}
	}
	between("open_orders_max", c.OpenOrdersMax, 100_000)
	between("queue_max", c.QueueMax, 1_000_000)
	between("history_max", c.HistoryMax, 1_000_000)
	if c.ReconcileEvery != 0 && (c.ReconcileEvery < time.Second || c.ReconcileEvery > 24*time.Hour) {
		fault("reconcile_every %v: want 0 (off) or 1s to 24h", c.ReconcileEvery)
	}
	if c.OnDifference != Adjust && c.OnDifference != HaltDifference {
		fault("on_difference %.20q: want %s or %s", string(c.OnDifference), Adjust, HaltDifference)
	}
	if err := c.risk().Validate(); err != nil {
		faults = append(faults, fmt.Errorf("%w: %w", err, ErrConfig))
	}
	seen := make(map[market.Instrument]bool, len(c.Listings))
	for i, l := range c.Listings {
		switch {
		case l.Instrument.IsZero():
			fault("listing %d: no instrument", i)
		case l.Instrument.Venue() != c.Venue:
			fault("listing %v: not of venue %s", l.Instrument, c.Venue)
		case seen[l.Instrument]:
			fault("listing %v: given twice", l.Instrument)
		case l.LotSize.Sign() < 0 || l.MinQuantity.Sign() < 0 || l.MinNotional.Sign() < 0:
			fault("listing %v: lot size, minimum quantity and minimum notional must not be negative", l.Instrument)
		}
		seen[l.Instrument] = true
	}
	return errors.Join(faults...)
}

func (c Config) risk() risk.Config {
	return risk.Config{Account: c.Account, Listings: c.Listings, Limits: c.Limits, Reporting: c.Reporting, Rates: c.Rates}
}

// nowhere is the instrument under which events stand that belong to no instrument: halts,
// resumes, and executions of orders that are not ours.
func nowhere(v market.Venue) (market.Instrument, error) {
	return market.NewInstrument(v, "UNKNOWN-UNKNOWN")
}
