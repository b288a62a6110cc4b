"""test_halves.py - requests that are never whole: what half a batch holds, or half a large request,
and how long."""
import contextlib
import functools
import random
import select
import time

import kafka_bytes
import record_bytes
from honest import TOPIC, Beside

BATCH_BYTES = 1_000_000
MISSING_BYTES = 100
CLOSED_S = 8                # two stall timeouts, and a machine that has other work to do


LARGE_NAMES = 37_000        # of 28 bytes: 24 such requests are all that large ones may hold
GAVE_WAY_S = 10             # one after the other, and a machine that has other work to do


@functools.cache
def large_request():
    return kafka_bytes.metadata(['a-name-that-is-never-whole'] * LARGE_NAMES)


@functools.cache
def request():
    value = random.Random(1).randbytes(BATCH_BYTES)
    records = record_bytes.record(0, value)
    return kafka_bytes.produce(TOPIC, record_bytes.batch(records, 1))


def is_open(sock):
    readable, _, _ = select.select([sock], [], [], 0)
    if not readable:
        return True
    try:
        return bool(sock.recv(1))
    except OSError:
        return False


class Unfinished(Beside):
    @contextlib.contextmanager
    def halves(self, count, whole=None):
        """Connections that have sent all of a request but for its end, as far as they could."""
        half = memoryview(whole or request())[:-MISSING_BYTES]
        left = {}
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                sock = stack.enter_context(self.gw.connect('KAFKA'))
                sock.setblocking(False)
                left[sock] = half
            for _ in range(200):
                self.send_on(left)
                if not any(left.values()):
                    break
                time.sleep(0.01)
            yield list(left)

    def send_on(self, left):
        for sock, rest in left.items():
            with contextlib.suppress(OSError):
                left[sock] = rest[sock.send(rest):] if rest else rest


class LargeHalves(Unfinished):
    def test_halves_of_large_requests_give_way_to_who_has_a_whole_one(self):
        with self.undisturbed(), self.halves(32, large_request()), \
                self.gw.connect('KAFKA', timeout=GAVE_WAY_S) as sock:
            sock.sendall(kafka_bytes.metadata([TOPIC] * 1000))
            self.assertTrue(kafka_bytes.answer(sock))
        self.assertGreater(self.gw.counters()['sessions_gave_way'], 0)


class Halves(Unfinished):
    settings = {'penstock.request.stall.timeout.ms': 2000}

    def drip(self, socks, seconds):
        """A byte to each, every tenth of a second; the sum stays below what is missing."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for sock in socks:
                with contextlib.suppress(OSError):
                    sock.send(b'\0')
            time.sleep(0.1)

    def test_ninety_six_batches_but_for_their_ends_hold_nobody_up(self):
        with self.undisturbed(), self.halves(96) as socks:
            self.drip(socks, 3)

    def test_twenty_batches_but_for_their_ends_do_not_stop_their_partition(self):
        with self.undisturbed(), self.halves(20) as socks:
            self.drip(socks, 3)

    def test_a_byte_now_and_then_does_not_keep_a_request_alive(self):
        with self.halves(8) as socks:
            begin = time.monotonic()
            while any(is_open(sock) for sock in socks):
                self.drip(socks, 0.1)
                self.assertLess(time.monotonic() - begin, CLOSED_S)
        self.assertGreaterEqual(self.gw.counters()['sessions_slow'], 8)

    def test_batches_that_claim_to_be_large_and_send_nothing_hold_nobody_up(self):
        begun = request()[:200]
        with self.undisturbed(), contextlib.ExitStack() as stack:
            socks = [stack.enter_context(self.gw.connect('KAFKA')) for _ in range(400)]
            for sock in socks:
                sock.sendall(begun)
            time.sleep(2)
