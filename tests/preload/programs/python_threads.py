"""Exercises Python's threads, knowing nothing about fibers; prints what it found."""

import concurrent.futures
import faulthandler
import os
import queue
import signal
import subprocess
import threading
import time


def in_threads(count, function):
    """Runs function(number) in `count` threads and passes on the first exception."""
    errors = []

    def guarded(number):
        try:
            function(number)
        except BaseException as error:  # an assertion, too, must reach the main thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def kernel_threads():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith("Threads:"))


def locks():
    total = 0
    lock = threading.Lock()

    def add(_):
        nonlocal total
        for _ in range(100):
            with lock:
                seen = total
                time.sleep(0)  # gives others the chance to break in
                total = seen + 1

    in_threads(200, add)
    return f"200 threads, {total} increments"


def thread_locals():
    local = threading.local()
    identities = set()
    everyone = threading.Barrier(200)

    def check(number):
        local.number = number
        identities.add(threading.get_ident())
        everyone.wait(30)
        assert local.number == number

    in_threads(200, check)
    assert not hasattr(local, "number")
    return f"{len(identities)} threads"


def events():
    event, arrived, woken = threading.Event(), threading.Semaphore(0), []

    def wait(number):
        arrived.release()
        assert event.wait(30)
        woken.append(number)

    def release():
        for _ in range(200):
            arrived.acquire()
        print("kernel threads:", kernel_threads())
        assert not event.wait(0.01)
        event.set()

    threading.Thread(target=release).start()
    in_threads(200, wait)
    return f"{len(set(woken))} threads"


def conditions():
    condition, items, taken = threading.Condition(), [], []

    def consume(_):
        for _ in range(100):
            with condition:
                assert condition.wait_for(lambda: items, 30)
                taken.append(items.pop())

    def produce():
        for item in range(2000):
            with condition:
                items.append(item)
                condition.notify()

    threading.Thread(target=produce).start()
    in_threads(20, consume)
    assert sorted(taken) == list(range(2000))
    return f"20 consumers, {len(taken)} items"


def barriers():
    barrier, counts = threading.Barrier(50), [0] * 20

    def step(_):
        for round_number in range(20):
            counts[round_number] += 1
            barrier.wait(30)
            assert counts[round_number] == 50

    in_threads(50, step)
    return "50 threads, 20 rounds"


def semaphores():
    semaphore, inside, most = threading.BoundedSemaphore(5), [], 0

    def enter(number):
        nonlocal most
        with semaphore:
            inside.append(number)
            most = max(most, len(inside))
            time.sleep(0.005)
            inside.remove(number)

    in_threads(50, enter)
    assert most == 5, most
    return "50 threads, never more than 5 inside"


def sleeps():
    def nap(_):
        start = time.monotonic()
        time.sleep(0.3)
        assert time.monotonic() - start >= 0.3

    start = time.monotonic()
    in_threads(100, nap)
    elapsed = time.monotonic() - start
    assert elapsed < 3, f"{elapsed:.1f} s, one after the other would be 30 s"
    return "100 threads, as long as one"


def queues():
    items, results = queue.Queue(maxsize=10), queue.SimpleQueue()

    def work(number):
        if number < 8:
            for item in range(number, 20000, 8):
                items.put(item, timeout=30)
            return
        total = 0
        for _ in range(20000 // 8):
            total += items.get(timeout=30)
        results.put(total)

    in_threads(16, work)
    assert items.empty()
    return f"20000 items, sum {sum(results.get(timeout=30) for _ in range(8))}"


def executors():
    with concurrent.futures.ThreadPoolExecutor(max_workers=32) as pool:
        squares = list(pool.map(lambda number: number * number, range(1000)))
        failing = pool.submit(lambda: 1 // 0)
        assert isinstance(failing.exception(timeout=30), ZeroDivisionError)
    assert squares == [number * number for number in range(1000)]
    return f"{len(squares)} tasks"


def pipes():
    received = []

    def exchange(_):
        reader, writer = os.pipe()

        def write():
            for number in range(100):
                os.write(writer, b"%04d" % number)
            os.close(writer)

        thread = threading.Thread(target=write)
        thread.start()
        with os.fdopen(reader, "rb") as file:
            while message := file.read(4):
                received.append(int(message))
        thread.join()

    in_threads(20, exchange)
    assert sum(received) == 20 * sum(range(100))
    return f"20 pairs, {len(received)} messages"


def subprocesses():
    children = []

    def spawn(number):
        echoed = subprocess.run(["echo", str(number)], capture_output=True, check=True, timeout=30)
        assert echoed.stdout == b"%d\n" % number
        data = bytes([number]) * 300_000  # more than a pipe holds, in both directions
        copied = subprocess.run(["cat"], input=data, capture_output=True, check=True, timeout=30)
        assert copied.stdout == data
        failed = subprocess.run(["sh", "-c", f"exit {number}"], check=False, timeout=30)
        assert failed.returncode == number
        children.extend((echoed, copied, failed))

    in_threads(20, spawn)
    return f"20 threads, {len(children)} children"


def main():
    # Where every thread is, if the test runs out of time.
    faulthandler.register(signal.SIGTERM, all_threads=True, chain=True)
    for test in (locks, thread_locals, events, conditions, barriers, semaphores, sleeps, queues,
                 executors, pipes, subprocesses):
        print(f"{test.__name__}: {test()}", flush=True)


main()
