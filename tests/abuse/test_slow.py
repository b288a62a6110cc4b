"""test_slow.py - peers who are slow, or stop: at connecting, asking, finishing and reading."""
import contextlib
import random
import socket
import struct
import time

import kafka_bytes
import vehicles
from honest import Beside

MANY = 200
PROTOCOLS = ('KAFKA', 'GBT32960')


class Slow(Beside):
    @contextlib.contextmanager
    def attackers(self, count, *listeners):
        """So many connections to each listener, closed at the end."""
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self.gw.connect(listener))
                   for listener in listeners for _ in range(count)]

    def drip(self, socks, message, pause=0.02):
        """A byte to each, again and again, for a second or so; never all of it."""
        end = time.monotonic() + 1.5
        for byte in message[:-1]:
            for sock in socks:
                sock.sendall(bytes([byte]))
            time.sleep(pause)
            if time.monotonic() > end:
                return

    def test_connections_that_never_send_hold_nobody_up(self):
        with self.undisturbed(), self.attackers(MANY, *PROTOCOLS):
            time.sleep(1)

    def test_a_kafka_header_byte_by_byte_holds_nobody_up(self):
        with self.undisturbed(), self.attackers(MANY // 2, 'KAFKA') as socks:
            self.drip(socks, kafka_bytes.metadata(['honest']))

    def test_a_vehicles_frame_byte_by_byte_holds_nobody_up(self):
        with self.undisturbed(), self.attackers(MANY // 2, 'GBT32960') as socks:
            self.drip(socks, vehicles.login(vehicles.vin(9), 1))

    def test_half_a_request_and_no_more_holds_nobody_up(self):
        half = kafka_bytes.metadata(['a-name-that-is-never-whole'] * 30)[:-100]
        with self.undisturbed(), self.attackers(MANY, 'KAFKA') as socks:
            for sock in socks:
                sock.sendall(half)
            time.sleep(1)

    def test_half_a_request_and_then_a_fin_is_closed(self):
        half = kafka_bytes.metadata(['honest'])[:-3]
        with self.undisturbed(), self.attackers(MANY // 4, *PROTOCOLS) as socks:
            for sock in socks:
                sock.sendall(half)
                sock.shutdown(socket.SHUT_WR)
            for sock in socks:
                self.assertEqual(sock.recv(1), b'')

    def test_ten_thousand_requests_whose_answers_are_not_read_cost_nobody_else(self):
        with self.undisturbed(), self.attackers(4, 'KAFKA') as socks:
            requests = kafka_bytes.api_versions() * 100
            for sock in socks:
                sock.settimeout(0.2)
            for _ in range(100):
                for sock in socks:
                    with contextlib.suppress(OSError):
                        sock.sendall(requests)

    def test_ten_thousand_frames_whose_answers_are_not_read_cost_nobody_else(self):
        with self.undisturbed(), self.attackers(4, 'GBT32960') as socks:
            frames = vehicles.heartbeat(vehicles.vin(9)) * 100
            for sock in socks:
                sock.settimeout(0.2)
            for _ in range(100):
                for sock in socks:
                    with contextlib.suppress(OSError):
                        sock.sendall(frames)

    def test_a_request_cut_at_every_byte_is_answered(self):
        request = kafka_bytes.metadata(['honest'])
        with self.undisturbed(), self.gw.connect('KAFKA') as sock:
            for at in range(1, len(request)):
                sock.sendall(request[:at])
                time.sleep(0.002)
                sock.sendall(request[at:])
                self.assertIn(b'honest', kafka_bytes.answer(sock))

    def test_requests_that_share_a_correlation_id_are_answered_in_order(self):
        with self.undisturbed(), self.gw.connect('KAFKA') as sock:
            for _ in range(200):
                sock.sendall(kafka_bytes.api_versions() + kafka_bytes.metadata(['honest']))
            for _ in range(200):
                self.assertNotIn(b'honest', kafka_bytes.answer(sock))
                self.assertIn(b'honest', kafka_bytes.answer(sock))

    def test_connections_come_and_go_as_fast_as_they_can(self):
        draw = random.Random(1)
        with self.undisturbed():
            end = time.monotonic() + 2
            while time.monotonic() < end:
                with self.gw.connect(draw.choice(PROTOCOLS)) as sock:
                    if draw.randrange(2):   # a reset instead of a FIN
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                        struct.pack('ii', 1, 0))
