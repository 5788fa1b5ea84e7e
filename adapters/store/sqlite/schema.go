package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// migrations bring a file from version i to i+1, the version being PRAGMA user_version. Never
// change one that was released: add one.
var migrations = []string{
	`
CREATE TABLE order_events (
	account TEXT NOT NULL,
	seq INTEGER NOT NULL,              -- counts the account's events from 1
	time INTEGER NOT NULL,
	strategy TEXT NOT NULL,
	intent_seq INTEGER NOT NULL,
	client_order_id TEXT NOT NULL,
	venue_order_id TEXT NOT NULL,
	venue TEXT NOT NULL,
	instrument TEXT NOT NULL,
	side TEXT NOT NULL,
	type TEXT NOT NULL,
	time_in_force TEXT NOT NULL,
	price TEXT NOT NULL,
	quantity TEXT NOT NULL,
	decided_at INTEGER NOT NULL,
	action TEXT NOT NULL,
	status TEXT NOT NULL,              -- after the action
	reason TEXT NOT NULL,
	exec_id TEXT NOT NULL,
	last_price TEXT NOT NULL,
	last_quantity TEXT NOT NULL,
	cum_quantity TEXT NOT NULL,
	leaves_quantity TEXT NOT NULL,
	average_price TEXT NOT NULL,
	fee TEXT NOT NULL,
	fee_currency TEXT NOT NULL,
	last_liquidity_add INTEGER NOT NULL,
	PRIMARY KEY (account, seq)
) WITHOUT ROWID;
CREATE INDEX order_events_by_order ON order_events (account, client_order_id, seq);
CREATE INDEX order_events_fills ON order_events (time) WHERE action = 'fill';

-- orders has one row an order: its last event, and when it was created.
CREATE TABLE orders (
	order_key TEXT NOT NULL,           -- client order id; for what was denied without one: strategy/intent
	created_at INTEGER NOT NULL,
	account TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL,
	strategy TEXT NOT NULL, intent_seq INTEGER NOT NULL,
	client_order_id TEXT NOT NULL, venue_order_id TEXT NOT NULL,
	venue TEXT NOT NULL, instrument TEXT NOT NULL,
	side TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL,
	price TEXT NOT NULL, quantity TEXT NOT NULL, decided_at INTEGER NOT NULL,
	action TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
	exec_id TEXT NOT NULL, last_price TEXT NOT NULL, last_quantity TEXT NOT NULL,
	cum_quantity TEXT NOT NULL, leaves_quantity TEXT NOT NULL, average_price TEXT NOT NULL,
	fee TEXT NOT NULL, fee_currency TEXT NOT NULL, last_liquidity_add INTEGER NOT NULL,
	PRIMARY KEY (account, order_key)
) WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (time);
CREATE INDEX orders_by_status ON orders (status);

CREATE VIEW executions AS
	SELECT account, seq, time, strategy, client_order_id, venue_order_id, exec_id, venue, instrument, side,
		last_price AS price, last_quantity AS quantity, fee, fee_currency, last_liquidity_add AS maker
	FROM order_events WHERE action = 'fill';

CREATE TABLE bars (
	venue TEXT NOT NULL,
	instrument TEXT NOT NULL,
	interval INTEGER NOT NULL,         -- nanoseconds
	start INTEGER NOT NULL,            -- of [start, start+interval), the venue's clock
	open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL, close TEXT NOT NULL,
	volume TEXT NOT NULL, turnover TEXT NOT NULL,
	trades INTEGER NOT NULL,
	closed INTEGER NOT NULL,
	venue_time INTEGER NOT NULL,
	received INTEGER NOT NULL,
	PRIMARY KEY (venue, instrument, interval, start)
) WITHOUT ROWID;
CREATE INDEX bars_by_start ON bars (start);
`,
}

// migrate brings the file to the newest version.
func migrate(ctx context.Context, db *sql.DB) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = finish(tx, err) }()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("schema version %d was written by a newer maru (this one knows %d): update maru, or move the file away", version, len(migrations))
	}
	for ; version < len(migrations); version++ {
		if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
			return fmt.Errorf("schema version %d: %w", version+1, err)
		}
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	return err
}

// finish commits, or rolls back after an error.
func finish(tx *sql.Tx, err error) error {
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
