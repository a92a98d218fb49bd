"""The micro benchmarks of micro.h on gevent, those that it has the means for.

micro_gevent.py BENCHMARK COUNT
"""
import os
import sys
import time

import gevent
from gevent.lock import BoundedSemaphore, Semaphore
from gevent.queue import Channel


class Stopwatch:
    def __init__(self):
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def show_each(self, operations):
        cpu, wall = time.process_time() - self.cpu, time.monotonic() - self.wall
        show("ns", cpu / operations * 1e9)
        show("wall_ns", wall / operations * 1e9)


def show(measure, value):
    print(f"{measure} {value:.6g}", flush=True)


def status_bytes(name):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(name + ":"))


def yield_in_turn(count, greenlets):
    turns = count // greenlets + 1

    def take_turns():
        for _ in range(turns):
            gevent.sleep(0)

    everyone = [gevent.spawn(take_turns) for _ in range(greenlets)]
    watch = Stopwatch()
    gevent.joinall(everyone)
    watch.show_each(turns * greenlets)


def ping_pong(count, ping, pong, give, take):
    rounds = count // 2 + 1

    def serve():
        for _ in range(rounds):
            give(ping)
            take(pong)

    def give_back():
        for _ in range(rounds):
            take(ping)
            give(pong)

    watch = Stopwatch()
    gevent.joinall([gevent.spawn(serve), gevent.spawn(give_back)])
    watch.show_each(2 * rounds)


def semaphore(count):
    ping_pong(count, Semaphore(0), Semaphore(0), Semaphore.release, Semaphore.acquire)


def channel(count):
    ping_pong(count, Channel(), Channel(), lambda queue: queue.put(1), Channel.get)


def mutex(count):
    lock = BoundedSemaphore(1)
    watch = Stopwatch()
    for _ in range(count):
        lock.acquire()
        lock.release()
    watch.show_each(count)


def nothing():
    pass


def spawn_join(count, at_once):
    rounds = count // at_once + 1
    watch = Stopwatch()
    for _ in range(rounds):
        gevent.joinall([gevent.spawn(nothing) for _ in range(at_once)])
    watch.show_each(rounds * at_once)


def memory(count):
    parked = 0

    def park():
        nonlocal parked
        parked += 1
        gevent.sleep(3600)

    everyone = [None] * count
    resident, tables = status_bytes("VmRSS"), status_bytes("VmPTE")
    watch = Stopwatch()
    for i in range(count):
        everyone[i] = gevent.spawn(park)
        if i % 1000 == 999:
            gevent.sleep(0)
    while parked < count:
        gevent.sleep(0)
    watch.show_each(count)
    show("rss_bytes", (status_bytes("VmRSS") - resident) / count)
    show("table_bytes", (status_bytes("VmPTE") - tables) / count)
    os._exit(0)  # they are not waited for


def sleepers(count):
    early = 0

    def nap(length):
        nonlocal early
        start = time.monotonic()
        gevent.sleep(length)
        early += time.monotonic() - start < length

    x = 88172645463325252
    watch = Stopwatch()
    everyone = [gevent.spawn(nap, 1)]
    for _ in range(count - 1):
        x = (x ^ x << 13) & (1 << 64) - 1
        x ^= x >> 7
        x = (x ^ x << 17) & (1 << 64) - 1
        everyone.append(gevent.spawn(nap, (1 + x % 1000) / 1000))
    gevent.joinall(everyone)
    show("over_ms", (time.monotonic() - watch.wall) * 1000 - 1000)
    show("cpu_s", time.process_time() - watch.cpu)
    show("early", early)


BENCHMARKS = {
    "switch": lambda count: yield_in_turn(count, 2),
    "switch_many": lambda count: yield_in_turn(count, 10000),
    "semaphore": semaphore,
    "channel": channel,
    "mutex": mutex,
    "spawn": lambda count: spawn_join(count, 1),
    "spawn_many": lambda count: spawn_join(count, 1000),
    "memory": memory,
    "sleepers": sleepers,
}

if len(sys.argv) != 3 or sys.argv[1] not in BENCHMARKS:
    sys.exit("usage: micro_gevent.py BENCHMARK COUNT")
BENCHMARKS[sys.argv[1]](int(sys.argv[2]))
