// Package check judges a history: is there any order in which one atomic store
// could have done all of this?
//
// Each key is a register of its own with get, put, delete and cas. Two kinds of
// judges look at it. The sharp ones (values, zones, absence) know one pattern
// each, cost n log n, and name what went wrong with the few operations that
// prove it. Porcupine then searches for an order of whatever is left, which
// finds everything and explains little, and may run out of its budget.
//
// Every judge is sound: a history that an atomic store could have produced is
// never flagged. The argument stands beside each rule; a property test holds
// them to it. Only together with porcupine are they complete.
//
// The package knows histories only. It shares no code with the store that it
// judges, since a judge that shares code with the accused shares its bugs.
package check
