"""test_datagrams.py - UDP datagrams in, one record each out."""
import socket
import unittest

from gateway import Gateway

COUNT = 1000


class Datagrams(unittest.TestCase):
    def send(self, gw, payloads):
        with gw.socket(kind=socket.SOCK_DGRAM) as sock:
            sock.connect(gw.address('UDP'))
            own = sock.getsockname()
            for payload in payloads:
                sock.send(payload)
        return own

    def test_each_datagram_is_one_record_in_order(self):
        payloads = [b'<%d>sensor reading %d' % (i % 192, i) for i in range(COUNT)]
        with Gateway() as gw:
            # The first one alone: Linux keeps what it sends while it asks for our MAC, and with the
            # answer lets a later datagram overtake those it kept.
            for i, j in [(0, 1)] + [(i, i + 50) for i in range(1, COUNT, 50)]:
                self.send(gw, payloads[i:j])
                gw.wait_for('stored', lambda c: c['records_stored'] >= len(payloads[:j]))
            records = gw.consume('datagrams')
        self.assertEqual([value for _, _, _, value in records], payloads)
        self.assertEqual({key for _, _, key, _ in records}, {None})

    def test_a_burst_is_stored_or_counted_as_shed(self):
        with Gateway() as gw:
            self.send(gw, [bytes(1400)] * 20000)
            counters = gw.wait_for('every datagram has an end', lambda c:
                                   c['records_stored'] + c['packet_drop_udp_shed']
                                   + c['frame_drop_shed'] > 0)
            self.assertGreater(counters['records_stored'], 0)
            last = -1
            while counters['records_stored'] != last:   # until nothing moves any more
                last = counters['records_stored']
                counters = gw.counters()
            stored = len(gw.consume('datagrams'))
            self.assertEqual(stored, gw.counters()['records_stored'])

    def test_the_key_can_be_the_senders_address(self):
        with Gateway({'listener.name.udp.key': 'address'}) as gw:
            own = self.send(gw, [b'hello'])
            gw.wait_for('stored', lambda c: c['records_stored'] == 1)
            (_, _, key, value), = gw.consume('datagrams')
        self.assertEqual(value, b'hello')
        self.assertIn(own[0].encode(), key)
