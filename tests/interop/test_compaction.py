"""test_compaction.py - of each key the last record stays, where it was and as it was, and the
offsets of groups are read in a moment."""
import os
import re
import tempfile
import time
import unittest

import kafka_bytes
from gateway import Gateway
from record_bytes import batch, record

INVALID_RECORD = 87
KEYS, ROUNDS, VALUE_CHARACTERS = 10, 60, 20_000
SETTINGS = {
    'log.cleaner.backoff.ms': 100,
    'log.cleaner.min.cleanable.ratio': '0.01',
    'log.segment.delete.delay.ms': 300,
    'log.segment.bytes': 1 << 20,
}
COMMITS, PARTITIONS = 1_000_000, 1000
LOAD_MS = 1000


class Compaction(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    def gateway(self, settings=None):
        return Gateway({**SETTINGS, 'log.dirs': self.log, **(settings or {})})

    @staticmethod
    def ask(gw, request):
        with gw.connect('KAFKA', timeout=60) as sock:
            sock.sendall(request)
            return kafka_bytes.answer(sock)

    def names(self, partition, ending):
        return [name for name in os.listdir(os.path.join(self.log, partition))
                if name.endswith(ending)]

    def size(self, partition):
        """Of its sealed segments."""
        logs = sorted(self.names(partition, '.log'))[:-1]
        return sum(os.path.getsize(os.path.join(self.log, partition, name)) for name in logs)

    def wait(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    @staticmethod
    def produce(gw, codec):
        """[(key, value)] by offset; a round of all keys a call, so that no batch fills a file."""
        sent = []
        for _ in range(ROUNDS):
            lines = [(f'key-{k}', os.urandom(VALUE_CHARACTERS // 2).hex()) for k in range(KEYS)]
            sent += lines
            text = ''.join(f'{key}:{value}\n' for key, value in lines)
            gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't', '-p', '0', '-K:', '-z', codec,
                    '-X', 'acks=all'], input=text.encode())
        return sent

    def check(self, found, sent):
        """All that is there is what was sent, in order; of each key the last is there."""
        offsets = [offset for _, offset, _, _ in found]
        self.assertEqual(offsets, sorted(set(offsets)))
        for _, offset, key, value in found:
            self.assertEqual((key.decode(), value.decode()), sent[offset])
        last = {key: offset for offset, (key, _) in enumerate(sent)}
        self.assertLessEqual(set(last.values()), set(offsets))

    def one(self, codec):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', 'cleanup.policy=compact')
            sent = self.produce(gw, codec)
            self.wait(lambda: self.size('t-0') < (KEYS + 5) * VALUE_CHARACTERS)
            self.wait(lambda: not self.names('t-0', '.deleted'))
            found = gw.consume('t')
            self.check(found, sent)
            self.assertLess(len(found), len(sent) // 2)
            self.assertEqual(self.names('t-0', '.swap') + self.names('t-0', '.cleaned'), [])
            self.assertGreater(gw.counters()['log_segments_compacted'], 3)
        with self.gateway() as gw:
            self.check(gw.consume('t'), sent)

    def test_of_each_key_the_last_record_stays(self):
        self.one('none')

    def test_the_same_of_batches_that_are_compressed(self):
        self.one('lz4')

    def test_records_without_a_key_are_refused_and_others_are_not(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', 'cleanup.policy=compact,delete')
            said = self.ask(gw, kafka_bytes.produce('t', batch(record(0, b'v'), 1)))
            self.assertEqual(kafka_bytes.produced(said, 't')[0], INVALID_RECORD)
            said = self.ask(gw, kafka_bytes.produce('t', batch(record(0, b'v', b'k'), 1)))
            self.assertEqual(kafka_bytes.produced(said, 't'), (0, 0))
            gw.ctl('topic', 'alter', 't', '--config', 'cleanup.policy=delete')
            said = self.ask(gw, kafka_bytes.produce('t', batch(record(0, b'v'), 1)))
            self.assertEqual(kafka_bytes.produced(said, 't'), (0, 1))

    def test_a_start_with_a_million_commits_of_a_thousand_keys_takes_less_than_a_second(self):
        settings = {'offsets.topic.num.partitions': 1, 'offsets.topic.segment.bytes': 8 << 20}
        with self.gateway(settings) as gw:
            gw.ctl('topic', 'create', 'many', '--partitions', str(PARTITIONS))
            sock = gw.connect('KAFKA', timeout=60)
            for number in range(-1, COMMITS // PARTITIONS):
                request = kafka_bytes.offset_commit(
                    'g', 'many', dict.fromkeys(range(PARTITIONS), max(number, 0)))
                while True:
                    sock.sendall(request)
                    if kafka_bytes.committed(kafka_bytes.answer(sock), 'many') == {0}:
                        break
                    self.assertEqual(number, -1, 'the topic of the offsets is being made')
                    time.sleep(0.05)
            sock.close()
            self.wait(lambda: self.size('__consumer_offsets-0') < 2 << 20)
        with self.gateway(settings) as gw:
            self.assertEqual(self.found(gw, 'g', 7), COMMITS // PARTITIONS - 1)
        said = re.search(r'groups: (\d+) records of 1 partitions? read in (\d+) ms', gw.errors)
        self.assertTrue(said, gw.errors)
        print(f'          {said.group()}', flush=True)
        self.assertLess(int(said.group(1)), COMMITS // 4)
        self.assertLess(int(said.group(2)), LOAD_MS)

    def found(self, gw, group, partition):
        while True:
            said = self.ask(gw, kafka_bytes.offset_fetch(group, 'many', partition))
            error, offset = kafka_bytes.offset_fetched(said, 'many')
            if error != 14:     # the coordinator loads
                return offset
            time.sleep(0.05)


if __name__ == '__main__':
    unittest.main()
