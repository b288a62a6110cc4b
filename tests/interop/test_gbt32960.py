"""test_gbt32960.py - T-Box frames over real TCP: whole, cut anywhere, concatenated, broken."""
import collections
import json
import time
import unittest

import vehicles
from gateway import Gateway

GARBAGE = b'this is no frame at all'
FRAME_ENDS = ('frame_reject_garbage', 'frame_reject_bcc', 'frame_reject_too_long',
              'frame_reject_timeout', 'frame_reject_truncated', 'frame_reject_edition',
              'frame_drop_connection')


def key_of(frame):
    return frame[4:21]


class Gbt32960(unittest.TestCase):
    """One gateway; each test looks at what its own frames added."""

    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway({'listener.name.gbt32960.frame.timeout.ms': '1000',
                          'listener.name.gbt32960.frame.max.bytes': '4096'})
        cls.gw.__enter__()
        cls.frames = [data for _, _, data in vehicles.vectors('2016')]

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def setUp(self):
        self.before = self.gw.counters()
        self.stored_before = collections.Counter(self.records())

    def records(self):
        return [(key, value) for _, _, key, value in self.gw.consume('vehicles')]

    def added(self, counters, name):
        return counters[name] - self.before[name]

    def expect(self, frames, **rejected):
        """Exactly these frames are stored, and so many rejected for each reason."""
        total = len(frames)

        def settled(c):
            return (self.added(c, 'records_stored') >= total
                    and all(self.added(c, n) >= count for n, count in rejected.items()))
        counters = self.gw.wait_for('frames stored and rejected', settled, 60)
        self.assertEqual(self.added(counters, 'records_stored'), total)
        for name in FRAME_ENDS:
            self.assertEqual(self.added(counters, name), rejected.get(name, 0), name)
        stored = collections.Counter(self.records()) - self.stored_before
        self.assertEqual(stored, collections.Counter((key_of(f), f) for f in frames))

    def send(self, *pieces, pause=0.0):
        """Each piece as a segment of its own; then the end of the stream."""
        with self.gw.connect('GBT32960') as sock:
            for piece in pieces:
                sock.sendall(piece)
                if pause:
                    time.sleep(pause)
            self.drain(sock)

    @staticmethod
    def drain(sock):
        """Ends our side and reads to the end of the other."""
        sock.shutdown(1)
        answers = b''
        while True:
            data = sock.recv(65536)
            if not data:
                return answers
            answers += data

    def test_every_frame_whole_is_stored_under_its_vin(self):
        for frame in self.frames:
            self.send(frame)
        self.expect(self.frames)

    def test_every_frame_concatenated_in_one_stream(self):
        self.send(b''.join(self.frames))
        self.expect(self.frames)

    def test_every_frame_cut_at_every_byte(self):
        with self.gw.connect('GBT32960') as sock:
            for frame in self.frames:
                for cut in range(1, len(frame)):
                    sock.sendall(frame[:cut])
                    sock.sendall(frame[cut:])
            self.drain(sock)
        self.expect([frame for frame in self.frames for _ in range(1, len(frame))])

    def test_every_frame_byte_by_byte(self):
        for frame in self.frames[:8]:
            self.send(*(bytes([byte]) for byte in frame))
        self.expect(self.frames[:8])

    def test_a_wrong_bcc_is_counted_and_the_connection_survives(self):
        good = self.frames[0]
        bad = good[:-1] + bytes([good[-1] ^ 0x55])
        self.send(bad + good)
        self.expect([good], frame_reject_bcc=1)

    def test_garbage_between_frames_counts_once_per_run(self):
        first, second = self.frames[0], self.frames[1]
        self.send(GARBAGE + first + GARBAGE + GARBAGE + second)
        self.expect([first, second], frame_reject_garbage=2)

    def test_frames_of_the_2025_edition_are_stored_beside_those_of_2016(self):
        newer = [data for _, _, data in vehicles.vectors('2025')]
        mixed = [frame for pair in zip(newer, self.frames) for frame in pair]
        self.send(b''.join(mixed))
        self.expect(mixed)

    def test_a_frame_that_never_ends_is_given_up_after_the_timeout(self):
        good = self.frames[1]
        with self.gw.connect('GBT32960') as sock:
            sock.sendall(good[:30])
            time.sleep(2)
            sock.sendall(good)
            self.drain(sock)
        self.expect([good], frame_reject_timeout=1)

    def test_a_frame_cut_off_by_the_end_of_the_stream(self):
        self.send(self.frames[1][:-1])
        self.expect([], frame_reject_truncated=1)

    def test_a_frame_declared_too_long_is_not_waited_for(self):
        huge = vehicles.frame(vehicles.REPORT, vehicles.vin(1), bytes(5000))
        good = self.frames[1]
        self.send(huge[:24] + good)
        self.expect([good], frame_reject_too_long=1)

    def test_login_and_heartbeat_are_answered_good_reports_are_not(self):
        name = vehicles.vin(4711)
        sample = vehicles.report_samples()[0]
        frames = [vehicles.login(name, 1), vehicles.report(name, sample),
                  vehicles.heartbeat(name)]
        with self.gw.connect('GBT32960') as sock:
            sock.sendall(b''.join(frames))
            answers = bytearray(self.drain(sock))
        self.assertEqual(vehicles.take_frame(answers), vehicles.frame(
            vehicles.LOGIN, name, frames[0][24:30], vehicles.ANSWER_SUCCESS))
        self.assertEqual(vehicles.take_frame(answers), vehicles.frame(
            vehicles.HEARTBEAT, name, b'', vehicles.ANSWER_SUCCESS))
        self.assertEqual(answers, b'')
        self.expect(frames)

    def test_the_last_bad_frames_are_kept_for_the_operator(self):
        bad = self.frames[2][:-1] + bytes([self.frames[2][-1] ^ 1])
        self.send(bad)
        self.expect([], frame_reject_bcc=1)
        with self.gw.socket(1) as control:
            control.connect(self.gw.env['PENSTOCK_SOCKET'])
            control.sendall(b'{"jsonrpc":"2.0","id":1,"method":"frames.bad"}\n')
            answer = json.loads(control.makefile().readline())
        self.assertIn(bad.hex(), json.dumps(answer).lower())


class PlatformLink(unittest.TestCase):
    def test_reports_of_a_platform_link_are_answered(self):
        name = vehicles.vin(7)
        frame = vehicles.report(name, vehicles.report_samples()[0])
        with Gateway({'listener.name.gbt32960.link': 'platform'}) as gw:
            with gw.connect('GBT32960') as sock:
                sock.sendall(frame)
                answer = Gbt32960.drain(sock)
        self.assertEqual(answer, vehicles.frame(vehicles.REPORT, name, frame[24:30],
                                                vehicles.ANSWER_SUCCESS))


class OneEdition(unittest.TestCase):
    def test_a_listener_of_2016_counts_frames_of_2025_and_stores_none(self):
        newer = [data for _, _, data in vehicles.vectors('2025')]
        older = vehicles.heartbeat(vehicles.vin(8))
        with Gateway({'listener.name.gbt32960.editions': '2016'}) as gw:
            with gw.connect('GBT32960') as sock:
                sock.sendall(b''.join(newer) + older)
                answer = Gbt32960.drain(sock)
            counters = gw.counters()
            stored = [value for _, _, _, value in gw.consume('vehicles')]
        self.assertEqual(answer[:4], bytes([0x23, 0x23, 0x07, 0x01]))
        self.assertEqual(counters['frame_reject_edition'], len(newer))
        self.assertEqual(stored, [older])
