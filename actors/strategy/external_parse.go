package strategy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// ProtocolVersion is the version of what is said between the runtime and a program. It changes when
// a program that was written for the one before would misunderstand.
const ProtocolVersion = 1

// Bounds of what a program may say.
const (
	refMax    = 64   // bytes of a ref
	reasonMax = 256  // bytes of a reason, cut
	logMax    = 1024 // bytes of a log line, cut
	keyMax    = 128  // bytes of a key of its state
	valueMax  = 4096 // bytes of a value of its state
)

// said is one line of a program.
type said struct {
	Type string
	Ref  string

	Version uint64 // hello
	N       uint64 // heartbeat
	Level   string // log
	Text    string // log
	Key     string // state
	Value   string // state
	Forget  bool   // state: without a value the key is forgotten
	All     bool   // cancel
	Of      string // amend: the ref of the intent whose order is to be changed
	Parent  string // intent: a ref
	Group   uint64
	Terms   message.OrderTerms
	Venue   market.Venue
	Name    string // of the instrument
	Reason  string
}

// saidKeys are the keys that each type of line may have; those of the first list must be there.
var saidKeys = map[string]struct{ must, may []string }{
	"hello":     {[]string{"version"}, nil},
	"heartbeat": {[]string{"n"}, nil},
	"intent": {[]string{"ref", "instrument", "side", "quantity"},
		[]string{"venue", "order_type", "time_in_force", "exec_inst", "price", "stop_price", "expire_at", "parent", "group", "reason"}},
	"cancel": {nil, []string{"ref", "all", "venue", "instrument", "reason"}},
	"amend":  {[]string{"ref", "of"}, []string{"price", "stop_price", "quantity", "reason"}},
	"query":  {[]string{"ref"}, nil},
	"log":    {[]string{"text"}, []string{"level"}},
	"state":  {[]string{"key"}, []string{"value"}},
}

// parseSaid reads a line of a program. A key that its type does not have is a fault, and so is one
// that stands twice: what was misspelt or said twice in an order must not be guessed at. The error
// says which key, what was found and what is wanted; ref is the line's own as far as it was read.
func parseSaid(line []byte) (s said, err error) {
	values, err := flat(line)
	if err != nil {
		return said{Ref: values["ref"].text}, err
	}
	s.Type, s.Ref = values["type"].text, values["ref"].text
	if len(s.Ref) > refMax {
		s.Ref = ""
		return s, fmt.Errorf("ref of %d bytes: want 1 to %d", len(values["ref"].text), refMax)
	}
	keys, known := saidKeys[s.Type]
	if !known {
		return s, fmt.Errorf("type %.32q: want hello, heartbeat, intent, cancel, amend, query, log or state", s.Type)
	}
	for _, key := range keys.must {
		if v, there := values[key]; !there || v.text == "" {
			return s, fmt.Errorf("%s: key %q is missing", s.Type, key)
		}
	}
	for key := range values {
		if key != "type" && !slices.Contains(keys.must, key) && !slices.Contains(keys.may, key) {
			return s, fmt.Errorf("%s: unknown key %.32q: want of %v", s.Type, key, append(slices.Clone(keys.must), keys.may...))
		}
	}
	if s.Ref != "" && !printable(s.Ref) {
		s.Ref = ""
		return s, errors.New("ref: want printable ASCII without space")
	}
	r := saidReader{values: values}
	s.read(&r)
	if r.err != nil {
		return s, fmt.Errorf("%s: %w", s.Type, r.err)
	}
	return s, nil
}

// read takes over the values of the line's keys.
func (s *said) read(r *saidReader) {
	s.Version, s.N, s.Group = r.number("version"), r.number("n"), r.number("group")
	s.Level, s.Text = r.text("level"), cut(r.text("text"), logMax)
	s.Key, s.Value = r.text("key"), r.text("value")
	if v, there := r.values["value"]; s.Type == "state" && (!there || v.kind == 'n') {
		s.Forget = true
	}
	s.All = r.truth("all")
	s.Of, s.Parent = r.text("of"), r.text("parent")
	s.Venue, s.Name, s.Reason = market.Venue(r.text("venue")), r.text("instrument"), cut(r.text("reason"), reasonMax)
	if s.Type == "intent" {
		s.Terms.Type, s.Terms.TimeInForce = market.Market, market.GTC
		if _, priced := r.values["price"]; priced {
			s.Terms.Type = market.Limit
		}
	}
	s.Terms.Side = parsed(r, "side", s.Terms.Side, market.ParseSide)
	s.Terms.Type = parsed(r, "order_type", s.Terms.Type, market.ParseOrderType)
	s.Terms.TimeInForce = parsed(r, "time_in_force", s.Terms.TimeInForce, market.ParseTimeInForce)
	s.Terms.ExecInst = parsed(r, "exec_inst", s.Terms.ExecInst, market.ParseExecInst)
	s.Terms.Price.Decimal = r.decimal("price")
	s.Terms.StopPrice.Decimal = r.decimal("stop_price")
	s.Terms.Quantity.Decimal = r.decimal("quantity")
	s.Terms.ExpireAt = parsed(r, "expire_at", 0, func(text string) (market.Timestamp, error) {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || t.Year() < 1970 || t.Year() > 2200 {
			return 0, fmt.Errorf("%.40q: want RFC 3339, such as 2026-01-02T03:04:05Z", text)
		}
		return market.TimestampOf(t), nil
	})
}

