"""vehicles.py - a VIN and a time in, GB/T 32960.3-2016 frames out; and frames out of bytes.

For clients that want to look like a fleet: quickstart's own, and the tests. Reports are public
sample frames (tests/vectors) with the VIN and time of the vehicle that sends them.
"""
import os
import struct
import time

VECTORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                       'tests/vectors/gbt32960.tsv')
HEADER_BYTES = 24
COMMAND, ANSWER_SUCCESS = 0xFE, 0x01
LOGIN, REPORT, REISSUE, LOGOUT, HEARTBEAT = 1, 2, 3, 4, 7


def bcc(data):
    """Block check character: XOR of what lies between the start bytes and itself."""
    result = 0
    for byte in data:
        result ^= byte
    return result


def frame(command, vin, unit=b'', flag=COMMAND):
    body = struct.pack('>BB17sBH', command, flag, vin, 1, len(unit)) + unit
    return b'##' + body + bytes([bcc(body)])


def vin(number):
    return f'LPENSTOCK{number:08d}'.encode()


def now():
    """Six binary bytes, GMT+8 (clause 6.2's time)."""
    t = time.gmtime(time.time() + 8 * 3600)
    return bytes([t.tm_year - 2000, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec])


def login(vin_bytes, serial):
    iccid = b'8986' + b'%016d' % (serial % 10**16)
    return frame(LOGIN, vin_bytes, now() + struct.pack('>H20sBB', serial % 65531 + 1, iccid, 1, 0))


def logout(vin_bytes, serial):
    return frame(LOGOUT, vin_bytes, now() + struct.pack('>H', serial % 65531 + 1))


def heartbeat(vin_bytes):
    return frame(HEARTBEAT, vin_bytes)


def report(vin_bytes, sample):
    """The sample's data with this vehicle's VIN and the time of now."""
    return frame(REPORT, vin_bytes, now() + sample[HEADER_BYTES + 6:-1])


def vectors(edition='2016'):
    """[(direction, message, bytes)] of the public frames of an edition."""
    found = []
    with open(VECTORS) as file:
        for line in file:
            if not line.startswith('#'):
                row = line.rstrip('\n').split('\t')
                if row[0] == edition:
                    found.append((row[1], row[2], bytes.fromhex(row[3])))
    return found


def report_samples():
    """Realtime reports of the vectors that are commands and carry data."""
    return [data for _, _, data in vectors()
            if data[2] == REPORT and data[3] == COMMAND and len(data) > HEADER_BYTES + 7]


def take_frame(buffer):
    """The first whole frame of a bytearray, taken out of it; None while it is not complete."""
    if len(buffer) < HEADER_BYTES:
        return None
    size = HEADER_BYTES + struct.unpack_from('>H', buffer, 22)[0] + 1
    if len(buffer) < size:
        return None
    whole = bytes(buffer[:size])
    del buffer[:size]
    return whole
