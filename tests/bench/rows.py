"""What is measured, by whom, and what is asked of weft: nothing but data.

A group is a benchmark with the runs of it that are compared with each other, by peer. A row asks
something of one measure of one peer, relative to the same measure of others of the group.
"""
from dataclasses import dataclass, field, replace

# Debian's package for what is not part of weft, by peer; None: part of weft or of the build.
PACKAGES = {
    "boost": "libboost-fiber-dev",
    "st": "libst-dev",
    "go": "golang-go",
    "go_2": "golang-go",
    "gevent": "python3-gevent",
}
NAMES = {
    "raw": "raw",
    "weft": "weft",
    "own": "weft, own TLS",
    "weft_1": "weft, 1 worker",
    "weft_2": "weft, 2 workers",
    "preload": "`weft run`",
    "preload_1": "`weft run`, 1 worker",
    "preload_2": "`weft run`, 2 workers",
    "boost": "Boost.Fiber",
    "st": "State Threads",
    "go": "Go",
    "go_2": "Go, 2 threads",
    "gevent": "gevent",
    "threads": "kernel threads",
    "native": "native",
    "patched": "`patch_all`",
    "ring": "weft, io_uring",
    "epoll": "raw epoll",
    "uring": "raw io_uring",
    "wrfsbase": "wrfsbase",
}


@dataclass(frozen=True)
class Micro:
    """A program of bin/bench that prints its measures; `count` operations are about a second."""

    program: str
    benchmark: str
    count: int
    arguments: tuple = ()
    environment: tuple = ()
    both_cpus: bool = False
    preloaded: bool = False


@dataclass(frozen=True)
class Startup:
    """/bin/true, started `count` times, with or without `weft run` before it."""

    count: int
    preloaded: bool = False


@dataclass(frozen=True)
class Echo:
    """A server of the build's bin folder under load: messages of 64 bytes, one at a time each."""

    server: str
    connections: int
    environment: tuple = ()
    preloaded: bool = False
    both_cpus: bool = False  # the client takes what the server leaves of the second


@dataclass(frozen=True)
class Program:
    """A server of tests/preload/programs, as it is installed, and its client: programs.sh."""

    server: str
    clients: int
    needs: tuple  # programs, and the packages that have them
    preloaded: bool = False


@dataclass(frozen=True)
class Bound:
    """At most, or at least, `factor` times the best of `peers`, and all of `plus`."""

    factor: float = 0
    peers: tuple = ()
    plus: tuple = ()  # numbers, or peers whose measure is added
    least: bool = False


@dataclass(frozen=True)
class Row:
    what: str
    peer: str
    measure: str
    bound: Bound


@dataclass(frozen=True)
class Group:
    name: str
    family: str  # of FAMILIES: a table for each
    title: str
    unit: str  # of the measure `shown`
    shown: str
    runs: dict
    rows: list = field(default_factory=list)


def at_most(factor, *peers, plus=()):
    return Bound(factor, peers, tuple(plus))


def at_least(factor, *peers):
    return Bound(factor, peers, least=True)


def no_more_than(constant):
    return Bound(plus=(constant,))


FAMILIES = {
    "fibers": "Fibers on one CPU",
    "cpus": "Two CPUs: the time that passes; of echo servers, their CPU time for a request",
    "calls": "Calls that have nothing to wait for",
    "echo": "Echo servers on one CPU: CPU time of the server for a request",
    "programs": "Programs as they are installed: CPU time of the server for a request",
}

ONE_P = (("GOMAXPROCS", "1"),)
TWO_P = (("GOMAXPROCS", "2"),)

# How many times the operations of weft a peer gets in the same time, roughly.
SPEED = {"raw": 10, "st": 0.25, "go": 0.5, "boost": 0.5, "gevent": 0.01, "threads": 0.02}


