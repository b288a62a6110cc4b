"""test_fragments.py - fragments that are never whole, beside a sender of large datagrams."""
import os
import socket
import struct
import threading
import time

import packets
from honest import Beside

FLOOD, PER_SECOND = 40_000, 20_000
DATAGRAMS, PAUSE_S = 60, 0.03
PAYLOAD_MAX = 65507
FRAGMENT_BYTES = 600


class Fragments(Beside):
    def setUp(self):
        self.link = packets.Link(self.gw)
        self.addCleanup(self.link.close)
        self.sock = self.gw.socket(kind=socket.SOCK_DGRAM)
        self.addCleanup(self.sock.close)
        self.sock.connect(self.gw.address('UDP'))

    def first_bytes(self):
        """Of a datagram to our port that claims to be long."""
        head = struct.pack('>HHHH', 999, self.link.port('UDP'), 30000, 0)
        return head + bytes(FRAGMENT_BYTES - len(head))

    def put(self, source, ident, offset, payload, **fields):
        return self.link.ether(packets.fragment(source, self.link.gateway, ident, offset,
                                                payload, **fields))

    def neighbour(self):
        """An address beside the honest sender's."""
        return self.link.client[:3] + bytes([100 + self.link.random.randrange(100)])

    def beside(self, frames):
        """Sends `frames` while an honest sender sends large datagrams; the counters' growth. All
        of his are stored."""
        payloads = [os.urandom(PAYLOAD_MAX) for _ in range(DATAGRAMS)]
        frames = list(frames)
        known = len(self.gw.consume('datagrams'))

        def send():
            for payload in payloads:
                self.sock.send(payload)
                time.sleep(PAUSE_S)
        before = self.gw.counters()
        with self.undisturbed():
            sender = threading.Thread(target=send)
            sender.start()
            self.link.send(frames, PER_SECOND)
            sender.join()
        self.gw.wait_for('every datagram stored', lambda c: c['packets_joined'] > 0
                         and c['frames_received'] >= before['frames_received'] + DATAGRAMS)
        time.sleep(0.2)
        stored = [value for _, _, _, value in self.gw.consume('datagrams')][known:]
        self.assertEqual(len(set(payloads) & set(stored)), DATAGRAMS)
        after = self.gw.counters()
        return {name: after[name] - before[name] for name in after}

    def test_fragments_of_many_hosts_that_are_never_whole_cost_nobody_a_datagram(self):
        grown = self.beside(self.put(self.link.stranger(), self.link.draw(16), 0,
                                     self.first_bytes()) for _ in range(FLOOD))
        self.assertGreater(grown['frame_drop_fragments_room'], FLOOD / 2)

    def test_fragments_of_a_neighbour_that_are_never_whole_cost_nobody_a_datagram(self):
        grown = self.beside(self.put(self.neighbour(), self.link.draw(16),
                                     8 * self.link.random.randrange(8000), bytes(FRAGMENT_BYTES))
                            for _ in range(FLOOD))
        self.assertGreater(grown['frame_drop_fragments_room'], FLOOD / 4)

    def test_fragments_that_overlap_cost_nobody_a_datagram(self):
        frames = []
        for number in range(FLOOD // 4):
            source = self.link.stranger()
            frames += [self.put(source, number % 65536, offset, self.first_bytes())
                       for offset in (0, 8, 592, 1192)]
        grown = self.beside(frames)
        self.assertGreater(grown['frame_reject_fragments'], FLOOD / 8)
        self.assertGreater(grown['packet_drop_fragment_overlap'], FLOOD / 4)

    def test_tiny_fragments_and_those_of_segments_cost_nobody_a_datagram(self):
        grown = self.beside(
            self.put(self.link.stranger(), number % 65536, 8 * (number % 8000), bytes(8),
                     protocol=packets.UDP if number % 2 else packets.TCP)
            for number in range(FLOOD))
        self.assertGreater(grown['packet_drop_fragment_tiny'], FLOOD / 4)
        self.assertGreater(grown['packet_drop_ip_fragment'], FLOOD / 4)
