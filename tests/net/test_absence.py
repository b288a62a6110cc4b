"""test_absence.py - a gateway that was away for seconds does not take it out on its peers."""
import contextlib
import os
import signal
import time
import unittest

import kafka_bytes
import record_bytes
import vehicles
from gateway import Gateway

TIMEOUT_MS, AWAY_S = 1000, 3
SETTINGS = {'penstock.request.stall.timeout.ms': TIMEOUT_MS,
            'listener.name.gbt32960.frame.timeout.ms': TIMEOUT_MS}


class Absence(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(SETTINGS)
        cls.gw.__enter__()
        cls.gw.ctl('topic', 'create', 'absence', '--partitions', '1')

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    @contextlib.contextmanager
    def away(self):
        """As when the machine gives its CPUs to others."""
        before = self.gw.counters()['absences']
        os.kill(self.gw.pid, signal.SIGSTOP)
        try:
            yield
            time.sleep(AWAY_S)
        finally:
            os.kill(self.gw.pid, signal.SIGCONT)
        time.sleep(TIMEOUT_MS / 1000 / 5)
        self.assertGreater(self.gw.counters()['absences'], before)

    def test_half_a_request_that_waited_for_us_is_answered_when_the_rest_comes(self):
        batch = record_bytes.batch(record_bytes.record(0, b'value' * 400), 1)
        request = kafka_bytes.produce('absence', batch)
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(request[:60])
            time.sleep(0.1)
            with self.away():
                pass
            sock.sendall(request[60:])
            self.assertEqual(kafka_bytes.produced(kafka_bytes.answer(sock), 'absence')[0], 0)
        self.assertEqual(self.gw.counters()['sessions_slow'], 0)

    def test_what_was_sent_meanwhile_is_answered_as_if_nothing_had_been(self):
        batch = record_bytes.batch(record_bytes.record(0, b'value' * 400), 1)
        request = kafka_bytes.produce('absence', batch)
        with self.gw.connect('KAFKA') as sock:
            with self.away():
                sock.sendall(request * 3)
            for _ in range(3):
                said = kafka_bytes.produced(kafka_bytes.answer(sock), 'absence')
                self.assertEqual(said[0], 0)

    def test_half_a_vehicles_frame_is_waited_for(self):
        frame = vehicles.login(vehicles.vin(1), 1)
        with self.gw.connect('GBT32960') as sock:
            sock.sendall(frame[:20])
            time.sleep(0.1)
            with self.away():
                pass
            sock.sendall(frame[20:])
            self.assertEqual(sock.recv(2), b'##')
        self.assertEqual(self.gw.counters()['frame_reject_timeout'], 0)
