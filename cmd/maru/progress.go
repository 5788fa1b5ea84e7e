package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progressBytesMin is the size of a file that takes long enough to show how far it has come.
const progressBytesMin = 16 << 20

func noProgress() {}

// progress returns a reader of f that shows on a terminal how far it has come, and how to end
// that. Where there is no terminal, or the file is small, nothing is shown.
func progress(f *os.File, stderr io.Writer) (in io.Reader, end func()) {
	info, err := f.Stat()
	if err != nil || info.Size() < progressBytesMin || !isTerminal(stderr) {
		return f, noProgress
	}
	bar := progressbar.NewOptions64(info.Size(), progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("decode"), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	reader := progressbar.NewReader(f, bar)
	return &reader, func() { _ = bar.Clear() } // it is only for the eye
}

// isTerminal reports whether w is one.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
