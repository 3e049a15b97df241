package node

import (
	"context"
	_ "embed" // the page
	"html/template"
	"net/http"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// servePage shows a person what the node knows. It asks for nothing outside.
func (n *Node) servePage(w http.ResponseWriter, r *http.Request) {
	s, err := n.statusFor(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), adminTimeout)
	defer cancel()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = page.Execute(w, struct { // the reader may have gone
		Status   Status
		NotReady error
	}{s, n.checkReady(ctx)})
}
