package fault

import (
	"bytes"
	"fmt"
	"path"
)

// Read returns a copy of what programs see of a file.
func (d *Disk) Read(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	node, err := d.lookup("read", name)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(node.seen), nil
}

// Put replaces a file's content on the disk and in memory, as someone with an editor would, or
// a disk whose bits rot. The file is made if it is not there.
func (d *Disk) Put(name string, content []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir := d.dirs[path.Dir(name)]
	if dir == nil {
		return fmt.Errorf("fault: put %s: no such directory", name)
	}
	node := dir.seen[path.Base(name)]
	if node == nil {
		node = &inode{}
		dir.seen[path.Base(name)], dir.disk[path.Base(name)] = node, node
	}
	node.seen, node.disk, node.dirty = bytes.Clone(content), bytes.Clone(content), nil
	return nil
}

// Clone returns a disk of its own with the same content, seen and stored, nothing planned, and
// choices that follow from seed. No file is open on it.
func (d *Disk) Clone(seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := NewDisk(seed)
	nodes := map[*inode]*inode{}
	copied := func(n *inode) *inode {
		if n == nil {
			return nil
		}
		if nodes[n] == nil {
			m := &inode{seen: bytes.Clone(n.seen), disk: bytes.Clone(n.disk)}
			for _, w := range n.dirty {
				m.dirty = append(m.dirty, write{w.off, bytes.Clone(w.data), w.truncate})
			}
			nodes[n] = m
		}
		return nodes[n]
	}
	for name, dir := range d.dirs {
		to := &directory{seen: map[string]*inode{}, disk: map[string]*inode{}}
		for entry, n := range dir.seen {
			to.seen[entry] = copied(n)
		}
		for entry, n := range dir.disk {
			to.disk[entry] = copied(n)
		}
		for _, change := range dir.pending {
			change.node = copied(change.node)
			to.pending = append(to.pending, change)
		}
		c.dirs[name] = to
	}
	return c
}
