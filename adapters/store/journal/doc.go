// Package journal is a durable, append-only, hash-chained file of records: what was synced is
// there after any crash, in order, and what was changed afterwards is found.
//
// A journal is a directory of segments, each named after the number of its first record
// (00000000000000000001.journal). Numbers count from 1 without gaps. All integers are little
// endian.
//
//	segment  header record…
//	header   magic "MARUJRNL" 8 | version 4 | reserved 4 | first seq 8 | chain 32 | reserved 4 | crc 4
//	record   crc 4 | payload bytes 3 | kind 1 | seq 8 | synced 8 | chain 32 | payload
//
// The chain of a record is SHA-256 over the record without its crc, with the chain of the record
// before it in the chain's place; a header repeats the last chain of the segment before it. So a
// record that was altered, with its crc made good, is found at that record, and a record cut
// out or put in at the next one. The crc is CRC-32C over all that follows it.
//
// Synced is the number of the last record that was known to be on the disk when this one was
// written. It decides the question that a reader has after a crash: is a broken record the torn
// end of what was never acknowledged, or damage to what was? If an intact record behind it says
// that it had been synced, it is damage and the journal refuses to open; otherwise it is a torn
// tail, which is cut off and reported. A journal that is closed ends with a seal, a record of
// kind 1 without payload or number of its own, so that damage to its last records is known for
// damage too.
//
// After a write or a sync failed, the state of the disk is not known: Linux may report a failed
// fsync once and then forget the pages (Rebello et al., "Can Applications Recover from fsync
// Failures?", USENIX ATC 2020). So the first failure ends the journal's life: all later calls
// return it. The next Open writes everything that no record proves synced once more, in place,
// before it syncs and trusts it.
//
// Package journal imports nothing of Maru; the payloads are the caller's own codec.
package journal
