package criteria

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of one criterion. They bound memory and the time of one verdict: there are no loops, so
// the number of steps is at most that of the parts.
const (
	textBytesMax = 4096
	nestingMax   = 64   // brackets within brackets
	partsMax     = 1000 // numbers, names, operators and calls
	faultsMax    = 20   // of one criterion; more helps nobody
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	tokenEnd      tokenKind = iota
	tokenNumber             // 1e6, 3%
	tokenDuration           // 5m
	tokenText               // "1d"
	tokenWord               // a name, and, between
	tokenSign               // an operator, a bracket, a comma
	tokenFault              // what cannot be read; nothing follows
)

// token is one word of the text.
type token struct {
	kind     tokenKind
	text     string // as written; of a tokenText what is between the quotes
	from, to int    // in characters
	value    float64
	percent  bool
	duration time.Duration
	fault    *Fault
}

// signs are the operators and brackets, longest first.
var signs = []string{"&&", "||", "<=", ">=", "==", "!=", "<", ">", "!", "+", "-", "*", "/", "(", ")", ","}

// lex cuts a text into words. The last one is tokenEnd, or tokenFault: where the grammar does not
// get so far, another fault comes first.
func lex(text string, runes []rune) ([]token, *Fault) {
	switch {
	case len(text) > textBytesMax:
		return nil, faultAt(nil, 0, "want at most "+strconv.Itoa(textBytesMax), "the expression has %d bytes", len(text))
	case !utf8.ValidString(text):
		at := 0
		for at < len(text) {
			r, size := utf8.DecodeRuneInString(text[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return nil, faultAt(runes, utf8.RuneCountInString(text[:at]), "", "the expression is not UTF-8 text")
	}
	l := lexer{runes: runes}
	for {
		t, fault := l.next()
		if fault != nil {
			t = token{kind: tokenFault, fault: fault}
		}
		l.tokens = append(l.tokens, t)
		if t.kind == tokenEnd || t.kind == tokenFault {
			break
		}
	}
	if l.tokens[0].kind == tokenEnd {
		return nil, faultAt(nil, 0, "write one such as change_1m > 0.001", "the expression is empty")
	}
	return l.tokens, nil
}

type lexer struct {
	runes  []rune
	at     int
	tokens []token
}

func (l *lexer) peek(ahead int) rune {
	if l.at+ahead < len(l.runes) {
		return l.runes[l.at+ahead]
	}
	return 0
}

func (l *lexer) fault(at int, hint, format string, args ...any) *Fault {
	return faultAt(l.runes, at, hint, format, args...)
}

// skip goes past blanks and comments.
func (l *lexer) skip() *Fault {
	for l.at < len(l.runes) {
		switch r := l.runes[l.at]; {
		case unicode.IsSpace(r):
			l.at++
		case r == '/' && l.peek(1) == '/':
			for l.at < len(l.runes) && l.runes[l.at] != '\n' {
				l.at++
			}
		case r == '/' && l.peek(1) == '*':
			begun := l.at
			for l.at += 2; l.peek(0) != '*' || l.peek(1) != '/'; l.at++ {
				if l.at >= len(l.runes) {
					return l.fault(begun, "close it with */", "the comment has no end")
				}
			}
			l.at += 2
		default:
			return nil
		}
	}
	return nil
}

func isLetter(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func (l *lexer) next() (token, *Fault) {
	if fault := l.skip(); fault != nil {
		return token{}, fault
	}
	from := l.at
	if from >= len(l.runes) {
		return token{kind: tokenEnd, from: from, to: from}, nil
	}
	switch r := l.runes[from]; {
	case isDigit(r) || r == '.' && isDigit(l.peek(1)):
		return l.number()
	case isLetter(r):
		for isLetter(l.peek(0)) || isDigit(l.peek(0)) {
			l.at++
		}
		return token{kind: tokenWord, text: string(l.runes[from:l.at]), from: from, to: l.at}, nil
	case r == '"' || r == '\'':
		return l.quoted(r)
	}
	for _, sign := range signs {
		if strings.HasPrefix(string(l.runes[from:min(from+2, len(l.runes))]), sign) {
			if l.at += len(sign); sign == "<" && l.peek(0) == '>' {
				return token{}, l.fault(from, "write != for not equal", "unexpected %q", "<>")
			}
			return token{kind: tokenSign, text: sign, from: from, to: l.at}, nil
		}
	}
	hint := Language
	switch l.runes[from] {
	case '=':
		hint = "write == for equal"
	case '&':
		hint = "write && or and"
	case '|':
		hint = "write || or or"
	case '%':
		hint = "a percentage is written without a blank, such as 3%"
	}
	return token{}, l.fault(from, hint, "unexpected %q", string(l.runes[from]))
}

func (l *lexer) quoted(quote rune) (token, *Fault) {
	from := l.at
	for l.at++; l.peek(0) != quote || l.at >= len(l.runes); l.at++ {
		if l.at >= len(l.runes) || l.runes[l.at] == '\n' {
			return token{}, l.fault(from, "close it with "+string(quote), "the text in quotes has no end")
		}
		if l.runes[l.at] == '\\' {
			return token{}, l.fault(l.at, "leave it out", "a backslash cannot stand in quotes")
		}
	}
	l.at++
	return token{kind: tokenText, text: string(l.runes[from+1 : l.at-1]), from: from, to: l.at}, nil
}

// number reads a number and what is joined to it: 1_000, 1e6, 3%, 5m.
func (l *lexer) number() (token, *Fault) {
	from := l.at
	digits := func() {
		for isDigit(l.peek(0)) || l.peek(0) == '_' && isDigit(l.peek(1)) {
			l.at++
		}
	}
	digits()
	if l.peek(0) == '.' && isDigit(l.peek(1)) {
		l.at++
		digits()
	}
	mantissa, exponent := l.at, 0
	if e := l.peek(0); e == 'e' || e == 'E' {
		sign := 0
		if s := l.peek(1); s == '+' || s == '-' {
			sign = 1
		}
		if isDigit(l.peek(1 + sign)) {
			l.at += 1 + sign
			for isDigit(l.peek(0)) {
				l.at++
			}
			var err error
			if exponent, err = strconv.Atoi(string(l.runes[mantissa+1 : l.at])); err != nil {
				return token{}, l.fault(from, "use smaller numbers", "a number is beyond what can be held")
			}
		}
	}
	t := token{kind: tokenNumber, from: from}
	plain := strings.ReplaceAll(string(l.runes[from:mantissa]), "_", "")
	if l.peek(0) == '%' {
		l.at++
		t.percent = true
		exponent -= 2
	} else if isLetter(l.peek(0)) {
		return l.period(from, plain, mantissa == l.at)
	}
	v, err := strconv.ParseFloat(plain+"e"+strconv.Itoa(exponent), 64)
	if err != nil || math.IsInf(v, 0) {
		return token{}, l.fault(from, "use smaller numbers", "a number is beyond what can be held")
	}
	t.value, t.to, t.text = v, l.at, string(l.runes[from:l.at])
	return t, nil
}

// period reads the unit behind a number.
func (l *lexer) period(from int, digits string, whole bool) (token, *Fault) {
	for isLetter(l.peek(0)) || isDigit(l.peek(0)) {
		l.at++
	}
	text := string(l.runes[from:l.at])
	unit := strings.TrimLeft(text, "0123456789_.eE+-")
	d, err := ParsePeriod(digits + unit)
	if err != nil || !whole {
		return token{}, l.fault(from, "a period is a whole number and s, m, h, d or w, such as 30s, 5m, 1h, 1d", "%q is neither a number nor a period", shown(text))
	}
	return token{kind: tokenDuration, text: text, from: from, to: l.at, duration: d}, nil
}

// periodMax is the longest period: a hundred years.
const periodMax = 36500 * 24 * time.Hour

var periodUnits = []struct {
	unit time.Duration
	name string
}{{7 * 24 * time.Hour, "w"}, {24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}

// ParsePeriod reads 30s, 5m, 1h, 1d, 1w.
func ParsePeriod(text string) (time.Duration, error) {
	for _, u := range periodUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || n == 0 || time.Duration(n) > periodMax/u.unit {
			break
		}
		return time.Duration(n) * u.unit, nil
	}
	return 0, errPeriod
}

// PeriodName writes a period as ParsePeriod reads it; what is no whole number of seconds as
// time.Duration prints it.
func PeriodName(d time.Duration) string {
	for _, u := range periodUnits {
		if d > 0 && d%u.unit == 0 && (u.name != "w" || d == u.unit) {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return d.String()
}
