"""weft's benchmarks: see docs/performance.md. scripts/bench builds, and calls this."""
import argparse
import platform
import subprocess
import sys
from pathlib import Path

import plots
import report
import rows
import run

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/performance.md"


def parse_arguments():
    names = [group.name for group in rows.GROUPS]
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures weft beside its peers, and says which targets are met.",
        epilog="Rows: " + ", ".join(names) + ". Exit status: 0 if all rows that could be "
        "measured pass, 1 if one misses its target or fails, 2 for bad usage.",
    )
    parser.add_argument("--rows", metavar="NAME,..", help="only these; all without it")
    parser.add_argument("--rounds", type=int, default=5, help="measures of each, in turns (5)")
    parser.add_argument("--runs", type=int, default=1, help="of all that, one behind the other (1)")
    parser.add_argument("--seconds", type=float, default=2, help="of load on a server (2)")
    folders = {"--build": "build/release", "--out": "build/bench"}
    for name, folder in folders.items():
        parser.add_argument(name, metavar="DIR", default=str(ROOT / folder), help=f"({folder})")
    switches = {
        "--add": "to what results.tsv in --out has of other rows",
        "--update-docs": "write docs/performance.md and its plots",
        "--smoke": "a tiny run that judges nothing",
    }
    for name, help_text in switches.items():
        parser.add_argument(name, action="store_true", help=help_text)
    arguments = parser.parse_args()
    wanted = arguments.rows.split(",") if arguments.rows else names
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(names)}")
    if min(arguments.rounds, arguments.runs) < 1 or arguments.seconds <= 0:
        parser.error("--rounds, --runs and --seconds must be positive")
    if arguments.update_docs and (arguments.smoke or (arguments.rows and not arguments.add)):
        parser.error("--update-docs is for all rows: with --rows it needs --add")
    if not (Path(arguments.build) / "bin/bench/micro_weft").exists():
        parser.error(
            f"{arguments.build} has no benchmarks: "
            f"cmake -S {ROOT} -B {arguments.build} -DWEFT_BUILD_BENCH=ON, then build it"
        )
    return arguments, [group for group in rows.GROUPS if group.name in wanted]


def measure_group(machine, group, run_number, rounds, results):
    """A B C A B C: what else the machine does weighs on all of a round alike."""
    for number in range(rounds):
        for peer, what in group.runs.items():
            if (group.name, peer) in results.problems:
                continue
            try:
                measures, others = run.measure_quietly(machine, what)
            except run.Missing as missing:
                package = missing.package or rows.PACKAGES.get(peer)
                reason = f"apt-get install {package}" if package else str(missing)
                results.problems[group.name, peer] = reason
                results.missing.add((group.name, peer))
                continue
            except run.Failed as failed:
                results.problems[group.name, peer] = str(failed)
                print(f"{group.name} {peer}: FAILED: {failed}", flush=True)
                continue
            results.add(group.name, peer, (run_number, number), measures, others)
            shown = " ".join(f"{measure}={value:.6g}" for measure, value in measures.items())
            where = f"{group.name} {peer} run {run_number + 1} round {number + 1}"
            print(f"{where}: {shown} others={others:.0%}", flush=True)


def say_what_is_missing(results):
    reasons = sorted({results.problems[key] for key in results.missing})
    if reasons:
        print("not here, and left out: " + "; ".join(reasons))


def machine_line():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip() or "unknown"
    return f"{models[0]}, {len(models)} CPUs, kernel {platform.release()}, commit {commit}."


def main():
    arguments, groups = parse_arguments()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    machine = run.Machine(arguments.build, arguments.smoke, arguments.seconds)
    results, path = report.Results(), out / "results.tsv"
    if arguments.add and path.exists():
        results = report.Results.read(path)
        results.forget({group.name for group in groups})
    for number in range(arguments.runs):
        for group in groups:
            measure_group(machine, group, number, arguments.rounds, results)
            results.write(path)
    if arguments.smoke:
        failed = [key for key in results.problems if key not in results.missing]
        return 1 if failed else 0
    known = results.groups()
    groups = [group for group in rows.GROUPS if group.name in known]
    verdicts = report.judge_all(groups, results)
    table, peers = report.rows_table(verdicts), report.peers_tables(groups, results)
    print("\n".join(["", *table, "", *peers, ""]))
    say_what_is_missing(results)
    plots.draw(results, out)
    if arguments.update_docs:
        report.update_document(DOCUMENT, "machine", [machine_line()])
        report.update_document(DOCUMENT, "rows", table)
        report.update_document(DOCUMENT, "peers", peers)
        plots.draw(results, ROOT / "docs/performance")
    return report.exit_status(verdicts)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
