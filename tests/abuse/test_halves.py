"""test_halves.py - produce requests that are never whole: what half a batch holds, and how long."""
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


class Halves(Beside):
    settings = {'penstock.request.stall.timeout.ms': 2000}

    @contextlib.contextmanager
    def halves(self, count):
        """Connections that have sent all of a request but for its end, as far as they could."""
        half = memoryview(request())[:-MISSING_BYTES]
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
