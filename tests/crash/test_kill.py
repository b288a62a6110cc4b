"""test_kill.py - the gateway killed under load, and started again on the same log."""
import collections
import os
import random
import signal
import sys
import tempfile
import time
import unittest

from gateway import Gateway, verify_log

LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'load.py')
KILLS = int(os.environ.get('PENSTOCK_KILLS') or (20 if os.environ.get('CI') == 'true' else 5))
TORN_TAIL = 3
DRAIN_SECONDS = 10


class Acknowledged:
    """What clients were told is stored."""

    def __init__(self, path):
        self.records, self.frames = {}, set()
        if not os.path.exists(path):
            return
        with open(path) as file:
            for line in file:
                if not line.endswith('\n'):
                    break       # being written: across two pages it becomes visible in halves
                kind, *words = line.split()
                if kind == 'kafka':
                    self.records[int(words[0]), int(words[1])] = words[2].encode()
                else:
                    self.frames.add(bytes.fromhex(words[0]))

    def count(self):
        return len(self.records) + len(self.frames)


class CrashTest(unittest.TestCase):
    TOPIC = ['--partitions', '4']
    LOAD = []                   # more for load.py

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')
        self.notes = os.path.join(self.directory.name, 'acknowledged')
        self.said = os.path.join(self.directory.name, 'said')   # by the load

    def tearDown(self):
        self.directory.cleanup()

    def gateway(self, status=0):
        # small segments: rolls happen under load too
        return Gateway({'log.dirs': self.log, 'log.segment.bytes': 1 << 20}, status=status)

    def start_load(self, gw, number):
        """Load that is under way: its first answers have come."""
        if number == 0:
            gw.ctl('topic', 'create', 'load', *self.TOPIC)
        before = Acknowledged(self.notes).count()
        with open(self.said, 'wb') as said:
            load = gw.popen([sys.executable, LOAD, gw.kafka, gw.env['PENSTOCK_GBT32960'],
                             self.notes, str(number), *self.LOAD], stderr=said)
        deadline = time.monotonic() + 60
        while Acknowledged(self.notes).count() < before + 100:
            if time.monotonic() > deadline:
                self.fail(f'no load, status {load.poll()}: {self.load_said()}; {gw.counters()}')
            time.sleep(0.02)
        return load

    def load_said(self):
        with open(self.said) as said:
            return said.read()

    @staticmethod
    def stop(load):
        """Ends it; the answers that had reached its kernel it has had the time to note."""
        time.sleep(0.2)
        load.kill()
        load.wait()

    def check(self, gw):
        """Everything acknowledged is there, nothing twice, offsets dense."""
        acknowledged = Acknowledged(self.notes)
        load, vehicles = gw.consume('load'), gw.consume('vehicles')
        at = {(partition, offset): value for partition, offset, _, value in load}
        for place, value in acknowledged.records.items():
            self.assertEqual(at.get(place), value, f'acknowledged at {place}')
        twice = [v for v, n in collections.Counter(r[3] for r in load).items() if n > 1]
        self.assertEqual(twice, [])
        missing = acknowledged.frames - {value for _, _, _, value in vehicles}
        self.assertEqual(missing, set())
        for records in (load, vehicles):
            offsets = collections.defaultdict(list)
            for partition, offset, _, _ in records:
                offsets[partition].append(offset)
            for partition, found in offsets.items():
                self.assertEqual(sorted(found), list(range(len(found))), f'offsets of {partition}')


class Kill(CrashTest):
    def test_kill_9_under_load_again_and_again_loses_nothing_acknowledged(self):
        chance = random.Random(32960)
        for number in range(KILLS):
            with self.gateway(status=70) as gw:
                if number:
                    self.check(gw)
                load = self.start_load(gw, number)
                time.sleep(chance.uniform(0, 0.4))
                os.kill(gw.pid, signal.SIGKILL)
                gw.wait_until_gone(10)
                self.stop(load)
            status, said = verify_log(self.log)
            self.assertIn(status, (0, TORN_TAIL), said)
        with self.gateway() as gw:
            self.check(gw)
        status, said = verify_log(self.log)
        self.assertEqual(status, 0, said)


class Drain(CrashTest):
    def test_sigterm_under_load_loses_nothing_and_leaves_the_mark(self):
        with self.gateway(status=70) as gw:
            load = self.start_load(gw, 0)
            os.kill(gw.pid, signal.SIGTERM)
            gw.wait_until_gone(DRAIN_SECONDS)
            self.stop(load)
        self.assertIn('before the command ended: exit status 0', gw.errors)
        self.assertTrue(os.path.exists(os.path.join(self.log, '.kafka_cleanshutdown')))
        status, said = verify_log(self.log)
        self.assertEqual(status, 0, said)
        with self.gateway() as gw:
            self.check(gw)

    def test_an_idle_gateway_drains_at_once(self):
        with self.gateway() as gw:
            begin = time.monotonic()
            gw.process.stdin.close()
            gw.process.wait(10)
            self.assertLess(time.monotonic() - begin, 3)
        self.assertTrue(os.path.exists(os.path.join(self.log, '.kafka_cleanshutdown')))
