"""test_groups.py - consumers of librdkafka (kcat -G) in groups: they share, leave and resume,
across restarts of the gateway and a kill -9."""
import collections
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

from gateway import Gateway

PARTITIONS = 4
SETTINGS = {'group.initial.rebalance.delay.ms': '200', 'offsets.topic.num.partitions': '8'}
KILLED = 70


class Consumer:
    """kcat -G that runs; what it has said and read so far."""

    def __init__(self, gw, group, topic):
        self.said = tempfile.TemporaryFile()
        self.read = tempfile.TemporaryFile()
        self.process = gw.popen(
            ['kcat', '-b', gw.kafka, '-G', group, '-u', '-f', '%p %s\\n',
             '-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000',
             '-X', 'heartbeat.interval.ms=500', '-X', 'auto.commit.interval.ms=200', topic],
            stdin=subprocess.DEVNULL, stdout=self.read, stderr=self.said)

    def text(self, file):
        return os.pread(file.fileno(), 1 << 20, 0).decode()

    def assigned(self):
        """The partitions of the last rebalance."""
        share = set()
        for line in self.text(self.said).splitlines():
            match = re.search(r'rebalanced .*: (assigned|revoked): (.*)', line)
            if match:
                named = {int(n) for n in re.findall(r'\[(\d+)\]', match.group(2))}
                share = named if match.group(1) == 'assigned' else set()
        return share

    def values(self):
        whole = self.text(self.read).rpartition('\n')[0]     # the rest is being written
        return [line.split()[1] for line in whole.splitlines()]

    def leave(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.said.close()
        self.read.close()


class Groups(unittest.TestCase):
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

    def consumer(self, gw, group='g', topic='t'):
        self.consumers.append(Consumer(gw, group, topic))
        return self.consumers[-1]

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

    def read_all(self, gw, wanted):
        """One consumer reads until it has so many records, then commits and leaves."""
        consumer = self.consumer(gw)
        self.until(f'{wanted} records', lambda: len(consumer.values()) >= wanted)
        consumer.leave()
        return consumer.values()

    def test_two_share_the_partitions_and_the_one_that_stays_takes_them_all(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', str(PARTITIONS))
            first, second = self.consumer(gw), self.consumer(gw)
            everything = set(range(PARTITIONS))
            self.until('both have a share', lambda: first.assigned() and second.assigned() and
                       first.assigned() | second.assigned() == everything and
                       not first.assigned() & second.assigned())
            self.produce(gw, 0, 100)
            self.until('all is read',
                       lambda: len(first.values()) + len(second.values()) == 100)
            second.leave()
            self.until('one has all', lambda: first.assigned() == everything)
            self.produce(gw, 100, 100)
            self.until('the rest is read',
                       lambda: len(first.values()) + len(second.values()) == 200)
            read = collections.Counter(first.values() + second.values())
            self.assertEqual(read, collections.Counter(str(i) for i in range(200)))
            first.leave()

    def test_a_group_goes_on_where_it_stopped_after_a_restart_and_after_kill_9(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', str(PARTITIONS))
            self.produce(gw, 0, 100)
            self.assertEqual(sorted(map(int, self.read_all(gw, 100))), list(range(100)))
        with self.gateway(status=KILLED) as gw:
            self.produce(gw, 100, 50)
            self.assertEqual(sorted(map(int, self.read_all(gw, 50))), list(range(100, 150)))
            os.kill(gw.pid, signal.SIGKILL)
            gw.wait_until_gone(10)
        with self.gateway() as gw:
            self.produce(gw, 150, 50)
            self.assertEqual(sorted(map(int, self.read_all(gw, 50))), list(range(150, 200)))
            told = gw.run(['kcat', '-b', gw.kafka, '-L', '-J']).stdout
            self.assertIn(b'__consumer_offsets', told)

    def test_nobody_produces_to_the_topic_of_the_groups_or_deletes_it(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '1')
            self.produce(gw, 0, 1)
            self.read_all(gw, 1)
            done = gw.run(['kcat', '-b', gw.kafka, '-P', '-t', '__consumer_offsets', '-p', '0',
                           '-X', 'message.timeout.ms=5000'], check=False, input=b'mine\n')
            self.assertIn(b'Invalid topic', done.stderr)
            done = gw.run(['penstockctl', 'topic', 'delete', '__consumer_offsets'], check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"the gateway's own", done.stderr)
