package strategy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// closedMax is how many orders that ended lately a program is told of when it starts.
const closedMax = 256

// External is an external strategy's side of the conversation with its program as a pure machine: it
// reads no clock and starts nothing. It gives each ref of the program a number, once and for all, so
// that a program which says something twice, however often it was started in between, orders once.
// It is not for concurrent use.
type External struct {
	cfg         ExternalConfig
	form        Form
	listings    map[market.Instrument]market.Listing
	instruments []market.Instrument // sorted
	venue       market.Venue        // of all of them

	seq      uint64 // of the next intent
	eventSeq uint64 // of the newest order event
	refs     map[string]uint64
	asked    map[uint64]*asked
	age      []uint64 // numbers of asked, oldest first
	pending  int      // of asked: how many the gateway has not answered
	working  map[uint64]message.OrderEvent
	closed   []message.OrderEvent
	places   map[market.Instrument]*place

	state      map[string]string
	stateBytes int

	views   map[market.Instrument]message.View
	classes map[market.Instrument]message.Classified

	greeted bool   // the program said hello
	beat    uint64 // the newest heartbeat asked for
	beaten  uint64 // the newest one answered
	bad     int    // lines in a row that could not be understood
}

// asked is one thing that a program asked for.
type asked struct {
	ref    string
	terms  uint64          // hash of what it asked for
	intent message.Message // until the gateway has answered
	of     uint64          // of an amendment: the intent whose order it changes
	status message.OrderStatus
	reason string // of what ended without a record
}

// ExternalEffects are what an input led to. Notes must be on the disk before Out is told to the gateway.
type ExternalEffects struct {
	Lines []Line            // for the program
	Notes [][]byte          // for the notebook
	Out   []message.Message // for the gateway: OrderIntent, AmendIntent, CancelIntent
	// Saved are lines for the program that may be told once Notes are on the disk.
	Saved   []Line
	Refused string // code of the program's line that was refused; empty: none was
	Fail    string // why the program must be ended; empty: it need not
	Log     string // what it wants to be logged, with its level
	Level   string
}

// The codes of refusals: a program's line that led to nothing. What a gateway refuses is a denial,
// and comes as an order event.
const (
	RefusedLine       = "line"          // it cannot be understood
	RefusedHello      = "hello"         // the program has not said hello yet
	RefusedRef        = "duplicate_ref" // the ref was used for something else
	RefusedUnknown    = "unknown_ref"   // no intent of that ref is known
	RefusedInstrument = "instrument"    // it is not among the strategy's
	RefusedInvalid    = "invalid"       // no order can have such terms
	RefusedOpen       = "open_orders"   // too many intents are not final
	RefusedState      = "state"         // its state would be too large
	RefusedNotes      = "notebook"      // what must be known again cannot be written down
)

// Refusals returns every code.
func Refusals() []string {
	return []string{RefusedLine, RefusedHello, RefusedRef, RefusedUnknown, RefusedInstrument, RefusedInvalid, RefusedOpen, RefusedState, RefusedNotes}
}

// NewExternal returns the machine of a program that has asked for nothing yet. Note, OnOrderEvent and
// Resume, in this order, bring it to where it was. It fails as ExternalConfig.Validate does.
func NewExternal(cfg ExternalConfig, listings []market.Listing, form Form) (*External, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &External{cfg: cfg, form: form, seq: 1, listings: make(map[market.Instrument]market.Listing, len(listings)),
		refs: map[string]uint64{}, asked: map[uint64]*asked{}, working: map[uint64]message.OrderEvent{},
		places: map[market.Instrument]*place{}, state: map[string]string{},
		views: map[market.Instrument]message.View{}, classes: map[market.Instrument]message.Classified{}}
	for _, l := range listings {
		c.listings[l.Instrument] = l
		c.instruments = append(c.instruments, l.Instrument)
		c.venue = l.Instrument.Venue()
	}
	slices.SortFunc(c.instruments, market.Instrument.Compare)
	return c, nil
}

// ---- what the runtime tells

