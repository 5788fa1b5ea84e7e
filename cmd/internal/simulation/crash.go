package simulation

import (
	"math/rand/v2"
	"time"
)

// step is a moment at which a node may die.
type step string

// The steps, in the order of an order's way: into the journal, onto the disk, over the wire.
const (
	stepAppend    step = "append"     // before events are written
	stepAppended  step = "appended"   // after they were written, and not yet synced
	stepSync      step = "sync"       // before an fsync
	stepDisk      step = "disk"       // within an operation of the disk
	stepSynced    step = "synced"     // after an fsync, before anyone heard of it
	stepRequest   step = "request"    // before a request leaves
	stepArrival   step = "arrival"    // when it has arrived, before the answer
	stepAnswer    step = "answer"     // when the answer came
	stepFrame     step = "frame"      // when a frame of a stream comes
	stepIdle      step = "idle"       // at any other moment
	stepRecovery  step = "recovery"   // while the venue is asked how the account stands
	stepRecovered step = "recovered"  // once it has said so
	stepOperator  step = "stop_start" // a person starts the node again
)

// crashSteps are those that chance chooses from.
var crashSteps = []step{stepAppend, stepAppended, stepSync, stepDisk, stepSynced, stepRequest, stepArrival, stepAnswer, stepFrame, stepRecovery, stepRecovered, stepIdle}

// death is how a node ends.
type death string

const (
	deathKill  death = "kill"  // the process: what it wrote is seen, synced or not
	deathPower death = "power" // the machine: what was not synced may be gone, whole or in part
)

// crash is a death that is planned: at the step's nth time, or when its patience ends.
type crash struct {
	step  step
	count int
	how   death
}

// patience is how long a planned crash waits for its step.
const patience = 20 * time.Second

func newCrash(r *rand.Rand) crash {
	c := crash{step: crashSteps[r.IntN(len(crashSteps))], count: 1 + r.IntN(6), how: deathKill}
	if c.step == stepDisk || r.IntN(2) == 0 {
		c.how = deathPower
	}
	switch c.step {
	case stepFrame:
		c.count = 1 + r.IntN(200)
	case stepDisk:
		c.count = 1 + r.IntN(12)
	case stepRecovery, stepRecovered, stepIdle:
		c.count = 1
	}
	return c
}
