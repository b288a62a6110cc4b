"""test_early.py - bytes behind gaps that nobody fills, beside vehicles whose frames are torn."""
import contextlib
import itertools
import threading
import time

import packets
import vehicles
from honest import FACTOR, SLACK_S, Beside, p99

MEMORY_BYTES = 2 << 20
ATTACKERS = 80              # each is offered MEMORY_BYTES / 256 at first
PER_SECOND, ATTACK_S = 10_000, 3
ALONE_S = 1
PAUSE_S = 0.01
TIMEOUT_S = 5
PIECE_BYTES, STRIDE_BYTES = 64, 80  # a chunk for each
VIN = 900


class Torn:
    """A vehicle whose logins come in two segments, by a host that never sends one again."""

    def __init__(self, link):
        self.peer = packets.Peer(link, link.port('GBT32960'))
        self.link, self.serials = link, itertools.count(1)
        self.peer.connect()

    def close(self):
        self.peer.__exit__(None, None, None)

    def login(self, is_early):
        """The second segment first, or 20 ms behind the first. Seconds until each that could be
        acknowledged was, the answer's behind them."""
        frame = vehicles.login(vehicles.vin(VIN), next(self.serials))
        cut = 1 + self.link.random.randrange(len(frame) - 1)
        if is_early:
            self.peer.send(frame[cut:], ahead=cut)
            self.peer.send(frame[:cut])
            self.peer.seq += len(frame) - cut
            took = [self.until_acknowledged()]
        else:
            self.peer.send(frame[:cut])
            took = [self.until_acknowledged()]
            time.sleep(0.02)
            self.peer.send(frame[cut:])
        began = time.monotonic()
        answer = vehicles.take_frame(bytearray(self.answer))
        if not answer:
            answer = vehicles.take_frame(bytearray(self.peer.receive(TIMEOUT_S)))
        if not answer or answer[3] != vehicles.ANSWER_SUCCESS:
            raise AssertionError(f'a torn login was answered {answer}')
        return took + [time.monotonic() - began]

    def until_acknowledged(self):
        """All that was sent; an answer that comes with it is kept."""
        began, self.answer = time.monotonic(), b''
        for _, seq, ack, payload in self.peer.segments(TIMEOUT_S):
            if seq == self.peer.ack and payload:
                self.answer += payload
                self.peer.ack = seq + len(payload) & 0xffffffff
                self.peer.put(packets.ACK)
            if ack == self.peer.seq & 0xffffffff:
                return time.monotonic() - began
        raise AssertionError('what had come was not acknowledged')

    def logins(self, seconds):
        """How long what could be acknowledged, and answered, took to be."""
        end, took = time.monotonic() + seconds, []
        for is_early in itertools.cycle((True, False)):
            took += self.login(is_early)
            if time.monotonic() > end:
                return took
            time.sleep(PAUSE_S)


class Early(Beside):
    settings = {'penstock.receive.memory.bytes': MEMORY_BYTES,
                'penstock.connections.max': 256}

    def setUp(self):
        self.link = packets.Link(self.gw)
        self.addCleanup(self.link.close)

    def attackers(self, stack):
        peers = [stack.enter_context(packets.Peer(self.link, self.link.port('GBT32960')))
                 for _ in range(ATTACKERS)]
        for peer in peers:
            peer.connect()
        return peers

    def beside(self, piece):
        """`piece(peer, number)` again and again, of each attacker in turn, beside honest clients
        and a vehicle whose frames are torn; the counters' growth."""
        with contextlib.ExitStack() as stack:
            torn = Torn(self.link)
            stack.callback(torn.close)
            alone = torn.logins(ALONE_S)
            peers = self.attackers(stack)
            frames = [piece(peer, number) for number in range(PER_SECOND * ATTACK_S // ATTACKERS)
                      for peer in peers]
            before = self.gw.counters()
            with self.undisturbed():
                attack = threading.Thread(target=self.link.send, args=(frames, PER_SECOND))
                attack.start()
                now = torn.logins(ATTACK_S)
                attack.join()
            after = self.gw.counters()
        print(f'          torn: {len(now)} of {len(alone)}, p99 {p99(now) * 1e3:.1f} of '
              f'{p99(alone) * 1e3:.1f} ms', flush=True)
        self.assertLess(p99(now), FACTOR * p99(alone) + SLACK_S)
        return {name: after[name] - before[name] for name in after}

    def test_a_chunk_for_each_piece_costs_no_torn_frame(self):
        grown = self.beside(lambda peer, number: peer.packet(
            packets.ACK, 1 + STRIDE_BYTES * number % 8000, bytes(PIECE_BYTES)))
        self.assertGreater(grown['tcp_early_dropped'], ATTACKERS)

    def test_single_bytes_cost_no_torn_frame_and_hold_little(self):
        grown = self.beside(lambda peer, number: peer.packet(
            packets.ACK, 1 + 2 * number % 8000, b'\0'))
        self.assertEqual(grown['tcp_early_dropped'], 0)
        self.assertGreater(grown['packet_drop_tcp_memory'], PER_SECOND)

    def test_pieces_of_any_size_each_in_front_of_the_last_cost_no_torn_frame(self):
        def piece(peer, number):
            size = PIECE_BYTES + self.link.random.randrange(PIECE_BYTES)
            return peer.packet(packets.ACK, 8000 - number * PIECE_BYTES % 7900, bytes(size))
        grown = self.beside(piece)
        self.assertGreater(grown['tcp_early_dropped'], ATTACKERS)
