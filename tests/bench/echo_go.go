// echo_go.go: an echo server on Go, with a goroutine for each connection.
package main

import (
	"fmt"
	"log"
	"net"
)

func serve(peer net.Conn) {
	defer peer.Close()
	buffer := make([]byte, 4096)
	for {
		got, err := peer.Read(buffer)
		if err != nil {
			return
		}
		if _, err = peer.Write(buffer[:got]); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		if peer, err := listener.Accept(); err == nil {
			go serve(peer)
		}
	}
}
