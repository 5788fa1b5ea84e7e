package journal

import "io"

// FS is what the journal needs of a file system: little, so that a test can put one below it
// that loses power. Names are slash paths as the caller gave them in Config.Dir.
//
// Changes to a directory (Create, Rename, Remove) are durable after SyncDir; changes to a file
// after its Sync. Nothing may be assumed about the order in which unsynced changes reach the
// disk.
type FS interface {
	// Mkdir makes dir, and its parents, durable, readable by the owner only. It succeeds if
	// dir is there.
	Mkdir(dir string) error
	// ReadDir returns the names of the files in dir, in any order, without dir.
	ReadDir(dir string) ([]string, error)
	// SyncDir makes the entries of dir durable.
	SyncDir(dir string) error
	// Create makes a new empty file for reading and writing. It fails with fs.ErrExist.
	Create(name string) (File, error)
	// Open opens a file for reading. It fails with fs.ErrNotExist.
	Open(name string) (File, error)
	// Edit opens a file for reading and writing. It fails with fs.ErrNotExist.
	Edit(name string) (File, error)
	// Rename moves a file, replacing what has the new name.
	Rename(from, to string) error
	// Remove deletes a file.
	Remove(name string) error
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Size returns the length in bytes.
	Size() (int64, error)
	// Truncate sets the length in bytes.
	Truncate(size int64) error
	// Sync makes data and length durable. After it failed, nothing is known about either.
	Sync() error
	Close() error
}
