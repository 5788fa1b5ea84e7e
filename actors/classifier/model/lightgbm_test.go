package model

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// The trees below are worked out by hand; what each row must give stands beside it.

const gbmHeader = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2
objective=regression
feature_names=change spread sector
feature_infos=[-5:5] [0:9] 0:1:2:40
tree_sizes=300 200

`

// Tree 0: change <= 0.5 ? (spread <= 2, zero missing and left ? 1 : 2) : (sector in {1, 33} ? 4 : 8)
// Tree 1: change <= -1, NaN missing and right ? 0.25 : 0.5
const gbmTrees = `Tree=0
num_leaves=4
num_cat=1
split_feature=0 1 2
split_gain=3 2 1
threshold=0.5 2 0
decision_type=0 6 1
left_child=1 -1 -3
right_child=2 -2 -4
leaf_value=1 2 4 8
leaf_weight=1 1 1 1
leaf_count=1 1 1 1
internal_value=0 0 0
internal_weight=1 1 1
internal_count=4 2 2
cat_boundaries=0 2
cat_threshold=2 2
is_linear=0
shrinkage=0.1


Tree=1
num_leaves=2
num_cat=0
split_feature=0
split_gain=1
threshold=-1
decision_type=8
left_child=-1
right_child=-2
leaf_value=0.25 0.5
is_linear=0
shrinkage=0.1


end of trees

feature_importances:
change=2

parameters:
[boosting: gbdt]
end of parameters

