package telemetry

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-trading/maru/actors/system"
)

var update = flag.Bool("update", false, "rewrite docs/metrics.md")

var descPattern = regexp.MustCompile(`fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)".*variableLabels: \{([^}]*)\}`)

// TestMetricsDoc holds docs/metrics.md to what the program exposes.
func TestMetricsDoc(t *testing.T) {
	m := New("test")
	m.Mailboxes().Add("state/0", "state", new(system.MailboxStats))
	ch := make(chan *prometheus.Desc)
	go func() {
		m.registry.Describe(ch)
		close(ch)
	}()
	var rows []string
	for d := range ch {
		found := descPattern.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("cannot read %v", d)
		}
		if strings.HasPrefix(found[1], "maru_") {
			labels := strings.ReplaceAll(found[3], ",", ", ")
			if labels == "" {
				labels = "-"
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", found[1], labels, found[2]))
		}
	}
	sort.Strings(rows)
	want := "# Metrics\n\nServed at `/metrics`, beside Go's own (`go_`, `process_`). Counters end in `_total`; durations are in\nseconds. This page is written from the code: `go test ./actors/telemetry -run TestMetricsDoc -update`.\n\n| metric | labels | meaning |\n|---|---|---|\n" + strings.Join(rows, "")
	const page = "../../docs/metrics.md"
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Fatalf("docs/metrics.md is not what the code exposes (%v): run this test with -update", err)
	}
	for _, row := range rows {
		name := strings.Split(row, "`")[1]
		if !regexp.MustCompile(`^maru_[a-z]+_[a-z_]+$`).MatchString(name) {
			t.Errorf("%s is not named maru_<subsystem>_<what>_<unit>", name)
		}
	}
}

func TestSumFilters(t *testing.T) {
	m := New("test")
	m.FeederMessages.WithLabelValues("a", "trade").Add(3)
	m.FeederMessages.WithLabelValues("a", "bbo").Add(4)
	m.FeederMessages.WithLabelValues("b", "trade").Add(5)
	for _, test := range []struct {
		labels []string
		want   float64
	}{{nil, 12}, {[]string{"venue", "a"}, 7}, {[]string{"type", "trade"}, 8}, {[]string{"venue", "a", "type", "bbo"}, 4}, {[]string{"venue", "c"}, 0}} {
		if got := Sum(m.FeederMessages, test.labels...); got != test.want {
			t.Errorf("%v: %v, want %v", test.labels, got, test.want)
		}
	}
	m.OrderHalted.WithLabelValues("x").Set(1)
	m.TickToOrder.Observe(0.5)
	if Sum(m.OrderHalted) != 1 || Sum(m.TickToOrder) != 1 {
		t.Error("gauges or histograms are not read")
	}
}
