// Package config reads maru.toml: what a node does, and where. It reports everything that is
// wrong at once, each fault with its line, its key, what was expected, what was found and a
// hint, and it explains what a configuration amounts to.
//
// schema.go is the one place that knows the keys. Reading, checking, the commented file that
// maru init writes and the reference in docs/config.md all come from it.
//
// The package may import the actors' packages for what only they can judge (expressions,
// features). cmd calls it and turns what it says into the actors' own configurations.
package config

import (
	"path/filepath"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway"
)

// Config is a whole configuration, checked, with every default filled in. Fields have the names
// of their keys; docs/config.md explains each with unit, range and default.
type Config struct {
	// File is where it was read from, as given to Load or Parse; empty for Default. Relative
	// paths in the file were joined to its directory.
	File string

	Node       Node
	HTTP       HTTP
	Log        Log
	Venues     []Venue
	State      State
	Store      Store
	Engines    []Engine
	Strategies []Strategy
	Accounts   []Account
	Limits     Limits
}

// Node says who this process is.
type Node struct {
	Name       string // in logs, metrics and messages
	DataDir    string // made with mode 0700 and locked by the node
	Partitions int    // state partitions, 1 to 256
}

// HTTP says where the node answers.
type HTTP struct {
	Listen      string   // host:port; port 0 is any free one
	AllowRemote bool     // Listen may be reached from other machines
	Hosts       []string // names of it besides localhost
	TokenFile   string   // of the control token; empty: see ControlTokenFile
}

// Log says how the node tells what it does.
type Log struct {
	Level    string // debug, info, warn or error
	Format   string // text or json
	File     string // empty: the terminal
	MaxSize  Size   // of one file before it is rotated
	MaxFiles int    // rotated files that are kept
}

// Venue is one connection to where instruments are traded.
type Venue struct {
	Name         market.Venue // in messages; unique
	Region       string       // a label for people; may be empty
	Adapter      string       // one of registry.Names
	Channels     []market.Channel
	Instruments  []market.Instrument // of this venue, named; with the adapter sim neither these nor patterns: all it has
	Patterns     []Pattern           // what to follow besides, of the venue's own list
	TickerFields []string            // figures of a ticker that are kept; see KeptTickerFields
	WebSocketURL string              // empty: the adapter's own
	RESTURL      string              // empty: the adapter's own
	BookLevels   int                 // levels a side that an order book keeps
	Sim          *Sim                // never nil with the adapter sim, nil otherwise
	Replay       *Replay             // nil: live
}

// Sim is the embedded exchange.
type Sim struct {
	Seed            uint64
	Instruments     int
	EventsPerSecond int
}

// Replay plays recorded sessions through the venue's adapter.
type Replay struct {
	Files  []string
	Speed  Speed
	Loop   bool
	Faults *ReplayFaults // nil: none
}

// Speed is how many recorded seconds pass in one; 0 is as fast as the machine goes.
type Speed float64

// SpeedMax is as fast as the machine goes.
const SpeedMax Speed = 0

// ReplayFaults is what a replay does wrong on purpose. Counts are of frames; 0 is never.
type ReplayFaults struct {
	Seed         uint64
	CutEvery     int // break all connections, again and again
	CutAfter     int // break them once
	StallAfter   int // fall silent once behind so many
	StallFor     time.Duration
	RepeatEvery  int // send a frame twice
	DropEvery    int // leave a frame out
	CorruptEvery int // cut off its end
}

// State says what the state partitions keep of each instrument.
type State struct {
	Bars          []time.Duration // intervals, ascending, of 1s 1m 5m 1h 1d
	WindowBuckets int             // buckets that a rolling window is made of, 2 to 60
	Partial       bool            // windows count before they were watched for their whole length
	Trades        int             // last trades kept
	Late          time.Duration   // how long after its end a bar waits for late trades
}

// Store says what goes to disk, and how much of it.
type Store struct {
	Bars               []time.Duration // intervals whose closed bars are kept; of State.Bars
	DeadLetterMaxSize  Size
	DeadLetterMaxFiles int
	JournalSegmentSize Size
}

