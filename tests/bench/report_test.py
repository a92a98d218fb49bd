"""What a report says of results: by median, beside the peers of the same run."""
import os
import tempfile
import unittest

import plots
import report
import rows
from rows import Group, Row, at_least, at_most, no_more_than

TSV = "\n".join(
    [
        "\t".join(report.COLUMNS),
        "switch\tweft\t0\t0\tns\t19\t0.01",
        "switch\tweft\t0\t1\tns\t21\t0.01",
        "switch\tweft\t0\t2\tns\t20\t0.01",
        "switch\tweft\t0\t3\tns\t99\t0.50",  # disturbed: does not count beside others that were not
        "switch\traw\t0\t0\tns\t10\t0.01",
        "switch\tst\t0\t0\tns\t40\t0.30",
        "switch\tgo\t\t\tmissing\tapt-get install golang-go\t",
        "switch\tthreads\t\t\tfailed\tstatus 1\t",
    ]
)


class ReportTest(unittest.TestCase):
    def setUp(self):
        with tempfile.NamedTemporaryFile("w", suffix=".tsv", delete=False) as file:
            file.write(TSV + "\n")
        self.addCleanup(os.unlink, file.name)
        self.results = report.Results.read(file.name)

    def judge(self, bound, peer="weft", measure="ns"):
        row = Row("switch", peer, measure, bound)
        group = Group("switch", "fibers", "switch", "ns", "ns", {}, [row])
        return report.judge(group, row, self.results)

    def test_a_bound_is_met_or_missed(self):
        self.assertEqual("pass", self.judge(at_most(2, "raw")).result)
        self.assertEqual("MISS", self.judge(at_most(1.99, "raw")).result)
        self.assertEqual("pass", self.judge(no_more_than(20)).result)
        self.assertEqual("pass", self.judge(at_least(2, "raw")).result)
        self.assertEqual("MISS", self.judge(at_least(2.01, "raw")).result)

    def test_the_best_of_the_peers_counts(self):
        self.assertEqual(10, self.judge(at_most(1, "st", "raw")).bound)
        self.assertEqual(40, self.judge(at_least(1, "st", "raw")).bound)

    def test_terms_are_added(self):
        self.assertEqual(2 * 10 + 40 + 5, self.judge(at_most(2, "raw", plus=("st", 5))).bound)

    def test_a_peer_that_is_not_there_is_no_pass(self):
        self.assertEqual("not installed", self.judge(at_most(1, "go")).result)
        self.assertEqual("FAILED", self.judge(at_most(1, "raw"), peer="threads").result)
        self.assertEqual("n/a", self.judge(at_most(1, "boost")).result)
        self.assertEqual("n/a", self.judge(no_more_than(1), measure="rss_bytes").result)
        # The rest of the peers can still be the best.
        self.assertEqual("pass", self.judge(at_most(1, "go", "st")).result)

    def test_disturbed_runs_count_where_there_are_no_others(self):
        self.assertFalse(self.judge(at_most(2, "raw")).dirty)
        self.assertTrue(self.judge(at_most(2, "st")).dirty)

    def test_every_echo_server_has_a_colour(self):
        self.assertEqual(set(), set(rows.ECHO_SERVERS) - set(plots.COLOURS))

    def test_each_round_is_judged_alone_too(self):
        row = Row("switch", "weft", "ns", no_more_than(20))
        group = Group("switch", "fibers", "switch", "ns", "ns", {}, [row])
        (verdict,) = report.judge_all([group], self.results)
        self.assertEqual(("pass", "2 of 4 rounds"), (verdict.result, verdict.agree))
        self.assertIn("| pass | 2 of 4 rounds |", report.rows_table([verdict])[2])

    def test_rounds_are_paired_by_their_number(self):
        self.results.add("pair", "weft", (0, 0), {"ns": 10}, 0)
        self.results.add("pair", "weft", (0, 1), {"ns": 30}, 0)
        self.results.add("pair", "raw", (0, 1), {"ns": 20}, 0)  # its round 0 has failed
        row = Row("pair", "weft", "ns", at_most(1, "raw"))
        group = Group("pair", "fibers", "", "ns", "ns", {}, [row])
        (verdict,) = report.judge_all([group], self.results)
        self.assertEqual("0 of 1 rounds", verdict.agree)  # 30 : 20 misses, 20 : 20 passes

    def test_several_runs_are_judged_each_by_its_medians(self):
        for run, values in enumerate(((18, 19, 99), (30, 31, 1), (19, 20, 20))):
            for number, value in enumerate(values):
                self.results.add("pair", "weft", (run, number), {"ns": value}, 0)
        row = Row("pair", "weft", "ns", no_more_than(20))
        group = Group("pair", "fibers", "", "ns", "ns", {}, [row])
        (verdict,) = report.judge_all([group], self.results)
        self.assertEqual(("pass", "2 of 3 runs"), (verdict.result, verdict.agree))

    def test_the_exit_status_is_that_of_misses_and_failures(self):
        met, missed = self.judge(no_more_than(20)), self.judge(no_more_than(19))
        failed, absent = self.judge(no_more_than(1), "threads"), self.judge(at_most(1, "go"))
        self.assertEqual(0, report.exit_status([met, absent]))
        self.assertEqual(1, report.exit_status([met, missed]))
        self.assertEqual(1, report.exit_status([met, failed]))

    def test_results_are_read_as_they_were_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.tsv")
            self.results.write(path)
            again = report.Results.read(path)
        self.assertEqual(self.results.values, again.values)
        self.assertEqual(self.results.problems, again.problems)
        self.assertEqual(self.results.missing, again.missing)

    def test_results_of_another_version_are_refused(self):
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write("group\tpeer\tround\n")
        self.addCleanup(os.unlink, file.name)
        with self.assertRaises(ValueError):
            report.Results.read(file.name)

    def test_a_document_is_changed_between_its_markers_only(self):
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write("before\n<!-- rows -->\nold\n<!-- /rows -->\nbehind\n")
        self.addCleanup(os.unlink, file.name)
        report.update_document(file.name, "rows", ["new"])
        with open(file.name) as changed:
            self.assertEqual("before\n<!-- rows -->\nnew\n<!-- /rows -->\nbehind\n", changed.read())
        with self.assertRaises(ValueError):
            report.update_document(file.name, "peers", [])


if __name__ == "__main__":
    unittest.main()
