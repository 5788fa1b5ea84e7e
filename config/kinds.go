package config

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// kind is a type of value: what may stand in the file, how it is read and written.
type kind[V any] struct {
	want   string // "a whole number from 1 to 256"
	read   func(r *reader, path string, raw any) (V, bool)
	format func(V) string // in TOML; "" if the value means that none is set
}

// field is a key of S whose value is of that kind.
func field[S, V any](name string, k kind[V], at func(*S) *V, doc string) key[S] {
	return key[S]{
		name: name, want: k.want, doc: doc,
		read: func(r *reader, path string, raw any, s *S) {
			if v, ok := k.read(r, path, raw); ok {
				*at(s) = v
			}
		},
		show: func(s *S) string { return k.format(*at(s)) },
	}
}

// quote writes a TOML basic string.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// whole is an integer from low to high.
func whole[N int | int64 | uint64](low, high N, unit string) kind[N] {
	want := fmt.Sprintf("a whole number from %d to %d%s", low, high, unitSuffix(unit))
	return kind[N]{
		want: want,
		read: func(r *reader, path string, raw any) (N, bool) {
			n, ok := raw.(int64)
			if !ok {
				hint := ""
				if text, isText := raw.(string); isText {
					if _, err := strconv.ParseInt(text, 10, 64); err == nil {
						hint = "write it without quotes"
					}
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return 0, false
			}
			// high may be beyond int64 for a seed; low never is below zero there.
			if n < int64(low) || n >= 0 && uint64(n) > uint64(high) {
				r.fault(path, "want "+want, describe(raw), "")
				return 0, false
			}
			return N(n), true
		},
		format: func(n N) string { return fmt.Sprint(n) },
	}
}

func unitSuffix(unit string) string {
	if unit == "" {
		return ""
	}
	return " (" + unit + ")"
}

// number is a float from low to high; TOML integers are numbers too.
func number(low, high float64) kind[float64] {
	want := fmt.Sprintf("a number from %v to %v", low, high)
	return kind[float64]{
		want: want,
		read: func(r *reader, path string, raw any) (float64, bool) {
			var f float64
			switch v := raw.(type) {
			case float64:
				f = v
			case int64:
				f = float64(v)
			default:
				f = math.NaN()
			}
			if !(f >= low && f <= high) { // NaN too
				r.fault(path, "want "+want, describe(raw), "")
				return 0, false
			}
			return f, true
		},
		format: func(f float64) string {
			text := strconv.FormatFloat(f, 'f', -1, 64)
			if !strings.Contains(text, ".") {
				text += ".0"
			}
			return text
		},
	}
}

// truth is true or false.
func truth() kind[bool] {
	return kind[bool]{
		want: "true or false",
		read: func(r *reader, path string, raw any) (bool, bool) {
			b, ok := raw.(bool)
			if !ok {
				hint := ""
				if text, isText := raw.(string); isText && (text == "true" || text == "false") {
					hint = "write it without quotes"
				}
				r.fault(path, "want true or false", describe(raw), hint)
			}
			return b, ok
		},
		format: strconv.FormatBool,
	}
}

// duration is a span of time from low to high.
func duration(low, high time.Duration) kind[time.Duration] {
	want := fmt.Sprintf("a duration from %s to %s, such as \"5m\"", formatDuration(low), formatDuration(high))
	return kind[time.Duration]{
		want: want,
		read: func(r *reader, path string, raw any) (time.Duration, bool) {
			text, ok := raw.(string)
			if !ok {
				hint := ""
				if n, isInt := raw.(int64); isInt {
					hint = fmt.Sprintf("write it with a unit: %q", strconv.FormatInt(n, 10)+"s")
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return 0, false
			}
			d, err := parseDuration(text)
			if err != nil {
				r.fault(path, "want "+want, describe(raw), "units: d, h, m, s, ms, us, ns")
				return 0, false
			}
			if d < low || d > high {
				r.fault(path, "want "+want, describe(raw), "")
				return 0, false
			}
			return d, true
		},
		format: func(d time.Duration) string { return quote(formatDuration(d)) },
	}
}

// size is an amount of bytes from low to high.
func size(low, high Size) kind[Size] {
	want := fmt.Sprintf("a size from %v to %v, such as \"64MB\"", low, high)
	return kind[Size]{
		want: want,
		read: func(r *reader, path string, raw any) (Size, bool) {
			text, ok := raw.(string)
			if !ok {
				hint := ""
				if n, isInt := raw.(int64); isInt {
					hint = fmt.Sprintf("write it with a unit: %q", strconv.FormatInt(n, 10)+"B")
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return 0, false
			}
			s, err := parseSize(text)
			if err != nil {
				r.fault(path, "want "+want, describe(raw), "units: B, KB, MB, GB, KiB, MiB, GiB")
				return 0, false
			}
			if s < low || s > high {
				r.fault(path, "want "+want, describe(raw), "")
				return 0, false
			}
			return s, true
		},
		format: func(s Size) string { return quote(s.String()) },
	}
}

// exact is a decimal number from low to high, as a text or a TOML integer. A float is a fault:
// TOML floats are binary, and 0.1 is none of them. zeroIsNone leaves out 0 when it is written.
func exact[D any](low, high string, zeroIsNone bool, wrap func(market.Decimal) D, unwrap func(D) market.Decimal) kind[D] {
	want := fmt.Sprintf("a decimal number in quotes from %s to %s", low, high)
	lowest, highest := market.MustDecimal(low), market.MustDecimal(high)
	return kind[D]{
		want: want,
		read: func(r *reader, path string, raw any) (none D, _ bool) {
			var d market.Decimal
			switch v := raw.(type) {
			case int64:
				d = market.DecimalFromInt(v)
			case string:
				var err error
				if d, err = market.ParseDecimal(v); err != nil {
					hint := "digits with at most one point and 18 decimals"
					r.fault(path, "want "+want, describe(raw), hint)
					return none, false
				}
			case float64:
				r.fault(path, "want "+want, "the binary fraction "+strconv.FormatFloat(v, 'g', -1, 64),
					"quote it, so that it stays exact: \""+strconv.FormatFloat(v, 'f', -1, 64)+"\"")
				return none, false
			default:
				r.fault(path, "want "+want, describe(raw), "")
				return none, false
			}
			if d.Less(lowest) || highest.Less(d) {
				r.fault(path, "want "+want, describe(raw), "")
				return none, false
			}
			return wrap(d), true
		},
		format: func(v D) string {
			d := unwrap(v)
			if zeroIsNone && d.IsZero() {
				return ""
			}
			return quote(d.String())
		},
	}
}

// amount, quantity and fraction are exact numbers of their types.
func amount(low string) kind[market.Amount] {
	return exact(low, amountMax, true, func(d market.Decimal) market.Amount { return market.Amount{Decimal: d} },
		func(a market.Amount) market.Decimal { return a.Decimal })
}

func quantity(low, high string) kind[market.Quantity] {
	return exact(low, high, true, func(d market.Decimal) market.Quantity { return market.Quantity{Decimal: d} },
		func(q market.Quantity) market.Decimal { return q.Decimal })
}

func fraction(low, high string) kind[market.Decimal] {
	same := func(d market.Decimal) market.Decimal { return d }
	return exact(low, high, false, same, same)
}

// choice is one of some words.
func choice(words ...string) kind[string] {
	return choiceOf(func(s string) string { return s }, words...)
}

// choiceOf is one of some values, by the name that each prints.
func choiceOf[V any](name func(V) string, values ...V) kind[V] {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = name(v)
	}
	want := "one of " + oneOf(words)
	if len(words) == 1 {
		want = quote(words[0])
	}
	return kind[V]{
		want: want,
		read: func(r *reader, path string, raw any) (none V, _ bool) {
			text, ok := raw.(string)
			if ok {
				for i, word := range words {
					if word == text {
						return values[i], true
					}
				}
			}
			hint := didYouMean(text, words)
			r.fault(path, "want "+want, describe(raw), hint)
			return none, false
		},
		format: func(v V) string {
			for _, word := range words {
				if word == name(v) {
					return quote(word)
				}
			}
			return ""
		},
	}
}

// rule is what a text must satisfy: fault returns "" or a hint.
type rule struct {
	want  string
	hint  func(text string) (hint string, ok bool)
	quiet bool // never show the text: it may be a secret pasted into the wrong place
}

// word is a text under a rule.
func word[T ~string](k rule) kind[T] {
	return kind[T]{
		want: k.want,
		read: func(r *reader, path string, raw any) (T, bool) {
			text, ok := raw.(string)
			if !ok {
				r.fault(path, "want "+k.want, describe(raw), "")
				return "", false
			}
			if hint, ok := k.hint(text); !ok {
				found := describe(raw)
				if k.quiet {
					found = "something else (not shown)"
				}
				r.fault(path, "want "+k.want, found, hint)
				return "", false
			}
			return T(text), true
		},
		format: func(text T) string {
			if text == "" {
				return ""
			}
			return quote(string(text))
		},
	}
}

// nameRule is for what people name themselves: the name appears in messages, metrics, file names and
// URLs, and so needs no escaping in any of them.
var nameRule = rule{
	want: "a name of 1 to 32 letters a-z, digits, - and _ that begins with a letter",
	hint: func(text string) (string, bool) {
		ok := len(text) >= 1 && len(text) <= 32 && text[0] >= 'a' && text[0] <= 'z'
		for i := range len(text) {
			c := text[i]
			ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')
		}
		if ok {
			return "", true
		}
		if safe := safeName(text); safe != "" {
			return fmt.Sprintf("%q would do", safe), false
		}
		return "", false
	},
}

// accountName is stricter: it is part of client order ids, which venues hold to few letters.
var accountName = rule{
	want: "a name of 1 to 18 letters a-z, digits and _ that begins with a letter",
	hint: func(text string) (string, bool) {
		_, ok := nameRule.hint(text)
		if ok && len(text) <= 18 && !strings.Contains(text, "-") {
			return "", true
		}
		if safe := strings.ReplaceAll(safeName(text), "-", "_"); safe != "" && len(safe) <= 18 {
			return fmt.Sprintf("%q would do", safe), false
		}
		return "", false
	},
}

// safeName makes a name of any text: lower case, other letters become dashes; "" if nothing is
// left.
func safeName(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', b.Len() > 0 && (r >= '0' && r <= '9' || r == '_'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 32 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

// variable is the name of an environment variable.
var variable = rule{
	want: "the name of an environment variable, such as \"MARU_TOKEN\"",
	hint: func(text string) (string, bool) {
		ok := len(text) >= 1 && len(text) <= 128 && (text[0] < '0' || text[0] > '9')
		for i := range len(text) {
			c := text[i]
			ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_')
		}
		return "the variable's name, not its value", ok
	},
	quiet: true,
}

// expression is a criterion; what it says is checked by the classifier.
var expression = rule{
	want: "an expression of 1 to 1000 bytes that is true or false, such as \"change_1m > 0.001\"",
	hint: func(text string) (string, bool) {
		return "", strings.TrimSpace(text) != "" && len(text) <= 1000
	},
}

// file is a path; a relative one is relative to the file that names it.
func file(want string) kind[string] {
	k := word[string](rule{
		want: want,
		hint: func(text string) (string, bool) {
			return "1 to 4096 bytes without a NUL", text != "" && len(text) <= 4096 && !strings.ContainsRune(text, 0)
		},
	})
	inner := k.read
	k.read = func(r *reader, path string, raw any) (string, bool) {
		text, ok := inner(r, path, raw)
		if ok && r.dir != "" && !filepath.IsAbs(text) {
			text = filepath.Join(r.dir, filepath.FromSlash(text))
		}
		return text, ok
	}
	return k
}

// fileOrNone is a file where "" means none.
func fileOrNone(want string) kind[string] {
	k := file(want)
	inner := k.read
	k.read = func(r *reader, path string, raw any) (string, bool) {
		if raw == "" {
			return "", true
		}
		return inner(r, path, raw)
	}
	k.format = quote
	return k
}

// endpoint is a URL of one of two schemes. The one without TLS is for this machine only.
func endpoint(secure, plain string) kind[string] {
	return word[string](rule{
		want: fmt.Sprintf("a URL %s://… (%s:// only for this machine)", secure, plain),
		hint: func(text string) (string, bool) {
			u, err := url.Parse(text)
			switch {
			case err != nil || u.Host == "" || len(text) > 2048:
				return "scheme://host[:port]/path", false
			case u.User != nil:
				return "no user and password here", false
			case u.Fragment != "":
				return "no # here", false
			case u.Scheme == secure, u.Scheme == plain && isLoopback(u.Hostname()):
				return "", true
			case u.Scheme == plain:
				return "prices over an open line can be forged: use " + secure + "://", false
			}
			return "", false
		},
		quiet: true, // a key may stand in it
	})
}

// isLoopback reports whether a host is this machine without asking a name server.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// listenAddress is host:port; the host is an address or localhost.
var listenAddress = rule{
	want: "an address to listen on, host:port, such as \"127.0.0.1:7070\"",
	hint: func(text string) (string, bool) {
		host, port, err := net.SplitHostPort(text)
		if err != nil {
			return "host:port; an IPv6 host in [ ]", false
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
			return "a port from 0 (any free one) to 65535", false
		}
		if host != "" && host != "localhost" {
			if _, err := netip.ParseAddr(host); err != nil {
				return "the host as a number, such as 127.0.0.1, or localhost", false
			}
		}
		return "", true
	},
}

// hostRule is a name in the domain name system, without a port.
var hostRule = rule{
	want: "the name of a host, without a port, such as \"maru.example.org\"",
	hint: func(text string) (string, bool) {
		if len(text) > 253 {
			return "at most 253 characters", false
		}
		for label := range strings.SplitSeq(text, ".") {
			if len(label) < 1 || len(label) > 63 || strings.Trim(label, "-") != label ||
				strings.Trim(label, "-0123456789abcdefghijklmnopqrstuvwxyz") != "" {
				return "lower-case letters, digits and - within each part, parts joined by dots", false
			}
		}
		return "", true
	},
}

// interval is the length of a bar.
var interval = choiceOf(formatDuration, barIntervals...)

// list is a list of values of one kind, none of them twice. A value that is at fault is kept as
// the zero V, which no kind in use has for a value.
func list[V comparable](of kind[V], least, most int) kind[[]V] {
	want := fmt.Sprintf("a list of %d to %d, each %s", least, most, of.want)
	return kind[[]V]{
		want: want,
		read: func(r *reader, path string, raw any) ([]V, bool) {
			items, ok := raw.([]any)
			if !ok {
				hint := ""
				if _, isText := raw.(string); isText {
					hint = "put it in brackets: [" + describe(raw) + "]"
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return nil, false
			}
			if len(items) < least || len(items) > most {
				r.fault(path, "want "+want, fmt.Sprintf("a list of %d", len(items)), "")
				return nil, false
			}
			values := make([]V, 0, len(items))
			seen := make(map[V]int, len(items))
			for i, item := range items {
				v, valid := of.read(r, joinIndex(path, i), item)
				if first, twice := seen[v]; valid && twice {
					r.fault(joinIndex(path, i), "want each once", describe(item)+" again", "it is "+joinIndex(path, first)+" too")
					valid = false
				}
				if !valid {
					var none V // keeps the places of those behind, which later checks name
					v = none
				} else {
					seen[v] = i
				}
				values = append(values, v)
			}
			return values, true
		},
		format: func(values []V) string {
			if len(values) == 0 && least > 0 {
				return ""
			}
			texts := make([]string, len(values))
			for i, v := range values {
				texts[i] = of.format(v)
			}
			return "[" + strings.Join(texts, ", ") + "]"
		},
	}
}