def micro(benchmark, count, peers, **only):
    """The runs of a benchmark; `only` has the counts of peers for which SPEED is wrong."""
    programs = {
        "raw": ("micro_raw", (), ()),
        "weft": ("micro_weft", ("shared",), ()),
        "own": ("micro_weft", ("own",), ()),
        "go": ("micro_go", (), ONE_P),
    }
    runs = {}
    for peer in peers.split():
        program, arguments, environment = programs.get(peer, ("micro_" + peer, (), ()))
        operations = only.get(peer, max(int(count * SPEED.get(peer, 1)), 1000))
        runs[peer] = Micro(program, benchmark, operations, arguments, environment)
    return runs


def ping_pong(name, title, peers):
    return Group(
        name,
        "fibers",
        title,
        "ns",
        "ns",
        micro(name, 5_000_000, peers, st=20_000_000),
        [Row(title, "weft", "ns", at_most(0.9, "st")), Row(title, "own", "ns", at_most(2, "st"))],
    )


def two_workers(benchmark, title, count, bound, more_runs=()):
    runs = {
        "weft_2": Micro("micro_weft", benchmark, count, ("2",), both_cpus=True),
        "go_2": Micro("micro_go", benchmark, count, (), TWO_P, both_cpus=True),
    }
    limits = [Row(title + ", two workers", "weft_2", "wall_ns", bound)]
    return Group(benchmark + "_2", "cpus", title, "ns", "wall_ns", runs | dict(more_runs), limits)


def call(name, title, benchmark, peer, run, bound):
    native = Micro("idle_calls", benchmark, run.count)
    runs = {"native": native, peer: run}
    return Group(name, "calls", title, "ns", "ns", runs, [Row(title, peer, "ns", bound)])


ECHO_SERVERS = {
    "epoll": ("bench/echo_epoll", ()),
    "uring": ("bench/echo_uring", ()),
    "ring": ("samples/echo_server", (("WEFT_HUB", "io_uring"),)),
    "weft": ("samples/echo_server", ()),
    "preload": ("samples/echo_threads", ()),
    "threads": ("samples/echo_threads", ()),
    "boost": ("bench/echo_boost", ()),
    "st": ("bench/echo_st", ()),
    "go": ("bench/echo_go", ONE_P),
    "gevent": ("bench/echo_gevent", ()),
}


def echo(connections, better, extra=()):
    """`better`: how many times the same program on kernel threads it shall be."""
    title = f"echo, {connections:,} connections" if connections > 1 else "echo, 1 connection"
    runs = {
        peer: Echo(server, connections, environment, preloaded=peer == "preload")
        for peer, (server, environment) in ECHO_SERVERS.items()
        # State Threads of Debian stops to answer above 1,000 connections.
        if peer != "st" or connections < 10_000
    }
    limits = []
    if connections > 1:
        limits = [
            Row(title, "weft", "server_cpu_us", at_most(1 / 0.97, "epoll")),
            Row(title, "preload", "server_cpu_us", at_most(1 / 0.93, "epoll")),
        ]
    if 1 < connections < 10_000:
        limits.append(Row(title, "ring", "server_cpu_us", at_most(0.95, "epoll")))
    limits.append(Row(title, "preload", "server_cpu_us", at_most(1 / better, "threads")))
    name = f"echo_{connections}"
    return Group(name, "echo", title, "us", "server_cpu_us", runs, [*limits, *extra])


def echo_with_workers(connections):
    """Where the client needs the second CPU, too, throughput can't double. But two CPUs have 1.8
    times the throughput of one if a request costs their two workers at most 2 / 1.8 of what it
    costs one."""
    title = f"echo, {connections:,} connections"
    runs = {
        f"preload_{workers}": Echo(
            "samples/echo_threads",
            connections,
            (("WEFT_WORKERS", str(workers)),),
            preloaded=True,
            both_cpus=workers > 1,
        )
        for workers in (1, 2)
    }
    bound = at_most(2 / 1.8, "preload_1")
    limits = [Row(title + ", two workers", "preload_2", "server_cpu_us", bound)]
    return Group("echo_2", "cpus", title, "us", "server_cpu_us", runs, limits)


