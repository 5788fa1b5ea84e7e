package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// procField returns the value of the first line "name : value" of a file of /proc; empty where
// there is none, as on other systems than Linux.
func procField(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// residentBytes returns what a process has in memory now (VmRSS) and at most had (VmHWM). It fails
// where the system has no /proc.
func residentBytes(pid int) (now, peak uint64, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	if now, err = kilobytes(path, "VmRSS"); err == nil {
		peak, err = kilobytes(path, "VmHWM")
	}
	return now, peak, err
}

func kilobytes(path, name string) (uint64, error) {
	text, ok := strings.CutSuffix(procField(path, name), " kB")
	n, err := strconv.ParseUint(text, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("%s of %s is not to be had: memory is measured on Linux only", name, path)
	}
	return n << 10, nil
}

// waitedForCores returns how long the threads of this process have been ready to run while other
// threads, of whichever process, had the cores. ok is false where the system does not say.
func waitedForCores() (waited time.Duration, ok bool) {
	stats, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		fields := strings.Fields(string(text))
		if err != nil || len(fields) < 2 {
			continue // a thread that ended meanwhile
		}
		if ns, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			waited, ok = waited+time.Duration(ns), true
		}
	}
	return waited, ok
}
