"""group_case.py - for tests: a gateway, a topic "t" of numbered records, and consumers of a group.

    class Groups(GroupCase):
        def test_...(self):
            with self.gateway() as gw:
                consumer = self.add(Kcat(gw, 'g', 't'))
                self.produce(gw, 0, 100)            values "0" to "99"
                self.until('all is read', lambda: len(consumer.values()) == 100)

A consumer is a process that says on one file what it has been assigned, and on one what it has
read; both are read while it runs.
"""
import os
import signal
import subprocess
import tempfile
import time
import unittest

from gateway import Gateway

SETTINGS = {'group.initial.rebalance.delay.ms': '200', 'offsets.topic.num.partitions': '8',
            'group.min.session.timeout.ms': '1000'}


class Consumer:
    """A subclass says how it is started and what its words mean: shares()."""

    def __init__(self, gw, command):
        self.said = tempfile.TemporaryFile()
        self.read = tempfile.TemporaryFile()
        self.process = gw.popen(command, stdin=subprocess.DEVNULL, stdout=self.read,
                                stderr=self.said)

    def text(self, file):
        return os.pread(file.fileno(), 1 << 20, 0).decode()

    def assigned(self):
        """The partitions of the last rebalance."""
        shares = self.shares()
        return shares[-1] if shares else set()

    def values(self):
        whole = self.text(self.read).rpartition('\n')[0]     # the rest is being written
        return [line.split()[1] for line in whole.splitlines()]

    def leave(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.said.close()
        self.read.close()


class GroupCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')
        self.consumers = []

    def tearDown(self):
        for consumer in self.consumers:
            consumer.close()
        self.directory.cleanup()

    def gateway(self, status=0):
        return Gateway({**SETTINGS, 'log.dirs': self.log}, status=status)

    def add(self, consumer):
        self.consumers.append(consumer)
        return consumer

    def produce(self, gw, first, count):
        lines = ''.join(f'k{i}:{i}\n' for i in range(first, first + count))
        gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't', '-K:', '-X', 'acks=all'],
               input=lines.encode())

    def until(self, what, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            told = [(c.assigned(), c.text(c.said)[-600:]) for c in self.consumers]
            self.assertLess(time.monotonic(), deadline, f'{what}: {told}')
            time.sleep(0.05)

    def until_shared(self, consumers, partitions):
        """Each has a share, and each partition is in one of them."""
        everything = sorted(range(partitions))
        self.until(f'{len(consumers)} share {partitions} partitions',
                   lambda: all(c.assigned() for c in consumers) and
                   sorted(p for c in consumers for p in c.assigned()) == everything)
