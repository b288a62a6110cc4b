"""record_bytes.py - record batches byte by byte, true or not: what no client library would send."""
import struct
import time


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def varint(value):
    value, out = value << 1 ^ value >> 63, b''
    while value > 0x7f:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def span(data):
    return varint(-1) if data is None else varint(len(data)) + data


def record(offset_delta, value, key=None):
    """At its batch's time."""
    body = b'\0\0' + varint(offset_delta) + span(key) + span(value) + b'\0'
    return varint(len(body)) + body


def batch(records, count, base=0, last_delta=None, first_ms=None, latest_ms=None, codec=0,
          epoch=-1, producer=(-1, -1, -1)):
    """`records` as they are, behind a header that says the rest; its times are now. Of a
    producer: its id, epoch and sequence."""
    first = int(time.time() * 1000) if first_ms is None else first_ms
    latest = first if latest_ms is None else latest_ms
    last = count - 1 if last_delta is None else last_delta
    covered = struct.pack('>hiqqqhii', codec, last, first, latest, *producer, count) + records
    return struct.pack('>qiibI', base, 9 + len(covered), epoch, 2, crc32c(covered)) + covered
