package deploy

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the dashboards")

func TestDashboards(t *testing.T) {
	files, err := Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join("grafana", name)
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, text) {
			t.Errorf("%s is not what dashboards.go says (%v): run go test ./deploy -run TestDashboards -update", path, err)
		}
	}
	have, err := filepath.Glob("grafana/*.json")
	if err != nil || len(have) != len(files) {
		t.Errorf("%d files, %d dashboards: %v %v", len(have), len(files), have, err)
	}
}

// exposed returns the metrics that the binary exposes, with their labels: docs/metrics.md, which a
// test of actors/telemetry holds to the code.
func exposed(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	metrics := make(map[string][]string)
	for _, found := range regexp.MustCompile("(?m)^\\| `(maru_[a-z_]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		var labels []string
		if found[2] != "-" {
			labels = strings.Split(found[2], ", ")
		}
		metrics[found[1]] = labels
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			metrics[found[1]+suffix] = append([]string{"le"}, labels...)
		}
	}
	if len(metrics) < 40 {
		t.Fatalf("%d metrics", len(metrics))
	}
	return metrics
}

// foreign are metrics that Prometheus, or its client for Go, makes.
var foreign = regexp.MustCompile(`^(up|ALERTS|process_(cpu_seconds_total|resident_memory_bytes|open_fds)|go_(goroutines|gc_duration_seconds|memstats_heap_inuse_bytes))$`)

var (
	selector = regexp.MustCompile(`\b([a-z_A-Z]+[a-z_A-Z0-9]*)\{([^}]*)\}`)
	bare     = regexp.MustCompile(`\bmaru_[a-z_]+`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
	label    = regexp.MustCompile(`([a-z_]+)(?:=~|=|!=|!~)"`)
)

// holds fails where a query names a metric or a label that is not exposed.
func holds(t *testing.T, metrics map[string][]string, where, expr string) {
	t.Helper()
	names := bare.FindAllString(expr, -1)
	var labels []string
	for _, name := range names {
		of, ok := metrics[name]
		if !ok {
			t.Errorf("%s: no metric %s: %s", where, name, expr)
		}
		labels = append(labels, of...)
	}
	labels = append(labels, "instance", "job")
	for _, s := range selector.FindAllStringSubmatch(expr, -1) {
		of, ours := metrics[s[1]]
		if !ours && !foreign.MatchString(s[1]) {
			t.Errorf("%s: no metric %s: %s", where, s[1], expr)
		}
		for _, l := range label.FindAllStringSubmatch(s[2], -1) {
			if ours && l[1] != "instance" && l[1] != "job" && !slices.Contains(of, l[1]) {
				t.Errorf("%s: %s has no label %s: %s", where, s[1], l[1], expr)
			}
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		for _, l := range strings.Split(g[1], ",") {
			if l = strings.TrimSpace(l); len(names) > 0 && !slices.Contains(labels, l) {
				t.Errorf("%s: nothing has a label %s: %s", where, l, expr)
			}
		}
	}
}

func TestQueriesAreOfMetricsThatExist(t *testing.T) {
	metrics := exposed(t)
	for _, d := range dashboards {
		for _, r := range d.rows {
			for _, p := range r.panels {
				for _, q := range p.queries {
					holds(t, metrics, d.title+"/"+p.title, q.text())
					for _, l := range regexp.MustCompile(`\{\{([a-z]+)\}\}`).FindAllStringSubmatch(q.legend, -1) {
						if !strings.Contains(q.expr, "(") && l[1] != "instance" { // what a sum keeps is checked above
							if name := bare.FindString(q.expr); !slices.Contains(metrics[name], l[1]) {
								t.Errorf("%s: the legend names %s", p.title, l[1])
							}
						}
					}
				}
			}
		}
	}
	for _, rule := range alerts(t) {
		holds(t, metrics, rule.name, rule.expr)
	}
}

type alert struct{ name, expr, runbook string }

// alerts reads the rules as they stand: names, expressions and runbooks.
func alerts(t *testing.T) (all []alert) {
	t.Helper()
	text, err := os.ReadFile("prometheus/rules/maru.yml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if name, ok := strings.CutPrefix(line, "- alert: "); ok {
			all = append(all, alert{name: name})
		}
		if expr, ok := strings.CutPrefix(line, "expr: "); ok {
			if expr == ">-" {
				expr = ""
				for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "          ") {
					i++
					expr += " " + strings.TrimSpace(lines[i])
				}
			}
			all[len(all)-1].expr = expr
		}
		if page, ok := strings.CutPrefix(line, "runbook: "); ok {
			all[len(all)-1].runbook = page
		}
	}
	if len(all) < 15 {
		t.Fatalf("%d alerts", len(all))
	}
	return all
}

// TestEveryAlertHasAPage: what a person reads at night says what it means and what to do.
func TestEveryAlertHasAPage(t *testing.T) {
	pages := make(map[string]bool)
	for _, a := range alerts(t) {
		if a.runbook != "docs/runbook/"+a.name+".md" {
			t.Errorf("%s: its runbook is %q", a.name, a.runbook)
		}
		pages[a.name+".md"] = true
		text, err := os.ReadFile(filepath.Join("..", a.runbook))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range []string{"# " + a.name, "## What it means", "## What to do"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no %q", a.runbook, part)
			}
		}
	}
	have, err := os.ReadDir("../docs/runbook")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range have {
		if !pages[f.Name()] {
			t.Errorf("docs/runbook/%s is the page of no alert", f.Name())
		}
	}
}

// TestPromtool checks rules, their examples, the configuration, and every query's syntax.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIP: promtool is not installed (Debian: prometheus)")
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("check", "config", "prometheus/prometheus.yml")
	run("test", "rules", "prometheus/maru_test.yml")
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboards\n  rules:\n")
	n := 0
	for _, d := range dashboards {
		for _, r := range d.rows {
			for _, p := range r.panels {
				for _, q := range p.queries {
					expr, err := json.Marshal(q.text())
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(&rules, "  - record: q%d\n    expr: %s\n", n, expr)
					n++
				}
			}
		}
	}
	file := filepath.Join(t.TempDir(), "dashboards.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run("check", "rules", file)
}

// TestEveryAlertHasAnExample: maru_test.yml raises each of them, and health raises none.
func TestEveryAlertHasAnExample(t *testing.T) {
	text, err := os.ReadFile("prometheus/maru_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alerts(t) {
		if !strings.Contains(string(text), "- name: "+a.name+"\n") {
			t.Errorf("%s has no example", a.name)
		}
		if n := strings.Count(string(text), "{alertname: "+a.name+", eval_time: 12m, exp_alerts: []}"); n != 1 {
			t.Errorf("%s: health is held to it %d times", a.name, n)
		}
	}
}
