"""test_compacted.py - a partition as Kafka's log cleaner leaves it, taken up by the real gateway:
after a clean stop, and after kill -9 before and after records were added."""
import os
import signal
import tempfile
import unittest

from gateway import Gateway, verify_log
from record_bytes import batch, record

TOPIC = 'compacted'
# segment -> its batches -> (base offset, last offset, offsets that have a record still)
SEGMENTS = {
    0: [(3, 3, [3]), (10, 19, [12, 13, 17]), (20, 24, []), (30, 31, [30, 31])],
    40: [],                                    # nothing of it was kept
    100: [(103, 104, [103, 104]), (110, 110, [110])],
}


def value(offset):
    return b'kept %d' % offset


def batch_of(base, last, offsets):
    records = b''.join(record(offset - base, value(offset)) for offset in offsets)
    return batch(records, len(offsets), base, last - base, 1_700_000_000_000 + base, epoch=0)


class Compacted(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')
        self.partition = os.path.join(self.log, f'{TOPIC}-0')
        os.makedirs(self.partition)
        self.bytes = {}
        for base, batches in SEGMENTS.items():
            path = os.path.join(self.partition, f'{base:020}.log')
            self.bytes[path] = b''.join(batch_of(*b) for b in batches)
            with open(path, 'wb') as file:
                file.write(self.bytes[path])
        self.expected = {offset: value(offset) for batches in SEGMENTS.values()
                         for _, _, offsets in batches for offset in offsets}

    def tearDown(self):
        self.directory.cleanup()

    def stop_cleanly(self):
        with open(os.path.join(self.log, '.kafka_cleanshutdown'), 'w') as file:
            file.write('{"version":0,"brokerEpoch":7}')

    def check_files(self):
        """What Kafka wrote is there, byte for byte, and nothing was set aside."""
        for path, data in self.bytes.items():
            with open(path, 'rb') as file:
                self.assertEqual(file.read()[:len(data)], data, path)
        names = os.listdir(self.partition)
        self.assertEqual([n for n in names if n.endswith('.quarantine')], [])

    def use(self, gw):
        """Everything is read, and one record more goes behind it."""
        def stored():
            return {offset: text for _, offset, _, text in gw.consume(TOPIC)}
        self.assertEqual(stored(), self.expected)
        text = b'added at %d' % (max(self.expected) + 1)
        gw.run(['kcat', '-b', gw.kafka, '-P', '-t', TOPIC, '-X', 'acks=all'], input=text)
        self.expected[max(self.expected) + 1] = text
        self.assertEqual(stored(), self.expected)
        # An offset that was taken away is answered with the next that was not.
        done = gw.run(['kcat', '-b', gw.kafka, '-C', '-t', TOPIC, '-p', '0', '-o', '35', '-c',
                       '1', '-e', '-q', '-f', '%o'])
        self.assertEqual(done.stdout, b'103')

    def check_verify(self):
        status, said = verify_log(self.log)
        self.assertEqual(status, 0, said)

    def kill(self, gw):
        os.kill(gw.pid, signal.SIGKILL)
        gw.wait_until_gone(10)

    def lives(self):
        with Gateway({'log.dirs': self.log}, status=70) as gw:
            self.use(gw)
            self.kill(gw)
        self.check_files()
        self.check_verify()
        for _ in range(2):                     # after the crash, then after a clean stop
            with Gateway({'log.dirs': self.log}) as gw:
                self.use(gw)
            self.check_files()
            self.check_verify()

    def test_taken_up_after_a_clean_stop(self):
        self.stop_cleanly()
        self.lives()

    def test_taken_up_after_a_crash(self):
        self.lives()


if __name__ == '__main__':
    unittest.main()
