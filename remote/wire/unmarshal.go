package wire

import (
	"fmt"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/wirepb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Unmarshal reads what Marshal wrote, here or in a program one schema version away. It keeps no
// reference to b. Fields it does not know are ignored; everything it does know passes the
// message's constructor. It fails with ErrMalformed, ErrKind, ErrVersion, ErrTooLarge or
// message.ErrInvalid, and does not panic, whatever the bytes are.
func Unmarshal(b []byte) (message.Message, error) {
	if len(b) > BytesMax {
		return nil, fmt.Errorf("wire: unmarshal %d bytes, at most %d: %w", len(b), BytesMax, ErrTooLarge)
	}
	var env wirepb.Envelope
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, &env); err != nil {
		return nil, fmt.Errorf("wire: unmarshal: %w: %w", ErrMalformed, err)
	}
	if v := env.GetVersion(); v == 0 || v > Version+1 {
		return nil, fmt.Errorf("wire: written by schema version %d, this program reads 1 to %d: upgrade the older side: %w", v, Version+1, ErrVersion)
	}
	if env.GetMessage() == nil {
		return nil, fmt.Errorf("wire: unmarshal: %w", noKind(b))
	}
	r := reader{}
	r.instruments(env.GetInstruments())
	m, err := r.message(&env)
	if r.err != nil { // comes first: the message then was built of zeros
		err = r.err
	}
	if err != nil {
		return nil, fmt.Errorf("wire: unmarshal: %w", err)
	}
	return m, nil
}

// noKind says why an envelope that protobuf could read has no message: a newer kind, or none.
func noKind(b []byte) error {
	for len(b) > 0 {
		number, _, n := protowire.ConsumeField(b)
		if n < 0 {
			break
		}
		if number > kindOffset {
			return fmt.Errorf("kind %d: %w", number-kindOffset, ErrKind)
		}
		b = b[n:]
	}
	return malformed("an envelope without a message")
}

func (r *reader) message(env *wirepb.Envelope) (message.Message, error) {
	switch body := env.GetMessage().(type) {
	case *wirepb.Envelope_Ticker:
		c := r.tickers(body.Ticker)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Trade:
		c := r.trades(body.Trade)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Bbo:
		c := r.bbos(body.Bbo)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Book:
		c := r.books(body.Book)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Bar:
		c := r.bars(body.Bar)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Status:
		c := r.statuses(body.Status)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Notice:
		c := r.notices(body.Notice)
		return single(r, c.rows, c.next)
	case *wirepb.Envelope_Batch:
		return r.batch(body.Batch)
	case *wirepb.Envelope_Views:
		return r.views(body.Views)
	case *wirepb.Envelope_Credit:
		return message.NewCredit(message.CreditFields{Source: string(body.Credit.GetSource()),
			Partition: int(body.Credit.GetPartition()), Seq: body.Credit.GetSeq()}), nil
	case *wirepb.Envelope_Classified:
		return r.classified(body.Classified)
	case *wirepb.Envelope_OrderIntent:
		return r.orderIntent(body.OrderIntent)
	case *wirepb.Envelope_CancelIntent:
		return r.cancelIntent(body.CancelIntent)
	case *wirepb.Envelope_OrderEvent:
		return r.orderEvent(body.OrderEvent)
	case *wirepb.Envelope_Position:
		return r.position(body.Position)
	case *wirepb.Envelope_ExecutionReport:
		return r.executionReport(body.ExecutionReport)
	case *wirepb.Envelope_Resync:
		return message.NewResync(message.ResyncFields{Partition: int(body.Resync.GetPartition()),
			Partitions: int(body.Resync.GetPartitions()), Instrument: r.instrument(body.Resync.GetInstrument()),
			Reason: string(body.Resync.GetReason())})
	case *wirepb.Envelope_PermitRequest:
		return message.NewPermitRequest(r.permit(body.PermitRequest))
	case *wirepb.Envelope_Permit:
		return message.NewPermit(r.permit(body.Permit))
	case *wirepb.Envelope_Penalty:
		return message.NewPenalty(message.PenaltyFields{Venue: market.Venue(body.Penalty.GetVenue()),
			Until: market.Timestamp(body.Penalty.GetUntil()), Reason: string(body.Penalty.GetReason())})
	case *wirepb.Envelope_AmendIntent:
		return r.amendIntent(body.AmendIntent)
	case *wirepb.Envelope_Balance:
		return r.balance(body.Balance)
	}
	return nil, fmt.Errorf("%T: %w", env.GetMessage(), ErrKind)
}

// single reads a table that must have one row.
func single[M message.Message](r *reader, rows int, next func() (M, error)) (message.Message, error) {
	if r.err != nil {
		return nil, r.err
	}
	if rows != 1 {
		return nil, malformed("a single event of %d rows", rows)
	}
	return next()
}

