"""python_suite.py OUTCOMES PART/PARTS NAME...: runs tests of CPython's own suite.

A NAME is that of a module, class or test, such as test_queue. Only each PARTS-th of the tests is
run, from the PART-th on: 1/1 is all of them. The file OUTCOMES gets a line `planned TEST` for each
of them first, then `passed TEST`, `skipped TEST` or `failed TEST` as each ends. Tests that need a
resource which `python3 -m test` has to be asked for (`-u`) are skipped.
"""

import faulthandler
import signal
import sys
import unittest

from test import support


def name_of(test):
    """One word, also for the set-up of a class: `setUpClass (test.module.Class)`."""
    return test.id().removeprefix("test.").replace(" ", "_")


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


class Outcomes(unittest.TextTestResult):
    file = None
    outcome = None  # of the test that runs now

    def write(self, outcome, test):
        # At once, for a test that never ends. A child that a test forks inherits an empty buffer.
        print(outcome, name_of(test), file=self.file, flush=True)

    def set(self, outcome, test):
        if isinstance(test, unittest.TestCase):
            self.outcome = outcome
        else:  # of a class or module as a whole, which does not start or stop as tests do
            self.write(outcome, test)

    def startTest(self, test):
        super().startTest(test)
        self.outcome = "passed"

    def stopTest(self, test):
        super().stopTest(test)
        self.write(self.outcome, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.set("skipped", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.set("failed", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.set("failed", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.set("failed", test)


def main():
    faulthandler.enable()
    # Where every thread is, if the test runs out of time.
    faulthandler.register(signal.SIGTERM, all_threads=True, chain=True)
    support.use_resources = []
    part, parts = map(int, sys.argv[2].split("/"))
    names = [f"test.{name}" for name in sys.argv[3:]]
    tests = list(tests_of(unittest.defaultTestLoader.loadTestsFromNames(names)))[part - 1::parts]
    with open(sys.argv[1], "w", encoding="ascii") as Outcomes.file:
        Outcomes.file.writelines(f"planned {name_of(test)}\n" for test in tests)
        Outcomes.file.flush()
        unittest.TextTestRunner(resultclass=Outcomes, verbosity=2).run(unittest.TestSuite(tests))


if __name__ == "__main__":  # else a child of multiprocessing imports it
    main()
