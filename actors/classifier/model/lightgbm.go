package model

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
)

// lineMax is the longest line of a LightGBM file: a tree of a million leaves fits.
const lineMax = 64 << 20

// ReadLightGBM reads a model that LightGBM 2 to 4 saved as text (Booster.save_model). It takes
// gbdt, dart and rf boosters with constant leaves; objectives for regression, binary and multi-class
// classification, cross entropy and ranking. It fails with ErrFormat or ErrUnsupported, or with r's
// error.
//
// Source: LightGBM's src/boosting/gbdt_model_text.cpp and src/io/tree.cpp.
func ReadLightGBM(r io.Reader) (*Model, error) {
	g := &lightgbm{lines: bufio.NewScanner(r), m: &Model{outputs: 1}}
	g.lines.Buffer(make([]byte, 1<<16), lineMax)
	g.read()
	if g.err == nil {
		g.err = g.m.check()
	}
	if g.err != nil {
		return nil, fmt.Errorf("model: LightGBM: %w", g.err)
	}
	return g.m, nil
}

type lightgbm struct {
	lines *bufio.Scanner
	line  int
	m     *Model
	err   error

	perRound  int // trees an iteration
	objective string
}

func (g *lightgbm) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("line %d: %s: %w", g.line, fmt.Sprintf(format, args...), ErrFormat)
	}
}

func (g *lightgbm) unsupported(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("line %d: %s: %w", g.line, fmt.Sprintf(format, args...), ErrUnsupported)
	}
}

// next returns the next line; false at the end or after a fault.
func (g *lightgbm) next() (string, bool) {
	if g.err != nil {
		return "", false
	}
	if !g.lines.Scan() {
		if err := g.lines.Err(); err != nil {
			g.err = fmt.Errorf("line %d: %w", g.line+1, err)
		}
		return "", false
	}
	g.line++
	return strings.TrimRight(g.lines.Text(), "\r"), true
}

func (g *lightgbm) read() {
	first, _ := g.next()
	if first != "tree" {
		g.fail("want %q, found %.40q: is it a model saved as text by LightGBM?", "tree", first)
		return
	}
	ended := false
	for {
		line, ok := g.next()
		if !ok {
			break
		}
		if line == "end of trees" {
			ended = true
			break
		}
		key, value, _ := strings.Cut(line, "=")
		if key == "Tree" {
			if len(g.m.trees) >= treesMax {
				g.fail("more than %d trees", treesMax)
				return
			}
			if g.perRound == 0 || g.m.features == nil {
				g.fail("a tree before the header ended")
				return
			}
			g.tree(value)
			continue
		}
		g.header(key, value)
	}
	if g.err == nil && !ended {
		g.fail("the file ends before its trees do")
	}
	g.finish()
}

func (g *lightgbm) header(key, value string) {
	switch key {
	case "version":
		switch value {
		case "v2", "v3", "v4":
		default:
			g.unsupported("version %.40q", value)
		}
	case "num_class":
		g.m.outputs = g.count(key, value, 1, outputsMax)
	case "num_tree_per_iteration":
		g.perRound = g.count(key, value, 1, outputsMax)
	case "objective":
		g.objective = value
	case "average_output":
		g.m.average = true
	case "feature_names":
		g.m.features = strings.Fields(value)
		if len(g.m.features) == 0 || len(g.m.features) > featuresMax {
			g.fail("%d feature names", len(g.m.features))
		}
	case "linear_tree":
		if value != "0" {
			g.unsupported("linear trees")
		}
	}
}

func (g *lightgbm) count(what, text string, least, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		g.fail("%s %.40q: want %d to %d", what, text, least, most)
		return least
	}
	return n
}

// gbmTree is one tree's lines.
type gbmTree struct {
	leaves                int
	feature, left, right  []int
	decision              []int
	threshold, value      []float64
	boundaries, setsOfCat []int
}

func (g *lightgbm) tree(number string) {
	if number != strconv.Itoa(len(g.m.trees)) {
		g.fail("tree %.40q after %d trees", number, len(g.m.trees))
		return
	}
	var t gbmTree
	for {
		line, ok := g.next()
		if !ok {
			g.fail("tree %s does not end", number)
			return
		}
		if line == "" {
			break
		}
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "num_leaves":
			t.leaves = g.count(key, value, 1, nodesMax)
		case "split_feature":
			t.feature = g.ints(key, value)
		case "threshold":
			t.threshold = g.floats(key, value)
		case "decision_type":
			t.decision = g.ints(key, value)
		case "left_child":
			t.left = g.ints(key, value)
		case "right_child":
			t.right = g.ints(key, value)
		case "leaf_value":
			t.value = g.floats(key, value)
		case "cat_boundaries":
			t.boundaries = g.ints(key, value)
		case "cat_threshold":
			t.setsOfCat = g.ints(key, value)
		case "is_linear":
			if value != "0" {
				g.unsupported("linear trees")
			}
		}
	}
	if g.err == nil {
		g.add(&t)
	}
}

func (g *lightgbm) ints(what, text string) []int {
	all := make([]int, 0, 1+strings.Count(text, " "))
	for word := range strings.FieldsSeq(text) {
		v, err := strconv.ParseInt(word, 10, 64)
		if err != nil || v < -1<<31 || v > 1<<32-1 {
			g.fail("%s: %.40q", what, word)
			return nil
		}
		all = append(all, int(v))
		yield(len(all))
	}
	return all
}

