package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/maru-trading/maru/config"
)

// startToReady builds the real binary and measures from its start to the first /readyz that says
// yes, with the default configuration and with an exchange of 5,000 instruments. The reference is
// the same binary printing its version: what any start costs.
func startToReady(ctx context.Context, r *runner) ([]row, error) {
	dir, err := r.temp("start")
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(dir, "maru")
	if err := buildMaru(ctx, binary); err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range []struct {
		what        string
		instruments int
		times       int
		aim         bool
	}{
		{"start to ready, default configuration (24 instruments)", 0, pick(r, 9, 1), true},
		{"start to ready, embedded exchange of 5,000 instruments", pick(r, 5000, 100), pick(r, 5, 1), false},
	} {
		var resident float64
		ready := func() (float64, error) {
			run, err := startOnce(ctx, dir, binary, c.instruments)
			resident = float64(run.resident) / 1e6
			return run.took.Seconds() * 1e3, err
		}
		version := func() (float64, error) {
			begun := time.Now()
			err := exec.CommandContext(ctx, binary, "--version").Run()
			return time.Since(begun).Seconds() * 1e3, err
		}
		p, err := alternate(ctx, c.times, ready, version)
		if err != nil {
			return rows, err
		}
		w := p.row(c.what, "ms", "the binary's --version: start and exit")
		if c.aim {
			w = w.aim("< 300 ms", w.Measured.Value < 300)
		}
		w.Note = fmt.Sprintf("median of %d starts, from exec to the first 200 of /readyz", len(p.a))
		if resident > 0 {
			w.Note += fmt.Sprintf("; resident then %s MB, the exchange itself included", digits(resident))
		}
		rows = append(rows, w)
	}
	return rows, nil
}

// buildMaru builds the binary as make build does.
func buildMaru(ctx context.Context, path string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/maru")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %.500s", cmd.Args, err, out)
	}
	return nil
}

type started struct {
	took     time.Duration
	resident uint64 // bytes when it was ready; 0 where the system does not say
}

// startOnce starts the node on a data directory of its own, waits until it is ready and ends it.
func startOnce(ctx context.Context, dir, binary string, instruments int) (s started, err error) {
	if dir, err = os.MkdirTemp(dir, "run-"); err != nil {
		return s, err
	}
	cfg := config.Default()
	cfg.HTTP.Listen = "127.0.0.1:0"
	cfg.Node.DataDir = filepath.Join(dir, "data")
	if instruments > 0 {
		cfg.Venues[0].Sim.Instruments = instruments
	}
	file := filepath.Join(dir, "maru.toml")
	if err := os.WriteFile(file, []byte(cfg.TOML()), 0o600); err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, patienceMax)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "run", "--plain", "-c", file)
	var log strings.Builder
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return s, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	if err == nil {
		err = waitReady(ctx, first)
	}
	s.took = time.Since(begun)
	s.resident, _, _ = residentBytes(cmd.Process.Pid)
	err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM))
	_, copyErr := io.Copy(io.Discard, lines)
	if err = errors.Join(err, copyErr, cmd.Wait()); err != nil {
		return s, fmt.Errorf("maru run: %w: %.500s", err, log.String())
	}
	return s, nil
}

// waitReady asks /readyz where the node's first line says that it answers.
func waitReady(ctx context.Context, first string) error {
	_, rest, _ := strings.Cut(first, "answers on ")
	url, _, ok := strings.Cut(rest, " ")
	if !ok {
		return fmt.Errorf("it did not say where it answers: %.200q", first)
	}
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	return waitUntil(ctx, func() bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", http.NoBody)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}
