package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"raftkv/harness/owner"
)

// runFile names, on disk, the processes of one cluster, for the sweep of a
// later run in case this one dies without cleaning up.
type runFile struct {
	mu        sync.Mutex
	path      string
	Harness   owner.ID         `json:"harness"`
	Processes map[int]owner.ID `json:"processes"` // by node
	// Temp is the name of the cluster's folder, if it was made for this run and nobody
	// keeps it: right below the folder for temporary files.
	Temp string `json:"temp,omitempty"`
}

// runDir is where run files are, one folder a user.
func runDir() string {
	return filepath.Join(os.TempDir(), "raftkv-harness-"+strconv.Itoa(os.Getuid()))
}

// tempPrefix begins the names of folders that are made for one run.
const tempPrefix = "raftkv-cluster-"

// newRunFile makes it; temp is the folder to remove with it, or nothing.
func newRunFile(temp string) (*runFile, error) {
	self, err := owner.Self()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(runDir(), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of run files: %w", err)
	}
	f, err := os.CreateTemp(runDir(), "run-*.json")
	if err != nil {
		return nil, fmt.Errorf("make a run file: %w", err)
	}
	r := &runFile{path: f.Name(), Harness: self, Processes: map[int]owner.ID{}}
	if temp != "" {
		r.Temp = filepath.Base(temp)
	}
	return r, errors.Join(f.Close(), r.write())
}

// note records the node's process.
func (r *runFile) note(node, pid int) error {
	id, err := owner.Of(pid)
	if err != nil {
		return nil // it has ended already: nothing to sweep
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Processes[node] = id
	return r.write()
}

// write replaces the file in one step.
func (r *runFile) write() error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the run file: %w", err)
	}
	tmp := r.path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write the run file: %w", err)
	}
	return os.Rename(tmp, r.path)
}

func (r *runFile) remove() error { return os.Remove(r.path) }

// Sweep kills the nodes that dead harnesses of this user left behind, removes
// their temporary folders, and says how many nodes there were. Live harnesses,
// and those of other containers, are left alone.
func Sweep() (int, error) {
	names, err := filepath.Glob(filepath.Join(runDir(), "run-*.json"))
	if err != nil {
		return 0, err
	}
	killed, errs := 0, []error(nil)
	for _, name := range names {
		n, err := sweepFile(name)
		killed += n
		errs = append(errs, err)
	}
	return killed, errors.Join(errs...)
}

func sweepFile(name string) (int, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // its harness, or another sweep, removed it just now
	}
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	var r runFile
	if json.Unmarshal(b, &r) != nil {
		return 0, nil // being made at this moment
	}
	if !r.Harness.Here() || r.Harness.Alive() {
		return 0, nil
	}
	killed := 0
	for _, id := range r.Processes {
		if id.Here() && id.Alive() && syscall.Kill(id.PID, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if r.removeTemp() != nil {
		return killed, nil // a node that is dying still writes: for the next sweep
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return killed, fmt.Errorf("sweep: %w", err)
	}
	return killed, nil
}

// removeTemp removes the folder, and no other than one that openDir made.
func (r *runFile) removeTemp() error {
	if !strings.HasPrefix(r.Temp, tempPrefix) || r.Temp != filepath.Base(r.Temp) {
		return nil
	}
	return os.RemoveAll(filepath.Join(os.TempDir(), r.Temp))
}
