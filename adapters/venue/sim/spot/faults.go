package spot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// FaultKind is one way to misbehave.
type FaultKind string

// The kinds. Those about requests happen to requests that match the fault's filters; by default those
// are placements of orders. Those about fills happen to executionReports of trades.
const (
	FaultAcceptTimeout FaultKind = "accept_timeout"  // it is done, and never answered
	FaultAcceptError   FaultKind = "accept_error"    // it is done, and answered with a 5xx
	FaultAcceptCut     FaultKind = "accept_cut"      // it is done, and the connection is cut
	FaultTimeout       FaultKind = "timeout"         // it is not done, and never answered
	FaultLateAccept    FaultKind = "late_accept"     // it is done Delay later, if recvWindow still allows, and never answered
	FaultError         FaultKind = "error"           // it is not done, and answered with a 5xx
	FaultDropFill      FaultKind = "drop_fill"       // a fill is missing from a stream that goes on
	FaultDuplicateFill FaultKind = "duplicate_fill"  // a fill comes twice
	FaultLateFill      FaultKind = "late_fill"       // a fill comes Delay later
	FaultFillBeforeAck FaultKind = "fill_before_ack" // an order that fills at once is answered Delay later
	FaultUnknownOrder  FaultKind = "unknown_order"   // "unknown order" for a query, cancel or amendment of an order that is open
	FaultHideOrder     FaultKind = "hide_order"      // an open order is missing from a list of open orders
	FaultBan           FaultKind = "ban"             // 418 for every request, for For
	FaultClockSkew     FaultKind = "clock_skew"      // the venue's clock is Skew off, for For; 0 is for good
	FaultCut           FaultKind = "cut"             // WebSocket connections are cut: those of Scope
	FaultRestart       FaultKind = "restart"         // everything is cut, and nobody can connect for For
)

// FaultKinds are all kinds.
var FaultKinds = []FaultKind{FaultAcceptTimeout, FaultAcceptError, FaultAcceptCut, FaultTimeout, FaultLateAccept, FaultError, FaultDropFill, FaultDuplicateFill, FaultLateFill,
	FaultFillBeforeAck, FaultUnknownOrder, FaultHideOrder, FaultBan, FaultClockSkew, FaultCut, FaultRestart}

// timed kinds happen by time, not to something that matches.
func (k FaultKind) timed() bool {
	return k == FaultBan || k == FaultClockSkew || k == FaultCut || k == FaultRestart
}

// Fault is an order to misbehave. Only Kind is mandatory.
type Fault struct {
	Kind FaultKind
	// Times is how often; 0 is once, -1 without end. A kind that happens by time happens once.
	Times int
	// Probability is the share of what matches that it happens to, above 0 to 1; 0 is 1. Chance
	// comes from the venue's seed.
	Probability float64
	// At is when it begins; zero is at once.
	At market.Timestamp
	// Symbol, ClientID and Account are what it happens to; empty is any. ClientID is the client order
	// id of the order, or its beginning if it ends in *.
	Symbol, ClientID, Account string
	// Endpoint is the request it happens to, such as "DELETE /api/v3/order", over either protocol;
	// empty is any that places an order, for the kinds of which it is not given.
	Endpoint string
	// Delay is for late_accept, late_fill and fill_before_ack; 0 is a second.
	Delay time.Duration
	// For is how long: ban (0 is two minutes), clock_skew (0 is for good), restart (0 is a second).
	For time.Duration
	// Skew is for clock_skew; above zero the venue's clock is ahead.
	Skew time.Duration
	// Status and Code are for accept_error and error: 500 to 599 (0 is 503), and -1000, -1001, -1006,
	// -1007 or -1008 (0 is -1007).
	Status, Code int
	// Scope is for cut: "user" (WebSocket API), "market" (streams); empty is all.
	Scope string
}

// ErrFault is wrapped by what is wrong with a Fault.
var ErrFault = errors.New("no such fault")

