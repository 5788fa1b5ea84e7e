package model

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// ReadXGBoost reads a model that XGBoost 1.7 to 3 saved as JSON (Booster.save_model("….json")). It
// takes tree boosters, gbtree and dart, with one value a leaf; objectives for regression, binary and
// multi-class classification and ranking. It fails with ErrFormat or ErrUnsupported, or with r's
// error.
//
// All trees count, as Booster.predict does it: an early stop's best iteration does not.
//
// Source: XGBoost's doc/model.schema and doc/tutorials/saving_model.
func ReadXGBoost(r io.Reader) (*Model, error) {
	x := &xgboost{stream: newStream(r), m: &Model{single: true}}
	x.object(func(key string) {
		switch key {
		case "learner":
			x.learner()
		default:
			x.skip(0)
		}
	})
	if c := x.next(); c != 0 {
		x.fail("more after the model: %q", c)
	}
	if x.err == nil {
		x.finish()
	}
	if x.err != nil {
		return nil, fmt.Errorf("model: XGBoost: %w", x.err)
	}
	return x.m, nil
}

type xgboost struct {
	*stream
	m         *Model
	found     bool // trees were there
	booster   string
	objective string
	base      []float64
	classes   int
	features  int
	names     []string
	info      []int // the class of each tree
	drop      []float64
	tree      xgbTree
}

// xgbTree is one tree's arrays, used again for each.
type xgbTree struct {
	left, right, feature []int
	condition            []float64
	defaultLeft          []bool
	splitType            []int
	categories           []int
	categoryNodes        []int
	categorySegments     []int
	categorySizes        []int
	vector               int
}

func (x *xgboost) unsupported(format string, args ...any) {
	if x.err == nil {
		x.err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrUnsupported)
	}
}

func (x *xgboost) learner() {
	x.object(func(key string) {
		switch key {
		case "feature_names":
			x.array(func(i int) {
				name := x.str()
				if i >= featuresMax || len(name) > nameMax {
					x.fail("feature %d has a name of %d bytes", i, len(name))
				}
				x.names = append(x.names, name)
			})
		case "gradient_booster":
			x.gradientBooster()
		case "learner_model_param":
			x.params(func(key, value string) {
				switch key {
				case "base_score":
					x.base = x.floats(value)
				case "num_class":
					x.classes = x.count(key, value, outputsMax)
				case "num_feature":
					x.features = x.count(key, value, featuresMax)
				case "num_target":
					if x.count(key, value, outputsMax) > 1 {
						x.unsupported("%s targets", value)
					}
				}
			})
		case "objective":
			x.object(func(key string) {
				if key == "name" {
					x.objective = x.str()
				} else {
					x.skip(0)
				}
			})
		default:
			x.skip(0)
		}
	})
}

// params reads an object of strings.
func (x *xgboost) params(each func(key, value string)) {
	x.object(func(key string) {
		if c := x.next(); c == '"' {
			x.back()
			each(key, x.str())
		} else {
			x.back()
			x.skip(0)
		}
	})
}

// floats reads "0.5" or, since version 3, "[5E-1]".
func (x *xgboost) floats(text string) (all []float64) {
	for word := range strings.SplitSeq(strings.Trim(text, "[]"), ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 32)
		if err != nil {
			x.fail("base_score %.40q", text)
			return nil
		}
		all = append(all, v)
	}
	return all
}

func (x *xgboost) count(what, text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		x.fail("%s %.40q: want 0 to %d", what, text, most)
	}
	return n
}

func (x *xgboost) gradientBooster() {
	x.object(func(key string) {
		switch key {
		case "name":
			x.booster = x.str()
			if x.booster != "gbtree" && x.booster != "dart" {
				x.unsupported("booster %.40q", x.booster)
			}
		case "model":
			x.boosterModel()
		case "gbtree": // of dart
			x.object(func(key string) {
				if key == "model" {
					x.boosterModel()
				} else {
					x.skip(0)
				}
			})
		case "weight_drop":
			x.array(func(int) { x.drop = append(x.drop, x.float32()) })
		default:
			x.skip(0)
		}
	})
}

