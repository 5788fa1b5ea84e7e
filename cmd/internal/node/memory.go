package node

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much garbage may gather, in percent of what lives, before it is collected. Go's
// default of 100 keeps as much slack as there is state; a node on a Raspberry Pi would rather
// have the memory, for a few percent more processor time (docs/performance.md).
const gcPercent = 25

// TuneMemory sets the node's garbage collection, unless the environment does with GOGC.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