// Validate reports everything that is wrong with f, wrapped in ErrFault.
func (f Fault) Validate() error {
	var faults []error
	fault := func(format string, values ...any) {
		faults = append(faults, fmt.Errorf("spot: %w: "+format, append([]any{ErrFault}, values...)...))
	}
	if !slices.Contains(FaultKinds, f.Kind) {
		fault("kind %.40q: want one of %q", string(f.Kind), FaultKinds)
	}
	if f.Times < -1 {
		fault("times %d: want 1 or more, or -1", f.Times)
	}
	if !(f.Probability >= 0 && f.Probability <= 1) {
		fault("probability %v: want above 0 to 1", f.Probability)
	}
	if f.At < 0 {
		fault("at %v: want a time from 1970 on", f.At)
	}
	if f.Endpoint != "" && routes[f.Endpoint] == nil {
		fault("endpoint %.60q: want a method and a path that is served, such as \"POST /api/v3/order\"", f.Endpoint)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"delay", f.Delay}, {"for", f.For}} {
		if d.value < 0 || d.value > 24*time.Hour {
			fault("%s %v: want 0 to 24h", d.name, d.value)
		}
	}
	if f.Skew.Abs() > 24*time.Hour {
		fault("skew %v: want -24h to 24h", f.Skew)
	}
	if f.Status != 0 && (f.Status < 500 || f.Status > 599) {
		fault("status %d: want 500 to 599", f.Status)
	}
	if f.Code != 0 && !slices.Contains([]int{-1000, -1001, -1006, -1007, -1008}, f.Code) {
		fault("code %d: want -1000, -1001, -1006, -1007 or -1008", f.Code)
	}
	if f.Scope != "" && f.Scope != "user" && f.Scope != "market" {
		fault("scope %.20q: want user, market or nothing", f.Scope)
	}
	return errors.Join(faults...)
}

// faultJSON is a Fault as it is written: times as RFC 3339 or milliseconds, durations as 1.5s.
type faultJSON struct {
	Kind        FaultKind `json:"kind"`
	Times       int       `json:"times,omitempty"`
	Probability float64   `json:"probability,omitempty"`
	At          int64     `json:"at,omitempty"` // ms since 1970
	Symbol      string    `json:"symbol,omitempty"`
	ClientID    string    `json:"client_id,omitempty"`
	Account     string    `json:"account,omitempty"`
	Endpoint    string    `json:"endpoint,omitempty"`
	Delay       string    `json:"delay,omitempty"`
	For         string    `json:"for,omitempty"`
	Skew        string    `json:"skew,omitempty"`
	Status      int       `json:"status,omitempty"`
	Code        int       `json:"code,omitempty"`
	Scope       string    `json:"scope,omitempty"`
}

// MarshalJSON writes f as the control endpoint takes it: at in milliseconds since 1970, durations such
// as "1.5s".
func (f Fault) MarshalJSON() ([]byte, error) {
	text := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	return json.Marshal(faultJSON{f.Kind, f.Times, f.Probability, int64(f.At) / int64(time.Millisecond), f.Symbol, f.ClientID, f.Account, f.Endpoint,
		text(f.Delay), text(f.For), text(f.Skew), f.Status, f.Code, f.Scope})
}

// UnmarshalJSON reads what MarshalJSON writes. It does not validate.
func (f *Fault) UnmarshalJSON(text []byte) error {
	var j faultJSON
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return fmt.Errorf("spot: fault: %w", err)
	}
	*f = Fault{Kind: j.Kind, Times: j.Times, Probability: j.Probability, Symbol: j.Symbol, ClientID: j.ClientID, Account: j.Account,
		Endpoint: j.Endpoint, Status: j.Status, Code: j.Code, Scope: j.Scope}
	if j.At < 0 || j.At > int64(1<<63-1)/int64(time.Millisecond) {
		return fmt.Errorf("spot: fault: at %d: want milliseconds since 1970", j.At)
	}
	f.At = market.Milliseconds(j.At)
	for _, d := range []struct {
		name, text string
		to         *time.Duration
	}{{"delay", j.Delay, &f.Delay}, {"for", j.For, &f.For}, {"skew", j.Skew, &f.Skew}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.ParseDuration(d.text); err != nil {
			return fmt.Errorf("spot: fault: %s %.40q: want a duration such as 1.5s", d.name, d.text)
		}
	}
	return nil
}

// FaultState is a fault that was ordered, and how often it has happened.
type FaultState struct {
	ID    int    `json:"id"` // counted from 1
	Fault Fault  `json:"fault"`
	Fired uint64 `json:"fired"`
	Left  int    `json:"left"` // how often it may still happen; -1 without end
}

// faultsMax bounds the faults that are ordered and not yet over.
const faultsMax = 10_000

// Inject orders a misbehavior and returns its number. It fails with ErrFault.
func (v *Venue) Inject(f Fault) (int, error) {
	if err := f.Validate(); err != nil {
		return 0, err
	}
	if f.Symbol != "" {
		if _, ok := v.directory.Find(f.Symbol); !ok {
			return 0, fmt.Errorf("spot: %w: symbol %.20q: none is listed", ErrFault, f.Symbol)
		}
	}
	if f.Account != "" && !slices.ContainsFunc(v.accounts, func(a *account) bool { return a.Name == f.Account }) {
		return 0, fmt.Errorf("spot: %w: account %.64q: there is none", ErrFault, f.Account)
	}
	v.faults = slices.DeleteFunc(v.faults, func(s *FaultState) bool { return s.Left == 0 && len(v.faults) >= faultsMax })
	if len(v.faults) >= faultsMax {
		return 0, fmt.Errorf("spot: %w: %d are waiting already", ErrFault, faultsMax)
	}
	f.Delay = orDuration(f.Delay, time.Second)
	if f.Times == 0 || f.Kind.timed() {
		f.Times = 1
	}
	v.lastFault++
	v.faults = append(v.faults, &FaultState{ID: v.lastFault, Fault: f, Left: f.Times})
	v.begin()
	return v.lastFault, nil
}

