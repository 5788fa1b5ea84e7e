package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// GapError says that events are missing: the journal has them.
type GapError struct {
	Account   message.AccountName
	Have, Got uint64 // the last event the view has, and the one that was to follow
}

func (e *GapError) Error() string {
	return fmt.Sprintf("sqlite: account %s: event %d does not follow %d: read the journal from there", e.Account, e.Got, e.Have)
}

var (
	insertEvent = "INSERT INTO order_events (" + eventColumns + ") VALUES (" + placeholders(eventColumnCount) + ")"
	upsertOrder = "INSERT INTO orders (order_key, created_at, " + eventColumns + ") VALUES (" + placeholders(2+eventColumnCount) + ")" +
		" ON CONFLICT (account, order_key) DO UPDATE SET " + assignments(eventColumns)
)

// assignments returns "a = excluded.a, …".
func assignments(columns string) string {
	names := strings.Split(columns, ", ")
	for i, n := range names {
		names[i] = n + " = excluded." + n
	}
	return strings.Join(names, ", ")
}

// ApplyOrderEvents adds events in their order, all or none. An event that the view has, by
// account and number, is left out; one that leaves a gap fails with a GapError. The first event of
// an account that the view does not know may have any number: older ones may have been pruned.
//
// The events must be durable in the journal. A view that was ahead of its journal after a crash
// would take the next events for ones it has.
func (v *View) ApplyOrderEvents(events []message.OrderEvent) (err error) {
	if len(events) == 0 {
		return nil
	}
	ctx := context.Background()
	tx, err := v.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: order events: %w", err)
	}
	defer func() {
		if err = finish(tx, err); err != nil && !errors.As(err, new(*GapError)) {
			err = fmt.Errorf("sqlite: order events: %w", err)
		}
	}()
	event, err := tx.PrepareContext(ctx, insertEvent)
	if err != nil {
		return err
	}
	order, err := tx.PrepareContext(ctx, upsertOrder)
	if err != nil {
		return err
	}
	last := map[message.AccountName]uint64{}
	for _, e := range events {
		f := e.Fields()
		have, known := last[f.Account]
		if !known {
			if have, err = lastSeq(ctx, tx, f.Account); err != nil {
				return err
			}
			last[f.Account] = have
		}
		if f.Seq <= have {
			continue
		}
		if have != 0 && f.Seq != have+1 {
			return &GapError{f.Account, have, f.Seq}
		}
		values := eventValues(f)
		if _, err := event.ExecContext(ctx, values...); err != nil {
			return err
		}
		if key := orderKey(f); key != "" {
			if _, err := order.ExecContext(ctx, append([]any{key, int64(f.Time)}, values...)...); err != nil {
				return err
			}
		}
		last[f.Account] = f.Seq
	}
	return nil
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func lastSeq(ctx context.Context, q queryer, account message.AccountName) (uint64, error) {
	var seq sql.NullInt64
	err := q.QueryRowContext(ctx, "SELECT max(seq) FROM order_events WHERE account = ?", string(account)).Scan(&seq)
	return uint64(seq.Int64), err
}

// LastSeq returns the number of the account's newest event in the view; 0: it has none.
func (v *View) LastSeq(account message.AccountName) (uint64, error) {
	seq, err := lastSeq(context.Background(), v.write, account)
	if err != nil {
		return 0, fmt.Errorf("sqlite: last event of %s: %w", account, err)
	}
	return seq, nil
}

// Forget removes everything about an account, to be built anew from the journal: for a view
// that is ahead of it (LastSeq), or not of the same journal.
func (v *View) Forget(account message.AccountName) (err error) {
	tx, err := v.write.BeginTx(context.Background(), nil)
	if err != nil {
		return fmt.Errorf("sqlite: forget %s: %w", account, err)
	}
	defer func() { err = finish(tx, err) }()
	for _, table := range []string{"orders", "order_events"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE account = ?", string(account)); err != nil {
			return fmt.Errorf("sqlite: forget %s: %w", account, err)
		}
	}
	return nil
}

// rowsMost limits every answer, whatever was asked for.
const rowsMost = 100_000

