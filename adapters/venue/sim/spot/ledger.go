package spot

import (
	"encoding/json"

	"github.com/maru-trading/maru/actors/market"
)

// EntryKind says what an Entry is.
type EntryKind string

const (
	EntryRequest EntryKind = "request" // a request arrived; what came of it follows
	EntryAccept  EntryKind = "accept"  // an order was accepted
	EntryReject  EntryKind = "reject"  // a request was refused, with that code
	EntryFill    EntryKind = "fill"    // an order was filled, in part or whole
	EntryCancel  EntryKind = "cancel"  // an order was canceled
	EntryAmend   EntryKind = "amend"   // the quantity of an order was reduced
	EntryTrigger EntryKind = "trigger" // an order's stop price was reached
	EntryExpire  EntryKind = "expire"  // an order expired
	EntryFault   EntryKind = "fault"   // the venue misbehaved
)

// Entry is one line of the ledger: what the venue saw and did, not what it told anybody. Fields that
// mean nothing for the kind are zero.
type Entry struct {
	Seq     uint64           `json:"seq"` // counted from 1 without a gap
	At      market.Timestamp `json:"at"`  // the venue's own time, ns; a clock skew does not show
	Kind    EntryKind        `json:"kind"`
	Account string           `json:"account,omitempty"`

	Request  string `json:"request,omitempty"`   // method and path, over either protocol
	Symbol   string `json:"symbol,omitempty"`    // as the request has it, or of the order
	ClientID string `json:"client_id,omitempty"` // as the request has it, or of the order
	OrderID  uint64 `json:"order_id,omitempty"`
	Code     int    `json:"code,omitempty"`  // reject
	Error    string `json:"error,omitempty"` // reject

	Side     string         `json:"side,omitempty"` // BUY or SELL
	Type     string         `json:"type,omitempty"`
	Status   string         `json:"status,omitempty"`   // of the order afterwards
	Price    market.Decimal `json:"price,omitzero"`     // fill: of the trade; else of the order
	Quantity market.Decimal `json:"quantity,omitzero"`  // fill: of the trade; else of the order
	Executed market.Decimal `json:"executed,omitzero"`  // of the order afterwards
	Stop     market.Decimal `json:"stop,omitzero"`      // of the order
	TradeID  uint64         `json:"trade_id,omitempty"` // fill

	Quote           market.Decimal `json:"quote,omitzero"`      // fill: price × quantity
	Commission      market.Decimal `json:"commission,omitzero"` // fill
	CommissionAsset string         `json:"commission_asset,omitempty"`
	Maker           bool           `json:"maker,omitempty"` // fill

	Fault FaultKind `json:"fault,omitempty"`
}

// ledgerMax is how many entries are kept; the oldest go first.
const ledgerMax = 1_000_000

// note writes an entry.
func (v *Venue) note(e Entry) {
	v.entries++
	e.Seq, e.At = v.entries, v.Now()
	if len(v.ledger) >= ledgerMax+ledgerMax/4 {
		v.ledger = append(v.ledger[:0:0], v.ledger[len(v.ledger)-ledgerMax:]...)
	}
	v.ledger = append(v.ledger, e)
}

// noteOrder writes an entry about an order.
func (v *Venue) noteOrder(kind EntryKind, o *order) {
	v.note(v.entryOf(kind, o))
}

func (v *Venue) entryOf(kind EntryKind, o *order) Entry {
	return Entry{
		Kind: kind, Account: o.account.Name, Symbol: v.symbol(o.instrument), ClientID: o.clientID, OrderID: o.id,
		Side: word(o.side), Type: string(o.kind), Status: string(o.status), Price: o.price.Decimal(), Quantity: o.quantity.Decimal(),
		Executed: o.executed.Decimal(), Stop: o.stop.Decimal(),
	}
}

// Ledger returns the entries from number from on, the oldest first, and at most max of them; 0 is all.
// A from of 0 is 1. Entries beyond the last 1,000,000 are gone: the first Seq says so.
func (v *Venue) Ledger(from uint64, most int) []Entry {
	if len(v.ledger) == 0 || from > v.entries {
		return nil
	}
	first := v.ledger[0].Seq
	all := v.ledger[max(from, first)-first:]
	if most > 0 && len(all) > most {
		all = all[:most]
	}
	return append([]Entry(nil), all...)
}

// AppendJSON appends e as one object without a line end.
func (e Entry) AppendJSON(dst []byte) []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic("spot: " + err.Error()) // text and numbers
	}
	return append(dst, b...)
}
