package strategy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/ndjson"
)

var form = Form{Append: ndjson.Append, Parse: ndjson.Parse}

func externalConfig() ExternalConfig {
	c := DefaultExternalConfig()
	c.Name, c.Account, c.Engine = "s", "main", "spread"
	c.Feeds = Feeds()
	return c
}

// talk is a program that is written by hand, and what it was told.
type talk struct {
	t     *testing.T
	core  *External
	notes [][]byte
	seq   uint64
}

func newTalk(t *testing.T, c ExternalConfig) *talk {
	t.Helper()
	core, err := NewExternal(c, listings(), form)
	if err != nil {
		t.Fatal(err)
	}
	k := &talk{t: t, core: core}
	k.core.Begin(1, start)
	k.say(`{"type":"hello","version":1}`)
	return k
}

func (k *talk) say(line string) ExternalEffects {
	k.t.Helper()
	e := k.core.Said([]byte(line), start)
	k.notes = append(k.notes, e.Notes...)
	return e
}

// event tells what became of an intent.
func (k *talk) event(intent uint64, action message.OrderAction, status message.OrderStatus, more func(*message.OrderEventFields)) ExternalEffects {
	k.t.Helper()
	k.seq++
	f := message.OrderEventFields{Seq: k.seq, Time: start, Account: "main", Strategy: "s", IntentSeq: intent, ClientOrderID: message.ClientOrderID(fmt.Sprintf("m-%d", intent)),
		Instrument: btc, OrderTerms: message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("100"), Quantity: market.MustQuantity("1")},
		Action: action, Status: status, LeavesQuantity: market.MustQuantity("1")}
	if more != nil {
		more(&f)
	}
	e, err := message.NewOrderEvent(f)
	if err != nil {
		k.t.Fatal(err)
	}
	out := k.core.OnOrderEvent(e)
	k.notes = append(k.notes, out.Notes...)
	return out
}

// told returns the only line of effects, as its keys.
func told(t *testing.T, e ExternalEffects) map[string]any {
	t.Helper()
	if len(e.Lines) != 1 {
		t.Fatalf("%d lines, want 1: %s", len(e.Lines), e.Lines)
	}
	var keys map[string]any
	if err := json.Unmarshal(e.Lines[0].Text, &keys); err != nil {
		t.Fatalf("%s: %v", e.Lines[0].Text, err)
	}
	l, known := schema(t)[fmt.Sprintf("told_%v", keys["type"])]
	for _, key := range l.Required {
		if _, there := keys[key]; !there || !known {
			t.Errorf("%s: the schema wants %q", e.Lines[0].Text, key)
		}
	}
	return keys
}

const buy = `{"type":"intent","ref":"a","instrument":"BTC-USD","side":"buy","quantity":"1","price":"100"}`

func TestAnIntentIsNumberedOnce(t *testing.T) {
	k := newTalk(t, externalConfig())
	e := k.say(buy)
	if len(e.Out) != 1 || len(e.Notes) != 1 || len(e.Lines) != 0 {
		t.Fatalf("%+v", e)
	}
	f := e.Out[0].(message.OrderIntent).Fields()
	want := message.OrderTerms{Side: market.Buy, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("100"), Quantity: market.MustQuantity("1")}
	if f.ID.Seq != 1 || f.Instrument != btc || f.OrderTerms != want || f.Account != "main" || f.Received != start {
		t.Errorf("asked for %+v", f)
	}
	if e := k.say(buy); len(e.Out)+len(e.Notes) != 0 || told(t, e)["type"] != "pending" {
		t.Errorf("said again: %+v", e)
	}
	if line := told(t, k.event(1, message.ActionAccept, message.OrderAccepted, nil)); line["ref"] != "a" || line["type"] != "order_event" {
		t.Errorf("told %v", line)
	}
	if e := k.say(buy); len(e.Out) != 0 || told(t, e)["status"] != "accepted" || told(t, e)["repeats"] != "a" {
		t.Errorf("said again: %+v", e)
	}
	other := strings.Replace(buy, `"100"`, `"101"`, 1)
	if e := k.say(other); len(e.Out) != 0 || told(t, e)["code"] != RefusedRef {
		t.Errorf("a ref was used for something else: %+v", e)
	}
	if e := k.say(strings.Replace(buy, `"a"`, `"b"`, 1)); e.Out[0].(message.OrderIntent).Fields().ID.Seq != 2 {
		t.Errorf("the next intent: %+v", e)
	}
}

