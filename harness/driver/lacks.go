package driver

import (
	"raftkv/harness/disk"
	"raftkv/harness/docker"
)

// Lacks says why a driver's nodes cannot have disks of the kind on this host;
// nothing if they can.
func Lacks(driver string, k disk.Kind) string {
	if k == disk.Plain {
		return ""
	}
	if driver == docker.Name {
		if err := docker.Shares(); err != nil {
			return err.Error()
		}
	}
	if err := disk.Available(k); err != nil {
		return err.Error()
	}
	return ""
}
