package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/config"
)

// configName is the name of a configuration where none is given.
const configName = "maru.toml"

func newInitCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [dir]",
		Short: "Write a commented maru.toml",
		Long: `Writes a maru.toml that explains every key and does what maru does without one: the embedded
exchange with paper orders. An existing file is kept unless --force is given.`,
		Example: `  maru init
  maru init /etc/maru
  maru init --force .`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			path := filepath.Join(dir, configName)
			if err := writeConfig(path, force); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n\n  maru check -c %[1]s    what it amounts to\n  maru run -c %[1]s      run it\n", path)
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// writeConfig writes the example to path. Without force it fails where something is there; with
// it, what is there is replaced as a whole or not at all.
func writeConfig(path string, force bool) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	var f *os.File
	var err error
	if force {
		f, err = os.CreateTemp(dir, "."+configName+".*")
	} else {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("init: %s is there already: --force overwrites it", path)
	case err != nil:
		return fmt.Errorf("init: %w", err)
	}
	_, err = f.WriteString(config.Example())
	// It holds no secrets, and those who look after the machine may read it.
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil && force {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("init: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
