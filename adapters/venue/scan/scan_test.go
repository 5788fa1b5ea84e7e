package scan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maru-trading/maru/adapters/venue/scan"
)

// texts are JSON and what is nearly JSON.
var texts = []string{
	``, ` `, "\t\n\r ", `null`, `true`, `false`, `nul`, `nulll`, `truE`, `tru`, `fals`, `f`, `n`, `t`, `N`, `nan`, `NaN`, `Infinity`, `-Infinity`, `undefined`,
	`0`, `-0`, `1`, `-1`, `01`, `-01`, `00`, `1.5`, `1.`, `.5`, `-.5`, `+1`, `--1`, `-`, `1e5`, `1E5`, `1e+5`, `1e-5`, `1e`, `1e+`, `1e-`, `e5`, `1.e5`, `1.5e`, `1.5e1.5`,
	`0x10`, `1_000`, `1,000`, `123456789012345678901234567890`, `0.000000000000000000000000000001`, `1.16539E8`, `1e99999`, `12345678`, `123456789`, `1234567a`, `12345678a`,
	"1\xb0", "1234567\xb0", "1234567/", "1234567:", "12345678/", `0e0`, `0.0`, `-0.0e-0`, `1 2`, `1,`, `,1`, ` 1 `, "\v1", "\f1", "1\x00", "\x001", "\ufeff1", `1//`, `/**/1`,
	`""`, `"`, `"a`, `"a"`, `"a" `, `"a"b`, `'a'`, `"abcdefg"`, `"abcdefgh"`, `"abcdefghi"`, `"abcdefghijklmnopqrstuvwxyz"`, `"abcdefgh`, `"a""b"`,
	`"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\a"`, `"\x41"`, `"\'"`, `"\0"`, `"\`, `"\"`, `"\u`, `"\u0`, `"\u00`, `"\u004`, `"\u0041`, `"\u0041"`, `"\u00e9"`, `"\u00E9"`, `"\u004g"`, `"\U0041"`,
	`"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83dx"`, `"\ud83d\n"`, `"\ud83d\ud83d\ude00"`, `"\ude00\ud83d"`, `"\ud83d\u0041"`, `"\ud83d\u00"`, `"\u0000"`, `"\uffff"`, `"abcdefgh\u0041ijklmnop"`, `"1234567\""`, `"12345678\""`,
	"\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"a\nb\"", "\"a\tb\"", "\"1234567\x01\"", "\"12345678\x1f9\"", `"마루"`, `"é"`, `"😀"`, "\"\u2028\"", "\"\xff\"", "\"\x80\"", "\"\xc3\"", "\"\xc3\x28\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc0\x80\"", "\"12345678\xe2\x82\"", "\"é\\n\xff\"", "\"\\\xff\"", "\"\\u00\xff0\"",
	`[]`, `[ ]`, `[`, `]`, `[]]`, `[[]`, `[1]`, `[1,2]`, `[1,]`, `[,1]`, `[,]`, `[1 2]`, `[1,,2]`, `[1}`, `[ 1 , 2 ]`, `[1`, `[1,`, `[[],[[]],{}]`, `["a",1,null,true,false,{},[]]`, `[1]2`, `[[[[[[[[[[]]]]]]]]]]`, `[}`, `[:]`, `["a":1]`,
	`{}`, `{ }`, `{`, `}`, `{}}`, `{"a"}`, `{"a":}`, `{"a":1}`, `{"a":1,}`, `{,"a":1}`, `{"a":1,"b":2}`, `{"a":1 "b":2}`, `{"a" : 1 , "b" : 2 }`, `{a:1}`, `{1:1}`, `{"a",1}`, `{"a"::1}`, `{"a":1]`, `{"a":1`, `{"a":1,`, `{"a":1,"`, `{"a":1,"b`, `{"a":1,"b"`, `{"a":1,"b":`, `{"a":1,"b":2`, `{"a":1,"a":2}`,
	`{"a":{"b":{"c":[1,{"d":null}]}}}`, `{"\u0061":1}`, `{"a\"b":1}`, `{"":0}`, `{"é":1}`, "{\"\xff\":1}", "{\"a\x01\":1}", `{"a":[}`, `{"a":{]}`, `{]`, `{:1}`, `{"a":1:2}`, `{"a":"b"c}`, `{"a":tru}`, `{"a":-}`, `{null:1}`, `{"abcdefgh":"abcdefgh"}`, `{"abcdefghi":12345678}`,
	"\xff", "\xfe{}", "{}\xff", "{\xff}", "[\xff]", "[1\xff]", "\x1f\x8b\x08\x00gzip", "PING", "pong",
}

func TestValidAgreesWithEncodingJSON(t *testing.T) {
	for _, text := range texts {
		for _, prefix := range []string{"", "[", `{"k":`, "[0,", "\n"} {
			for _, suffix := range []string{"", "]", "}", ",0]", `,"l":1}`, " "} {
				compare(t, []byte(prefix+text+suffix))
			}
		}
	}
}

// TestPlainReadsWhatValueReads holds Plain against Value: what it takes is a number written as it says,
// it ends where Value ends, and what it does not take stays where it was.
func TestPlainReadsWhatValueReads(t *testing.T) {
	texts := slices.Clone(texts)
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		texts = append(texts, fmt.Sprintf("%.*f", r.IntN(12), r.ExpFloat64()*math.Pow10(r.IntN(12))))
	}
	for _, digits := range []string{"1", "12345678", "123456789", "12345678901234567", "123456789012345678", "1234567890123456789", "9999999999999999999", "123456789012345678901234567890"} {
		for i := range len(digits) + 1 {
			texts = append(texts, digits[:i]+"."+digits[i:])
		}
		texts = append(texts, digits, "0"+digits, "-"+digits, "+"+digits, digits+"e1", digits+" ")
	}
	taken := 0
	for _, text := range texts {
		for _, form := range []string{"%s", "%s,", "%s]", "%s}", "%s ", `"%s"`, `"%s",`, `"%s" `, `"%s`, " %s,"} {
			if comparePlain(t, fmt.Sprintf(form, text)) {
				taken++
			}
		}
	}
	if taken < 5000 {
		t.Errorf("only %d numbers were taken", taken)
	}
}

// comparePlain reports whether Plain took what text begins with.
func comparePlain(t *testing.T, text string) bool {
	t.Helper()
	d, plain := scan.DecodeStr(text), scan.DecodeStr(text)
	digits, places, ok := plain.Plain()
	kind, value, err := d.Value()
	if !ok {
		if again, valueAgain, errAgain := plain.Value(); again != kind || !bytes.Equal(valueAgain, value) || (errAgain == nil) != (err == nil) {
			t.Fatalf("%q: behind Plain %v %q %v, without %v %q %v", text, again, valueAgain, errAgain, kind, value, err)
		}
		return false
	}
	if err != nil || kind != scan.Number && kind != scan.String || !numberShape.Match(value) {
		t.Fatalf("%q is taken, and is %v %q, %v", text, kind, value, err)
	}
	if written := plain.PlainText(); !bytes.Equal(written, value) || cap(written) != len(written) {
		t.Fatalf("%q: Plain read %q, want %q", text, written, value)
	}
	whole, decimals, _ := strings.Cut(string(value), ".")
	if n, err := strconv.ParseUint(whole+decimals, 10, 64); err != nil || n != digits || len(decimals) != places || len(whole+decimals) > 18 {
		t.Fatalf("%q is read as %d with %d places (%v)", text, digits, places, err)
	}
	rest, restPlain := d.Skip(), plain.Skip() // both stand at the same place
	if fmt.Sprint(rest) != fmt.Sprint(restPlain) {
		t.Fatalf("%q: behind it %v, want %v", text, restPlain, rest)
	}
	return true
}

// numberShape is what Plain takes, but for the number of digits.
var numberShape = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// compare holds scan against encoding/json: what is valid, and what it says.
func compare(t *testing.T, text []byte) {
	t.Helper()
	given := bytes.Clone(text)
	want := json.Valid(text) && utf8.Valid(text)
	if got := scan.Valid(text); got != want {
		t.Fatalf("%q: Valid = %v, want %v", text, got, want)
	}
	d := scan.DecodeBytes(text)
	raw, err := d.Raw()
	if err == nil {
		err = d.End()
	}
	if (err == nil) != want || want && !bytes.Equal(raw, bytes.TrimSpace(text)) {
		t.Fatalf("%q: Raw = %q, %v", text, raw, err)
	}
	var fault *scan.SyntaxError
	if err != nil && (!errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(text)) {
		t.Fatalf("%q: %v is no fault of a place in the text", text, err)
	}
	// Read every way there is, the second time on memory that is no longer fresh.
	for range 2 {
		for _, read := range []func(*scan.Decoder) (any, error){byKeys, byIterators} {
			d.ResetBytes(text)
			got, err := read(d)
			if err == nil {
				err = d.End()
			}
			if (err == nil) != want {
				t.Fatalf("%q: %v, want valid %v", text, err, want)
			}
			if !want {
				if d.End() == nil {
					t.Fatalf("%q: no fault at the end, after %v", text, err)
				}
				continue
			}
			numbers := json.NewDecoder(bytes.NewReader(text))
			numbers.UseNumber()
			var value any
			if err := numbers.Decode(&value); err != nil || !reflect.DeepEqual(got, value) {
				t.Fatalf("%q: read %#v, want %#v (%v)", text, got, value, err)
			}
		}
	}
	if !bytes.Equal(given, text) {
		t.Fatalf("%q was changed to %q", given, text)
	}
}

// byKeys reads a value as encoding/json would into an any, with the leaner calls.
func byKeys(d *scan.Decoder) (any, error) {
	switch d.Next() {
	case scan.Object:
		if err := d.Object(); err != nil {
			return nil, err
		}
		object := map[string]any{}
		for {
			key, ok := d.NextKey()
			if !ok {
				return object, d.Err()
			}
			name := string(key)
			value, err := byKeys(d)
			if err != nil {
				return nil, err
			}
			object[name] = value
		}
	case scan.Array:
		if err := d.Array(); err != nil {
			return nil, err
		}
		array := []any{}
		for d.More() {
			value, err := byKeys(d)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		return array, d.Err()
	}
	kind, text, err := d.Value()
	switch {
	case err != nil:
		return nil, err
	case kind == scan.String:
		return string(text), nil
	case kind == scan.Number:
		return json.Number(text), nil
	case kind == scan.Bool:
		return string(text) == "true", nil
	}
	return nil, nil
}

// byIterators is byKeys with the calls that take one type.
func byIterators(d *scan.Decoder) (any, error) {
	switch d.Next() {
	case scan.Object:
		fields, err := d.ObjIter()
		if err != nil {
			return nil, err
		}
		object := map[string]any{}
		for fields.Next() {
			name := string(fields.Key())
			if object[name], err = byIterators(d); err != nil {
				return nil, err
			}
		}
		return object, fields.Err()
	case scan.Array:
		values, err := d.ArrIter()
		if err != nil {
			return nil, err
		}
		array := []any{}
		for values.Next() {
			value, err := byIterators(d)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		return array, values.Err()
	case scan.String:
		text, err := d.StrBytes()
		return string(text), err
	case scan.Number:
		text, err := d.Raw()
		return json.Number(text), err
	case scan.Bool:
		return d.Bool()
	case scan.Null:
		return nil, d.Null()
	}
	return nil, d.Skip()
}

func TestTruncationsAndTails(t *testing.T) {
	for _, text := range []string{
		`{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1700000000200,"b":[["36500.11","0"],["1.5e-7",-2]],"a":[],"x":null,"m":true,"k\u00e9y":"v\n마루"}}`,
		` [ { "a" : [ 1 , 2.5 , -3E+7 ] } , "\ud83d\ude00" , false ] `,
	} {
		for n := range len(text) + 1 {
			compare(t, []byte(text[:n]))
			for _, tail := range []string{"x", "}", "]", ",", "{}", "0", "\x00", "\xff", " ", "\""} {
				compare(t, []byte(text[:n]+tail))
				compare(t, []byte(text[:n]+tail+text[n:]))
			}
		}
	}
}

func TestDepth(t *testing.T) {
	for _, c := range []struct{ open, within, closed string }{{"[", "", "]"}, {`{"a":`, "1", "}"}, {`[{"a":`, "0", "}]"}, {`{"b":[`, "", "]}"}} {
		per := strings.Count(c.open, "[") + strings.Count(c.open, "{")
		nested := func(n int) []byte {
			return []byte(strings.Repeat(c.open, n) + c.within + strings.Repeat(c.closed, n))
		}
		compare(t, nested(scan.DepthMax/per))
		deeper := nested(scan.DepthMax/per + 1)
		d := scan.DecodeBytes(deeper)
		_, err := byKeys(d)
		var fault *scan.SyntaxError
		if scan.Valid(deeper) || !errors.As(err, &fault) || !strings.Contains(fault.What, "nesting") || d.End() != err {
			t.Errorf("%d of %s: %v", scan.DepthMax/per+1, c.open, err)
		}
		// Half by iterators, half skipped.
		d.ResetBytes(deeper)
		for range scan.DepthMax / 2 {
			if d.Next() == scan.Array {
				if err = d.Array(); err == nil {
					d.More()
				}
			} else if err = d.Object(); err == nil {
				d.NextKey()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Skip(); err == nil || d.Err() != err {
			t.Errorf("%d of %s, half skipped: %v", scan.DepthMax/per+1, c.open, err)
		}
	}
	if scan.Valid([]byte(strings.Repeat("[", 1<<20))) {
		t.Error("a million arrays that never end")
	}
}

func TestWrongTypeLeavesTheValue(t *testing.T) {
	for _, c := range []struct {
		text string
		kind scan.Type
	}{{`"a"`, scan.String}, {`1`, scan.Number}, {`true`, scan.Bool}, {`null`, scan.Null}, {`[1]`, scan.Array}, {`{"a":1}`, scan.Object}} {
		d := scan.DecodeStr("  " + c.text)
		for want, read := range map[scan.Type]func() error{
			scan.String: func() error { _, err := d.StrBytes(); return err },
			scan.Bool:   func() error { _, err := d.Bool(); return err },
			scan.Null:   d.Null,
			scan.Array:  func() error { _, err := d.ArrIter(); return err },
			scan.Object: func() error { _, err := d.ObjIter(); return err },
		} {
			var wrong *scan.TypeError
			if want == c.kind {
				continue
			}
			if err := read(); !errors.As(err, &wrong) || wrong.Got != c.kind || wrong.Want != want || err.Error() != "want "+want.String()+", got "+c.kind.String() {
				t.Errorf("%s read as %v: %v", c.text, want, err)
			}
			if d.Next() != c.kind || d.Err() != nil {
				t.Errorf("%s read as %v: then %v, %v", c.text, want, d.Next(), d.Err())
			}
		}
		if raw, err := d.Raw(); string(raw) != c.text || err != nil || d.End() != nil {
			t.Errorf("%s: Raw = %s, %v; %v", c.text, raw, err, d.End())
		}
	}
}

func TestFaultsSayWhere(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "byte 0: the frame ends, want a value"},
		{`{"a":1`, "byte 6: the frame ends, want ',' or '}'"},
		{`{"a":1]`, "byte 6: ']', want ',' or '}'"},
		{`[1}`, "byte 2: '}', want ',' or ']'"},
		{`{"a" 1}`, "byte 5: '1', want ':'"},
		{`{a:1}`, "byte 1: 'a', want the name of a field"},
		{`[1,]`, "byte 3: ']', want a value"},
		{`[01]`, "byte 2: '1', want ',' or ']'"},
		{`[-x]`, "byte 2: 'x', want a digit"},
		{`[nulx]`, "byte 4: 'x', want null"},
		{`"a\x"`, "byte 3: 'x', want an escape of a string"},
		{"\"ab\n\"", "byte 3: '\\n', want no control character in a string"},
		{"\"é\xff\"", "byte 3: 0xff, want UTF-8"},
		{`"abc`, "byte 4: the frame ends, want the end of a string"},
		{`{} {}`, "byte 3: '{', want nothing after the value"},
	} {
		for _, read := range []func(*scan.Decoder) (any, error){byKeys, byIterators, func(d *scan.Decoder) (any, error) { return nil, d.Skip() }} {
			d := scan.DecodeStr(c.text)
			_, err := read(d)
			if err == nil {
				err = d.End()
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("%q: %v, want %s", c.text, err, c.want)
			}
			if d.Next() != scan.Invalid || d.More() || d.Skip() != err || d.End() != err {
				t.Errorf("%q: there is something to read behind the fault", c.text)
			}
		}
	}
}

func TestUnescapedStringsHoldUntilReset(t *testing.T) {
	d := scan.DecodeStr(`["` + strings.Repeat(`a\n`, 100) + `","\u0062",` + strings.Repeat(`"\t0123456789",`, 1000) + `1]`)
	if err := d.Array(); err != nil {
		t.Fatal(err)
	}
	var held [][]byte
	for d.More() {
		_, text, err := d.Value()
		if err != nil {
			t.Fatal(err)
		}
		_ = append(text, "overwritten"...) // must not reach into the next
		held = append(held, text)
	}
	if err := d.End(); err != nil || string(held[0]) != strings.Repeat("a\n", 100) || string(held[1]) != "b" || string(held[2]) != "\t0123456789" || string(held[1001]) != "\t0123456789" {
		t.Fatalf("%q, %v", held[:3], err)
	}
}

func TestTypeNames(t *testing.T) {
	for kind, want := range map[scan.Type]string{scan.Invalid: "nothing", scan.Object: "object", 99: "unknown"} {
		if kind.String() != want {
			t.Errorf("%d: %s, want %s", kind, kind, want)
		}
	}
}

func TestDoesNotAllocate(t *testing.T) {
	text := []byte(`{"e":"trade","n":1700000000124,"p":"36500.12000000","x":"a\u00e9\n마루","l":[["1","2"],[3,4.5e6]],"m":true,"z":null}`)
	var d scan.Decoder
	read := func() {
		d.ResetBytes(text)
		if err := d.Object(); err != nil {
			t.Fatal(err)
		}
		for {
			if _, ok := d.NextKey(); !ok {
				break
			}
			if _, _, err := d.Value(); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.End(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if depth(text) > scan.DepthMax {
			return
		}
		compare(t, text)
		comparePlain(t, string(text))
	})
}

// depth returns a bound on how deep a text nests.
func depth(text []byte) int {
	return bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{"))
}

func TestPlainLengths(t *testing.T) {
	// Every length about the eight bytes that are looked at in one go, every place in them.
	for n := range 40 {
		for at := range n {
			for _, c := range []byte("\"\\\x00\x1f\x7f\x80\xff 0az/:") {
				text := bytes.Repeat([]byte("x"), n)
				text[at] = c
				compare(t, []byte(`{"`+string(text)+`":"`+string(text)+`"}`))
				digits := bytes.Repeat([]byte("7"), n)
				digits[at] = c
				compare(t, digits)
				compare(t, []byte("["+string(digits)+","+strconv.Itoa(n)+"]"))
			}
		}
	}
}
