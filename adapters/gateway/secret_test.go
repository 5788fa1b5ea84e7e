package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/gateway"
)

const hidden = "NhqPtmdSJYdKjVHjA7PZ"

func TestSecretsNeverPrint(t *testing.T) {
	s := gateway.NewSecret(hidden)
	c := gateway.Credentials{Key: gateway.NewSecret("key" + hidden), Secret: s}
	type holder struct {
		inner gateway.Credentials // fmt cannot call methods of unexported fields
		ptr   *gateway.Secret
	}
	h := holder{c, &s}
	var all []string
	for _, v := range []any{s, &s, c, &c, h, &h, []gateway.Secret{s}, map[string]gateway.Secret{"k": s}, fmt.Errorf("sign with %v: %w", s, os.ErrInvalid)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%10s"} {
			all = append(all, fmt.Sprintf(verb, v))
		}
		if text, err := json.Marshal(v); err == nil {
			all = append(all, string(text))
		}
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Info("loaded", slog.Any("value", v))
		}
		all = append(all, out.String())
	}
	for _, text := range all {
		if strings.Contains(text, hidden) || strings.Contains(text, fmt.Sprintf("%x", hidden)) || strings.Contains(text, fmt.Sprintf("%X", hidden)) {
			t.Errorf("the secret shows in %q", text)
		}
	}
	if got := fmt.Sprint(s); got != "***" {
		t.Errorf("Sprint = %q", got)
	}
	if s.Reveal() != hidden {
		t.Error("Reveal does not return the secret")
	}
}

func TestScrub(t *testing.T) {
	c := gateway.Credentials{Key: gateway.NewSecret("abc"), Secret: gateway.NewSecret(hidden)}
	if got := c.Scrub("key abc signed with " + hidden + ", abc again"); got != "key *** signed with ***, *** again" {
		t.Errorf("Scrub = %q", got)
	}
	if got := (gateway.Credentials{}).Scrub("nothing to hide"); got != "nothing to hide" {
		t.Errorf("Scrub without credentials = %q", got)
	}
}

func TestSecretSources(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // beyond the umask
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("MARU_TEST_SECRET", " "+hidden+"\n")
	t.Setenv("MARU_TEST_EMPTY", "")
	for _, c := range []struct {
		source string
		want   string // part of the error; empty: it loads
	}{
		{"env:MARU_TEST_SECRET", ""},
		{"file:" + write("good", hidden+"\n", 0o600), ""},
		{"file:" + write("readonly", hidden, 0o400), ""},
		{"env:MARU_TEST_EMPTY", "not set or empty"},
		{"env:MARU_TEST_ABSENT", "not set or empty"},
		{"file:" + write("group", hidden, 0o640), "chmod 600"},
		{"file:" + write("world", hidden, 0o604), "chmod 600"},
		{"file:" + write("writable", hidden, 0o620), "chmod 600"},
		{"file:" + write("empty", " \n", 0o600), "empty"},
		{"file:" + write("long", strings.Repeat("x", 16<<10+1), 0o600), "no key is that long"},
		{"file:" + dir, "not a regular file"},
		{"file:" + filepath.Join(dir, "none"), "no such file"},
	} {
		source, err := gateway.ParseSecretSource(c.source)
		if err != nil {
			t.Fatal(err)
		}
		if source.String() != c.source {
			t.Errorf("%s prints as %v", c.source, source)
		}
		s, err := source.Load()
		switch {
		case c.want == "" && (err != nil || s.Reveal() != hidden):
			t.Errorf("%s: %q, %v", c.source, s.Reveal(), err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), hidden)):
			t.Errorf("%s: %v, want %q", c.source, err, c.want)
		}
	}
	good := gateway.SecretSource{Env: "MARU_TEST_SECRET"}
	if c, err := gateway.LoadCredentials(good, good); err != nil || c.Validate() != nil || c.Key.Reveal() != hidden {
		t.Errorf("LoadCredentials: %v", err)
	}
	if c, err := gateway.LoadCredentials(gateway.SecretSource{}, gateway.SecretSource{Env: "MARU_TEST_EMPTY"}); err == nil ||
		!strings.Contains(err.Error(), "no source") || !strings.Contains(err.Error(), "MARU_TEST_EMPTY") || c.Validate() == nil {
		t.Errorf("LoadCredentials of nothing: %v", err)
	}
	for _, text := range []string{"", hidden, "env:", "file:", "http:x"} {
		if _, err := gateway.ParseSecretSource(text); err == nil || strings.Contains(err.Error(), hidden) {
			t.Errorf("ParseSecretSource(%q) = %v", text, err)
		}
	}
	if _, err := (gateway.SecretSource{Env: "A", File: "B"}).Load(); err == nil {
		t.Error("two sources are taken")
	}
}
