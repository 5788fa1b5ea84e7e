package immutable

import (
	"go/ast"
	"go/types"
	"strings"
)

// findMessages sorts the types of the package into messages, rows and Fields.
func (p *pkg) findMessages() {
	p.messages, p.rows, p.fields = map[*types.TypeName]bool{}, map[*types.TypeName]bool{}, map[*types.TypeName]bool{}
	scope := p.types.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		if _, ok := tn.Type().Underlying().(*types.Struct); !ok {
			continue
		}
		switch {
		case hasKind(types.NewPointer(tn.Type())): // a pointer receiver is found later
			p.messages[tn] = true
		case strings.HasSuffix(name, "Fields"):
			p.fields[tn] = true
		}
	}
	seen := map[types.Type]bool{}
	for tn := range p.messages {
		p.findRows(tn.Type().Underlying(), seen)
	}
}

// hasKind reports whether t has a method Kind() Kind.
func hasKind(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "Kind")
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := fn.Signature()
	if sig.Params().Len() != 0 || sig.Results().Len() != 1 {
		return false
	}
	kind, ok := sig.Results().At(0).Type().(*types.Named)
	return ok && kind.Obj().Name() == "Kind"
}

// findRows marks the structs of this package that t reaches.
func (p *pkg) findRows(t types.Type, seen map[types.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		tn := t.Obj()
		if tn.Pkg() != p.types {
			return
		}
		if _, ok := t.Underlying().(*types.Struct); ok && !p.messages[tn] && !p.fields[tn] {
			p.rows[tn] = true
		}
		p.findRows(t.Underlying(), seen)
	case *types.Alias:
		p.findRows(types.Unalias(t), seen)
	case *types.Struct:
		for f := range t.Fields() {
			p.findRows(f.Type(), seen)
		}
	case *types.Slice:
		p.findRows(t.Elem(), seen)
	case *types.Array:
		p.findRows(t.Elem(), seen)
	case *types.Pointer:
		p.findRows(t.Elem(), seen)
	case *types.Map:
		p.findRows(t.Key(), seen)
		p.findRows(t.Elem(), seen)
	}
}

// frozen reports whether t is a message, a row, or what a message's constructor takes.
func (p *pkg) frozen(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && (p.messages[named.Obj()] || p.rows[named.Obj()] || p.fields[named.Obj()])
}

// isMessage reports whether t is a message or a row, seen through a pointer.
func (p *pkg) isMessage(t types.Type) bool {
	named := namedOf(t)
	return named != nil && (p.messages[named.Obj()] || p.rows[named.Obj()])
}

// isBuilder reports whether t is a builder, seen through a pointer.
func (p *pkg) isBuilder(t types.Type) bool {
	named := namedOf(t)
	if named == nil || named.Obj().Pkg() != p.types || !strings.HasSuffix(named.Obj().Name(), "Builder") {
		return false
	}
	_, ok := named.Underlying().(*types.Struct)
	return ok
}

func namedOf(t types.Type) *types.Named {
	t = types.Unalias(t)
	if ptr, ok := t.(*types.Pointer); ok {
		t = types.Unalias(ptr.Elem())
	}
	named, _ := t.(*types.Named)
	return named
}

// refers reports whether whoever holds a value of type t can reach memory that others may hold
// too. Messages and rows are looked at where they are declared, and types of other packages whose
// fields nobody can reach are believed to be values, as those of package market are.
func (p *pkg) refers(t types.Type) bool { return p.refersDeep(t, map[types.Type]bool{}) }

func (p *pkg) refersDeep(t types.Type, seen map[types.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		return p.refersDeep(types.Unalias(t), seen)
	case *types.Named:
		if p.frozen(t) {
			return false
		}
		if s, ok := t.Underlying().(*types.Struct); ok && t.Obj().Pkg() != p.types {
			for f := range s.Fields() {
				if f.Exported() && p.refersDeep(f.Type(), seen) {
					return true
				}
			}
			return false
		}
		return p.refersDeep(t.Underlying(), seen)
	case *types.Basic:
		return t.Kind() == types.UnsafePointer
	case *types.Slice, *types.Map, *types.Chan, *types.Pointer, *types.Signature:
		return true
	case *types.Array:
		return p.refersDeep(t.Elem(), seen)
	case *types.Struct:
		for f := range t.Fields() {
			if p.refersDeep(f.Type(), seen) {
				return true
			}
		}
	case *types.Tuple:
		for v := range t.Variables() {
			if p.refersDeep(v.Type(), seen) {
				return true
			}
		}
	}
	return false
}

