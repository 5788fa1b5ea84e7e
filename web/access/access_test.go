package access_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/maru-trading/maru/web/access"
)

func TestTokenIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), access.TokenFile)
	if _, err := access.ReadToken(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a file that is not there: %v", err)
	}
	const processes = 16 // that start at once
	tokens := make([]access.Token, processes)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = access.LoadToken(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range tokens {
		if tokens[i] != tokens[0] || tokens[i].IsZero() {
			t.Fatalf("process %d has a token of its own", i)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v; want it for the owner only", info.Mode(), err)
	}
	b, err := os.ReadFile(path)
	if raw, decodeErr := hex.DecodeString(strings.TrimSpace(string(b))); err != nil || decodeErr != nil || len(raw) != 32 {
		t.Fatalf("%d bytes of randomness, %v, %v", len(raw), err, decodeErr)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	again, err := access.ReadToken(path)
	if err != nil || again != tokens[0] {
		t.Errorf("read again: %v", err)
	}
	other, err := access.LoadToken(filepath.Join(t.TempDir(), "other"))
	if err != nil || other == again {
		t.Errorf("another node has the same token (%v)", err)
	}
}

func TestTokenFilesThatAreRefused(t *testing.T) {
	const planted = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2"
	dir := t.TempDir()
	write := func(name, content string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, says string }{
		{"readable by the group", write("group", planted, 0o640), "run chmod 600"},
		{"readable by all", write("all", planted, 0o604), "run chmod 600"},
		{"empty", write("empty", "", 0o600), "remove it"},
		{"short", write("short", planted[:32], 0o600), "remove it"},
		{"no digits", write("words", planted[:60]+"zzzz", 0o600), "remove it"},
		{"two tokens", write("two", planted+"\n"+planted, 0o600), "remove it"},
		{"long", write("long", strings.Repeat(planted, 100), 0o600), "at most"},
		{"a directory", dir, "no regular file"},
		{"a pipe", pipe, "no regular file"},
	} {
		for what, load := range map[string]func(string) (access.Token, error){"LoadToken": access.LoadToken, "ReadToken": access.ReadToken} {
			token, err := load(c.path)
			if err == nil || !token.IsZero() || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("%s of what is %s: %v; want it to say %q and where", what, c.name, err, c.says)
			} else if strings.Contains(err.Error(), planted[:16]) {
				t.Errorf("%s of what is %s tells the secret: %v", what, c.name, err)
			}
		}
	}
	token, err := access.ReadToken(write("good", "\t"+strings.ToUpper(planted)+"\r\n", 0o400))
	if err != nil || !token.Admits("Bearer "+strings.ToUpper(planted)) {
		t.Errorf("a token of a person's own making: %v", err)
	}
}

func TestTokenDoesNotPrint(t *testing.T) {
	token, err := access.LoadToken(filepath.Join(t.TempDir(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimPrefix(token.Header(), "Bearer ")
	if len(secret) != 64 {
		t.Fatalf("a secret of %d characters", len(secret))
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb, token)
		fmt.Fprintf(&out, verb, &token)
		fmt.Fprintf(&out, verb, struct{ T access.Token }{token})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", token, "in", struct{ T access.Token }{token})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", token)
	if err := json.NewEncoder(&out).Encode(map[string]any{"token": token}); err != nil {
		t.Fatal(err)
	}
	for _, seen := range []string{secret, secret[:16], hex.EncodeToString([]byte(secret[:8]))} {
		if strings.Contains(strings.ToLower(out.String()), seen) {
			t.Errorf("the token is seen: %s", out.String())
		}
	}
}

func TestAdmits(t *testing.T) {
	token, err := access.LoadToken(filepath.Join(t.TempDir(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	right := token.Header()
	secret := strings.TrimPrefix(right, "Bearer ")
	for header, want := range map[string]bool{
		right: true, "bearer " + secret: true, "Bearer  " + secret + " ": true,
		"": false, "Bearer ": false, "Bearer": false, secret: false, "Basic " + secret: false,
		right + "0": false, right[:len(right)-1]: false, "Bearer " + strings.ToUpper(secret): strings.ToUpper(secret) == secret,
		"Bearer " + strings.Repeat("0", 64): false, "Bearer ***": false,
	} {
		if token.Admits(header) != want {
			t.Errorf("%.20q of %d characters: admitted is %t", header, len(header), !want)
		}
	}
	for i := range 4096 { // none of which is near
		if wrong := fmt.Sprintf("Bearer %064x", i); token.Admits(wrong) {
			t.Fatalf("%s is admitted", wrong)
		}
	}
	if (access.Token{}).Admits("Bearer ") || (access.Token{}).Admits("") {
		t.Error("no token admits nothing")
	}
}

func TestEndpoint(t *testing.T) {
	dir := t.TempDir()
	if _, err := access.ReadEndpoint(dir); !errors.Is(err, access.ErrNotRunning) {
		t.Fatalf("nothing was written: %v", err)
	}
	want := access.Endpoint{URL: "http://127.0.0.1:7070", TokenFile: "/x/token", PID: 7, Node: "home", Started: time.Unix(1, 0).UTC()}
	for range 2 { // a killed node left one behind
		if err := access.WriteEndpoint(dir, want); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, access.EndpointFile)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got, err := access.ReadEndpoint(dir); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for content, says := range map[string]string{"": "cannot be read", "{}": "no address", `{"url":"%%"}`: "no address", `{"url":"localhost"}`: "no address"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := access.ReadEndpoint(dir); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want it to say %s", content, err, says)
		}
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := access.ReadEndpoint(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("anybody may have written it: %v", err)
	}
	for range 2 {
		if err := access.RemoveEndpoint(dir); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	if err := access.WriteEndpoint(filepath.Join(dir, "none"), want); err == nil {
		t.Error("wrote into a directory that is not there")
	}
}

func TestLocalURL(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:7070": "http://127.0.0.1:7070", "[::1]:7070": "http://[::1]:7070", "192.168.0.5:80": "http://192.168.0.5:80",
		"0.0.0.0:7070": "http://127.0.0.1:7070", "[::]:7070": "http://127.0.0.1:7070",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := access.LocalURL(tcp); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
	if got := access.LocalURL(&net.UnixAddr{Name: "x", Net: "unix"}); got != "http://x" {
		t.Errorf("a socket: %s", got)
	}
}
