package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"raftkv/client"
)

// The nodes of scripts/start_cluster.sh, or of make up.
func Example() {
	c, err := client.New(client.Config{Nodes: []string{"127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003"}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	switch err := c.Put(ctx, "user:1", []byte("active")); {
	case errors.Is(err, client.ErrUnknown):
		fmt.Println("it may have been written: read it before writing again")
	case err != nil:
		log.Fatal(err) // nothing was written, nor will be
	}
	value, found, err := c.Get(ctx, "user:1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(value), found)
}
