// Package model evaluates gradient-boosted trees that other programs trained: XGBoost's JSON and
// LightGBM's text. It reads a file as it streams by, holds nothing of its text, and refuses what it
// would not evaluate exactly as the trainer does.
//
// The package imports nothing of Maru. A Model never changes after it was read and may be used from
// any goroutine.
//
// XGBoost is checked against the library itself, LightGBM against trees worked out by hand, because
// it is not packaged where the tests run.
package model

import (
	"errors"
	"fmt"
	"math"
)

// Errors that Read functions wrap, with where in the file and what was wrong.
var (
	ErrFormat      = errors.New("not a sound model file")
	ErrUnsupported = errors.New("a model of a kind that is not supported")
)

// Bounds of what is read: beyond, a file is taken to be corrupt.
const (
	featuresMax = 1 << 20
	outputsMax  = 1 << 12
	treesMax    = 1 << 22
	nodesMax    = 1 << 28
	nameMax     = 1 << 10 // bytes of a feature's name
)

// Model is a sum of trees with a link function over it.
type Model struct {
	features []string
	outputs  int
	trees    []tree
	nodes    []node
	leaves   []float64
	sets     []uint32 // bit sets of categories
	base     []float64
	single   bool    // sums are float32, as XGBoost's are
	average  bool    // the sum is divided by the number of rounds
	rounds   float64 // trees an output
	link     link
}

// tree begins at a node, or is one leaf.
type tree struct {
	root   int32 // index of a node; below 0: of leaf ^root
	output int32
	weight float64 // of DART; else 1
}

// node is one split. A child below 0 is leaf ^child.
type node struct {
	threshold   float64 // of a numeric split; of a categorical one, the first word of its set
	feature     int32
	left, right int32
	words       uint16 // of the set
	kind        kind
}

// kind says how a node decides. Both libraries' rules are told here and nowhere else.
type kind uint8

const (
	less        kind = 1 << iota // left if value < threshold, else value <= threshold
	defaultLeft                  // what is missing goes left
	zeroMissing                  // zero is missing too
	nanAsZero                    // NaN is not missing: it is zero
	categorical                  // left if the value is in the set
	leftIsOut                    // of categorical: left if it is not
)

// link turns sums into outputs.
type link uint8

const (
	identity link = iota
	logistic
	exponential
	softmax
	argmax
	signedSquare
)

// Features returns the names of the features in the order in which Predict takes them; "f0",
// "f1" … where the file names none. The caller must not change it.
func (m *Model) Features() []string { return m.features }

// Outputs returns how many numbers Predict gives: 1, or one a class.
func (m *Model) Outputs() int {
	if m.link == argmax {
		return 1
	}
	return m.outputs
}

// Classes returns how many sums of trees there are, which is how long scratch must be: one a class
// of a model that has classes, else 1. Where Outputs is 1 and Classes is not, Predict gives the number
// of the likeliest class.
func (m *Model) Classes() int { return m.outputs }

// Trees returns how many trees there are, and Bytes about how much memory they take.
func (m *Model) Trees() int { return len(m.trees) }

// Bytes returns about how much memory the trees take.
func (m *Model) Bytes() int64 {
	return int64(len(m.nodes))*32 + int64(len(m.leaves))*8 + int64(len(m.trees))*16 + int64(len(m.sets))*4
}

// Predict evaluates the model for one row. NaN is a missing value. It needs len(Features()) values
// and writes Outputs() numbers: a value, a probability, one probability a class, or the number of the
// likeliest class. Scratch is at least as long as there are classes and may be reused; it panics if a
// slice is too short.
func (m *Model) Predict(row, out, scratch []float64) {
	sums := scratch[:m.outputs]
	clear(sums)
	if m.single {
		m.sum32(row[:len(m.features)], sums)
	} else {
		m.sum(row[:len(m.features)], sums)
	}
	m.apply(sums, out)
}

func (m *Model) sum(row, sums []float64) {
	for i := range m.trees {
		t := &m.trees[i]
		sums[t.output] += m.leaf(t.root, row)
	}
	for k := range sums {
		if m.average {
			sums[k] /= m.rounds
		}
		sums[k] += m.base[k]
	}
}

