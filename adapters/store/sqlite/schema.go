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
	`
ALTER TABLE order_events ADD COLUMN exec_inst TEXT NOT NULL DEFAULT '-';
ALTER TABLE order_events ADD COLUMN stop_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE order_events ADD COLUMN expire_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_events ADD COLUMN parent_seq INTEGER NOT NULL DEFAULT 0; -- the intent whose order must fill first
ALTER TABLE order_events ADD COLUMN group_number INTEGER NOT NULL DEFAULT 0; -- orders of one group share their quantity
ALTER TABLE order_events ADD COLUMN tick_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_events ADD COLUMN valid_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_events ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE order_events ADD COLUMN request TEXT NOT NULL DEFAULT '-';
ALTER TABLE order_events ADD COLUMN evidence TEXT NOT NULL DEFAULT '-';
ALTER TABLE order_events ADD COLUMN new_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE order_events ADD COLUMN new_stop_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE order_events ADD COLUMN new_quantity TEXT NOT NULL DEFAULT '0';
ALTER TABLE order_events ADD COLUMN currency TEXT NOT NULL DEFAULT ''; -- of balance and equity events
ALTER TABLE order_events ADD COLUMN amount TEXT NOT NULL DEFAULT '0';
ALTER TABLE order_events ADD COLUMN of_account INTEGER NOT NULL DEFAULT 0; -- 1: an event of the account, not of an order
ALTER TABLE orders ADD COLUMN exec_inst TEXT NOT NULL DEFAULT '-';
ALTER TABLE orders ADD COLUMN stop_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN expire_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN parent_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN group_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN tick_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN valid_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN request TEXT NOT NULL DEFAULT '-';
ALTER TABLE orders ADD COLUMN evidence TEXT NOT NULL DEFAULT '-';
ALTER TABLE orders ADD COLUMN new_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN new_stop_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN new_quantity TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN amount TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN of_account INTEGER NOT NULL DEFAULT 0;
-- Notes on the account once stood as events of the action journal.
UPDATE order_events SET of_account = 1 WHERE action = 'journal';
CREATE INDEX orders_by_intent ON orders (strategy, intent_seq);
CREATE INDEX order_events_of_account ON order_events (account, seq) WHERE of_account = 1;

-- What happened to accounts: halts, resumes, anomalies, differences of balances, marks of equity.
CREATE VIEW account_events AS
	SELECT account, seq, time, action, reason, currency, amount, client_order_id, venue, instrument
	FROM order_events WHERE of_account = 1;
CREATE VIEW balance_changes AS
	SELECT account, seq, time, currency, amount, reason FROM order_events WHERE action = 'balance';
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
