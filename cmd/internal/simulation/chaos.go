package simulation

import (
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/store/fault"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// How often what goes wrong, on average.
const (
	faultEvery   = 9 * time.Second // of the venue
	refusedEvery = 60 * time.Second
	diskEvery    = 3 * time.Minute
	crashEvery   = 90 * time.Second
	crashesMin   = 3 // in ten minutes, at fixed moments, besides those that chance adds
	orderEvery   = 1100 * time.Millisecond
	handEvery    = 20 * time.Second
	personEvery  = 2 * time.Minute
)

// schedule arranges for all that is to go wrong, and for what people do.
func (r *run) schedule() {
	r.every(faultEvery, r.misbehave)
	r.every(refusedEvery, func() {
		if r.node != nil {
			r.node.wire.refuse += 1 + r.random.IntN(2)
		}
	})
	r.every(diskEvery, r.damage)
	r.every(crashEvery, r.crash)
	span := r.end.Sub(r.start)
	n := crashesMin * max(1, r.cfg.Minutes/10)
	for i := range n { // spread over the run: chance alone may have none
		at := span * time.Duration(2*i+1) / time.Duration(2*n)
		r.loop.After(at+time.Duration(r.random.Int64N(int64(20*time.Second))), r.crash)
	}
	r.every(orderEvery, r.trader.act)
	r.every(handEvery, r.hand)
	r.every(personEvery, r.operator.act)
}

// crash plans the node's death, if it lives and has been granted none yet.
func (r *run) crash() {
	if n := r.node; !r.calm && n != nil && n.planned == nil {
		n.crash(newCrash(r.random))
	}
}

// misbehave orders one fault of the venue. Every kind has its turn, in an order that chance draws anew
// once all had theirs.
func (r *run) misbehave() {
	if len(r.kinds) == 0 {
		for _, i := range r.random.Perm(len(spot.FaultKinds)) {
			r.kinds = append(r.kinds, spot.FaultKinds[i])
		}
	}
	f := spot.Fault{Kind: r.kinds[0], Times: 1 + r.random.IntN(2)}
	r.kinds = r.kinds[1:]
	between := func(low, high time.Duration) time.Duration {
		return low + time.Duration(r.random.Int64N(int64(high-low)))
	}
	switch f.Kind {
	case spot.FaultLateFill, spot.FaultFillBeforeAck, spot.FaultLateAccept:
		f.Delay = between(50*time.Millisecond, 4*time.Second)
	case spot.FaultBan:
		f.For = between(2*time.Second, 25*time.Second)
	case spot.FaultRestart:
		f.For = between(200*time.Millisecond, 12*time.Second)
	case spot.FaultClockSkew:
		f.For, f.Skew = between(2*time.Second, 30*time.Second), between(-8*time.Second, 8*time.Second)
	case spot.FaultCut:
		f.Scope = [...]string{"", "user", "market"}[r.random.IntN(3)]
	case spot.FaultAcceptError, spot.FaultError:
		f.Status, f.Code = [...]int{500, 502, 503, 504}[r.random.IntN(4)], [...]int{-1000, -1006, -1007}[r.random.IntN(3)]
	}
	switch f.Kind {
	case spot.FaultAcceptTimeout, spot.FaultAcceptError, spot.FaultAcceptCut, spot.FaultTimeout, spot.FaultError:
		if r.random.IntN(4) == 0 { // else an order's placement
			f.Endpoint = [...]string{"DELETE /api/v3/order", "GET /api/v3/order", "GET /api/v3/openOrders", "GET /api/v3/myTrades", "GET /api/v3/account", "PUT /api/v3/order/amend/keepPriority"}[r.random.IntN(6)]
		}
	}
	// A venue that denies an order in all places at once has proven that it never took it, whatever it
	// did: no gateway could tell. It lies in one place at a time.
	for _, other := range r.site.Faults() {
		if denies(f.Kind) && denies(other.Fault.Kind) && other.Left != 0 {
			r.site.at().Revoke(other.ID)
		}
	}
	if _, err := r.site.at().Inject(f); err != nil {
		r.breach(LawAudit, "%v", err) // the simulation asks for what there is not
	}
	r.log.Info("the venue will misbehave", slog.String("fault", string(f.Kind)), slog.String("endpoint", f.Endpoint))
	r.site.pass()
}

// denies reports whether a fault is one that denies an order which the venue has.
func denies(k spot.FaultKind) bool { return k == spot.FaultUnknownOrder || k == spot.FaultHideOrder }

// damage lets the disk fail soon, or fill up.
func (r *run) damage() {
	if n := r.node; n == nil || n.planned != nil {
		return
	}
	plan := fault.Plan{FailAt: 1 + r.random.IntN(20)}
	switch r.random.IntN(3) {
	case 0:
		plan.FailWith = syscall.ENOSPC
	case 1:
		plan = fault.Plan{BytesMax: r.stored() + int64(r.random.IntN(6000))}
	}
	r.log.Info("the disk will fail", slog.Any("plan", plan))
	r.disk.Arm(plan)
	r.damaged = r.loop.Now()
}

// stored is what the disk holds, in bytes.
func (r *run) stored() (sum int64) {
	dir := "journal/" + string(accountName)
	names, err := r.disk.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, name := range names {
		if f, err := r.disk.Open(dir + "/" + name); err == nil {
			n, _ := f.Size()
			sum += n
			_ = f.Close()
		}
	}
	return sum
}

// diskFails reports whether an error is one that was planned for the disk.
func (r *run) diskFails(err error) bool {
	if errors.Is(err, fault.ErrPowerLoss) {
		return true
	}
	return r.damaged != 0 && (errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOSPC))
}

// codeOf is the part of a reason that is one of a closed list.
func codeOf(reason string) string {
	code, _, found := strings.Cut(reason, ":")
	if !found || len(code) > 40 {
		return "other"
	}
	if code == "anomaly" || strings.HasPrefix(code, "anomaly ") {
		return code
	}
	return code
}

// in is the time so much from now.
func (r *run) in(d time.Duration) market.Timestamp { return r.loop.Now().Add(d) }
