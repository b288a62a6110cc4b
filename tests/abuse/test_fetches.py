"""test_fetches.py - fetches that ask for far more than one answer holds."""
import contextlib
import struct
import time

import kafka_bytes
import record_bytes
from honest import Beside

PARTITIONS = 8
MANY = 10_000
ANSWER_S = 3            # of one that names MANY, on a machine of two CPUs that has other work


def fetch_many(topic, count, offset=0, max_wait_ms=500, min_bytes=1):
    """Version 4; partitions of `topic` in turn, each named again and again."""
    parts = b''.join(struct.pack('>iqi', i % PARTITIONS, offset, 1 << 20) for i in range(count))
    return kafka_bytes.request(
        kafka_bytes.FETCH, 4,
        struct.pack('>iiiibi', -1, max_wait_ms, min_bytes, 1 << 30, 0, 1) +
        kafka_bytes.text(topic) + struct.pack('>i', count) + parts)


def partitions_of(said, topic):
    """[(error, high watermark, bytes of records)] out of what answers fetch_many()."""
    at = 4 + 4 + 2 + len(topic)
    count, = struct.unpack('>i', said[at:at + 4])
    at += 4
    found = []
    for _ in range(count):
        error, high, _, aborted, size = struct.unpack('>hqqii', said[at + 4:at + 30])
        if aborted > 0:
            raise ValueError('nothing was aborted')
        found.append((error, high, size))
        at += 30 + max(size, 0)
    if at != len(said):
        raise ValueError(f'{len(said) - at} bytes too many')
    return found


class Fetches(Beside):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gw.ctl('topic', 'create', 'wide', '--partitions', str(PARTITIONS))
        batch = record_bytes.batch(record_bytes.record(0, b'tiny'), 1)
        with cls.gw.connect('KAFKA') as sock:
            for partition in range(PARTITIONS):
                sock.sendall(kafka_bytes.produce('wide', batch, partition=partition))
                kafka_bytes.answer(sock)

    def test_one_that_names_a_few_partitions_ten_thousand_times_has_each_answered_once(self):
        with self.undisturbed(), self.gw.connect('KAFKA') as sock:
            for _ in range(3):
                begin = time.monotonic()
                sock.sendall(fetch_many('wide', MANY))
                found = partitions_of(kafka_bytes.answer(sock), 'wide')
                took = time.monotonic() - begin
                print(f"          answered in {took:.2f} s", flush=True)
                self.assertLess(took, ANSWER_S)
                self.assertEqual(len(found), PARTITIONS)
                self.assertEqual({(error, high) for error, high, _ in found}, {(0, 1)})
                self.assertTrue(all(size > 0 for _, _, size in found))

    def test_many_that_leave_before_their_answer_leave_nothing_behind(self):
        with self.undisturbed():
            for i in range(20):
                with self.gw.connect('KAFKA') as sock:
                    sock.sendall(fetch_many('wide', MANY, min_bytes=1 << 30,
                                            max_wait_ms=(1 << 31) - 1))
                    time.sleep(0.02 * (i % 5))
            time.sleep(0.5)
            before = self.gw.counters()
            time.sleep(1)
            after = self.gw.counters()
        # The honest clients' own reads, and no others: theirs are a few hundred a second.
        self.assertLess(after['reads_served'] - before['reads_served'], 3000)

    def test_endless_fetches_of_all_partitions_keep_nobody_from_asking(self):
        with self.undisturbed(), contextlib.ExitStack() as stack:
            # The end of each partition: there is nothing to be read.
            request = fetch_many('wide', 16_384, offset=1, max_wait_ms=(1 << 31) - 1)
            for _ in range(40):
                sock = stack.enter_context(self.gw.connect('KAFKA'))
                sock.sendall(request)
            time.sleep(2)

    def test_half_of_the_largest_metadata_requests_keeps_nobody_from_asking(self):
        request = kafka_bytes.metadata(['a-name-that-nobody-has'] * 43_000)
        self.assertLess(len(request), 1 << 20)
        with self.undisturbed(), contextlib.ExitStack() as stack:
            for _ in range(40):
                sock = stack.enter_context(self.gw.connect('KAFKA'))
                sock.settimeout(0.5)
                with contextlib.suppress(OSError):      # it is not read: there is no room
                    sock.sendall(request[:-1])
            time.sleep(1)
