package order

import "maps"

// Stats counts since New; nothing in it is read by the gateway itself.
type Stats struct {
	Intents          uint64 // that came, duplicates and refused ones included
	Duplicates       uint64 // of them, known already
	Denied           map[Code]uint64
	Amends           uint64
	Cancels          uint64
	CancelsIgnored   uint64 // of an unknown intent, another account or after the journal failed
	Sent             uint64 // orders handed to the venue
	Reports          uint64
	ReportsRepeated  uint64 // that said what was known
	FillsRepeated    uint64 // with an execution id that was counted before
	ReportsIgnored   uint64 // after the journal failed, or of foreign orders that ended
	Adopted          uint64 // orders that were placed at the venue by hand
	Asked            uint64 // times that the venue was asked how the account stands
	Differences      uint64 // balances that had to follow the venue
	Anomalies        uint64
	AnomaliesDropped uint64 // repeated, or beyond the most that are kept
	Open             int    // orders that are not final
	Waiting          int    // acts that wait for the disk
	Statuses         [held + 1]int
}

// clone copies s and fills in what the core knows anyway.
func (s Stats) clone(c *Core) Stats {
	s.Denied = maps.Clone(s.Denied)
	s.Open, s.Waiting = c.open, c.outbox.len()
	for _, o := range c.orders.byIntent {
		s.Statuses[o.f.Status]++
	}
	return s
}