def server(name, title, what, clients, needs, better=1):
    """`better`: how many times the native one it shall be, by throughput and by CPU time."""
    runs = {
        "native": Program(what, clients, needs),
        "preload": Program(what, clients, needs, preloaded=True),
    }
    limits = [
        Row(title + ": requests/s", "preload", "requests_per_s", at_least(better, "native")),
        Row(title + ": CPU us", "preload", "server_cpu_us", at_most(1 / better, "native")),
    ]
    return Group(name, "programs", title, "us", "server_cpu_us", runs, limits)


MARIADB = (("mariadbd", "mariadb-server"), ("mysqlslap", "mariadb-client"))
MEMCACHED = (("memcached", "memcached"),)
APACHE = (("apache2", "apache2"), ("wrk", "wrk"), ("curl", "curl"), ("ab", "apache2-utils"))

GROUPS = [
    Group(
        "switch",
        "fibers",
        "switch, two fibers",
        "ns",
        "ns",
        micro("switch", 20_000_000, "raw weft own boost st go gevent threads")
        | {"wrfsbase": Micro("micro_raw", "wrfsbase", 50_000_000)},
        [
            Row("switch, two fibers", "weft", "ns", at_most(2, "raw")),
            Row("switch, two fibers", "weft", "ns", at_most(0.6, "boost", "st", "go", "gevent")),
            Row("switch, two fibers", "own", "ns", at_most(1, "raw", plus=("wrfsbase", 5))),
        ],
    ),
    Group(
        "switch_many",
        "fibers",
        "switch, 10,000 fibers in turn",
        "ns",
        "ns",
        micro("switch_many", 10_000_000, "raw weft own boost st go gevent"),
        [Row("switch, 10,000 fibers in turn", "weft", "ns", at_most(2.5, "raw"))],
    ),
    ping_pong("semaphore", "semaphore ping-pong", "weft own boost st go gevent threads"),
    ping_pong("condition", "condition ping-pong", "weft own boost st go threads"),
    ping_pong("channel", "channel ping-pong", "weft own boost st go gevent"),
    Group(
        "spawn",
        "fibers",
        "spawn and join, one at a time",
        "ns",
        "ns",
        micro("spawn", 2_000_000, "raw weft own boost st go gevent threads", st=5_000_000),
        # Of the packaged ones these use stacks again: they stand for libco, which is not packaged.
        [Row("spawn and join, one at a time", "weft", "ns", at_most(0.5, "st", "go"))],
    ),
    Group(
        "spawn_many",
        "fibers",
        "spawn and join, 1,000 at once",
        "ns",
        "ns",
        micro(
            "spawn_many",
            3_000_000,
            "weft own boost st go gevent threads",
            boost=200_000,
            st=5_000_000,
        ),
        [Row("spawn and join, 1,000 at once", "weft", "ns", at_most(0.5, "go"))],
    ),
    Group(
        "mutex",
        "fibers",
        "mutex, lock and unlock",
        "ns",
        "ns",
        micro("mutex", 50_000_000, "weft boost st go gevent threads", threads=50_000_000),
        [Row("mutex, lock and unlock", "weft", "ns", at_most(1, "threads"))],
    ),
    Group(
        "mutex_beside_thread",
        "fibers",
        "the same, a second thread asleep",
        "ns",
        "ns",
        micro("mutex_beside_thread", 50_000_000, "weft boost threads", threads=50_000_000),
        [Row("the same, a second thread asleep", "weft", "ns", at_most(1, "threads"))],
    ),
    Group(
        "memory",
        "fibers",
        "memory of a parked fiber",
        "bytes",
        "rss_bytes",
        {
            "raw": Micro("micro_raw", "memory", 1_000_000),
            "weft": Micro("micro_weft", "memory", 1_000_000, ("shared",)),
            "own": Micro("micro_weft", "memory", 100_000, ("own",)),
            "boost": Micro("micro_boost", "memory", 100_000),
            "st": Micro("micro_st", "memory", 30_000),
            "go": Micro("micro_go", "memory", 1_000_000, (), ONE_P),
            "gevent": Micro("micro_gevent", "memory", 100_000),
            "threads": Micro("micro_threads", "memory", 10_000),
        },
        [
            Row("1,000,000 parked fibers: bytes of each", "weft", "rss_bytes", no_more_than(4300)),
            Row("100,000 parked fibers: bytes of each", "own", "rss_bytes", no_more_than(9216)),
            Row("making 1,000,000 of them: ns for each", "weft", "ns", at_most(1.15, "raw")),
        ],
    ),
    Group(
        "sleepers",
        "fibers",
        "100,000 fibers sleep for 1 to 1000 ms",
        "CPU s",
        "cpu_s",
        {
            # A hundred thousand kernel threads are more than a system usually allows.
            peer: replace(run, count=100_000)
            for peer, run in micro("sleepers", 1, "weft own boost st go gevent").items()
        },
        [
            Row("100,000 sleepers: ms beyond a second", "weft", "over_ms", no_more_than(100)),
            Row("100,000 sleepers: CPU seconds", "weft", "cpu_s", no_more_than(0.5)),
            Row("100,000 sleepers: woken early", "weft", "early", no_more_than(0)),
        ],
    ),
    call(
        "preload_mutex",
        "`pthread_mutex`, lock and unlock, second thread",
        "mutex",
        "preload",
        Micro("idle_calls", "mutex", 50_000_000, preloaded=True),
        at_most(1.2, "native"),
    ),
    call(
        "nonblock_call",
        "`read` of a non-blocking pipe",
        "nonblock",
        "preload",
        Micro("idle_calls", "nonblock", 5_000_000, preloaded=True),
        at_most(1, "native", plus=(10,)),
    ),
    call(
        "thread_call",
        "`write` of a thread that is no fiber",
        "thread",
        "patched",
        Micro("idle_calls_patched", "thread", 5_000_000),
        at_most(1, "native", plus=(10,)),
    ),
    two_workers("semaphore", "semaphore ping-pong", 1_000_000, at_most(0.7, "go_2")),
    two_workers("condition", "condition ping-pong", 1_000_000, at_most(0.7, "go_2")),
    two_workers("channel", "channel ping-pong", 1_000_000, at_most(0.7, "go_2")),
    two_workers(
        "tree",
        "a tree of fibers whose leaves compute",
        1 << 17,
        at_most(1 / 1.8, "weft_1"),
        {"weft_1": Micro("micro_weft", "tree", 1 << 17, ("1",), both_cpus=True)},
    ),
    echo_with_workers(100),
    Group(
        "startup",
        "calls",
        "start and end of `true`",
        "ms",
        "wall_ms",
        {"native": Startup(200), "preload": Startup(200, preloaded=True)},
        [Row("start and end of `true`", "preload", "wall_ms", at_most(1, "native", plus=(3,)))],
    ),
    echo(1, 1, [Row("echo, 1 connection: median us", "preload", "p50_us", at_most(1, "threads"))]),
    echo(100, 1.6),
    echo(1000, 2.5),
    echo(
        10_000,
        2.7,
        [Row("echo, 10,000 connections: KiB", "preload", "memory_kib", at_most(0.5, "threads"))],
    ),
    server("mariadbd_50", "mysqlslap, 50 clients of mariadbd", "mariadbd", 50, MARIADB),
    server("mariadbd_500", "mysqlslap, 500 clients of mariadbd", "mariadbd", 500, MARIADB, 1.1),
    server("memcached", "memcached, 100 connections", "memcached", 100, MEMCACHED),
    server("apache2", "apache2 with mpm_worker, 50 connections of wrk", "apache2", 50, APACHE),
]
