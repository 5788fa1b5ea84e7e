package wire

import (
	"fmt"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
	"google.golang.org/protobuf/proto"
)

// Marshal appends the form of m on the wire to dst and returns the longer slice. It fails, and
// returns dst as it was, with ErrTooLarge, with ErrNoForm, or with ErrKind for a message that is
// none of package message.
func Marshal(dst []byte, m message.Message) ([]byte, error) {
	if m == nil {
		return dst, fmt.Errorf("wire: marshal nothing: %w", ErrKind)
	}
	w := writer{}
	env := wirepb.Envelope{Version: Version}
	w.message(&env, m)
	if w.err != nil {
		return dst, fmt.Errorf("wire: marshal %v: %w", m.Kind(), w.err)
	}
	env.Instruments = w.instruments()
	opts := proto.MarshalOptions{}
	if size := opts.Size(&env); size > BytesMax {
		return dst, fmt.Errorf("wire: marshal %v: %d bytes, at most %d: %w", m.Kind(), size, BytesMax, ErrTooLarge)
	}
	opts.UseCachedSize = true // nothing has touched env since
	out, err := opts.MarshalAppend(dst, &env)
	if err != nil { // a venue's name that is not UTF-8
		return dst, fmt.Errorf("wire: marshal %v: %w: %w", m.Kind(), ErrNoForm, err)
	}
	return out, nil
}

func (w *writer) message(env *wirepb.Envelope, m message.Message) {
	switch m := m.(type) {
	case message.Ticker:
		c := newTickers(w, 1)
		c.add(m.Fields())
		env.Message = &wirepb.Envelope_Ticker{Ticker: c.done()}
	case message.Trade:
		c := newTrades(w, 1)
		c.add(m.Fields())
		env.Message = &wirepb.Envelope_Trade{Trade: c.done()}
	case message.BBO:
		c := newBBOs(w, 1)
		c.add(m.Fields())
		env.Message = &wirepb.Envelope_Bbo{Bbo: c.done()}
	case message.Book:
		c := newBooks(w, 1, m.BidCount()+m.AskCount())
		c.add(m)
		env.Message = &wirepb.Envelope_Book{Book: c.done()}
	case message.Bar:
		c := newBars(w, 1)
		c.add(m.Fields())
		env.Message = &wirepb.Envelope_Bar{Bar: c.done()}
	case message.Status:
		c := newStatuses(w, 1)
		c.add(m.Fields())
		env.Message = &wirepb.Envelope_Status{Status: c.done()}
	case message.Notice:
		c := newNotices(w, 1)
		c.add(m.Fields())
		env.Message = &wirepb.Envelope_Notice{Notice: c.done()}
	case message.Batch:
		env.Message = &wirepb.Envelope_Batch{Batch: w.batch(m)}
	case message.Views:
		env.Message = &wirepb.Envelope_Views{Views: w.views(m)}
	case message.Credit:
		f := m.Fields()
		env.Message = &wirepb.Envelope_Credit{Credit: &wirepb.Credit{Source: []byte(f.Source), Partition: int64(f.Partition), Seq: f.Seq}}
	case message.Classified:
		env.Message = &wirepb.Envelope_Classified{Classified: w.classified(m.Fields())}
	case message.OrderIntent:
		env.Message = &wirepb.Envelope_OrderIntent{OrderIntent: w.orderIntent(m.Fields())}
	case message.CancelIntent:
		env.Message = &wirepb.Envelope_CancelIntent{CancelIntent: w.cancelIntent(m.Fields())}
	case message.OrderEvent:
		env.Message = &wirepb.Envelope_OrderEvent{OrderEvent: w.orderEvent(m.Fields())}
	case message.Position:
		env.Message = &wirepb.Envelope_Position{Position: w.position(m.Fields())}
	case message.ExecutionReport:
		env.Message = &wirepb.Envelope_ExecutionReport{ExecutionReport: w.executionReport(m.Fields())}
	case message.Resync:
		f := m.Fields()
		env.Message = &wirepb.Envelope_Resync{Resync: &wirepb.Resync{Partition: int64(f.Partition), Partitions: int64(f.Partitions),
			Instrument: w.instrument(f.Instrument), Reason: []byte(f.Reason)}}
	case message.PermitRequest:
		env.Message = &wirepb.Envelope_PermitRequest{PermitRequest: w.permit(m.Fields())}
	case message.Permit:
		env.Message = &wirepb.Envelope_Permit{Permit: w.permit(m.Fields())}
	case message.Penalty:
		f := m.Fields()
		env.Message = &wirepb.Envelope_Penalty{Penalty: &wirepb.Penalty{Venue: []byte(f.Venue), Until: int64(f.Until), Reason: []byte(f.Reason)}}
	case message.AmendIntent:
		env.Message = &wirepb.Envelope_AmendIntent{AmendIntent: w.amendIntent(m.Fields())}
	case message.Balance:
		env.Message = &wirepb.Envelope_Balance{Balance: w.balance(m.Fields())}
	default:
		w.fail(fmt.Errorf("%T: %w", m, ErrKind))
	}
}