// again is a machine that knows what was noted and what the account's history tells.
func (k *talk) again(history []message.OrderEvent, notes [][]byte, restarted bool) (*talk, ExternalEffects) {
	k.t.Helper()
	core, err := NewExternal(k.core.cfg, listings(), form)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, n := range notes {
		if err := core.Note(n); err != nil {
			k.t.Fatal(err)
		}
	}
	for _, e := range history {
		core.OnOrderEvent(e)
	}
	next := &talk{t: k.t, core: core, seq: k.seq}
	e := core.Resume(restarted)
	next.notes = append(slices.Clone(notes), e.Notes...)
	core.Begin(2, start)
	next.say(`{"type":"hello","version":1}`)
	return next, e
}

func TestRestarts(t *testing.T) {
	k := newTalk(t, externalConfig())
	k.say(buy)
	k.say(strings.Replace(buy, `"a"`, `"b"`, 1))
	k.say(`{"type":"state","key":"count","value":"2"}`)
	k.event(1, message.ActionAccept, message.OrderAccepted, nil)
	history := []message.OrderEvent{k.core.working[1]}

	t.Run("of the actor: what was not answered is told again under its number", func(t *testing.T) {
		next, e := k.again(history, k.notes, true)
		if len(e.Out) != 1 || e.Out[0].(message.OrderIntent).Fields().ID.Seq != 2 || len(e.Notes) != 0 {
			t.Fatalf("%+v", e)
		}
		if line := told(t, next.say(buy)); line["status"] != "accepted" {
			t.Errorf("a: %v", line)
		}
	})
	t.Run("of the node: what is not in the journal ends, now and for ever", func(t *testing.T) {
		next, e := k.again(history, k.notes, false)
		if len(e.Out) != 0 || len(e.Notes) != 1 {
			t.Fatalf("%+v", e)
		}
		said := strings.Replace(buy, `"a"`, `"b"`, 1)
		if line := told(t, next.say(said)); line["type"] != "final" || line["status"] != "denied" || line["code"] != "lost" {
			t.Errorf("b: %v", line)
		}
		third, e := next.again(history, next.notes, true)
		if len(e.Out)+len(e.Notes) != 0 {
			t.Errorf("the actor's restart behind it told it again: %+v", e)
		}
		if e := third.say(`{"type":"intent","ref":"c","instrument":"BTC-USD","side":"buy","quantity":"1","price":"100"}`); e.Out[0].(message.OrderIntent).Fields().ID.Seq != 3 {
			t.Errorf("a number was used again: %+v", e)
		}
	})
	t.Run("hello tells where the session before stopped", func(t *testing.T) {
		next, _ := k.again(history, k.notes, true)
		var h struct {
			Session     uint64
			Instruments []map[string]any
			Orders      []map[string]any
			State       map[string]string
		}
		if err := json.Unmarshal(next.core.Hello(7, start).Text, &h); err != nil {
			t.Fatal(err)
		}
		if h.Session != 7 || len(h.Instruments) != len(listings()) || len(h.Orders) != 1 || h.Orders[0]["ref"] != "a" || h.State["count"] != "2" {
			t.Errorf("%+v", h)
		}
	})
	t.Run("the fewest records say the same", func(t *testing.T) {
		records := slices.Collect(k.core.Records())
		next, e := k.again(history, records, true)
		if len(e.Out) != 1 || next.core.Next() != 3 || next.core.state["count"] != "2" || next.core.refs["a"] != 1 || len(records) != k.core.Live() {
			t.Errorf("%d records: %+v", len(records), next.core)
		}
		if line := told(t, next.say(strings.Replace(buy, `"100"`, `"101"`, 1))); line["code"] != RefusedRef {
			t.Errorf("what the ref was used for is forgotten: %v", line)
		}
	})
}

