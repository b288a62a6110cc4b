"""test_packets.py - storms and nonsense on the wire: Ethernet, ARP, IP, ICMP, UDP and TCP."""
import contextlib
import random
import struct
import time

import packets
import vehicles
from honest import Beside
from packets import ACK, ARP, FIN, ICMP, PSH, RST, SYN, TCP, UDP, URG

STORM = 20_000
ANSWER_BYTES = len(vehicles.frame(vehicles.HEARTBEAT, vehicles.vin(1), b'',
                                  vehicles.ANSWER_SUCCESS))


class Packets(Beside):
    def setUp(self):
        self.link = packets.Link(self.gw)
        self.addCleanup(self.link.close)
        self.port = self.link.port('GBT32960')

    def storm(self, frames, **ends):
        """Sends them; each counter named has grown by so much at least."""
        frames, before = list(frames), self.gw.counters()
        with self.undisturbed():
            self.link.send(frames)
        for name, least in ends.items():
            self.gw.wait_for(name, lambda c, n=name, least=least: c[n] - before[n] >= least)

    def heartbeats_are_answered(self, peer):
        peer.send(vehicles.heartbeat(vehicles.vin(1)))
        self.assertEqual(len(peer.receive(5, ANSWER_BYTES)), ANSWER_BYTES)

    def peer(self, **options):
        peer = packets.Peer(self.link, self.port, **options)
        peer.__enter__()
        self.addCleanup(peer.__exit__, None, None, None)
        peer.connect()
        return peer

    # ---- TCP -------------------------------------------------------------------------------

    def test_resets_of_connections_that_there_are_not(self):
        self.storm(self.link.from_strangers(STORM, self.port, flags=RST),
                   packet_drop_no_listener=STORM // 2)

    def test_acknowledgements_of_connections_that_there_are_not(self):
        self.storm(self.link.from_strangers(STORM, self.port, flags=ACK),
                   packet_drop_no_listener=STORM // 2)

    def test_data_for_connections_that_there_are_not(self):
        self.storm(self.link.from_strangers(STORM // 2, self.port, flags=ACK | PSH,
                                            payload=bytes(1000)),
                   packet_drop_no_listener=STORM // 4)

    def test_synacks_and_fins_of_connections_that_there_are_not(self):
        self.storm([*self.link.from_strangers(STORM // 2, self.port, flags=SYN | ACK),
                    *self.link.from_strangers(STORM // 2, self.port, flags=FIN)])

    def test_flags_that_no_segment_has(self):
        kinds = (0, SYN | FIN, SYN | RST, FIN | URG | PSH, 0x3f, 0xff, SYN | FIN | RST | ACK)
        self.storm(frame for flags in kinds
                   for frame in self.link.from_strangers(2000, self.port, flags=flags))

    def test_ports_that_nobody_listens_on(self):
        self.storm((self.link.ether(packets.tcp(self.link.stranger(), 2000, self.link.gateway,
                                                1 + self.link.draw(12), self.link.draw(32),
                                                flags=SYN)) for _ in range(STORM)),
                   packet_drop_no_listener=STORM // 4)

    def test_checksums_that_are_wrong(self):
        self.storm(self.link.from_strangers(STORM, self.port, flags=SYN, checksum_xor=1),
                   packet_drop_l4_checksum=STORM // 2)

    def test_headers_and_options_that_reach_beyond_their_segment(self):
        frames = []
        for words in (0, 1, 4, 6, 15):
            frames += self.link.from_strangers(1000, self.port, flags=SYN, words=words)
        for options in (b'\x02\x00\0\0', b'\x02\x01\0\0', b'\x02\xff\0\0', b'\x08\x0a\0\0',
                        b'\x03\x03\xff\0', b'\x05\xfe' + bytes(38), b'\xfd\x02' * 20):
            frames += self.link.from_strangers(1000, self.port, flags=SYN, options=options)
        self.storm(frames)

    def test_a_gateway_that_seems_to_talk_to_itself(self):
        us = self.link.gateway
        self.storm(self.link.ether(packets.tcp(us, self.port, us, self.port, i, 0, flags))
                   for flags in (SYN, ACK, RST) for i in range(2000))

    def test_handshakes_that_end_and_then_nothing(self):
        with self.undisturbed():
            for _ in range(100):
                self.peer()
            time.sleep(0.5)

    def test_handshakes_that_are_reset_at_once(self):
        with self.undisturbed():
            for _ in range(100):
                with packets.Peer(self.link, self.port) as peer:
                    peer.connect()

    def test_syns_and_resets_on_an_open_connection_change_nothing(self):
        peer = self.peer()
        frames = [peer.packet(flags, ahead) for flags in (SYN, RST)
                  for ahead in (1, 100, 60000, 1 << 20, 1 << 31) for _ in range(1000)]
        with self.undisturbed():
            self.link.send(frames)
        peer.receive(0.5, 1 << 20)
        self.heartbeats_are_answered(peer)

    def test_a_zero_window_and_answers_that_are_owed(self):
        peers = [self.peer(window=0) for _ in range(20)]
        with self.undisturbed():
            for _ in range(20):
                for peer in peers:
                    peer.send(vehicles.heartbeat(vehicles.vin(1)))
                time.sleep(0.05)
        peers[0].window = 65535
        peers[0].put(ACK)
        self.assertGreater(len(peers[0].receive(5, 20 * ANSWER_BYTES)), 0)

    def test_a_window_that_opens_and_shuts_byte_by_byte(self):
        peer = self.peer(window=1)
        with self.undisturbed():
            for i in range(200):
                peer.window = i % 3
                peer.send(vehicles.heartbeat(vehicles.vin(1)))
                time.sleep(0.005)

    def test_the_smallest_segment_size_that_can_be_named(self):
        peers = [self.peer(options=b'\x02\x04' + struct.pack('>H', mss)) for mss in (0, 1, 48)]
        with self.undisturbed():
            for peer in peers:
                for _ in range(100):
                    peer.send(vehicles.heartbeat(vehicles.vin(1)))

    def test_segments_in_any_order_twice_and_overlapping_are_read_once(self):
        frame = vehicles.heartbeat(vehicles.vin(1))
        draw, count = random.Random(1), 40
        with self.undisturbed():
            for _ in range(10):
                peer, stream = self.peer(), frame * count
                pieces = [(at, min(at + draw.randrange(17, 90), len(stream)))
                          for at in range(0, len(stream), 17)] * 2
                peer.seq += len(stream)
                answers, due = 0, count * ANSWER_BYTES
                for _ in range(20):  # of tiny pieces that adjoin nothing a few are kept
                    draw.shuffle(pieces)
                    for begin, end in pieces:
                        peer.put(ACK | PSH, begin - len(stream), stream[begin:end])
                    answers += len(peer.receive(0.5, due - answers))
                    if answers >= due:
                        break
                self.assertEqual(answers, due)

    def test_segments_beyond_the_window_are_kept_by_nobody(self):
        peer = self.peer()
        frames = [peer.packet(ACK | PSH, ahead, bytes(1000))
                  for ahead in (1 << 20, 1 << 24, 1 << 31, -100_000) for _ in range(2000)]
        self.storm(frames)
        self.heartbeats_are_answered(peer)

    def test_acknowledgements_of_what_was_never_sent(self):
        peer = self.peer()
        true = peer.ack
        with self.undisturbed():
            for ahead in (1, 1000, 1 << 20, 1 << 31):
                peer.ack = true + ahead & 0xffffffff
                for _ in range(500):
                    peer.put(ACK)
        peer.ack = true
        self.heartbeats_are_answered(peer)

    def test_urgent_data_stays_in_its_place(self):
        peer = self.peer()
        with self.undisturbed():
            peer.send(vehicles.heartbeat(vehicles.vin(1)), urgent=65535, window=65535)
            self.assertEqual(len(peer.receive(5, ANSWER_BYTES)), ANSWER_BYTES)
            for urgent in (0, 1, 65535):
                peer.put(ACK | URG, urgent=urgent)

    # ---- below -----------------------------------------------------------------------------

    def test_ip_headers_that_lie(self):
        us, l4 = self.link.gateway, bytes(40)
        lies = ({'version': 6}, {'version': 0}, {'size': 0}, {'size': 19}, {'size': 65535},
                {'options': bytes(40)}, {'checksum_xor': 1}, {'ttl': 0},
                {'options': b'\x83\xff\x04\0'}, {'options': b'\x07\x01\0\0'})
        self.storm(self.link.ether(packets.ipv4(self.link.stranger(), us, protocol, l4, **lie))
                   for lie in lies for protocol in (TCP, UDP, ICMP, 0, 41, 255)
                   for _ in range(300))

    def test_sources_that_nobody_can_have(self):
        sources = (b'\xff' * 4, b'\xe0\0\0\1', bytes(4), b'\x7f\0\0\1', self.link.gateway)
        self.storm(self.link.ether(packets.tcp(source, 2000, self.link.gateway, self.port, i,
                                               flags=SYN))
                   for source in sources for i in range(1000))

    def test_frames_that_are_too_short_or_of_no_protocol(self):
        kinds = [self.link.ether(bytes(size), kind) for size in (0, 1, 19, 45)
                 for kind in (0x0800, ARP, 0x86dd, 0, 5, 0x8100, 0x88cc, 0xffff)]
        self.storm(kinds * 300)

    def test_pings_by_the_thousand_are_answered_within_their_rate(self):
        self.storm((self.link.ether(packets.icmp(self.link.stranger(), self.link.gateway, 8,
                                                 payload=bytes(56))) for _ in range(STORM)),
                   packet_drop_icmp=STORM // 2)

    def test_icmp_of_every_kind(self):
        quoted = packets.tcp(self.link.gateway, self.port, self.link.client, 40000)[:28]
        self.storm(self.link.ether(packets.icmp(self.link.client, self.link.gateway, kind, code,
                                                payload=quoted))
                   for kind in range(0, 44) if kind != 8 for code in range(16)
                   for _ in range(10))

    def test_arp_that_asks_nothing_or_claims_to_be_us(self):
        us, mac = self.link.gateway, packets.NOBODYS_MAC

        def arp(op, sender, target, lengths=(6, 4)):
            return struct.pack('>HHBBH6s4s6s4s', 1, 0x0800, *lengths, op, mac, sender, b'', target)
        kinds = [arp(2, us, self.link.client), arp(1, us, us), arp(2, self.link.client, us),
                 arp(3, self.link.client, us), arp(1, self.link.client, us, (0, 255)),
                 arp(1, self.link.stranger(), us)]
        self.storm([self.link.ether(packet, ARP, target=packets.BROADCAST)
                    for packet in kinds] * 1000)

    def test_datagrams_that_lie_or_come_in_floods(self):
        us, port = self.link.gateway, self.link.port('UDP')
        self.storm([*(self.link.ether(packets.udp(self.link.stranger(), 1, us, port, b'x' * 50,
                                                  size=size))
                      for size in (0, 7, 8, 59, 65535) for _ in range(1000)),
                    *(self.link.ether(packets.udp(self.link.stranger(), 1, us, port, b'x' * 50,
                                                  checksum_xor=1)) for _ in range(1000)),
                    *(self.link.ether(packets.udp(self.link.stranger(), 1, us, port, b''))
                      for _ in range(1000)),
                    *(self.link.ether(packets.udp(self.link.stranger(), 1, us, port, bytes(200)))
                      for _ in range(STORM))])

    def test_frames_of_random_bytes(self):
        draw = random.Random(1)
        with contextlib.suppress(OSError):
            self.storm(self.link.ether(draw.randbytes(draw.randrange(1500)),
                                       draw.choice((0x0800, ARP, 0x86dd)))
                       for _ in range(STORM // 4))
