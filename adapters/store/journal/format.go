package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

const (
	magic           = "MARUJRNL"
	formatVersion   = 1
	headerBytes     = 64
	recordHeadBytes = 56
	segmentSuffix   = ".journal"
	segmentDigits   = 20 // every uint64
)

// The kinds of record.
const (
	kindPayload = 0
	kindSeal    = 1
)

// Chain is the running SHA-256 over all records up to one of them. Two journals with the same
// chain at a record are equal up to that record.
type Chain [sha256.Size]byte

// String returns 64 hexadecimal digits.
func (c Chain) String() string { return fmt.Sprintf("%x", c[:]) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header opens a segment.
type header struct {
	first uint64 // number of the segment's first record
	chain Chain  // of the record before it
}

func (h header) encode() []byte {
	b := make([]byte, 0, headerBytes)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, formatVersion)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = append(b, h.chain[:]...)
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHeader reads a header and returns what is wrong with it, if anything.
func decodeHeader(b []byte) (h header, fault string) {
	switch {
	case len(b) < headerBytes:
		return h, fmt.Sprintf("segment header cut short at %d of %d bytes", len(b), headerBytes)
	case string(b[:8]) != magic:
		return h, "not a journal segment (no " + magic + " at its start)"
	case crc32.Checksum(b[:60], castagnoli) != binary.LittleEndian.Uint32(b[60:64]):
		return h, "checksum of the segment header does not match"
	}
	if v := binary.LittleEndian.Uint32(b[8:12]); v != formatVersion {
		return h, fmt.Sprintf("format version %d is not known (this program reads %d)", v, formatVersion)
	}
	h.first = binary.LittleEndian.Uint64(b[16:24])
	copy(h.chain[:], b[24:56])
	if h.first == 0 || (h.first == 1 && h.chain != Chain{}) {
		return h, fmt.Sprintf("segment header says first record %d with chain %v", h.first, h.chain)
	}
	return h, ""
}

// appendRecord encodes a record behind prev and returns its chain.
func appendRecord(dst []byte, kind byte, seq, synced uint64, prev Chain, payload []byte) ([]byte, Chain) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload))|uint32(kind)<<24)
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	dst = binary.LittleEndian.AppendUint64(dst, synced)
	dst = append(dst, prev[:]...)
	dst = append(dst, payload...)
	rec := dst[start:]
	chain := Chain(sha256.Sum256(rec[4:]))
	copy(rec[24:56], chain[:])
	binary.LittleEndian.PutUint32(rec, crc32.Checksum(rec[4:], castagnoli))
	return dst, chain
}

// recordHead is a record without its payload.
type recordHead struct {
	kind        byte
	payload     int // bytes
	seq, synced uint64
}

func decodeHead(b []byte) recordHead {
	n := binary.LittleEndian.Uint32(b[4:8])
	return recordHead{
		kind: byte(n >> 24), payload: int(n & recordBytesMost),
		seq: binary.LittleEndian.Uint64(b[8:16]), synced: binary.LittleEndian.Uint64(b[16:24]),
	}
}

// intact reports whether the crc of the whole record rec is right.
func intact(rec []byte) bool {
	return crc32.Checksum(rec[4:], castagnoli) == binary.LittleEndian.Uint32(rec)
}

// chains returns the chain that the whole record rec must have behind prev, and whether it has it.
// It uses rec as scratch space and leaves it as it was.
func chains(rec []byte, prev Chain) (Chain, bool) {
	stated := Chain(rec[24:56])
	copy(rec[24:56], prev[:])
	chain := Chain(sha256.Sum256(rec[4:]))
	copy(rec[24:56], stated[:])
	return chain, chain == stated
}

func segmentName(first uint64) string {
	return fmt.Sprintf("%0*d%s", segmentDigits, first, segmentSuffix)
}

// parseSegmentName returns the first record's number, or false for a file that is no segment.
func parseSegmentName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != segmentDigits {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0
}
