package classifier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"slices"
	"strconv"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/classifier/model"
)

// Source is where the file of an engine comes from: a disk, a server. It is asked by one goroutine at
// a time.
type Source interface {
	// Open returns the file as it is now, and a mark that tells this version of it from others; empty if
	// it has none. Where the mark still is seen, it may return no file. The reader fails where
	// the file ends too early or is no longer the one that the mark names; the caller closes it. Errors
	// name the place and hold no secret.
	Open(ctx context.Context, seen string) (file io.ReadCloser, mark string, err error)
}

// ErrRefused is wrapped by what is wrong with a file itself, rather than with the way to it.
var ErrRefused = errors.New("the file is refused")

// Loaded is a model that was read and fits its engine. It never changes.
type Loaded struct {
	model   *model.Model
	inputs  []int // of each feature of the model, the number of its input
	sum     string
	version string
	bytes   int64
}

// Version is the configured version and the beginning of the file's checksum.
func (l *Loaded) Version() string { return l.version }

// SHA256 is the checksum of the file, in hexadecimal digits.
func (l *Loaded) SHA256() string { return l.sum }

// versionDigits of a checksum tell the versions of an engine apart.
const versionDigits = 12

// Load reads the file of an engine of type Model, which Validate accepts, as it streams by. seen is the
// mark of the version that is known. It returns nil where the file still is that one. The mark
// is to be remembered also with ErrRefused: the same file would be refused again.
func Load(ctx context.Context, c Config, source Source, seen string) (l *Loaded, mark string, err error) {
	defer func() {
		if fault := recover(); fault != nil { // a fault of the reader must not end the process
			l, err = nil, fmt.Errorf("classifier: engine %q: reading its file failed with %v: %w", c.Name, fault, ErrRefused)
		}
	}()
	file, mark, err := source.Open(ctx, seen)
	if err != nil {
		return nil, "", fmt.Errorf("classifier: engine %q: %w", c.Name, err)
	}
	if file == nil {
		return nil, mark, nil
	}
	l, err = read(file, c)
	if closing := file.Close(); err == nil && closing != nil {
		err = closing
	}
	if err != nil {
		return nil, mark, fmt.Errorf("classifier: engine %q: %w", c.Name, err)
	}
	return l, mark, nil
}

func read(file io.Reader, c Config) (*Loaded, error) {
	t := &tap{from: file, left: c.Model.BytesMax, sum: sha256.New()}
	parse := model.ReadXGBoost
	if c.Model.Format == LightGBM {
		parse = model.ReadLightGBM
	}
	m, bad := parse(t)
	if bad == nil || c.Model.SHA256 != "" {
		// What stands behind the trees belongs to the checksum; and that it is wrong says more than
		// what the reader stumbled over.
		_, _ = io.Copy(io.Discard, t) // t remembers
	}
	if t.err != nil {
		return nil, t.err
	}
	sum := hex.EncodeToString(t.sum.Sum(nil))
	switch {
	case c.Model.SHA256 != "" && sum != c.Model.SHA256:
		return nil, fmt.Errorf("its sha256 is %s, want %s: %w", sum, c.Model.SHA256, ErrRefused)
	case bad != nil:
		return nil, fmt.Errorf("%w: %w", bad, ErrRefused)
	}
	inputs, err := fit(m, c)
	if err != nil {
		return nil, err
	}
	l := &Loaded{model: m, inputs: inputs, sum: sum, version: sum[:versionDigits], bytes: t.n}
	if c.Version != "" {
		l.version = c.Version + "-" + l.version
	}
	return l, nil
}

// fit joins the features of a model with the inputs of its engine, and holds its outputs to the
// classes. It reports everything that does not fit.
func fit(m *model.Model, c Config) ([]int, error) {
	var all []error
	refuse := func(format string, args ...any) {
		if len(all) < fitFaultsMax {
			all = append(all, fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrRefused))
		}
	}
	byName := make(map[string]int, len(c.Model.Inputs))
	names := make([]string, len(c.Model.Inputs))
	for i, in := range c.Model.Inputs {
		byName[in.Name], names[i] = i, in.Name
	}
	inputs := make([]int, len(m.Features()))
	used := make([]bool, len(names))
	for f, name := range m.Features() {
		i, ok := byName[name]
		if !ok {
			hint := "add an input with name = " + quoted(name)
			if near, ok := criteria.Nearest(name, names); ok && !slices.Contains(m.Features(), near) {
				hint += ", or mend " + quoted(near)
			}
			refuse("the model has the feature %s, for which there is no input: %s", quoted(name), hint)
			continue
		}
		inputs[f], used[i] = i, true
	}
	for i, name := range names {
		if !used[i] {
			hint := "take it out"
			if near, ok := criteria.Nearest(name, m.Features()); ok {
				hint += ", or did you mean " + quoted(near) + "?"
			}
			refuse("the model has no feature %s, for which there is an input: %s", quoted(name), hint)
		}
	}
	switch classes := m.Classes(); {
	case c.Model.byThreshold() && (m.Outputs() != 1 || classes != 1):
		refuse("the model has %d classes, and thresholds are for one output: take from out, and name all classes in the model's order", classes)
	case !c.Model.byThreshold() && classes == 1:
		refuse("the model gives one number: say from which number on each class begins (from)")
	case !c.Model.byThreshold() && classes != len(c.Model.Outputs):
		refuse("the model has %d classes, %d are named", classes, len(c.Model.Outputs))
	}
	return inputs, errors.Join(all...)
}

// fitFaultsMax is how many misfits are told; the wrong file has hundreds.
const fitFaultsMax = 8

// tap counts and sums what is read, up to a bound, and remembers why reading ended.
type tap struct {
	from io.Reader
	left int64
	n    int64
	sum  hash.Hash
	err  error
}

func (t *tap) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	runtime.Gosched() // those who trade go first: a reader that is never idle would hold a core for 10 ms each time
	n, err := t.from.Read(p)
	if int64(n) > t.left {
		t.err = fmt.Errorf("it has more than the %d bytes that are allowed: raise the bound if it is meant to be so large: %w", t.n+t.left, ErrRefused)
		return 0, t.err
	}
	t.left, t.n = t.left-int64(n), t.n+int64(n)
	t.sum.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// quoted is a name from a file in quotes, cut to what a message should hold of it.
func quoted(name string) string { return strconv.Quote(shown(name)) }
