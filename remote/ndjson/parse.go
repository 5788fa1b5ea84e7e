package ndjson

import (
	"fmt"
	"math"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// Parse reads a line that Append wrote, or another program in the same form; a line feed at its end
// is allowed. symbol is the venue's own name of the instrument, empty if the line has none. Keys
// may come in any order; those that Parse does not know are ignored, so that a line of a newer
// program can be read. Parse keeps no reference to b.
//
// It fails with ErrLine, naming the key at fault, for what is not JSON, a type it does not know, a
// key twice, a key missing, a value of the wrong JSON type, a bad number, time or word; with
// message.ErrInvalid too where the message's constructor refuses.
func Parse(b []byte) (m message.Message, symbol string, err error) {
	if len(b) > LineMax {
		return nil, "", fmt.Errorf("ndjson: line of %d bytes, at most %d: %w", len(b), LineMax, ErrLine)
	}
	var s scanned
	if err := s.scan(b); err != nil {
		return nil, "", fmt.Errorf("ndjson: %w: %w", ErrLine, err)
	}
	m, err = s.message()
	if s.err != nil { // comes first: the message then was built of zeros
		err = s.err
	}
	if err != nil {
		return nil, "", fmt.Errorf("ndjson: %w: %.64s: %w", ErrLine, s.bytes(keyType), err)
	}
	return m, s.string(keySymbol), nil
}

func (s *scanned) message() (message.Message, error) {
	switch typ := s.bytes(keyType); string(typ) {
	case typeTicker:
		return s.ticker()
	case typeTrade:
		return s.trade()
	case typeBook:
		return s.book()
	case typeBBO:
		return s.bbo()
	case typeBar:
		return s.bar()
	case typeStatus:
		if s.seen[keyTrusted] {
			return s.instrumentStatus()
		}
		return s.notice(message.NoticeStatus)
	case typeAck:
		return s.notice(message.NoticeAck)
	case typeError:
		return s.notice(message.NoticeError)
	case typeHeartbeat:
		return s.notice(message.NoticeHeartbeat)
	case typeClassified:
		return s.classified()
	case typeOrderIntent:
		return s.orderIntent()
	case typeCancelIntent:
		return s.cancelIntent()
	case typeOrderEvent:
		return s.orderEvent()
	case typePosition:
		return s.position()
	case typeAmendIntent:
		return s.amendIntent()
	case typeBalance:
		return s.balance()
	default:
		if !s.need(keyType) {
			return nil, s.err
		}
		s.fail(keyType, "unknown type %.64q", typ)
		return nil, s.err
	}
}

// tickerFigures says which key gives which figure.
var tickerFigures = [...]struct {
	key key
	bit message.TickerField
}{
	{keyOpeningPrice, message.HasOpening}, {keyTradePrice, message.HasTrade}, {keyHighPrice, message.HasHigh},
	{keyLowPrice, message.HasLow}, {keyPrevClosingPrice, message.HasPrevClosing}, {keyVolume24h, message.HasVolume24h},
	{keyChangePrice, message.HasChange}, {keyChangeRate, message.HasChangeRate},
}

func (s *scanned) ticker() (message.Message, error) {
	s.need(keyVenue, keyInstrument)
	var has message.TickerField
	for _, f := range tickerFigures {
		if s.seen[f.key] {
			has |= f.bit
		}
	}
	f := message.TickerFields{
		Origin: s.origin(), Has: has, Span: wordOf(s, keySpan, lastSpan), ChangeBase: wordOf(s, keyChangeBase, lastChangeBase),
		Opening: s.price(keyOpeningPrice), Trade: s.price(keyTradePrice), High: s.price(keyHighPrice), Low: s.price(keyLowPrice),
		PrevClosing: s.price(keyPrevClosingPrice), Volume24h: s.quantity(keyVolume24h),
		Change: s.amount(keyChangePrice), ChangeRate: s.decimal(keyChangeRate, true),
	}
	if s.seen[keyTimestamp] && s.time(keyTimestamp) != f.VenueTime {
		s.fail(keyTimestamp, "is not the same moment as key \"time\"")
	}
	return message.NewTicker(f)
}

func (s *scanned) trade() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyPrice, keyQuantity)
	return message.NewTrade(message.TradeFields{Origin: s.origin(), Price: s.price(keyPrice), Quantity: s.quantity(keyQuantity),
		Taker: s.side(), ID: s.string(keyID)})
}

