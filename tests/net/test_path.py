"""test_path.py - what lies between a peer and the gateway: VLANs, source routes, routers,
smaller MTUs."""
import socket
import time
import unittest

import vehicles
from gateway import Gateway
from raw_peer import ACK, MAC, UDP, RawPeer

OURS, OTHER = 7, 8
URGENT = 5 << 13
ROUTER, BEYOND = '10.95.0.254', '192.0.2.9'
FIRST_MAC, SECOND_MAC = bytes.fromhex('0200000000fe'), bytes.fromhex('0200000000fd')
LOOSE_ROUTE = bytes((1, 131, 7, 4)) + socket.inet_aton('10.95.0.8')


class Path:
    """What holds on every kind of port."""

    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway({'penstock.port.vlan': str(OURS), 'penstock.port.gateway': ROUTER},
                         port=cls.port)
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

    def test_a_connection_follows_its_peer_to_another_router(self):
        self.peer.open(32960)
        self.heartbeat()
        self.peer.mac = SECOND_MAC
        self.heartbeat()

    def test_what_was_sent_to_a_dead_router_comes_again_by_the_new_one(self):
        name = vehicles.vin(1)
        answer = vehicles.frame(vehicles.HEARTBEAT, name, b'', vehicles.ANSWER_SUCCESS)
        self.peer.open(32960)
        self.peer.say(vehicles.heartbeat(name))
        time.sleep(0.1)                 # the answer goes to who is no more
        self.peer.mac = SECOND_MAC
        self.peer.segment(ACK, vehicles.heartbeat(name),
                          seq=self.peer.nxt - len(vehicles.heartbeat(name)))
        self.assertEqual(self.peer.hear(len(answer))[0], answer)

    def router(self, mac):
        router = RawPeer(self.gw, ROUTER, mac)
        self.addCleanup(router.close)
        return router

    def test_what_is_for_beyond_the_link_goes_to_the_router_that_is_named(self):
        first = self.router(FIRST_MAC)
        first.answer(10)
        self.peer = peer = RawPeer(self.gw, BEYOND, MAC)
        self.addCleanup(peer.close)
        peer.gateway_mac = first.gateway_mac
        peer.heard_mac = FIRST_MAC      # frames come from one router, and go to the other
        peer.open(32960)
        self.heartbeat()
        second = self.router(SECOND_MAC)
        second.claim()                  # which anybody may say
        self.heartbeat()
        second.answer()                 # the first one is silent: it fails over
        self.counted('router_losses')
        peer.heard_mac = SECOND_MAC
        self.heartbeat()

    def answers_through(self, mtu):
        """Enough heartbeats at once that their answers fill segments."""
        count, name = 150, vehicles.vin(1)     # no more than the first window holds
        answer = vehicles.frame(vehicles.HEARTBEAT, name, b'', vehicles.ANSWER_SUCCESS)
        self.peer.open(32960)
        self.heartbeat()                # a sample of the round trip: timeouts are short
        self.peer.mtu = mtu
        beats = vehicles.heartbeat(name) * count
        for at in range(0, len(beats), 1400):
            self.peer.say(beats[at:at + 1400])
        self.assertEqual(self.peer.hear(count * len(answer), 15)[0], answer * count)

    def test_answers_fit_the_path_that_a_router_tells_of(self):
        self.peer.router_says = True
        self.answers_through(800)
        self.counted('tcp_paths_narrowed')

    def test_answers_pass_a_path_that_swallows_long_segments(self):
        self.answers_through(800)
        self.counted('tcp_paths_narrowed')


class Tap(Path, unittest.TestCase):
    port = 'tap'


class AfPacket(Path, unittest.TestCase):
    port = 'af_packet'