func (w *writer) batch(b message.Batch) *wirepb.Batch {
	f := b.Fields()
	pb := &wirepb.Batch{Source: []byte(f.Source), Partition: int64(f.Partition), Seq: f.Seq, Time: int64(f.Time),
		Credit: f.Credit, Dropped: f.Dropped}
	if b.Len() > RowsMax {
		w.fail(fmt.Errorf("%d events, at most %d: %w", b.Len(), RowsMax, ErrTooLarge))
		return pb
	}
	pb.Kind = make([]byte, b.Len())
	var rows [message.KindNotice + 1]int // how many of each kind
	levels := 0
	for i := range b.Len() {
		e := b.Event(i)
		if e == nil || !isEvent(e.Kind()) {
			w.fail(fmt.Errorf("event %d is %T: %w", i, e, ErrKind))
			return pb
		}
		if book, ok := e.(message.Book); ok {
			levels += book.BidCount() + book.AskCount()
		}
		pb.Kind[i] = byte(e.Kind())
		rows[e.Kind()]++
	}
	t := newTables(w, rows[:], levels)
	for i := range b.Len() {
		if !t.add(b.Event(i)) {
			w.fail(fmt.Errorf("event %d is %T: %w", i, b.Event(i), ErrKind))
			return pb
		}
	}
	pb.Ticker, pb.Trade, pb.Bbo, pb.Book = t.tickers.done(), t.trades.done(), t.bbos.done(), t.books.done()
	pb.Bar, pb.Status, pb.Notice = t.bars.done(), t.statuses.done(), t.notices.done()
	return pb
}

// tables are those of a batch; nil where the batch has no event of the kind.
type tables struct {
	tickers  *tickers
	trades   *trades
	bbos     *bbos
	books    *books
	bars     *bars
	statuses *statuses
	notices  *notices
}

func newTables(w *writer, rows []int, levels int) tables {
	var t tables
	if n := rows[message.KindTicker]; n > 0 {
		t.tickers = newTickers(w, n)
	}
	if n := rows[message.KindTrade]; n > 0 {
		t.trades = newTrades(w, n)
	}
	if n := rows[message.KindBBO]; n > 0 {
		t.bbos = newBBOs(w, n)
	}
	if n := rows[message.KindBook]; n > 0 {
		t.books = newBooks(w, n, levels)
	}
	if n := rows[message.KindBar]; n > 0 {
		t.bars = newBars(w, n)
	}
	if n := rows[message.KindStatus]; n > 0 {
		t.statuses = newStatuses(w, n)
	}
	if n := rows[message.KindNotice]; n > 0 {
		t.notices = newNotices(w, n)
	}
	return t
}

// add reports whether e is of a type that the wire knows.
func (t *tables) add(e message.Event) bool {
	switch e := e.(type) {
	case message.Ticker:
		t.tickers.add(e.Fields())
	case message.Trade:
		t.trades.add(e.Fields())
	case message.BBO:
		t.bbos.add(e.Fields())
	case message.Book:
		t.books.add(e)
	case message.Bar:
		t.bars.add(e.Fields())
	case message.Status:
		t.statuses.add(e.Fields())
	case message.Notice:
		t.notices.add(e.Fields())
	default:
		return false
	}
	return true
}

func (w *writer) views(v message.Views) *wirepb.Views {
	f := v.Fields()
	pb := &wirepb.Views{Partition: int64(f.Partition), Source: []byte(f.Source), Seq: f.Seq, Time: int64(f.Time), Credit: f.Credit}
	rows := v.Len()
	if rows > RowsMax {
		w.fail(fmt.Errorf("%d rows, at most %d: %w", rows, RowsMax, ErrTooLarge))
		return pb
	}
	if rows == 0 {
		return pb
	}
	origin := newOrigins(w, rows)
	bid, ask, last := newDecimals(w, rows), newDecimals(w, rows), newDecimals(w, rows)
	bidQty, askQty := newDecimals(w, rows), newDecimals(w, rows)
	trusted, ready := newBytes(w, "trusted", 1, rows), newBytes(w, "ready", 1, rows)
	width := make([]uint32, 0, rows)
	values := make([]float64, 0, rows*v.Row(0).Width())
	for row := range v.Rows() {
		origin.add(row.Origin)
		bid.addUnsigned(row.Bid.Decimal)
		ask.addUnsigned(row.Ask.Decimal)
		last.addUnsigned(row.Last.Decimal)
		bidQty.addUnsigned(row.BidQuantity.Decimal)
		askQty.addUnsigned(row.AskQuantity.Decimal)
		trusted.addBool(row.Trusted)
		ready.addBool(row.Ready)
		width = append(width, uint32(row.Width()))
		for i := range row.Width() {
			values = append(values, row.Value(i))
		}
	}
	pb.Origin, pb.Bid, pb.Ask, pb.Last = origin.done(), bid.done(), ask.done(), last.done()
	pb.BidQuantity, pb.AskQuantity = bidQty.done(), askQty.done()
	pb.Trusted, pb.Ready, pb.Width, pb.Value = trusted.done(), ready.done(), column(width), values
	return pb
}

func (w *writer) permit(f message.PermitRequestFields) *wirepb.PermitRequest {
	return &wirepb.PermitRequest{Venue: []byte(f.Venue), Use: w.enum("use", uint8(f.Use), uint8(message.UsePrivate)), Holder: []byte(f.Holder), Id: f.ID}
}
