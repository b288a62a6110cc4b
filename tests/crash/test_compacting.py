"""test_compacting.py - the gateway killed under load while its logs are compacted, and started
again: of each key the last acknowledged record is there, or a later one, and nothing is twice."""
import collections
import os
import random
import signal
import time

from gateway import Gateway, verify_log
from load import key_of
from test_kill import KILLS, TORN_TAIL, Acknowledged, CrashTest

PARTITIONS, KEYS = 4, 16
SEGMENT_BYTES = 1 << 20
VALUE_BYTES = 40000                 # a round has 100 at least: a segment of each partition
SETTLED_SECONDS = 30
LEFTOVERS = ('.deleted', '.swap', '.cleaned')


class Compacting(CrashTest):
    TOPIC = ['--partitions', str(PARTITIONS),
             '--config', f'segment.bytes={SEGMENT_BYTES}',
             '--config', 'cleanup.policy=compact',
             '--config', 'min.cleanable.dirty.ratio=0.01',
             '--config', 'file.delete.delay.ms=0']
    LOAD = [str(VALUE_BYTES), str(KEYS)]

    def gateway(self, status=0):
        """Its cleaner works for most of the time."""
        return Gateway({'log.dirs': self.log, 'log.cleaner.backoff.ms': 10,
                        'log.segment.bytes': SEGMENT_BYTES,
                        'log.cleaner.io.max.bytes.per.second': 20 << 20}, status=status)

    def files(self, *endings):
        return [os.path.join(directory, name) for directory, _, names in os.walk(self.log)
                for name in names if name.endswith(endings)]

    def sealed_bytes(self):
        """Of all partitions' segments but the last of each."""
        logs = collections.defaultdict(list)
        for path in self.files('.log'):
            if '/load-' in path:
                logs[os.path.dirname(path)].append(path)
        return sum(os.path.getsize(path) for paths in logs.values() for path in sorted(paths)[:-1])

    def settle(self):
        """Until no more is left than the cleaner leaves: a batch of each key, and one a segment."""
        deadline = time.monotonic() + SETTLED_SECONDS
        most = KEYS * (VALUE_BYTES + 200) + PARTITIONS * SEGMENT_BYTES // 2
        while self.files(*LEFTOVERS) or self.sealed_bytes() > most:
            self.assertLess(time.monotonic(), deadline,
                            f'{self.sealed_bytes()} bytes stay; {self.files(*LEFTOVERS)}')
            time.sleep(0.1)

    # ---- what is there ---------------------------------------------------------------------

    @staticmethod
    def name_of(value):
        return value.rstrip(b'.')

    @staticmethod
    def key_of(name):
        return key_of(int(name.rsplit(b'-', 1)[1]), KEYS)

    def check(self, gw):
        acknowledged, load = Acknowledged(self.notes).records, gw.consume('load')
        at, last = {}, {}
        for partition, offset, key, value in load:
            name = self.name_of(value)
            self.assertEqual((key, len(value)), (self.key_of(name), VALUE_BYTES))
            self.assertLess(last.get((partition, None), -1), offset, f'of {partition}')
            at[partition, offset] = name
            last[partition, None] = last[partition, key] = offset
        self.assertEqual(len(set(at.values())), len(at), 'a record is there twice')
        for (partition, offset), name in acknowledged.items():
            if last.get((partition, self.key_of(name)), -1) <= offset:
                self.assertEqual(at.get((partition, offset)), name,
                                 f'the last of its key, acknowledged at {partition}, {offset}')
            self.assertEqual(at.get((partition, offset), name), name)
        return len(load), len(acknowledged)

    # ---- a reader beside it ----------------------------------------------------------------

    def start_reader(self, gw):
        """From the beginning, through what is compacted meanwhile."""
        path = os.path.join(self.directory.name, 'read')
        with open(path, 'wb') as out:
            return path, gw.popen(['kcat', '-b', gw.kafka, '-C', '-t', 'load', '-o', 'beginning',
                                   '-u', '-q', '-f', '%p %o %k\n'], stdout=out)

    def check_read(self, path):
        acknowledged = Acknowledged(self.notes).records
        with open(path, 'rb') as file:
            lines = [line.split() for line in file if line.endswith(b'\n')]
        last = {}
        for partition, offset, key in lines:
            place = int(partition), int(offset)
            self.assertLess(last.get(place[0], -1), place[1], f'read of {place[0]}')
            last[place[0]] = place[1]
            if place in acknowledged:
                self.assertEqual(key, self.key_of(acknowledged[place]), f'read at {place}')
        return len(lines)

    def test_kill_9_while_logs_are_compacted_loses_no_key(self):
        chance = random.Random(19)
        read, stopped = 0, 0
        for number in range(KILLS):
            with self.gateway(status=70) as gw:
                if number:
                    self.check(gw)
                load = self.start_load(gw, number)
                path, reader = self.start_reader(gw)
                time.sleep(chance.uniform(0, 2))
                os.kill(gw.pid, signal.SIGKILL)
                gw.wait_until_gone(10)
                self.stop(load)
                self.stop(reader)
            read += self.check_read(path)
            stopped += len(self.files(*LEFTOVERS)) > 0
            status, said = verify_log(self.log)
            self.assertIn(status, (0, TORN_TAIL), said)
        with self.gateway() as gw:
            self.settle()
            found, acknowledged = self.check(gw)
        self.assertLess(found, acknowledged // 2)
        self.assertGreater(read, 0)
        status, said = verify_log(self.log)
        self.assertEqual(status, 0, said)
        print(f'{KILLS} kills, {stopped} of them in the middle of a compaction; {found} records '
              f'are left of {acknowledged}, {read} read beside')
