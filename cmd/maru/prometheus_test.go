package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPrometheus runs the distribution's Prometheus with what deploy/ holds against a running node:
// it sees the node, and works through every alert.
func TestPrometheus(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("SKIP: prometheus is not installed (Debian: prometheus)")
	}
	file, _ := busy(t)
	node := startMaru(t, "run", "--plain", "-c", file)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "deploy", "prometheus"))); err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(node.url)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "prometheus.yml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	settled := strings.NewReplacer("127.0.0.1:7070", at.Host, ": 5s", ": 1s").Replace(string(text))
	if err := os.WriteFile(config, []byte(settled), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*processDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	ask := func(path string, into any) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false // it is starting
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(into) == nil
	}
	type targets struct {
		Data struct {
			ActiveTargets []struct{ Health, LastError string }
		}
	}
	type rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError, State, LastEvaluation string }
			}
		}
	}
	var last string
	for end := time.Now().Add(processDeadline); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
		var seen targets
		var judged rules
		if !ask("/api/v1/targets", &seen) || !ask("/api/v1/rules", &judged) {
			continue
		}
		last = fmt.Sprintf("%+v %+v", seen, judged)
		up, well := len(seen.Data.ActiveTargets) == 1, 0
		for _, target := range seen.Data.ActiveTargets {
			up = up && target.Health == "up"
		}
		for _, group := range judged.Data.Groups {
			for _, rule := range group.Rules {
				if rule.Health == "err" {
					t.Fatalf("%s: %s", rule.Name, rule.LastError)
				}
				if rule.Health == "ok" && rule.State != "firing" {
					well++
				}
			}
		}
		if up && well >= 21 {
			if err := node.end(t, syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no target that is up, or rules that were not evaluated: %s\n%s", last, said.String())
}
