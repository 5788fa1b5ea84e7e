package web

import "time"

// Why is the life of an order: what led to it, and what became of it.
type Why struct {
	Order   OrderState `json:"order"`
	Reason  string     `json:"reason,omitempty"` // the strategy's, in words
	Outcome string     `json:"outcome"`
	Steps   []Step     `json:"steps"`
	Missing []string   `json:"missing,omitempty"` // what is not known
}

// The stages of an order's life, in the order in which they are first passed.
const (
	StageTick    = "tick"    // the venue says something
	StageState   = "state"   // it was received, and is known
	StageClass   = "class"   // an engine judges the instrument anew
	StageRule    = "rule"    // by which criterion and figures
	StageIntent  = "intent"  // a strategy asks for an order
	StageRisk    = "risk"    // it was taken or denied; what was taken is on disk before it goes on
	StageHold    = "hold"    // kept here for now, or ended here before it was sent
	StageWire    = "wire"    // a request left
	StageAck     = "ack"     // the venue's word
	StageFill    = "fill"    // an execution
	StageLost    = "lost"    // no answer
	StagePerson  = "person"  // what a person said became of it
	StageAccount = "account" // what happened to the account meanwhile
)

// Whose clock a step's time is by. A gap between steps of different clocks holds their difference.
const (
	ClockNode  = "node"
	ClockVenue = "venue"
)

// Step is one step in the life of an order.
type Step struct {
	Stage   string    `json:"stage"`
	At      time.Time `json:"time"`
	Clock   string    `json:"clock"`
	Elapsed int64     `json:"elapsed_ns"`    // since the first step
	Gap     int64     `json:"gap_ns"`        // since the step before
	Seq     uint64    `json:"seq,omitempty"` // of the event in the account's journal
	Action  string    `json:"action,omitempty"`
	Status  string    `json:"status,omitempty"` // of the order after it
	Detail  string    `json:"detail,omitempty"`
}