// OnClassified tells a change of class by the strategy's engine.
func (c *External) OnClassified(m message.Classified) (e ExternalEffects) {
	f := m.Fields()
	if _, listed := c.listings[f.Instrument]; !listed || f.Engine != c.cfg.Engine || !c.cfg.Has(FeedClasses) {
		return e
	}
	c.classes[f.Instrument] = m
	e.Lines = c.market(e.Lines, "class "+f.Instrument.String(), c.symbol(f.Instrument), m)
	return e
}

// OnBar tells a bar that closed.
func (c *External) OnBar(b message.Bar) (e ExternalEffects) {
	f := b.Fields()
	if _, listed := c.listings[f.Instrument]; listed && c.cfg.Has(FeedBars) {
		e.Lines = c.market(e.Lines, "bar "+f.Instrument.String()+" "+f.Interval.String(), c.symbol(f.Instrument), b)
	}
	return e
}

func (c *External) market(lines []Line, key, symbol string, m message.Message) []Line {
	line, err := c.form.Append(nil, m, symbol)
	if err != nil { // a price below zero: nobody could act on it
		return lines
	}
	return append(lines, Line{key, line})
}

// OnViews tells prices that changed.
func (c *External) OnViews(v message.Views) (e ExternalEffects) {
	if !c.cfg.Has(FeedQuotes) {
		return e
	}
	for row := range v.Rows() {
		if _, listed := c.listings[row.Instrument]; !listed {
			continue
		}
		was, told := c.views[row.Instrument]
		c.views[row.Instrument] = row
		if !told || was.Quote != row.Quote || was.Trusted != row.Trusted {
			e.Lines = append(e.Lines, encoded("quote "+row.Instrument.String(), newQuoteLine(row)))
		}
	}
	return e
}

// OnOrderEvent takes in what became of an order, and tells it. Events of others, and those that were
// told before, change nothing.
func (c *External) OnOrderEvent(e message.OrderEvent) (out ExternalEffects) {
	f := e.Fields()
	if f.Strategy != c.cfg.Name || f.Account != c.cfg.Account || f.OfAccount() {
		return out
	}
	if f.Seq != 0 {
		if f.Seq <= c.eventSeq {
			return out
		}
		c.eventSeq = f.Seq
	}
	c.seq = max(c.seq, f.IntentSeq+1)
	a := c.asked[f.IntentSeq]
	was, works := c.working[f.IntentSeq]
	if f.Seq == 0 && works && was.Fields().ClientOrderID != "" {
		return out // the denial of a second intent under this number: the first one lives
	}
	c.answered(a)
	if seq := amendSeq(f.Reason); seq != 0 && seq != f.IntentSeq {
		c.answered(c.asked[seq])
	}
	if a != nil {
		a.status = f.Status
		if f.Seq == 0 { // no journal will say so again
			a.reason = f.Reason
			out.Notes = append(out.Notes, finalNote(f.IntentSeq, a))
		}
	}
	p := c.place(f.Instrument)
	if f.Action == message.ActionFill {
		p.fill(f)
	}
	switch {
	case !f.Status.Final():
		c.working[f.IntentSeq] = e
	default:
		delete(c.working, f.IntentSeq)
		c.close(e)
	}
	if line, ok := c.event(e); ok {
		if seq := amendSeq(f.Reason); seq != 0 {
			line = tagged("amend_ref", c.ref(seq), line)
		}
		out.Lines = append(out.Lines, Line{"", line})
	}
	if f.Action == message.ActionFill {
		out.Lines = append(out.Lines, encoded("position "+f.Instrument.String(), newPositionLine(f.Instrument, p.position)))
	}
	return out
}

// close remembers an order that ended, in the place of an earlier end of the same: a late fill.
func (c *External) close(e message.OrderEvent) {
	c.closed = slices.DeleteFunc(c.closed, func(was message.OrderEvent) bool { return was.Intent() == e.Intent() })
	if len(c.closed) >= closedMax {
		c.closed = slices.Delete(c.closed, 0, 1)
	}
	c.closed = append(c.closed, e)
}

// amendSeq returns the number of the amendment that an event's reason names ("amend 12: why"), 0 if
// it names none: where the venue changes an order in its place, the events are the order's own.
func amendSeq(reason string) (seq uint64) {
	rest, ok := strings.CutPrefix(reason, "amend ")
	number, _, ends := strings.Cut(rest, ":")
	if !ok || !ends {
		return 0
	}
	if _, err := fmt.Sscanf(number, "%d", &seq); err != nil {
		return 0
	}
	return seq
}

