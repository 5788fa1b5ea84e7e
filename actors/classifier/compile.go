package classifier

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// allowed is the hint for what the language has not.
const allowed = "an expression has numbers, features, + - * /, < <= > >= == !=, && || !, and, or, not, true, false, abs, min, max and ( )"

// term is a part of an expression: a number or a truth.
type term struct {
	ok       bool // false: a fault was reported, and nothing more is to be said of it
	truth    truth
	number   number
	constant bool // number is value whatever the row
	value    float64
	feature  bool // number is what the row has at slot
	slot     int
}

// compiler turns a tree into closures. Faults are collected, so that one look shows them all.
type compiler struct {
	text     []rune
	index    func(string) (int, bool)
	known    []string
	nodes    int
	faults   []*Fault
	features []string
	figures  []figure
}

func (c *compiler) fault(at int, hint, format string, args ...any) term {
	f := faultAt(c.text, at, hint, format, args...)
	// In a chain of comparisons the tree holds the middle twice.
	same := func(g *Fault) bool { return *f == *g }
	if len(c.faults) < faultsMax && !slices.ContainsFunc(c.faults, same) {
		c.faults = append(c.faults, f)
	}
	return term{}
}

func (c *compiler) err() error {
	slices.SortStableFunc(c.faults, func(a, b *Fault) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	all := make([]error, len(c.faults))
	for i, f := range c.faults {
		all[i] = f
	}
	return errors.Join(all...)
}

// term compiles a node. Chains share nodes, so counting visits also bounds the time.
func (c *compiler) term(node ast.Node) term {
	c.nodes++
	if c.nodes == expressionNodesMax+1 {
		return c.fault(0, "split the criterion", "the expression has more than %d parts", expressionNodesMax)
	}
	if c.nodes > expressionNodesMax || node == nil {
		return term{}
	}
	at := node.Location().From
	switch n := node.(type) {
	case *ast.IntegerNode:
		return constant(float64(n.Value))
	case *ast.FloatNode:
		return constant(n.Value)
	case *ast.BoolNode:
		v := verdictOf(n.Value)
		return term{ok: true, truth: func([]float64) Verdict { return v }}
	case *ast.IdentifierNode:
		return c.identifier(n, at)
	case *ast.UnaryNode:
		return c.unary(n, at)
	case *ast.BinaryNode:
		return c.binary(n, at)
	case *ast.BuiltinNode:
		return c.call(n.Name, n.Arguments, at)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(callee.Value, n.Arguments, at)
		}
	}
	return c.fault(at, allowed, "%s cannot be used here", describe(node))
}

func (c *compiler) identifier(n *ast.IdentifierNode, at int) term {
	slot, ok := c.index(n.Value)
	if !ok {
		hint := "see the list of features"
		if name, ok := nearest(n.Value, c.known); ok {
			hint = "did you mean " + name + "?"
		}
		return c.fault(at, hint, "%q is not a feature", shown(n.Value))
	}
	if !slices.Contains(c.features, n.Value) {
		c.features = append(c.features, n.Value)
	}
	c.figures = append(c.figures, figure{at, n.Location().To, slot})
	return term{ok: true, number: featureAt(slot), feature: true, slot: slot}
}

func (c *compiler) unary(n *ast.UnaryNode, at int) term {
	t := c.term(n.Node)
	if !t.ok {
		return t
	}
	switch n.Operator {
	case "!", "not":
		if !c.wantTruth(t, n.Node, n.Operator) {
			return term{}
		}
		return term{ok: true, truth: not(t.truth)}
	case "-":
		switch {
		case !c.wantNumber(t, n.Node, "the sign -"):
			return term{}
		case t.constant:
			return constant(-t.value)
		}
		return term{ok: true, number: negate(t.number)}
	case "+":
		if !c.wantNumber(t, n.Node, "the sign +") {
			return term{}
		}
		return t
	}
	return c.fault(at, allowed, "operator %s is not known", n.Operator)
}

func (c *compiler) binary(n *ast.BinaryNode, at int) term {
	switch n.Operator {
	case "&&", "and", "||", "or", "+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=":
	default:
		return c.fault(at, allowed, "operator %s is not known", n.Operator)
	}
	l, r := c.term(n.Left), c.term(n.Right)
	switch n.Operator {
	case "&&", "and", "||", "or":
		left, right := c.wantTruth(l, n.Left, n.Operator), c.wantTruth(r, n.Right, n.Operator)
		switch {
		case !left || !right:
			return term{}
		case n.Operator == "&&" || n.Operator == "and":
			return term{ok: true, truth: and(l.truth, r.truth)}
		}
		return term{ok: true, truth: or(l.truth, r.truth)}
	}
	left, right := c.wantNumber(l, n.Left, n.Operator), c.wantNumber(r, n.Right, n.Operator)
	if !left || !right {
		return term{}
	}
	switch n.Operator {
	case "+", "-", "*", "/":
		if n.Operator == "/" && r.constant && r.value == 0 {
			return c.fault(at, "the answer would never be ready", "division by zero")
		}
		return c.folded(at, arithmetic(n.Operator, l, r), l, r)
	}
	return term{ok: true, truth: compare(n.Operator, l, r)}
}