// Revoke takes a fault back, and ends a clock skew or a ban that came of it. It reports whether there
// was such a fault.
func (v *Venue) Revoke(id int) bool {
	for i, s := range v.faults {
		if s.ID != id {
			continue
		}
		if s.Fired > 0 {
			switch s.Fault.Kind {
			case FaultClockSkew:
				v.skew, v.skewUntil = 0, 0
			case FaultBan:
				v.bannedUntil = 0
			}
		}
		v.faults = slices.Delete(v.faults, i, i+1)
		v.schedule()
		return true
	}
	return false
}

// Faults returns what was ordered, the oldest first, what is over included.
func (v *Venue) Faults() []FaultState {
	all := make([]FaultState, 0, len(v.faults))
	for _, s := range v.faults {
		all = append(all, *s)
	}
	return all
}

// Fired returns how often each kind has happened, kinds that never did included.
func (v *Venue) Fired() map[FaultKind]uint64 {
	counts := map[FaultKind]uint64{}
	for _, k := range FaultKinds {
		counts[k] = v.fired[k]
	}
	return counts
}

// begin lets the faults happen whose time has come.
func (v *Venue) begin() {
	defer v.schedule()
	for _, s := range slices.Clone(v.faults) {
		if !s.Fault.Kind.timed() || s.Left == 0 || s.Fault.At > v.Now() {
			continue
		}
		f := s.Fault
		v.count(s, nil)
		switch f.Kind {
		case FaultBan:
			v.bannedUntil = v.Now().Add(orDuration(f.For, 2*time.Minute))
		case FaultClockSkew:
			v.skew, v.skewUntil = f.Skew, 0
			if f.For > 0 {
				v.skewUntil = v.Now().Add(f.For)
			}
		case FaultCut:
			v.cut(f.Scope)
		case FaultRestart:
			v.Restart(orDuration(f.For, time.Second))
		}
	}
}

// schedule finds out when the next fault begins or ends by itself.
func (v *Venue) schedule() {
	v.due = 0
	consider := func(t market.Timestamp) {
		if t > v.Now() && (v.due == 0 || t < v.due) {
			v.due = t
		}
	}
	for _, s := range v.faults {
		if s.Fault.Kind.timed() && s.Left != 0 {
			consider(s.Fault.At)
		}
	}
	consider(v.skewUntil)
	consider(v.downUntil)
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// subject is what a fault may happen to.
type subject struct {
	route    *route // nil for fills
	symbol   string
	clientID string
	account  string
	order    uint64
}

// fire reports whether a fault of that kind happens to s, and which. It is counted.
func (v *Venue) fire(kind FaultKind, s subject) (Fault, bool) {
	for _, state := range v.faults {
		f := &state.Fault
		if f.Kind != kind || state.Left == 0 || f.At > v.Now() || !f.matches(s) {
			continue
		}
		if f.Probability > 0 && f.Probability < 1 && v.chance.Uint64()>>11 >= uint64(f.Probability*(1<<53)) {
			continue
		}
		v.count(state, &s)
		return *f, true
	}
	return Fault{}, false
}

func (v *Venue) count(s *FaultState, on *subject) {
	s.Fired++
	if s.Left > 0 {
		s.Left--
	}
	v.fired[s.Fault.Kind]++
	e := Entry{Kind: EntryFault, Fault: s.Fault.Kind}
	if on != nil {
		e.Symbol, e.ClientID, e.Account, e.OrderID = on.symbol, on.clientID, on.account, on.order
	}
	v.note(e)
}

func (f *Fault) matches(s subject) bool {
	switch {
	case f.Symbol != "" && f.Symbol != s.symbol, f.Account != "" && f.Account != s.account:
		return false
	case f.ClientID != "" && !matchesID(f.ClientID, s.clientID):
		return false
	case s.route == nil:
		return true
	case f.Endpoint != "":
		return routes[f.Endpoint] == s.route
	}
	switch f.Kind {
	case FaultUnknownOrder, FaultHideOrder:
		return true
	}
	return s.route.places
}

func matchesID(pattern, id string) bool {
	if n := len(pattern) - 1; pattern[n] == '*' {
		return len(id) >= n && id[:n] == pattern[:n]
	}
	return pattern == id
}
