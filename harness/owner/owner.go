package owner

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// slack is how far two readings of one process's start time may differ: the
// kernel keeps it in ticks since boot, and the boot time moves with the clock.
const slack = 2 * time.Second

// The labels that carry an ID on a container, network or volume.
const (
	labelPID   = "raftkv.owner.pid"
	labelStart = "raftkv.owner.start"
	labelHost  = "raftkv.owner.host"
)

// ID names one running program for as long as its host is up.
type ID struct {
	// Host is the host's name and process-id namespace.
	Host string `json:"host"`
	// PID is the process id inside that namespace.
	PID int `json:"pid"`
	// Start is when the process started, in milliseconds since 1970.
	Start int64 `json:"start_ms"`
}

// Of gives the identity of a process on this host.
func Of(pid int) (ID, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return ID{}, fmt.Errorf("look up process %d: %w", pid, err)
	}
	start, err := p.CreateTime()
	if err != nil {
		return ID{}, fmt.Errorf("read the start time of process %d: %w", pid, err)
	}
	return ID{Host: host(), PID: pid, Start: start}, nil
}

// Self gives the identity of this program.
func Self() (ID, error) { return Of(os.Getpid()) }

// Here says whether the identity belongs to this host and namespace, that is,
// whether Alive can be asked at all.
func (id ID) Here() bool { return id.Host == host() }

// Alive says whether that very process still runs. A process that has ended
// but was not waited for counts as dead. Ask only if Here.
func (id ID) Alive() bool {
	p, err := process.NewProcess(int32(id.PID))
	if err != nil {
		return false
	}
	start, err := p.CreateTime()
	if err != nil || (time.Duration(start-id.Start)*time.Millisecond).Abs() > slack {
		return false
	}
	status, err := p.Status()
	return err != nil || len(status) == 0 || status[0] != process.Zombie
}

// Labels gives the identity as labels.
func (id ID) Labels() map[string]string {
	return map[string]string{
		labelHost:  id.Host,
		labelPID:   strconv.Itoa(id.PID),
		labelStart: strconv.FormatInt(id.Start, 10),
	}
}

// FromLabels reads an identity from labels; false if they carry none.
func FromLabels(labels map[string]string) (ID, bool) {
	pid, err := strconv.Atoi(labels[labelPID])
	if err != nil {
		return ID{}, false
	}
	start, err := strconv.ParseInt(labels[labelStart], 10, 64)
	if err != nil {
		return ID{}, false
	}
	return ID{Host: labels[labelHost], PID: pid, Start: start}, true
}

// host names this host and its process-id namespace. The namespace is unknown
// outside Linux, where there is one only.
func host() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return name
	}
	return name + "/" + ns
}
