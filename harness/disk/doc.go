// Package disk gives nodes file systems of their own that can be broken: the
// lever under the disk faults of package fault.
//
// Ext4 is an ext4 image on a loop device. Its power
// can be cut: ext4 then drops whatever was not synced and fails every call
// until it is mounted anew, which replays its journal as after a real power
// loss. The disk below is taken to keep what it was told to flush; writes that
// a real disk would reorder in its own cache are not.
//
// Fuse is a FUSE file system, served by this process, over a folder of such a
// volume: its syncs can be slow, its writes and syncs fail, a write be torn. It
// goes with this process: nodes on it get errors when that ends.
//
// Volumes live below one folder per run in the temporary folder, beside a file
// that says whose they are. Close unmounts them and detaches their loop
// devices; the next Open does so for runs that died. It touches nothing else.
//
// It needs Linux, root and mkfs.ext4; Available says what is missing. It kills
// no node and knows of none: that is the driver's part.
package disk
