package web

import (
	"context"
	"time"
)

// Control is what the API reads and changes of a node's accounts. Every method answers within
// the time that ctx leaves. An error that is an *Error says how the request failed; any other is
// the node's own failure.
type Control interface {
	// Accounts returns how every account stands, by name.
	Accounts(ctx context.Context) ([]Account, error)
	// Orders returns the orders that q lets through, as they stand, newest first.
	Orders(ctx context.Context, q OrderQuery) ([]OrderState, error)
	// Why returns the life of an order; id is its client order id, or strategy/number.
	Why(ctx context.Context, id string) (Why, error)
	// Positions returns what accounts hold.
	Positions(ctx context.Context) ([]Position, error)
	// Halt stops an account from taking orders.
	Halt(ctx context.Context, account string, r HaltRequest) (Account, error)
	// Resume lets it take orders again.
	Resume(ctx context.Context, account string, r ResumeRequest) (Account, error)
	// Cancel asks the venue to cancel an order.
	Cancel(ctx context.Context, id string, r CancelRequest) (OrderState, error)
	// Resolve says what became of an order whose outcome is unknown.
	Resolve(ctx context.Context, id string, r ResolveRequest) (OrderState, error)
}

// Account is how an account stands.
type Account struct {
	Name        string         `json:"name"`
	Venue       string         `json:"venue"`
	Mode        string         `json:"mode"`                  // paper or live
	Waiting     string         `json:"waiting,omitempty"`     // why its gateway does not run yet
	Halted      string         `json:"halted,omitempty"`      // why it takes no orders; absent: it does
	Reconciling string         `json:"reconciling,omitempty"` // why it waits for the venue
	Open        map[string]int `json:"open_orders"`           // by status
	Unknown     []string       `json:"unknown_orders"`        // ids of orders whose outcome is not known
	Balances    []Balance      `json:"balances"`
}

// Balance is what an account has of one currency.
type Balance struct {
	Currency string     `json:"currency"`
	Free     string     `json:"free,omitempty"`   // by the venue's word, as Locked; absent: it has not told
	Locked   string     `json:"locked,omitempty"` // held by open orders
	Time     *time.Time `json:"time,omitempty"`   // the venue's, of both
	Ours     string     `json:"ours,omitempty"`   // free and locked together by our books; absent: they know none
}

// OrderQuery says which orders are wanted. Empty fields mean any.
type OrderQuery struct {
	Account, Status, Instrument string
	Open                        bool // only those that are not final
	Limit                       int  // 1 to OrdersMax
}

// OrdersMax is how many orders one answer holds, OrdersDefault how many without ?limit=.
const (
	OrdersMax     = 10_000
	OrdersDefault = 100
)

// OrderState is an order as it stands.
type OrderState struct {
	Order
	VenueOrderID string `json:"venue_order_id,omitempty"`
	Intent       string `json:"intent"` // strategy/number
	TimeInForce  string `json:"time_in_force,omitempty"`
	ExecInst     string `json:"exec_inst,omitempty"`
	StopPrice    string `json:"stop_price,omitempty"`
	Leaves       string `json:"leaves"`
	AveragePrice string `json:"average_price,omitempty"`
}

// HaltRequest is the body of POST /api/v1/accounts/{name}/halt.
type HaltRequest struct {
	Reason  string `json:"reason"`
	Cancel  bool   `json:"cancel,omitempty"`  // open orders too
	Flatten bool   `json:"flatten,omitempty"` // open orders and positions too
}

// ResumeRequest is the body of POST /api/v1/accounts/{name}/resume.
type ResumeRequest struct {
	Reason string `json:"reason"`
}

// CancelRequest is the body of POST /api/v1/orders/{id}/cancel.
type CancelRequest struct {
	Reason string `json:"reason"`
}

// ResolveRequest is the body of POST /api/v1/orders/{id}/resolve. Price and Quantity tell of fills
// that the venue did not report: both, or neither.
type ResolveRequest struct {
	As       string `json:"as"` // one of ResolveWords
	Price    string `json:"price,omitempty"`
	Quantity string `json:"quantity,omitempty"`
	ExecID   string `json:"exec_id,omitempty"` // the venue's id of that execution, if it is known
	Reason   string `json:"reason"`
}

// ResolveWords are what a person may say became of an order. One that the venue never took is
// rejected.
func ResolveWords() []string { return []string{"filled", "canceled", "rejected", "expired"} }

// Error is a request that cannot be done, and what to do about it.
type Error struct {
	Code   int // of HTTP
	Reason string
}

func (e *Error) Error() string { return e.Reason }
