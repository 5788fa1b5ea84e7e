package adaptertest_test

import (
	"testing"

	"github.com/maru-trading/maru/adapters/adaptertest"
	"github.com/maru-trading/maru/adapters/venue/bithumb"
)

// TestBithumb: frames as on apidocs.bithumb.com v2.1.5. Its books say their time in microseconds.
func TestBithumb(t *testing.T) {
	v := likeUpbit()
	v.Name, v.New, v.Path = bithumb.Name, protocols(bithumb.New), "/"
	milliseconds := v.Snapshot
	v.Snapshot = func(b adaptertest.Book) string {
		b.Time = b.Time*1000 + 514
		return milliseconds(b)
	}
	adaptertest.Run(t, v)
}
