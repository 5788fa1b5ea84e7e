package replay

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Where recorded REST bodies are kept while a server runs. Order books compress to a fifth or less,
// so that memory holds those of most sessions, and what is beyond lies in a temporary file.
const (
	vaultMemoryMax = 16 << 20 // compressed bytes in memory
	vaultFileMax   = 4 << 30  // compressed bytes in the file
)

// vault keeps bodies, each compressed by itself. put is for one goroutine, before any get.
type vault struct {
	memoryMax, fileMax int64

	memory []byte
	file   *os.File // nil until memory is full
	filled int64    // bytes in file
	packed bytes.Buffer
	writer *flate.Writer

	closing sync.Once
}

// place is where a body lies: behind the memory's end, in the file.
type place struct {
	from   int64
	packed int64
	bytes  int // of the body itself
}

func newVault() *vault { return &vault{memoryMax: vaultMemoryMax, fileMax: vaultFileMax} }

// errVaultFull says that there are more bodies than a server keeps.
var errVaultFull = errors.New("too many recorded REST bodies")

// put keeps a body. It fails with errVaultFull, or with the file's error.
func (v *vault) put(body []byte) (place, error) {
	v.packed.Reset()
	if v.writer == nil {
		w, err := flate.NewWriter(&v.packed, flate.BestSpeed)
		if err != nil {
			return place{}, err
		}
		v.writer = w
	} else {
		v.writer.Reset(&v.packed)
	}
	if _, err := v.writer.Write(body); err != nil {
		return place{}, err
	}
	if err := v.writer.Close(); err != nil {
		return place{}, err
	}
	p := place{packed: int64(v.packed.Len()), bytes: len(body)}
	if v.file == nil && int64(len(v.memory))+p.packed <= v.memoryMax {
		p.from = int64(len(v.memory))
		v.memory = append(v.memory, v.packed.Bytes()...)
		return p, nil
	}
	if v.filled+p.packed > v.fileMax {
		return place{}, fmt.Errorf("%w: more than %d bytes, compressed", errVaultFull, v.memoryMax+v.fileMax)
	}
	if v.file == nil {
		f, err := os.CreateTemp("", "maru-replay-*")
		if err != nil {
			return place{}, err
		}
		v.file = f
		// Where an open file may have no name, nothing is left behind whatever becomes of us.
		_ = os.Remove(f.Name())
	}
	if _, err := v.file.Write(v.packed.Bytes()); err != nil {
		return place{}, err
	}
	p.from = int64(len(v.memory)) + v.filled
	v.filled += p.packed
	return p, nil
}

// get returns a body. It may be called from any goroutine.
func (v *vault) get(p place) ([]byte, error) {
	var packed io.Reader
	if p.from < int64(len(v.memory)) {
		packed = bytes.NewReader(v.memory[p.from : p.from+p.packed])
	} else {
		packed = io.NewSectionReader(v.file, p.from-int64(len(v.memory)), p.packed)
	}
	body := make([]byte, p.bytes)
	r := flate.NewReader(packed)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("replay: a recorded REST body cannot be read back: %w", err)
	}
	return body, nil
}

// close gives the file back. It may be called again.
func (v *vault) close() {
	v.closing.Do(func() {
		if v.file != nil {
			_ = v.file.Close()           // it was only ever ours
			_ = os.Remove(v.file.Name()) // gone already, but for systems that keep open files
		}
	})
}