func (g *lightgbm) floats(what, text string) []float64 {
	all := make([]float64, 0, 1+strings.Count(text, " "))
	for word := range strings.FieldsSeq(text) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			g.fail("%s: %.40q", what, word)
			return nil
		}
		all = append(all, v)
		yield(len(all))
	}
	return all
}

// yield lets others run now and then: a line may hold a million numbers, and who trades on the same
// core must not wait for them.
func yield(n int) {
	if n%yieldEvery == 0 {
		runtime.Gosched()
	}
}

// yieldEvery so many numbers: some 0.1 ms.
const yieldEvery = 1 << 10

// The bits of a decision_type (tree.h): categorical, default left, and what is missing.
const (
	gbmCategorical = 1
	gbmDefaultLeft = 2
	gbmMissing     = 12
	gbmMissingNone = 0
	gbmMissingZero = 4
	gbmMissingNaN  = 8
)

func (g *lightgbm) add(t *gbmTree) {
	m, inner := g.m, t.leaves-1
	nodes, leaves, sets := int32(len(m.nodes)), int32(len(m.leaves)), len(m.sets)
	if len(t.value) != t.leaves || len(t.feature) != inner || len(t.threshold) != inner || len(t.left) != inner || len(t.right) != inner ||
		len(t.decision) != inner && (inner > 0 || len(t.decision) > 0) {
		g.fail("a tree of %d leaves with %d values, %d features, %d thresholds, %d and %d children and %d decisions",
			t.leaves, len(t.value), len(t.feature), len(t.threshold), len(t.left), len(t.right), len(t.decision))
		return
	}
	if len(m.nodes)+inner > nodesMax {
		g.fail("more than %d nodes", nodesMax)
		return
	}
	m.leaves = append(m.leaves, t.value...)
	for _, w := range t.setsOfCat {
		if w < 0 {
			g.fail("cat_threshold %d", w)
			return
		}
		m.sets = append(m.sets, uint32(w))
	}
	place := func(child int) int32 {
		switch {
		case child >= 0 && child < inner:
			return nodes + int32(child)
		case child < 0 && ^child < t.leaves:
			return ^(leaves + int32(^child))
		}
		g.fail("child %d of %d nodes and %d leaves", child, inner, t.leaves)
		return -1
	}
	for i := range inner {
		n := node{threshold: t.threshold[i], feature: int32(t.feature[i]), left: place(t.left[i]), right: place(t.right[i])}
		d := t.decision[i]
		if d < 0 || d&^(gbmCategorical|gbmDefaultLeft|gbmMissing) != 0 {
			g.fail("decision_type %d", d)
			return
		}
		if d&gbmDefaultLeft != 0 {
			n.kind |= defaultLeft
		}
		switch {
		case d&gbmCategorical != 0:
			k := int(t.threshold[i])
			if k < 0 || k+1 >= len(t.boundaries) || t.boundaries[k] < 0 || t.boundaries[k] > t.boundaries[k+1] || t.boundaries[k+1] > len(t.setsOfCat) {
				g.fail("the categories %v of %d", t.threshold[i], len(t.boundaries)-1)
				return
			}
			words := t.boundaries[k+1] - t.boundaries[k]
			if words > 1<<15 {
				g.fail("a set of %d categories", words*32)
				return
			}
			n.kind = categorical
			n.threshold, n.words = float64(sets+t.boundaries[k]), uint16(words)
		case d&gbmMissing == gbmMissingZero:
			n.kind |= zeroMissing | nanAsZero
		case d&gbmMissing == gbmMissingNone:
			n.kind |= nanAsZero
		case d&gbmMissing != gbmMissingNaN:
			g.fail("decision_type %d", d)
			return
		}
		m.nodes = append(m.nodes, n)
	}
	root := ^leaves
	if inner > 0 {
		root = nodes
	}
	m.trees = append(m.trees, tree{root: root, output: int32(len(m.trees) % g.perRound), weight: 1})
}

func (g *lightgbm) finish() {
	m := g.m
	if g.err != nil {
		return
	}
	if len(m.features) == 0 || g.perRound != m.outputs || len(m.trees)%g.perRound != 0 {
		g.fail("%d features, %d classes, %d trees an iteration, %d trees", len(m.features), m.outputs, g.perRound, len(m.trees))
		return
	}
	m.base = make([]float64, m.outputs)
	m.rounds = max(1, float64(len(m.trees)/g.perRound))
	words := strings.Fields(g.objective)
	if len(words) == 0 {
		m.link = identity // an objective of one's own
		return
	}
	switch words[0] {
	case "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg":
		if len(words) > 1 && words[1] == "sqrt" {
			m.link = signedSquare
		}
	case "poisson", "gamma", "tweedie":
		m.link = exponential
	case "binary", "multiclassova":
		m.link = logistic
		g.slope(words[1:])
	case "cross_entropy":
		m.link = logistic
	case "multiclass":
		m.link = softmax
	default:
		g.unsupported("objective %.40q", words[0])
	}
}

// slope multiplies what goes into the sigmoid.
func (g *lightgbm) slope(words []string) {
	for _, w := range words {
		text, ok := strings.CutPrefix(w, "sigmoid:")
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v > 0) {
			g.fail("%.40q", w)
			return
		}
		for i := range g.m.leaves {
			g.m.leaves[i] *= v
		}
	}
}
