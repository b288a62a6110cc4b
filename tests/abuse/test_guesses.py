"""test_guesses.py - peers who guess, off the path, and one who makes acknowledgements up."""
import time

import kafka_bytes
import packets
import vehicles
from honest import Beside
from packets import ACK, FIN, PSH, RST, SYN

SCALED = packets.MSS_1460 + b'\x01\x03\x03\x07'     # windows of up to 8 MiB
INITIAL_WINDOW = 10 * 1460
ANSWER_BYTES = len(vehicles.frame(vehicles.HEARTBEAT, vehicles.vin(1), b'',
                                  vehicles.ANSWER_SUCCESS))


class Guesses(Beside):
    def setUp(self):
        self.link = packets.Link(self.gw)
        self.addCleanup(self.link.close)

    def peer(self, listener, **options):
        peer = packets.Peer(self.link, self.link.port(listener), **options)
        peer.__enter__()
        self.addCleanup(peer.__exit__, None, None, None)
        peer.connect()
        return peer

    def lives(self, peer):
        peer.send(vehicles.heartbeat(vehicles.vin(1)))
        self.assertEqual(len(peer.receive(5, ANSWER_BYTES)), ANSWER_BYTES)

    def test_blind_syns_and_resets_do_not_end_a_connection_that_is_idle(self):
        peer = self.peer('GBT32960')
        self.lives(peer)
        probes = 0
        with self.undisturbed():
            for _ in range(9):
                for _ in range(6):      # what is asked in return is used up by these
                    peer.put(RST, ahead=1000)
                peer.put(SYN, ahead=1 << 20)
                for _, seq, _, _ in peer.segments(0.7):
                    if seq == peer.ack - 1 & 0xffffffff:
                        probes += 1
                        peer.put(ACK)
        self.assertGreater(probes, 2)
        self.lives(peer)

    def test_segments_that_are_not_in_the_window_are_answered_a_few_times(self):
        peer = self.peer('GBT32960')
        before = self.gw.counters()
        with self.undisturbed():
            frames = [peer.packet(ACK | PSH, ahead, b'x' * 100)
                      for ahead in (1 << 24, 1 << 30, -1000, 60000) for _ in range(2000)]
            self.link.send(frames)
            answers = sum(1 for _ in peer.segments(1))
        self.assertLess(answers, 200)
        after = self.gw.counters()
        self.assertGreater(after['tcp_answers_withheld'] - before['tcp_answers_withheld'], 5000)
        self.lives(peer)

    def test_one_address_has_a_share_of_resets_and_no_more(self):
        stranger, port = self.link.stranger(), self.link.port('KAFKA')
        count = 8000
        frames = [self.link.ether(packets.tcp(stranger, 1024 + i, self.link.gateway, port,
                                              self.link.draw(32), 0, ACK))
                  for i in range(count)]
        before = self.gw.counters()
        with self.undisturbed():
            self.link.send(frames)
        after = self.gw.counters()
        self.assertGreater(after['tcp_answers_withheld'] - before['tcp_answers_withheld'],
                           count - 4 * 750)

    def test_segments_of_every_kind_for_no_connection_disturb_nobody(self):
        port = self.link.port('KAFKA')
        with self.undisturbed():
            for flags in (ACK, FIN, RST, PSH | ACK, SYN | ACK, FIN | ACK):
                self.link.send(self.link.from_strangers(3000, port, flags=flags))

    def test_two_thousand_duplicate_acknowledgements_release_what_was_in_flight(self):
        peer = self.peer('KAFKA', options=SCALED)
        with self.undisturbed():
            peer.send(kafka_bytes.fetch('honest', 0))   # the reader's batch: 256 KiB
            time.sleep(0.2)
            self.link.send([peer.packet(ACK)] * 2000, 10_000)
            far = max((seq + len(data) - peer.ack & 0xffffffff
                       for _, seq, _, data in peer.segments(0.3)), default=0)
        self.assertGreaterEqual(far, INITIAL_WINDOW)
        self.assertLessEqual(far, 2 * INITIAL_WINDOW)
