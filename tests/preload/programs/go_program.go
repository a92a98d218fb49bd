// Exercises a Go runtime that shares its process with C code; prints what it found.
package main

/*
#include <pthread.h>
#include <time.h>

static void* add(void* sum) {
  nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  __atomic_add_fetch((int*)sum, 1, __ATOMIC_RELAXED);
  return NULL;
}

// As many threads as a C library in a Go program could make.
static int threads_of_c(void) {
  enum { kThreads = 20 };
  pthread_t threads[kThreads];
  int sum = 0;
  for (int i = 0; i < kThreads; i++) {
    if (pthread_create(&threads[i], NULL, add, &sum) != 0) return -1;
  }
  for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  return sum;
}

static int square(int n) { return n * n; }
*/
import "C"

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// inGoroutines adds up what function returns in `count` goroutines.
func inGoroutines(count int, function func(number int) int) int {
	var group sync.WaitGroup
	results := make(chan int, count)
	for number := 0; number < count; number++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			results <- function(number)
		}(number)
	}
	group.Wait()
	close(results)
	sum := 0
	for result := range results {
		sum += result
	}
	return sum
}

func calls() string {
	sum := inGoroutines(200, func(number int) int { return int(C.square(C.int(number))) })
	return fmt.Sprintf("200 goroutines, sum %d", sum)
}

func threads() string {
	sum := inGoroutines(10, func(int) int { return int(C.threads_of_c()) })
	return fmt.Sprintf("%d threads of C", sum)
}

func locked() string {
	sum := inGoroutines(20, func(number int) int {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		time.Sleep(10 * time.Millisecond)
		return int(C.square(C.int(number)))
	})
	return fmt.Sprintf("20 goroutines with a thread each, sum %d", sum)
}

func sleeps() string {
	start := time.Now()
	inGoroutines(1000, func(int) int {
		time.Sleep(200 * time.Millisecond)
		return 0
	})
	elapsed := time.Since(start)
	if elapsed < 200*time.Millisecond || elapsed > 5*time.Second {
		check(fmt.Errorf("slept %v", elapsed))
	}
	return "1000 goroutines, as long as one"
}

func serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return // closed
		}
		go func() {
			defer connection.Close()
			lines := bufio.NewScanner(connection)
			for lines.Scan() {
				fmt.Fprintln(connection, strings.ToUpper(lines.Text()))
			}
		}()
	}
}

func talk(address string, number int) int {
	connection, err := net.Dial("tcp", address)
	check(err)
	defer connection.Close()
	replies := bufio.NewScanner(connection)
	correct := 0
	for turn := 0; turn < 10; turn++ {
		fmt.Fprintf(connection, "client %d turn %d\n", number, turn)
		if replies.Scan() && replies.Text() == fmt.Sprintf("CLIENT %d TURN %d", number, turn) {
			correct++
		}
	}
	return correct
}

func server() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	go serve(listener)
	address := listener.Addr().String()
	correct := inGoroutines(50, func(number int) int { return talk(address, number) })
	return fmt.Sprintf("50 clients, %d correct replies", correct)
}

func children() string {
	replies := inGoroutines(10, func(number int) int {
		command := exec.Command("cat")
		command.Stdin = strings.NewReader(fmt.Sprint("from ", number))
		output, err := command.Output()
		check(err)
		if string(output) != fmt.Sprint("from ", number) {
			return 0
		}
		return 1
	})
	return fmt.Sprintf("%d replies", replies)
}

func garbage() string {
	total := inGoroutines(8, func(number int) int {
		kept := make(map[int]string)
		for i := 0; i < 50000; i++ {
			kept[i%100] = strings.Repeat("x", number+i%50)
		}
		return len(kept)
	})
	runtime.GC()
	return fmt.Sprintf("%d strings kept", total)
}

func main() {
	for _, test := range []struct {
		name string
		run  func() string
	}{
		{"calls", calls}, {"threads", threads}, {"locked", locked}, {"sleeps", sleeps},
		{"server", server}, {"children", children}, {"garbage", garbage},
	} {
		fmt.Printf("%s: %s\n", test.name, test.run())
	}
}
