// Command server is Toxiproxy's server with this harness's toxics: the program of the
// container that the links of a cluster of containers go through. It does nothing
// else, and takes two of Toxiproxy's own flags; but with --empty it empties a folder, a
// volume in which there is no shell, says what there was, and ends.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"raftkv/harness/corrupt"
	"raftkv/harness/hold"
	"raftkv/harness/wipe"
)

func main() {
	host := flag.String("host", "localhost", "host for the API to listen on")
	port := flag.String("port", "8474", "port for the API to listen on")
	empty := flag.String("empty", "", "a folder to empty, and nothing else")
	flag.Parse()
	if *empty != "" {
		os.Exit(emptied(*empty))
	}
	hold.Register()
	corrupt.Register()
	zerolog.SetGlobalLevel(zerolog.ErrorLevel) // toxics log to the package's own logger
	log := zerolog.New(os.Stdout).With().Timestamp().Logger()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), log)
	if err := server.Listen(net.JoinHostPort(*host, *port)); err != nil {
		log.Err(err).Msg("the API ended")
		os.Exit(1)
	}
}

// nothingThere is the exit code for a folder that was empty already.
const nothingThere = 2

// emptied empties a folder and gives the exit code.
func emptied(dir string) int {
	seen, err := wipe.Folder(dir)
	switch {
	case errors.Is(err, wipe.ErrEmpty):
		fmt.Println(err)
		return nothingThere
	case err != nil:
		fmt.Println(err)
		return 1
	}
	fmt.Println(seen)
	return 0
}
