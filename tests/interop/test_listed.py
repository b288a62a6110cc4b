"""test_listed.py - listeners with a list: who is on it is taken, and who comes onto it when it is
read again."""
import os
import signal
import tempfile
import time
import unittest

import vehicles
from gateway import Gateway

ANSWER_ERROR = 0x02
KNOWN, NEXT = vehicles.vin(1), vehicles.vin(2)


class Listed(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, 'vins')
        self.write(KNOWN)

    def tearDown(self):
        self.directory.cleanup()

    def write(self, *vins):
        with open(self.path, 'wb') as file:
            file.write(b'# the fleet\n' + b''.join(vin + b'\n' for vin in vins))

    @staticmethod
    def login(sock, vin, serial):
        """The flag that it is answered with."""
        received = bytearray()
        sock.sendall(vehicles.login(vin, serial))
        while True:
            received += sock.recv(65536)
            if answer := vehicles.take_frame(received):
                return answer[3]

    def wait_taken(self, sock, vin):
        """Pollers have the new list within a turn; control within some."""
        deadline = time.monotonic() + 10
        serial = 0
        while self.login(sock, vin, serial := serial + 1) != vehicles.ANSWER_SUCCESS:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_list_is_obeyed_and_read_again_by_command_and_by_signal(self):
        with Gateway({'listener.name.gbt32960.auth': f'list:{self.path}'}) as gw:
            with gw.connect('GBT32960') as sock:
                self.assertEqual(self.login(sock, KNOWN, 1), vehicles.ANSWER_SUCCESS)
                self.assertEqual(self.login(sock, NEXT, 1), ANSWER_ERROR)
                self.write(KNOWN, NEXT)
                self.assertIn(b'2 vehicles', gw.ctl('listener', 'reload').stdout)
                self.wait_taken(sock, NEXT)
                self.write(NEXT)
                os.kill(gw.pid, signal.SIGHUP)
                deadline = time.monotonic() + 10
                while self.login(sock, KNOWN, 2) == vehicles.ANSWER_SUCCESS:
                    self.assertLess(time.monotonic(), deadline)
                self.write(NEXT, b'no VIN')
                refused = gw.run(['penstockctl', 'listener', 'reload'], check=False)
                self.assertIn(b'expected one name', refused.stderr)
                self.assertEqual(self.login(sock, NEXT, 9), vehicles.ANSWER_SUCCESS)
            stored = [key for _, _, key, _ in gw.consume('vehicles')]
            counters = gw.wait_for('all are counted',
                                   lambda c: c['records_stored'] == len(stored))
            bad = gw.ctl('frames', 'bad').stdout
        self.assertGreaterEqual(counters['frame_reject_identity'], 2)
        self.assertIn(b'frame_reject_identity', bad)

    def test_a_start_with_a_list_that_is_not_right_says_which_line(self):
        self.write(KNOWN, b'123')
        with self.assertRaisesRegex(AssertionError, f'{self.path}:3: expected a VIN'):
            with Gateway({'listener.name.gbt32960.auth': f'list:{self.path}'}):
                pass
