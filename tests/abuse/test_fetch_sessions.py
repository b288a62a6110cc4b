"""test_fetch_sessions.py - sessions of fetches, opened by the thousand by who does not use them."""
import struct

import kafka_bytes
from honest import Beside

SLOTS = 1000            # max.incremental.fetch.session.cache.slots, as it is by default
STRANGERS = 8
EACH = 500


def fetch(topic, session_id, epoch, partitions):
    """Version 7, the first that knows sessions; from the beginning of each partition."""
    body = struct.pack('>iiiibii', -1, 0, 0, 1 << 20, 0, session_id, epoch)
    if partitions:
        body += struct.pack('>i', 1) + kafka_bytes.text(topic) + struct.pack('>i', partitions)
        body += b''.join(struct.pack('>iqqi', i, 0, -1, 1 << 20) for i in range(partitions))
    else:
        body += struct.pack('>i', 0)
    return kafka_bytes.request(kafka_bytes.FETCH, 7, body + struct.pack('>i', 0))


def said(sock):
    """(error, session id, topics) out of an answer."""
    _, error, session_id, topics = struct.unpack('>ihii', kafka_bytes.answer(sock)[:14])
    return error, session_id, topics


class FetchSessions(Beside):
    def open_many(self, topic, partitions):
        """How many of a stranger's requests for a session had one."""
        with self.gw.connect('KAFKA') as sock:
            granted = 0
            for _ in range(EACH // 50):
                sock.sendall(fetch(topic, 0, 0, partitions) * 50)
                granted += sum(said(sock)[1] > 0 for _ in range(50))
            return granted

    def test_sessions_of_strangers_are_bounded_and_end_nobody_elses(self):
        self.gw.ctl('topic', 'create', 'read-on', '--partitions', '4')
        before = self.gw.counters()
        with self.undisturbed(), self.gw.connect('KAFKA') as sock:
            sock.sendall(fetch('read-on', 0, 0, 1))
            error, mine, _ = said(sock)
            self.assertEqual(error, 0)
            self.assertGreater(mine, 0)
            granted = sum(self.open_many('read-on', 1 + i % 4) for i in range(STRANGERS))
            self.assertGreater(granted, 0)
            self.assertLessEqual(granted, SLOTS)
            # They are larger, and mine is young: it stays.
            for epoch in range(1, 4):
                sock.sendall(fetch('read-on', mine, epoch, 0))
                self.assertEqual(said(sock), (0, mine, 0))
        after = self.gw.counters()
        self.assertEqual(after['fetch_sessions_evicted'], before['fetch_sessions_evicted'])
        refused = after['fetch_sessions_refused'] - before['fetch_sessions_refused']
        self.assertGreaterEqual(refused, STRANGERS * EACH - SLOTS)

    def test_a_session_that_there_is_none_of_is_begun_anew(self):
        with self.undisturbed(), self.gw.connect('KAFKA') as sock:
            for session_id in (1, 77, 0x7fffffff):
                sock.sendall(fetch('read-on', session_id, 1, 0))
                self.assertEqual(said(sock), (70, 0, 0))
