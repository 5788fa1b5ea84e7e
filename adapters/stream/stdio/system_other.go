//go:build unix && !linux

package stdio

import "syscall"

// attributes put the program into a process group of its own, so that all it starts can be ended with
// it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// bound does nothing: a running process can only be limited by itself here.
func bound(int, uint64) error { return nil }

// awaitExit returns false: there is no way here to await a child without taking its number from it.
func awaitExit(int) bool { return false }
