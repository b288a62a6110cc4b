"""test_directory.py - complaints of Kafka's tool are seen; logs are put into a node's directory."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kafka_directory                                      # noqa: E402

SOUND = """Dumping /log/kept-1/00000000000000000000.log
Log starting offset: 0
baseOffset: 0 lastOffset: 1 count: 2 isvalid: true size: 99
| offset: 0 CreateTime: 1 keySize: 2 valueSize: 10 sequence: -1 headerKeys: []
| offset: 1 CreateTime: 1 keySize: 2 valueSize: 10 sequence: -1 headerKeys: []
Dumping /log/kept-1/00000000000000000000.index
offset: 1 position: 0
Dumping /log/aged-0/00000000000000000700.log
| offset: 700 CreateTime: 1 keySize: 2 valueSize: 10 sequence: -1 headerKeys: []
"""


class Dumped(unittest.TestCase):
    def test_a_sound_file_has_no_complaint(self):
        self.assertEqual(kafka_directory.complaints(SOUND, 'SLF4J: none\n', 0), [])

    def test_a_batch_that_is_not_valid_is_a_complaint(self):
        said = SOUND.replace('isvalid: true', 'isvalid: false')
        self.assertEqual(len(kafka_directory.complaints(said, '', 0)), 1)

    def test_bytes_that_are_no_batch_are_a_complaint(self):
        said = SOUND + 'Found 70 invalid bytes at the end of 00000000000000000000.log\n'
        self.assertEqual(len(kafka_directory.complaints(said, '', 0)), 1)

    def test_a_record_that_cannot_be_decoded_is_a_complaint(self):
        said = SOUND + '| offset: 2 key: Error at offset 2, skipping. null\n'
        self.assertEqual(len(kafka_directory.complaints(said, '', 0)), 1)

    def test_what_goes_to_stderr_is_a_complaint(self):
        errors = 'Mismatches in :/log/kept-1/00000000000000000000.index\n'
        self.assertEqual(len(kafka_directory.complaints(SOUND, errors, 0)), 1)

    def test_a_gap_is_a_complaint_but_for_that_before_a_files_first_record(self):
        first = 'Non-consecutive offsets in /log/aged-0/700.log\n  -1 is followed by 700\n'
        self.assertEqual(kafka_directory.complaints(SOUND, 2 * first, 0), [])
        gap = first + '  703 is followed by 705\n'
        self.assertEqual(len(kafka_directory.complaints(SOUND, gap + first, 0)), 2)

    def test_a_status_is_a_complaint(self):
        self.assertEqual(kafka_directory.complaints(SOUND, '', 1), ['exit status 1'])

    def test_records_are_those_of_the_log_files(self):
        self.assertEqual(kafka_directory.dumped_offsets(SOUND),
                         {'kept-1': [0, 1], 'aged-0': [700]})


class PutInto(unittest.TestCase):
    @staticmethod
    def write(text, *names):
        path = os.path.join(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)

    @staticmethod
    def read(*names):
        with open(os.path.join(*names)) as file:
            return file.read()

    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.ours, self.theirs = (os.path.join(self.home.name, name) for name in ('ours', 'theirs'))
        for place, text in ((self.ours, 'ours'), (self.theirs, 'theirs')):
            for name in ('t-0', 'u-0'):
                self.write(text, place, name, '0.log')
                self.write(text, place, name, 'partition.metadata')
            for name in kafka_directory.CHECKPOINTS:
                self.write(text, place, name)
        self.write('of an empty log', self.theirs, 't-0', '0.snapshot')
        kafka_directory.put_into(self.ours, self.theirs, {'t'})

    def tearDown(self):
        self.home.cleanup()

    def test_records_and_checkpoints_are_ours(self):
        self.assertEqual(self.read(self.theirs, 't-0', '0.log'), 'ours')
        for name in kafka_directory.CHECKPOINTS:
            self.assertEqual(self.read(self.theirs, name), 'ours')

    def test_the_topics_id_is_theirs(self):
        self.assertEqual(self.read(self.theirs, 't-0', 'partition.metadata'), 'theirs')

    def test_nothing_else_of_theirs_stays(self):
        self.assertFalse(os.path.exists(os.path.join(self.theirs, 't-0', '0.snapshot')))

    def test_other_topics_are_left_alone(self):
        self.assertEqual(self.read(self.theirs, 'u-0', '0.log'), 'theirs')