// sum32 adds up as XGBoost does: in float32, from the base on.
func (m *Model) sum32(row, sums []float64) {
	for k := range sums {
		sums[k] = m.base[k]
	}
	for i := range m.trees {
		t := &m.trees[i]
		sums[t.output] = float64(float32(sums[t.output]) + float32(t.weight)*float32(m.leaf(t.root, row)))
	}
}

// leaf walks down a tree.
func (m *Model) leaf(at int32, row []float64) float64 {
	for at >= 0 {
		n := &m.nodes[at]
		if n.goesLeft(row[n.feature], m.sets) {
			at = n.left
		} else {
			at = n.right
		}
	}
	return m.leaves[^at]
}

func (n *node) goesLeft(v float64, sets []uint32) bool {
	if n.kind&categorical != 0 {
		return n.inSet(v, sets)
	}
	if v != v {
		if n.kind&nanAsZero == 0 {
			return n.kind&defaultLeft != 0
		}
		v = 0
	}
	if n.kind&zeroMissing != 0 && math.Abs(v) <= zeroThreshold {
		return n.kind&defaultLeft != 0
	}
	if n.kind&less != 0 {
		return float32(v) < float32(n.threshold)
	}
	return v <= n.threshold
}

// zeroThreshold is what LightGBM takes for zero (kZeroThreshold in its meta.h).
const zeroThreshold = 1e-35

func (n *node) inSet(v float64, sets []uint32) bool {
	out := n.kind&leftIsOut != 0
	switch {
	case v != v && out: // XGBoost: missing
		return n.kind&defaultLeft != 0
	case v != v || v < 0 || v >= float64(n.words)*32:
		return out
	}
	bit := uint32(v)
	in := sets[int(n.threshold)+int(bit/32)]>>(bit%32)&1 != 0
	return in != out
}

func (m *Model) apply(sums, out []float64) {
	switch m.link {
	case identity:
		copy(out, sums)
	case logistic:
		for k, v := range sums {
			out[k] = 1 / (1 + math.Exp(-v))
		}
	case exponential:
		for k, v := range sums {
			out[k] = math.Exp(v)
		}
	case signedSquare:
		for k, v := range sums {
			out[k] = math.Copysign(v*v, v)
		}
	case softmax:
		most := sums[0]
		for _, v := range sums[1:] {
			most = max(most, v)
		}
		total := 0.0
		for k, v := range sums {
			out[k] = math.Exp(v - most)
			total += out[k]
		}
		for k := range sums {
			out[k] /= total
		}
	case argmax:
		best := 0
		for k, v := range sums {
			if v > sums[best] {
				best = k
			}
		}
		out[0] = float64(best)
	}
}

// check holds every reference against what is there, so that Predict cannot leave the slices, and
// every tree against being a tree, so that it ends.
func (m *Model) check() error {
	seen, fallen := make([]bool, len(m.nodes)), make([]bool, len(m.leaves))
	var visit func(at int32, depth int) error
	visit = func(at int32, depth int) error {
		if at < 0 {
			if int(^at) >= len(m.leaves) || fallen[^at] {
				return fmt.Errorf("leaf %d is no part of a tree: %w", ^at, ErrFormat)
			}
			fallen[^at] = true
			return nil
		}
		if int(at) >= len(m.nodes) || seen[at] || depth > 1<<16 {
			return fmt.Errorf("node %d is no part of a tree: %w", at, ErrFormat)
		}
		seen[at] = true
		n := &m.nodes[at]
		if n.feature < 0 || int(n.feature) >= len(m.features) {
			return fmt.Errorf("a split on feature %d of %d: %w", n.feature, len(m.features), ErrFormat)
		}
		if n.kind&categorical != 0 && (n.threshold < 0 || int(n.threshold)+int(n.words) > len(m.sets)) {
			return fmt.Errorf("a set of categories at %v of %d: %w", n.threshold, len(m.sets), ErrFormat)
		}
		if err := visit(n.left, depth+1); err != nil {
			return err
		}
		return visit(n.right, depth+1)
	}
	for i, t := range m.trees {
		if t.output < 0 || int(t.output) >= m.outputs {
			return fmt.Errorf("tree %d is of output %d of %d: %w", i, t.output, m.outputs, ErrFormat)
		}
		if err := visit(t.root, 0); err != nil {
			return fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return nil
}

// defaultNames returns "f0", "f1" …
func defaultNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	return names
}
