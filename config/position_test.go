package config

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const everyShape = `# every way to write a key
a = 1
"b c" = 2	# quoted
'd.e' = 'x # y'
f.g . "h" = """
two lines ] } ""
"""
i = [ 1, [2, 3], # comment ]
  { j = 1, k.l = [ "m" ] },
]
n = { o = { p = 'q' }, r = [] }
t = 1979-05-27 07:32:00Z

[ u . v ]
w = '''it's'''
[[x]]
y = 1
[[x]]
y = 2
[x.z]
y = 3
[[x.aa]]
y = 4
[[x.aa]]
y = 5
[[x]]
[[x.aa]]
y = 6
["\u00e9\t"]
y = 7
`

func TestPlaces(t *testing.T) {
	found, ok, _ := scanPlaces(everyShape)
	if !ok {
		t.Fatal("not read to the end")
	}
	for path, want := range map[string]place{
		"a":            {position{2, 1}, position{2, 5}},
		`"b c"`:        {position{3, 1}, position{3, 9}},
		`"d.e"`:        {position{4, 1}, position{4, 9}},
		"f":            {position{5, 1}, position{5, 1}},
		"f.g.h":        {position{5, 1}, position{5, 13}},
		"i":            {position{8, 1}, position{8, 5}},
		"i[1][1]":      {position{8, 14}, position{8, 14}},
		"i[2]":         {position{9, 3}, position{9, 3}},
		"i[2].k.l[0]":  {position{9, 20}, position{9, 20}},
		"n.o.p":        {position{11, 13}, position{11, 17}},
		"n.r":          {position{11, 24}, position{11, 28}},
		"t":            {position{12, 1}, position{12, 5}},
		"u.v":          {position{14, 1}, position{14, 1}},
		"u.v.w":        {position{15, 1}, position{15, 5}},
		"x":            {position{16, 1}, position{16, 1}},
		"x[0].y":       {position{17, 1}, position{17, 5}},
		"x[1]":         {position{18, 1}, position{18, 1}},
		"x[1].y":       {position{19, 1}, position{19, 5}},
		"x[1].z.y":     {position{21, 1}, position{21, 5}},
		"x[1].aa[1]":   {position{24, 1}, position{24, 1}},
		"x[1].aa[1].y": {position{25, 1}, position{25, 5}},
		"x[2].aa[0].y": {position{28, 1}, position{28, 5}},
		"\"é\\t\".y":   {position{30, 1}, position{30, 5}},
	} {
		if got := found[path]; got != want {
			t.Errorf("%s stands at %v, want %v", path, got, want)
		}
	}
}

// everyPathHasAPlace compares our reading with the TOML library's.
func everyPathHasAPlace(t *testing.T, text string) {
	t.Helper()
	var doc map[string]any
	if _, err := toml.Decode(text, &doc); err != nil {
		return
	}
	found, ok, tooDeep := scanPlaces(text)
	if tooDeep.line > 0 {
		return
	}
	if !ok {
		t.Fatalf("good TOML was not read to the end:\n%q", text)
	}
	lines := strings.Count(text, "\n") + 1
	var walk func(path string, v any)
	walk = func(path string, v any) {
		p, there := found[path]
		if path != "" && (!there || p.key.line < 1 || p.key.line > lines || p.key.column < 1 || p.value.line < p.key.line) {
			t.Fatalf("%s stands at %v (%t) in\n%q", path, p, there, text)
		}
		switch v := v.(type) {
		case map[string]any:
			for k, item := range v {
				walk(joinKey(path, k), item)
			}
		case []map[string]any:
			for i, item := range v {
				walk(joinIndex(path, i), item)
			}
		case []any:
			for i, item := range v {
				walk(joinIndex(path, i), item)
			}
		}
	}
	walk("", doc)
}

func TestEveryPathHasAPlace(t *testing.T) {
	everyPathHasAPlace(t, everyShape)
	everyPathHasAPlace(t, Example())
	everyPathHasAPlace(t, strings.ReplaceAll(everyShape, "\n", "\r\n"))
}
