package web

import _ "embed"

// page is the small page without dependencies: it shows the status, live.
//
//go:embed page.html
var page []byte
