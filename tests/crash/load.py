"""load.py - produces and reports until the gateway is gone; writes down what was acknowledged.

usage: load.py KAFKA GBT32960 FILE ROUND
One line per acknowledgement, written as it arrives:
    kafka PARTITION OFFSET VALUE      a record sent to topic "load" with acks=all
    frame HEX                         a login frame that was answered
"""
import os
import socket
import sys
import threading

from kafka import KafkaProducer
from kafka.errors import KafkaError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../config'))
import vehicles

LOGINS_AT_ONCE = 20


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


def produce(broker, number, notes):
    producer = KafkaProducer(bootstrap_servers=broker, acks='all', retries=0, linger_ms=2,
                             request_timeout_ms=3000, max_block_ms=3000,
                             compression_type='gzip' if number % 2 else None)
    serial = 0
    failed = threading.Event()
    while not failed.is_set():
        serial += 1
        value = 'round-%d-%d' % (number, serial)
        future = producer.send('load', key=b'k%d' % (serial % 16), value=value.encode())
        future.add_callback(lambda meta, value=value:
                            notes.write('kafka', meta.partition, meta.offset, value))
        future.add_errback(lambda error: failed.set())
        if serial % 200 == 0:
            future.get(timeout=3)


def until_gone(work, *arguments):
    try:
        work(*arguments)
    except (OSError, KafkaError):
        pass        # the gateway is gone: that is what the load runs into


def main():
    kafka, gbt32960, path, number = sys.argv[1:]
    notes = Notes(path)
    for work, address in ((drive, gbt32960), (produce, kafka)):
        threading.Thread(target=until_gone, args=(work, address, int(number), notes)).start()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(20)
    os._exit(0)


if __name__ == '__main__':
    main()
