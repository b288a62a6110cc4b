"""packets.py - packets of hosts that there are not, on the gateway's wire; and what comes back.

    link = packets.Link(self.gw)
    link.send(frames, per_second=20_000)            # bounded: ends when they are sent
    with packets.Peer(link, port) as peer:          # a TCP connection without a kernel behind it
        peer.connect()
        peer.send(b'##', ahead=3)                   # leaves a gap of three bytes
        peer.receive(0.5)

Addresses are nobody's, Ethernet's as well, so that no kernel answers what is sent to them. What
is built here is right unless the caller says otherwise: each header field is an argument.
"""
import ctypes
import itertools
import json
import random
import socket
import struct
import time

STEPS_PER_SECOND = 100
NOBODYS_MAC = bytes.fromhex('02ffffffff01')
BROADCAST = b'\xff' * 6
IPV4, ARP = 0x0800, 0x0806
ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
MSS_1460 = b'\x02\x04\x05\xb4'
PACKET_OUTGOING = 4
SO_ATTACH_FILTER = 26
MORE_FRAGMENTS = 0x2000


def checksum(data):
    """RFC 1071."""
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source, target, protocol, payload, options=b'', fragment=0, ttl=64, size=None,
         version=4, checksum_xor=0, ident=1):
    """Addresses as 4 bytes. `size` and `checksum_xor` make it lie."""
    words = 5 + len(options) // 4
    head = struct.pack('>BBHHHBBH4s4s', version << 4 | words, 0,
                       4 * words + len(payload) if size is None else size, ident, fragment, ttl,
                       protocol, 0, source, target) + options
    total = checksum(head) ^ checksum_xor
    return head[:10] + struct.pack('>H', total) + head[12:] + payload


def with_checksum(segment, at, source, target, protocol, xor=0):
    pseudo = source + target + struct.pack('>BBH', 0, protocol, len(segment))
    total = checksum(pseudo + segment) ^ xor
    return segment[:at] + struct.pack('>H', total) + segment[at + 2:]


def tcp(source, source_port, target, port, seq=0, ack=0, flags=ACK, window=65535, options=b'',
        payload=b'', urgent=0, words=None, checksum_xor=0):
    """An IPv4 packet. `words` is the data offset, true unless it is given."""
    options += b'\1' * (-len(options) % 4)
    offset = 5 + len(options) // 4 if words is None else words
    segment = struct.pack('>HHIIBBHHH', source_port, port, seq & 0xffffffff, ack & 0xffffffff,
                          offset << 4, flags, window, 0, urgent) + options + payload
    return ipv4(source, target, TCP,
                with_checksum(segment, 16, source, target, TCP, checksum_xor))


def udp(source, source_port, target, port, payload, size=None, checksum_xor=0):
    length = 8 + len(payload) if size is None else size
    segment = struct.pack('>HHHH', source_port, port, length, 0) + payload
    return ipv4(source, target, UDP,
                with_checksum(segment, 6, source, target, UDP, checksum_xor))


