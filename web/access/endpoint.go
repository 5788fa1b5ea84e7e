package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// EndpointFile is the name of the file in a data directory that says where its node answers. It
// is there while the node runs, and stays behind only if that was killed.
const EndpointFile = "control.json"

// Endpoint says where a node answers.
type Endpoint struct {
	URL       string    `json:"url"`
	TokenFile string    `json:"token_file"` // absolute
	PID       int       `json:"pid"`
	Node      string    `json:"node"`
	Started   time.Time `json:"started"`
}

// ErrNotRunning is wrapped where no node answers for a data directory.
var ErrNotRunning = errors.New("no node is running there")

// WriteEndpoint says in dir where a node answers, for the owner only.
func WriteEndpoint(dir string, e Endpoint) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write %s: %w", EndpointFile, err)
	}
	path := filepath.Join(dir, EndpointFile)
	temp, err := writeTemp(path, append(b, '\n'))
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// RemoveEndpoint takes back what WriteEndpoint wrote. It may be called again.
func RemoveEndpoint(dir string) error {
	if err := os.Remove(filepath.Join(dir, EndpointFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReadEndpoint returns where the node of a data directory answers. It fails with ErrNotRunning
// where none has said so.
func ReadEndpoint(dir string) (Endpoint, error) {
	path := filepath.Join(dir, EndpointFile)
	b, err := readOwn(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Endpoint{}, fmt.Errorf("data directory %s: %w", dir, ErrNotRunning)
	case err != nil:
		return Endpoint{}, err
	}
	var e Endpoint
	if err := json.Unmarshal(b, &e); err != nil {
		return Endpoint{}, fmt.Errorf("%s cannot be read: %w: restart the node", path, err)
	}
	if u, err := url.Parse(e.URL); err != nil || u.Host == "" {
		return Endpoint{}, fmt.Errorf("%s says no address: restart the node", path)
	}
	return e, nil
}

// LocalURL is how this machine reaches a server that listens on addr: where that is every address
// of the machine, by loopback.
func LocalURL(addr net.Addr) string {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if at.Addr().Unmap().IsUnspecified() { // Go's sockets on [::] take IPv4 too
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return "http://" + at.String()
}
