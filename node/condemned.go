package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// condemnedFile in a data folder says that its state is not to be trusted,
// although every file of it can be read.
const condemnedFile = "condemned"

// ErrCondemned reports a folder whose state was found to differ from the
// majority's.
var ErrCondemned = errors.New("the data folder was found to differ from what this node had told the others; " +
	"if the others run, empty the folder and start the node again: the cluster takes it in anew")

// ErrOlderFolder ends a node that acknowledged more than its folder holds.
var ErrOlderFolder = errors.New("the data folder is an older copy of this node's, or its disk forgot what was synced; " +
	"start the node again: it is repaired from its peers and does not vote until then")

// condemn marks the folder when err says that its state is wrong, or that its log
// is an older one: a restart would serve it again until that shows once more.
func (n *Node) condemn(err error) error {
	if !errors.Is(err, ErrDiverged) && !errors.Is(err, ErrOlderFolder) {
		return err
	}
	return errors.Join(err, writeDurably(n.config.DataDir, condemnedFile, err.Error()+"\n"))
}

// refuseCondemned fails for a folder that condemn marked.
func refuseCondemned(dataDir string) error {
	if marked(dataDir, condemnedFile) {
		return fmt.Errorf("open %s: %w", dataDir, ErrCondemned)
	}
	return nil
}

// marked says whether a folder has this file; if that is not known, it has.
func marked(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return !errors.Is(err, fs.ErrNotExist)
}

// writeDurably makes a small file whole and durable, or reports why not.
func writeDurably(dir, name, text string) error {
	f, err := os.CreateTemp(dir, name+".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	return errors.Join(err, syncDir(dir))
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
