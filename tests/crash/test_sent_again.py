"""test_sent_again.py - an idempotent producer's batches, sent again on a new connection, after a
kill and after an orderly stop: each has the offset it had, and is stored once."""
import os
import signal
import tempfile
import unittest

from gateway import Gateway
from kafka_bytes import answer, produce, produced
from record_bytes import batch, record

OUT_OF_ORDER, OLD_EPOCH = 45, 47
PRODUCER = 4711


class SentAgain(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    def gateway(self, status=0):
        return Gateway({'log.dirs': self.log}, status=status)

    @staticmethod
    def send(gw, sequence, count=2, epoch=0):
        """(error, base offset) of a batch that comes over a connection of its own."""
        records = b''.join(record(i, b'%d' % (sequence + i)) for i in range(count))
        data = batch(records, count, producer=(PRODUCER, epoch, sequence))
        with gw.connect('KAFKA') as sock:
            sock.sendall(produce('again', data))
            return produced(answer(sock), 'again')

    def send_all(self, gw, first, end):
        for sequence in range(first, end, 2):
            self.assertEqual(self.send(gw, sequence), (0, sequence))

    def test_over_any_connection_and_whatever_ends_the_gateway(self):
        with self.gateway(status=70) as gw:
            gw.ctl('topic', 'create', 'again')
            self.send_all(gw, 0, 14)
            self.send_all(gw, 4, 14)        # the last five, once more
            self.assertEqual(self.send(gw, 0), (OUT_OF_ORDER, -1))
            self.assertEqual(self.send(gw, 16), (OUT_OF_ORDER, -1))
            counters = gw.wait_for('duplicates are counted', lambda c:
                                   c['records_duplicate'] == 10)
            self.assertEqual(counters['record_reject_sequence'], 4)
            os.kill(gw.pid, signal.SIGKILL)
            gw.wait_until_gone(10)
        with self.gateway() as gw:
            self.send_all(gw, 4, 16)
        with self.gateway() as gw:
            dump = gw.run(['penstock-log', 'dump', f'{gw.log_dir}/again-0']).stdout.decode()
            self.assertIn(f'producer {PRODUCER} epoch 0 last sequence 15 last offset 15', dump)
            self.send_all(gw, 6, 18)
            self.assertEqual(self.send(gw, 0, epoch=1), (0, 18))
            self.assertEqual(self.send(gw, 18), (OLD_EPOCH, -1))
            self.assertEqual([r[1] for r in gw.consume('again')], list(range(20)))

