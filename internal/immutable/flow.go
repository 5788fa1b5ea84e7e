package immutable

import (
	"go/ast"
	"go/token"
	"go/types"
)

// origin says whose memory a value may refer to: a set of bits. Zero is memory that this function
// made itself.
type origin uint64

const (
	fromMessage origin = 1 << iota // a message or row holds it
	fromBuilder                    // a builder holds it
	fromOutside                    // anybody may hold it
	firstParam                     // the caller holds it: a bit for each parameter, the receiver first
)

const (
	paramsMax = 60
	anyParam  = ^(firstParam - 1)
)

func paramBit(i int) origin {
	if i >= paramsMax {
		return fromOutside
	}
	return firstParam << i
}

// foreign reports whether somebody outside may write to what o refers to.
func (o origin) foreign() bool { return o&(fromOutside|anyParam) != 0 }

// flow is what is known of one function.
type flow struct {
	p    *pkg
	decl *ast.FuncDecl // nil for a package variable
	body ast.Node

	params  map[*types.Var]origin // with the receiver
	locals  map[*types.Var]origin
	literal map[*types.Var]bool // made here from nothing but composite literals
	results []*types.Var        // named results
	entered map[*types.Var]bool // locals whose memory is now a message's

	busy    bool   // being solved: a recursive call
	result  origin // of what the function returns
	writes  origin // parameters whose memory it writes to
	keeps   origin // parameters whose memory it stores somewhere
	emptied map[*types.Var]bool
}

// flowOf returns what is known of decl, and finds it out the first time.
func (p *pkg) flowOf(decl *ast.FuncDecl) *flow {
	if f, ok := p.flows[decl]; ok {
		return f
	}
	f := newFlow(p, decl, decl.Body)
	p.flows[decl] = f
	f.busy = true
	f.declareParams()
	f.solve()
	f.findEmptied()
	f.summarize()
	f.busy = false
	return f
}

func newFlow(p *pkg, decl *ast.FuncDecl, body ast.Node) *flow {
	return &flow{p: p, decl: decl, body: body, params: map[*types.Var]origin{}, locals: map[*types.Var]origin{},
		literal: map[*types.Var]bool{}, entered: map[*types.Var]bool{}, emptied: map[*types.Var]bool{}}
}

func (f *flow) declareParams() {
	i := 0
	declare := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, field := range list.List {
			for _, name := range field.Names {
				if v, ok := f.p.info.Defs[name].(*types.Var); ok {
					f.params[v] = paramBit(i)
				}
				i++
			}
			if len(field.Names) == 0 {
				i++
			}
		}
	}
	declare(f.decl.Recv)
	declare(f.decl.Type.Params)
	if f.decl.Type.Results != nil {
		for _, field := range f.decl.Type.Results.List {
			for _, name := range field.Names {
				if v, ok := f.p.info.Defs[name].(*types.Var); ok {
					f.results = append(f.results, v)
					f.locals[v] = 0
				}
			}
		}
	}
}

// solve gives every local variable the origins of all that is ever assigned to it.
func (f *flow) solve() {
	if f.body == nil {
		return
	}
	for v := range f.locals {
		f.literal[v] = true
	}
	for changed := true; changed; {
		changed = false
		join := func(v *types.Var, o origin) {
			if _, param := f.params[v]; param {
				if o&^f.params[v] != 0 {
					f.params[v] |= o
					changed = true
				}
				return
			}
			if old, ok := f.locals[v]; !ok || old|o != old {
				f.locals[v] = old | o
				changed = true
			}
		}
		ast.Inspect(f.body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				for _, field := range n.Type.Params.List {
					for _, name := range field.Names {
						if v := f.variable(name); v != nil {
							join(v, fromOutside)
						}
					}
				}
			case *ast.AssignStmt:
				for i, lhs := range n.Lhs {
					f.assign(join, lhs, rhsOf(n.Lhs, n.Rhs, i))
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					v := f.variable(name)
					if v == nil {
						continue
					}
					if len(n.Values) == 0 {
						if _, ok := f.locals[v]; !ok {
							f.literal[v] = true
						}
						join(v, 0)
						continue
					}
					lhs := make([]ast.Expr, len(n.Names))
					f.assign(join, name, rhsOf(lhs, n.Values, i))
				}
			case *ast.RangeStmt:
				for _, e := range []ast.Expr{n.Key, n.Value} {
					if id, ok := e.(*ast.Ident); ok {
						if v := f.variable(id); v != nil {
							join(v, f.origin(n.X))
							f.literal[v] = false
						}
					}
				}
			case *ast.CaseClause:
				if v, ok := f.p.info.Implicits[n].(*types.Var); ok {
					join(v, fromOutside)
				}
			case *ast.CallExpr:
				// What a call copies into a local is from then on what the local refers to.
				if f.builtin(n) == "copy" && f.p.refers(elemOf(f.typeOf(n.Args[1]))) {
					if v := f.root(n.Args[0]); v != nil {
						join(v, f.origin(n.Args[1]))
					}
				}
			}
			return true
		})
	}
}

