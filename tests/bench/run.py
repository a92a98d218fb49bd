"""Runs things, and says what was measured and how much others disturbed it."""
import os
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import rows

QUIET_SHARE = 0.08  # of the CPUs, for others: more is a dirty run
TICKS = 0.02  # seconds by which the kernel's counts of two moments may be wrong
SYSTEM_PYTHON = "/usr/bin/python3"  # for which Debian packages gevent


class Failed(Exception):
    """A run that measured nothing; says why."""


class Missing(Exception):
    """What can't be run here at all; says what is not there, and which package has it."""

    def __init__(self, what, package=None):
        super().__init__(what)
        self.package = package


class Machine:
    """The CPUs: one for servers and one for clients, the latter also for what has no client."""

    def __init__(self, build, smoke, seconds):
        cpus = sorted(os.sched_getaffinity(0))
        self.server, self.client = cpus[0], cpus[1 % len(cpus)]
        self.cpus = len(cpus)
        self.build = Path(build).resolve()
        self.smoke = smoke
        self.seconds = seconds  # of load on a server

    def pinned(self, cpus, command):
        return ["taskset", "-c", ",".join(str(cpu) for cpu in cpus), *command]

    def weft_run(self):
        return [str(self.build / "bin/weft"), "run"]


def busy_seconds():
    """Of all CPUs since the start of the machine, and what its host took."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def wait_until_quiet(seconds):
    """Until others leave the CPUs alone for 0.2 s, or for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = busy_seconds()
        time.sleep(0.2)
        if busy_seconds() - before <= 0.2 * QUIET_SHARE * os.cpu_count():
            return


def measure_quietly(machine, run, tries=3, quiet_wait=5):
    """The measures of the least disturbed try, and the share of the CPUs that others took."""
    best = None
    for _ in range(1 if machine.smoke else tries):
        if not machine.smoke:
            wait_until_quiet(quiet_wait)
        busy, own, start = busy_seconds(), own_seconds(), time.monotonic()
        measures = measure(machine, run)
        passed = max(time.monotonic() - start, 0.01)
        others = busy_seconds() - busy - (own_seconds() - own)
        share = max(others - TICKS, 0) / passed / os.cpu_count()
        if best is None or share < best[1]:
            best = measures, share
        if share <= QUIET_SHARE:
            break
    return best


def measure(machine, run):
    how = {
        rows.Micro: measure_micro,
        rows.Startup: measure_startup,
        rows.Echo: measure_echo,
        rows.Program: measure_program,
    }
    return how[type(run)](machine, run)


def environment(more=()):
    """Ours without what would change weft's defaults."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("WEFT_")}
    return dict(ours, **dict(more))


def output_of(command, variables=(), seconds=120):
    try:
        done = subprocess.run(
            command,
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {seconds} s: {' '.join(command)}") from None
    if done.returncode != 0:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failed(f"status {done.returncode}, {last}: {' '.join(command)}")
    return done.stdout


def program(machine, name):
    """The command of a program of the build's bin folder, or of the Python program of that name."""
    script = Path(__file__).parent / (Path(name).name + ".py")
    if script.exists():
        has_gevent = [SYSTEM_PYTHON, "-c", "import gevent"]
        if subprocess.run(has_gevent, stderr=subprocess.DEVNULL).returncode != 0:
            raise Missing(name)
        return [SYSTEM_PYTHON, str(script)]
    path = machine.build / "bin" / name
    if not path.exists():
        raise Missing(name)
    return [str(path)]


def measure_micro(machine, run):
    if run.both_cpus and machine.cpus < 2:
        raise Missing("a second CPU")
    count = max(run.count // 1000, 100) if machine.smoke else run.count
    command = [*program(machine, "bench/" + run.program), run.benchmark, str(count), *run.arguments]
    if run.preloaded:
        command = machine.weft_run() + command
    cpus = (machine.server, machine.client) if run.both_cpus else (machine.client,)
    lines = output_of(machine.pinned(cpus, command), run.environment).splitlines()
    if not lines:
        raise Failed(f"no result: {' '.join(command)}")
    return {measure: float(value) for measure, value in (line.split() for line in lines)}


def measure_startup(machine, run):
    command = (machine.weft_run() if run.preloaded else []) + ["/bin/true"]
    command = machine.pinned((machine.client,), command)
    times = []
    for _ in range(5 if machine.smoke else run.count):
        start = time.monotonic()
        pid = os.posix_spawnp(command[0], command, environment())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        times.append(1000 * (time.monotonic() - start))
        if status != 0:
            raise Failed(f"status {status}: {' '.join(command)}")
    return {"wall_ms": statistics.median(times)}


# What a kernel thread takes in the kernel for its stack.
KERNEL_STACK_KIB = 16


# What servers that ask for an io_uring say where the kernel, or a filter of system calls, refuses.
IO_URING_REFUSED = re.compile(r"io_uring_setup: |refuses an io_uring")


def measure_echo(machine, run):
    with tempfile.TemporaryFile("w+") as errors:
        try:
            return measure_echo_server(machine, run, errors)
        finally:
            errors.seek(0)
            if IO_URING_REFUSED.search(errors.read()):
                raise Missing("io_uring, which the kernel refuses")


def measure_echo_server(machine, run, errors):
    command = (machine.weft_run() if run.preloaded else []) + program(machine, run.server)
    if run.both_cpus and machine.cpus < 2:
        raise Missing("a second CPU")
    cpus = (machine.server, machine.client) if run.both_cpus else (machine.server,)
    server = subprocess.Popen(
        machine.pinned(cpus, command),
        env=environment(run.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    try:
        load = [
            *program(machine, "tests/weft_load"),
            *("--port", port_of(server, command), "--pid", str(server.pid)),
            *("--connections", str(run.connections)),
            *("--seconds", str(0.1 if machine.smoke else machine.seconds)),
        ]
        lines = output_of(machine.pinned((machine.client,), load)).splitlines()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    measures = {name: float(value) for name, value in (line.split(": ") for line in lines)}
    kernel_stacks = KERNEL_STACK_KIB * measures["threads"]
    measures["memory_kib"] = measures["rss_kib"] + measures["page_tables_kib"] + kernel_stacks
    shown = ("server_cpu_us", "requests_per_s", "p50_us", "p99_us", "memory_kib", "threads")
    return {name: measures[name] for name in shown}


def port_of(server, command):
    """What it says on its first line; taskset and `weft run` execute the server itself."""
    line = server.stdout.readline()
    if not line.startswith("listening on 127.0.0.1:"):
        raise Failed(f"no server: {' '.join(command)}")
    return line.rsplit(":", 1)[1].strip()


def measure_program(machine, run):
    for name, package in run.needs:
        if shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            raise Missing(name, package)
    seconds = 0.1 if machine.smoke else machine.seconds
    cpus = [str(machine.server), str(machine.client)]
    script = str(Path(__file__).parent / "programs.sh")
    command = [script, run.server, str(run.clients), str(seconds), *cpus]
    command += program(machine, "tests/weft_load")
    command += machine.weft_run() if run.preloaded else []
    lines = output_of(command).splitlines()
    return {name: float(value) for name, value in (line.split(": ") for line in lines)}
