package system

import "runtime"

// Pool is a dispatcher for live running. The library's own starts a goroutine for each wake-up
// of an actor, whose small stack must then grow anew every time: half of the processor time of a
// busy chain. A pool hands the wake-up to a goroutine that waits with the stack it has grown,
// and starts another only when none does.
type Pool struct {
	work       chan func() // unbuffered: a send succeeds only while someone waits
	idle       chan struct{}
	throughput int
}

// NewPool returns a pool whose actors handle up to throughput messages before others get a turn.
// It keeps at most four goroutines waiting for each processor.
func NewPool(throughput int) *Pool {
	return &Pool{work: make(chan func()), idle: make(chan struct{}, 4*runtime.GOMAXPROCS(0)), throughput: throughput}
}

// Schedule runs f on a goroutine of the pool. It is part of actor.Dispatcher.
func (p *Pool) Schedule(f func()) {
	select {
	case p.work <- f:
	default:
		go p.run(f)
	}
}

// Throughput is part of actor.Dispatcher.
func (p *Pool) Throughput() int { return p.throughput }

// run works until enough others wait for work.
func (p *Pool) run(f func()) {
	for {
		f()
		select {
		case p.idle <- struct{}{}:
		default:
			return
		}
		f = <-p.work
		<-p.idle
	}
}
