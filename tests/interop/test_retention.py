"""test_retention.py - what is too much, or too old, goes by whole segments; the rest is whole."""
import os
import tempfile
import time
import unittest

import kafka_bytes
from gateway import Gateway
from record_bytes import batch, record

OUT_OF_RANGE = 1
SEGMENT_BYTES = 1 << 20
KEPT_BYTES = 2 << 20
VALUE_BYTES = 50_000
SETTINGS = {
    'log.retention.check.interval.ms': 100,
    'log.segment.delete.delay.ms': 1000,
    'log.segment.bytes': SEGMENT_BYTES,
}


class Retention(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    def gateway(self):
        return Gateway({**SETTINGS, 'log.dirs': self.log})

    @staticmethod
    def ask(gw, request):
        with gw.connect('KAFKA') as sock:
            sock.sendall(request)
            return kafka_bytes.answer(sock)

    def produce(self, gw, count):
        """A record each, of this time."""
        request = kafka_bytes.produce('t', batch(record(0, bytes(VALUE_BYTES)), 1))
        for _ in range(count):
            self.assertEqual(kafka_bytes.produced(self.ask(gw, request), 't')[0], 0)

    def start_of(self, gw):
        said = self.ask(gw, kafka_bytes.list_offsets('t', kafka_bytes.EARLIEST))
        return kafka_bytes.offset_listed(said, 't')[2]

    def names(self, ending):
        return sorted(name for name in os.listdir(os.path.join(self.log, 't-0'))
                      if name.endswith(ending))

    def wait(self, what, seconds=20):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, os.listdir(os.path.join(self.log, 't-0')))
            time.sleep(0.02)

    def test_of_a_large_log_so_much_stays(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', f'retention.bytes={KEPT_BYTES}')
            self.produce(gw, 200)
            self.wait(lambda: self.start_of(gw) > 100)
            self.wait(lambda: self.names('.log.deleted'))
            self.wait(lambda: not self.names('.deleted'))
            start = self.start_of(gw)
            size = sum(os.path.getsize(os.path.join(self.log, 't-0', name))
                       for name in self.names('.log'))
            self.assertGreaterEqual((200 - start) * VALUE_BYTES, KEPT_BYTES)
            self.assertLess(size, KEPT_BYTES + 3 * SEGMENT_BYTES)
            self.assertEqual(int(self.names('.log')[0][:20]), start)
            below = self.ask(gw, kafka_bytes.fetch('t', start - 1, 0))
            self.assertEqual(kafka_bytes.fetched(below, 't')[0], OUT_OF_RANGE)
            self.assertEqual([r[1] for r in gw.consume('t')], list(range(start, 200)))
        with self.gateway() as gw:
            self.assertEqual(self.start_of(gw), start)
            self.assertEqual([r[1] for r in gw.consume('t')], list(range(start, 200)))

    def test_a_quiet_topic_is_empty_when_all_is_old(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', 'retention.ms=1000')
            self.produce(gw, 3)
            self.wait(lambda: self.start_of(gw) == 3)
            self.wait(lambda: len(self.names('.log')) == 1 and not self.names('.deleted'))
            self.assertEqual(self.names('.log'), ['%020d.log' % 3])
            self.produce(gw, 1)
            self.assertEqual([r[1] for r in gw.consume('t')], [3])

    def test_time_closes_a_segment_by_its_records(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', 'segment.ms=500')
            self.produce(gw, 2)
            time.sleep(0.7)
            self.produce(gw, 1)
            self.assertEqual([int(name[:20]) for name in self.names('.log')], [0, 2])


if __name__ == '__main__':
    unittest.main()
