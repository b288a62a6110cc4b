"""test_history.py - the checker of histories sees what is planted, and nothing else."""
import unittest

from history import History


def good():
    """Ten records in two partitions, acknowledged and read."""
    history = History(range(10))
    for number in range(10):
        place = (number % 2, number // 2)
        history.acknowledge(number, place)
        history.read(number, place, 100)
    return history


class Checker(unittest.TestCase):
    def says(self, history, word, **allowed):
        self.assertEqual([w.split(':')[0] for w in history.wrongs(**allowed)], [word])

    def test_a_good_history_has_nothing_wrong(self):
        self.assertEqual(good().wrongs(), [])

    def test_what_was_acknowledged_and_is_not_read_is_lost(self):
        history = good()
        history.send([10, 11])
        history.acknowledge(10, (0, 5))
        self.says(history, 'lost')
        self.assertIn('1 (10)', history.wrongs()[0])

    def test_what_was_never_acknowledged_may_be_missing(self):
        history = good()
        history.send([10])
        self.assertEqual(history.wrongs(), [])

    def test_another_record_at_the_acknowledged_place_is_a_loss(self):
        history = good()
        history.send([10])
        history.acknowledge(10, (0, 4))
        self.says(history, 'lost')

    def test_without_places_a_record_may_be_read_anywhere(self):
        history = History(range(2))
        history.acknowledge_all()
        history.read(0, (7, 0), 100)
        history.read(1, (7, 1), 100)
        self.assertEqual(history.wrongs(), [])

    def test_one_record_at_two_places_is_doubled_unless_it_may_be(self):
        history = good()
        history.read(9, (1, 5), 100)
        self.says(history, 'doubled')
        self.assertEqual(history.wrongs(may_double=True), [])

    def test_a_record_behind_a_later_one_is_reordered_unless_it_may_be(self):
        history = History(range(3))
        for offset, number in enumerate((0, 2, 1)):
            history.read(number, (0, offset), 100)
        self.says(history, 'reordered')
        self.assertEqual(history.wrongs(may_reorder=True), [])

    def test_a_record_that_nobody_sent_is_a_phantom(self):
        history = good()
        history.read(10, (0, 5), 100)
        self.says(history, 'phantom')

    def test_a_record_of_another_size_is_a_phantom(self):
        history = History([0])
        history.read(0, (0, 0), 99)
        self.says(history, 'phantom')

    def test_a_reader_that_goes_back_reads_out_of_order_unless_it_may(self):
        history = good()
        history.read(1, (1, 0), 100, may_read_again=True)
        self.assertEqual(history.wrongs(), [])
        history.read(0, (0, 0), 100)
        self.says(history, 'read out of order')

    def test_one_place_with_two_records_has_changed(self):
        history = good()
        history.read(8, (0, 3), 100, may_read_again=True)
        self.assertIn('changed', [w.split(':')[0] for w in history.wrongs()])
