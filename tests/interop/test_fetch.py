"""test_fetch.py - what current clients ask of Fetch and ListOffsets beyond what those here speak:
topics by their ids, sessions, and the end right behind an acks=1 answer."""
import struct
import unittest

import kafka_bytes
from gateway import Gateway
from kafka_bytes import answer, text
from record_bytes import batch, record

LIST_OFFSETS, FETCH_IDS = 2, 13
TIMES = 50


def latest(topic):
    """ListOffsets version 1, of partition 0."""
    return kafka_bytes.request(LIST_OFFSETS, 1, struct.pack('>ii', -1, 1) + text(topic) +
                               struct.pack('>iiq', 1, 0, -1))


def compact(fields):
    """A compact array of what is encoded already."""
    return bytes([len(fields) + 1]) + b''.join(fields)


def fetch_by_id(topics, session_id=0, epoch=-1, max_wait_ms=0):
    """Version 13, of (id, partition, offset) in turn."""
    asked = [(topic, struct.pack('>iiqiqi', partition, -1, offset, -1, -1, 1 << 20) + b'\0')
             for topic, partition, offset in topics]
    parts = [topic + compact([partition]) + b'\0' for topic, partition in asked]
    body = struct.pack('>iiiibii', -1, max_wait_ms, 1, 1 << 20, 0, session_id, epoch)
    header = struct.pack('>hhi', kafka_bytes.FETCH, FETCH_IDS, 7) + text('test') + b'\0'
    return kafka_bytes.frame(header + body + compact(parts) + compact([]) + b'\1' + b'\0')


def uvarint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fetched(said):
    """(error, session id, {(id, partition): (error, high watermark, bytes of records)})."""
    _, error, session_id = struct.unpack('>ihi', said[1:11])
    topics, at = uvarint(said, 11)
    found = {}
    for _ in range(topics - 1):
        topic = said[at:at + 16]
        parts, at = uvarint(said, at + 16)
        for _ in range(parts - 1):
            partition, failed, high = struct.unpack('>ihq', said[at:at + 14])
            _, at = uvarint(said, at + 30)      # aborted transactions: none
            size, at = uvarint(said, at + 4)
            found[topic, partition] = (failed, high, size - 1)
            at += size - 1 + 1
        at += 1
    if at + 1 != len(said):
        raise ValueError(f'{len(said) - at - 1} bytes too many')
    return error, session_id, found


class Fetch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway()
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def id_of(self, sock, topic):
        """Metadata version 10."""
        body = compact([bytes(16) + bytes([len(topic) + 1]) + topic.encode() + b'\0']) + bytes(4)
        header = struct.pack('>hhi', kafka_bytes.METADATA, 10, 7) + text('test') + b'\0'
        sock.sendall(kafka_bytes.frame(header + body))
        said = answer(sock)
        at = said.index(topic.encode()) + len(topic)
        return said[at:at + 16]

    def test_the_end_is_behind_what_was_answered_at_acks_1(self):
        self.gw.ctl('topic', 'create', 'ends')
        data = batch(record(0, b'x'), 1)
        with self.gw.connect('KAFKA') as sock, self.gw.connect('KAFKA') as other:
            for count in range(1, TIMES + 1):
                sock.sendall(kafka_bytes.produce('ends', data, acks=1))
                answer(sock)
                other.sendall(latest('ends'))
                self.assertEqual(struct.unpack('>q', answer(other)[-8:]), (count,))

    def test_topics_are_read_by_their_ids(self):
        self.gw.ctl('topic', 'create', 'by-id', '--partitions', '2')
        data = batch(record(0, b'x'), 1)
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(kafka_bytes.produce('by-id', data, partition=1))
            answer(sock)
            topic, nobodys = self.id_of(sock, 'by-id'), bytes(15) + b'\7'
            sock.sendall(fetch_by_id([(topic, 0, 0), (topic, 1, 0), (nobodys, 0, 0)]))
            error, session_id, found = fetched(answer(sock))
            self.assertEqual((error, session_id), (0, 0))
            self.assertEqual(found, {(topic, 0): (0, 0, 0), (topic, 1): (0, 1, len(data)),
                                     (nobodys, 0): (100, -1, 0)})

    def test_a_session_is_told_what_is_new_on_whichever_connection(self):
        self.gw.ctl('topic', 'create', 'told', '--partitions', '3')
        data = batch(record(0, b'x'), 1)
        with self.gw.connect('KAFKA') as sock:
            topic = self.id_of(sock, 'told')
            sock.sendall(fetch_by_id([(topic, p, 0) for p in range(3)], epoch=0))
            error, session_id, found = fetched(answer(sock))
            self.assertEqual((error, len(found)), (0, 3))
            self.assertGreater(session_id, 0)
            sock.sendall(fetch_by_id([], session_id, 1))
            self.assertEqual(fetched(answer(sock)), (0, session_id, {}))
            sock.sendall(kafka_bytes.produce('told', data, partition=2))
            answer(sock)
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(fetch_by_id([], session_id, 2))
            said = fetched(answer(sock))
            # Another poller's, if there is one, is asked in vain.
            if said != (70, 0, {}):
                self.assertEqual(said, (0, session_id, {(topic, 2): (0, 1, len(data))}))


if __name__ == '__main__':
    unittest.main()
