#!/usr/bin/env python3
"""Prints what failed in reports of ctest (--output-junit): names, and the end of what each printed.

    scripts/failed_tests.py REPORT...

A log of three thousand tests is long, and often only its end is kept: this belongs there.
"""

import sys
import xml.etree.ElementTree as xml

LINES = 40  # of a test's output: it is in the log as a whole


def could_not_run(case):
    """Its program is missing: ctest calls that "not run", as it does tests that skip themselves."""
    skipped = case.find("skipped")
    return skipped is not None and not skipped.get("message", "").startswith("SKIP_")


def failed(report):
    for case in xml.parse(report).iter("testcase"):
        if case.get("status") == "fail" or could_not_run(case):
            yield case.get("name"), (case.findtext("system-out") or "").splitlines()


for report in sys.argv[1:]:
    for name, output in failed(report):
        print(f"\n== FAILED: {name} ({report})")
        print(*output[-LINES:], sep="\n")
