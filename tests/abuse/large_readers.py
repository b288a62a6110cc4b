"""large_readers.py - honest readers of the largest answers; what each saw, when it is asked.

usage: large_readers.py KAFKA TOPIC ADDRESS     (host:port; the topic begins with a large batch)

  known      fetches the batch again and again on one connection
  stranger   the same from ADDRESS, with a new connection each time

Runs beside a gateway (test_unread.py starts it), and answers lines on stdin as honest_clients.py
does. Ends with stdin.
"""
import socket
import sys

from honest_clients import TIMEOUT_S, Client, ask_kafka, connect, expect, serve
import kafka_bytes

LEAST_BYTES = 900_000


class Known(Client):
    def __init__(self, kafka, topic):
        super().__init__((None, kafka, topic))

    def once(self):
        self.begins()
        self.sock = self.sock or self.connect()
        said = ask_kafka(self.sock, kafka_bytes.fetch(self.topic, 0))
        error, _, data = kafka_bytes.fetched(said, self.topic)
        expect(error)
        if len(data) < LEAST_BYTES:
            raise ValueError(f'{len(data)} bytes came')
        self.ends()

    def connect(self):
        return connect(self.kafka)


class Stranger(Known):
    def __init__(self, kafka, topic, address):
        super().__init__(kafka, topic)
        self.address = address

    def connect(self):
        host, port = self.kafka.rsplit(':', 1)
        return socket.create_connection((host, int(port)), timeout=TIMEOUT_S,
                                        source_address=(self.address, 0))

    def once(self):
        super().once()
        self.drop()


def main():
    kafka, topic, address = sys.argv[1:]
    clients = {'known': Known(kafka, topic), 'stranger': Stranger(kafka, topic, address)}
    serve(clients)


if __name__ == '__main__':
    main()
