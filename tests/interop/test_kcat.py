"""test_kcat.py - a stock kcat (librdkafka): metadata, produce with every codec, consume."""
import json
import re
import socket
import struct
import unittest

from gateway import Gateway, verify_log

LINES = 100_000
PARTITIONS = 4
CODECS = ('none', 'gzip', 'snappy', 'lz4', 'zstd')


def keyed_lines():
    return b''.join(b'key-%d:line %d of a hundred thousand\n' % (i % 1000, i)
                    for i in range(LINES))


class Kcat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway()
        cls.gw.__enter__()
        cls.lines = keyed_lines()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def produce(self, topic, data, *words):
        self.gw.run(['kcat', '-b', self.gw.kafka, '-P', '-t', topic, '-K:', *words], input=data)

    def test_metadata_names_topics_and_partitions(self):
        told = json.loads(self.gw.run(['kcat', '-b', self.gw.kafka, '-L', '-J']).stdout)
        partitions = {t['topic']: len(t['partitions']) for t in told['topics']}
        self.assertEqual(partitions.get('vehicles'), 8)
        self.assertEqual([b['name'] for b in told['brokers']], [self.gw.kafka])

    def test_a_client_that_logs_in_hears_that_nobody_asked(self):
        done = self.gw.run(['kcat', '-b', self.gw.kafka, '-L', '-m', '5',
                            '-X', 'security.protocol=sasl_plaintext', '-X', 'sasl.mechanisms=PLAIN',
                            '-X', 'sasl.username=u', '-X', 'sasl.password=p'], check=False)
        self.assertIn(b'SASL', done.stderr)
        self.assertIn(b'not valid in current SASL state', done.stderr)

    def test_the_connection_outlives_a_handshake(self):
        with self.gw.connect('KAFKA') as sock:
            handshake = struct.pack('>hhihh5s', 17, 1, 7, -1, 5, b'PLAIN')
            versions = struct.pack('>hhih', 18, 0, 8, -1)
            for request, correlation, error in ((handshake, 7, 34), (versions, 8, 0)):
                sock.sendall(struct.pack('>i', len(request)) + request)
                head = sock.recv(10, socket.MSG_WAITALL)
                size, told, code = struct.unpack('>iih', head)
                self.assertEqual((told, code), (correlation, error))
                sock.recv(size - 6, socket.MSG_WAITALL)

    def test_a_topic_is_created_when_a_producer_names_it(self):
        self.produce('made-by-kcat', b'k:v\n', '-X', 'acks=all')
        self.assertEqual(self.gw.consume('made-by-kcat'), [(0, 0, b'k', b'v')])

    def test_records_without_key_or_value_come_back_as_they_were(self):
        self.gw.ctl('topic', 'create', 'nulls', '--partitions', '1')
        self.gw.run(['kcat', '-b', self.gw.kafka, '-P', '-t', 'nulls', '-K:', '-Z'],
                    input=b'no key\nkey only:\n')
        self.assertEqual(self.gw.consume('nulls'),
                         [(0, 0, None, b'no key'), (0, 1, b'key only', None)])

    def test_acks_1_and_acks_0_are_stored(self):
        for acks in ('1', '0'):
            topic = f'acks-{acks}'
            self.gw.ctl('topic', 'create', topic, '--partitions', '1')
            self.produce(topic, b'k:a\nk:b\n', '-X', f'acks={acks}')
            self.gw.wait_for('acks', lambda c: len(self.gw.consume(topic)) == 2)

    def test_reading_from_the_middle_and_from_the_end(self):
        self.gw.ctl('topic', 'create', 'middle', '--partitions', '1')
        self.produce('middle', b''.join(b'k:%d\n' % i for i in range(1000)))
        for start, expected in (('990', range(990, 1000)), ('-3', range(997, 1000))):
            done = self.gw.run(['kcat', '-b', self.gw.kafka, '-C', '-t', 'middle', '-p', '0',
                                '-o', start, '-e', '-q', '-f', '%o %s\n'])
            self.assertEqual(done.stdout.decode().split('\n')[:-1],
                             [f'{i} {i}' for i in expected])


def codec_test(codec):
    def test(self):
        topic = f'lines-{codec}'
        self.gw.ctl('topic', 'create', topic, '--partitions', str(PARTITIONS))
        self.produce(topic, self.lines, '-X', 'acks=all', '-z', codec)
        records = self.gw.consume(topic)
        self.assertEqual(len(records), LINES)
        back = sorted((int(value.split()[1]), key, value) for _, _, key, value in records)
        self.assertEqual(b''.join(b'%s:%s\n' % (key, value) for _, key, value in back),
                         self.lines)
        for partition in range(PARTITIONS):
            mine = [(offset, int(value.split()[1])) for p, offset, _, value in records
                    if p == partition]
            self.assertEqual([offset for offset, _ in mine], list(range(len(mine))))
            self.assertEqual([line for _, line in mine], sorted(line for _, line in mine))
        # librdkafka sends a batch as it is when compressing did not make it smaller: one of
        # a record or two, when the machine is slow
        large = {stored for stored, count in stored_batches(self.gw, topic) if count > 10}
        self.assertEqual(large, {codec})
    return test


def stored_batches(gw, topic):
    """(codec, records) of a topic's batches, as penstock-log finds them on disk."""
    found = []
    for partition in range(PARTITIONS):
        dump = gw.run(['penstock-log', 'dump', f'{gw.log_dir}/{topic}-{partition}']).stdout
        found += [(codec, int(count)) for count, codec
                  in re.findall(r' count (\d+) codec (\w+) ', dump.decode())]
    return found


for _codec in CODECS:
    setattr(Kcat, f'test_100000_keyed_lines_of_codec_{_codec}_come_back_in_order',
            codec_test(_codec))
