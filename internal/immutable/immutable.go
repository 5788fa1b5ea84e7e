// Package immutable reads the source of a package of messages and finds what would let somebody
// change a message after it was made. Tests call it on actors/message; nothing else does.
//
// A message is a struct type with a method Kind() Kind. A row is any other struct type of the
// package that a message reaches by value, such as the elements of a slice. A fault is:
//
//   - an exported field of a message, or an exported field of a row that refers to memory;
//   - a method of a message or row with a pointer receiver;
//   - a struct named ...Fields, or a field of a message, that can hold anything: an interface
//     that is no message; and in a ...Fields struct any slice, map, pointer, channel or function;
//   - a slice, map, pointer, channel or function that comes from outside (a parameter, something a
//     parameter holds, a package variable, a call that is not known to copy) and enters a message
//     or row without having been copied;
//   - one that leaves a message or row: returned, stored or passed on as it is, or as a part of it
//     or a pointer into it. Iterators (iter.Seq) may leave, they cannot write;
//   - writing to memory that a message refers to.
//
// A type named ...Builder may gather slices and hand them over to a message, if the function that
// does so takes the builder by pointer and sets every field that refers to memory to nil.
//
// How it looks at functions: every local variable is given one verdict for the whole function,
// whatever the order of statements; a function of the same package that is called is looked into.
// That errs on the side of a fault. What it does not see: unsafe, reflection, assembly, and a
// function of the package that keeps a slice it was only to read in a package variable.
package immutable

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Fault is one place where a message could be changed.
type Fault struct {
	File string // base name
	Line int    // from 1
	Text string // one sentence: what, and what to do
}

func (f Fault) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Check reads the package in dir, without its tests, and returns its faults in the order of the
// source. It runs the go command to find the packages that this one imports. It fails if the
// package does not compile, or has no message at all: then the check would prove nothing.
func Check(dir string) ([]Fault, error) {
	p, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("immutable: %s: %w", dir, err)
	}
	if len(p.messages) == 0 {
		return nil, fmt.Errorf("immutable: %s: no type with a method Kind() Kind: nothing to check", dir)
	}
	p.checkTypes()
	for _, file := range p.files {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				p.checkReceiver(decl)
				if decl.Body != nil {
					p.flowOf(decl).check()
				}
			case *ast.GenDecl:
				p.checkPackageVars(decl)
			}
		}
	}
	slices.SortFunc(p.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(p.faults), nil
}

// pkg is a package being checked.
type pkg struct {
	fset  *token.FileSet
	files []*ast.File
	types *types.Package
	info  *types.Info

	messages map[*types.TypeName]bool
	rows     map[*types.TypeName]bool
	fields   map[*types.TypeName]bool // named ...Fields
	decls    map[*types.Func]*ast.FuncDecl
	flows    map[*ast.FuncDecl]*flow
	faults   []Fault
}

func (p *pkg) fault(at token.Pos, format string, args ...any) {
	pos := p.fset.Position(at)
	p.faults = append(p.faults, Fault{filepath.Base(pos.Filename), pos.Line, fmt.Sprintf(format, args...)})
}

// load parses and type-checks the package in dir.
func load(dir string) (*pkg, error) {
	own, exports, err := list(dir)
	if err != nil {
		return nil, err
	}
	p := &pkg{fset: token.NewFileSet(), decls: map[*types.Func]*ast.FuncDecl{}, flows: map[*ast.FuncDecl]*flow{}}
	for _, name := range own {
		file, err := parser.ParseFile(p.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, file)
	}
	p.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{},
	}
	conf := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("package %s is not among the dependencies", path)
		}
		return os.Open(file)
	})}
	if p.types, err = conf.Check(dir, p.fset, p.files, p.info); err != nil {
		return nil, err
	}
	for _, file := range p.files {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				if fn, ok := p.info.Defs[f.Name].(*types.Func); ok {
					p.decls[fn] = f
				}
			}
		}
	}
	p.findMessages()
	return p, nil
}

// list asks the go command for the files of the package in dir, and for the compiled form of
// everything it imports.
func list(dir string) (files []string, exports map[string]string, err error) {
	const format = `{{if .DepOnly}}{{.ImportPath}}{{"\t"}}{{.Export}}{{else}}{{"\t"}}{{range .GoFiles}}{{.}}{{"\t"}}{{end}}{{end}}`
	cmd := exec.CommandContext(context.Background(), "go", "list", "-deps", "-export", "-f", format, ".")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	exports = map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if path == "" {
			files = strings.Fields(rest)
			continue
		}
		exports[path] = rest
	}
	if len(files) == 0 {
		return nil, nil, errors.New("no Go files")
	}
	return files, exports, nil
}
