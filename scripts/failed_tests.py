#!/usr/bin/env python3
"""Prints what failed in reports of ctest (--output-junit): names, and the end of what each printed.

    scripts/failed_tests.py REPORT...

A log of three thousand tests is long, and often only its end is kept: this belongs there.
"""

import sys
import xml.etree.ElementTree as xml

LINES = 40  # of a test's output: it is in the log as a whole


def failed(report):
    for case in xml.parse(report).iter("testcase"):
        if case.get("status") == "fail":
            yield case.get("name"), (case.findtext("system-out") or "").splitlines()


for report in sys.argv[1:]:
    for name, output in failed(report):
        print(f"\n== FAILED: {name} ({report})")
        print(*output[-LINES:], sep="\n")
