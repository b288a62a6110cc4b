"""test_kafka_python.py - python3-kafka: producer with acks=all, consumer without a group."""
import os
import sys
import unittest

from gateway import Gateway

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'kafka_python_client.py')
COUNT = int(os.environ.get('PENSTOCK_TEST_RECORDS', '5000'))


class KafkaPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway()
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def round_trip(self, codec, stored='producer'):
        topic = f'python-{codec}-{stored}'
        self.gw.ctl('topic', 'create', topic, '--partitions', '3',
                    '--config', f'compression.type={stored}')
        done = self.gw.run([sys.executable, CLIENT, self.gw.kafka, topic, str(COUNT), codec])
        self.assertEqual(int(done.stdout), COUNT)

    def test_uncompressed_records_come_back_where_they_were_acknowledged(self):
        self.round_trip('none')

    def test_gzip_records_come_back_where_they_were_acknowledged(self):
        self.round_trip('gzip')

    def test_snappy_records_come_back_where_they_were_acknowledged(self):
        self.round_trip('snappy')

    def test_lz4_records_come_back_where_they_were_acknowledged(self):
        self.round_trip('lz4')

    def test_zstd_records_come_back_where_they_were_acknowledged(self):
        self.round_trip('zstd')

    def test_what_a_topic_compresses_anew_comes_back_as_it_was(self):
        before = self.gw.counters()['batches_repacked']
        for stored in ('uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'):
            for codec in ('none', 'zstd'):
                with self.subTest(codec=codec, stored=stored):
                    self.round_trip(codec, stored)
        self.assertGreater(self.gw.counters()['batches_repacked'], before + 8)
