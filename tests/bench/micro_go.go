// micro_go.go: the micro benchmarks of micro.h on Go.
//
//	micro_go BENCHMARK COUNT
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func cpuTime() int64 {
	const processCPU = 2 // CLOCK_PROCESS_CPUTIME_ID
	var at syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, processCPU, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

func show(measure string, value float64) { fmt.Printf("%s %.6g\n", measure, value) }

type stopwatch struct {
	wall time.Time
	cpu  int64
}

func begin() stopwatch { return stopwatch{time.Now(), cpuTime()} }

func (s stopwatch) showEach(operations int) {
	cpu, wall := cpuTime()-s.cpu, time.Since(s.wall)
	show("ns", float64(cpu)/float64(operations))
	show("wall_ns", float64(wall)/float64(operations))
}

func statusBytes(name string) float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, name+":") {
			value, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
			return 1024 * value
		}
	}
	return 0
}

func runBoth(a, b func()) {
	var all sync.WaitGroup
	all.Add(2)
	go func() { a(); all.Done() }()
	go func() { b(); all.Done() }()
	all.Wait()
}

func yieldInTurn(count, goroutines int) {
	turns := count/goroutines + 1
	var all sync.WaitGroup
	all.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go func() {
			for j := 0; j < turns; j++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	watch := begin()
	all.Wait()
	watch.showEach(turns * goroutines)
}

// A channel of one is the semaphore that Go's users take.
func pingPong(count, buffer int) {
	ping, pong := make(chan int, buffer), make(chan int, buffer)
	rounds := count/2 + 1
	watch := begin()
	runBoth(func() {
		for i := 0; i < rounds; i++ {
			ping <- 1
			<-pong
		}
	}, func() {
		for i := 0; i < rounds; i++ {
			<-ping
			pong <- 1
		}
	})
	watch.showEach(2 * rounds)
}

func condition(count int) {
	var mutex sync.Mutex
	changed := sync.NewCond(&mutex)
	turn, rounds := 0, count/2+1
	play := func(mine int) {
		for i := 0; i < rounds; i++ {
			mutex.Lock()
			for turn != mine {
				changed.Wait()
			}
			turn = 1 - mine
			changed.Signal()
			mutex.Unlock()
		}
	}
	watch := begin()
	runBoth(func() { play(0) }, func() { play(1) })
	watch.showEach(2 * rounds)
}

func mutex(count int) {
	var mutex sync.Mutex
	watch := begin()
	for i := 0; i < count; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	watch.showEach(count)
}

func spawnJoin(count, atOnce int) {
	var done int64
	rounds := count/atOnce + 1
	watch := begin()
	for i := 0; i < rounds; i++ {
		var all sync.WaitGroup
		all.Add(atOnce)
		for j := 0; j < atOnce; j++ {
			go func() { atomic.AddInt64(&done, 1); all.Done() }()
		}
		all.Wait()
	}
	watch.showEach(rounds * atOnce)
}

var sink uint64

func compute(leaves int) {
	if leaves > 1 {
		half := func() { compute(leaves / 2) }
		runBoth(half, half)
		return
	}
	x := uint64(88172645463325252)
	for i := 0; i < 2000; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	atomic.StoreUint64(&sink, x)
}

func tree(count int) {
	const leaves = 1024
	trees := count/leaves + 1
	watch := begin()
	for i := 0; i < trees; i++ {
		compute(leaves)
	}
	watch.showEach(trees * leaves)
}

func memory(count int) {
	var parked int64
	resident, tables := statusBytes("VmRSS"), statusBytes("VmPTE")
	watch := begin()
	for i := 0; i < count; i++ {
		go func() { atomic.AddInt64(&parked, 1); time.Sleep(time.Hour) }()
		if i%1000 == 999 {
			runtime.Gosched()
		}
	}
	for atomic.LoadInt64(&parked) < int64(count) {
		runtime.Gosched()
	}
	watch.showEach(count)
	show("rss_bytes", (statusBytes("VmRSS")-resident)/float64(count))
	show("table_bytes", (statusBytes("VmPTE")-tables)/float64(count))
}

func sleepers(count int) {
	var early int64
	var all sync.WaitGroup
	x := uint64(88172645463325252)
	watch := begin()
	all.Add(count)
	for i := 0; i < count; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		length := time.Duration(1+x%1000) * time.Millisecond
		if i == 0 {
			length = time.Second
		}
		go func() {
			start := time.Now()
			time.Sleep(length)
			if time.Since(start) < length {
				atomic.AddInt64(&early, 1)
			}
			all.Done()
		}()
	}
	all.Wait()
	show("over_ms", float64(time.Since(watch.wall))/1e6-1000)
	show("cpu_s", float64(cpuTime()-watch.cpu)/1e9)
	show("early", float64(early))
}

func main() {
	all := map[string]func(int){
		"switch":      func(count int) { yieldInTurn(count, 2) },
		"switch_many": func(count int) { yieldInTurn(count, 10000) },
		"semaphore":   func(count int) { pingPong(count, 1) },
		"condition":   condition,
		"channel":     func(count int) { pingPong(count, 0) },
		"mutex":       mutex,
		"spawn":       func(count int) { spawnJoin(count, 1) },
		"spawn_many":  func(count int) { spawnJoin(count, 1000) },
		"tree":        tree,
		"memory":      memory,
		"sleepers":    sleepers,
	}
	if len(os.Args) == 3 {
		count, _ := strconv.Atoi(os.Args[2])
		if run := all[os.Args[1]]; run != nil && count > 0 {
			run(count)
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: micro_go BENCHMARK COUNT")
	os.Exit(2)
}
