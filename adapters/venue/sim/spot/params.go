package spot

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// paramsMax bounds the parameters of one request.
const paramsMax = 64

// params are the parameters of one request, by name.
type params struct {
	values  map[string]string
	names   []string // in the order in which they came
	payload string   // what a signature is over
}

// The legal ranges that Binance states in its refusals.
const (
	legalSymbol   = `^[A-Z0-9-_.]{1,20}$`
	legalSymbols  = `^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$`
	legalClientID = `^[a-zA-Z0-9-_]{1,36}$`
	legalDecimal  = `^([0-9]{1,20})(\.[0-9]{1,20})?$`
	legalNumber   = `^[0-9]{1,20}$`
)

var (
	symbolPattern   = regexp.MustCompile(`^[A-Z0-9_.-]{1,20}$`)
	clientIDPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,36}$`)
	decimalPattern  = regexp.MustCompile(`^([0-9]{1,20})(\.[0-9]{1,20})?$`)
)

// parseForm reads parameters of a query string and of a body in the same form. Where both have one,
// that of the query is used (rest-api.md, General Information on Endpoints).
func parseForm(query, body string) (params, *apiError) {
	p := params{values: map[string]string{}}
	for _, part := range []string{query, body} {
		seen := map[string]bool{}
		var signed []string
		for pair := range strings.SplitSeq(part, "&") {
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if name != "signature" {
				signed = append(signed, pair)
			}
			name, err := url.QueryUnescape(name)
			if err != nil {
				return p, bad(-1100, "Illegal characters found in a parameter.")
			}
			value, err = url.QueryUnescape(value)
			if err != nil {
				return p, bad(-1100, "Illegal characters found in a parameter.")
			}
			if seen[name] {
				return p, bad(-1101, "Duplicate values for a parameter detected.")
			}
			seen[name] = true
			if _, ok := p.values[name]; ok {
				continue
			}
			if len(p.names) == paramsMax {
				return p, bad(-1101, "Too many parameters sent for this endpoint.")
			}
			p.values[name] = value
			p.names = append(p.names, name)
		}
		p.payload += strings.Join(signed, "&")
	}
	return p, nil
}

// parseObject reads the params of a WebSocket API request: text, numbers and booleans. Their
// signature is over the sorted names (web-socket-api.md, SIGNED request example).
func parseObject(text json.RawMessage) (params, *apiError) {
	p := params{values: map[string]string{}}
	if len(text) == 0 || bytes.Equal(text, []byte("null")) {
		return p, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return p, errJSON
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return p, errJSON
		}
		name, ok := t.(string)
		if !ok {
			return p, errJSON
		}
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return p, errJSON
		}
		value, ok := plain(raw)
		if !ok {
			return p, errInvalid(printable(name))
		}
		if _, ok := p.values[name]; ok {
			return p, bad(-1101, "Duplicate values for a parameter detected.")
		}
		if len(p.names) == paramsMax {
			return p, bad(-1101, "Too many parameters sent for this endpoint.")
		}
		p.values[name] = value
		p.names = append(p.names, name)
	}
	if _, err := d.Token(); err != nil {
		return p, errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, errJSON
	}
	sorted := slices.Sorted(slices.Values(p.names))
	for _, name := range sorted {
		if name == "signature" {
			continue
		}
		if p.payload != "" {
			p.payload += "&"
		}
		p.payload += name + "=" + p.values[name]
	}
	return p, nil
}

// plain returns what a JSON value is as a parameter: an array of text as it is written.
func plain(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case '{':
		return "", false
	case '[':
		var compact bytes.Buffer
		err := json.Compact(&compact, raw)
		return compact.String(), err == nil
	case 'n':
		return "", true
	}
	return string(raw), true
}

func (p params) has(name string) bool { _, ok := p.values[name]; return ok }

// get returns a parameter, empty if it is not there.
func (p params) get(name string) string { return p.values[name] }

// only refuses parameters that a request does not know, and empty ones.
func (p params) only(known []string) *apiError {
	read := 0
	for _, name := range p.names {
		switch {
		case slices.Contains(known, name), slices.Contains(signedParams, name):
			read++
		default:
			continue
		}
		if p.values[name] == "" {
			return errEmpty(name)
		}
	}
	if read < len(p.names) {
		return errUnread(read, len(p.names))
	}
	return nil
}

// signedParams belong to every signed request.
var signedParams = []string{"signature", "timestamp", "recvWindow", "apiKey", "returnRateLimits"}

func (p params) decimal(name string) (d sim.Fixed, ok bool, fault *apiError) {
	text, ok := p.values[name]
	if !ok {
		return 0, false, nil
	}
	if !decimalPattern.MatchString(text) {
		return 0, false, errIllegal(name, legalDecimal)
	}
	// What lies beyond eight decimals must be zero.
	if point := strings.IndexByte(text, '.'); point >= 0 && len(text)-point-1 > 8 {
		if strings.Trim(text[point+9:], "0") != "" {
			return 0, false, errTooPrecise(name)
		}
		text = text[:point+9]
	}
	exact, err := market.ParseDecimal(text)
	if err != nil {
		return 0, false, errOverflow(name)
	}
	f, fits := sim.ParseFixed(exact)
	if !fits {
		return 0, false, errOverflow(name)
	}
	return f, true, nil
}

// whole reads a number that is not negative.
func (p params) whole(name string) (n int64, ok bool, fault *apiError) {
	text, ok := p.values[name]
	if !ok {
		return 0, false, nil
	}
	if text == "" || len(text) > 20 || strings.Trim(text, "0123456789") != "" {
		return 0, false, errIllegal(name, legalNumber)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, false, errOverflow(name)
	}
	return n, true, nil
}

// limit reads the parameter limit: 1 to most, otherwise if it is not there. More is most.
func (p params) limit(otherwise, most int) (int, *apiError) {
	n, ok, fault := p.whole("limit")
	if fault != nil || !ok || n == 0 {
		return otherwise, fault
	}
	return int(min(n, int64(most))), nil
}

// moment reads a time in milliseconds or microseconds (rest-api.md, General API Information).
func (p params) moment(name string) (t market.Timestamp, ok bool, fault *apiError) {
	n, ok, fault := p.whole(name)
	if fault != nil || !ok {
		return 0, false, fault
	}
	// Milliseconds have 13 digits until the year 2286, microseconds 16.
	const firstMicros = 100_000_000_000_000
	switch {
	case n >= int64(1<<63-1)/int64(time.Microsecond):
		return 0, false, errInvalid(name)
	case n >= firstMicros:
		return market.Microseconds(n), true, nil
	case n >= int64(1<<63-1)/int64(time.Millisecond):
		return 0, false, errInvalid(name)
	}
	return market.Milliseconds(n), true, nil
}

// yes reads a boolean.
func (p params) yes(name string, otherwise bool) (bool, *apiError) {
	switch text, ok := p.values[name]; {
	case !ok:
		return otherwise, nil
	case text == "true":
		return true, nil
	case text == "false":
		return false, nil
	}
	return false, errInvalid(name)
}

// clientID reads a client order id; empty if it is not there.
func (p params) clientID(name string) (string, *apiError) {
	text := p.values[name]
	if text != "" && !clientIDPattern.MatchString(text) {
		return "", errIllegal(name, legalClientID)
	}
	return text, nil
}

const (
	windowDefault = 5 * time.Second
	windowMax     = time.Minute
)

// window reads recvWindow: milliseconds with up to three decimals, at most a minute.
func (p params) window() (time.Duration, *apiError) {
	text, ok := p.values["recvWindow"]
	if !ok {
		return windowDefault, nil
	}
	whole, part, _ := strings.Cut(text, ".")
	if !decimalPattern.MatchString(text) || len(part) > 3 || len(whole) > 12 {
		return 0, errIllegal("recvWindow", `^[0-9]{1,5}(\.[0-9]{1,3})?$`)
	}
	micros, err := strconv.ParseInt(whole+(part + "000")[:3], 10, 64)
	if err != nil {
		return 0, errOverflow("recvWindow")
	}
	if micros > windowMax.Microseconds() {
		return 0, bad(-1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000.")
	}
	return time.Duration(micros) * time.Microsecond, nil
}