// rhsOf returns what is assigned to place i; the call or comma-ok expression that gives several.
func rhsOf(lhs, rhs []ast.Expr, i int) ast.Expr {
	if len(lhs) == len(rhs) {
		return rhs[i]
	}
	return rhs[0]
}

func (f *flow) assign(join func(*types.Var, origin), lhs, rhs ast.Expr) {
	lhs = ast.Unparen(lhs)
	if id, ok := lhs.(*ast.Ident); ok {
		if v := f.variable(id); v != nil && !f.isPackageVar(v) {
			if _, seen := f.locals[v]; !seen {
				f.literal[v] = true
			}
			if _, ok := ast.Unparen(rhs).(*ast.CompositeLit); !ok {
				f.literal[v] = false
			}
			join(v, f.origin(rhs))
		}
		return
	}
	// A part of a local that is assigned to belongs to the local. What is stored in a message, a
	// builder or behind a parameter is looked at by check.
	if sel, ok := lhs.(*ast.SelectorExpr); ok && (f.p.isMessage(f.typeOf(sel.X)) || f.p.isBuilder(f.typeOf(sel.X))) {
		return
	}
	if v := f.root(lhs); v != nil && !f.isPackageVar(v) {
		if _, param := f.params[v]; !param {
			join(v, f.origin(rhs))
		}
	}
}

// findEmptied finds the builders, taken by pointer, whose references this function sets to nil.
func (f *flow) findEmptied() {
	if f.body == nil {
		return
	}
	nils := map[*types.Var]map[string]bool{}
	ast.Inspect(f.body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for i, lhs := range a.Lhs {
			switch lhs := ast.Unparen(lhs).(type) {
			case *ast.SelectorExpr:
				v := f.identVar(lhs.X)
				if v == nil || !f.p.isBuilder(v.Type()) || !f.p.info.Types[a.Rhs[i]].IsNil() {
					continue
				}
				if nils[v] == nil {
					nils[v] = map[string]bool{}
				}
				nils[v][lhs.Sel.Name] = true
			case *ast.StarExpr:
				lit, ok := ast.Unparen(a.Rhs[i]).(*ast.CompositeLit)
				if v := f.identVar(lhs.X); v != nil && ok && len(lit.Elts) == 0 && f.p.isBuilder(v.Type()) {
					f.emptied[v] = true
				}
			}
		}
		return true
	})
	for v, names := range nils {
		if _, ok := v.Type().(*types.Pointer); !ok {
			if _, param := f.params[v]; param {
				continue // a copy was emptied
			}
		}
		all := true
		if s, ok := namedOf(v.Type()).Underlying().(*types.Struct); ok {
			for field := range s.Fields() {
				if f.p.refers(field.Type()) && !names[field.Name()] {
					all = false
				}
			}
		}
		if all {
			f.emptied[v] = true
		}
	}
}

// handsOver reports whether every builder that the function reads from is emptied in it.
func (f *flow) handsOver() bool {
	ok := true
	ast.Inspect(f.body, func(n ast.Node) bool {
		if id, isIdent := n.(*ast.Ident); isIdent {
			if v, isVar := f.p.info.Uses[id].(*types.Var); isVar && !v.IsField() && f.p.isBuilder(v.Type()) && !f.emptied[v] {
				ok = false
			}
		}
		return true
	})
	return ok
}