// Engine is what a classifier loads: it puts each instrument into one class.
type Engine struct {
	Name    message.EngineName
	Type    string // criteria, range or model
	Default message.ClassName
	Classes []Class // of type criteria, in the order in which they are tried

	// Of type range: below, inside or above the range Low to High, each a feature.
	Feature, Low, High string
	Margin             float64 // fraction of the range's width that must be passed to change class

	Model *Model // of type model
}

// Model is where a model engine's trees come from, what they take and what their outputs mean.
type Model struct {
	File, URL string // one of them
	Format    string // xgboost or lightgbm
	SHA256    string // of the file; empty: any will do
	Version   string // put before the checksum in what the engine says
	MaxSize   Size
	Poll      time.Duration // how often to look for a new version; 0: never
	Inputs    []ModelInput
	Classes   []ModelClass
}

// ModelInput is one feature of a model.
type ModelInput struct {
	Name     string
	Value    string // the expression; empty: the feature of that name
	Optional bool
}

// ModelClass is one class of a model.
type ModelClass struct {
	Name message.ClassName
	From string // a number; empty: the class at this place in the model
}

// Class is a class of a criteria engine.
type Class struct {
	Name message.ClassName
	When string // the criterion
}

// Strategy turns changes of class into order intents.
type Strategy struct {
	Name        message.StrategyName
	Type        string // rules or program
	Engine      message.EngineName
	Account     message.AccountName
	Instruments []market.Instrument // of the account's venue; empty: all of them
	Cooldown    time.Duration       // least time between two intents of one instrument

	PositionMaxNotional market.Amount   // of one instrument, in quote currency; 0: no limit
	PositionMaxQuantity market.Quantity // of one instrument, in base; 0: no limit
	OnlyTrusted         bool            // leave changes alone whose data may be wrong

	Rules []Rule

	Program *Program // of type program; nil otherwise
}

// Program is what decides in the place of rules: a process of its own.
type Program struct {
	Command   []string // the program and its arguments
	Dir       string   // where it runs
	Env       []string // names of variables that are passed on
	Feeds     []string // of the market: classes, quotes, bars
	Memory    Size     // of address space, each of its processes; 0: no limit
	Rate      int      // lines that it may say in a second
	Heartbeat time.Duration
	Deadline  time.Duration // of an answer to a heartbeat
	Restarts  int           // failures within Window before it is given up
	Window    time.Duration
	OnGiveUp  string // keep or cancel its open orders
}

// Rule says what to order when an instrument enters a class.
type Rule struct {
	From        message.ClassName // empty: from any
	To          message.ClassName
	Close       bool        // end the position instead of ordering an amount
	Side        market.Side // zero where Close
	Type        market.OrderType
	OffsetBPS   int // of limit orders: basis points behind the best price of the own side; below 0: across it
	TimeInForce market.TimeInForce
	Notional    market.Amount   // in quote currency; zero where Quantity or Close
	Quantity    market.Quantity // in base; zero where Notional or Close
}

// Account is what orders are given to.
type Account struct {
	Name     message.AccountName
	Venue    market.Venue  // whose instruments it trades
	Mode     string        // paper or live
	Latency  time.Duration // paper: from decision to the venue
	MakerFee market.Decimal
	TakerFee market.Decimal
	Balance  map[string]market.Amount // paper: what the account begins with, by currency
	Risk     Risk

	ReconcileEvery time.Duration // between comparisons with the venue that nothing calls for; 0: none
	OnDifference   string        // order.Adjust or order.HaltDifference
	QueuePosition  bool          // paper: a resting order waits for what stood in front of it

	// Live accounts: the private API's base addresses, empty for the venue's own, and where the keys
	// stand.
	RESTURL, WebSocketURL string
	APIKey                gateway.SecretSource
	APISecret             gateway.SecretSource
}

// Limits bound what the node holds.
type Limits struct {
	MailboxState      int
	MailboxClassifier int
	MailboxStrategy   int
	MailboxOrder      int
	InstrumentsMax    int
	OpenOrdersMax     int           // per account
	OrderHistoryMax   int           // final orders remembered, per account
	Shutdown          time.Duration // from the signal to the exit
}

// ControlTokenFile is where the control token lies: in a file of its own, or in the data directory
// under the name given.
func (c *Config) ControlTokenFile(name string) string {
	if c.HTTP.TokenFile != "" {
		return c.HTTP.TokenFile
	}
	return filepath.Join(c.Node.DataDir, name)
}