func (x *xgboost) boosterModel() {
	x.object(func(key string) {
		switch key {
		case "tree_info":
			x.array(func(int) { x.info = append(x.info, x.int()) })
		case "trees":
			x.found = true
			x.array(func(i int) {
				if i >= treesMax {
					x.fail("more than %d trees", treesMax)
				}
				x.readTree(i)
			})
		default:
			x.skip(0)
		}
	})
}

func (x *xgboost) readTree(number int) {
	t := &x.tree
	for _, list := range []*[]int{&t.left, &t.right, &t.feature, &t.splitType, &t.categories, &t.categoryNodes, &t.categorySegments, &t.categorySizes} {
		*list = (*list)[:0]
	}
	t.condition, t.defaultLeft, t.vector = t.condition[:0], t.defaultLeft[:0], 0
	ints := func(list *[]int) { x.array(func(int) { *list = append(*list, x.int()) }) }
	x.object(func(key string) {
		switch key {
		case "left_children":
			ints(&t.left)
		case "right_children":
			ints(&t.right)
		case "split_indices":
			ints(&t.feature)
		case "split_conditions":
			x.array(func(int) { t.condition = append(t.condition, x.float32()) })
		case "default_left":
			x.array(func(int) { t.defaultLeft = append(t.defaultLeft, x.flag()) })
		case "split_type":
			ints(&t.splitType)
		case "categories":
			ints(&t.categories)
		case "categories_nodes":
			ints(&t.categoryNodes)
		case "categories_segments":
			ints(&t.categorySegments)
		case "categories_sizes":
			ints(&t.categorySizes)
		case "tree_param":
			x.params(func(key, value string) {
				if key == "size_leaf_vector" {
					t.vector = x.count(key, value, outputsMax)
				}
			})
		default:
			x.skip(0)
		}
	})
	if x.err == nil {
		x.addTree(number)
	}
}

// addTree turns the arrays, in which leaves are nodes without children, into nodes and leaves.
func (x *xgboost) addTree(number int) {
	t, m := &x.tree, x.m
	n := len(t.left)
	if n == 0 || len(t.right) != n || len(t.feature) != n || len(t.condition) != n || len(t.defaultLeft) != n || len(t.splitType) != 0 && len(t.splitType) != n {
		x.fail("tree %d: arrays of %d, %d, %d, %d and %d nodes", number, n, len(t.right), len(t.feature), len(t.condition), len(t.defaultLeft))
		return
	}
	if t.vector > 1 {
		x.unsupported("tree %d: leaves of %d values", number, t.vector)
		return
	}
	if len(m.nodes)+n > nodesMax {
		x.fail("more than %d nodes", nodesMax)
		return
	}
	sets := x.readSets(number)
	place := make([]int32, n)
	nodes, leaves := int32(len(m.nodes)), int32(len(m.leaves))
	for i := range n {
		if t.left[i] == -1 {
			place[i] = ^leaves
			leaves++
			m.leaves = append(m.leaves, t.condition[i])
		} else {
			place[i] = nodes
			nodes++
		}
	}
	for i := range n {
		if t.left[i] == -1 {
			continue
		}
		l, r := t.left[i], t.right[i]
		if l < 0 || l >= n || r < 0 || r >= n {
			x.fail("tree %d: node %d leads to %d and %d of %d", number, i, l, r, n)
			return
		}
		d := node{threshold: t.condition[i], feature: int32(t.feature[i]), left: place[l], right: place[r], kind: less}
		if t.defaultLeft[i] {
			d.kind |= defaultLeft
		}
		if len(t.splitType) == n && t.splitType[i] == 1 {
			set, ok := sets[i]
			if !ok {
				x.fail("tree %d: node %d splits by categories that are not there", number, i)
				return
			}
			d.threshold, d.words = float64(set[0]), uint16(set[1])
			d.kind = d.kind&^less | categorical | leftIsOut
		}
		m.nodes = append(m.nodes, d)
	}
	m.trees = append(m.trees, tree{root: place[0], weight: 1})
}