// summarize says what a caller must know.
func (f *flow) summarize() {
	if f.body == nil {
		return
	}
	f.walk(func(n ast.Node, _ []ast.Node, inLit bool) {
		switch n := n.(type) {
		case *ast.ReturnStmt:
			if inLit {
				return
			}
			for _, e := range n.Results {
				f.result |= f.origin(e)
			}
			if len(n.Results) == 0 {
				for _, v := range f.results {
					f.result |= f.ofVar(v)
				}
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if m := f.written(lhs); m != nil {
					f.writes |= f.origin(m) & anyParam
				}
				if !f.staysLocal(lhs) {
					f.keeps |= f.origin(rhsOf(n.Lhs, n.Rhs, i)) & anyParam
				}
			}
		case *ast.IncDecStmt:
			if m := f.written(n.X); m != nil {
				f.writes |= f.origin(m) & anyParam
			}
		case *ast.SendStmt:
			f.keeps |= f.origin(n.Value) & anyParam
		case *ast.CallExpr:
			c := f.call(n)
			for _, arg := range c.args {
				o := f.origin(arg.expr) & anyParam
				if arg.written {
					f.writes |= o
				}
				if arg.kept {
					f.keeps |= o
				}
			}
		}
	})
}

// staysLocal reports whether what is stored at lhs is stored in a local variable.
func (f *flow) staysLocal(lhs ast.Expr) bool {
	v := f.root(lhs)
	if v == nil || f.isPackageVar(v) {
		id, ok := ast.Unparen(lhs).(*ast.Ident)
		return ok && id.Name == "_"
	}
	if _, ok := ast.Unparen(lhs).(*ast.Ident); ok {
		return true // also a parameter: the caller does not see it
	}
	if m := f.written(lhs); m != nil {
		return f.origin(m) == 0
	}
	return true
}

// walk visits the body with the nodes above each node.
func (f *flow) walk(visit func(n ast.Node, above []ast.Node, inLit bool)) {
	var above []ast.Node
	lits := 0
	ast.Inspect(f.body, func(n ast.Node) bool {
		if n == nil {
			last := above[len(above)-1]
			above = above[:len(above)-1]
			if _, ok := last.(*ast.FuncLit); ok {
				lits--
			}
			return true
		}
		visit(n, above, lits > 0)
		above = append(above, n)
		if _, ok := n.(*ast.FuncLit); ok {
			lits++
		}
		return true
	})
}

// ---- expressions

func (f *flow) typeOf(e ast.Expr) types.Type { return f.p.info.TypeOf(e) }

func (f *flow) variable(id *ast.Ident) *types.Var {
	if v, ok := f.p.info.Defs[id].(*types.Var); ok {
		return v
	}
	v, _ := f.p.info.Uses[id].(*types.Var)
	return v
}

func (f *flow) identVar(e ast.Expr) *types.Var {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		return f.variable(id)
	}
	return nil
}

func (f *flow) isPackageVar(v *types.Var) bool {
	return v.Pkg() != nil && v.Parent() == v.Pkg().Scope()
}

// root returns the variable that e is a part of, or reaches through.
func (f *flow) root(e ast.Expr) *types.Var {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			return f.variable(x)
		case *ast.SelectorExpr:
			if f.p.info.Selections[x] == nil { // pkg.Name
				return f.variable(x.Sel)
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.UnaryExpr:
			if x.Op != token.AND {
				return nil
			}
			e = x.X
		default:
			return nil
		}
	}
}

func (f *flow) ofVar(v *types.Var) origin {
	if !f.p.refers(v.Type()) {
		return 0
	}
	if o, ok := f.params[v]; ok {
		return o
	}
	if f.isPackageVar(v) {
		return fromOutside
	}
	return f.locals[v]
}

// origin returns whose memory e may refer to; zero too if it refers to none.
func (f *flow) origin(e ast.Expr) origin {
	if e == nil {
		return 0
	}
	e = ast.Unparen(e)
	tv := f.p.info.Types[e]
	if tv.IsNil() || tv.IsType() {
		return 0
	}
	if t := f.typeOf(e); t != nil && !f.p.refers(t) {
		return 0
	}
	switch e := e.(type) {
	case *ast.Ident:
		if v := f.variable(e); v != nil {
			return f.ofVar(v)
		}
		return 0 // a function
	case *ast.SelectorExpr:
		return f.ofSelector(e)
	case *ast.IndexExpr:
		return f.origin(e.X)
	case *ast.SliceExpr:
		if _, ok := f.typeOf(e.X).Underlying().(*types.Array); ok {
			return f.address(e.X)
		}
		return f.origin(e.X)
	case *ast.StarExpr:
		return f.origin(e.X)
	case *ast.UnaryExpr:
		switch e.Op {
		case token.AND:
			return f.address(e.X)
		case token.ARROW:
			return fromOutside
		}
		return 0
	case *ast.TypeAssertExpr:
		return fromOutside
	case *ast.CompositeLit:
		var o origin
		for _, elt := range e.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				if _, isMap := f.typeOf(e).Underlying().(*types.Map); isMap {
					o |= f.origin(kv.Key)
				}
				elt = kv.Value
			}
			o |= f.origin(elt)
		}
		return o
	case *ast.FuncLit:
		return f.ofFuncLit(e)
	case *ast.CallExpr:
		return f.call(e).result
	}
	return fromOutside
}

