"""test_partition_owner.py - what an administrator wants of a partition's writer, in raw
requests: who writes to it."""
import time
import unittest

import kafka_bytes
from gateway import Gateway
from record_bytes import batch, record

UNKNOWN_TOPIC_OR_PARTITION = 3


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