pandas_categorical:null
`

func TestLightGBM(t *testing.T) {
	nan := math.NaN()
	rows := []struct {
		change, spread, sector float64
		want                   float64
	}{
		{0.5, 2, 0, 1.5},    // on both thresholds: left
		{0.5, 2.1, 0, 2.5},  // right of the second
		{0.4, 0, 0, 1.5},    // zero is missing: left
		{0.4, nan, 0, 1.5},  // so is NaN there, which is zero
		{-1, 3, 0, 2.25},    // left of tree 1
		{nan, 3, 0, 2.5},    // NaN is zero in tree 0, which has no missing values; in tree 1 it goes right
		{0.6, 0, 1, 4.5},    // sector 1 is in the set
		{0.6, 0, 33, 4.5},   // so is 33, in its second word
		{0.6, 0, 33.9, 4.5}, // of which only the whole part counts
		{0.6, 0, 2, 8.5},
		{0.6, 0, 64, 8.5}, // beyond the set
		{0.6, 0, -1, 8.5},
		{0.6, 0, nan, 8.5},
	}
	m, err := ReadLightGBM(strings.NewReader(gbmHeader + gbmTrees))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rows {
		out := make([]float64, 1)
		if m.Predict([]float64{c.change, c.spread, c.sector}, out, make([]float64, 1)); out[0] != c.want {
			t.Errorf("%+v gives %v", c, out[0])
		}
	}
	link := func(objective string, f func(float64) float64) {
		t.Helper()
		text := strings.Replace(gbmHeader+gbmTrees, "objective=regression", objective, 1)
		m, err := ReadLightGBM(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", objective, err)
			return
		}
		out := make([]float64, 1)
		if m.Predict([]float64{0.5, 2, 0}, out, make([]float64, 1)); math.Abs(out[0]-f(1.5)) > 1e-15 {
			t.Errorf("%s gives %v, want %v", objective, out[0], f(1.5))
		}
	}
	link("objective=binary sigmoid:2", func(v float64) float64 { return 1 / (1 + math.Exp(-2*v)) })
	link("objective=cross_entropy", func(v float64) float64 { return 1 / (1 + math.Exp(-v)) })
	link("objective=poisson", math.Exp)
	link("objective=regression sqrt", func(v float64) float64 { return v * v })
	link("average_output\nobjective=regression", func(v float64) float64 { return v / 2 })
	link("average=no", func(v float64) float64 { return v })
}

func TestLightGBMClasses(t *testing.T) {
	text := strings.NewReplacer("num_class=1", "num_class=2", "num_tree_per_iteration=1", "num_tree_per_iteration=2",
		"objective=regression", "objective=multiclass num_class:2").Replace(gbmHeader + gbmTrees)
	m, err := ReadLightGBM(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 2)
	m.Predict([]float64{0.5, 2, 0}, out, make([]float64, 2)) // tree 0 gives 1 to the first, tree 1 gives 0.5 to the second
	if want := 1 / (1 + math.Exp(-0.5)); m.Outputs() != 2 || math.Abs(out[0]-want) > 1e-15 || math.Abs(out[0]+out[1]-1) > 1e-15 {
		t.Errorf("%v, want %v", out, want)
	}
}

// TestLightGBMLeaf: a tree may be a single leaf, which has no lines of splits.
func TestLightGBMLeaf(t *testing.T) {
	m, err := ReadLightGBM(strings.NewReader(gbmHeader + "Tree=0\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nthreshold=\ndecision_type=\nleft_child=\nright_child=\nleaf_value=7\nshrinkage=1\n\n\nend of trees\n"))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 1)
	if m.Predict(make([]float64, 3), out, make([]float64, 1)); out[0] != 7 {
		t.Errorf("%v", out)
	}
}

func TestLightGBMRefuses(t *testing.T) {
	whole := gbmHeader + gbmTrees
	for _, c := range []struct {
		name, old, text string
		want            error
	}{
		{"not a model", "tree\nversion", "x\nversion", ErrFormat},
		{"version", "version=v4", "version=v9", ErrUnsupported},
		{"objective", "objective=regression", "objective=survival", ErrUnsupported},
		{"linear trees", "is_linear=0", "is_linear=1", ErrUnsupported},
		{"no end", "end of trees", "end", ErrFormat},
		{"a tree is missing", "Tree=0", "Tree=1", ErrFormat},
		{"a child beyond", "left_child=1 -1 -3", "left_child=3 -1 -3", ErrFormat},
		{"a leaf beyond", "left_child=1 -1 -3", "left_child=1 -1 -5", ErrFormat},
		{"a loop", "left_child=1 -1 -3", "left_child=0 -1 -3", ErrFormat},
		{"a feature beyond", "split_feature=0 1 2", "split_feature=0 1 3", ErrFormat},
		{"a threshold is missing", "threshold=0.5 2 0", "threshold=0.5 2", ErrFormat},
		{"a leaf is missing", "leaf_value=1 2 4 8", "leaf_value=1 2 4", ErrFormat},
		{"a word for a number", "leaf_value=1 2", "leaf_value=1 x", ErrFormat},
		{"categories that are not there", "cat_boundaries=0 2", "cat_boundaries=0", ErrFormat},
		{"categories beyond", "cat_boundaries=0 2", "cat_boundaries=0 3", ErrFormat},
		{"categories backwards", "cat_boundaries=0 2", "cat_boundaries=2 0", ErrFormat},
		{"a decision that is none", "decision_type=0 6 1", "decision_type=0 22 1", ErrFormat},
		{"missing in a fourth way", "decision_type=0 6 1", "decision_type=0 12 1", ErrFormat},
		{"half an iteration", "num_class=1\nnum_tree_per_iteration=1", "num_class=3\nnum_tree_per_iteration=3", ErrFormat},
	} {
		if !strings.Contains(whole, c.old) {
			t.Fatalf("%s: nothing to replace", c.name)
		}
		if _, err := ReadLightGBM(strings.NewReader(strings.Replace(whole, c.old, c.text, 1))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for i := range strings.Index(whole, "end of trees") {
		if _, err := ReadLightGBM(strings.NewReader(whole[:i])); err == nil {
			t.Fatalf("%d bytes are taken for a model", i)
		}
	}
}

func FuzzLightGBM(f *testing.F) {
	f.Add(gbmHeader + gbmTrees)
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := ReadLightGBM(strings.NewReader(text)); err == nil {
			evaluate(m)
		}
	})
}