func (f *flow) ofSelector(e *ast.SelectorExpr) origin {
	sel := f.p.info.Selections[e]
	if sel == nil { // pkg.Name
		if v, ok := f.p.info.Uses[e.Sel].(*types.Var); ok {
			return f.ofVar(v) | fromOutside
		}
		return 0
	}
	if sel.Kind() != types.FieldVal {
		return f.origin(e.X) // a method bound to its receiver
	}
	// Who declares the field? Embedded structs stand between.
	owner := sel.Recv()
	for k, i := range sel.Index() {
		if f.p.isMessage(owner) {
			return fromMessage
		}
		if k == 0 && f.p.isBuilder(owner) {
			return fromBuilder
		}
		t := types.Unalias(owner)
		if ptr, ok := t.Underlying().(*types.Pointer); ok {
			t = ptr.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok {
			break
		}
		owner = s.Field(i).Type()
	}
	return f.container(e.X)
}

// container returns the origin of what x holds, though x itself may be of a type that is
// believed to refer to nothing.
func (f *flow) container(x ast.Expr) origin {
	if o := f.origin(x); o != 0 {
		return o
	}
	if v := f.identVar(x); v != nil {
		if o, ok := f.params[v]; ok {
			return o
		}
		if f.isPackageVar(v) {
			return fromOutside
		}
	}
	return 0
}

// address returns the origin of a pointer to e.
func (f *flow) address(e ast.Expr) origin {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v := f.variable(e)
		if v != nil && f.isPackageVar(v) {
			return fromOutside
		}
		return f.origin(e)
	case *ast.SelectorExpr:
		if f.p.info.Selections[e] == nil {
			return fromOutside
		}
		if _, ok := f.typeOf(e.X).Underlying().(*types.Pointer); ok {
			return f.origin(e.X) | f.origin(e)
		}
		return f.address(e.X) | f.origin(e)
	case *ast.IndexExpr:
		if _, ok := f.typeOf(e.X).Underlying().(*types.Array); ok {
			return f.address(e.X) | f.origin(e)
		}
		return f.origin(e.X)
	case *ast.StarExpr:
		return f.origin(e.X)
	default:
		return f.origin(e)
	}
}

// ofFuncLit: a closure holds what it captures. What it does with a message's memory is looked at in
// its body.
func (f *flow) ofFuncLit(lit *ast.FuncLit) origin {
	var o origin
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := f.p.info.Uses[id].(*types.Var)
		if ok && !v.IsField() && !f.isPackageVar(v) && (v.Pos() < lit.Pos() || v.Pos() > lit.End()) {
			o |= f.ofVar(v)
		}
		return true
	})
	return o &^ fromMessage
}

// written returns the expression whose memory an assignment to lhs writes to: the slice, map or
// pointer on the way; nil if lhs is a variable or a part of one.
func (f *flow) written(lhs ast.Expr) ast.Expr {
	for {
		switch x := ast.Unparen(lhs).(type) {
		case *ast.SelectorExpr:
			if f.p.info.Selections[x] == nil {
				return nil
			}
			if _, ok := f.typeOf(x.X).Underlying().(*types.Pointer); ok {
				return x.X
			}
			lhs = x.X
		case *ast.IndexExpr:
			if _, ok := f.typeOf(x.X).Underlying().(*types.Array); !ok {
				return x.X
			}
			lhs = x.X
		case *ast.StarExpr:
			return x.X
		default:
			return nil
		}
	}
}

func elemOf(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return u.Elem()
	case *types.Array:
		return u.Elem()
	case *types.Pointer:
		return u.Elem()
	case *types.Map:
		return u.Elem()
	}
	return nil
}
