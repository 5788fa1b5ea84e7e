package config

import (
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// Pattern says which instruments of a venue to follow without naming them: BASE-QUOTE, where * stands
// for any letters and digits, also none: "*-KRW", "BTC-*", "*UP-USDT". A * never stands for the dash,
// so that a pattern of two parts takes spot instruments alone. "*" is "*-*". Behind an exclamation
// mark ("!DOGE-KRW") it takes instruments out of what the others name, wherever it stands.
type Pattern string

// Excludes reports whether p takes out.
func (p Pattern) Excludes() bool { return strings.HasPrefix(string(p), "!") }

// Matches reports whether p, with or without its exclamation mark, is about the instrument.
func (p Pattern) Matches(i market.Instrument) bool { return p.matches(i.Name()) }

func (p Pattern) matches(name string) bool {
	for _, want := range p.parts() {
		var part string
		if name == "" {
			return false
		}
		part, name, _ = strings.Cut(name, "-")
		if !like(part, want) {
			return false
		}
	}
	return name == ""
}

// parts are base and quote, without the exclamation mark.
func (p Pattern) parts() []string {
	text := strings.TrimPrefix(string(p), "!")
	if text == "*" {
		text = "*-*"
	}
	return strings.Split(text, "-")
}

// like reports whether text fits want, where * stands for any text.
func like(text, want string) bool {
	literal, rest, starred := strings.Cut(want, "*")
	if !starred {
		return text == want
	}
	text, ok := strings.CutPrefix(text, literal)
	for ok {
		// The first place where the next literal stands is as good as any later one.
		literal, rest, starred = strings.Cut(rest, "*")
		if !starred {
			return strings.HasSuffix(text, literal)
		}
		_, text, ok = strings.Cut(text, literal)
	}
	return false
}

// patternRule says what a pattern looks like: "" and true, or a hint. Without a star only an
// exclusion is one.
func patternRule(text string) (hint string, ok bool) {
	body, excludes := strings.CutPrefix(text, "!")
	parts := Pattern(body).parts()
	if !excludes && !strings.Contains(body, "*") || len(body) > 64 {
		return "", false
	}
	if len(parts) != 2 {
		return "base, a dash and quote: \"*-KRW\", \"BTC-*\"", false
	}
	for _, part := range parts {
		if part == "" {
			return "base, a dash and quote: \"*-KRW\", \"BTC-*\"", false
		}
		for _, c := range []byte(part) {
			switch {
			case c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '*', c == '.', c == '_':
			case c >= 'a' && c <= 'z':
				return "in capitals: " + quote(strings.ToUpper(text)), false
			default:
				return "capitals, digits and * alone", false
			}
		}
	}
	return "", true
}
