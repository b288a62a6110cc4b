"""test_compressed.py - batches that cost a writer much to open, and a producer little to send."""
import contextlib
import time
import zlib

import kafka_bytes
import record_bytes
from honest import TOPIC, Beside

GZIP, ZSTD = 1, 4
TOPICS, PARTITIONS = ('bombs', TOPIC), 8
BOMB_BYTES = (4 << 20) - 4096   # what a batch may open to, nearly
REQUESTS, CONNECTIONS = 512, 24
BURST_BYTES = 16 << 10


def zstd_of_zeroes(front, size, end):
    """A frame that opens to `front`, `size` zeroes and `end`: blocks that repeat a byte."""
    def block(kind, count, data, is_last=False):
        return (count << 3 | kind << 1 | is_last).to_bytes(3, 'little') + data
    raw, repeated, most = 0, 1, 128 << 10
    blocks = [block(raw, len(front), front)]
    blocks += [block(repeated, min(most, size - at), b'\0') for at in range(0, size, most)]
    window = bytes([(17 - 10) << 3])    # 128 KiB
    return b'\x28\xb5\x2f\xfd\0' + window + b''.join(blocks) + block(raw, len(end), end, True)


def bomb():
    """One record of zeroes where two are claimed: refused, when all of it was opened."""
    value = BOMB_BYTES
    body = b'\0\0' + record_bytes.varint(0) + record_bytes.varint(-1) + record_bytes.varint(value)
    front = record_bytes.varint(len(body) + value + 1) + body
    return record_bytes.batch(zstd_of_zeroes(front, value, b"\0"), 2, codec=ZSTD)


class Bits:
    """As deflate has them."""

    def __init__(self):
        self.number, self.size = 0, 0

    def put(self, value, count):
        self.number |= value << self.size
        self.size += count

    def to_bytes(self):
        return self.number.to_bytes((self.size + 7) // 8, 'little')


def slow_gzip(size):
    """Blocks with tables of their own that hold nothing: of all streams the one that takes longest.
    Eight of them are whole bytes."""
    bits = Bits()
    for _ in range(8):
        bits.put(2 << 1, 3)             # not the last; tables of its own
        bits.put(0, 5)                  # 257 codes of bytes,
        bits.put(0, 5)                  # 1 of distances,
        bits.put(18 - 4, 4)             # 18 of their sizes:
        for i in range(18):
            bits.put(1 if i in (2, 17) else 0, 3)
        for zeroes in (138, 118):       # 256 bytes have none
            bits.put(1, 1)
            bits.put(zeroes - 11, 7)
        bits.put(0, 3)                  # the end, a distance; the end
    blocks = bits.to_bytes()
    return b'\x1f\x8b\x08' + bytes(7) + blocks * (size // len(blocks))


def flood(sock, request, count):
    """As many as the gateway takes; what it answers is not read."""
    sock.settimeout(0.05)
    with contextlib.suppress(OSError):
        for _ in range(count):
            sock.sendall(request)


class Compressed(Beside):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gw.ctl('topic', 'create', TOPICS[0], '--partitions', str(PARTITIONS))

    def attack(self, topic, batch, seconds=3):
        """Many connections; each sends the batch to all partitions again and again."""
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(self.gw.connect('KAFKA')) for _ in range(CONNECTIONS)]
            requests = [kafka_bytes.produce_many(topic, [(p, batch)])
                        for p in range(PARTITIONS if topic != TOPIC else 1)]
            at_once = max(BURST_BYTES // len(requests[0]), 1)   # few packets: it is no flood
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for n, sock in enumerate(socks):
                    flood(sock, requests[n % len(requests)] * at_once, 1)
                time.sleep(0.01)

    def test_tiny_batches_that_open_to_megabytes_hold_nobody_up(self):
        batch = bomb()
        self.assertLess(len(batch), 400)
        for topic in TOPICS:
            with self.subTest(topic):
                before = self.gw.counters()['batches_opened']
                with self.undisturbed():
                    self.attack(topic, batch)
                self.assertGreater(self.gw.counters()['batches_opened'], before + 50)

    def test_one_request_of_many_bombs_holds_nobody_up(self):
        """As much of them as the gateway takes in three seconds; what it answers is not read."""
        batches = [(partition, bomb()) for partition in range(PARTITIONS)]
        for topic in TOPICS:
            with self.subTest(topic):
                before = self.gw.counters()['batches_opened']
                with self.undisturbed(), self.gw.connect('KAFKA') as sock:
                    sock.settimeout(1)
                    with contextlib.suppress(OSError):
                        sock.sendall(kafka_bytes.produce_many(topic, batches) * REQUESTS)
                    time.sleep(2)
                self.assertGreater(self.gw.counters()['batches_opened'], before + 100)

    def test_streams_that_are_slow_to_open_hold_nobody_up(self):
        stream = slow_gzip(200 << 10)
        with self.assertRaises(zlib.error):
            zlib.decompress(stream, 31)     # cut short, but a stream
        batch = record_bytes.batch(stream, 1, codec=GZIP)
        for topic in TOPICS:
            with self.subTest(topic), self.undisturbed():
                self.attack(topic, batch)
