"""test_retained.py - the gateway killed under load while its logs lose what is too much, and
started again: what is left is all that was acknowledged from where the log starts, and as much as
is to be kept."""
import collections
import os
import random
import signal
import time

import kafka_bytes
from gateway import Gateway, verify_log
from test_kill import KILLS, TORN_TAIL, Acknowledged, CrashTest

PARTITIONS = 4
SEGMENT_BYTES = 1 << 20
RETENTION_BYTES = 2 << 20
VALUE_BYTES = 40000                 # a round has 100 at least: a segment of each partition
RECORD_BYTES = VALUE_BYTES + 200    # at most, with its batch's header
SETTLED_SECONDS = 10


class Retained(CrashTest):
    TOPIC = ['--partitions', str(PARTITIONS),
             '--config', f'segment.bytes={SEGMENT_BYTES}',
             '--config', f'retention.bytes={RETENTION_BYTES}',
             '--config', 'file.delete.delay.ms=300']
    LOAD = [str(VALUE_BYTES)]

    def gateway(self, status=0):
        return Gateway({'log.dirs': self.log, 'log.retention.check.interval.ms': 50,
                        'log.segment.bytes': SEGMENT_BYTES}, status=status)

    # ---- where logs start ------------------------------------------------------------------

    @staticmethod
    def starts(gw):
        found = []
        with gw.connect('KAFKA') as sock:
            for partition in range(PARTITIONS):
                sock.sendall(kafka_bytes.list_offsets('load', kafka_bytes.EARLIEST, partition))
                error, _, offset = kafka_bytes.offset_listed(kafka_bytes.answer(sock), 'load')
                assert error == 0, f'partition {partition}: error {error}'
                found.append(offset)
        return found

    def settled(self, gw):
        """(starts, records) when nothing more goes: each partition keeps what it is to keep, and no
        more than the segment that this ends in."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while True:
            before, load = self.starts(gw), gw.consume('load')
            count = collections.Counter(partition for partition, _, _, _ in load)
            most = max(count.values()) * VALUE_BYTES
            if before == self.starts(gw) and most <= RETENTION_BYTES + SEGMENT_BYTES:
                return before, load
            self.assertLess(time.monotonic(), deadline, f'{most} bytes stay in a partition')

    def check_offsets(self, starts, load):
        offsets = collections.defaultdict(list)
        for partition, offset, _, _ in load:
            offsets[partition].append(offset)
        for partition, start in enumerate(starts):
            found = sorted(offsets[partition])
            self.assertEqual(found, list(range(start, start + len(found))), f'of {partition}')
            kept = len(found) * RECORD_BYTES
            self.assertTrue(start == 0 or kept >= RETENTION_BYTES, f'{kept} bytes of {partition}')

    def check_retained(self, gw, least):
        """As CrashTest.check(), from where the logs start; that never goes back."""
        acknowledged = Acknowledged(self.notes)
        starts, load = self.settled(gw)
        self.assertTrue(all(a >= b for a, b in zip(starts, least)), f'{starts} after {least}')
        at = {(partition, offset): key for partition, offset, key, _ in load}
        for place, name in acknowledged.records.items():
            if place[1] >= starts[place[0]]:
                self.assertEqual(at.get(place), name, f'acknowledged at {place}')
        twice = [v for v, n in collections.Counter(r[2] for r in load).items() if n > 1]
        self.assertEqual(twice, [])
        self.assertEqual({len(value) for _, _, _, value in load} - {VALUE_BYTES}, set())
        self.check_offsets(starts, load)

    # ---- a reader beside it ----------------------------------------------------------------

    def start_reader(self, gw):
        """From the beginning, so that it reads what goes; back to what is left when it is late."""
        path = os.path.join(self.directory.name, 'read')
        with open(path, 'wb') as out:
            return path, gw.popen(['kcat', '-b', gw.kafka, '-C', '-t', 'load', '-o', 'beginning',
                                   '-u', '-q', '-X', 'topic.auto.offset.reset=earliest',
                                   '-f', '%p %o %k\n'], stdout=out)

    def check_read(self, path):
        acknowledged = Acknowledged(self.notes).records
        with open(path, 'rb') as file:
            lines = [line.split() for line in file if line.endswith(b'\n')]
        for partition, offset, name in lines:
            place = int(partition), int(offset)
            self.assertEqual(acknowledged.get(place, name), name, f'read at {place}')
        return len(lines)

    def files(self, ending):
        return [name for partition in range(PARTITIONS)
                for name in os.listdir(os.path.join(self.log, f'load-{partition}'))
                if name.endswith(ending)]

    def kill(self, gw, chance):
        """Some time in the load; what was seen of the starts."""
        time.sleep(chance.uniform(0, 0.6))
        seen = self.starts(gw)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(gw.pid, signal.SIGKILL)
        gw.wait_until_gone(10)
        return seen

    def test_kill_9_while_logs_lose_their_heads_loses_nothing_that_is_to_be_kept(self):
        chance = random.Random(13)
        seen, read, torn = [0] * PARTITIONS, 0, 0
        for number in range(KILLS):
            with self.gateway(status=70) as gw:
                if number:
                    self.check_retained(gw, seen)
                load = self.start_load(gw, number)
                path, reader = self.start_reader(gw)
                seen = self.kill(gw, chance)
                self.stop(load)
                self.stop(reader)
            read += self.check_read(path)
            torn += len(self.files('.deleted')) > 0
            status, said = verify_log(self.log)
            self.assertIn(status, (0, TORN_TAIL), said)
        with self.gateway() as gw:
            self.check_retained(gw, seen)
        self.assertTrue(all(start > 0 for start in seen), f'{seen}: nothing has gone')
        self.assertGreater(read, 0)
        status, said = verify_log(self.log)
        self.assertEqual(status, 0, said)
        print(f'{KILLS} kills, {torn} of them while files were to go; starts {seen}, '
              f'{read} records read beside')

