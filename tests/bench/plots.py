"""The plots of docs/performance.md, as SVG by gnuplot."""
import shutil
import subprocess

import rows
from run import KERNEL_STACK_KIB

TERMINAL = 'set terminal svg size 860,420 font "sans,12" background rgb "white"'
COLOURS = {
    "raw": "#9e9e9e",
    "epoll": "#9e9e9e",
    "uring": "#8c564b",
    "ring": "#ff7f0e",
    "weft": "#d62728",
    "own": "#ff9896",
    "preload": "#ff9896",
    "boost": "#2ca02c",
    "st": "#98b954",
    "go": "#1f77b4",
    "gevent": "#9467bd",
    "threads": "#000000",
}


def draw(results, folder):
    """Those for which there are results; says so if gnuplot is not there."""
    if shutil.which("gnuplot") is None:
        print("no plots: apt-get install gnuplot-nox")
        return
    folder.mkdir(parents=True, exist_ok=True)
    switches(results, folder / "switches.svg")
    memory(results, folder / "memory.svg")
    echo(results, folder / "echo.svg")


def name_of(peer):
    special = {"preload": "threads, weft run", "threads": "threads, native"}
    return special.get(peer, rows.NAMES[peer])


def value_of(results, group, peer, measure):
    median = results.median(group, peer, measure)
    return f"{median.value:.6g}" if median else "?"


def switches(results, path):
    """A cluster of bars for each benchmark, on a logarithmic scale."""
    groups = ["switch", "semaphore", "condition", "channel"]
    peers = [peer for peer in COLOURS if any(results.median(group, peer, "ns") for group in groups)]
    lines = [
        " ".join([group, *(value_of(results, group, peer, "ns") for peer in peers)])
        for group in groups
    ]
    bars = [
        f'$data using {column}:xtic(1) title "{name_of(peer)}" linecolor rgb "{COLOURS[peer]}"'
        for column, peer in enumerate(peers, 2)
    ]
    settings = [
        'set title "CPU time of a switch, and of a handover by what fibers wait with, ns"',
        "set style data histograms",
        "set style histogram clustered gap 1",
        "set logscale y",
    ]
    gnuplot(path, settings, lines, bars)


def memory(results, path):
    """A bar for each peer."""
    lines = []
    for peer in COLOURS:
        if results.median("memory", peer, "rss_bytes"):
            resident = value_of(results, "memory", peer, "rss_bytes")
            tables = value_of(results, "memory", peer, "table_bytes")
            stack = 1024 * KERNEL_STACK_KIB if peer == "threads" else 0
            lines.append(f'"{name_of(peer)}" {resident} {tables} {stack}')
    titles = ["resident", "page tables", "kernel stack"]
    bars = [
        f'$data using {column}:xtic(1) title "{title}"' for column, title in enumerate(titles, 2)
    ]
    settings = [
        'set title "Memory of a parked fiber, bytes"',
        "set style data histograms",
        "set style histogram rowstacked",
        "set boxwidth 0.6",
        "set xtics rotate by -20",
        "set yrange [0:*]",
    ]
    gnuplot(path, settings, lines, bars)


def echo(results, path):
    """A line for each server, over the number of connections."""
    lines, plots = [], []
    for peer in rows.ECHO_SERVERS:
        points = []
        for count in (1, 100, 1000, 10_000):
            median = results.median(f"echo_{count}", peer, "server_cpu_us")
            points += [f"{count} {median.value:.6g}"] if median else []
        if points:
            plots.append(
                f"$data index {len(plots)} using 1:2 with linespoints linewidth 2 "
                f'linecolor rgb "{COLOURS[peer]}" title "{name_of(peer)}"'
            )
            lines += [*points, "", ""]
    settings = [
        'set title "Echo of 64 bytes: CPU time of the server for a request, us"',
        "set logscale x",
        'set xlabel "connections"',
        "set yrange [0:*]",
    ]
    gnuplot(path, settings, lines, plots)


def gnuplot(path, settings, lines, plots):
    if not any(character.isdigit() for line in lines for character in line):
        return
    script = [
        TERMINAL,
        f'set output "{path}"',
        "set style fill solid 0.9",
        "set grid ytics",
        "set key outside right",
        'set datafile missing "?"',
        *settings,
        "$data << END",
        *lines,
        "END",
        "plot " + ", ".join(plots),
    ]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
