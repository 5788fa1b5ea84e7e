package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

// page is the small page without dependencies: it shows the status, live.
//
//go:embed page.html
var page []byte

// contentPolicy lets the page run the one script and the one style that stand in it, by their
// digests, and ask this server; nothing else, from nowhere.
var contentPolicy = "default-src 'none'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"script-src " + digest(page, "script") + "; style-src " + digest(page, "style")

// digest returns the digest of what stands between <tag> and </tag>, as a policy names it
// (Content Security Policy Level 3, 8.2).
func digest(html []byte, tag string) string {
	_, after, _ := bytes.Cut(html, []byte("<"+tag+">"))
	content, _, _ := bytes.Cut(after, []byte("</"+tag+">"))
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
