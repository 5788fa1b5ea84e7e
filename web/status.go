package web

import "time"

// Status is what /api/v1/status answers. Numbers of money are plain decimal strings.
type Status struct {
	Node      string             `json:"node"`
	Version   string             `json:"version"`
	Mode      string             `json:"mode"` // paper, live, replay
	Started   time.Time          `json:"started"`
	Uptime    float64            `json:"uptime_seconds"`
	Ready     bool               `json:"ready"`
	Missing   []string           `json:"missing,omitempty"`  // why it is not ready
	Finished  bool               `json:"finished,omitempty"` // a replay is over
	Time      *time.Time         `json:"message_time,omitempty"`
	Actors    map[string]int     `json:"actors"` // by role
	Venues    []VenueStatus      `json:"venues"`
	Events    uint64             `json:"events"`            // market events worked through
	EventRate float64            `json:"events_per_second"` // over the last few seconds
	Classes   map[string]Classes `json:"classes"`           // by engine
	Orders    map[string]int     `json:"orders"`            // by status
	Fills     int                `json:"fills"`
	PnL       []PnL              `json:"pnl"`
	Positions []Position         `json:"positions"`
	Recent    []Order            `json:"recent_orders"`
}

// Classes is how many instruments an engine has in each class.
type Classes map[string]int

// VenueStatus is how a venue's feed stands.
type VenueStatus struct {
	Name        string  `json:"name"`
	Region      string  `json:"region,omitempty"` // a label from the configuration
	Connections int     `json:"connections"`
	Frames      uint64  `json:"frames"`
	DeadLetters uint64  `json:"dead_letters"`
	Reconnects  uint64  `json:"reconnects"`
	Gaps        uint64  `json:"gaps"`
	Age         float64 `json:"last_frame_age_seconds"` // below zero: none yet
}

// PnL is profit and loss of an account in one currency.
type PnL struct {
	Account    string `json:"account"`
	Currency   string `json:"currency"`
	Realized   string `json:"realized"`
	Unrealized string `json:"unrealized"`
	Fees       string `json:"fees"`
	Total      string `json:"total"`
}

// Position is what a strategy holds.
type Position struct {
	Account      string `json:"account"`
	Strategy     string `json:"strategy"`
	Instrument   string `json:"instrument"`
	Quantity     string `json:"quantity"`
	AveragePrice string `json:"average_price"`
	Mark         string `json:"mark"`
	Realized     string `json:"realized"`
	Unrealized   string `json:"unrealized"`
	Fees         string `json:"fees"`
}

// Order is one step in an order's life.
type Order struct {
	Time       time.Time `json:"time"`
	Account    string    `json:"account"`
	Strategy   string    `json:"strategy"`
	ID         string    `json:"client_order_id,omitempty"`
	Instrument string    `json:"instrument"`
	Side       string    `json:"side"`
	Type       string    `json:"type"`
	Quantity   string    `json:"quantity"`
	Price      string    `json:"price,omitempty"`
	Action     string    `json:"action"`
	Status     string    `json:"status"`
	Filled     string    `json:"filled"`
	Reason     string    `json:"reason,omitempty"`
}
