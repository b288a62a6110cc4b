"""test_log_settings.py - what a topic's settings ask of its log, while the gateway runs: when it is
synced, how large its indexes are, when it gets its blocks."""
import os
import tempfile
import time
import unittest

import kafka_bytes
from gateway import Gateway
from record_bytes import batch, record

SEGMENT_BYTES = 1 << 20
INDEX_BYTES, TIME_ENTRY_BYTES = 1024, 12


class LogSettings(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')
        self.gw = Gateway({'log.dirs': self.log, 'log.segment.bytes': SEGMENT_BYTES})
        self.gw.__enter__()
        self.sock = self.gw.connect('KAFKA')
        self.first_ms, self.made = int(time.time() * 1000), 0

    def tearDown(self):
        self.sock.close()
        self.gw.__exit__(None, None, None)
        self.directory.cleanup()

    def ask(self, request):
        self.sock.sendall(request)
        return kafka_bytes.answer(self.sock)

    def produce(self, topic, acks=-1):
        """One record, of a time of its own; its offset."""
        self.made += 1
        one = batch(record(0, b'x'), 1, first_ms=self.first_ms + self.made)
        error, offset = kafka_bytes.produced(self.ask(kafka_bytes.produce(topic, one, acks)), topic)
        self.assertEqual(error, 0)
        return offset

    def high_watermark(self, topic):
        """Which only what is synced moves."""
        said = self.ask(kafka_bytes.list_offsets(topic, kafka_bytes.LATEST))
        return kafka_bytes.offset_listed(said, topic)[2]

    def path(self, topic, name):
        return os.path.join(self.log, f'{topic}-0', name)

    def test_at_flush_messages_1_a_record_is_synced_when_acks_1_is_answered(self):
        self.gw.ctl('topic', 'create', 't', '--config', 'flush.messages=1')
        for _ in range(200):
            offset = self.produce('t', acks=1)
            self.assertEqual(self.high_watermark('t'), offset + 1)

    def test_an_index_that_is_full_ends_its_segment(self):
        self.gw.ctl('topic', 'create', 't')
        self.produce('t')
        self.gw.ctl('topic', 'alter', 't', '--config', f'segment.index.bytes={INDEX_BYTES}',
                    '--config', 'index.interval.bytes=0')
        batches = 3 * INDEX_BYTES // TIME_ENTRY_BYTES
        for _ in range(batches):
            self.produce('t')
        sizes = {name: os.path.getsize(self.path('t', name))
                 for name in os.listdir(self.path('t', '')) if 'index' in name}
        self.assertEqual(len([name for name in sizes if name.endswith('.timeindex')]), 4, sizes)
        self.assertLessEqual(max(sizes.values()), INDEX_BYTES, sizes)
        self.assertEqual(len(self.gw.consume('t')), batches + 1)

    def test_a_preallocated_file_has_its_whole_size_at_its_first_record(self):
        self.gw.ctl('topic', 'create', 't', '--config', 'preallocate=true')
        self.gw.ctl('topic', 'create', 'u')
        for topic in ('t', 'u'):
            self.produce(topic)
        self.assertEqual(self.size_at_last('t'), SEGMENT_BYTES)
        self.assertLess(self.size_at_last('u'), SEGMENT_BYTES)

    def size_at_last(self, topic, seconds=5):
        """Room is made beside the writes: so a file has grown when it stays as it is."""
        path, end = self.path(topic, '00000000000000000000.log'), time.monotonic() + seconds
        while os.path.getsize(path) < SEGMENT_BYTES and time.monotonic() < end:
            time.sleep(0.02)
        return os.path.getsize(path)


if __name__ == '__main__':
    unittest.main()