func printable(ref string) bool {
	for _, c := range []byte(ref) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// cut shortens text to at most that many bytes, never within a letter.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.Clone(text[:most])
}

// value is what stands behind a key: a string, a number as it is written, true or false, or null.
type value struct {
	kind byte // s, d, b, n
	text string
}

// saidReader reads values, and remembers the first fault.
type saidReader struct {
	values map[string]value
	err    error
}

func (r *saidReader) fail(key string, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("key %q: %s", key, fmt.Sprintf(format, args...))
	}
}

func (r *saidReader) text(key string) string {
	v, there := r.values[key]
	if there && v.kind != 's' && v.kind != 'n' {
		r.fail(key, "%.32s: want text in quotes", v.text)
		return ""
	}
	if v.kind == 'n' {
		return ""
	}
	return v.text
}

func (r *saidReader) number(key string) uint64 {
	v, there := r.values[key]
	if !there || v.kind == 'n' {
		return 0
	}
	n, err := strconv.ParseUint(v.text, 10, 64)
	if err != nil {
		r.fail(key, "%.32q: want a whole number, 0 or more", v.text)
	}
	return n
}

func (r *saidReader) truth(key string) bool {
	v, there := r.values[key]
	if there && v.kind != 'b' && v.kind != 'n' {
		r.fail(key, "%.32q: want true or false", v.text)
	}
	return v.kind == 'b' && v.text == "true"
}

// decimal reads an exact number, in quotes or not; zero where there is none. A value that is there
// must be above zero: a price of zero is most likely a mistake, and none is meant by leaving it out.
func (r *saidReader) decimal(key string) market.Decimal {
	v, there := r.values[key]
	if !there || v.kind == 'n' {
		return market.Decimal{}
	}
	d, err := market.ParseDecimal(v.text)
	if err != nil || v.kind == 'b' {
		r.fail(key, "%.40q: want a decimal number of at most 18 decimals, such as \"0.001\", best in quotes", v.text)
		return market.Decimal{}
	}
	if d.Sign() <= 0 {
		r.fail(key, "%v: want above zero; leave it out where there is none", d)
	}
	return d
}

// parsed reads a word; otherwise where there is none.
func parsed[T any](r *saidReader, key string, otherwise T, parse func(string) (T, error)) T {
	text := r.text(key)
	if text == "" {
		return otherwise
	}
	v, err := parse(text)
	if err != nil {
		r.fail(key, "%v", err)
		return otherwise
	}
	return v
}

// keysMax bounds the keys of a line.
const keysMax = 32

// flat reads a JSON object whose values are plain: no lists, no objects within.
func flat(line []byte) (map[string]value, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	begin, err := d.Token()
	if err != nil || begin != json.Delim('{') {
		return nil, errors.New("not a JSON object: want one in each line, such as {\"type\":\"hello\",\"version\":1}")
	}
	values := make(map[string]value, 12)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return values, fmt.Errorf("not JSON: %w", err)
		}
		key, _ := token.(string)
		if _, twice := values[key]; twice {
			return values, fmt.Errorf("key %.32q stands twice", key)
		}
		if len(values) >= keysMax {
			return values, fmt.Errorf("more than %d keys", keysMax)
		}
		if token, err = d.Token(); err != nil {
			return values, fmt.Errorf("not JSON: %w", err)
		}
		switch v := token.(type) {
		case string:
			values[key] = value{'s', v}
		case json.Number:
			values[key] = value{'d', v.String()}
		case bool:
			values[key] = value{'b', strconv.FormatBool(v)}
		case nil:
			values[key] = value{'n', ""}
		default:
			return values, fmt.Errorf("key %.32q: want text, a number, true or false, not a list or an object", key)
		}
	}
	if _, err := d.Token(); err != nil {
		return values, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return values, errors.New("something stands behind the object: want one in each line")
	}
	return values, nil
}
