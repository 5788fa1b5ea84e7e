package criteria

import (
	"fmt"
	"math"
	"slices"
	"time"
)

func (c *checker) call(n *node, frame int8) value {
	if i := slices.Index(barFields, n.text); i >= 0 {
		return c.barField(n, i, frame)
	}
	f := byName[n.text]
	if f == nil {
		if _, ok := c.env.feature(n.text); ok {
			return c.fault(n.from, "write it without brackets", "%q is a feature, not a function", shown(n.text))
		}
		return c.fault(n.from, didYouMean(n.text, functionNames, "known are sma, ema, rsi, highest, change, abs and others: see docs/criteria.md"), "%q is not a function", shown(n.text))
	}
	if f.scalar != 0 {
		return c.scalar(f, n, frame)
	}
	return c.series(f, n, frame)
}

// scalar is a function of figures.
func (c *checker) scalar(f *function, n *node, frame int8) value {
	xs, sound := make([]value, len(n.args)), true
	for i, a := range n.args {
		xs[i] = c.value(a, frame)
		sound = c.wantFigure(xs[i], a, f.Name) && sound
	}
	switch {
	case f.scalar == 1 && len(xs) != 1:
		return c.fault(n.from, "write "+f.Name+"(x)", "%s takes one number, not %d", f.Name, len(xs))
	case f.scalar < 0 && len(xs) < 2:
		return c.fault(n.from, "write "+f.Name+"(x, y)", "%s takes two numbers or more, not %d", f.Name, len(xs))
	case !sound:
		return value{}
	case f.scalar == 1:
		return c.folded(n.from, value{true, c.unary(f.op, frame, xs[0].id, n.String()), xs[0].typ})
	}
	out := xs[0]
	for i, x := range xs[1:] {
		if x.typ != out.typ {
			return c.typesDiffer(n.args[i+1].first(), f.Name, out.typ, x.typ)
		}
		out.id = c.binary(f.op, frame, out.id, x.id, n.String())
	}
	return c.folded(n.from, out)
}

// barField is close("1d").
func (c *checker) barField(n *node, field int, frame int8) value {
	rest, at, ok := c.frame(n, frame)
	switch {
	case !ok:
		return value{}
	case len(rest) > 0:
		return c.fault(n.from, fmt.Sprintf("of earlier bars write lag(%s, 1)", n.text), "%s takes nothing but the interval of its bars", n.text)
	}
	id := c.bar(at, field)
	if frame == now {
		c.note(n, id)
	}
	return value{true, id, Number}
}

// frame takes the interval off the values of a call over bars: written last, that of the function
// around it, that of a function inside, or the one that needs no saying.
func (c *checker) frame(n *node, around int8) (rest []*node, frame int8, ok bool) {
	rest = n.args
	if len(c.env.Frames) == 0 {
		c.fault(n.from, "use what is known now, such as mean_5m or change_1m", "%s reads bars, and there are none here", n.text)
		return nil, now, false
	}
	if last := len(rest) - 1; last >= 0 {
		if d, is := interval(rest[last]); is {
			i, known := c.env.frame(d)
			switch {
			case !known:
				what := PeriodName(d)
				if rest[last].kind == nodeText {
					what = rest[last].text
				}
				c.fault(rest[last].from, "there are bars of "+c.env.frameNames(), "no bars of %q", shown(what))
				return nil, now, false
			case around != now && int8(i) != around:
				c.fault(rest[last].from, "a function over bars reads bars of one interval", "bars of %s inside a function over bars of %s", PeriodName(d), PeriodName(c.env.Frames[around]))
				return nil, now, false
			}
			return rest[:last], int8(i), true
		}
	}
	if around != now {
		return rest, around, true
	}
	if d, found := inner(rest); found {
		if i, known := c.env.frame(d); known {
			return rest, int8(i), true
		}
	}
	if i, known := c.env.frame(c.env.Frame); known {
		return rest, int8(i), true
	}
	c.fault(n.from, fmt.Sprintf(`write the interval last, such as %s(…, "%s")`, n.text, PeriodName(c.env.Frames[0])), "%s does not say of which bars", n.text)
	return nil, now, false
}

// interval reads "1d" or 1d; what is in quotes is taken for one in any case. A period of 0 is
// none that there is.
func interval(n *node) (time.Duration, bool) {
	switch n.kind {
	case nodeDuration:
		return n.duration, true
	case nodeText:
		d, err := ParsePeriod(n.text)
		if err != nil {
			d = 0
		}
		return d, true
	}
	return 0, false
}

// inner returns the first interval that a function inside names.
func inner(args []*node) (time.Duration, bool) {
	for _, a := range args {
		if a.kind == nodeCall && len(a.args) > 0 {
			if d, ok := interval(a.args[len(a.args)-1]); ok {
				return d, true
			}
		}
		if d, ok := inner(a.args); ok {
			return d, true
		}
	}
	return 0, false
}