// TestADenialWithoutARecord is remembered in the notebook, because no journal will tell it again.
func TestADenialWithoutARecord(t *testing.T) {
	k := newTalk(t, externalConfig())
	k.say(buy)
	k.seq = ^uint64(0) // the event's number becomes 0
	k.event(1, message.ActionDeny, message.OrderDenied, func(f *message.OrderEventFields) { f.ClientOrderID, f.Reason = "", "queue_full: full" })
	k.seq = 0
	next, e := k.again(nil, k.notes, true)
	if len(e.Out) != 0 {
		t.Fatalf("it was told again: %+v", e)
	}
	if line := told(t, next.say(buy)); line["status"] != "denied" || line["code"] != "queue_full" {
		t.Errorf("told %v", line)
	}
}

func TestPositionsFollowFills(t *testing.T) {
	k := newTalk(t, externalConfig())
	k.say(buy)
	e := k.event(1, message.ActionFill, message.OrderFilled, func(f *message.OrderEventFields) {
		f.ExecID, f.LastPrice, f.LastQuantity = "x", market.MustPrice("100"), market.MustQuantity("1")
		f.Fee, f.FeeCurrency = market.Amount{Decimal: market.MustDecimal("0.1")}, "BTC"
	})
	if len(e.Lines) != 2 || e.Lines[0].Key != "" || !strings.Contains(string(e.Lines[1].Text), `"quantity":"0.9"`) {
		t.Fatalf("%s", e.Lines)
	}
	if got := k.core.Position(btc); got != market.MustDecimal("0.9") {
		t.Errorf("position %v", got)
	}
	if open, pending := k.core.Working(); open+pending != 0 {
		t.Errorf("%d open, %d pending", open, pending)
	}
	if line := told(t, k.say(`{"type":"cancel","ref":"a"}`)); line["status"] != "filled" {
		t.Errorf("a cancel of what is final is answered: %v", line)
	}
}

