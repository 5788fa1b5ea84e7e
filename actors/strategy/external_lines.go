package strategy

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Line is one line for a program, its line feed included. One with a key takes the place of one of
// the same key that still waits.
type Line struct {
	Key  string
	Text []byte
}

// encoded makes a line of what encoding/json can write.
func encoded(key string, v any) Line {
	text, err := json.Marshal(v)
	if err != nil { // text, numbers and lines that were made here
		panic(err)
	}
	return Line{key, append(text, '\n')}
}

// hello is the first line that a program gets.
type hello struct {
	Type        string            `json:"type"`
	Version     int               `json:"version"`
	Strategy    string            `json:"strategy"`
	Account     string            `json:"account"`
	Session     uint64            `json:"session"`
	Time        string            `json:"time,omitempty"`
	Heartbeat   float64           `json:"heartbeat"` // seconds
	Deadline    float64           `json:"deadline"`  // seconds
	Feeds       []Feed            `json:"feeds"`
	Instruments []instrumentLine  `json:"instruments"`
	Positions   []positionLine    `json:"positions"`
	Orders      []json.RawMessage `json:"orders"`
	Closed      []json.RawMessage `json:"closed"`
	State       map[string]string `json:"state"`
}

type instrumentLine struct {
	Venue       string      `json:"venue"`
	Instrument  string      `json:"instrument"`
	Symbol      string      `json:"symbol,omitempty"`
	Ticks       [][2]string `json:"ticks,omitempty"` // from which price on, and the step
	LotSize     string      `json:"lot_size,omitempty"`
	MinQuantity string      `json:"min_quantity,omitempty"`
	MinNotional string      `json:"min_notional,omitempty"`
	MaxNotional string      `json:"max_notional,omitempty"`
}

func known(d market.Decimal) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func newInstrumentLine(l market.Listing) instrumentLine {
	line := instrumentLine{Venue: string(l.Instrument.Venue()), Instrument: l.Instrument.Name(), Symbol: l.Symbol,
		LotSize: known(l.LotSize.Decimal), MinQuantity: known(l.MinQuantity.Decimal),
		MinNotional: known(l.MinNotional.Decimal), MaxNotional: known(l.MaxNotional.Decimal)}
	for step := range l.Ticks.Steps() {
		line.Ticks = append(line.Ticks, [2]string{step.From.String(), step.Size.String()})
	}
	return line
}

type positionLine struct {
	Type       string `json:"type"`
	Venue      string `json:"venue"`
	Instrument string `json:"instrument"`
	Quantity   string `json:"quantity"` // signed, in base
}

func newPositionLine(i market.Instrument, quantity market.Decimal) positionLine {
	return positionLine{"position", string(i.Venue()), i.Name(), quantity.String()}
}

type quoteLine struct {
	Type        string `json:"type"`
	Venue       string `json:"venue"`
	Instrument  string `json:"instrument"`
	Time        string `json:"time,omitempty"`
	Received    string `json:"received,omitempty"`
	Trusted     bool   `json:"trusted"`
	Bid         string `json:"bid,omitempty"`
	BidQuantity string `json:"bid_quantity,omitempty"`
	Ask         string `json:"ask,omitempty"`
	AskQuantity string `json:"ask_quantity,omitempty"`
	Last        string `json:"last,omitempty"`
}

func newQuoteLine(v message.View) quoteLine {
	return quoteLine{"quote", string(v.Instrument.Venue()), v.Instrument.Name(), stamp(v.VenueTime), stamp(v.Received), v.Trusted,
		known(v.Bid.Decimal), known(v.BidQuantity.Decimal), known(v.Ask.Decimal), known(v.AskQuantity.Decimal), known(v.Last.Decimal)}
}

func stamp(t market.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	return t.String()
}

// answer tells a program what became of one of its own lines.
type answer struct {
	Type   string `json:"type"` // refused, pending, final, unknown, saved
	Ref    string `json:"ref,omitempty"`
	Key    string `json:"key,omitempty"`
	Status string `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

type beat struct {
	Type string `json:"type"`
	N    uint64 `json:"n"`
	Time string `json:"time,omitempty"`
}

// event writes an order event in its own form, with the ref of the intent in front.
func (c *External) event(e message.OrderEvent) ([]byte, bool) {
	line, err := c.form.Append(nil, e, c.symbol(e.Fields().Instrument))
	if err != nil {
		return nil, false
	}
	return tagged("ref", c.ref(e.Fields().IntentSeq), line), true
}

// tagged puts a key of text in front of a line that is an object; nothing where the text is empty.
func tagged(key, text string, line []byte) []byte {
	if text == "" {
		return line
	}
	quoted, err := json.Marshal(text)
	if err != nil { // text always can
		panic(err)
	}
	out := append([]byte(`{"`+key+`":`), quoted...)
	out = append(out, ',')
	return append(out, line[1:]...)
}

func (c *External) symbol(i market.Instrument) string { return c.listings[i].Symbol }

// Hello makes the first line of a session: all that a program must know to go on where the one
// before stopped.
func (c *External) Hello(session uint64, now market.Timestamp) Line {
	h := hello{Type: "hello", Version: ProtocolVersion, Strategy: string(c.cfg.Name), Account: string(c.cfg.Account), Session: session,
		Time: stamp(now), Heartbeat: c.cfg.Heartbeat.Seconds(), Deadline: c.cfg.HeartbeatDeadline.Seconds(), Feeds: c.cfg.Feeds,
		Instruments: []instrumentLine{}, Positions: []positionLine{}, Orders: []json.RawMessage{}, Closed: []json.RawMessage{},
		State: maps.Clone(c.state)}
	if h.State == nil {
		h.State = map[string]string{}
	}
	for _, i := range c.instruments {
		h.Instruments = append(h.Instruments, newInstrumentLine(c.listings[i]))
	}
	for _, i := range slices.SortedFunc(maps.Keys(c.places), market.Instrument.Compare) {
		if p := c.places[i]; !p.position.IsZero() {
			h.Positions = append(h.Positions, newPositionLine(i, p.position))
		}
	}
	for e := range c.open() {
		if line, ok := c.event(e); ok {
			h.Orders = append(h.Orders, line[:len(line)-1])
		}
	}
	for _, e := range c.closed {
		if line, ok := c.event(e); ok {
			h.Closed = append(h.Closed, line[:len(line)-1])
		}
	}
	return encoded("", h)
}

// open yields the newest event of each order that may still fill, by intent.
func (c *External) open() iter.Seq[message.OrderEvent] {
	return func(yield func(message.OrderEvent) bool) {
		for _, seq := range slices.Sorted(maps.Keys(c.working)) {
			if e := c.working[seq]; !yield(e) {
				return
			}
		}
	}
}
