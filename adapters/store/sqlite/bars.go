package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

const barColumns = "venue, instrument, interval, start, open, high, low, close, volume, turnover, trades, closed, venue_time, received"

const barColumnCount = 14

// upsertBar replaces a bar by a later word on it, but not a closed one by one that still runs:
// a restart begins its running bars in the middle.
var upsertBar = "INSERT INTO bars (" + barColumns + ") VALUES (" + placeholders(barColumnCount) + ")" +
	" ON CONFLICT (venue, instrument, interval, start) DO UPDATE SET " + assignments("open, high, low, close, volume, turnover, trades, closed, venue_time, received") +
	" WHERE excluded.closed >= bars.closed"

// SaveBars writes bars, all or none. A bar is known by instrument, interval and start; one that is
// there is replaced, unless it is closed and the new one is not.
func (v *View) SaveBars(bars []message.Bar) (err error) {
	if len(bars) == 0 {
		return nil
	}
	ctx := context.Background()
	tx, err := v.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: bars: %w", err)
	}
	defer func() {
		if err = finish(tx, err); err != nil {
			err = fmt.Errorf("sqlite: bars: %w", err)
		}
	}()
	statement, err := tx.PrepareContext(ctx, upsertBar)
	if err != nil {
		return err
	}
	for _, b := range bars {
		f := b.Fields()
		if _, err := statement.ExecContext(ctx, string(f.Instrument.Venue()), f.Instrument.Name(), int64(f.Interval), int64(f.Start),
			f.Open.String(), f.High.String(), f.Low.String(), f.Close.String(), f.Volume.String(), f.Turnover.String(),
			f.Trades, f.Closed, int64(f.VenueTime), int64(f.Received)); err != nil {
			return err
		}
	}
	return nil
}

// Bars returns the bars of an instrument that start in [from, to), oldest first; to of zero is no
// end. If there are more than limit, it returns the newest of them. A limit of 0 or more than
// 100,000 means 100,000.
func (v *View) Bars(i market.Instrument, interval time.Duration, from, to market.Timestamp, limit int) ([]message.Bar, error) {
	if to == 0 {
		to = market.Timestamp(1<<63 - 1)
	}
	if limit <= 0 || limit > rowsMost {
		limit = rowsMost
	}
	rows, err := v.read.Query("SELECT "+barColumns+" FROM bars WHERE venue = ? AND instrument = ? AND interval = ? AND start >= ? AND start < ?"+
		" ORDER BY start DESC LIMIT ?", string(i.Venue()), i.Name(), int64(interval), int64(from), int64(to), limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read bars of %v: %w", i, err)
	}
	defer func() { _ = rows.Close() }() // what went wrong is in rows.Err
	var bars []message.Bar
	for rows.Next() {
		b, err := scanBar(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("sqlite: read bars of %v: %w", i, err)
		}
		bars = append(bars, b)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlite: read bars of %v: %w", i, err)
	}
	slices.Reverse(bars)
	return bars, nil
}

func scanBar(scan func(...any) error) (message.Bar, error) {
	var f message.BarFields
	var venue, name, open, high, low, closing, volume, turnover string
	if err := scan(&venue, &name, &f.Interval, &f.Start, &open, &high, &low, &closing, &volume, &turnover,
		&f.Trades, &f.Closed, &f.VenueTime, &f.Received); err != nil {
		return message.Bar{}, err
	}
	p := parser{}
	f.Instrument = p.instrument(venue, name)
	f.Open, f.High, f.Low, f.Close = p.price(open), p.price(high), p.price(low), p.price(closing)
	f.Volume, f.Turnover = p.quantity(volume), p.amount(turnover)
	if p.err != nil {
		return message.Bar{}, p.err
	}
	return message.NewBar(f)
}

// TrimBars removes the bars beyond the configured age, counted back from now, and number, and
// returns how many. Now of zero trims by number only.
func (v *View) TrimBars(now market.Timestamp) (removed int64, err error) {
	trim := func(query string, arg int64) error {
		result, err := v.write.Exec(query, arg)
		if err != nil {
			return fmt.Errorf("sqlite: trim bars: %w", err)
		}
		n, err := result.RowsAffected()
		removed += n
		return err
	}
	if age := v.config.BarAgeMax; age > 0 && now != 0 {
		if err := trim("DELETE FROM bars WHERE start < ?", int64(now.Add(-age))); err != nil {
			return removed, err
		}
	}
	if rows := v.config.BarRowsMax; rows > 0 {
		// All bars older than the one that is the rows-th newest. Bars that start together
		// stay or go together, so that no instrument is cut before another.
		if err := trim("DELETE FROM bars WHERE start < (SELECT start FROM bars ORDER BY start DESC LIMIT 1 OFFSET ? - 1)", rows); err != nil {
			return removed, err
		}
	}
	return removed, nil
}
