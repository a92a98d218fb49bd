"""python_suite.py OUTCOMES PART/PARTS NAME...: runs tests of CPython's own suite.

A NAME is that of a module, class or test, such as test_queue; -NAME leaves out what begins so. Only
each PARTS-th of the tests is run, from the PART-th on: 1/1 is all of them. The file OUTCOMES gets a line `planned TEST` for each
of them first, then `passed TEST`, `skipped TEST` or `failed TEST` as each ends. Tests that need a
resource which `python3 -m test` has to be asked for (`-u`) are skipped; +network lets those run that
need no more of the network than this host.

With THREAD_BESIDE=1 in the environment a second thread waits all the time, for tests that start
none: weft leaves a program of one thread alone.
"""

import faulthandler
import os
import signal
import sys
import threading
import unittest

from test import support


def name_of(test):
    """One word, also for the set-up of a class: `setUpClass (test.module.Class)`."""
    return test.id().removeprefix("test.").replace(" ", "_")


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        elif type(item).__name__ != "ModuleSkipped":  # a module for another system, no test
            yield item


def allow_network():
    """For tests that ask for it, but are content with the loopback interface."""
    support.use_resources = ["network"]
    from test import test_timeout

    test_timeout.resolve_address = lambda host, port: ("127.0.0.1", port)


def tests_named(names):
    unwanted = tuple(f"test.{name[1:]}" for name in names if name.startswith("-"))
    wanted = [f"test.{name}" for name in names if not name.startswith("-")]
    tests = tests_of(unittest.defaultTestLoader.loadTestsFromNames(wanted))
    return [test for test in tests if not test.id().startswith(unwanted)]


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
    names = sys.argv[3:]
    if "+network" in names:
        names.remove("+network")
        allow_network()
    tests = tests_named(names)[part - 1::parts]
    if os.environ.get("THREAD_BESIDE") == "1":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    with open(sys.argv[1], "w", encoding="ascii") as Outcomes.file:
        Outcomes.file.writelines(f"planned {name_of(test)}\n" for test in tests)
        Outcomes.file.flush()
        unittest.TextTestRunner(resultclass=Outcomes, verbosity=2).run(unittest.TestSuite(tests))


if __name__ == "__main__":  # else a child of multiprocessing imports it
    main()
