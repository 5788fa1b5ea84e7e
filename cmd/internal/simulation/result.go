package simulation

import (
	"maps"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// Result is what came of a run, or of many. Times are in nanoseconds in JSON.
type Result struct {
	Seed        uint64         `json:"seed"`
	Minutes     int            `json:"minutes"`
	Hash        string         `json:"hash,omitempty"` // of the journal and the venue's ledger: one seed, one hash
	Breaches    []Breach       `json:"breaches"`
	Virtual     time.Duration  `json:"virtual_ns"`
	Wall        time.Duration  `json:"wall_ns"`
	Intents     int            `json:"intents"`      // orders, amendments and cancels that were asked for
	Orders      map[string]int `json:"orders"`       // by the status they ended in
	Events      int            `json:"events"`       // in the journal
	Requests    int            `json:"requests"`     // that reached the venue
	Fills       int            `json:"fills"`        // at the venue
	Hands       int            `json:"hands"`        // orders and cancels by hand, at the venue
	Adopted     int            `json:"adopted"`      // of those, orders that the account took up
	Starts      int            `json:"starts"`       // of the node
	Died        int            `json:"crashes"`      // of the node
	Crashes     map[string]int `json:"crash_steps"`  // where it ended
	VenueFaults map[string]int `json:"venue_faults"` // by kind
	DiskFaults  map[string]int `json:"disk_faults"`
	WireFaults  map[string]int `json:"wire_faults"`
	Halts       map[string]int `json:"halts"`  // of the account, by why
	Denied      map[string]int `json:"denied"` // by code
	DeadLetters int            `json:"dead_letters"`
}

func newResult(cfg Config) Result {
	r := Result{Seed: cfg.Seed, Minutes: cfg.Minutes, Breaches: []Breach{}, Orders: map[string]int{}, Crashes: map[string]int{}, VenueFaults: map[string]int{},
		DiskFaults: map[string]int{}, WireFaults: map[string]int{"refused": 0}, Halts: map[string]int{}, Denied: map[string]int{}}
	for _, k := range spot.FaultKinds {
		r.VenueFaults[string(k)] = 0
	}
	for _, k := range fault.Kinds() {
		r.DiskFaults[string(k)] = 0
	}
	for _, s := range crashSteps {
		r.Crashes[string(s)] = 0
	}
	for _, s := range message.OrderStatuses() {
		if s.Final() {
			r.Orders[s.String()] = 0
		}
	}
	return r
}

// Faults is how many faults there were, of the venue and of the disk.
func (r Result) Faults() (n int) {
	for _, counts := range []map[string]int{r.VenueFaults, r.DiskFaults, r.WireFaults} {
		for _, c := range counts {
			n += c
		}
	}
	return n
}

// Add takes another run in: counts are summed up, seed and hash stay.
func (r *Result) Add(o Result) {
	r.Breaches = append(r.Breaches, o.Breaches...)
	r.Virtual += o.Virtual
	r.Wall += o.Wall
	for _, x := range []struct {
		to *int
		by int
	}{{&r.Intents, o.Intents}, {&r.Events, o.Events}, {&r.Requests, o.Requests}, {&r.Fills, o.Fills}, {&r.Hands, o.Hands}, {&r.Adopted, o.Adopted},
		{&r.Starts, o.Starts}, {&r.Died, o.Died}, {&r.DeadLetters, o.DeadLetters}} {
		*x.to += x.by
	}
	for _, x := range []struct{ to, by map[string]int }{{r.Orders, o.Orders}, {r.Crashes, o.Crashes}, {r.VenueFaults, o.VenueFaults},
		{r.DiskFaults, o.DiskFaults}, {r.WireFaults, o.WireFaults}, {r.Halts, o.Halts}, {r.Denied, o.Denied}} {
		for k, n := range x.by {
			x.to[k] += n
		}
	}
}

// Never returns what is counted and did not happen: kinds of faults, steps to crash at, ends of orders.
func (r Result) Never() (never []string) {
	for _, x := range []struct {
		what   string
		counts map[string]int
	}{{"venue fault", r.VenueFaults}, {"disk fault", r.DiskFaults}, {"wire fault", r.WireFaults}, {"crash at", r.Crashes}, {"order", r.Orders}} {
		for _, k := range slices.Sorted(maps.Keys(x.counts)) {
			if x.counts[k] == 0 {
				never = append(never, x.what+" "+k)
			}
		}
	}
	return never
}

// count fills in what the evidence tells.
func (r *run) count(e *evidence) {
	res := &r.result
	res.Hash = hashOf(e)
	res.Events = len(e.events)
	for k, n := range r.site.Fired() {
		res.VenueFaults[string(k)] = int(n)
	}
	for k, n := range r.disk.Counts() {
		res.DiskFaults[string(k)] = n
	}
	res.WireFaults["refused"] = r.refused
	final := map[message.IntentID]message.OrderStatus{}
	for _, event := range e.events {
		f := event.Fields()
		switch f.Action {
		case message.ActionHalt, message.ActionAnomaly:
			res.Halts[codeOf(f.Reason)]++
		case message.ActionDeny:
			res.Denied[codeOf(f.Reason)]++
		case message.ActionAdopt:
			res.Adopted++
		}
		if !f.OfAccount() {
			final[event.Intent()] = f.Status
		}
	}
	for _, s := range final {
		res.Orders[s.String()]++
	}
	for _, entry := range e.ledger {
		switch entry.Kind {
		case spot.EntryRequest:
			res.Requests++
		case spot.EntryFill:
			res.Fills++
		}
	}
}