func TestCancelsAndAmends(t *testing.T) {
	k := newTalk(t, externalConfig())
	k.say(buy)
	k.event(1, message.ActionAccept, message.OrderAccepted, nil)
	e := k.say(`{"type":"amend","ref":"b","of":"a","price":"99.5"}`)
	if f := e.Out[0].(message.AmendIntent).Fields(); f.OrderSeq != 1 || f.ID.Seq != 2 || f.Price != market.MustPrice("99.5") {
		t.Errorf("amend %+v", f)
	}
	line := told(t, k.event(1, message.ActionRequestAmend, message.OrderPendingAmend, func(f *message.OrderEventFields) { f.Reason = "amend 2: cheaper" }))
	if line["ref"] != "a" || line["amend_ref"] != "b" {
		t.Errorf("told %v", line)
	}
	if _, pending := k.core.Working(); pending != 0 {
		t.Errorf("%d are pending", pending)
	}
	if line := told(t, k.say(`{"type":"query","ref":"b"}`)); line["status"] != "pending_amend" || line["repeats"] != "b" {
		t.Errorf("told %v", line)
	}
	if f := k.say(`{"type":"cancel","ref":"a"}`).Out[0].(message.CancelIntent).Fields(); f.ID.Seq != 1 {
		t.Errorf("cancel %+v", f)
	}
	if f := k.say(`{"type":"cancel","all":true,"instrument":"ETH-USD"}`).Out[0].(message.CancelIntent).Fields(); f.ID.Seq != 0 || f.ID.Strategy != "s" || f.Instrument != eth {
		t.Errorf("cancel %+v", f)
	}
	child := k.say(`{"type":"intent","ref":"stop","instrument":"BTC-USD","side":"sell","order_type":"stop","stop_price":"90","quantity":"1","parent":"a","group":4,"exec_inst":"reduce_only"}`)
	if f := child.Out[0].(message.OrderIntent).Fields(); f.Parent != 1 || f.Group != 4 || f.Type != market.Stop || f.ExecInst != market.ReduceOnly {
		t.Errorf("child %+v", f)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for line, code := range map[string]string{
		`nonsense`:                                  RefusedLine,
		`{"type":"intent"}`:                         RefusedLine,
		`{"type":"intent","ref":"x"`:                RefusedLine,
		`{"type":"buy"}`:                            RefusedLine,
		`[1]`:                                       RefusedLine,
		`{"type":"cancel","ref":"a"} {}`:            RefusedLine,
		`{"type":"log","text":{"a":1}}`:             RefusedLine,
		`{"type":"log","text":"` + "\xff":           RefusedLine,
		strings.Replace(buy, `"side"`, `"syde"`, 1): RefusedLine,
		strings.Replace(buy, `"buy"`, `"hold"`, 1):  RefusedLine,
		strings.Replace(buy, `"quantity":"1"`, `"quantity":"-1"`, 1):                   RefusedLine,
		strings.Replace(buy, `"quantity":"1"`, `"quantity":"NaN"`, 1):                  RefusedLine,
		strings.Replace(buy, `"quantity":"1"`, `"quantity":true`, 1):                   RefusedLine,
		strings.Replace(buy, `"ref":"a"`, `"ref":"a","ref":"b"`, 1):                    RefusedLine,
		strings.Replace(buy, `"ref":"a"`, `"ref":"a b"`, 1):                            RefusedLine,
		strings.Replace(buy, `"a"`, `"`+strings.Repeat("a", 65)+`"`, 1):                RefusedLine,
		strings.Replace(buy, `BTC-USD`, `NO-SUCH`, 1):                                  RefusedInstrument,
		strings.Replace(buy, `BTC-USD`, `btc`, 1):                                      RefusedInstrument,
		strings.Replace(buy, `"price":"100"`, `"order_type":"limit"`, 1):               RefusedInvalid,
		strings.Replace(buy, `"price":"100"`, `"time_in_force":"gtd"`, 1):              RefusedInvalid,
		strings.Replace(buy, `"price":"100"`, `"parent":"nobody"`, 1):                  RefusedUnknown,
		`{"type":"cancel","ref":"nobody"}`:                                             RefusedUnknown,
		`{"type":"cancel"}`:                                                            RefusedInvalid,
		`{"type":"amend","ref":"x","of":"nobody","price":"1"}`:                         RefusedUnknown,
		`{"type":"state","key":"k","value":"` + strings.Repeat("v", valueMax+1) + `"}`: RefusedState,
	} {
		k := newTalk(t, externalConfig())
		e := k.say(line)
		if e.Refused != code || len(e.Out)+len(e.Notes) != 0 {
			t.Errorf("%.80s: refused for %q, want %q: %s", line, e.Refused, code, e.Lines)
			continue
		}
		if said := told(t, e); said["type"] != "refused" || said["code"] != code || said["reason"] == "" {
			t.Errorf("%.80s: told %v", line, said)
		}
		if k.core.Next() != 1 {
			t.Errorf("%.80s: it used a number", line)
		}
	}
}

func TestHelloComesFirst(t *testing.T) {
	core := must(NewExternal(externalConfig(), listings(), form))
	core.Begin(1, start)
	if e := core.Said([]byte(buy), start); e.Refused != RefusedHello || len(e.Out) != 0 {
		t.Errorf("%+v", e)
	}
	if core.Alive(0) {
		t.Error("it is alive without a hello")
	}
	if e := core.Said([]byte(`{"type":"hello","version":2}`), start); !strings.HasPrefix(e.Fail, "version:") {
		t.Errorf("another version: %+v", e)
	}
	core.Said([]byte(`{"type":"hello","version":1}`), start)
	core.Beat(start)
	core.Beat(start)
	if !core.Alive(0) || core.Alive(1) {
		t.Error("alive without an answer")
	}
	core.Said([]byte(`{"type":"heartbeat","n":3}`), start) // was not asked
	if core.Alive(1) {
		t.Error("alive by an answer to nothing")
	}
	core.Said([]byte(`{"type":"heartbeat","n":2}`), start)
	if !core.Alive(2) {
		t.Error("not alive")
	}
}

func TestNonsenseIsBounded(t *testing.T) {
	c := externalConfig()
	c.BadLinesMax = 3
	k := newTalk(t, c)
	for i, want := range []bool{false, false, true} {
		if e := k.say("?"); (e.Fail != "") != want {
			t.Errorf("line %d: %q", i, e.Fail)
		}
	}
	k.core.Begin(2, start)
	if e := k.say("?"); e.Fail != "" {
		t.Error("a new session began with the old one's faults")
	}
}

func TestBoundsOfWhatIsRemembered(t *testing.T) {
	c := externalConfig()
	c.RefsMax, c.OpenMax = 1024, 10
	k := newTalk(t, c)
	ask := func(i int) ExternalEffects {
		return k.say(fmt.Sprintf(`{"type":"intent","ref":"r%d","instrument":"BTC-USD","side":"buy","quantity":"1"}`, i))
	}
	ask(0)
	k.event(1, message.ActionAccept, message.OrderAccepted, nil) // stays open for ever
	for i := 1; i < 3000; i++ {
		ask(i)
		k.event(uint64(i+1), message.ActionReject, message.OrderRejected, nil)
	}
	if len(k.core.refs) != 1024 || len(k.core.asked) != 1024 || len(k.core.closed) != closedMax {
		t.Errorf("%d refs, %d intents, %d closed", len(k.core.refs), len(k.core.asked), len(k.core.closed))
	}
	if line := told(t, ask(0)); line["status"] != "accepted" {
		t.Errorf("an open order was forgotten: %v", line)
	}
	for i := 3000; i < 3009; i++ {
		if e := ask(i); e.Refused != "" {
			t.Fatalf("%s", e.Lines)
		}
	}
	if e := ask(3009); e.Refused != RefusedOpen {
		t.Errorf("beyond the bound: %+v", e)
	}
}

func TestMarketData(t *testing.T) {
	k := newTalk(t, externalConfig())
	row := func(bid string) message.Views {
		b := message.NewViewsBuilder(2, 0)
		q := message.Quote{Bid: market.MustPrice(bid), Ask: market.MustPrice("101")}
		b.Add(message.Origin{Instrument: btc, Received: start}, q, true, true, nil)
		b.Add(message.Origin{Instrument: doge, Received: start}, q, true, true, nil) // not the strategy's
		return b.Build(message.ViewsFields{})
	}
	e := k.core.OnViews(row("100"))
	if line := told(t, e); line["bid"] != "100" || line["ask"] != "101" || line["trusted"] != true || e.Lines[0].Key == "" {
		t.Errorf("told %v", line)
	}
	if e := k.core.OnViews(row("100")); len(e.Lines) != 0 {
		t.Errorf("nothing changed: %s", e.Lines)
	}
	if e := k.core.OnViews(row("99")); told(t, e)["bid"] != "99" {
		t.Errorf("%s", e.Lines)
	}
	m := must(message.NewClassified(message.ClassifiedFields{Origin: message.Origin{Instrument: btc, Received: start}, Engine: "spread", To: "tight"}))
	if line := told(t, k.core.OnClassified(m)); line["to"] != "tight" {
		t.Errorf("told %v", line)
	}
	other := must(message.NewClassified(message.ClassifiedFields{Origin: message.Origin{Instrument: btc, Received: start}, Engine: "other", To: "tight"}))
	if e := k.core.OnClassified(other); len(e.Lines) != 0 {
		t.Errorf("another engine's: %s", e.Lines)
	}
	e = k.core.Begin(2, start)
	if len(e.Lines) != 3 || !strings.Contains(string(e.Lines[1].Text), "classified") || !strings.Contains(string(e.Lines[2].Text), `"bid":"99"`) {
		t.Errorf("a new session is told what is: %s", e.Lines)
	}
}

func FuzzSaid(f *testing.F) {
	for _, line := range []string{buy, `{"type":"hello","version":1}`, `{"type":"cancel","all":true}`, `{"type":"amend","ref":"b","of":"a","price":"1"}`,
		`{"type":"state","key":"k","value":"v"}`, `{"type":"log","text":"x","level":"warn"}`, `{"type":"query","ref":"a"}`, `{"type":"heartbeat","n":1}`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		core := must(NewExternal(externalConfig(), listings(), form))
		core.Begin(1, start)
		core.Said([]byte(`{"type":"hello","version":1}`), start)
		e := core.Said(line, start)
		for _, l := range e.Lines {
			if !json.Valid(l.Text) {
				t.Errorf("told %q", l.Text)
			}
		}
		again := must(NewExternal(externalConfig(), listings(), form))
		for _, n := range e.Notes {
			if err := again.Note(n); err != nil {
				t.Errorf("noted what cannot be read: %q: %v", n, err)
			}
		}
		if again.Next() != core.Next() {
			t.Errorf("the next number is %d, by the notes %d", core.Next(), again.Next())
		}
	})
}

func TestExternalConfigSaysWhatIsWrong(t *testing.T) {
	err := ExternalConfig{Feeds: []Feed{"ticks"}}.Validate()
	for _, want := range []string{"name is empty", "account is empty", `feed "ticks"`, "heartbeat", "window", "on_give_up", "refs_max", "open_max", "bad_lines_max"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
}
