"""Results as a file, and what they say of the rows."""
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, replace

import rows
from run import QUIET_SHARE

COLUMNS = ("group", "peer", "run", "round", "measure", "value", "others")


@dataclass(frozen=True)
class Median:
    value: float
    runs: int
    dirty: bool  # others took too much of the CPUs in all of its runs


class Results:
    """Values by group, peer and measure; and why there are none."""

    def __init__(self):
        # (group, peer, measure) -> {(run, round): (value, others' share)}
        self.values = defaultdict(dict)
        self.problems = {}  # (group, peer) -> reason
        self.missing = set()  # (group, peer), of those what is not installed

    def add(self, group, peer, when, measures, others):
        """`when`: the run and the round."""
        for measure, value in measures.items():
            self.values[group, peer, measure][when] = value, others

    def median(self, group, peer, measure):
        values = self.values.get((group, peer, measure))
        if not values:
            return None
        clean = [value for value, others in values.values() if others <= QUIET_SHARE]
        used = clean or [value for value, _ in values.values()]
        return Median(statistics.median(used), len(used), not clean)

    def parts(self, group):
        """Of a group: what they are, and each alone: the runs if there are several, else the
        rounds. A peer may have failed in some."""
        mine = {key: values for key, values in self.values.items() if key[0] == group}
        has_runs = len({run for values in mine.values() for run, _ in values}) > 1
        parts = defaultdict(Results)
        for key, values in mine.items():
            for (run, number), value in values.items():
                part = parts[run if has_runs else number]
                part.values[key][run, number] = value
        for part in parts.values():
            part.problems, part.missing = self.problems, self.missing
        return "runs" if has_runs else "rounds", list(parts.values())

    def write(self, path):
        with open(path, "w") as file:
            file.write("\t".join(COLUMNS) + "\n")
            for (group, peer, measure), values in self.values.items():
                for when, (value, others) in values.items():
                    fields = (group, peer, *when, measure, f"{value:.6g}", f"{others:.3f}")
                    file.write("\t".join(map(str, fields)) + "\n")
            for (group, peer), reason in self.problems.items():
                kind = "missing" if (group, peer) in self.missing else "failed"
                fields = (group, peer, "", "", kind, reason.replace("\t", " "), "")
                file.write("\t".join(fields) + "\n")

    def groups(self):
        return {key[0] for key in self.values} | {key[0] for key in self.problems}

    def forget(self, groups):
        kept = {key: values for key, values in self.values.items() if key[0] not in groups}
        self.values = defaultdict(dict, kept)
        self.problems = {key: why for key, why in self.problems.items() if key[0] not in groups}
        self.missing = {key for key in self.missing if key[0] not in groups}

    @classmethod
    def read(cls, path):
        results = cls()
        with open(path) as file:
            if tuple(next(file).split()) != COLUMNS:
                raise ValueError(f"{path}: of another version; --add needs results of this one")
            for line in file:
                group, peer, *when, measure, value, others = line.rstrip("\n").split("\t")
                if measure in ("missing", "failed"):
                    results.problems[group, peer] = value
                    if measure == "missing":
                        results.missing.add((group, peer))
                else:
                    when = tuple(map(int, when))
                    results.add(group, peer, when, {measure: float(value)}, float(others))
        return results


@dataclass(frozen=True)
class Verdict:
    group: rows.Group
    row: rows.Row
    result: str  # pass, MISS, FAILED, n/a, not installed
    value: float = math.nan
    bound: float = math.nan
    dirty: bool = False
    why: str = ""
    agree: str = "-"  # how many parts alone say the same


def judge(group, row, results):
    """What the results say of a row."""
    used = []

    def value_of(peer):
        median = results.median(group.name, peer, row.measure)
        if median is not None:
            used.append(median)
        return median and median.value

    value = value_of(row.peer)
    if value is None:
        return without_value(group, row, results, row.peer)
    bound = 0.0
    if row.bound.peers:
        others = [other for other in map(value_of, row.bound.peers) if other is not None]
        if not others:
            return without_value(group, row, results, row.bound.peers[0], value)
        bound = row.bound.factor * (max(others) if row.bound.least else min(others))
    for term in row.bound.plus:
        addend = value_of(term) if isinstance(term, str) else term
        if addend is None:
            return without_value(group, row, results, term, value)
        bound += addend
    good = value >= bound if row.bound.least else value <= bound
    dirty = any(median.dirty for median in used)
    return Verdict(group, row, "pass" if good else "MISS", value, bound, dirty)


