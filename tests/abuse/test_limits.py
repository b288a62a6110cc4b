"""test_limits.py - one host opens all the connections it is let: Kafka's limits hold it."""
import socket
import time
import unittest

import vehicles
from gateway import Gateway

MANY = 8
CLIENTS = '10.95.0.2'   # of the clients' namespace
LOOK_S = 1.5            # control looks once a second for what to say


def asks(sock, number):
    """A vehicle says that it lives, and is answered."""
    name = vehicles.vin(number)
    sock.sendall(vehicles.heartbeat(name))
    answer = vehicles.frame(vehicles.HEARTBEAT, name, b'', vehicles.ANSWER_SUCCESS)
    got = b''
    while len(got) < len(answer):
        piece = sock.recv(len(answer) - len(got))
        if not piece:
            raise AssertionError('closed')
        got += piece
    return got == answer


class Limits(unittest.TestCase):
    def test_an_address_that_has_all_it_may_is_refused_at_once(self):
        with Gateway({'max.connections.per.ip': MANY}) as gw:
            held = [gw.connect('GBT32960') for _ in range(MANY)]
            for number, sock in enumerate(held):
                self.assertTrue(asks(sock, number + 1))
            for _ in range(5):
                with self.assertRaises(ConnectionRefusedError):
                    gw.connect('KAFKA')
            gw.wait_for('five are counted', lambda c: c['packet_drop_tcp_per_ip'] == 5)
            held.pop().close()
            gw.wait_for('one has ended', lambda c: c['tcp_connections'] == MANY - 1)
            held.append(gw.connect('GBT32960'))
            self.assertTrue(asks(held[-1], MANY))
            for sock in held:
                sock.close()
            time.sleep(LOOK_S)
        self.assertIn('5 of an address that has all it may', gw.errors)

    def test_a_listener_that_is_full_leaves_the_others_alone(self):
        with Gateway({'listener.name.gbt32960.max.connections': MANY}) as gw:
            held = [gw.connect('GBT32960') for _ in range(MANY)]
            with self.assertRaises(socket.timeout):
                gw.connect('GBT32960', timeout=0.5)
            gw.connect('KAFKA').close()
            held.pop().close()
            held.append(gw.connect('GBT32960'))
            for number, sock in enumerate(held):
                self.assertTrue(asks(sock, number + 1))
                sock.close()
            self.assertGreater(gw.counters()['packet_drop_tcp_connections'], 0)
        self.assertIn('newcomers found no connection', gw.errors)

    def test_an_override_lifts_it_for_one_address(self):
        with Gateway({'max.connections.per.ip': 0,
                      'max.connections.per.ip.overrides': f'{CLIENTS}:1'}) as gw:
            sock = gw.connect('GBT32960')
            self.assertEqual(sock.getsockname()[0], CLIENTS)
            self.assertTrue(asks(sock, 1))
            with self.assertRaises(ConnectionRefusedError):
                gw.connect('KAFKA')
            sock.close()
