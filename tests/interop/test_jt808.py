"""test_jt808.py - JT/T 808 terminals over real TCP: public frames, a first connection, and the code
that it got before the gateway was killed."""
import os
import struct
import tempfile
import unittest

from gateway import ROOT, Restartable

VECTORS = os.path.join(ROOT, 'tests/vectors/jt808.tsv')
REGISTER, AUTHENTICATE, LOCATION, TIME = 0x0100, 0x0102, 0x0200, 0x0004
BATCH, MEDIA = 0x0704, 0x0801
ANSWER, REGISTERED, OUR_TIME, MEDIA_ANSWER = 0x8001, 0x8100, 0x8004, 0x8800
PHONE = bytes.fromhex('013812345678')
KEY = '00112233445566778899aabbccddeeff'


def vectors():
    """[(what it is, frame)] of the public frames."""
    with open(VECTORS) as file:
        rows = [line.rstrip('\n').split('\t') for line in file if line[0] != '#']
    return [(row[3], bytes.fromhex(row[9])) for row in rows]


def escape(message):
    return b'\x7e' + message.replace(b'\x7d', b'\x7d\x01').replace(b'\x7e', b'\x7d\x02') + b'\x7e'


def unescape(frame):
    return frame[1:-1].replace(b'\x7d\x02', b'\x7e').replace(b'\x7d\x01', b'\x7d')


def is_part(message):
    """Of one that is answered, so that it is put together with others."""
    number, properties = struct.unpack('>HH', message[:4])
    return properties & 0x2000 and 1 < number < 0x8000


def message(number, serial, body=b'', part=None):
    """`part`: how many there are, and which it is."""
    properties = len(body) | (0x2000 if part else 0)
    head = struct.pack('>HH6sH', number, properties, PHONE, serial)
    head += (struct.pack('>HH', *part) if part else b'') + body
    check = 0
    for byte in head:
        check ^= byte
    return head + bytes([check])


class Terminal:
    """One connection; what comes back, as (id, our serial, body)."""

    def __init__(self, gateway, listener='JT808'):
        self.sock = gateway.connect(listener)
        self.unread = b''

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.sock.close()

    def send(self, number, serial, body=b'', part=None):
        self.sock.sendall(escape(message(number, serial, body, part)))

    def answer(self):
        while self.unread.count(b'\x7e') < 2:
            data = self.sock.recv(65536)
            if not data:
                raise AssertionError('no answer, but the end')
            self.unread += data
        end = self.unread.index(b'\x7e', 1) + 1
        frame, self.unread = unescape(self.unread[:end]), self.unread[end:]
        number, _, phone, serial = struct.unpack('>HH6sH', frame[:12])
        assert phone == PHONE
        return number, serial, frame[12:-1]

    def ask(self, number, serial, body=b'', part=None):
        self.send(number, serial, body, part)
        return self.answer()


