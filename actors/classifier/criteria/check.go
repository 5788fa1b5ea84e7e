package criteria

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// value is what a part of a criterion compiles to.
type value struct {
	ok  bool // false: a fault was reported, and nothing more is to be said of it
	id  int32
	typ Type
}

// checker turns a tree into steps. Faults are collected, so that one look shows them all.
type checker struct {
	*graph
	runes    []rune
	faults   []*Fault
	features []string // in the order of first use
	figures  []figure // where features and functions over bars stand in the text
}

// figure is where the text has a figure, in characters, and the step of it.
type figure struct {
	from, to int
	id       int32
}

func (c *checker) fault(at int, hint, format string, args ...any) value {
	f := faultAt(c.runes, at, hint, format, args...)
	same := func(g *Fault) bool { return *f == *g }
	if len(c.faults) < faultsMax && !slices.ContainsFunc(c.faults, same) {
		c.faults = append(c.faults, f)
	}
	return value{}
}

func (c *checker) err() error {
	slices.SortStableFunc(c.faults, func(a, b *Fault) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	all := make([]error, len(c.faults))
	for i, f := range c.faults {
		all[i] = f
	}
	return errors.Join(all...)
}

// value compiles a part that stands in frame: inside a function over bars, or now.
func (c *checker) value(n *node, frame int8) value {
	switch n.kind {
	case nodeNumber:
		return c.number(n.value)
	case nodeDuration:
		return value{true, c.constant(n.duration.Seconds()), Duration}
	case nodeTruth:
		v := 0.0
		if n.truth {
			v = 1
		}
		return value{true, c.truth(v), Truth}
	case nodeText:
		return c.fault(n.from, `text is compared with == or !=, and "1d" is the last value of a function over bars`, "text in quotes cannot be used here")
	case nodeName:
		return c.name(n, frame)
	case nodeUnary:
		return c.sign(n, frame)
	case nodeBinary:
		if n.operator == "&&" || n.operator == "||" {
			return c.logic(n, frame)
		}
		return c.arithmetic(n, frame)
	case nodeChain:
		return c.chain(n, frame)
	case nodeBetween:
		return c.between(n, frame)
	}
	return c.call(n, frame)
}

func (c *checker) number(v float64) value { return value{true, c.constant(v), Number} }

// note remembers that the text has a figure here.
func (c *checker) note(n *node, id int32) { c.figures = append(c.figures, figure{n.from, n.to, id}) }

func (c *checker) name(n *node, frame int8) value {
	field := slices.Index(barFields, n.text)
	if frame != now {
		if field >= 0 {
			return value{true, c.bar(frame, field), Number}
		}
		if _, ok := c.env.feature(n.text); ok {
			return c.fault(n.from, "inside a function over bars there are open, high, low, close, volume and turnover", "%q is known only now, not of every bar", shown(n.text))
		}
		return c.fault(n.from, didYouMean(n.text, barFields, "inside a function over bars there are open, high, low, close, volume and turnover"), "%q is not a field of a bar", shown(n.text))
	}
	if f, ok := c.env.feature(n.text); ok {
		if !slices.Contains(c.features, n.text) {
			c.features = append(c.features, n.text)
		}
		id := c.add(step{op: opFeature, typ: f.Type, frame: now, a: none, b: none, n: int32(f.Slot)}, n.text)
		c.note(n, id)
		return value{true, id, f.Type}
	}
	if i, ok := c.env.frame(c.env.Frame); ok && field >= 0 {
		id := c.bar(int8(i), field)
		c.note(n, id)
		return value{true, id, Number}
	}
	hint := "see the list of features"
	switch {
	case field >= 0 && len(c.env.Frames) > 0:
		hint = fmt.Sprintf("of a bar write %s(%q)", n.text, PeriodName(c.env.Frames[0]))
	case slices.Contains(functionNames, n.text):
		hint = fmt.Sprintf("it is a function: write %s", usage(n.text))
	default:
		known := c.env.Known
		if c.env.Frame != 0 {
			known = append(slices.Clone(known), barFields...)
		}
		hint = didYouMean(n.text, known, hint)
	}
	return c.fault(n.from, hint, "%q is not a feature", shown(n.text))
}

func (c *checker) sign(n *node, frame int8) value {
	x := c.value(n.args[0], frame)
	if !x.ok {
		return x
	}
	if n.operator == "!" {
		if !c.wantTruth(x, n.args[0], string(c.runes[n.from:min(n.from+operatorLength(c.runes[n.from]), len(c.runes))])) {
			return value{}
		}
		return value{true, c.unary(opNot, frame, x.id, n.String()), Truth}
	}
	if !c.wantFigure(x, n.args[0], "the sign "+n.operator) {
		return value{}
	}
	if n.operator == "+" {
		return x
	}
	return value{true, c.unary(opNegate, frame, x.id, n.String()), x.typ}
}

// operatorLength tells ! from not by its first letter.
func operatorLength(r rune) int {
	if r == '!' {
		return 1
	}
	return len("not")
}

func (c *checker) logic(n *node, frame int8) value {
	l, r := c.value(n.args[0], frame), c.value(n.args[1], frame)
	operator := "&&"
	if n.operator == "||" {
		operator = "||"
	}
	if c.runes[n.at] != '&' && c.runes[n.at] != '|' {
		operator = map[string]string{"&&": "and", "||": "or"}[operator]
	}
	left, right := c.wantTruth(l, n.args[0], operator), c.wantTruth(r, n.args[1], operator)
	if !left || !right {
		return value{}
	}
	return value{true, c.join(n.operator, frame, l.id, r.id, n.String()), Truth}
}

// join returns l && r or l || r; what a constant decides is not computed.
func (c *checker) join(operator string, frame int8, l, r int32, label string) int32 {
	o, decides := opAnd, 0.0
	if operator == "||" {
		o, decides = opOr, 1
	}
	for _, pair := range [2][2]int32{{l, r}, {r, l}} {
		if c.isConstant(pair[0]) {
			if c.steps[pair[0]].value == decides {
				return pair[0]
			}
			return pair[1]
		}
	}
	return c.binary(o, frame, l, r, label)
}

func (c *checker) arithmetic(n *node, frame int8) value {
	l, r := c.value(n.args[0], frame), c.value(n.args[1], frame)
	left, right := c.wantFigure(l, n.args[0], n.operator), c.wantFigure(r, n.args[1], n.operator)
	if !left || !right {
		return value{}
	}
	typ, ok := arithmeticType(n.operator, l.typ, r.typ)
	if !ok {
		return c.fault(n.at, "a period is added to a period, and multiplied with or divided by a number", "%s between %v and %v", n.operator, l.typ, r.typ)
	}
	o := map[string]op{"+": opAdd, "-": opSubtract, "*": opMultiply, "/": opDivide}[n.operator]
	if o == opDivide && c.isConstant(r.id) && c.steps[r.id].value == 0 {
		return c.fault(n.at, "the answer would never be ready", "division by zero")
	}
	return c.folded(n.at, value{true, c.binary(o, frame, l.id, r.id, n.String()), typ})
}

// arithmeticType returns the type of l operator r.
func arithmeticType(operator string, l, r Type) (Type, bool) {
	switch {
	case l == Number && r == Number:
		return Number, true
	case operator == "+" || operator == "-":
		return l, l == r
	case operator == "*":
		return Duration, l != r
	case r == Number:
		return Duration, true
	}
	return Number, l == r
}

// folded returns v, or a fault if it is a constant that no number holds.
func (c *checker) folded(at int, v value) value {
	if x := c.steps[v.id].value; c.isConstant(v.id) && (math.IsNaN(x) || math.IsInf(x, 0)) {
		return c.fault(at, "use smaller numbers", "the result is beyond what a number holds")
	}
	return v
}

func (c *checker) chain(n *node, frame int8) value {
	if len(n.operators) == 1 && equality(n.operators[0]) {
		if v, ok := c.texts(n, frame); ok {
			return v
		}
	}
	sides, sound := make([]value, len(n.args)), true
	for i, a := range n.args {
		sides[i] = c.value(a, frame)
		sound = c.wantFigure(sides[i], a, n.operators[min(i, len(n.operators)-1)]) && sound
	}
	if !sound {
		return value{}
	}
	all := none
	for i, operator := range n.operators {
		if sides[i].typ != sides[i+1].typ {
			return c.typesDiffer(n.ats[i], operator, sides[i].typ, sides[i+1].typ)
		}
		label := n.String()
		if len(n.operators) > 1 {
			one := node{kind: nodeChain, args: n.args[i : i+2], operators: n.operators[i : i+1]}
			label = one.String()
		}
		id := c.compare(operator, frame, sides[i].id, sides[i+1].id, label)
		if all == none {
			all = id
		} else {
			all = c.join("&&", frame, all, id, n.String())
		}
	}
	return value{true, all, Truth}
}

func (c *checker) typesDiffer(at int, operator string, l, r Type) value {
	hint := "compare numbers with numbers"
	if l == Duration || r == Duration {
		hint = "compare a period with a period, such as 5m"
	}
	return c.fault(at, hint, "%s between %v and %v", operator, l, r)
}

// compare returns l operator r.
func (c *checker) compare(operator string, frame int8, l, r int32, label string) int32 {
	switch operator {
	case "<":
		return c.swapped(opGreater, frame, r, l, label)
	case "<=":
		return c.swapped(opGreaterEqual, frame, r, l, label)
	case ">":
		return c.binary(opGreater, frame, l, r, label)
	case ">=":
		return c.binary(opGreaterEqual, frame, l, r, label)
	}
	id := c.binary(opEqual, frame, l, r, label)
	if operator == "!=" {
		return c.unary(opNot, frame, id, label)
	}
	return id
}

// swapped is binary for what was written the other way round, which distances want to know.
func (c *checker) swapped(o op, frame int8, a, b int32, label string) int32 {
	if c.isConstant(a) && c.isConstant(b) {
		return c.binary(o, frame, a, b, label)
	}
	return c.add(step{op: o, typ: Truth, frame: frame, a: a, b: b, n: 1}, label)
}

// texts compares a feature of type Text with a word; false if neither side is text.
func (c *checker) texts(n *node, frame int8) (value, bool) {
	feature, word := n.args[0], n.args[1]
	if feature.kind == nodeText {
		feature, word = word, feature
	}
	if word.kind != nodeText || feature.kind == nodeText {
		return value{}, false
	}
	x := c.value(feature, frame)
	if !x.ok {
		return x, true
	}
	f, ok := c.env.feature(feature.text)
	if x.typ != Text || !ok || f.Code == nil {
		return c.fault(word.from, "text is compared with a feature that is text", "%s between %v and text", n.operators[0], x.typ), true
	}
	code := c.add(step{op: opConst, typ: Text, frame: now, a: none, b: none, value: f.Code(word.text)}, word.String())
	return value{true, c.compare(n.operators[0], frame, x.id, code, n.String()), Truth}, true
}

func (c *checker) between(n *node, frame int8) value {
	sides, sound := [3]value{}, true
	for i, a := range n.args {
		sides[i] = c.value(a, frame)
		sound = c.wantFigure(sides[i], a, "between") && sound
	}
	if !sound {
		return value{}
	}
	x, low, high := sides[0], sides[1], sides[2]
	for _, end := range [2]value{low, high} {
		if end.typ != x.typ {
			return c.typesDiffer(n.at, "between", x.typ, end.typ)
		}
	}
	if c.isConstant(low.id) && c.isConstant(high.id) && c.steps[low.id].value > c.steps[high.id].value {
		return c.fault(n.args[1].from, "write between low and high", "between %s and %s is empty", n.args[1], n.args[2])
	}
	text := n.args[0].text
	if n.args[0].kind != nodeName {
		text = n.args[0].bracketed()
	}
	above := c.compare(">=", frame, x.id, low.id, text+" >= "+n.args[1].bracketed())
	below := c.compare("<=", frame, x.id, high.id, text+" <= "+n.args[2].bracketed())
	id := c.join("&&", frame, above, below, n.String())
	if n.truth {
		id = c.unary(opNot, frame, id, n.String())
	}
	return value{true, id, Truth}
}

// bracketed writes a side of a comparison.
func (n *node) bracketed() string {
	if n.level() < levelSum {
		return "(" + n.String() + ")"
	}
	return n.String()
}

// wantTruth reports whether v is a truth; if not, it says so once.
func (c *checker) wantTruth(v value, n *node, operator string) bool {
	if v.ok && v.typ != Truth {
		hint := "compare it with something, such as " + example(n)
		if operator == "!" {
			hint = "! binds tighter than a comparison, so write !(x > 1) or not x > 1"
		}
		c.fault(n.first(), hint, "%s wants true or false, and this is %v", operator, v.typ)
	}
	return v.ok && v.typ == Truth
}

// wantFigure reports whether v is a number or a period; if not, it says so once.
func (c *checker) wantFigure(v value, n *node, operator string) bool {
	if !v.ok || v.typ == Number || v.typ == Duration {
		return v.ok
	}
	hint := "join comparisons with && and ||"
	switch {
	case v.typ == Text:
		hint = `compare it with text in quotes: ` + shown(n.text) + ` == "…"`
	case n.kind == nodeUnary && n.operator == "!":
		hint = "! binds tighter than a comparison, so write !(x > 1) or not x > 1"
	}
	c.fault(n.first(), hint, "%s wants a number, and this is %v", operator, v.typ)
	return false
}

// first returns where a part begins, without brackets.
func (n *node) first() int {
	for n.kind == nodeBinary || n.kind == nodeChain || n.kind == nodeBetween {
		n = n.args[0]
	}
	return n.from
}

// example returns a comparison of what stands in the text, to show what is meant.
func example(n *node) string {
	if n.kind == nodeName {
		return shown(n.text) + " > 0"
	}
	return "x > 0"
}