func (s *scanned) bbo() (message.Message, error) {
	s.need(keyVenue, keyInstrument)
	return message.NewBBO(message.BBOFields{Origin: s.origin(), Bid: s.price(keyBid), Ask: s.price(keyAsk),
		BidQuantity: s.quantity(keyBidQuantity), AskQuantity: s.quantity(keyAskQuantity)})
}

func (s *scanned) book() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyKind, keyBids, keyAsks)
	f := message.BookFields{Origin: s.origin(), FirstID: s.number(keyFirstID, math.MaxUint64),
		LastID: s.number(keyLastID, math.MaxUint64), PrevID: s.number(keyPrevID, math.MaxUint64)}
	switch kind := s.bytes(keyKind); string(kind) {
	case bookSnapshot:
		f.Snapshot = true
	case bookUpdate:
	default:
		s.fail(keyKind, "want %s or %s, got %.64q", bookSnapshot, bookUpdate, kind)
	}
	return message.NewBook(f, s.bids, s.asks)
}

func (s *scanned) bar() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyInterval, keyOpen, keyHigh, keyLow, keyClose, keyVolume, keyTurnover, keyTrades, keyClosed)
	return message.NewBar(message.BarFields{
		Origin: s.origin(), Interval: s.seconds(keyInterval), Start: s.time(keyStart),
		Open: s.price(keyOpen), High: s.price(keyHigh), Low: s.price(keyLow), Close: s.price(keyClose),
		Volume: s.quantity(keyVolume), Turnover: s.amount(keyTurnover), Trades: int64(s.number(keyTrades, math.MaxInt64)),
		Closed: s.flags[keyClosed],
	})
}

func (s *scanned) instrumentStatus() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyReason)
	return message.NewStatus(message.StatusFields{Origin: s.origin(), Trusted: s.flags[keyTrusted], Reason: s.string(keyReason)})
}

func (s *scanned) notice(typ message.NoticeType) (message.Message, error) {
	s.need(keyVenue)
	f := message.NoticeFields{
		Origin: message.Origin{VenueTime: s.time(keyTime), Received: s.time(keyReceived)},
		Venue:  market.Venue(s.string(keyVenue)), Type: typ,
		Code: s.string(keyCode), Detail: s.string(keyDetail), Symbol: s.string(keySymbol),
	}
	if s.seen[keyInstrument] {
		f.Instrument = s.instrument()
	}
	return message.NewNotice(f)
}

func (s *scanned) classified() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyEngine, keyTo, keyTrusted)
	return message.NewClassified(message.ClassifiedFields{
		Origin: s.origin(), Engine: message.EngineName(s.string(keyEngine)), Version: s.string(keyVersion),
		From: message.ClassName(s.string(keyFrom)), To: message.ClassName(s.string(keyTo)),
		Quote: message.Quote{Bid: s.price(keyBid), Ask: s.price(keyAsk), Last: s.price(keyLast),
			BidQuantity: s.quantity(keyBidQuantity), AskQuantity: s.quantity(keyAskQuantity)},
		Trusted: s.flags[keyTrusted], Reason: s.string(keyReason),
	})
}

func (s *scanned) intentID() message.IntentID {
	return message.IntentID{Strategy: message.StrategyName(s.string(keyStrategy)), Seq: s.number(keySeq, math.MaxUint64)}
}

func (s *scanned) terms() message.OrderTerms {
	return message.OrderTerms{Side: s.side(), Type: wordOf(s, keyOrderType, lastOrderType), TimeInForce: wordOf(s, keyTimeInForce, lastTimeInForce),
		ExecInst: wordOf(s, keyExecInst, lastExecInst), Price: s.price(keyPrice), StopPrice: s.price(keyStopPrice),
		Quantity: s.quantity(keyQuantity), ExpireAt: s.time(keyExpireAt)}
}

func (s *scanned) contingency() message.Contingency {
	return message.Contingency{Parent: s.number(keyParent, math.MaxUint64), Group: s.number(keyGroup, math.MaxUint64)}
}

func (s *scanned) orderIntent() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyStrategy, keySeq, keyAccount, keySide, keyOrderType, keyTimeInForce, keyQuantity)
	return message.NewOrderIntent(message.OrderIntentFields{
		Origin: s.origin(), ID: s.intentID(), Account: message.AccountName(s.string(keyAccount)),
		OrderTerms: s.terms(), Contingency: s.contingency(), Reason: s.string(keyReason),
	})
}

