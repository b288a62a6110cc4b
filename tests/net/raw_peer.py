"""raw_peer.py - frames of a test's own making to the gateway, and what comes back.

    peer = RawPeer(gw)                      an address and a MAC that no kernel has
    peer.vlan = 7                           from here on frames have its tag
    peer.open(32960); peer.say(b'...'); peer.hear(31)

The interface is the clients' (penstock0); the kernel behind it does not answer for us, as neither
address nor MAC is its own.
"""
import random
import socket
import struct
import time

INTERFACE = 'penstock0'
GATEWAY = '10.95.0.1'
ADDRESS = '10.95.0.9'
MAC = bytes.fromhex('020000000009')
BROADCAST = b'\xff' * 6
IP4, ARP, VLAN_TAG = 0x0800, 0x0806, 0x8100
ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 1 << 4
SECONDS = 5


def checksum(data):
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


class RawPeer:
    def __init__(self, gw, address=ADDRESS, mac=MAC):
        self.sock = gw.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.bind((INTERFACE, 0))
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.address, self.mac = socket.inet_aton(address), mac
        self.heard_mac = None       # of frames for us; None: self.mac
        self.vlan = None            # None: no tag
        self.mtu = 1500             # of the path to us: what is longer never comes,
        self.router_says = False    # and the router tells its sender
        self.gateway_mac = None
        self.identification = 0
        self.port = random.randrange(20000, 60000)
        self.is_open = False

    def close(self):
        if self.is_open:
            self.segment(RST)
        self.sock.close()

    # ---- frames ------------------------------------------------------------------------------

    def frame(self, ethertype, payload, to=None):
        tag = b'' if self.vlan is None else struct.pack('>HH', VLAN_TAG, self.vlan)
        head = (to or self.gateway_mac) + self.mac + tag + struct.pack('>H', ethertype)
        self.sock.send((head + payload).ljust(60, b'\0'))

    def frames(self, seconds=SECONDS):
        """(VID or None, ethertype, payload) of each frame for our MAC, until the time is over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data, notes, _, source = self.sock.recvmsg(2048, 64)
            except TimeoutError:
                return
            if source[2] == socket.PACKET_OUTGOING or data[:6] != (self.heard_mac or self.mac):
                continue
            ethertype, = struct.unpack_from('>H', data, 12)
            vid = None
            for _, _, note in notes:
                status, _, _, _, _, tci, _ = struct.unpack('IIIHHHH', note)
                if status & TP_STATUS_VLAN_VALID:
                    vid = tci & 0xfff
            if ethertype == VLAN_TAG:
                vid, ethertype = struct.unpack_from('>HH', data, 14)
                data = data[4:]
            yield vid, ethertype, data[14:]

    def resolve(self):
        """Asks for the gateway's MAC; the VID of the answer."""
        question = struct.pack('>HHBBH', 1, IP4, 6, 4, 1) + self.mac + self.address \
            + bytes(6) + socket.inet_aton(GATEWAY)
        self.frame(ARP, question, BROADCAST)
        for vid, ethertype, payload in self.frames():
            if ethertype == ARP and payload[6:8] == b'\0\2':
                self.gateway_mac = payload[8:14]
                return vid
        raise AssertionError('no answer to ARP')

    def answer(self, seconds=SECONDS):
        """Answers the gateway's question for our address, when it asks everybody."""
        heard, self.heard_mac = self.heard_mac, BROADCAST
        for _, ethertype, question in self.frames(seconds):
            if ethertype == ARP and question[6:8] == b'\0\1' and question[24:28] == self.address:
                self.heard_mac, self.gateway_mac = heard, question[8:14]
                self.frame(ARP, question[:7] + b'\2' + self.mac + self.address + question[8:18])
                return
        raise AssertionError('nobody was asked for')

    def claim(self):
        """Says unasked that our address is here."""
        self.frame(ARP, struct.pack('>HHBBH', 1, IP4, 6, 4, 2) + self.mac + self.address
                   + bytes(6) + self.address, BROADCAST)

    # ---- IP ----------------------------------------------------------------------------------

    def packet(self, protocol, payload, fragment=0, identification=None, options=b''):
        if self.gateway_mac is None:
            self.resolve()
        if identification is None:
            self.identification += 1
            identification = self.identification
        head = struct.pack('>BBHHHBBH4s4s', 0x45 + len(options) // 4, 0,
                           20 + len(options) + len(payload), identification, fragment, 64,
                           protocol, 0, self.address, socket.inet_aton(GATEWAY)) + options
        head = head[:10] + struct.pack('>H', checksum(head)) + head[12:]
        self.frame(IP4, head + payload)

    def packets(self, protocol, seconds=SECONDS):
        """(VID or None, header, what is behind it) of each packet of the protocol for us."""
        for vid, ethertype, data in self.frames(seconds):
            if ethertype == IP4 and data[9] == protocol and data[16:20] == self.address:
                size, = struct.unpack_from('>H', data, 2)
                yield vid, data[:20], data[20:size]

    def l4(self, protocol, head, payload, checksum_at):
        pseudo = self.address + socket.inet_aton(GATEWAY) + struct.pack(
            '>HH', protocol, len(head) + len(payload))
        data = head + payload
        return data[:checksum_at] + struct.pack('>H', checksum(pseudo + data)) \
            + data[checksum_at + 2:]

    def datagram(self, port, payload):
        """A UDP header and its payload; to be sent whole or in fragments."""
        head = struct.pack('>HHHH', self.port, port, 8 + len(payload), 0)
        return self.l4(UDP, head, payload, 6)

    def too_big(self, quoted):
        """ICMP "fragmentation needed" (RFC 1191)."""
        message = struct.pack('>BBHHH', 3, 4, 0, 0, self.mtu) + quoted
        self.packet(ICMP, message[:2] + struct.pack('>H', checksum(message)) + message[4:])

    # ---- a connection: one at a time, no timers ------------------------------------------------

    def segment(self, flags, payload=b'', mss=None, seq=None):
        options = b'' if mss is None else struct.pack('>BBH', 2, 4, mss)
        head = struct.pack('>HHIIBBHHH', self.port, self.remote, self.nxt if seq is None else seq,
                           self.ack if flags & ACK else 0, (20 + len(options)) << 2, flags,
                           65535, 0, 0) + options
        self.packet(TCP, self.l4(TCP, head, payload, 16))

    def segments(self, seconds=SECONDS):
        """(VID, flags, seq, ack, payload) of each segment of the connection."""
        for vid, header, data in self.packets(TCP, seconds):
            if len(header) + len(data) > self.mtu:
                if self.router_says:
                    self.too_big(header + data[:8])
                continue
            source, port, seq, ack, offset, flags = struct.unpack_from('>HHIIBB', data)
            if (source, port) == (self.remote, self.port):
                yield vid, flags, seq, ack, data[offset >> 4 << 2:]

    def open(self, port, mss=1460, seconds=SECONDS):
        """The handshake; the VID of the SYN-ACK."""
        self.port += 1
        self.remote, self.nxt, self.ack = port, 1000, 0
        self.segment(SYN, mss=mss)
        for vid, flags, seq, _, _ in self.segments(seconds):
            if flags == SYN | ACK:
                self.nxt, self.ack = self.nxt + 1, seq + 1 & 0xffffffff
                self.segment(ACK)
                self.is_open = True
                return vid
        raise AssertionError('no SYN-ACK')

    def say(self, payload):
        self.segment(ACK | PSH, payload)
        self.nxt += len(payload)

    def hear(self, size, seconds=SECONDS):
        """The next `size` bytes, acknowledged; and the VIDs they came with."""
        heard, vids = b'', set()
        for vid, _, seq, _, payload in self.segments(seconds):
            if not payload or seq != self.ack:
                continue
            heard += payload
            vids.add(vid)
            self.ack = self.ack + len(payload) & 0xffffffff
            self.segment(ACK)
            if len(heard) >= size:
                return heard, vids
        raise AssertionError(f'{len(heard)} of {size} bytes heard')
