"""test_path.py - what lies between a peer and the gateway: VLANs and source routes."""
import socket
import unittest

import vehicles
from gateway import Gateway
from raw_peer import UDP, RawPeer

OURS, OTHER = 7, 8
URGENT = 5 << 13
LOOSE_ROUTE = bytes((1, 131, 7, 4)) + socket.inet_aton('10.95.0.8')


class Path:
    """What holds on every kind of port."""

    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway({'penstock.port.vlan': str(OURS)}, port=cls.port)
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def setUp(self):
        self.peer = RawPeer(self.gw)
        self.addCleanup(self.peer.close)
        self.before = self.gw.counters()

    def heartbeat(self):
        """A vehicle is answered over the peer's connection; the VIDs of the answer."""
        name = vehicles.vin(1)
        answer = vehicles.frame(vehicles.HEARTBEAT, name, b'', vehicles.ANSWER_SUCCESS)
        self.peer.say(vehicles.heartbeat(name))
        heard, vids = self.peer.hear(len(answer))
        self.assertEqual(heard, answer)
        return vids

    def counted(self, counter):
        self.gw.wait_for(counter, lambda c: c[counter] > self.before[counter])

    def test_a_peer_in_our_vlan_is_served_with_its_tag(self):
        self.peer.vlan = OURS
        self.assertEqual(self.peer.resolve(), OURS)
        self.assertEqual(self.peer.open(32960), OURS)
        self.assertEqual(self.heartbeat(), {OURS})

    def test_a_peer_that_tags_by_priority_alone_is_served_without(self):
        self.peer.vlan = URGENT
        self.assertEqual(self.peer.resolve(), None)
        self.assertEqual(self.peer.open(32960), None)
        self.assertEqual(self.heartbeat(), {None})

    def test_frames_of_another_vlan_are_dropped_and_counted(self):
        self.peer.resolve()
        self.peer.vlan = OTHER
        self.assertRaises(AssertionError, self.peer.open, 32960, seconds=0.5)
        self.counted('packet_drop_vlan')

    def test_packets_that_say_which_way_they_go_are_dropped_and_counted(self):
        self.peer.packet(UDP, self.peer.datagram(5140, b'lost'), options=LOOSE_ROUTE)
        self.counted('packet_drop_source_route')
        self.assertEqual(self.gw.counters()['records_stored'], self.before['records_stored'])


class Tap(Path, unittest.TestCase):
    port = 'tap'


class AfPacket(Path, unittest.TestCase):
    port = 'af_packet'
