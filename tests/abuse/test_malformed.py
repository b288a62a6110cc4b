"""test_malformed.py - bytes that are nobody's protocol, or a lie in somebody's."""
import contextlib
import os
import random
import struct
import time
import zlib

import kafka_bytes
import record_bytes
import vehicles
from honest import Beside

CONNECTIONS = 100
NEVER_RIGHT = 3_000_000_000     # a count or a length of four bytes
UNKNOWN_ACKS, INVALID_RECORD, MESSAGE_TOO_LARGE, CORRUPT, UNSUPPORTED = 21, 87, 10, 2, 76
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
TLS_HELLO = bytes.fromhex('16030100f4010000f00303') + bytes(240)
HTTP_GET = b'GET / HTTP/1.1\r\nHost: gateway\r\n\r\n'


def uvarint(value):
    out = b''
    while value > 0x7f:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def tagged_fields(count, size=0):
    """An ApiVersions header of version 3 with so many of them."""
    fields = b''.join(uvarint(i) + uvarint(size) + bytes(size)
                      for i in range(min(count, 100_000)))
    head = struct.pack('>hhi', kafka_bytes.API_VERSIONS, 3, 7) + kafka_bytes.text('stranger')
    return kafka_bytes.frame(head + uvarint(count) + fields + b'\x05java\x023\0')


