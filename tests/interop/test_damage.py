"""test_damage.py - bytes that change on the disk under a running gateway: what consumers are told,
what the operator is, and what `penstock-log verify` says."""
import json
import os
import struct
import unittest

import kafka_bytes
from gateway import Gateway, verify_log
from kafka_bytes import answer
from record_bytes import batch, record

TOPIC, BATCHES, RECORDS = 'damaged', 60, 3
CORRUPT_MESSAGE = 2
# A sealed segment and an active one; an index entry for every third batch.
SETTINGS = {'log.segment.bytes': 1 << 20, 'log.index.interval.bytes': 40000}
VALUE = b'seven bytes ' * 600


class Damage(unittest.TestCase):
    def produce(self, gw):
        one = batch(b''.join(record(i, VALUE) for i in range(RECORDS)), RECORDS)
        gw.ctl('topic', 'create', TOPIC)
        with gw.connect('KAFKA') as sock:
            for first in range(0, BATCHES * RECORDS, RECORDS):
                sock.sendall(kafka_bytes.produce(TOPIC, one))
                self.assertEqual(kafka_bytes.produced(answer(sock), TOPIC), (0, first))

    def batches(self, gw):
        """[(path, position, size, first offset)] as they lie in the files."""
        folder = os.path.join(gw.log_dir, f'{TOPIC}-0')
        found = []
        for name in sorted(n for n in os.listdir(folder) if n.endswith('.log')):
            path, at = os.path.join(folder, name), 0
            with open(path, 'rb') as file:
                data = file.read()
            while at + 61 <= len(data) and data[at + 16] == 2:
                first, size = struct.unpack('>qi', data[at:at + 12])
                found.append((path, at, size + 12, first))
                at += size + 12
        self.assertEqual(len(found), BATCHES)
        self.assertGreater(len({path for path, *_ in found}), 1)
        return found

    def flip(self, path, position):
        with open(path, 'r+b') as file:
            file.seek(position)
            byte = file.read(1)[0]
            file.seek(position)
            file.write(bytes([byte ^ 0x20]))
            file.flush()
            os.fsync(file.fileno())

    def fetch(self, sock, offset):
        """(error, offsets of the batches given, in order)."""
        sock.sendall(kafka_bytes.fetch(TOPIC, offset))
        error, _, data = kafka_bytes.fetched(answer(sock), TOPIC)
        firsts, at = [], 0
        while at < len(data):
            first, size = struct.unpack('>qi', data[at:at + 12])
            firsts.append(first)
            at += size + 12
        return error, firsts

    def check_given(self, gw, damaged, collateral=0):
        """All that is sound is given; the damaged batch is not, nor some behind it."""
        lost = set(range(damaged, damaged + RECORDS * (1 + collateral)))
        with gw.connect('KAFKA') as sock:
            offset, given, refused = 0, set(), []
            while offset < BATCHES * RECORDS:
                error, firsts = self.fetch(sock, offset)
                if error:
                    self.assertEqual((error, firsts), (CORRUPT_MESSAGE, []))
                    refused.append(offset)
                    offset += 1
                    continue
                for first in firsts:
                    self.assertEqual(first, offset)
                    given |= set(range(first, first + RECORDS))
                    offset = first + RECORDS
        self.assertEqual(refused[0], damaged)
        self.assertLessEqual(set(refused), lost)
        self.assertEqual(given | set(refused), set(range(BATCHES * RECORDS)))

    def check_said(self, gw, path, position, first):
        fault = ''
        gw.wait_for('the damage', lambda c: c['batches_damaged'] == 1)
        for _ in range(40):
            topics = json.loads(gw.ctl('topic', 'describe', TOPIC, '--json').stdout)
            fault = json.dumps(topics)
            if 'damaged on disk' in fault:
                break
            gw.run(['sleep', '0.1'])
        self.assertIn(f'1 batches are damaged on disk, at offset {first} ', fault)
        self.assertGreaterEqual(gw.counters()['reads_corrupt'], 1)
        status, said = verify_log(gw.log_dir)
        self.assertEqual(status, 1, said)
        self.assertIn(f'{os.path.basename(path)}: position {position}: ', said)
        self.assertIn(f': offsets {first} to {first + RECORDS - 1} are damaged', said)

    def damage(self, which, at, collateral=0):
        with Gateway(SETTINGS) as gw:
            self.produce(gw)
            path, position, size, first = self.batches(gw)[which]
            self.flip(path, position + (at if at >= 0 else size + at))
            self.check_given(gw, first, collateral)
            self.check_said(gw, path, position, first)
            self.flip(path, position + (at if at >= 0 else size + at))
            self.check_given_all(gw)

    def check_given_all(self, gw):
        """A sound copy in its place is read as ever."""
        stored = [(offset, text) for _, offset, _, text in gw.consume(TOPIC)]
        self.assertEqual(stored, [(i, VALUE) for i in range(BATCHES * RECORDS)])

    def test_a_record_in_a_sealed_segment(self):
        self.damage(3, 100)

    def test_the_last_byte_of_a_batch(self):
        self.damage(6, -1)

    def test_a_length_in_a_sealed_segment(self):
        self.damage(10, 10, collateral=3)

    def test_a_record_in_the_active_segment(self):
        self.damage(BATCHES - 2, 70)

    def test_a_stock_consumer_is_stopped_there_and_goes_on_behind_it(self):
        with Gateway(SETTINGS) as gw:
            self.produce(gw)
            path, position, _, first = self.batches(gw)[4]
            self.flip(path, position + 200)
            told = gw.run(['kcat', '-b', gw.kafka, '-C', '-t', TOPIC, '-o', 'beginning', '-e', '-q',
                           '-f', '%o '], check=False, timeout=30)
            self.assertEqual([int(n) for n in told.stdout.split()], list(range(first)))
            self.assertNotEqual(told.returncode, 0)
            rest = gw.run(['kcat', '-b', gw.kafka, '-C', '-t', TOPIC, '-p', '0', '-o',
                           str(first + RECORDS), '-e', '-q', '-f', '%o ']).stdout
            self.assertEqual([int(n) for n in rest.split()],
                             list(range(first + RECORDS, BATCHES * RECORDS)))


if __name__ == '__main__':
    unittest.main()
