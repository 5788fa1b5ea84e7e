package criteria

// Language says in one line what a criterion may hold; it is the hint where something else stands.
const Language = "a criterion has numbers, names, functions, + - * /, < <= > >= == !=, between, && || !, and, or, not, true, false and ( )"

// parser reads a criterion by recursive descent. It ends at the first fault in the grammar.
type parser struct {
	runes  []rune
	tokens []token
	at     int
	depth  int
	parts  int
}

// stop is how a fault leaves the parser.
type stop struct{ fault *Fault }

// parse returns the tree of a criterion.
func parse(text string) (root *node, fault *Fault) {
	runes := []rune(text)
	tokens, fault := lex(text, runes)
	if fault != nil {
		return nil, fault
	}
	p := &parser{runes: runes, tokens: tokens}
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				panic(r)
			}
			root, fault = nil, s.fault
		}
	}()
	root = p.or()
	if t := p.token(); t.kind != tokenEnd {
		p.unexpected(t)
	}
	return root, nil
}

func (p *parser) token() token { return p.tokens[p.at] }

// follows returns the token behind the next; the end follows the end.
func (p *parser) follows() token { return p.tokens[min(p.at+1, len(p.tokens)-1)] }

func (p *parser) fail(at int, hint, format string, args ...any) {
	panic(stop{faultAt(p.runes, at, hint, format, args...)})
}

// unexpected ends with a fault at a token that cannot stand there.
func (p *parser) unexpected(t token) {
	if t.kind == tokenFault {
		panic(stop{t.fault})
	}
	if t.kind == tokenEnd {
		p.fail(len(p.runes), "a value or a closing bracket is missing", "the expression ends too early")
	}
	hint := Language
	switch t.text {
	case "AND", "And":
		hint = "write && or and"
	case "OR", "Or":
		hint = "write || or or"
	case "NOT", "Not":
		hint = "write ! or not"
	case "BETWEEN":
		hint = "write between"
	case "in":
		hint = "write x == 1 or x == 2, or x between 1 and 2"
	case "not":
		hint = "put it in brackets: (not x)"
	case ")":
		hint = "no bracket is open here, or a value is missing before it"
	case ",":
		hint = "a comma stands between the values of a function"
	}
	p.fail(t.from, hint, "unexpected %q", shown(string(p.runes[t.from:t.to])))
}

// sign takes the next token if it is one of the operators.
func (p *parser) sign(operators ...string) (token, bool) {
	t := p.token()
	if t.kind == tokenSign {
		for _, o := range operators {
			if t.text == o {
				p.at++
				return t, true
			}
		}
	}
	return t, false
}

// word takes the next token if it is that word.
func (p *parser) word(text string) (token, bool) {
	t := p.token()
	if t.kind == tokenWord && t.text == text {
		p.at++
		return t, true
	}
	return t, false
}

func (p *parser) expect(sign string) token {
	t, ok := p.sign(sign)
	if !ok {
		p.unexpected(t)
	}
	return t
}

// part counts a part of the tree.
func (p *parser) part(n *node) *node {
	if p.parts++; p.parts > partsMax {
		p.fail(0, "split the criterion", "the expression has more than %d parts", partsMax)
	}
	return n
}