def fragment(source, target, ident, offset, payload, more=True, protocol=UDP):
    """An IPv4 fragment; `offset` in bytes."""
    return ipv4(source, target, protocol, payload, ident=ident,
                fragment=offset // 8 | (MORE_FRAGMENTS if more else 0))


def icmp(source, target, kind, code=0, rest=b'\0\0\0\0', payload=b''):
    message = struct.pack('>BBH', kind, code, 0) + rest + payload
    message = message[:2] + struct.pack('>H', checksum(message)) + message[4:]
    return ipv4(source, target, ICMP, message)


class Link:
    """The wire between the clients' namespace and the gateway."""

    seeds = itertools.count(1)

    def __init__(self, gw):
        self.gw, self.random = gw, random.Random(next(self.seeds))  # other strangers each time
        host, _ = gw.address('KAFKA')
        gw.ctl('state')
        gw.connect('KAFKA').close()     # now the kernel knows the gateway's MAC
        route = json.loads(gw.run(['ip', '-j', 'route', 'get', host]).stdout)[0]
        neighbour = json.loads(gw.run(['ip', '-j', 'neighbour', 'show', host]).stdout)[0]
        self.device, self.client = route['dev'], socket.inet_aton(route['prefsrc'])
        self.gateway = socket.inet_aton(host)
        self.gateway_mac = bytes.fromhex(neighbour['lladdr'].replace(':', ''))
        self.ports = itertools.count(1024)
        self.sock = self.open(0)

    def open(self, ethertype):
        """A packet socket; ethertype 0 only sends."""
        sock = self.gw.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind((self.device, ethertype))
        return sock

    def close(self):
        self.sock.close()

    def port(self, listener):
        return self.gw.address(listener)[1]

    def stranger(self):
        """An address of 11.0.0.0/8."""
        return struct.pack('>I', 11 << 24 | self.random.randrange(1 << 24))

    def draw(self, bits):
        return self.random.getrandbits(bits)

    def ether(self, payload, ethertype=IPV4, target=None, source=NOBODYS_MAC):
        return (target or self.gateway_mac) + source + struct.pack('>H', ethertype) + payload

    def from_strangers(self, count, port, **fields):
        """TCP packets to the gateway, each with a source, a sequence and an ack of its own."""
        for _ in range(count):
            yield self.ether(tcp(self.stranger(), 1024 + self.draw(15), self.gateway, port,
                                 self.draw(32), self.draw(32), **fields))

    def send(self, frames, per_second=20_000):
        """How many a second it came to; a step is a hundredth of a second."""
        frames = list(frames)
        begin = time.monotonic()
        step = max(per_second // STEPS_PER_SECOND, 1)
        for first in range(0, len(frames), step):
            for frame in frames[first:first + step]:
                self.put(frame)
            ahead = begin + (first + step) / per_second - time.monotonic()
            time.sleep(max(ahead, 0))
        return len(frames) / (time.monotonic() - begin)

    def put(self, frame):
        try:
            self.sock.send(frame)
        except OSError:
            pass        # the kernel's queue is full: lost on the wire


def show_only_to(sock, address):
    """The socket is given no other packets than those to this address: else what honest clients
    read would fill it. See bpf(4): load, compare, all of it or nothing."""
    program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in (
        (0x20, 0, 0, 30), (0x15, 0, 1, struct.unpack('>I', address)[0]),
        (0x06, 0, 0, 0xffffffff), (0x06, 0, 0, 0))))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack('HP', 4, ctypes.addressof(program)))


class Peer:
    """A connection of a host that there is not: nothing is sent unless it is asked for."""

    def __init__(self, link, port, address=None, options=MSS_1460, window=65535):
        self.link, self.port, self.options, self.window = link, port, options, window
        self.address, self.own_port = address or link.stranger(), next(link.ports)
        self.seq, self.ack = link.draw(32), 0
        self.unread = link.open(IPV4)
        show_only_to(self.unread, self.address)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.put(RST)
        self.unread.close()

    def packet(self, flags, ahead=0, payload=b'', **fields):
        fields = {'window': self.window, **fields}
        return self.link.ether(tcp(
            self.address, self.own_port, self.link.gateway, self.port, self.seq + ahead,
            self.ack, flags, payload=payload, **fields))

    def put(self, flags, ahead=0, payload=b'', **fields):
        self.link.put(self.packet(flags, ahead, payload, **fields))

    def connect(self, seconds=5):
        self.put(SYN, options=self.options)
        for flags, seq, ack, _ in self.segments(seconds):
            if flags & (SYN | ACK) == SYN | ACK:
                self.seq, self.ack = ack, seq + 1 & 0xffffffff
                self.put(ACK)
                return
        raise TimeoutError('nobody answers a SYN')

    def send(self, payload, ahead=0, **fields):
        """At `ahead` bytes beyond what was sent in order; only in order it counts as sent."""
        self.put(ACK | PSH, ahead, payload, **fields)
        if ahead == 0:
            self.seq = self.seq + len(payload) & 0xffffffff

    def segments(self, seconds):
        """(flags, seq, ack, payload) of what comes for us."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.unread.settimeout(left)
            try:
                frame, origin = self.unread.recvfrom(65536)
            except TimeoutError:
                return
            if origin[2] != PACKET_OUTGOING and (segment := self.own(frame[14:])):
                yield segment

    def own(self, packet):
        size, at = struct.unpack('>H', packet[2:4])[0], 4 * (packet[0] & 15)
        if packet[9] != TCP or packet[16:20] != self.address:
            return None
        ports = struct.unpack('>HH', packet[at:at + 4])
        if ports != (self.port, self.own_port):
            return None
        seq, ack, words, flags = struct.unpack('>IIBB', packet[at + 4:at + 14])
        return flags, seq, ack, packet[at + 4 * (words >> 4):size]

    def receive(self, seconds, enough=1):
        """Bytes in order, acknowledged as they come; ends when there are `enough`."""
        data = b''
        for _, seq, _, payload in self.segments(seconds):
            if seq == self.ack and payload:
                data += payload
                self.ack = self.ack + len(payload) & 0xffffffff
                self.put(ACK)
            if len(data) >= enough:
                break
        return data