// answered notes that the gateway has an intent.
func (c *External) answered(a *asked) {
	if a != nil && a.intent != nil {
		a.intent = nil
		c.pending--
	}
}

func (c *External) place(i market.Instrument) *place {
	p := c.places[i]
	if p == nil {
		p = &place{}
		c.places[i] = p
	}
	return p
}

func (c *External) ref(seq uint64) string {
	if a := c.asked[seq]; a != nil {
		return a.ref
	}
	return ""
}

// Begin starts a session: what a program is told first. Market data follows as it was last told.
func (c *External) Begin(session uint64, now market.Timestamp) (e ExternalEffects) {
	c.greeted, c.beat, c.beaten, c.bad = false, 0, 0, 0
	e.Lines = append(e.Lines, c.Hello(session, now))
	for _, i := range c.instruments {
		if m, ok := c.classes[i]; ok {
			e.Lines = c.market(e.Lines, "class "+i.String(), c.symbol(i), m)
		}
		if v, ok := c.views[i]; ok {
			e.Lines = append(e.Lines, encoded("quote "+i.String(), newQuoteLine(v)))
		}
	}
	return e
}

// Beat asks the program whether it lives.
func (c *External) Beat(now market.Timestamp) (e ExternalEffects) {
	c.beat++
	e.Lines = append(e.Lines, encoded("heartbeat", beat{"heartbeat", c.beat, stamp(now)}))
	return e
}

// Alive reports whether the program has said hello and has answered heartbeat n, or a later one.
func (c *External) Alive(n uint64) bool { return c.greeted && c.beaten >= n }

// Asked returns the number of the newest heartbeat.
func (c *External) Asked() uint64 { return c.beat }

// Next returns the number of the next intent.
func (c *External) Next() uint64 { return c.seq }

// Working returns how many orders may still fill, and how many intents the gateway has not answered.
func (c *External) Working() (open, pending int) { return len(c.working), c.pending }

// Position returns what the strategy holds of an instrument, signed, in base.
func (c *External) Position(i market.Instrument) market.Decimal {
	if p := c.places[i]; p != nil {
		return p.position
	}
	return market.Decimal{}
}

// ---- what the program says

// Said takes a line of the program in. now is the time of decisions that it holds.
func (c *External) Said(line []byte, now market.Timestamp) ExternalEffects {
	s, err := parseSaid(line)
	if err != nil {
		c.bad++
		e := refused(s.Ref, RefusedLine, err.Error())
		if c.bad >= c.cfg.BadLinesMax {
			e.Fail = fmt.Sprintf("nonsense: %d lines in a row could not be understood; the last one: %v", c.bad, err)
		}
		return e
	}
	c.bad = 0
	if s.Type == "hello" {
		if s.Version != ProtocolVersion {
			return ExternalEffects{Fail: fmt.Sprintf("version: it speaks version %d of the protocol, this is %d", s.Version, ProtocolVersion)}
		}
		c.greeted = true
		return ExternalEffects{}
	}
	if !c.greeted {
		return refused(s.Ref, RefusedHello, fmt.Sprintf("say hello first: {\"type\":\"hello\",\"version\":%d}", ProtocolVersion))
	}
	switch s.Type {
	case "heartbeat":
		if s.N <= c.beat {
			c.beaten = max(c.beaten, s.N)
		}
	case "log":
		return ExternalEffects{Log: s.Text, Level: s.Level}
	case "query":
		return ExternalEffects{Lines: []Line{c.what(s.Ref)}}
	case "state":
		return c.keep(s)
	case "intent":
		return c.intend(s, now)
	case "amend":
		return c.amend(s, now)
	case "cancel":
		return c.cancel(s, now)
	}
	return ExternalEffects{}
}

func refused(ref, code, why string) ExternalEffects {
	return ExternalEffects{Refused: code, Lines: []Line{encoded("", answer{Type: "refused", Ref: ref, Code: code, Reason: cut(why, 512)})}}
}