// deeper enters a bracket, a call or a sign; leave ends it.
func (p *parser) deeper(t token) {
	if p.depth++; p.depth > nestingMax {
		p.fail(t.from, "split the criterion", "brackets are nested deeper than %d", nestingMax)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) binary(operator string, t token, l, r *node) *node {
	return p.part(&node{kind: nodeBinary, operator: operator, args: []*node{l, r}, from: l.from, to: r.to, at: t.from})
}

func (p *parser) or() *node {
	l := p.and()
	for {
		t, ok := p.sign("||")
		if !ok {
			if t, ok = p.word("or"); !ok {
				return l
			}
		}
		l = p.binary("||", t, l, p.and())
	}
}

func (p *parser) and() *node {
	l := p.not()
	for {
		t, ok := p.sign("&&")
		if !ok {
			if t, ok = p.word("and"); !ok {
				return l
			}
		}
		l = p.binary("&&", t, l, p.not())
	}
}

// not binds less than a comparison: not a > 1 is not (a > 1).
func (p *parser) not() *node {
	t, ok := p.word("not")
	if !ok {
		return p.comparison()
	}
	p.deeper(t)
	defer p.leave()
	x := p.not()
	return p.part(&node{kind: nodeUnary, operator: "!", args: []*node{x}, from: t.from, to: x.to, at: t.from})
}

var comparisons = []string{"<", "<=", ">", ">=", "==", "!="}

func (p *parser) comparison() *node {
	l := p.sum()
	if n, ok := p.between(l); ok {
		return n
	}
	t, ok := p.sign(comparisons...)
	if !ok {
		return l
	}
	n := p.part(&node{kind: nodeChain, args: []*node{l}, from: l.from, at: t.from})
	for ok {
		r := p.sum()
		n.args, n.operators, n.ats, n.to = append(n.args, r), append(n.operators, t.text), append(n.ats, t.from), r.to
		if t, ok = p.sign(comparisons...); ok {
			p.part(nil)
			if equality(t.text) || equality(n.operators[0]) {
				p.fail(t.from, "join comparisons with && and ||", "unexpected %q: only < <= > >= can be chained", t.text)
			}
		}
	}
	if t := p.token(); t.kind == tokenWord && t.text == "between" {
		p.fail(t.from, "join comparisons with && and ||", "unexpected %q", t.text)
	}
	return n
}

func equality(operator string) bool { return operator == "==" || operator == "!=" }

// between reads what follows x in: x between low and high, x not between low and high.
func (p *parser) between(x *node) (*node, bool) {
	begun, negated := p.token(), false
	if next := p.follows(); begun.kind == tokenWord && begun.text == "not" && next.kind == tokenWord && next.text == "between" {
		p.at++
		negated = true
	}
	if _, ok := p.word("between"); !ok {
		return nil, false
	}
	low := p.sum()
	if t, ok := p.word("and"); !ok {
		if _, ok := p.sign("&&"); !ok {
			if t.kind == tokenFault {
				p.unexpected(t)
			}
			p.fail(t.from, "write x between low and high", "between wants two ends")
		}
	}
	high := p.sum()
	return p.part(&node{kind: nodeBetween, truth: negated, args: []*node{x, low, high}, from: x.from, to: high.to, at: begun.from}), true
}

func (p *parser) sum() *node {
	l := p.product()
	for {
		t, ok := p.sign("+", "-")
		if !ok {
			return l
		}
		l = p.binary(t.text, t, l, p.product())
	}
}

func (p *parser) product() *node {
	l := p.signed()
	for {
		t, ok := p.sign("*", "/")
		if !ok {
			return l
		}
		l = p.binary(t.text, t, l, p.signed())
	}
}

func (p *parser) signed() *node {
	t, ok := p.sign("-", "+", "!")
	if !ok {
		return p.value()
	}
	p.deeper(t)
	defer p.leave()
	x := p.signed()
	return p.part(&node{kind: nodeUnary, operator: t.text, args: []*node{x}, from: t.from, to: x.to, at: t.from})
}

func (p *parser) value() *node {
	t := p.token()
	n := &node{from: t.from, to: t.to, at: t.from}
	switch t.kind {
	case tokenNumber:
		n.kind, n.value, n.text = nodeNumber, t.value, t.text
	case tokenDuration:
		n.kind, n.duration = nodeDuration, t.duration
	case tokenText:
		n.kind, n.text = nodeText, t.text
	case tokenWord:
		return p.named(t, n)
	case tokenSign:
		if t.text != "(" {
			p.unexpected(t)
		}
		p.at++
		p.deeper(t)
		defer p.leave()
		inner := p.or()
		p.expect(")")
		return inner
	default:
		p.unexpected(t)
	}
	p.at++
	return p.part(n)
}

// named reads a name, a call, true or false.
func (p *parser) named(t token, n *node) *node {
	switch t.text {
	case "and", "or", "not", "between", "AND", "OR", "NOT":
		p.unexpected(t)
	case "true", "false":
		n.kind, n.truth = nodeTruth, t.text == "true"
		p.at++
		return p.part(n)
	}
	p.at++
	n.kind, n.text = nodeName, t.text
	open, ok := p.sign("(")
	if !ok {
		return p.part(n)
	}
	n.kind = nodeCall
	p.deeper(open)
	defer p.leave()
	closed, ok := p.sign(")")
	for !ok {
		n.args = append(n.args, p.or())
		if closed, ok = p.sign(")"); !ok {
			if _, comma := p.sign(","); !comma {
				p.unexpected(closed)
			}
		}
	}
	n.to = closed.to
	return p.part(n)
}
