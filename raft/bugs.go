package raft

// Bug is a mistake that can be planted in the engine, to see whether the tests
// around it notice. Only a build with the tag raftkv_bugs can plant one
// (bugs_on.go); in every other build planted is a constant false and the
// compiler removes each of its uses.
type Bug uint8

// The bugs. Each shipped in some system; docs/PLANTED.md names it, and says
// what finds it here.
const (
	NoBug Bug = iota
	// BugReadBeforeNoOp confirms reads before an entry of the term is committed.
	BugReadBeforeNoOp
	// BugReadJoinsRound lets reads be confirmed by a round that began before them.
	BugReadJoinsRound
	// BugCommitByCounting commits entries of older terms by counting (figure 8).
	BugCommitByCounting
	// BugCommitUnverified commits a follower's whole log up to the leader's commit.
	BugCommitUnverified
	// BugLeaderCountsItself counts the leader's own log before it is on its disk.
	BugLeaderCountsItself
	// BugVoteBeforeDisk sends a vote before it is durable.
	BugVoteBeforeDisk
	// BugAckBeforeDisk acknowledges entries before they are durable.
	BugAckBeforeDisk
	// BugStepDownClearsVote forgets the vote on stepping down within a term.
	BugStepDownClearsVote
	// BugQuorumOneShort wins elections with one vote too few.
	BugQuorumOneShort
	// BugEveryLogUpToDate votes for candidates whose log lacks entries.
	BugEveryLogUpToDate
	// BugReplyTermIgnored ignores a higher term in a reply.
	BugReplyTermIgnored
	// BugOldLeaderGoesOn lets a leader that learns of a later term lead on in it.
	BugOldLeaderGoesOn
	// BugConflictKept takes an entry for known by its index alone.
	BugConflictKept
	// BugSnapshotKeepsSuffix keeps the log behind a snapshot that contradicts it.
	BugSnapshotKeepsSuffix
	// BugNoPreVote raises the term without asking first.
	BugNoPreVote
	// BugPreVoteTermKept leaves a pre-candidate of an older term without an answer.
	BugPreVoteTermKept
	// BugLiveLeaderIgnored hears candidates although the leader is alive.
	BugLiveLeaderIgnored
	// BugNoCheckQuorum lets a leader go on that hears nobody.
	BugNoCheckQuorum
	// BugStalledLeaderStays lets a leader go on whose disk stands still.
	BugStalledLeaderStays
	// BugLeaseFromAnswer counts a lease from the answer to a heartbeat on.
	BugLeaseFromAnswer
	// BugLeaseKeptInTransfer keeps the lease while leadership is handed over.
	BugLeaseKeptInTransfer
	// BugPromiseForgotten lets a node vote at once after a restart.
	BugPromiseForgotten
	// BugPromiseEndsWithTerm ends a voter's silence when it enters another term.
	BugPromiseEndsWithTerm
	// BugConfIgnoresDamage changes the voters without a look at who recovers.
	BugConfIgnoresDamage
)