// OrderFilter says which orders, or events of orders, are wanted. Zero fields mean any.
type OrderFilter struct {
	Account       message.AccountName
	Strategy      message.StrategyName
	IntentSeq     uint64
	Instrument    market.Instrument
	Instruments   []market.Instrument // any of these; none: any
	ClientOrderID message.ClientOrderID
	Status        message.OrderStatus // after the event
	Action        message.OrderAction
	OfAccount     bool             // only events of accounts, which are of no order
	Open          bool             // only orders that are not final
	From, To      market.Timestamp // of the event: [From, To)
	FromSeq       uint64           // number of the event, from this on
	ToSeq         uint64           // and before this; 0: to the last
	Limit         int              // the newest so many; 0, or more than 100,000: 100,000
}

func (f OrderFilter) where() (string, []any, int) {
	var terms []string
	var args []any
	add := func(term string, arg any) {
		terms, args = append(terms, term), append(args, arg)
	}
	if f.Account != "" {
		add("account = ?", string(f.Account))
	}
	if f.Strategy != "" {
		add("strategy = ?", string(f.Strategy))
	}
	if f.IntentSeq != 0 {
		add("intent_seq = ?", int64(f.IntentSeq))
	}
	if !f.Instrument.IsZero() {
		add("venue = ?", string(f.Instrument.Venue()))
		add("instrument = ?", f.Instrument.Name())
	}
	if len(f.Instruments) > 0 {
		var any []string
		for _, i := range f.Instruments {
			any = append(any, "(venue = ? AND instrument = ?)")
			args = append(args, string(i.Venue()), i.Name())
		}
		terms = append(terms, "("+strings.Join(any, " OR ")+")")
	}
	if f.FromSeq != 0 {
		add("seq >= ?", int64(f.FromSeq))
	}
	if f.ToSeq != 0 {
		add("seq < ?", int64(f.ToSeq))
	}
	if f.ClientOrderID != "" {
		add("client_order_id = ?", string(f.ClientOrderID))
	}
	if f.Status != 0 {
		add("status = ?", f.Status.String())
	}
	if f.Action != 0 {
		add("action = ?", f.Action.String())
	}
	if f.OfAccount {
		terms = append(terms, "of_account = 1")
	}
	if f.From != 0 {
		add("time >= ?", int64(f.From))
	}
	if f.To != 0 {
		add("time < ?", int64(f.To))
	}
	if f.Open {
		var open []string
		for _, s := range message.OrderStatuses() {
			if !s.Final() {
				open = append(open, "'"+s.String()+"'")
			}
		}
		terms = append(terms, "status IN ("+strings.Join(open, ", ")+")")
	}
	limit := f.Limit
	if limit <= 0 || limit > rowsMost {
		limit = rowsMost
	}
	if len(terms) == 0 {
		return "", nil, limit
	}
	return " WHERE " + strings.Join(terms, " AND "), args, limit
}

// Orders returns the last event of each order that the filter lets through, newest first. An
// event holds the order's own terms, so it is all there is to say of the order.
func (v *View) Orders(f OrderFilter) ([]message.OrderEvent, error) {
	where, args, limit := f.where()
	return v.events("SELECT "+eventColumns+" FROM orders"+where+" ORDER BY time DESC, account, seq DESC LIMIT ?", append(args, limit))
}

// OrderEvents returns the events that the filter lets through, newest first, those of the account
// itself (halts, balances, equity) included.
func (v *View) OrderEvents(f OrderFilter) ([]message.OrderEvent, error) {
	where, args, limit := f.where()
	return v.events("SELECT "+eventColumns+" FROM order_events"+where+" ORDER BY account, seq DESC LIMIT ?", append(args, limit))
}

// Executions returns the fills that the filter lets through, newest first.
func (v *View) Executions(f OrderFilter) ([]message.OrderEvent, error) {
	where, args, limit := f.where()
	if where == "" {
		where = " WHERE action = 'fill'"
	} else {
		where += " AND action = 'fill'"
	}
	return v.events("SELECT "+eventColumns+" FROM order_events"+where+" ORDER BY time DESC, account, seq DESC LIMIT ?", append(args, limit))
}

func (v *View) events(query string, args []any) ([]message.OrderEvent, error) {
	rows, err := v.read.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read orders: %w", err)
	}
	defer func() { _ = rows.Close() }() // what went wrong is in rows.Err
	var events []message.OrderEvent
	for rows.Next() {
		var r eventRow
		if err := rows.Scan(r.targets()...); err != nil {
			return nil, fmt.Errorf("sqlite: read orders: %w", err)
		}
		e, err := r.event()
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlite: read orders: %w", err)
	}
	return events, nil
}