// readSets makes bit sets of a tree's categories and returns where that of each node begins and how
// many words it has.
func (x *xgboost) readSets(number int) map[int][2]int {
	t, m := &x.tree, x.m
	if len(t.categoryNodes) == 0 {
		return nil
	}
	if len(t.categorySegments) != len(t.categoryNodes) || len(t.categorySizes) != len(t.categoryNodes) {
		x.fail("tree %d: %d nodes, %d segments and %d sizes of categories", number, len(t.categoryNodes), len(t.categorySegments), len(t.categorySizes))
		return nil
	}
	sets := make(map[int][2]int, len(t.categoryNodes))
	for k, of := range t.categoryNodes {
		from, size := t.categorySegments[k], t.categorySizes[k]
		if from < 0 || size < 0 || from > len(t.categories) || size > len(t.categories)-from {
			x.fail("tree %d: categories %d to %d of %d", number, from, from+size, len(t.categories))
			return nil
		}
		most := -1
		for _, c := range t.categories[from : from+size] {
			if c < 0 || c >= 1<<20 {
				x.fail("tree %d: category %d", number, c)
				return nil
			}
			most = max(most, c)
		}
		begin, words := len(m.sets), most/32+1
		if most < 0 {
			words = 0
		}
		m.sets = append(m.sets, make([]uint32, words)...)
		for _, c := range t.categories[from : from+size] {
			m.sets[begin+c/32] |= 1 << (c % 32)
		}
		sets[of] = [2]int{begin, words}
	}
	return sets
}

// finish applies what may have come after the trees.
func (x *xgboost) finish() {
	m := x.m
	if !x.found || x.objective == "" || x.features == 0 {
		x.fail("no trees, objective or features: is it a model saved as JSON by XGBoost?")
		return
	}
	m.outputs = max(1, x.classes)
	m.features = x.names
	if len(m.features) == 0 {
		m.features = defaultNames(x.features)
	}
	if len(m.features) != x.features || len(x.info) != len(m.trees) {
		x.fail("%d names of %d features, %d classes of %d trees", len(m.features), x.features, len(x.info), len(m.trees))
		return
	}
	for i := range m.trees {
		m.trees[i].output = int32(x.info[i])
	}
	if x.booster == "dart" {
		if len(x.drop) != len(m.trees) {
			x.fail("%d weights of %d trees", len(x.drop), len(m.trees))
			return
		}
		for i := range m.trees {
			m.trees[i].weight = x.drop[i]
		}
	}
	toMargin := x.link()
	m.base = make([]float64, m.outputs)
	for k := range m.base {
		switch len(x.base) {
		case 0:
			x.fail("no base_score")
			return
		case 1:
			m.base[k] = toMargin(x.base[0])
		case m.outputs:
			m.base[k] = toMargin(x.base[k])
		default:
			x.fail("%d base scores of %d classes", len(x.base), m.outputs)
			return
		}
	}
	if x.err == nil {
		x.err = m.check()
	}
}

// link sets what is applied to the sums, and returns how a base score becomes part of them.
func (x *xgboost) link() (toMargin func(float64) float64) {
	same := func(v float64) float64 { return v }
	logit := func(v float64) float64 { return float64(float32(-math.Log(1/v - 1))) }
	log := func(v float64) float64 { return float64(float32(math.Log(v))) }
	switch x.objective {
	case "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
		"rank:pairwise", "rank:ndcg", "rank:map", "binary:logitraw":
		x.m.link = identity
		return same
	case "binary:logistic", "reg:logistic":
		x.m.link = logistic
		return logit
	case "count:poisson", "reg:gamma", "reg:tweedie":
		x.m.link = exponential
		return log
	case "multi:softprob":
		x.m.link = softmax
		return same
	case "multi:softmax":
		x.m.link = argmax
		return same
	}
	x.unsupported("objective %.40q", x.objective)
	return same
}
