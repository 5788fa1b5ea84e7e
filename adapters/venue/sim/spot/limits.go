package spot

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Limits are how much a client may ask for.
type Limits struct {
	WeightPerMinute  int // request weight of an address; 0 is 6,000
	OrdersPer10s     int // unfilled orders of an account; 0 is 100
	OrdersPerDay     int // unfilled orders of an account; 0 is 200,000
	OrdersPerSymbol  int // open orders of an account on a symbol (MAX_NUM_ORDERS); 0 is 200
	StopsPerSymbol   int // waiting orders of an account on a symbol (MAX_NUM_ALGO_ORDERS); 0 is 5
	AmendsPerOrder   int // (MAX_NUM_ORDER_AMENDS); 0 is 10
	RefusalsUntilBan int // requests refused with 429 in a minute until an address is banned; 0 is 50
}

// Binance's, as exchangeInfo stated them in 2026; when a ban comes is not documented.
func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		to        *int
		otherwise int
	}{{&l.WeightPerMinute, 6000}, {&l.OrdersPer10s, 100}, {&l.OrdersPerDay, 200_000}, {&l.OrdersPerSymbol, 200},
		{&l.StopsPerSymbol, 5}, {&l.AmendsPerOrder, 10}, {&l.RefusalsUntilBan, 50}} {
		if *d.to == 0 {
			*d.to = d.otherwise
		}
	}
	return l
}

func (l Limits) validate() error {
	var faults []error
	for _, d := range []struct {
		name  string
		value int
		most  int
	}{{"weight per minute", l.WeightPerMinute, 1e9}, {"orders per 10 s", l.OrdersPer10s, 1e9}, {"orders per day", l.OrdersPerDay, 1e9},
		{"orders per symbol", l.OrdersPerSymbol, 200}, {"stops per symbol", l.StopsPerSymbol, 200}, {"amends per order", l.AmendsPerOrder, 1e6},
		{"refusals until a ban", l.RefusalsUntilBan, 1e9}} {
		if d.value < 0 || d.value > d.most {
			faults = append(faults, fmt.Errorf("limits: %s %d: want 0 to %d", d.name, d.value, d.most))
		}
	}
	return errors.Join(faults...)
}

// address is what one network address has used.
type address struct {
	weight   int // in v.minute
	refused  int // in v.minute
	bans     int
	bannedTo market.Timestamp
}

// addressesMax bounds the addresses that are remembered; those over the limit share one.
const addressesMax = 10_000

const (
	banFirst = 2 * time.Minute // and twice as long each time (rest-api.md, IP Limits)
	banMax   = 72 * time.Hour
)

func (v *Venue) addressOf(remote string) *address {
	if minute := v.Now().Truncate(time.Minute); minute != v.minute {
		v.minute = minute
		for name, a := range v.addresses {
			if a.weight, a.refused = 0, 0; a.bans == 0 {
				delete(v.addresses, name)
			}
		}
	}
	a := v.addresses[remote]
	if a == nil {
		if len(v.addresses) >= addressesMax {
			remote = "others"
			if a = v.addresses[remote]; a != nil {
				return a
			}
		}
		a = &address{}
		v.addresses[remote] = a
	}
	return a
}

// charge counts the weight of a request and refuses it if that is too much.
func (v *Venue) charge(remote string, weight int) *apiError {
	if v.Now() < v.bannedUntil {
		return errBanned(v.millis(v.bannedUntil), secondsUntil(v.Now(), v.bannedUntil))
	}
	a := v.addressOf(remote)
	if v.Now() < a.bannedTo {
		return errBanned(v.millis(a.bannedTo), secondsUntil(v.Now(), a.bannedTo))
	}
	a.weight += weight
	if a.weight <= v.limits.WeightPerMinute {
		return nil
	}
	a.refused++
	if a.refused > v.limits.RefusalsUntilBan {
		length := banMax
		if a.bans < 12 {
			length = min(banFirst<<a.bans, banMax)
		}
		a.bans++
		a.bannedTo = v.Now().Add(length)
		return errBanned(v.millis(a.bannedTo), secondsUntil(v.Now(), a.bannedTo))
	}
	return errTooMany(v.limits.WeightPerMinute, "1 MINUTE", secondsUntil(v.Now(), v.minute.Add(time.Minute)))
}

