package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/config"
	"github.com/maru-trading/maru/web/access"
	"github.com/maru-trading/maru/web/client"
)

// controlFlags say which node is meant.
type controlFlags struct {
	config, data   string
	url, tokenFile string
}

func (f *controlFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVarP(&f.config, "config", "c", "", "the node's configuration, which names its data directory; without it the default one")
	flags.StringVar(&f.data, "data", "", "the node's data directory, instead of that of a configuration")
	flags.StringVar(&f.url, "url", "", "where the node answers, such as http://127.0.0.1:7070; without it what the node wrote into its data directory")
	flags.StringVar(&f.tokenFile, "token-file", "", "the file with the node's control token; without it the one that the node names")
}

// place returns the node's data directory, and its configuration.
func (f controlFlags) place(stderr io.Writer) (string, *config.Config, error) {
	cfg, err := loadConfig(stderr, f.config)
	if err != nil {
		return "", nil, err
	}
	if f.data != "" {
		cfg.Node.DataDir = f.data
	}
	return cfg.Node.DataDir, cfg, nil
}

// client returns a client of the running node. It fails with access.ErrNotRunning where none runs.
func (f controlFlags) client(stderr io.Writer) (*client.Client, error) {
	dir, cfg, err := f.place(stderr)
	if err != nil {
		return nil, err
	}
	url, tokenFile := f.url, f.tokenFile
	if url == "" {
		e, err := running(dir)
		if err != nil {
			return nil, err
		}
		url = e.URL
		if tokenFile == "" {
			tokenFile = e.TokenFile
		}
	}
	if tokenFile == "" {
		tokenFile = cfg.ControlTokenFile(access.TokenFile)
	}
	token, err := access.ReadToken(tokenFile)
	if err != nil {
		return nil, fmt.Errorf("%w (run this as the user who runs the node, or name the file with --token-file)", err)
	}
	return client.New(url, token)
}

// running returns where the node of a data directory answers. A node that was killed leaves its
// address behind, and another program may answer there by now: the token must not go to that.
func running(dir string) (access.Endpoint, error) {
	e, err := access.ReadEndpoint(dir)
	if err != nil {
		return e, notRunning(err)
	}
	if err := syscall.Kill(e.PID, 0); e.PID <= 0 || err != nil && !errors.Is(err, syscall.EPERM) {
		return e, notRunning(fmt.Errorf("data directory %s: the node with pid %d is gone: %w", dir, e.PID, access.ErrNotRunning))
	}
	return e, nil
}

func notRunning(err error) error {
	if errors.Is(err, access.ErrNotRunning) {
		return fmt.Errorf("%w: start it with maru run, name its configuration with -c, or its address with --url", err)
	}
	return err
}

// reasonByHand is what the journal says where a person gives no other reason.
const reasonByHand = "by hand"