class Jt808(unittest.TestCase):
    def test_a_terminal_registers_speaks_and_keeps_its_code_when_the_gateway_is_killed(self):
        with tempfile.NamedTemporaryFile('w', suffix='.key') as key:
            key.write(KEY + '\n')
            key.flush()
            settings = {'listeners': 'KAFKA://:9092,JT808://:808,ANY://:809',
                        'listener.protocol.map': 'ANY:JT808',
                        'listener.name.jt808.topic': 'terminals',
                        'listener.name.any.topic': 'anybody',
                        'listener.name.any.authentication': 'any',
                        'penstock.code.key.file': key.name}
            with Restartable(settings) as gw:
                code = self.first_connection(gw)
                self.public_frames(gw)
                gw.kill_and_start()
                with Terminal(gw) as t:
                    self.assertEqual(t.ask(AUTHENTICATE, 7, code),
                                     (ANSWER, 0, struct.pack('>HHB', 7, AUTHENTICATE, 0)))
                    self.assertEqual(t.ask(LOCATION, 8, bytes(28))[2][4], 0)
                stored = {value for _, _, _, value in gw.consume('terminals')}
                for number, serial, body in ((LOCATION, 4, bytes(28)), (LOCATION, 8, bytes(28)),
                                             (AUTHENTICATE, 7, code)):
                    self.assertIn(message(number, serial, body), stored)
                self.assertNotIn(message(LOCATION, 1, bytes(28)), stored)

    def first_connection(self, gw):
        """Refused, registered, authenticated, heard; the code."""
        with Terminal(gw) as t:
            self.assertEqual(t.ask(LOCATION, 1, bytes(28)),
                             (ANSWER, 0, struct.pack('>HHB', 1, LOCATION, 1)))
            number, serial, body = t.ask(REGISTER, 2, b'\0\x1f\0\x6e' + b'A' * 40)
            self.assertEqual((number, serial, body[:3]), (REGISTERED, 1, b'\0\x02\0'))
            self.assertEqual(t.ask(AUTHENTICATE, 3, b'0' * 16)[2][4], 1)
            self.assertEqual(t.ask(AUTHENTICATE, 3, body[3:])[2][4], 0)
            self.assertEqual(t.ask(LOCATION, 4, bytes(28)),
                             (ANSWER, 4, struct.pack('>HHB', 4, LOCATION, 0)))
            number, _, now = t.ask(TIME, 5)
            self.assertEqual((number, len(now)), (OUR_TIME, 6))
            return body[3:]

    def public_frames(self, gw):
        """All of them in a row, byte by byte and with one delimiter between two."""
        before = gw.counters()['records_stored']
        good = [frame for what, frame in vectors() if what == 'ok']
        with gw.connect('ANY') as sock:
            sock.sendall(b''.join(frame for _, frame in vectors()))
            sock.sendall(good[0] + b''.join(frame[1:] for frame in good[1:]))
            for frame in good[:3]:
                for byte in frame:
                    sock.sendall(bytes([byte]))
            sock.shutdown(1)
            while sock.recv(65536):
                pass
        whole = [frame for frame in good if not is_part(unescape(frame))]
        wanted = 2 * len(whole) + sum(frame in whole for frame in good[:3])
        gw.wait_for('all stored or sent again', lambda c: c['records_stored'] - before +
                    c['frames_resent'] >= wanted)
        stored = [value for _, _, _, value in gw.consume('anybody')]
        self.assertEqual(set(stored), {unescape(frame) for frame in whole})

    def test_parts_are_put_together_and_batches_taken_apart(self):
        settings = {'listeners': 'KAFKA://:9092,JT808://:808',
                    'listener.name.jt808.authentication': 'any',
                    'listener.name.jt808.batch': 'split',
                    'listener.name.jt808.parts.retry.ms': '500'}
        bodies = [bytes([65 + i]) * (700 + i) for i in range(40)]
        with Restartable(settings) as gw, Terminal(gw) as t:
            for i in [*range(30), *range(32, 40)]:
                self.assertEqual(t.ask(MEDIA, 100 + i, bodies[i], (40, i + 1))[2],
                                 struct.pack('>HHB', 100 + i, MEDIA, 0))
            number, _, body = t.answer()
            self.assertEqual((number, body), (MEDIA_ANSWER, b'AAAA' + b'\2\0\x1f\0\x20'))
            self.assertEqual(t.ask(MEDIA, 131, bodies[31], (40, 32))[0], ANSWER)
            number, _, body = t.ask(MEDIA, 130, bodies[30], (40, 31))
            self.assertEqual((number, body), (MEDIA_ANSWER, b'AAAA'))
            self.assertEqual(t.ask(MEDIA, 105, bodies[5], (40, 6))[0], ANSWER)
            reports = [bytes([i]) * 30 for i in range(20)]
            batch = struct.pack('>HB', 20, 0) + b''.join(b'\0\x1e' + r for r in reports)
            self.assertEqual(t.ask(BATCH, 7, batch)[2], struct.pack('>HHB', 7, BATCH, 0))
            picture = struct.pack('>HH6sH', MEDIA, 0, PHONE, 100) + b''.join(bodies)
            self.assertEqual([value for _, _, _, value in gw.consume('vehicles')],
                             [picture] + [message(LOCATION, 7, r) for r in reports])
            self.assertEqual(gw.counters()['frames_joined'], 39)
            self.assertEqual(gw.counters()['parts_asked'], 2)


if __name__ == '__main__':
    unittest.main()
