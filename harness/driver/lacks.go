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
		return "the docker driver keeps data in the engine's volumes, whose power cannot be cut; use the process driver"
	}
	if err := disk.Available(k); err != nil {
		return err.Error()
	}
	return ""
}
