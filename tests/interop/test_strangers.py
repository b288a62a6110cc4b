"""test_strangers.py - what a stranger may claim, name and hold: batches whose headers lie, bombs,
topics by the hundred, half lines at the control socket."""
import gzip
import json
import os
import socket
import time
import unittest

from gateway import Gateway
from kafka_bytes import answer, metadata, produce, produced
from record_bytes import batch, record

INVALID_RECORD, MESSAGE_TOO_LARGE = 87, 10
GZIP = 1


def gzipped(stream, count, latest=None):
    """Any stream as a gzip batch that claims `count` records."""
    return batch(stream, count, latest_ms=latest, codec=GZIP)


class Strangers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway()
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def produce(self, topic, data):
        """(error, base offset) of a batch for partition 0."""
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(produce(topic, data))
            return produced(answer(sock), topic)

    def test_a_header_that_lies_takes_no_offset(self):
        self.gw.ctl('topic', 'create', 'lies')
        one = gzip.compress(record(0, b'one'))
        lies = {'a million for one': gzipped(one, 1000000), 'garbage': gzipped(os.urandom(500), 5),
                'two for one': gzipped(one, 2), 'cut short': gzipped(one[:-9], 1)}
        for name, data in lies.items():
            self.assertEqual(self.produce('lies', data), (INVALID_RECORD, -1), name)
        self.assertEqual(self.produce('lies', gzipped(one, 1, latest=-1)), (0, 0))
        self.assertEqual(self.produce('lies', gzipped(one, 1, latest=1 << 62)), (0, 1))
        self.assertEqual([r[1] for r in self.gw.consume('lies')], [0, 1])

    def test_a_bomb_is_refused_while_others_go_on(self):
        self.gw.ctl('topic', 'create', 'bombs')
        bomb = gzipped(gzip.compress(record(0, bytes(64 << 20))), 1)
        before = self.gw.counters()
        self.assertEqual(self.produce('bombs', bomb), (MESSAGE_TOO_LARGE, -1))
        after = self.gw.wait_for('a batch that opens to too much is counted', lambda c:
                                 c['batches_too_dense'] > before['batches_too_dense'])
        self.assertEqual(after['batches_too_dense'] - before['batches_too_dense'], 1)
        self.assertLess(after['batches_opened_bytes'] - before['batches_opened_bytes'], 5 << 20)

    def test_a_source_has_few_topics_created_and_an_operator_as_many_as_he_likes(self):
        names = [f'stranger-{i}' for i in range(400)]
        began = time.monotonic()
        with self.gw.connect('KAFKA') as sock:
            for _ in range(8):
                sock.sendall(metadata(names))
                answer(sock)
        took = time.monotonic() - began
        topics = json.loads(self.gw.ctl('topic', 'list', '--json').stdout)['topics']
        made = sum(t['name'].startswith('stranger-') for t in topics)
        self.assertGreaterEqual(made, 64)
        self.assertLessEqual(made, 64 + 10 * (took + 1))
        self.assertGreater(self.gw.counters()['topic_creations_refused'], 0)
        self.gw.ctl('topic', 'create', 'the-operators')

    def test_half_lines_hold_no_place_at_the_control_socket(self):
        halves = []
        for _ in range(100):
            half = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            half.connect(self.gw.env['PENSTOCK_SOCKET'])
            half.send(b'{"jsonrpc":')
            halves.append(half)
        began = time.monotonic()
        self.gw.ctl('state')
        self.assertLess(time.monotonic() - began, 3)
        for half in halves:
            half.close()
