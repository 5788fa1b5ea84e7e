package immutable

import (
	"go/ast"
	"go/types"
)

// check reports the faults of a function.
func (f *flow) check() { f.checkNode(f.body) }

func (f *flow) checkNode(body ast.Node) {
	f.body = body
	// First what enters, for what has entered must not leave by another way.
	f.walk(func(n ast.Node, above []ast.Node, _ bool) {
		switch n := n.(type) {
		case *ast.CompositeLit:
			f.checkLiteral(n, above)
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				f.checkFieldSet(lhs, rhsOf(n.Lhs, n.Rhs, i), above)
			}
		}
	})
	f.walk(func(n ast.Node, _ []ast.Node, _ bool) {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				f.checkWrite(lhs)
				f.checkStore(lhs, rhsOf(n.Lhs, n.Rhs, i))
			}
		case *ast.IncDecStmt:
			f.checkWrite(n.X)
		case *ast.RangeStmt:
			if n.Key != nil {
				f.checkWrite(n.Key)
			}
			if n.Value != nil {
				f.checkWrite(n.Value)
			}
		case *ast.ReturnStmt:
			f.checkReturn(n)
		case *ast.SendStmt:
			f.checkLeave(n.Value, "sends %s on a channel")
		case *ast.CallExpr:
			f.checkCall(n)
		}
	})
}

// where names the function in a fault.
func (f *flow) where() string {
	if f.decl == nil {
		return "a package variable"
	}
	return f.decl.Name.Name
}

// checkLiteral looks at what enters a message, row or builder that is written as a literal.
func (f *flow) checkLiteral(lit *ast.CompositeLit, above []ast.Node) {
	t := f.typeOf(lit)
	message, builder := f.p.isMessage(t), f.p.isBuilder(t)
	if !message && !builder {
		return
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	name := namedOf(t).Obj().Name()
	for i, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			f.checkEnter(kv.Value, name+"."+types.ExprString(kv.Key), builder, above)
		} else {
			f.checkEnter(elt, name+"."+s.Field(i).Name(), builder, above)
		}
	}
}

// checkFieldSet looks at what enters a message, row or builder by assignment to a field.
func (f *flow) checkFieldSet(lhs, rhs ast.Expr, above []ast.Node) {
	sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr)
	if !ok || f.p.info.Selections[sel] == nil {
		return
	}
	t := f.typeOf(sel.X)
	if builder := f.p.isBuilder(t); builder || f.p.isMessage(t) {
		f.checkEnter(rhs, namedOf(t).Obj().Name()+"."+sel.Sel.Name, builder, above)
	}
}

// checkEnter looks at an expression that becomes the field of a message, row or builder.
func (f *flow) checkEnter(e ast.Expr, field string, builder bool, above []ast.Node) {
	o := f.origin(e)
	what := types.ExprString(e)
	switch {
	case o.foreign():
		f.p.fault(e.Pos(), "%s puts %s into %s uncopied, and others may still write to it; clone it", f.where(), what, field)
	case builder && o&fromMessage != 0:
		f.p.fault(e.Pos(), "%s puts %s, which is a message's, into %s; clone it, builders write", f.where(), what, field)
	case !builder && o&fromBuilder != 0 && !f.handsOver() && !f.intoBuilder(above):
		f.p.fault(e.Pos(), "%s hands %s over to %s and the builder keeps it; take the builder by pointer and set all its slices, maps and pointers to nil", f.where(), what, field)
	}
	if v := f.sliceOfVar(e); v != nil && !builder && !o.foreign() && f.p.refers(v.Type()) {
		f.entered[v] = true
	}
}

// sliceOfVar returns the variable that e is, or is a slice of.
func (f *flow) sliceOfVar(e ast.Expr) *types.Var {
	e = ast.Unparen(e)
	for {
		slice, ok := e.(*ast.SliceExpr)
		if !ok {
			return f.identVar(e)
		}
		e = ast.Unparen(slice.X)
	}
}

