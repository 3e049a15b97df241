// Package quorum does the arithmetic of majorities: which index a majority
// holds, and whether an election is won, lost or still open. It covers plain
// and joint configurations (Raft dissertation, section 4.3).
//
// It is pure: no state, no clock, no knowledge of messages or logs. It does not
// decide whether an index may be committed; that also needs the entry's term,
// which is the engine's business.
package quorum
