"""honest_clients.py - one client of each kind, again and again; what each saw, when it is asked.

usage: honest_clients.py GBT32960 KAFKA TOPIC     (host:port twice; a topic of one partition)

  vehicle    a login and its answer, on one connection: stored and synced
  producer   a record with acks=all and its answer, on one connection
  consumer   waits at the topic's end; from a record's making until it is here, none missing
  reader     a fetch of a batch of 256 KiB and its answer, on one connection
  newcomer   a new connection, one request and its answer: a vehicle's and a Kafka client's in turn

Runs beside a gateway (honest.py starts it). A line on stdin is answered with a line of JSON:
{kind: {"took": [seconds], "failed": [sentence]}} of what has ended since the line before; what
is still waited for counts with the time it has taken so far. Ends with stdin.
"""
import json
import os
import socket
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, '../../config')]
import kafka_bytes
import record_bytes
import vehicles

PAUSE_S = 0.01          # between a client's requests
TIMEOUT_S = 20          # a client that waits for longer has failed
LARGE_BYTES = 256 << 10


def connect(address):
    host, port = address.rsplit(':', 1)
    sock = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ask(sock, frame, flag=vehicles.ANSWER_SUCCESS):
    """A vehicle's frame; fails unless the answer is its own."""
    sock.sendall(frame)
    received = bytearray()
    while not (answer := vehicles.take_frame(received)):
        piece = sock.recv(4096)
        if not piece:
            raise ConnectionError('the gateway closed an honest connection')
        received += piece
    if answer[2:21] != bytes([frame[2], flag]) + frame[4:21]:
        raise ValueError(f'answered {answer.hex()}')


def ask_kafka(sock, frame):
    sock.sendall(frame)
    return kafka_bytes.answer(sock)


class Client:
    """Does one thing again and again; a failure is noted and begun anew with."""

    def __init__(self, addresses):
        self.gbt32960, self.kafka, self.topic = addresses
        self.lock = threading.Lock()
        self.took, self.failed, self.since = [], [], None
        self.sock, self.serial = None, 0

    def begins(self):
        self.since = time.monotonic()

    def ends(self, since=None):
        with self.lock:
            self.took.append(time.monotonic() - (since or self.since))
            self.since = None

    def report(self):
        with self.lock:
            took, failed = self.took, self.failed
            self.took, self.failed, since = [], [], self.since
        return {'took': took + ([time.monotonic() - since] if since else []), 'failed': failed}

    def run(self):
        while True:
            try:
                self.once()
            except (OSError, ValueError) as error:
                with self.lock:
                    self.failed.append(f'{type(error).__name__}: {error}')
                self.drop()
            time.sleep(PAUSE_S)

    def drop(self):
        if self.sock:
            self.sock.close()
        self.sock = None


class Vehicle(Client):
    def once(self):
        self.begins()
        self.sock = self.sock or connect(self.gbt32960)
        self.serial += 1
        ask(self.sock, vehicles.login(vehicles.vin(self.serial), self.serial))
        self.ends()


def expect(error):
    if error:
        raise ValueError(f'answered with error {error}')


class Producer(Client):
    """A record's value is the moment of its making."""

    def once(self):
        self.begins()
        self.sock = self.sock or connect(self.kafka)
        value = struct.pack('>d', self.since)
        batch = record_bytes.batch(record_bytes.record(0, value), 1)
        said = ask_kafka(self.sock, kafka_bytes.produce(self.topic, batch))
        expect(kafka_bytes.produced(said, self.topic)[0])
        self.ends()


class Consumer(Client):
    """The producer's records, each of them and in order: a batch holds one, of a fixed size."""

    def __init__(self, addresses, first):
        super().__init__(addresses)
        self.serial = first

    def once(self):
        self.begins()
        self.sock = self.sock or connect(self.kafka)
        said = ask_kafka(self.sock, kafka_bytes.fetch(self.topic, self.serial))
        error, _, data = kafka_bytes.fetched(said, self.topic)
        expect(error)
        while data:
            self.take(data)
            data = data[12 + struct.unpack('>i', data[8:12])[0]:]

    def take(self, data):
        offset, = struct.unpack('>q', data[:8])
        if offset != self.serial:
            raise ValueError(f'offset {offset} came instead of {self.serial}')
        self.serial += 1
        end = 12 + struct.unpack('>i', data[8:12])[0]
        self.ends(struct.unpack('>d', data[end - 9:end - 1])[0])


class Reader(Client):
    """The topic begins with the large batch."""

    def once(self):
        self.begins()
        self.sock = self.sock or connect(self.kafka)
        said = ask_kafka(self.sock, kafka_bytes.fetch(self.topic, 0, max_bytes=LARGE_BYTES))
        error, _, data = kafka_bytes.fetched(said, self.topic)
        expect(error)
        if len(data) < LARGE_BYTES:
            raise ValueError(f'{len(data)} bytes came instead of {LARGE_BYTES}')
        self.ends()


class Newcomer(Client):
    def once(self):
        self.serial += 1
        self.begins()
        if self.serial % 2:
            self.sock = connect(self.gbt32960)
            ask(self.sock, vehicles.heartbeat(vehicles.vin(self.serial)))
        else:
            self.sock = connect(self.kafka)
            ask_kafka(self.sock, kafka_bytes.api_versions())
        self.ends()
        self.drop()


def store_large_batch(kafka, topic):
    """The offset behind it."""
    batch = record_bytes.batch(record_bytes.record(0, os.urandom(LARGE_BYTES)), 1)
    with connect(kafka) as sock:
        error, base = kafka_bytes.produced(
            ask_kafka(sock, kafka_bytes.produce(topic, batch)), topic)
        expect(error)
        return base + 1


def serve(clients):
    """All at once, until stdin ends; a line of it asks what each has seen."""
    for client in clients.values():
        threading.Thread(target=client.run, daemon=True).start()
    for _ in sys.stdin:
        print(json.dumps({kind: client.report() for kind, client in clients.items()}), flush=True)


def main():
    addresses = sys.argv[1:]
    first = store_large_batch(*addresses[1:])
    clients = {'vehicle': Vehicle(addresses), 'producer': Producer(addresses),
               'consumer': Consumer(addresses, first), 'reader': Reader(addresses),
               'newcomer': Newcomer(addresses)}
    sys.setswitchinterval(0.0005)
    serve(clients)


if __name__ == '__main__':
    main()
