package immutable

import (
	"go/ast"
	"go/types"
	"strings"
)

// called is what is known of one call.
type called struct {
	name   string
	result origin
	args   []argument // those that refer to memory, the receiver first
}

// argument is one argument of a call and what becomes of its memory.
type argument struct {
	expr    ast.Expr
	written bool
	kept    bool // stored somewhere, or nobody knows
}

// effect is what a function of the standard library does with its first argument.
type effect uint8

const (
	copies   effect = 1 + iota // the result is new, what elements refer to aside
	shares                     // the result is of the argument's memory
	reads                      // the result has nothing to do with it
	modifies                   // writes to the argument, and the result is of its memory
)

var effects = map[string]effect{
	"slices.Clone": copies, "slices.Collect": copies, "slices.Concat": copies, "slices.Repeat": copies,
	"slices.Sorted": copies, "slices.SortedFunc": copies, "slices.SortedStableFunc": copies,
	"maps.Clone": copies, "maps.Collect": copies, "bytes.Clone": copies,

	"slices.Values": shares, "slices.All": shares, "slices.Backward": shares, "slices.Chunk": shares,
	"slices.Clip": shares, "slices.Grow": shares, "slices.AppendSeq": modifies,
	"maps.Keys": shares, "maps.Values": shares, "maps.All": shares,

	"slices.Sort": modifies, "slices.SortFunc": modifies, "slices.SortStableFunc": modifies, "slices.Reverse": modifies,
	"slices.Delete": modifies, "slices.DeleteFunc": modifies, "slices.Insert": modifies, "slices.Replace": modifies,
	"slices.Compact": modifies, "slices.CompactFunc": modifies,
	"maps.Copy": modifies, "maps.DeleteFunc": modifies, "maps.Insert": modifies,
	"sort.Sort": modifies, "sort.Stable": modifies, "sort.Slice": modifies, "sort.SliceStable": modifies,
	"sort.Strings": modifies, "sort.Ints": modifies, "sort.Float64s": modifies,
}

// readers are packages whose other functions only read what they are given.
var readers = map[string]bool{"slices": true, "maps": true, "fmt": true, "strings": true, "strconv": true,
	"errors": true, "math": true, "cmp": true, "sort": true, "unicode/utf8": true}

func (f *flow) builtin(call *ast.CallExpr) string {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return ""
	}
	b, ok := f.p.info.Uses[id].(*types.Builtin)
	if !ok {
		return ""
	}
	return b.Name()
}

// callee returns the function that is called, if the source says which.
func (f *flow) callee(call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	var obj types.Object
	switch x := fun.(type) {
	case *ast.Ident:
		obj = f.p.info.Uses[x]
	case *ast.SelectorExpr:
		if sel := f.p.info.Selections[x]; sel != nil && sel.Kind() != types.MethodVal {
			return nil
		}
		obj = f.p.info.Uses[x.Sel]
	}
	fn, _ := obj.(*types.Func)
	return fn
}

// call finds out what a call does.
func (f *flow) call(call *ast.CallExpr) called {
	if f.p.info.Types[call.Fun].IsType() {
		c := called{name: "a conversion"}
		if len(call.Args) == 1 {
			c.result = f.origin(call.Args[0])
		}
		return c
	}
	if name := f.builtin(call); name != "" {
		return f.callBuiltin(name, call)
	}
	fn := f.callee(call)
	if fn == nil {
		c := called{name: types.ExprString(call.Fun), result: fromOutside}
		for _, arg := range call.Args {
			c.result |= f.origin(arg)
			c.args = append(c.args, argument{expr: arg, kept: true})
		}
		if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
			c.result |= f.ofFuncLit(lit)
		}
		return f.only(c)
	}
	args := call.Args
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && f.p.info.Selections[sel] != nil {
		args = append([]ast.Expr{sel.X}, args...)
	}
	if decl := f.p.decls[fn.Origin()]; decl != nil {
		return f.callOwn(fn, decl, args)
	}
	return f.callOther(fn, args)
}

// only leaves out the arguments that refer to nothing.
func (f *flow) only(c called) called {
	args := c.args[:0]
	for _, arg := range c.args {
		if f.origin(arg.expr) != 0 {
			args = append(args, arg)
		}
	}
	c.args = args
	return c
}

func (f *flow) callBuiltin(name string, call *ast.CallExpr) called {
	c := called{name: name}
	for _, arg := range call.Args {
		c.args = append(c.args, argument{expr: arg})
	}
	switch name {
	case "append":
		first := ast.Unparen(call.Args[0])
		slice, full := first.(*ast.SliceExpr)
		c.args[0].written = !full || !slice.Slice3 // with a capacity it copies as soon as it grows
		c.result = f.origin(first)
		for i, arg := range call.Args[1:] {
			if call.Ellipsis.IsValid() && i == len(call.Args)-2 && !f.p.refers(elemOf(f.typeOf(arg))) {
				continue // elements are copied
			}
			c.result |= f.origin(arg)
		}
	case "copy", "clear", "delete":
		c.args[0].written = true
	case "panic":
		c.args[0].kept = true
	}
	return f.only(c)
}

// callOwn is a call of a function of this package.
func (f *flow) callOwn(fn *types.Func, decl *ast.FuncDecl, args []ast.Expr) called {
	c := called{name: fn.Name()}
	g := f.p.flowOf(decl)
	c.result = g.result &^ anyParam
	params := fn.Signature().Params().Len()
	if fn.Signature().Recv() != nil {
		params++
	}
	for i, arg := range args {
		bit := paramBit(min(i, params-1)) // the last one takes the rest
		a := argument{expr: arg, written: g.writes&bit != 0, kept: g.keeps&bit != 0}
		if g.result&bit != 0 || g.busy {
			c.result |= f.origin(arg)
		}
		c.args = append(c.args, a)
	}
	if g.busy {
		c.result |= fromOutside
	}
	return f.only(c)
}

// callOther is a call of a function of another package.
func (f *flow) callOther(fn *types.Func, args []ast.Expr) called {
	path := ""
	if fn.Pkg() != nil {
		path = fn.Pkg().Path()
	}
	c := called{name: path[strings.LastIndex(path, "/")+1:] + "." + fn.Name()}
	does, known := effects[path+"."+fn.Name()]
	if !known && readers[path] && fn.Signature().Recv() == nil {
		does, known = reads, true
	}
	for i, arg := range args {
		a := argument{expr: arg, kept: !known, written: does == modifies && i == 0}
		switch {
		case does == shares || does == modifies:
			c.result |= f.origin(arg)
		case does == copies && f.deep(arg):
			c.result |= f.origin(arg)
		}
		c.args = append(c.args, a)
	}
	if !known {
		c.result |= fromOutside
	}
	return f.only(c)
}

// deep reports whether the elements of e refer to memory of their own, which a copy of e shares.
func (f *flow) deep(e ast.Expr) bool {
	t := f.typeOf(e)
	if named, ok := types.Unalias(t).(*types.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "iter" {
		for arg := range named.TypeArgs().Types() {
			if f.p.refers(arg) {
				return true
			}
		}
		return false
	}
	elem := elemOf(t)
	if m, ok := t.Underlying().(*types.Map); ok && f.p.refers(m.Key()) {
		return true
	}
	return elem == nil || f.p.refers(elem)
}