// series is a function over bars.
func (c *checker) series(f *function, n *node, around int8) value {
	rest, frame, ok := c.frame(n, around)
	if !ok {
		return value{}
	}
	sources, rest, ok := c.sources(f, n, rest, frame)
	if !ok {
		return value{}
	}
	params, ok := c.params(f, n, rest, frame)
	if !ok {
		return value{}
	}
	label := n.String()
	id := f.build(c, frame, sources, params, label)
	s := &c.steps[id]
	if s.need > needMax {
		return c.fault(n.from, fmt.Sprintf("want at most %d", needMax), "%s looks back over %d bars", f.Name, s.need)
	}
	if around == now {
		c.note(n, id)
	}
	return value{true, id, s.typ}
}

// needMax bounds how far a criterion looks back.
const needMax = 2 * lengthMax

// sources takes the series off the values of a call.
func (c *checker) sources(f *function, n *node, rest []*node, frame int8) (ids []int32, left []*node, ok bool) {
	for _, s := range f.sources {
		if len(rest) == 0 || s.field >= 0 && len(rest) > 0 && isParameter(rest[0]) {
			if s.field < 0 {
				c.fault(n.from, "write "+f.Usage, "%s wants a series to look at", f.Name)
				return nil, nil, false
			}
			ids = append(ids, c.bar(frame, s.field))
			continue
		}
		x := c.value(rest[0], frame)
		switch {
		case s.truth && !c.wantTruth(x, rest[0], f.Name), !s.truth && !c.wantFigure(x, rest[0], f.Name):
			return nil, nil, false
		case c.isConstant(x.id) && len(f.sources) == 1:
			c.fault(rest[0].first(), "write "+f.Usage, "%s wants a series to look at, and this never changes", f.Name)
			return nil, nil, false
		}
		ids, rest = append(ids, x.id), rest[1:]
	}
	if len(ids) == 2 && c.isConstant(ids[0]) && c.isConstant(ids[1]) {
		c.fault(n.from, "write "+f.Usage, "%s wants a series to look at, and neither changes", f.Name)
		return nil, nil, false
	}
	return ids, rest, true
}

// isParameter reports whether a value is a constant number, so that the series was left out.
func isParameter(n *node) bool {
	switch n.kind {
	case nodeNumber:
		return true
	case nodeUnary:
		return n.operator != "!" && isParameter(n.args[0])
	case nodeBinary:
		return n.operator != "&&" && n.operator != "||" && isParameter(n.args[0]) && isParameter(n.args[1])
	}
	return false
}

// params reads the constants of a call.
func (c *checker) params(f *function, n *node, rest []*node, frame int8) (params []float64, ok bool) {
	if len(rest) > len(f.params) {
		extra := rest[len(f.params)]
		c.fault(extra.first(), "write "+f.Usage, "%s takes no more than %d numbers", f.Name, len(f.params))
		return nil, false
	}
	ok = true
	for i, p := range f.params {
		if i >= len(rest) {
			if p.preset == 0 {
				c.fault(n.from, "write "+f.Usage, "%s wants %s", f.Name, p.name)
				return nil, false
			}
			params = append(params, p.preset)
			continue
		}
		v, good := c.param(f, p, rest[i], frame)
		params, ok = append(params, v), ok && good
	}
	if ok && len(f.params) > 1 && f.params[0].name == "fast" && params[0] >= params[1] {
		c.fault(n.from, "write the shorter one first, such as "+f.Name+"(12, 26)", "fast is %g and slow is %g", params[0], params[1])
		return nil, false
	}
	return params, ok
}

func (c *checker) param(f *function, p parameter, n *node, frame int8) (float64, bool) {
	x := c.value(n, frame)
	if !x.ok {
		return 0, false
	}
	if !c.isConstant(x.id) || x.typ != Number {
		hint := fmt.Sprintf("write a number, such as %s = 20", p.name)
		if x.typ == Duration {
			hint = "it counts bars: write a number; the interval of the bars comes last"
		}
		c.fault(n.first(), hint, "%s of %s must be written out, and this is %v", p.name, f.Name, c.kind(x))
		return 0, false
	}
	v := c.steps[x.id].value
	switch {
	case p.fraction && !(v > 0 && v <= 100):
		c.fault(n.first(), "want a number above 0, up to 100", "%s of %s is %g", p.name, f.Name, v)
	case p.fraction:
		return v, true
	case v < 0 && (f.Name == "lag" || p.low == 1):
		c.fault(n.first(), "a criterion cannot look into the future: want a whole number from "+fmt.Sprintf("%d to %d", p.low, lengthMax), "%s of %s is %g", p.name, f.Name, v)
	case v != math.Trunc(v) || v < float64(p.low) || v > lengthMax:
		c.fault(n.first(), fmt.Sprintf("want a whole number from %d to %d", p.low, lengthMax), "%s of %s is %g", p.name, f.Name, v)
	default:
		return v, true
	}
	return 0, false
}

// kind says what a value is that should have been a constant.
func (c *checker) kind(x value) string {
	if x.typ == Number {
		return "a figure that changes"
	}
	return x.typ.String()
}