// millis is a moment as the venue tells it.
func (v *Venue) millis(t market.Timestamp) int64 {
	return int64(t.Add(v.skew)) / int64(time.Millisecond)
}

func secondsUntil(now, then market.Timestamp) int {
	return int((then.Sub(now) + time.Second - 1) / time.Second)
}

// orderCount counts the unfilled orders of an account in an interval (faqs/order_count_decrement.md).
type orderCount struct {
	since market.Timestamp
	count int
}

// orderIntervals are the intervals of account.counts.
var orderIntervals = [...]struct {
	length      time.Duration
	name, unit  string // of the limit, and in a message
	number      int
	header      string
	limitOrders func(Limits) int
}{
	{10 * time.Second, "SECOND", "10 SECOND", 10, "X-MBX-ORDER-COUNT-10S", func(l Limits) int { return l.OrdersPer10s }},
	{24 * time.Hour, "DAY", "1 DAY", 1, "X-MBX-ORDER-COUNT-1D", func(l Limits) int { return l.OrdersPerDay }},
}

// orderCounts returns how many unfilled orders an account has in each interval.
func (v *Venue) orderCounts(a *account) *[2]orderCount {
	for i := range a.counts {
		if since := v.Now().Truncate(orderIntervals[i].length); since != a.counts[i].since {
			a.counts[i] = orderCount{since: since}
		}
	}
	return &a.counts
}

// mayOrder refuses an order where the account has placed too many.
func (v *Venue) mayOrder(a *account) *apiError {
	counts := v.orderCounts(a)
	for i, interval := range orderIntervals {
		if most := interval.limitOrders(v.limits); counts[i].count >= most {
			return errTooManyOrders(most, interval.unit, secondsUntil(v.Now(), counts[i].since.Add(interval.length)))
		}
	}
	return nil
}

// ordered changes the counts: by 1 for a new order, less for the first fill of one.
func (v *Venue) ordered(a *account, by int) {
	counts := v.orderCounts(a)
	for i := range counts {
		counts[i].count = max(0, counts[i].count+by)
	}
}

// The first fill of an order as taker, or as maker, takes that much off the count; the examples of the
// page are followed.
const (
	filledAsTaker = -1
	filledAsMaker = -5
)

// appendLimits writes how much of the limits is used, as responses of the WebSocket API say it.
func (v *Venue) appendLimits(w *writer, a *account, remote string) {
	if a != nil {
		v.appendOrderLimits(w, a)
	}
	limitValue(w, "REQUEST_WEIGHT", "MINUTE", 1, v.limits.WeightPerMinute)
	w.int("count", int64(v.addressOf(remote).weight))
	w.end('}')
}

func (v *Venue) appendOrderLimits(w *writer, a *account) {
	counts := v.orderCounts(a)
	for i, interval := range orderIntervals {
		limitValue(w, "ORDERS", interval.name, interval.number, interval.limitOrders(v.limits))
		w.int("count", int64(counts[i].count))
		w.end('}')
	}
}

// limitValue writes a limit without its end.
func limitValue(w *writer, kind, interval string, number, limit int) {
	w.begin('{')
	w.text("rateLimitType", kind)
	w.text("interval", interval)
	w.int("intervalNum", int64(number))
	w.int("limit", int64(limit))
}

// used returns the headers that every answer carries.
func (v *Venue) used(remote string, a *account) []Header {
	weight := fmt.Sprint(v.addressOf(remote).weight)
	headers := []Header{{"X-MBX-USED-WEIGHT", weight}, {"X-MBX-USED-WEIGHT-1M", weight}}
	if a != nil {
		counts := v.orderCounts(a)
		for i, interval := range orderIntervals {
			headers = append(headers, Header{interval.header, fmt.Sprint(counts[i].count)})
		}
	}
	return slices.Clip(headers)
}
