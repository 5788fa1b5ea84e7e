package message

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
)

// Use is what a venue counts and limits.
type Use uint8

const (
	UseConnect Use = 1 + iota // a WebSocket connection is dialed
	UseREST                   // a request of public data over HTTP
	UsePrivate                // a request about an account
	useEnd
)

var useNames = []string{"-", "connect", "rest", "private"}

// String returns connect, rest, private or "-".
func (u Use) String() string { return enumName(useNames, u) }

// PermitRequest asks the budget of a venue for leave to use it once. The venue counts what comes
// from one address, whichever process sends it, so there is one budget for an address and venue.
type PermitRequest struct{ f PermitRequestFields }

// PermitRequestFields is what a PermitRequest holds.
type PermitRequestFields struct {
	Venue  market.Venue
	Use    Use
	Holder string // who asks; with ID, what the answer is known by
	ID     uint64
}

// NewPermitRequest checks f. It fails with ErrInvalid without a venue, a use or a holder.
func NewPermitRequest(f PermitRequestFields) (PermitRequest, error) {
	if f.Venue == "" || f.Use < UseConnect || f.Use >= useEnd || f.Holder == "" {
		return PermitRequest{}, invalid(KindPermitRequest, "venue %q use %v holder %q", f.Venue, f.Use, f.Holder)
	}
	return PermitRequest{f}, nil
}

// Kind is KindPermitRequest.
func (p PermitRequest) Kind() Kind { return KindPermitRequest }

// Fields returns a copy of what p holds.
func (p PermitRequest) Fields() PermitRequestFields { return p.f }

func (p PermitRequest) String() string {
	return fmt.Sprintf("permit_request of %s#%d to %v %s", p.f.Holder, p.f.ID, p.f.Use, p.f.Venue)
}

// Permit lets the holder use the venue once, now.
type Permit struct{ f PermitRequestFields }

// NewPermit checks f as NewPermitRequest does.
func NewPermit(f PermitRequestFields) (Permit, error) {
	p, err := NewPermitRequest(f)
	if err != nil {
		return Permit{}, err
	}
	return Permit(p), nil
}

// Kind is KindPermit.
func (p Permit) Kind() Kind { return KindPermit }

// Fields returns a copy of what p holds.
func (p Permit) Fields() PermitRequestFields { return p.f }

func (p Permit) String() string {
	return fmt.Sprintf("permit for %s#%d to %v %s", p.f.Holder, p.f.ID, p.f.Use, p.f.Venue)
}

// Penalty tells the budget that the venue wants to be left alone (HTTP 418, 429 or a header that
// says so): no permit is given before Until.
type Penalty struct{ f PenaltyFields }

// PenaltyFields is what a Penalty holds.
type PenaltyFields struct {
	Venue  market.Venue
	Until  market.Timestamp
	Reason string
}

// NewPenalty checks f. It fails with ErrInvalid without a venue and a time.
func NewPenalty(f PenaltyFields) (Penalty, error) {
	if f.Venue == "" || f.Until <= 0 {
		return Penalty{}, invalid(KindPenalty, "venue %q until %v", f.Venue, f.Until)
	}
	return Penalty{f}, nil
}

// Kind is KindPenalty.
func (p Penalty) Kind() Kind { return KindPenalty }

// Fields returns a copy of what p holds.
func (p Penalty) Fields() PenaltyFields { return p.f }

func (p Penalty) String() string {
	return fmt.Sprintf("penalty by %s until %v %q", p.f.Venue, p.f.Until, p.f.Reason)
}
