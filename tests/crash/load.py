"""load.py - produces and reports until the gateway is gone; writes down what was acknowledged.

usage: load.py KAFKA GBT32960 FILE ROUND [VALUE_BYTES [KEYS]]
One line per acknowledgement, written as it arrives:
    kafka PARTITION OFFSET VALUE      a record sent to topic "load" with acks=all
    frame HEX                         a login frame that was answered
With VALUE_BYTES there are no frames; the VALUE is the record's key, and its value dots, so many.
With KEYS as well it is of one of so many keys, and the VALUE has dots behind it.
"""
import faulthandler
import itertools
import os
import socket
import sys
import threading

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../config'))
import vehicles

LOGINS_AT_ONCE = 20
RECORDS_AT_ONCE, LARGE_AT_ONCE = 200, 20
ANSWER_SECONDS = 30     # where others write to the same disk, a sync takes long
STUCK_SECONDS = 25
STALLED_SECONDS = 5
ROUND_SECONDS = 120     # a round is over long before


class Notes:
    """The file of acknowledgements: one write per line, so that a kill cuts no line."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, *words):
        os.write(self.file, (' '.join(map(str, words)) + '\n').encode())


def drive(address, number, notes):
    """Logins of ever new VINs; each answer names the VIN of the frame that is stored."""
    host, port = address.rsplit(':', 1)
    serial = 0
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        received = bytearray()
        while True:
            waiting = {}
            for _ in range(LOGINS_AT_ONCE):
                serial += 1
                name = b'R%03dV%012d' % (number, serial)
                waiting[name] = vehicles.login(name, serial)
            sock.sendall(b''.join(waiting.values()))
            while waiting:
                data = sock.recv(65536)
                if not data:
                    return
                received += data
                while answer := vehicles.take_frame(received):
                    notes.write('frame', waiting.pop(answer[4:21]).hex())


def key_of(serial, keys):
    return b'k%d' % (serial % keys)


def send(producer, serials, number, notes, value_bytes, keys):
    """Until something goes wrong, which is raised."""
    errors = []
    while not errors:
        serial = next(serials)
        name = 'round-%d-%d' % (number, serial)
        key, value = key_of(serial, keys or 16), name.encode()
        if keys:
            value = value.ljust(value_bytes, b'.')
        elif value_bytes:
            key, value = value, b'.' * value_bytes
        future = producer.send('load', key=key, value=value)
        future.add_callback(lambda meta, name=name:
                            notes.write('kafka', meta.partition, meta.offset, name))
        future.add_errback(errors.append)
        if serial % (LARGE_AT_ONCE if value_bytes else RECORDS_AT_ONCE) == 0:
            future.get(timeout=STALLED_SECONDS)
    raise errors[0]


def produce(broker, number, notes, value_bytes=0, keys=0):
    """Now and then, where others have the CPUs, KafkaProducer has read all answers, has records
    to send and sends none; then another one goes on."""
    packs = number % 2 and not value_bytes
    serials = itertools.count(1)
    while True:
        producer = KafkaProducer(bootstrap_servers=broker, acks='all', retries=0, linger_ms=2,
                                 request_timeout_ms=ANSWER_SECONDS * 1000,
                                 max_block_ms=ANSWER_SECONDS * 1000,
                                 compression_type='gzip' if packs else None)
        try:
            send(producer, serials, number, notes, value_bytes, keys)
        except KafkaTimeoutError:
            print(f'stalled behind record {next(serials)}', file=sys.stderr)
            producer.close(timeout=0)


def until_gone(work, *arguments):
    try:
        work(*arguments)
    except (OSError, KafkaError) as error:
        # The gateway is gone: that is what the load runs into.
        print(f'{work.__name__}: {error!r}', file=sys.stderr)


def main():
    faulthandler.dump_traceback_later(STUCK_SECONDS)     # a test that waits shows what this says
    kafka, gbt32960, path, number, *sizes = sys.argv[1:]
    notes = Notes(path)
    works = [(produce, kafka, int(number), notes, *map(int, sizes))]
    if not sizes:
        works.append((drive, gbt32960, int(number), notes))
    for work in works:
        threading.Thread(target=until_gone, args=work).start()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(ROUND_SECONDS)
    os._exit(0)


if __name__ == '__main__':
    main()