func (r *reader) batch(pb *wirepb.Batch) (message.Message, error) {
	kinds := pb.GetKind()
	if len(kinds) > RowsMax {
		return nil, fmt.Errorf("%d events, at most %d: %w", len(kinds), RowsMax, ErrTooLarge)
	}
	tickers, trades, bbos := r.tickers(pb.GetTicker()), r.trades(pb.GetTrade()), r.bbos(pb.GetBbo())
	books, bars := r.books(pb.GetBook()), r.bars(pb.GetBar())
	statuses, notices := r.statuses(pb.GetStatus()), r.notices(pb.GetNotice())
	if r.err != nil {
		return nil, r.err
	}

	var count [256]int
	for _, k := range kinds {
		count[k]++
	}
	for k, n := range count {
		if n == 0 {
			continue
		}
		if kind := message.Kind(k); !isEvent(kind) {
			return nil, fmt.Errorf("batch with events of kind %v: %w", kind, ErrKind)
		}
	}
	rows := [...]struct{ listed, have int }{
		{count[message.KindTicker], tickers.rows}, {count[message.KindTrade], trades.rows}, {count[message.KindBBO], bbos.rows},
		{count[message.KindBook], books.rows}, {count[message.KindBar], bars.rows},
		{count[message.KindStatus], statuses.rows}, {count[message.KindNotice], notices.rows},
	}
	for _, n := range rows {
		if n.listed != n.have {
			return nil, malformed("batch lists %d events of a kind and has %d", n.listed, n.have)
		}
	}

	events := make([]message.Event, len(kinds))
	for i, k := range kinds {
		var e message.Event
		var err error
		switch message.Kind(k) {
		case message.KindTicker:
			e, err = tickers.next()
		case message.KindTrade:
			e, err = trades.next()
		case message.KindBBO:
			e, err = bbos.next()
		case message.KindBook:
			e, err = books.next()
		case message.KindBar:
			e, err = bars.next()
		case message.KindStatus:
			e, err = statuses.next()
		case message.KindNotice:
			e, err = notices.next()
		}
		if err != nil {
			return nil, fmt.Errorf("batch event %d: %w", i, err)
		}
		events[i] = e
	}
	return message.NewBatch(message.BatchFields{
		Source: string(pb.GetSource()), Partition: int(pb.GetPartition()), Seq: pb.GetSeq(),
		Time: market.Timestamp(pb.GetTime()), Credit: pb.GetCredit(), Dropped: pb.GetDropped(),
	}, events)
}

func (r *reader) views(pb *wirepb.Views) (message.Message, error) {
	origin, rows := r.readOrigins(pb.GetOrigin())
	bid, ask := r.prices("bid", pb.GetBid(), rows), r.prices("ask", pb.GetAsk(), rows)
	last := r.prices("last", pb.GetLast(), rows)
	bidQty := r.prices("bid quantity", pb.GetBidQuantity(), rows)
	askQty := r.prices("ask quantity", pb.GetAskQuantity(), rows)
	trusted, ready := r.readBytes("trusted", pb.GetTrusted(), rows, 1), r.readBytes("ready", pb.GetReady(), rows, 1)
	width, values := pb.GetWidth(), pb.GetValue()
	if !isColumn(r, "width", width, rows) || r.err != nil {
		return nil, r.err
	}
	var sum uint64 // at most RowsMax * 2^32
	for _, n := range width {
		sum += uint64(n)
	}
	if sum != uint64(len(values)) {
		return nil, malformed("rows have %d features together, and %d values are there", sum, len(values))
	}

	// A builder makes room for rows of one width; where widths differ it grows by itself.
	var b message.ViewsBuilder
	if rows > 0 {
		b = message.NewViewsBuilder(rows, len(values)/rows)
	}
	for i := range rows {
		n := at(width, i)
		b.Add(origin.at(i), message.Quote{
			Bid: bid.price(i), Ask: ask.price(i), Last: last.price(i),
			BidQuantity: bidQty.quantity(i), AskQuantity: askQty.quantity(i),
		}, at(trusted, i) == 1, at(ready, i) == 1, values[:n])
		values = values[n:]
	}
	return b.Build(message.ViewsFields{
		Partition: int(pb.GetPartition()), Source: string(pb.GetSource()), Seq: pb.GetSeq(),
		Time: market.Timestamp(pb.GetTime()), Credit: pb.GetCredit(),
	}), nil
}

func (r *reader) permit(pb *wirepb.PermitRequest) message.PermitRequestFields {
	return message.PermitRequestFields{Venue: market.Venue(pb.GetVenue()), Use: message.Use(r.enum("use", pb.GetUse(), uint8(message.UsePrivate))),
		Holder: string(pb.GetHolder()), ID: pb.GetId()}
}