// Refuse answers an intent that could not be written down.
func (c *External) Refuse(ref, why string) ExternalEffects { return refused(ref, RefusedNotes, why) }

// what tells what became of a ref.
func (c *External) what(ref string) Line {
	seq, known := c.refs[ref]
	if !known {
		return encoded("", answer{Type: "unknown", Ref: ref})
	}
	a := c.asked[seq]
	for _, seq := range []uint64{seq, a.of} {
		e, ok := c.working[seq]
		if !ok {
			if i := slices.IndexFunc(c.closed, func(e message.OrderEvent) bool { return e.Fields().IntentSeq == seq }); seq != 0 && i >= 0 {
				e, ok = c.closed[i], true
			}
		}
		if ok && (seq != a.of || a.intent == nil) {
			if line, ok := c.event(e); ok {
				if seq == a.of {
					line = tagged("amend_ref", a.ref, line)
				}
				return Line{"", tagged("repeats", ref, line)}
			}
		}
	}
	if a.status.Final() {
		code, why, _ := strings.Cut(a.reason, ": ")
		return encoded("", answer{Type: "final", Ref: ref, Status: a.status.String(), Code: code, Reason: why})
	}
	return encoded("", answer{Type: "pending", Ref: ref})
}

// again answers a ref that was used before; false if it was not.
func (c *External) again(s said, terms uint64) (e ExternalEffects, before bool) {
	seq, before := c.refs[s.Ref]
	if !before {
		return e, false
	}
	if c.asked[seq].terms != terms {
		return refused(s.Ref, RefusedRef, "the ref was used for something else: give each intent and amendment a ref of its own"), true
	}
	return ExternalEffects{Lines: []Line{c.what(s.Ref)}}, true
}

// instrument finds the instrument that a line names.
func (c *External) instrument(s said) (market.Instrument, error) {
	venue := s.Venue
	if venue == "" {
		venue = c.venue
	}
	i, err := market.NewInstrument(venue, s.Name)
	if err != nil {
		return i, err
	}
	if _, listed := c.listings[i]; !listed {
		return i, fmt.Errorf("%v is not among the strategy's instruments: hello lists them", i)
	}
	return i, nil
}

func (c *External) intend(s said, now market.Timestamp) ExternalEffects {
	terms := hashed("intent", string(s.Venue), s.Name, s.Terms.String(), s.Parent, fmt.Sprint(s.Group))
	if e, before := c.again(s, terms); before {
		return e
	}
	i, err := c.instrument(s)
	if err != nil {
		return refused(s.Ref, RefusedInstrument, err.Error())
	}
	f := message.OrderIntentFields{Origin: message.Origin{Instrument: i, Received: now}, ID: message.IntentID{Strategy: c.cfg.Name, Seq: c.seq},
		Account: c.cfg.Account, OrderTerms: s.Terms, Contingency: message.Contingency{Group: s.Group}, Reason: s.Reason}
	if s.Parent != "" {
		parent, known := c.refs[s.Parent]
		if !known {
			return refused(s.Ref, RefusedUnknown, fmt.Sprintf("parent %s is not known", s.Parent))
		}
		f.Parent = parent
	}
	intent, err := message.NewOrderIntent(f)
	if err != nil {
		return refused(s.Ref, RefusedInvalid, err.Error())
	}
	return c.ask(s.Ref, asked{terms: terms, intent: intent})
}

func (c *External) amend(s said, now market.Timestamp) ExternalEffects {
	terms := hashed("amend", s.Of, s.Terms.Price.String(), s.Terms.StopPrice.String(), s.Terms.Quantity.String())
	if e, before := c.again(s, terms); before {
		return e
	}
	of, known := c.refs[s.Of]
	if !known {
		return refused(s.Ref, RefusedUnknown, fmt.Sprintf("no intent of the ref %s is known", s.Of))
	}
	intent, err := message.NewAmendIntent(message.AmendIntentFields{ID: message.IntentID{Strategy: c.cfg.Name, Seq: c.seq}, OrderSeq: of,
		Account: c.cfg.Account, Time: now, Price: s.Terms.Price, StopPrice: s.Terms.StopPrice, Quantity: s.Terms.Quantity, Reason: s.Reason})
	if err != nil {
		return refused(s.Ref, RefusedInvalid, err.Error())
	}
	return c.ask(s.Ref, asked{terms: terms, intent: intent, of: of})
}

