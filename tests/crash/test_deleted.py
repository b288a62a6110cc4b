"""test_deleted.py - records that were deleted stay so: after a kill right behind the answer, and
after an orderly stop, beside others that are still there."""
import os
import signal
import tempfile
import unittest

import kafka_bytes
from gateway import Gateway
from record_bytes import batch, record

OUT_OF_RANGE = 1
ROUNDS = 5


class Deleted(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    @staticmethod
    def ask(gw, request):
        with gw.connect('KAFKA') as sock:
            sock.sendall(request)
            return kafka_bytes.answer(sock)

    def produce(self, gw, topic, count=10):
        records = b''.join(record(i, b'%d' % i) for i in range(count))
        said = self.ask(gw, kafka_bytes.produce(topic, batch(records, count)))
        self.assertEqual(kafka_bytes.produced(said, topic)[0], 0)

    def delete(self, gw, topic, offset):
        said = self.ask(gw, kafka_bytes.delete_records(topic, offset))
        return kafka_bytes.records_deleted(said, topic)

    def check(self, gw, start, end):
        for topic, first in (('gone', start), ('kept', 0)):
            said = self.ask(gw, kafka_bytes.list_offsets(topic, kafka_bytes.EARLIEST))
            self.assertEqual(kafka_bytes.offset_listed(said, topic)[::2], (0, first))
        below = self.ask(gw, kafka_bytes.fetch('gone', start - 1, 0))
        self.assertEqual(kafka_bytes.fetched(below, 'gone')[0], OUT_OF_RANGE)
        self.assertEqual([r[1] for r in gw.consume('gone') if r[1] >= start],
                         list(range(start, end)))

    def test_whatever_ends_the_gateway_behind_the_answer(self):
        for number in range(ROUNDS):
            start, end = 10 * number + 3, 10 * number + 10
            with Gateway({'log.dirs': self.log}, status=70) as gw:
                if number == 0:
                    gw.ctl('topic', 'create', 'gone')
                    gw.ctl('topic', 'create', 'kept')
                    self.produce(gw, 'kept')
                else:
                    self.check(gw, start - 10, end - 10)
                self.produce(gw, 'gone')
                self.assertEqual(self.delete(gw, 'gone', start), (0, start))
                os.kill(gw.pid, signal.SIGKILL)
                gw.wait_until_gone(10)
        with Gateway({'log.dirs': self.log}) as gw:
            self.check(gw, start, end)
        with Gateway({'log.dirs': self.log}) as gw:
            self.check(gw, start, end)
            self.produce(gw, 'gone')
            self.assertEqual(self.delete(gw, 'gone', -1), (0, end + 10))
