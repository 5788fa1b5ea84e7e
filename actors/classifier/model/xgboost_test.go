package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestXGBoost trains models with the library and holds ours against what it predicts with them.
func TestXGBoost(t *testing.T) {
	python := pythonWith(t, "xgboost")
	dir := t.TempDir()
	cmd := exec.Command(python, filepath.Join("testdata", "train.py"), dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
	lines := json.NewDecoder(bytes.NewReader(out))
	n := 0
	for ; lines.More(); n++ {
		var c struct {
			Model       string
			Rows        [][]*float64
			Predictions [][]float64
		}
		if err := lines.Decode(&c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Model, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, c.Model+".json"))
			if err != nil {
				t.Fatal(err)
			}
			m, err := ReadXGBoost(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if m.Outputs() != len(c.Predictions[0]) || m.Features()[0] != "momentum" || m.Trees() < 20 || m.Bytes() <= 0 {
				t.Fatalf("%d outputs, features %v, %d trees", m.Outputs(), m.Features(), m.Trees())
			}
			got, scratch := make([]float64, m.Outputs()), make([]float64, 8)
			for i, row := range c.Rows {
				values := make([]float64, len(row))
				for k, v := range row {
					values[k] = math.NaN()
					if v != nil {
						values[k] = *v
					}
				}
				m.Predict(values, got, scratch)
				for k, want := range c.Predictions[i] {
					// The link is worked out in float32 there, in float64 here: a few ulp.
					if math.Abs(got[k]-want) > 1e-6*math.Max(1, math.Abs(want)) {
						t.Fatalf("row %d %v: %v, XGBoost says %v", i, values, got, c.Predictions[i])
					}
				}
			}
			whatIsCut(t, text)
		})
	}
	if n != 11 {
		t.Errorf("%d models", n)
	}
}

// whatIsCut: no beginning of a file is a model.
func whatIsCut(t *testing.T, text []byte) {
	t.Helper()
	text = bytes.TrimSpace(text)
	for i := 0; i < len(text); i += 1 + len(text)/200 {
		if _, err := ReadXGBoost(bytes.NewReader(text[:i])); !errors.Is(err, ErrFormat) {
			t.Fatalf("%d of %d bytes: %v", i, len(text), err)
		}
	}
}

// pythonWith returns a Python that has a module.
func pythonWith(t *testing.T, module string) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	t.Skipf("SKIP: no python3 with %s: install python3-%s", module, module)
	return ""
}

// stump is an XGBoost model of one tree, as version 3 writes it, with one thing to replace.
const stump = `{"version":[3,0,0],"learner":{"attributes":{},"feature_names":[],"feature_types":[],
"gradient_booster":{"name":"gbtree","model":{"gbtree_model_param":{"num_trees":"1","num_parallel_tree":"1"},"tree_info":[0],
"iteration_indptr":[0,1],"cats":{"enc":[],"feature_segments":[],"sorted_idx":[]},
"trees":[{"id":0,"tree_param":{"num_nodes":"3","size_leaf_vector":"1","num_feature":"2"},"left_children":[1,-1,-1],"right_children":[2,-1,-1],
"split_indices":[1,0,0],"split_conditions":[5E-1,-1E0,2.5E0],"default_left":[1,0,0],"split_type":[0,0,0],
"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[]}]}},
"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1","num_class":"0","num_feature":"2","num_target":"1"},
"objective":{"name":"reg:squarederror","reg_loss_param":{"scale_pos_weight":"1"}}}}`

func TestXGBoostStump(t *testing.T) {
	m, err := ReadXGBoost(strings.NewReader(stump))
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for _, c := range []struct{ value, want float64 }{{0.4, -0.5}, {0.5, 3}, {nan, -0.5}, {math.Inf(1), 3}, {0.5 - 1e-12, 3}} {
		out := make([]float64, 1)
		if m.Predict([]float64{0, c.value}, out, make([]float64, 1)); out[0] != c.want {
			t.Errorf("%v gives %v, want %v", c.value, out[0], c.want)
		}
	}
}

func TestXGBoostRefuses(t *testing.T) {
	for _, c := range []struct {
		name, old, text string
		want            error
	}{
		{"not JSON", stump, "tree\nversion=v4", ErrFormat},
		{"nothing", stump, "", ErrFormat},
		{"another object", stump, `{"a":1}`, ErrFormat},
		{"more behind it", stump, stump + "{}", ErrFormat},
		{"linear booster", `"gbtree","model"`, `"gblinear","model"`, ErrUnsupported},
		{"objective", "reg:squarederror", "survival:cox", ErrUnsupported},
		{"vector leaves", `"size_leaf_vector":"1"`, `"size_leaf_vector":"3"`, ErrUnsupported},
		{"targets", `"num_target":"1"`, `"num_target":"2"`, ErrUnsupported},
		{"a child beyond", "[1,-1,-1]", "[7,-1,-1]", ErrFormat},
		{"a loop", "[1,-1,-1]", "[0,-1,-1]", ErrFormat},
		{"two parents", `"right_children":[2,`, `"right_children":[1,`, ErrFormat},
		{"a feature beyond", `"split_indices":[1`, `"split_indices":[2`, ErrFormat},
		{"arrays of other lengths", `"default_left":[1,0,0]`, `"default_left":[1,0]`, ErrFormat},
		{"a word for a number", "[5E-1,-1E0", "[oops,-1E0", ErrFormat},
		{"a class beyond", `"tree_info":[0]`, `"tree_info":[1]`, ErrFormat},
		{"no class", `"tree_info":[0]`, `"tree_info":[]`, ErrFormat},
		{"categories that are not there", `"split_type":[0`, `"split_type":[1`, ErrFormat},
		{"categories beyond", `"split_type":[0,0,0],
"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[]`, `"split_type":[1,0,0],
"categories":[1],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[2]`, ErrFormat},
		{"base score", "[5E-1]\"", "x\"", ErrFormat},
		{"names", `"feature_names":[]`, `"feature_names":["a"]`, ErrFormat},
	} {
		if !strings.Contains(stump, c.old) {
			t.Fatalf("%s: nothing to replace", c.name)
		}
		if _, err := ReadXGBoost(strings.NewReader(strings.Replace(stump, c.old, c.text, 1))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	broken := errors.New("the wire broke")
	if _, err := ReadXGBoost(io.MultiReader(strings.NewReader(stump[:100]), failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a reader's error: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzXGBoost: whatever is read is refused, or can be evaluated.
func FuzzXGBoost(f *testing.F) {
	f.Add([]byte(stump))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := ReadXGBoost(bytes.NewReader(text)); err == nil {
			evaluate(m)
		}
	})
}

func evaluate(m *Model) {
	for _, v := range []float64{0, 1, -1, 1e300, math.NaN(), math.Inf(-1), 31, 1 << 20} {
		row := make([]float64, len(m.Features()))
		for i := range row {
			row[i] = v
		}
		m.Predict(row, make([]float64, m.Outputs()), make([]float64, m.outputs))
	}
}