class Malformed(Beside):
    def closes(self, data, listener='KAFKA'):
        """The gateway hangs up on who sends this, and answers nothing."""
        with self.gw.connect(listener, timeout=5) as sock:
            with contextlib.suppress(ConnectionError):
                sock.sendall(data)
            with contextlib.suppress(ConnectionError):
                self.assertEqual(sock.recv(1), b'', data[:80])

    def all_close(self, datas):
        with self.undisturbed():
            for data in datas:
                self.closes(data)

    def produce(self, batch, acks=-1):
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(kafka_bytes.produce('honest', batch, acks))
            return kafka_bytes.produced(kafka_bytes.answer(sock), 'honest')[0]

    def all_refused(self, batches, *errors):
        with self.undisturbed():
            for name, batch in batches.items():
                self.assertIn(self.produce(batch), errors, name)

    # ---- Kafka's frames --------------------------------------------------------------------

    def test_a_size_that_cannot_be_ends_the_connection(self):
        sizes = (-1, -2**31, 2**31 - 1, 104857601, 0, 1, 7)
        self.all_close(struct.pack('>i', size) + bytes(64) for size in sizes)

    def test_tls_and_http_at_the_kafka_port_end_the_connection(self):
        self.all_close([TLS_HELLO, HTTP_GET])

    def test_api_keys_and_versions_at_random_end_the_connection(self):
        draw = random.Random(1)
        self.all_close(kafka_bytes.request(draw.randrange(90, 30000), draw.randrange(-5, 40),
                                           os.urandom(draw.randrange(200)))
                       for _ in range(200))

    def test_more_tagged_fields_than_there_can_be_end_the_connection(self):
        self.all_close(tagged_fields(count) for count in (65, 1 << 20, 2**31 - 1))

    def test_counts_beyond_their_bytes_end_the_connection(self):
        count = struct.pack('>I', NEVER_RIGHT)
        most = struct.pack('>i', 2**31 - 1)
        requests = []
        for many in (count, most):
            requests += [kafka_bytes.request(kafka_bytes.METADATA, 1, many),
                         kafka_bytes.request(2, 1, b'\xff' * 4 + many),
                         kafka_bytes.request(kafka_bytes.PRODUCE, 3,
                                             struct.pack('>hhi', -1, -1, 1000) + many),
                         kafka_bytes.request(kafka_bytes.FETCH, 4,
                                             struct.pack('>iiiib', -1, 100, 1, 1000, 0) + many)]
        self.all_close(requests)

    def test_strings_beyond_their_request_end_the_connection(self):
        self.all_close(kafka_bytes.request(kafka_bytes.METADATA, 1,
                                           struct.pack('>ih', 1, size) + b'abc')
                       for size in (-2, 4, 32767, -32768))

    def test_random_bytes_on_a_hundred_connections_hold_nobody_up(self):
        with self.undisturbed(), contextlib.ExitStack() as stack:
            socks = [stack.enter_context(self.gw.connect(listener))
                     for listener in ('KAFKA', 'GBT32960') for _ in range(CONNECTIONS // 2)]
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                for sock in socks:
                    with contextlib.suppress(OSError):
                        sock.send(os.urandom(1024))

    def test_acks_that_are_none_are_refused(self):
        batch = record_bytes.batch(record_bytes.record(0, b'x'), 1)
        with self.undisturbed():
            for acks in (2, -2, 32767, -32768):
                self.assertEqual(self.produce(batch, acks), UNKNOWN_ACKS)

    def test_ten_thousand_topics_that_there_are_not_are_answered(self):
        names = [f'no-such-topic-{i:05}' for i in range(10_000)]
        body = struct.pack('>i', len(names)) + b''.join(map(kafka_bytes.text, names)) + b'\0'
        with self.undisturbed(), self.gw.connect('KAFKA') as sock:
            for _ in range(4):
                sock.sendall(kafka_bytes.request(kafka_bytes.METADATA, 4, body))
                self.assertEqual(kafka_bytes.answer(sock).count(b'no-such-topic-'), 10_000)

    # ---- batches ---------------------------------------------------------------------------

    def test_headers_of_batches_that_lie_are_refused(self):
        one = record_bytes.record(0, b'x')
        good = record_bytes.batch(one, 1)
        broken_crc = good[:-1] + bytes([good[-1] ^ 1])
        self.all_refused({
            'crc': broken_crc,
            'magic 1': good[:16] + b'\1' + good[17:],
            'length beyond': good[:8] + struct.pack('>i', len(good)) + good[12:],
            'length short': good[:8] + struct.pack('>i', 10) + good[12:],
            'length negative': good[:8] + struct.pack('>i', -1) + good[12:],
            'a million records': record_bytes.batch(one, 1_000_000),
            'no record': record_bytes.batch(b'', 0),
            'negative count': record_bytes.batch(one, -1, last_delta=0),
            'codec 7': record_bytes.batch(one, 1, codec=7),
            'cut short': record_bytes.batch(one[:-1], 1),
            'half a header': good[:30],
        }, INVALID_RECORD, CORRUPT, UNSUPPORTED, MESSAGE_TOO_LARGE)

    def test_snappy_lengths_that_lie_are_refused(self):
        """CVE-2023-34455, CVE-2023-43642: chunk lengths of snappy-java's framing."""
        magic = b'\x82SNAPPY\0' + struct.pack('>ii', 1, 1)
        lies = {f'chunk of {size}': magic + struct.pack('>i', size) + b'abcdef'
                for size in (-1, -2**31, 2**31 - 1, 7, 0)}
        lies['4 GiB in 6 bytes'] = b'\xff\xff\xff\xff\x0f\x00'
        self.all_refused({name: record_bytes.batch(data, 1, codec=SNAPPY)
                          for name, data in lies.items()}, INVALID_RECORD, MESSAGE_TOO_LARGE)

    def test_garbage_of_every_codec_is_refused(self):
        draw = random.Random(1)
        self.all_refused({f'{codec}: {size} bytes':
                          record_bytes.batch(draw.randbytes(size), 3, codec=codec)
                          for codec in (GZIP, SNAPPY, LZ4, ZSTD) for size in (0, 1, 15, 900)},
                         INVALID_RECORD, MESSAGE_TOO_LARGE, UNSUPPORTED)

    def test_bombs_are_refused_while_others_go_on(self):
        bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
        data = bomb.compress(record_bytes.record(0, bytes(16 << 20))) + bomb.flush()
        batch = record_bytes.batch(data, 1, codec=GZIP)
        self.all_refused({str(i): batch for i in range(10)}, MESSAGE_TOO_LARGE)

    # ---- vehicles --------------------------------------------------------------------------

    def all_to_vehicles(self, *streams):
        """Each on a connection of its own; the next frame on it is answered, if it lives."""
        with self.undisturbed(), contextlib.ExitStack() as stack:
            for stream in streams:
                sock = stack.enter_context(self.gw.connect('GBT32960'))
                sock.sendall(stream)
            time.sleep(0.5)

    def test_garbage_for_vehicles_is_counted_and_holds_nobody_up(self):
        before = self.gw.counters()
        self.all_to_vehicles(*(os.urandom(100_000).replace(b'#', b'.') for _ in range(20)))
        self.gw.wait_for('garbage', lambda c: c['frame_reject_garbage'] >
                         before['frame_reject_garbage'])

    def test_frames_with_a_wrong_check_character_hold_nobody_up(self):
        frame = vehicles.login(vehicles.vin(7), 1)
        broken = frame[:-1] + bytes([frame[-1] ^ 1])
        before = self.gw.counters()
        self.all_to_vehicles(*(broken * 200 for _ in range(20)))
        self.gw.wait_for('frames', lambda c: c['frame_reject_bcc'] >=
                         before['frame_reject_bcc'] + 20)     # a run is one

    def test_frames_declared_too_long_and_never_ended_hold_nobody_up(self):
        head = vehicles.heartbeat(vehicles.vin(7))[:22]
        self.all_to_vehicles(*(head + b'\xff\xff' + bytes(1000) for _ in range(100)),
                             *(head + b'\x7f\xff' for _ in range(100)))

    def test_start_bytes_over_and_over_hold_nobody_up(self):
        self.all_to_vehicles(b'#' * 200_000, b'$' * 200_000, b'##' + b'#$' * 100_000)

    def test_tls_and_http_at_the_vehicles_port_hold_nobody_up(self):
        self.all_to_vehicles(*[TLS_HELLO, HTTP_GET] * 20)
