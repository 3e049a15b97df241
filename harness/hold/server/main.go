// Command server is Toxiproxy's server with this harness's toxics: the program of the
// container that the links of a cluster of containers go through. It does nothing
// else, and takes two of Toxiproxy's own flags.
package main

import (
	"flag"
	"net"
	"os"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"raftkv/harness/corrupt"
	"raftkv/harness/hold"
)

func main() {
	host := flag.String("host", "localhost", "host for the API to listen on")
	port := flag.String("port", "8474", "port for the API to listen on")
	flag.Parse()
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
