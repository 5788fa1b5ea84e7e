package replay

import "time"

// Faults are what a replay does wrong on purpose. They depend on the seed and on the count of
// frames from the first on, so that a run repeats exactly. The count goes over frames that at
// least one client wanted, those dropped included.
type Faults struct {
	Seed uint64
	// CutAfter breaks all connections, without a close frame, behind that many frames, once;
	// CutEvery behind every so many. All frames before the cut arrive.
	CutAfter, CutEvery int
	// StallAfter sends nothing for StallFor behind that many frames, once. A client that
	// reconnects meanwhile ends the stall.
	StallAfter int
	StallFor   time.Duration
	// One frame in so many, chosen by the seed, is sent twice, not at all, or with its end cut
	// off, which leaves no whole JSON. A dropped frame is neither of the others, a corrupted one
	// is not repeated. 0 is never, 1 is every frame.
	RepeatOneIn, DropOneIn, CorruptOneIn int
}

// verdict is what happens to one frame.
type verdict struct {
	drop, repeat, corrupt bool
	cut                   bool // behind the frame
	stall                 time.Duration
}

// at returns the verdict on frame n, counted from 1.
func (f Faults) at(n uint64) verdict {
	v := verdict{
		drop: f.chosen(1, n, f.DropOneIn),
		cut:  f.CutAfter > 0 && n == uint64(f.CutAfter) || f.CutEvery > 0 && n%uint64(f.CutEvery) == 0,
	}
	v.corrupt = !v.drop && f.chosen(2, n, f.CorruptOneIn)
	v.repeat = !v.drop && !v.corrupt && f.chosen(3, n, f.RepeatOneIn)
	if f.StallAfter > 0 && n == uint64(f.StallAfter) {
		v.stall = f.StallFor
	}
	return v
}

// chosen reports whether frame n is one of the one in so many.
func (f Faults) chosen(fault, n uint64, oneIn int) bool {
	return oneIn > 0 && f.random(fault, n)%uint64(oneIn) == 0
}

// corrupt returns payload with its end cut off, at least one byte of it.
func (f Faults) corrupt(n uint64, payload []byte) []byte {
	if len(payload) < 2 {
		return nil
	}
	return payload[:1+f.random(4, n)%uint64(len(payload)-1)]
}

// random is splitmix64 of the seed, the fault and the frame: any frame's number without the
// numbers before it.
func (f Faults) random(fault, n uint64) uint64 {
	x := f.Seed + fault*0xd1342543de82ef95 + n*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
