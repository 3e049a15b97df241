// Package offline works on the data folder of a stopped node, and on the files
// that snapshots and backups leave: it inspects them, saves the newest snapshot
// of a folder to one file, and builds the folders of a new cluster from such a
// file.
//
// Inspecting changes nothing and goes as far as damage lets it; everything else
// refuses what is not whole. A folder that a running node uses is refused with
// boltstore.ErrLocked.
//
// The package does not repair, does not know what is committed (that is not in
// the folder of one node), and talks to no cluster.
package offline