// ask gives an intent its number, and notes it.
func (c *External) ask(ref string, a asked) (e ExternalEffects) {
	if len(c.working)+c.pending >= c.cfg.OpenMax {
		return refused(ref, RefusedOpen, fmt.Sprintf("%d intents are not final, the most allowed", c.cfg.OpenMax))
	}
	a.ref = ref
	note, err := c.intentNote(&a)
	if err != nil {
		return refused(ref, RefusedInvalid, err.Error())
	}
	c.remember(c.seq, &a)
	c.pending++
	c.seq++
	return ExternalEffects{Notes: [][]byte{note}, Out: []message.Message{a.intent}}
}

// remember makes a ref known, and forgets the oldest that is final where there are too many.
func (c *External) remember(seq uint64, a *asked) {
	c.refs[a.ref], c.asked[seq] = seq, a
	c.age = append(c.age, seq)
	for tries := 0; len(c.asked) > c.cfg.RefsMax && tries < c.cfg.RefsMax; tries++ {
		oldest := c.age[0]
		c.age = c.age[1:]
		if _, works := c.working[oldest]; works || c.asked[oldest].intent != nil {
			c.age = append(c.age, oldest)
			continue
		}
		delete(c.refs, c.asked[oldest].ref)
		delete(c.asked, oldest)
	}
}

func (c *External) cancel(s said, now market.Timestamp) (e ExternalEffects) {
	f := message.CancelIntentFields{ID: message.IntentID{Strategy: c.cfg.Name}, Account: c.cfg.Account, Time: now, Reason: s.Reason}
	switch {
	case s.All == (s.Ref != ""):
		return refused(s.Ref, RefusedInvalid, "a cancel names the ref of one intent, or says \"all\":true")
	case s.All && s.Name != "":
		i, err := c.instrument(s)
		if err != nil {
			return refused("", RefusedInstrument, err.Error())
		}
		f.Instrument = i
	case !s.All:
		seq, known := c.refs[s.Ref]
		if !known {
			return refused(s.Ref, RefusedUnknown, "no intent of that ref is known")
		}
		if c.asked[seq].status.Final() {
			return ExternalEffects{Lines: []Line{c.what(s.Ref)}}
		}
		f.ID.Seq = seq
	}
	cancel, err := message.NewCancelIntent(f)
	if err != nil {
		return refused(s.Ref, RefusedInvalid, err.Error())
	}
	e.Out = append(e.Out, cancel)
	return e
}

// CancelAll returns the wish to cancel all of the strategy's orders.
func (c *External) CancelAll(now market.Timestamp, reason string) (message.CancelIntent, error) {
	return message.NewCancelIntent(message.CancelIntentFields{ID: message.IntentID{Strategy: c.cfg.Name}, Account: c.cfg.Account, Time: now, Reason: reason})
}

// keep changes the program's own state.
func (c *External) keep(s said) ExternalEffects {
	was, there := c.state[s.Key]
	size := c.stateBytes
	if there {
		size -= len(s.Key) + len(was)
	}
	if !s.Forget {
		size += len(s.Key) + len(s.Value)
	}
	if len(s.Key) > keyMax || len(s.Value) > valueMax || size > c.cfg.StateBytesMax {
		e := refused("", RefusedState, fmt.Sprintf("key %.32q of %d bytes, value of %d, all of %d: at most %d, %d and %d",
			s.Key, len(s.Key), len(s.Value), size, keyMax, valueMax, c.cfg.StateBytesMax))
		return e
	}
	c.stateBytes = size
	if s.Forget {
		delete(c.state, s.Key)
	} else {
		c.state[s.Key] = s.Value
	}
	return ExternalEffects{Notes: [][]byte{stateNote(s.Key, s.Value, s.Forget)}, Saved: []Line{encoded("", answer{Type: "saved", Key: s.Key})}}
}

// ErrNote is wrapped by faults of a record of the notebook.
var ErrNote = errors.New("not a record of a strategy's notebook")
