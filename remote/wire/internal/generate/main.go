// Command generate writes the Go code of wire.proto. It runs protoc, which must be installed, with the
// protoc-gen-go of the protobuf version that go.mod names, so that code and library belong together.
//
//	go run ./internal/generate [-out DIR]
//
// It runs in the folder of wire.proto and leaves DIR/wire.pb.go; DIR is wirepb.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

func main() {
	out := flag.String("out", "wirepb", "folder for the generated file")
	flag.Parse()
	if err := generate(*out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(out string) error {
	tools, err := os.MkdirTemp("", "maru-generate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tools) }() // a leftover in the temporary folder harms nobody
	plugin := filepath.Join(tools, "protoc-gen-go")
	if runtime.GOOS == "windows" {
		plugin += ".exe"
	}
	if err := run("go", "build", "-o", plugin, "google.golang.org/protobuf/cmd/protoc-gen-go"); err != nil {
		return err
	}
	return run("protoc", "--plugin=protoc-gen-go="+plugin, "--proto_path=.",
		"--go_out="+out, "--go_opt=paths=source_relative", "wire.proto")
}

func run(name string, args ...string) error {
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
