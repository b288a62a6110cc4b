"""test_linux_peer.py - Linux as the peer: ping, refused, lossy, slow and many connections."""
import os
import socket
import struct
import time
import unittest

import vehicles
from gateway import Gateway

LOSS_PERCENT = 3
LINES = 20_000
CONNECTIONS = 1000


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f'>{len(data) // 2}H', data[:len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def echo_request(sequence, payload):
    head = struct.pack('>BBHHH', 8, 0, 0, os.getpid() & 0xffff, sequence)
    return head[:2] + struct.pack('>H', checksum(head + payload)) + head[4:] + payload


class LinuxPeer:
    """What holds on every kind of port."""
    port = 'tap'

    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway({'listener.name.gbt32960.link': 'platform'}, port=cls.port)
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def lose(self):
        """From here on the client's kernel loses packets, both ways. Needs nftables."""
        rules = 'add table inet lossy\n' + ''.join(
            f'add chain inet lossy {hook} {{ type filter hook {hook} priority 0; }}\n'
            f'add rule inet lossy {hook} ip protocol tcp'
            f' numgen random mod 100 < {LOSS_PERCENT} drop\n' for hook in ('input', 'output'))
        done = self.gw.run(['nft', '-f', '-'], check=False, input=rules.encode())
        if done.returncode != 0:
            self.skipTest(f'no packet loss to be had: {done.stderr.decode().strip()[:100]}')
        self.addCleanup(self.gw.run, ['nft', 'delete', 'table', 'inet', 'lossy'])

    def read_exactly(self, sock, size):
        data = bytearray()
        while len(data) < size:
            piece = sock.recv(1 << 20)
            self.assertTrue(piece, f'the stream ended after {len(data)} of {size} bytes')
            data += piece
        return bytes(data)

    def test_ping_is_answered_with_its_payload(self):
        with self.gw.socket(kind=socket.SOCK_RAW, protocol=socket.IPPROTO_ICMP) as icmp:
            icmp.settimeout(5)
            for sequence, size in enumerate((0, 1, 56, 1472)):
                payload = os.urandom(size)
                icmp.sendto(echo_request(sequence, payload), self.gw.address('KAFKA'))
                answer = icmp.recv(2048)[20:]
                self.assertEqual(answer[0], 0)
                self.assertEqual(checksum(answer), 0)
                self.assertEqual(answer[4:], echo_request(sequence, payload)[4:])

    def test_a_port_nobody_listens_on_refuses(self):
        with self.gw.socket() as sock:
            sock.settimeout(5)
            host, _ = self.gw.address('KAFKA')
            self.assertRaises(ConnectionRefusedError, sock.connect, (host, 9))

    def test_records_survive_packet_loss_both_ways(self):
        self.gw.ctl('topic', 'create', 'lossy', '--partitions', '1')
        lines = b''.join(b'line %d %s\n' % (i, b'x' * (i % 200)) for i in range(LINES))
        before = self.gw.counters()
        self.lose()
        self.gw.run(['kcat', '-b', self.gw.kafka, '-P', '-t', 'lossy', '-X', 'acks=all',
                     '-X', 'enable.idempotence=false', '-X', 'retries=0'], input=lines)
        back = self.gw.run(['kcat', '-b', self.gw.kafka, '-C', '-t', 'lossy', '-o', 'beginning',
                            '-e', '-q']).stdout
        self.assertEqual(back, lines)
        self.assertGreater(self.gw.counters()['tcp_retransmits'], before['tcp_retransmits'])

    def test_a_peer_that_does_not_read_gets_every_answer_later(self):
        name = vehicles.vin(1)
        frame = vehicles.report(name, vehicles.report_samples()[0])
        answer = vehicles.frame(vehicles.REPORT, name, frame[24:30], vehicles.ANSWER_SUCCESS)
        count = 20_000
        with self.gw.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(30)
            sock.connect(self.gw.address('GBT32960'))
            sent, data = 0, frame * count
            sock.settimeout(2)
            try:
                while sent < len(data):
                    sent += sock.send(data[sent:sent + 65536])
            except TimeoutError:
                pass    # the gateway closed its window: answers are owed, it reads no more
            sock.settimeout(30)
            answers = bytearray()
            while len(answers) < count * len(answer):
                if sent < len(data):
                    sock.settimeout(0.02)
                    try:
                        sent += sock.send(data[sent:sent + 65536])
                    except TimeoutError:
                        pass
                    sock.settimeout(30)
                answers += sock.recv(1 << 20)
        self.assertEqual(bytes(answers), answer * count)

    def test_many_connections_are_served_at_once(self):
        socks = []
        try:
            for number in range(CONNECTIONS):
                socks.append(self.gw.connect('GBT32960'))
                socks[-1].sendall(vehicles.heartbeat(vehicles.vin(number)))
            self.assertGreaterEqual(self.gw.counters()['tcp_connections'], CONNECTIONS)
            for number, sock in enumerate(socks):
                answer = vehicles.frame(vehicles.HEARTBEAT, vehicles.vin(number), b'',
                                        vehicles.ANSWER_SUCCESS)
                self.assertEqual(self.read_exactly(sock, len(answer)), answer)
        finally:
            for sock in socks:
                sock.close()
        self.gw.wait_for('connections gone', lambda c: c['tcp_connections'] < CONNECTIONS)

    def test_a_reset_frees_the_connection(self):
        before = self.gw.counters()
        with self.gw.connect('GBT32960') as sock:
            sock.sendall(b'##')
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.gw.wait_for('reset seen', lambda c:
                         c['tcp_resets_received'] > before['tcp_resets_received'])

    def test_a_half_closed_peer_still_gets_its_answers(self):
        name = vehicles.vin(2)
        with self.gw.connect('GBT32960') as sock:
            sock.sendall(vehicles.heartbeat(name))
            sock.shutdown(socket.SHUT_WR)
            answer = vehicles.frame(vehicles.HEARTBEAT, name, b'', vehicles.ANSWER_SUCCESS)
            self.assertEqual(self.read_exactly(sock, len(answer)), answer)
            self.assertEqual(sock.recv(1), b'')

    def test_a_datagram_for_a_port_nobody_listens_on_is_counted(self):
        before = self.gw.counters()
        with self.gw.socket(kind=socket.SOCK_DGRAM) as sock:
            sock.sendto(b'x', (self.gw.address('KAFKA')[0], 9))
        self.gw.wait_for('counted', lambda c: c['packet_drop_no_listener']
                         > before['packet_drop_no_listener'])

    def test_datagrams_above_the_mtu_are_stored_whole(self):
        sizes = (1472, 1473, 20_000, 65_507)
        payloads = [os.urandom(size) for size in sizes]
        with self.gw.socket(kind=socket.SOCK_DGRAM) as sock:
            sock.connect(self.gw.address('UDP'))
            for count, payload in enumerate(payloads, 1):
                before = self.gw.counters()
                sock.send(payload)
                after = self.gw.wait_for(
                    f'{len(payload)} bytes stored', lambda c:
                    c['records_stored'] > before['records_stored'])
                pieces = -(-(8 + len(payload)) // 1480)
                self.assertEqual(after['packets_joined'] - before['packets_joined'], pieces - 1)
                # The last words of a connection of before may be consumed meanwhile, too.
                self.assertGreaterEqual(after['packets_consumed'] - before['packets_consumed'], 1)
                self.assertEqual(after['frames_accepted'] - before['frames_accepted'], 1)
        stored = [value for _, _, _, value in self.gw.consume('datagrams')]
        self.assertEqual(stored[-len(payloads):], payloads)

    def test_a_ping_in_fragments_is_counted(self):
        before = self.gw.counters()['packet_drop_ip_fragment']
        with self.gw.socket(kind=socket.SOCK_RAW, protocol=socket.IPPROTO_ICMP) as icmp:
            icmp.sendto(echo_request(9, bytes(3000)), self.gw.address('KAFKA'))
        self.gw.wait_for('counted', lambda c: c['packet_drop_ip_fragment'] == before + 3)

    def test_an_idle_connection_costs_no_traffic(self):
        with self.gw.connect('GBT32960'):
            time.sleep(0.3)
            before = self.gw.counters()['packets_sent']
            time.sleep(1)
            self.assertLessEqual(self.gw.counters()['packets_sent'], before + 1)


class Tap(LinuxPeer, unittest.TestCase):
    port = 'tap'


class AfPacket(LinuxPeer, unittest.TestCase):
    port = 'af_packet'
