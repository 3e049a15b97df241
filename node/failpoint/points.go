package failpoint

// Point names a place between two effects of a node.
type Point string

// The points, in the order of a write's way through a node, then of a
// snapshot's, then of an installation's.
const (
	SendBefore         Point = "send-before" // what needs no disk
	SendAfter          Point = "send-after"
	HardStateBefore    Point = "hardstate-before"
	HardStateAfter     Point = "hardstate-after"
	AppendBefore       Point = "append-before"
	AppendAfter        Point = "append-after"
	PromiseBefore      Point = "promise-before" // votes and acknowledgements
	PromiseAfter       Point = "promise-after"
	ApplyBefore        Point = "apply-before"
	ApplyAfter         Point = "apply-after" // and before the client hears
	RenameBefore       Point = "rename-before"
	RenameAfter        Point = "rename-after"
	CompactBefore      Point = "compact-before"
	CompactAfter       Point = "compact-after"
	InstallReceived    Point = "install-received" // durable, nothing replaced yet
	InstallResetBefore Point = "install-reset-before"
	InstallResetAfter  Point = "install-reset-after"
	InstallSwapBefore  Point = "install-swap-before"
	InstallSwapAfter   Point = "install-swap-after"
	InstallDone        Point = "install-done" // and before the leader hears
)