// intoBuilder reports whether a literal is put into the builder whose memory it refers to.
func (f *flow) intoBuilder(above []ast.Node) bool {
	for i := len(above) - 1; i >= 0; i-- {
		switch n := above[i].(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr)
				if !ok || f.p.info.Selections[sel] == nil || !f.p.isBuilder(f.typeOf(sel.X)) {
					return false
				}
			}
			return true
		case ast.Stmt:
			return false
		}
	}
	return false
}

// made reports whether e is part of a message that this function is putting together.
func (f *flow) made(e ast.Expr) bool {
	v := f.root(e)
	if v == nil || f.isPackageVar(v) {
		return false
	}
	_, param := f.params[v]
	return !param && f.literal[v] && f.p.isMessage(v.Type())
}

// checkWrite looks at an assignment as a write to memory.
func (f *flow) checkWrite(lhs ast.Expr) {
	m := f.written(lhs)
	if m == nil || f.made(m) {
		return
	}
	o := f.origin(m)
	_, ptr := f.typeOf(m).Underlying().(*types.Pointer)
	if o&fromMessage != 0 || ptr && o != 0 && f.p.isMessage(f.typeOf(m)) {
		f.p.fault(lhs.Pos(), "%s writes to %s, which a message holds", f.where(), types.ExprString(lhs))
	}
}

// checkStore looks at an assignment as a way out.
func (f *flow) checkStore(lhs, rhs ast.Expr) {
	if sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr); ok && f.p.info.Selections[sel] != nil &&
		(f.p.isMessage(f.typeOf(sel.X)) || f.p.isBuilder(f.typeOf(sel.X))) {
		return // checkFieldSet's
	}
	if !f.staysLocal(lhs) {
		f.checkLeave(rhs, "stores %s in "+escape(types.ExprString(lhs)))
	}
}

// checkReturn looks at what a function, or a function within it, returns.
func (f *flow) checkReturn(ret *ast.ReturnStmt) {
	for _, e := range ret.Results {
		f.checkLeave(e, "returns %s")
	}
	if len(ret.Results) == 0 {
		for _, v := range f.results {
			if f.leaks(f.ofVar(v), f.entered[v]) && !f.p.isSeq(v.Type()) {
				f.p.fault(ret.Pos(), "%s returns %s, %s", f.where(), v.Name(), leakHint)
			}
		}
	}
}

const leakHint = "which a message holds, uncopied; clone it or return an iter.Seq"

// leaks reports whether memory of origin o must not leave.
func (f *flow) leaks(o origin, entered bool) bool {
	return o&fromMessage != 0 || o&fromBuilder != 0 && !f.handsOver() || entered
}

// checkLeave looks at an expression that others will hold. The format says how it leaves.
func (f *flow) checkLeave(e ast.Expr, format string) {
	t := f.typeOf(e)
	if t == nil || !f.p.refers(t) || f.p.isSeq(t) {
		return
	}
	entered := false
	if v := f.root(e); v != nil {
		entered = f.entered[v]
	}
	if f.leaks(f.origin(e), entered) {
		f.p.fault(e.Pos(), "%s "+format+", %s", f.where(), types.ExprString(e), leakHint)
	}
}

func (f *flow) checkCall(call *ast.CallExpr) {
	c := f.call(call)
	for _, arg := range c.args {
		if arg.written && f.origin(arg.expr)&fromMessage != 0 && !f.made(arg.expr) {
			f.p.fault(arg.expr.Pos(), "%s lets %s write to %s, which a message holds; clone it first", f.where(), c.name, types.ExprString(arg.expr))
		}
		if arg.kept {
			f.checkLeave(arg.expr, "hands %s to "+escape(c.name)+" that may keep it")
		}
	}
}

// escape makes text safe to stand in a format.
func escape(text string) string {
	var out []byte
	for _, c := range []byte(text) {
		if c == '%' {
			out = append(out, '%')
		}
		out = append(out, c)
	}
	return string(out)
}
