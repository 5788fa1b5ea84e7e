package message

import (
	"fmt"
	"iter"
	"slices"

	"github.com/maru-trading/maru/actors/market"
)

// Batch is what a feeder tells one state partition: events in the order they came, and how
// far message time has advanced. An empty batch only moves time.
type Batch struct {
	f      BatchFields
	events []Event // never changed after NewBatch
}

// BatchFields is what a Batch holds besides its events.
type BatchFields struct {
	Source    string           // which feeder: its venue, or its own name where a venue has several
	Partition int              // which state partition it is for, 0 and up
	Seq       uint64           // counts the batches of one source to one partition from 1
	Time      market.Timestamp // message time once the events are done; never goes back within a source
	Credit    bool             // the source waits for a Credit: nothing may be conflated
	Dropped   uint64           // trades that conflation dropped on the way
}

// NewBatch copies events. It fails with ErrInvalid without a source.
func NewBatch(f BatchFields, events []Event) (Batch, error) {
	if f.Source == "" {
		return Batch{}, invalid(KindBatch, "no source")
	}
	return Batch{f: f, events: slices.Clone(events)}, nil
}

// Kind is KindBatch.
func (b Batch) Kind() Kind { return KindBatch }

// Fields returns a copy of what b holds besides its events.
func (b Batch) Fields() BatchFields { return b.f }

// Len returns how many events there are.
func (b Batch) Len() int { return len(b.events) }

// Event returns event i, in the order they came.
func (b Batch) Event(i int) Event { return b.events[i] }

// Events yields the events in the order they came.
func (b Batch) Events() iter.Seq[Event] { return values(b.events) }

func (b Batch) String() string {
	return fmt.Sprintf("batch %s/%d #%d of %d at %v", b.f.Source, b.f.Partition, b.f.Seq, len(b.events), b.f.Time)
}

// Quote is the price picture of an instrument; a price of zero is not known.
type Quote struct {
	Bid, Ask, Last           market.Price
	BidQuantity, AskQuantity market.Quantity
}

// View is what a state partition knows of one instrument right after one event. It is a row of
// Views and not sent alone.
type View struct {
	Origin
	Quote
	Trusted bool
	Ready   bool // every configured window is covered by data
	width   int
	values  []float64 // a part of Views.values; never changed
}

// NewView copies values, one for each configured feature; NaN is not known.
func NewView(o Origin, q Quote, trusted, ready bool, values []float64) View {
	return View{Origin: o, Quote: q, Trusted: trusted, Ready: ready, width: len(values), values: slices.Clone(values)}
}

// Width returns how many features the view has.
func (v View) Width() int { return v.width }

// Value returns feature i as state's configuration numbers them; NaN is not known.
func (v View) Value(i int) float64 { return v.values[i] }

// Views is what a state partition tells its readers about one batch: a row an event, in order.
type Views struct {
	f    ViewsFields
	rows []View // never changed after it was built
}

// ViewsFields is what Views hold besides their rows.
type ViewsFields struct {
	Partition int
	Source    string           // the batch's
	Seq       uint64           // the batch's
	Time      market.Timestamp // the batch's
	Credit    bool             // the reader answers with a Credit
}

// Kind is KindViews.
func (v Views) Kind() Kind { return KindViews }

// Fields returns a copy of what v holds besides its rows.
func (v Views) Fields() ViewsFields { return v.f }

// Len returns how many rows there are.
func (v Views) Len() int { return len(v.rows) }

// Row returns row i, in the order of the events.
func (v Views) Row(i int) View { return v.rows[i] }

// Rows yields the rows in the order of the events.
func (v Views) Rows() iter.Seq[View] { return values(v.rows) }

func (v Views) String() string {
	return fmt.Sprintf("views %s/%d #%d of %d at %v", v.f.Source, v.f.Partition, v.f.Seq, len(v.rows), v.f.Time)
}

// ViewsBuilder gathers rows with two allocations a batch, however many rows there are.
// Build hands the rows over and forgets them.
type ViewsBuilder struct {
	rows   []View
	values []float64
	width  int
}

// NewViewsBuilder starts a builder for about n rows of width features.
func NewViewsBuilder(n, width int) ViewsBuilder {
	return ViewsBuilder{rows: make([]View, 0, n), values: make([]float64, 0, n*width), width: width}
}

// Add appends a row and copies values, which must be as many as the builder's width.
func (b *ViewsBuilder) Add(o Origin, q Quote, trusted, ready bool, values []float64) {
	start := len(b.values)
	b.values = append(b.values, values...)
	b.rows = append(b.rows, View{Origin: o, Quote: q, Trusted: trusted, Ready: ready,
		width: len(values), values: b.values[start:len(b.values):len(b.values)]})
}

// Build makes the message and leaves the builder empty.
func (b *ViewsBuilder) Build(f ViewsFields) Views {
	v := Views{f: f, rows: b.rows}
	b.rows, b.values = nil, nil
	return v
}

// Credit tells a source that a batch is done with, also by everyone further down.
type Credit struct{ f CreditFields }

// CreditFields is what a Credit holds.
type CreditFields struct {
	Source    string
	Partition int
	Seq       uint64
}

// NewCredit makes a credit.
func NewCredit(f CreditFields) Credit { return Credit{f} }

// Kind is KindCredit.
func (c Credit) Kind() Kind { return KindCredit }

// Fields returns a copy of what c holds.
func (c Credit) Fields() CreditFields { return c.f }

func (c Credit) String() string {
	return fmt.Sprintf("credit %s/%d #%d", c.f.Source, c.f.Partition, c.f.Seq)
}

// Resync asks a feeder to make the books of a partition whole again from snapshots: state
// sends it when it starts with nothing, or when its queue had to drop something.
type Resync struct{ f ResyncFields }

// ResyncFields is what a Resync holds.
type ResyncFields struct {
	Partition  int
	Partitions int               // of how many, so that the feeder knows which instruments are meant
	Instrument market.Instrument // one instrument; zero: all of the partition
	Reason     string
}

// NewResync checks f. It fails with ErrInvalid unless 0 <= Partition < Partitions.
func NewResync(f ResyncFields) (Resync, error) {
	if f.Partition < 0 || f.Partition >= f.Partitions {
		return Resync{}, invalid(KindResync, "partition %d of %d", f.Partition, f.Partitions)
	}
	return Resync{f}, nil
}

// Kind is KindResync.
func (r Resync) Kind() Kind { return KindResync }

// Fields returns a copy of what r holds.
func (r Resync) Fields() ResyncFields { return r.f }

func (r Resync) String() string {
	return fmt.Sprintf("resync %d/%d %v %q", r.f.Partition, r.f.Partitions, r.f.Instrument, r.f.Reason)
}