def without_value(group, row, results, peer, value=math.nan):
    why = results.problems.get((group.name, peer), f"{peer} has no {row.measure} here")
    if (group.name, peer) in results.missing:
        return Verdict(group, row, "not installed", value, why=why)
    failed = (group.name, peer) in results.problems
    return Verdict(group, row, "FAILED" if failed else "n/a", value, why=why)


def judge_all(groups, results):
    """By the medians; and how many of the runs, or rounds, alone would say the same."""
    verdicts = []
    for group in groups:
        what, parts = results.parts(group.name)
        for row in group.rows:
            verdict = judge(group, row, results)
            alone = [judge(group, row, one).result for one in parts]
            known = [result for result in alone if result in ("pass", "MISS")]
            if known:
                agree = f"{known.count(verdict.result)} of {len(known)} {what}"
                verdict = replace(verdict, agree=agree)
            verdicts.append(verdict)
    return verdicts


def exit_status(verdicts):
    return 1 if any(verdict.result in ("MISS", "FAILED") for verdict in verdicts) else 0


def target(row):
    """The row's bound in words."""
    terms = []
    if row.bound.peers:
        names = ", ".join(rows.NAMES[peer] for peer in row.bound.peers)
        if len(row.bound.peers) > 1:
            names = "the best of " + names
        factor = f"{row.bound.factor:.3g} x " if row.bound.factor != 1 else ""
        terms.append(factor + names)
    for term in row.bound.plus:
        terms.append(rows.NAMES[term] if isinstance(term, str) else f"{term:g}")
    return ("at least " if row.bound.least else "at most ") + " + ".join(terms)


def number(value):
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def rows_table(verdicts):
    """As lines of Markdown."""
    lines = [
        "| row | of | measured | target | which is | result | agree |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in verdicts:
        result = one.result + (" (disturbed)" if one.dirty else "")
        result += f": {one.why}" if one.why else ""
        who, value, bound = rows.NAMES[one.row.peer], number(one.value), number(one.bound)
        fields = (one.row.what, who, value, target(one.row), bound, result, one.agree)
        lines.append("| " + " | ".join(fields) + " |")
    return lines


def peers_tables(groups, results):
    """A table for each family: every peer's median, and how many times weft's that is."""
    lines = []
    for family, title in rows.FAMILIES.items():
        members = [group for group in groups if group.family == family]
        peers = [
            peer
            for peer in rows.NAMES
            if any(results.median(group.name, peer, group.shown) for group in members)
        ]
        if peers:
            lines += [f"### {title}", "", *family_table(members, peers, results), ""]
    return lines


def family_table(groups, peers, results):
    lines = [
        "| benchmark | unit | " + " | ".join(rows.NAMES[peer] for peer in peers) + " |",
        "|---|---|" + "---|" * len(peers),
    ]
    for group in groups:
        subject = "weft" if "weft" in group.runs else group.rows[0].peer
        weft = results.median(group.name, subject, group.shown)
        cells = []
        for peer in peers:
            median = results.median(group.name, peer, group.shown)
            cell = number(median.value) if median else ""
            if median and weft and weft.value and peer != subject:
                cell += f" ({median.value / weft.value:.2f})"
            cells.append(cell)
        if any(cells):
            lines.append(f"| {group.title} | {group.unit} | " + " | ".join(cells) + " |")
    return lines


def update_document(path, name, lines):
    """Puts the lines between the markers `<!-- NAME -->` and `<!-- /NAME -->`."""
    with open(path) as file:
        text = file.read()
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if begin not in text or end not in text:
        raise ValueError(f"{path}: no markers for {name}")
    head, rest = text.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(path, "w") as file:
        file.write(head + begin + "\n".join(lines) + "\n" + end + tail)