func (c *compiler) call(name string, arguments []ast.Node, at int) term {
	if !slices.Contains(functions, name) {
		hint := "known are abs, min and max"
		if near, ok := nearest(name, functions); ok {
			hint = "did you mean " + near + "?"
		}
		return c.fault(at, hint, "%q is not a function", shown(name))
	}
	if len(arguments) > 0 && start(arguments[0]) < at { // the parser reads x | min(y) as min(x, y)
		return c.fault(at, fmt.Sprintf("write %s(x, y)", name), "a pipe (|) cannot be used here")
	}
	terms, sound := make([]term, len(arguments)), true
	for i, a := range arguments {
		terms[i] = c.term(a)
		sound = c.wantNumber(terms[i], a, name) && sound
	}
	switch {
	case name == "abs" && len(terms) != 1:
		return c.fault(at, "write abs(x)", "abs takes one number, not %d", len(terms))
	case name != "abs" && len(terms) < 2:
		return c.fault(at, fmt.Sprintf("write %s(x, y)", name), "%s takes two numbers or more, not %d", name, len(terms))
	case !sound:
		return term{}
	}
	f := terms[0].number
	switch name {
	case "abs":
		f = absolute(f)
	case "min":
		for _, t := range terms[1:] {
			f = smaller(f, t.number)
		}
	case "max":
		for _, t := range terms[1:] {
			f = greater(f, t.number)
		}
	}
	return c.folded(at, f, terms...)
}

var functions = []string{"abs", "min", "max"}

// folded returns f as a term, and as a constant where all it is made of is constant.
func (c *compiler) folded(at int, f number, of ...term) term {
	for _, t := range of {
		if !t.constant {
			return term{ok: true, number: f}
		}
	}
	v := f(nil)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return c.fault(at, "use smaller numbers", "the result is beyond what a number holds")
	}
	return constant(v)
}

func constant(v float64) term {
	return term{ok: true, number: func([]float64) float64 { return v }, constant: true, value: v}
}

// wantTruth reports whether t is a truth; if not, it says so once.
func (c *compiler) wantTruth(t term, node ast.Node, operator string) bool {
	if t.ok && t.truth == nil {
		hint := "compare it with something, such as " + example(node)
		if operator == "not" || operator == "!" {
			hint = "not binds tighter than a comparison, so write not (x > 1)"
		}
		c.fault(start(node), hint, "%s wants true or false, and this is a number", operator)
	}
	return t.truth != nil
}

// wantNumber reports whether t is a number; if not, it says so once.
func (c *compiler) wantNumber(t term, node ast.Node, operator string) bool {
	if t.ok && t.number == nil {
		hint := "join comparisons with && and ||"
		if u, ok := node.(*ast.UnaryNode); ok && (u.Operator == "not" || u.Operator == "!") {
			hint = "not binds tighter than a comparison, so write not (x > 1)"
		}
		c.fault(start(node), hint, "%s wants a number, and this is true or false", operator)
	}
	return t.number != nil
}

// start returns where a part begins: operators stand behind their left side.
func start(node ast.Node) int {
	for {
		n, ok := node.(*ast.BinaryNode)
		if !ok {
			return node.Location().From
		}
		node = n.Left
	}
}

// example returns a comparison of what stands in the text, to show what is meant.
func example(node ast.Node) string {
	if n, ok := node.(*ast.IdentifierNode); ok {
		return shown(n.Value) + " > 0"
	}
	return "x > 0"
}

// describe names syntax that the parser knows and the language has not.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.StringNode, *ast.BytesNode:
		return "text in quotes"
	case *ast.NilNode:
		return "nil"
	case *ast.ArrayNode, *ast.SliceNode:
		return "a list"
	case *ast.MapNode, *ast.PairNode:
		return "a map"
	case *ast.MemberNode, *ast.ChainNode:
		return "a member (x.y or x[y])"
	case *ast.ConditionalNode:
		return "a choice (x ? y : z, if)"
	case *ast.PredicateNode, *ast.PointerNode:
		return "a closure"
	case *ast.VariableDeclaratorNode:
		return "a variable (let)"
	case *ast.SequenceNode:
		return "a sequence (;)"
	case *ast.CallNode:
		return "a method"
	}
	return "this"
}
