"""test_odd.py - records and requests that are large or odd, and right all the same; those that are
one byte too large. Kafka answers each in the same way."""
import struct
import time
import unittest

import kafka_bytes
import record_bytes
from gateway import Gateway

MESSAGE_BYTES = 100_000     # of the topic
LARGE_BYTES = 1_200_000     # of the gateway; above what a fetch asks for
BATCH_HEADER_BYTES = 61
MESSAGE_TOO_LARGE, INVALID_TIMESTAMP = 10, 32
SETTINGS = {'message.max.bytes': LARGE_BYTES, 'penstock.partition.credit.bytes': 1 << 23}
BINARY = bytes(range(256))


def span(data):
    return record_bytes.varint(-1) if data is None else record_bytes.varint(len(data)) + data


def record(number, key, value, headers=()):
    body = b'\0\0' + record_bytes.varint(number) + span(key) + span(value)
    body += record_bytes.varint(len(headers))
    body += b''.join(span(name) + span(of) for name, of in headers)
    return record_bytes.varint(len(body)) + body


def batch_of_size(size):
    """One record that makes a batch of so many bytes."""
    for value in range(size - BATCH_HEADER_BYTES - 16, size):
        records = record_bytes.record(0, bytes(value))
        if len(records) == size - BATCH_HEADER_BYTES:
            return record_bytes.batch(records, 1)
    raise AssertionError(size)


class Odd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(SETTINGS)
        cls.gw.__enter__()
        cls.topics = 0

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def topic(self, *settings):
        """A new one."""
        type(self).topics += 1
        name = f'odd-{self.topics}'
        words = [word for setting in settings for word in ('--config', setting)]
        self.gw.ctl('topic', 'create', name, '--partitions', '1', *words)
        return name

    def ask(self, request):
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(request)
            return kafka_bytes.answer(sock)

    def produce(self, topic, batch):
        return kafka_bytes.produced(self.ask(kafka_bytes.produce(topic, batch)), topic)[0]

    def fetch(self, topic, **limits):
        error, _, batches = kafka_bytes.fetched(
            self.ask(kafka_bytes.fetch(topic, 0, **limits)), topic)
        self.assertEqual(error, 0)
        return batches

    # ---- the three limits ------------------------------------------------------------------

    def test_a_batch_of_max_message_bytes_is_taken_and_one_byte_more_is_not(self):
        topic = self.topic(f'max.message.bytes={MESSAGE_BYTES}')
        self.assertEqual(self.produce(topic, batch_of_size(MESSAGE_BYTES + 1)), MESSAGE_TOO_LARGE)
        self.assertEqual(self.produce(topic, batch_of_size(MESSAGE_BYTES)), 0)

    def test_a_batch_of_message_max_bytes_is_taken_and_one_byte_more_is_not(self):
        topic = self.topic()
        self.assertEqual(self.produce(topic, batch_of_size(LARGE_BYTES + 1)), MESSAGE_TOO_LARGE)
        self.assertEqual(self.produce(topic, batch_of_size(LARGE_BYTES)), 0)

    def test_a_batch_above_what_a_fetch_asks_for_comes_whole(self):
        topic = self.topic()
        batch = batch_of_size(LARGE_BYTES)
        self.assertEqual(self.produce(topic, batch), 0)
        got = self.fetch(topic, max_bytes=1000)
        self.assertEqual(len(got), LARGE_BYTES)
        self.assertEqual(got[21:], batch[21:])

    # ---- what records may hold -------------------------------------------------------------

    def test_nothing_empty_and_binary_come_back_as_they_were(self):
        spans = (None, b'', BINARY)
        headers = [(name, value) for name in (b'', BINARY) for value in spans]
        records = [(key, value, ()) for key in spans for value in spans]
        records += [(b'key', None, headers), (None, None, headers * 20)]
        data = b''.join(record(i, *of) for i, of in enumerate(records))
        batch = record_bytes.batch(data, len(records))
        topic = self.topic()
        self.assertEqual(self.produce(topic, batch), 0)
        self.assertEqual(self.fetch(topic)[BATCH_HEADER_BYTES:], data)

    def test_times_before_1970_and_long_ago_are_taken_and_far_ahead_refused(self):
        topic, data = self.topic(), record_bytes.record(0, b'when')
        for ms in (-1, -2, -10**12, -2**62, 0):
            with self.subTest(ms):
                self.assertEqual(self.produce(topic, record_bytes.batch(data, 1, first_ms=ms)), 0)
        ahead = int(time.time() * 1000) + 2 * 3600 * 1000
        for ms in (ahead, 2**62, 2**63 - 1):
            with self.subTest(ms):
                batch = record_bytes.batch(data, 1, first_ms=ms)
                self.assertEqual(self.produce(topic, batch), INVALID_TIMESTAMP)

    def test_bounds_of_a_topic_hold_in_both_directions(self):
        topic = self.topic('message.timestamp.before.max.ms=60000',
                           'message.timestamp.after.max.ms=60000')
        now, data = int(time.time() * 1000), record_bytes.record(0, b'when')
        for ms, error in ((now, 0), (now - 120000, 32), (now + 120000, 32), (-1, 0)):
            with self.subTest(ms - now):
                batch = record_bytes.batch(data, 1, first_ms=ms)
                self.assertEqual(self.produce(topic, batch), error)

    def test_the_time_of_an_append_is_told_and_stored(self):
        topic = self.topic('message.timestamp.type=LogAppendTime')
        batch = record_bytes.batch(record_bytes.record(0, b'when'), 1, first_ms=5)
        before = int(time.time() * 1000)
        said = self.ask(kafka_bytes.produce(topic, batch))
        error, _, append_ms = struct.unpack('>hqq', said[14 + len(topic):32 + len(topic)])
        self.assertEqual(error, 0)
        self.assertTrue(before <= append_ms <= time.time() * 1000, append_ms)
        stored = self.fetch(topic)
        attributes, latest = struct.unpack('>h', stored[21:23])[0], stored[35:43]
        self.assertEqual(attributes, 8)
        self.assertEqual(struct.unpack('>q', latest)[0], append_ms)
        crc, = struct.unpack('>I', stored[17:21])
        self.assertEqual(crc, record_bytes.crc32c(stored[21:]))

    # ---- who sends them --------------------------------------------------------------------

    def test_a_client_may_be_called_anything(self):
        topic = self.topic()
        batch = record_bytes.batch(record_bytes.record(0, b'whose'), 1)
        body = kafka_bytes.produce(topic, batch)[4 + 8 + 2 + len('stranger'):]
        for client in (None, b'', b'\0', b'\xff\xfe\xc0', BINARY, b'x' * 32767):
            name = struct.pack('>h', -1 if client is None else len(client)) + (client or b'')
            with self.subTest(len(client or b'')):
                head = struct.pack('>hhi', kafka_bytes.PRODUCE, 3, 7) + name
                said = self.ask(kafka_bytes.frame(head + body))
                self.assertEqual(kafka_bytes.produced(said, topic)[0], 0)
                head = struct.pack('>hhi', kafka_bytes.METADATA, 1, 7) + name
                body_of = kafka_bytes.metadata([topic])[4 + 8 + 2 + len('stranger'):]
                self.assertIn(topic.encode(), self.ask(kafka_bytes.frame(head + body_of)))
