"""test_partition_owner.py - what an administrator wants of a partition's writer, in raw
requests: who writes to it, and that records go."""
import json
import time
import unittest

import kafka_bytes
from gateway import Gateway
from record_bytes import batch, record

OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC = 1, 3, 17
HIGH_WATERMARK = -1


class PartitionOwner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway()
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def ask(self, request):
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(request)
            return kafka_bytes.answer(sock)

    def produce(self, topic, count, producer=(-1, -1, -1), partition=0):
        records = b''.join(record(i, b'%d' % i) for i in range(count))
        said = self.ask(kafka_bytes.produce(topic, batch(records, count, producer=producer),
                                            partition=partition))
        self.assertEqual(kafka_bytes.produced(said, topic)[0], 0)

    def producers(self, topic, partition=0):
        said = self.ask(kafka_bytes.describe_producers(topic, partition))
        return kafka_bytes.producers_described(said, topic)

    def test_a_partition_tells_of_its_producers_as_they_wrote_last(self):
        self.gw.ctl('topic', 'create', 'written', '--partitions', '2')
        self.assertEqual(self.producers('written'), (0, []))
        begun = int(time.time() * 1000)
        self.produce('written', 3, producer=(4711, 2, 0))
        self.produce('written', 2, producer=(4711, 2, 3))
        self.produce('written', 1, producer=(815, 0, 9))
        self.produce('written', 1)
        error, told = self.producers('written')
        self.assertEqual(error, 0)
        self.assertEqual(sorted(p[:3] + p[4:] for p in told),
                         [(815, 0, 9, -1, -1), (4711, 2, 4, -1, -1)])
        for p in told:
            self.assertTrue(begun <= p[3] <= int(time.time() * 1000), p)
        self.assertEqual(self.producers('written', 1), (0, []))
        self.assertEqual(self.producers('written', 2), (UNKNOWN_TOPIC_OR_PARTITION, []))
        self.assertEqual(self.producers('unwritten'), (UNKNOWN_TOPIC_OR_PARTITION, []))

    def delete(self, topic, offset, partition=0):
        said = self.ask(kafka_bytes.delete_records(topic, offset, partition))
        return kafka_bytes.records_deleted(said, topic)

    def begin(self, topic):
        said = self.ask(kafka_bytes.list_offsets(topic, kafka_bytes.EARLIEST))
        return kafka_bytes.offset_listed(said, topic)[::2]

    def fetch(self, topic, offset):
        return kafka_bytes.fetched(self.ask(kafka_bytes.fetch(topic, offset, 0)), topic)

    def test_records_go_and_everybody_sees_where_the_log_starts(self):
        self.gw.ctl('topic', 'create', 'shorter')
        for _ in range(5):
            self.produce('shorter', 10)
        size = self.size('shorter')
        self.assertEqual(self.delete('shorter', 12), (0, 12))
        self.assertEqual(self.begin('shorter'), (0, 12))
        self.assertEqual(self.fetch('shorter', 11)[0], OUT_OF_RANGE)
        error, high, batches = self.fetch('shorter', 12)
        self.assertEqual((error, high, batches[:8]), (0, 50, (10).to_bytes(8, 'big')))
        self.assertEqual(self.delete('shorter', 5), (0, 12))
        self.assertEqual(self.delete('shorter', 51), (OUT_OF_RANGE, -1))
        self.assertEqual(self.delete('shorter', -2), (OUT_OF_RANGE, -1))
        self.assertEqual(self.size('shorter'), size)
        self.assertEqual(self.delete('shorter', HIGH_WATERMARK), (0, 50))
        self.assertEqual(self.begin('shorter'), (0, 50))
        self.produce('shorter', 1)
        self.assertEqual([r[1] for r in self.gw.consume('shorter')], [50])

    def size(self, topic):
        said = json.loads(self.gw.ctl('topic', 'describe', topic, '--json').stdout)
        return said['partitions'][0]['size_bytes']

    def test_an_operator_deletes_records_as_a_client_does(self):
        self.gw.ctl('topic', 'create', 'trimmed')
        for _ in range(5):
            self.produce('trimmed', 10)
        said = self.gw.ctl('records', 'delete', 'trimmed', '0', '12').stdout
        self.assertEqual(said, b'partition 0 starts at offset 12\n')
        self.assertEqual(self.begin('trimmed'), (0, 12))
        done = self.gw.run(['penstockctl', 'records', 'delete', 'trimmed', '0', '51'], check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'OFFSET_OUT_OF_RANGE', done.stderr)
        self.gw.ctl('records', 'delete', 'trimmed', '0', 'all')
        self.assertEqual(self.begin('trimmed'), (0, 50))

    def test_a_reader_that_is_overtaken_is_told_so(self):
        self.gw.ctl('topic', 'create', 'overtaken')
        for _ in range(4):
            self.produce('overtaken', 10)
        with self.gw.connect('KAFKA') as sock:
            for offset, want in ((0, 0), (10, 0), (20, OUT_OF_RANGE), (30, 0)):
                if offset == 20:
                    self.assertEqual(self.delete('overtaken', 25), (0, 25))
                sock.sendall(kafka_bytes.fetch('overtaken', offset, 0, max_bytes=100))
                said = kafka_bytes.fetched(kafka_bytes.answer(sock), 'overtaken')
                self.assertEqual(said[0], want, offset)

    def test_nothing_goes_of_what_is_not_there_or_not_the_clients(self):
        self.assertEqual(self.delete('nowhere', 0), (UNKNOWN_TOPIC_OR_PARTITION, -1))
        self.gw.ctl('topic', 'create', 'there')
        self.assertEqual(self.delete('there', 0, partition=1), (UNKNOWN_TOPIC_OR_PARTITION, -1))
        self.gw.ctl('topic', 'create', '__consumer_offsets')
        self.assertEqual(self.delete('__consumer_offsets', 0), (INVALID_TOPIC, -1))