// isSeq reports whether t is an iterator over what refers to nothing.
func (p *pkg) isSeq(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "iter" {
		return false
	}
	for arg := range named.TypeArgs().Types() {
		if p.refers(arg) {
			return false
		}
	}
	return true
}

// holdsAnything reports whether t is or contains an interface that is no message.
func (p *pkg) holdsAnything(t types.Type) bool {
	switch u := types.Unalias(t).(type) {
	case *types.TypeParam:
		return false
	case *types.Slice:
		return p.holdsAnything(u.Elem())
	case *types.Array:
		return p.holdsAnything(u.Elem())
	case *types.Map:
		return p.holdsAnything(u.Key()) || p.holdsAnything(u.Elem())
	case *types.Pointer:
		return p.holdsAnything(u.Elem())
	}
	_, ok := t.Underlying().(*types.Interface)
	return ok && !hasKind(t)
}

// checkTypes looks at the declarations of messages, rows, Fields and builders.
func (p *pkg) checkTypes() {
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			tn, ok := p.info.Defs[spec.Name].(*types.TypeName)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				p.checkStruct(tn, s)
			}
			return true
		})
	}
}

func (p *pkg) checkStruct(tn *types.TypeName, s *ast.StructType) {
	message, row, fields := p.messages[tn], p.rows[tn], p.fields[tn]
	builder := p.isBuilder(tn.Type())
	if !message && !row && !fields && !builder {
		return
	}
	for _, field := range s.Fields.List {
		t := p.info.TypeOf(field.Type)
		names := field.Names
		if len(names) == 0 {
			names = []*ast.Ident{embeddedName(field.Type)}
		}
		for _, name := range names {
			refers := p.refers(t)
			switch {
			case message && name.IsExported():
				p.fault(name.Pos(), "field %s.%s is exported: anybody can set it; give it a method", tn.Name(), name.Name)
			case (row || builder) && name.IsExported() && refers:
				p.fault(name.Pos(), "field %s.%s is exported and of type %s: anybody can write to it; give it a method", tn.Name(), name.Name, p.typeString(t))
			case fields && refers:
				p.fault(name.Pos(), "%s.%s is of type %s, which is shared when the struct is copied; pass it to the constructor beside the struct", tn.Name(), name.Name, p.typeString(t))
			}
			if !builder && p.holdsAnything(t) {
				p.fault(name.Pos(), "%s.%s is of type %s and may hold anything, also what can be changed", tn.Name(), name.Name, p.typeString(t))
			}
		}
	}
}

func embeddedName(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embeddedName(e.X)
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return embeddedName(e.X)
	case *ast.IndexListExpr:
		return embeddedName(e.X)
	case *ast.Ident:
		return e
	}
	return ast.NewIdent("_")
}

func (p *pkg) checkReceiver(f *ast.FuncDecl) {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return
	}
	t := p.info.TypeOf(f.Recv.List[0].Type)
	if _, ok := t.(*types.Pointer); ok && p.isMessage(t) {
		p.fault(f.Name.Pos(), "method %s has the pointer receiver %s: it could change a message; use a value", f.Name.Name, p.typeString(t))
	}
}

// checkPackageVars looks at messages that package variables are made of.
func (p *pkg) checkPackageVars(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		if spec, ok := spec.(*ast.ValueSpec); ok {
			for _, value := range spec.Values {
				f := newFlow(p, nil, nil)
				f.checkNode(value)
			}
		}
	}
}

func (p *pkg) typeString(t types.Type) string {
	return types.TypeString(t, func(other *types.Package) string {
		if other == p.types {
			return ""
		}
		return other.Name()
	})
}
