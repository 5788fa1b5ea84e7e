package criteria

import (
	"strconv"
	"strings"
	"time"
)

// nodeKind is what a part of a criterion is.
type nodeKind uint8

const (
	nodeNumber   nodeKind = iota // value; text as written
	nodeDuration                 // duration
	nodeText                     // text
	nodeTruth                    // truth
	nodeName                     // text
	nodeCall                     // text ( args… )
	nodeUnary                    // operator - + ! on args[0]
	nodeBinary                   // operator + - * / && || on args[0], args[1]
	nodeChain                    // args[0] operators[0] args[1] operators[1] …: comparisons
	nodeBetween                  // args[0] between args[1] and args[2]; truth: not between
)

// node is a part of a criterion. Places are in characters.
type node struct {
	kind      nodeKind
	operator  string
	operators []string
	text      string
	value     float64
	duration  time.Duration
	truth     bool
	args      []*node
	from, to  int // without brackets around it
	at        int // of the operator; else from
	ats       []int
}

// Levels of binding, from loose to tight.
const (
	levelOr = iota
	levelAnd
	levelNot
	levelCompare
	levelSum
	levelProduct
	levelSign
	levelValue
)

func (n *node) level() int {
	switch n.kind {
	case nodeBinary:
		switch n.operator {
		case "||":
			return levelOr
		case "&&":
			return levelAnd
		case "+", "-":
			return levelSum
		}
		return levelProduct
	case nodeUnary:
		return levelSign
	case nodeChain, nodeBetween:
		return levelCompare
	}
	return levelValue
}

// String writes the part so that it reads back as the same.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b, levelOr)
	return b.String()
}

// write appends n, in brackets where it binds less than level.
func (n *node) write(b *strings.Builder, level int) {
	if n.level() < level {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	switch n.kind {
	case nodeNumber:
		if n.text != "" {
			b.WriteString(n.text)
		} else {
			b.WriteString(strconv.FormatFloat(n.value, 'g', -1, 64))
		}
	case nodeDuration:
		b.WriteString(PeriodName(n.duration))
	case nodeText:
		quote := `"`
		if strings.Contains(n.text, quote) {
			quote = `'`
		}
		b.WriteString(quote + n.text + quote)
	case nodeTruth:
		b.WriteString(strconv.FormatBool(n.truth))
	case nodeName:
		b.WriteString(n.text)
	case nodeCall:
		b.WriteString(n.text + "(")
		for i, a := range n.args {
			if i > 0 {
				b.WriteString(", ")
			}
			a.write(b, levelOr)
		}
		b.WriteByte(')')
	case nodeUnary:
		b.WriteString(n.operator)
		n.args[0].write(b, levelSign)
	case nodeBinary:
		n.args[0].write(b, n.level())
		b.WriteString(" " + n.operator + " ")
		n.args[1].write(b, n.level()+1)
	case nodeChain:
		for i, a := range n.args {
			if i > 0 {
				b.WriteString(" " + n.operators[i-1] + " ")
			}
			a.write(b, levelSum)
		}
	case nodeBetween:
		n.args[0].write(b, levelSum)
		if n.truth {
			b.WriteString(" not")
		}
		b.WriteString(" between ")
		n.args[1].write(b, levelSum)
		b.WriteString(" and ")
		n.args[2].write(b, levelSum)
	}
}

// same reports whether two parts say the same, wherever they stand.
func (n *node) same(m *node) bool {
	if n.kind != m.kind || n.operator != m.operator || n.value != m.value || n.duration != m.duration || n.truth != m.truth ||
		len(n.args) != len(m.args) || strings.Join(n.operators, " ") != strings.Join(m.operators, " ") {
		return false
	}
	if n.kind != nodeNumber && n.text != m.text {
		return false
	}
	for i := range n.args {
		if !n.args[i].same(m.args[i]) {
			return false
		}
	}
	return true
}
