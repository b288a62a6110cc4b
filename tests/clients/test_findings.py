"""test_findings.py - which cell is a passed test, a failed one, a skipped one."""
import collections
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clients import Findings                                # noqa: E402
from clients_page import BROKEN, LACKS, WORKS, shown        # noqa: E402

Named = collections.namedtuple('Named', 'name')


class Tally:
    def __init__(self):
        self.said = []

    def ok(self, name):
        self.said.append('ok')

    def skip(self, name, reason):
        self.said.append('skipped')

    def fail(self, name, text):
        self.said.append('failed')


class Cells(unittest.TestCase):
    def told(self, outcome, expected=False):
        rows = {('kcat', 'eat'): 'no mouth'} if expected else {}
        findings = Findings(Tally(), rows, Named('kcat'))
        findings.note('eat', outcome, 'because')
        self.cell = findings.found['cells']['eat']
        return findings.tally.said

    def test_a_cell_that_works_passes(self):
        self.assertEqual(self.told(WORKS), ['ok'])

    def test_a_cell_that_does_not_work_fails(self):
        self.assertEqual(self.told(BROKEN), ['failed'])

    def test_a_cell_that_is_known_not_to_work_passes_with_the_known_reason(self):
        self.assertEqual(self.told(BROKEN, expected=True), ['ok'])
        self.assertEqual(self.cell, [BROKEN, 'no mouth'])

    def test_a_cell_that_is_known_not_to_work_and_does_fails(self):
        self.assertEqual(self.told(WORKS, expected=True), ['failed'])

    def test_what_a_client_lacks_is_skipped(self):
        self.assertEqual(self.told(LACKS), ['skipped'])

    def test_a_cell_that_is_known_not_to_work_and_is_lacking_fails(self):
        self.assertEqual(self.told(LACKS, expected=True), ['failed'])

    def test_cells_with_one_reason_share_its_number(self):
        reasons = []
        found = [shown([BROKEN, reason], reasons) for reason in ('a', 'b', 'a')]
        self.assertEqual(found, ['**no** 1', '**no** 2', '**no** 1'])
        self.assertEqual(reasons, ['a', 'b'])

    def test_what_a_client_lacks_has_a_reason_too(self):
        reasons = []
        self.assertEqual(shown([LACKS, 'no mouth'], reasons), '– 1')
        self.assertEqual(shown([WORKS, ''], reasons), 'yes')
        self.assertEqual(reasons, ['no mouth'])
