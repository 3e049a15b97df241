// Package report draws a run as one page of HTML that needs nothing else: no
// network, no script, no font. Its size does not grow with the run, since what
// is drawn is summed up in buckets and the single operations shown are bounded
// in number.
//
// It shows and does not judge: the verdict comes from package check.
package report