func (s *scanned) cancelIntent() (message.Message, error) {
	s.need(keyAccount)
	f := message.CancelIntentFields{ID: s.intentID(), Account: message.AccountName(s.string(keyAccount)),
		Time: s.time(keyTime), Reason: s.string(keyReason)}
	if s.seen[keyVenue] || s.seen[keyInstrument] {
		s.need(keyVenue, keyInstrument)
		f.Instrument = s.instrument()
	}
	return message.NewCancelIntent(f)
}

func (s *scanned) amendIntent() (message.Message, error) {
	s.need(keyStrategy, keySeq, keyOrderSeq, keyAccount)
	return message.NewAmendIntent(message.AmendIntentFields{
		ID: s.intentID(), OrderSeq: s.number(keyOrderSeq, math.MaxUint64), Account: message.AccountName(s.string(keyAccount)),
		Time: s.time(keyTime), Price: s.price(keyPrice), StopPrice: s.price(keyStopPrice), Quantity: s.quantity(keyQuantity),
		Reason: s.string(keyReason),
	})
}

func (s *scanned) balance() (message.Message, error) {
	s.need(keyAccount, keyCurrency, keyFree, keyLocked)
	return message.NewBalance(message.BalanceFields{Time: s.time(keyTime), Account: message.AccountName(s.string(keyAccount)),
		Currency: s.string(keyCurrency), Free: s.amount(keyFree), Locked: s.amount(keyLocked)})
}

func (s *scanned) orderEvent() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyAccount, keyAction, keyStatus)
	action := wordOf(s, keyAction, lastAction)
	if !action.OfAccount() {
		s.need(keyQuantity, keyCumQuantity, keyLeavesQuantity)
	}
	return message.NewOrderEvent(message.OrderEventFields{
		Seq: s.number(keySeq, math.MaxUint64), Time: s.time(keyTime), Account: message.AccountName(s.string(keyAccount)),
		Strategy: message.StrategyName(s.string(keyStrategy)), IntentSeq: s.number(keyIntentSeq, math.MaxUint64),
		ClientOrderID: message.ClientOrderID(s.string(keyClientOrderID)), VenueOrderID: message.VenueOrderID(s.string(keyVenueOrderID)),
		Replaces: message.ClientOrderID(s.string(keyReplaces)), Instrument: s.instrument(),
		OrderTerms: s.terms(), Contingency: s.contingency(),
		TickAt: s.time(keyTickAt), DecidedAt: s.time(keyDecidedAt), ValidUntil: s.time(keyValidUntil),
		Action: action, Status: wordOf(s, keyStatus, lastStatus), Reason: s.string(keyReason),
		Request: wordOf(s, keyRequest, lastRequest), Evidence: wordOf(s, keyEvidence, lastEvidence),
		NewPrice: s.price(keyNewPrice), NewStopPrice: s.price(keyNewStopPrice), NewQuantity: s.quantity(keyNewQuantity),
		ExecID: message.ExecID(s.string(keyExecID)), LastPrice: s.price(keyLastPrice), LastQuantity: s.quantity(keyLastQuantity),
		CumQuantity: s.quantity(keyCumQuantity), LeavesQuantity: s.quantity(keyLeavesQuantity), AveragePrice: s.price(keyAveragePrice),
		Fee: s.amount(keyFee), FeeCurrency: s.string(keyFeeCurrency), LastLiquidityAdd: s.flags[keyLastLiquidityAdd],
		Currency: s.string(keyCurrency), Amount: s.amount(keyAmount),
	})
}

func (s *scanned) position() (message.Message, error) {
	s.need(keyVenue, keyInstrument, keyAccount, keyQuantity)
	return message.NewPosition(message.PositionFields{
		Time: s.time(keyTime), Account: message.AccountName(s.string(keyAccount)), Strategy: message.StrategyName(s.string(keyStrategy)),
		Instrument: s.instrument(), Quantity: s.decimal(keyQuantity, true), AveragePrice: s.price(keyAveragePrice),
		Cost: s.amount(keyCost), Realized: s.amount(keyRealized), Unrealized: s.amount(keyUnrealized), Fees: s.amount(keyFees),
		Mark: s.price(keyMark),
	})
}
