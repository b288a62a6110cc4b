"""packets.py - SYNs of hosts that there are not, on the gateway's wire.

usage: packets.py INTERFACE GATEWAY_MAC GATEWAY_IP PORT COUNT PER_SECOND

Sends COUNT of them, each with an address and a port of its own, in steps of a hundredth of a
second, and ends. Run it in the clients' namespace (gateway.py's popen): the frames' addresses are
nobody's, so that what is answered to them goes nowhere.
"""
import random
import socket
import struct
import sys
import time

STEPS_PER_SECOND = 100
SOURCE_MAC = bytes.fromhex('02ffffffff01')


def checksum(data):
    """RFC 1071, of an even number of bytes."""
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn(source, source_port, target, port, seq):
    """An IPv4 packet; addresses as 4 bytes."""
    tcp = struct.pack('>HHIIBBHHH', source_port, port, seq, 0, 6 << 4, 2, 65535, 0, 0)
    tcp += b'\x02\x04\x05\xb4'
    pseudo = source + target + struct.pack('>BBH', 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack('>H', checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source, target)
    return ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:] + tcp


def main():
    interface, mac, target, port, count, per_second = sys.argv[1:]
    target, count, per_second = socket.inet_aton(target), int(count), int(per_second)
    ether = bytes.fromhex(mac.replace(':', '')) + SOURCE_MAC + b'\x08\x00'
    draw = random.Random(1)
    frames = [ether + syn(struct.pack('>BBH', 11, draw.randrange(256), draw.randrange(65536)),
                          draw.randrange(1024, 65536), target, int(port),
                          draw.randrange(1 << 32)) for _ in range(count)]
    step = per_second // STEPS_PER_SECOND
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        print('begins', flush=True)
        begin = time.monotonic()
        for number, first in enumerate(range(0, count, step)):
            for frame in frames[first:first + step]:
                sock.send(frame)
            ahead = begin + (number + 1) / STEPS_PER_SECOND - time.monotonic()
            time.sleep(max(ahead, 0))
    print(f'{count / (time.monotonic() - begin):.0f} a second', flush=True)


if __name__ == '__main__':
    main()
