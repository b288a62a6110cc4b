"""test_kafka_python_groups.py - consumers of python3-kafka in groups: they share, die, join and
resume, and their topic grows under them."""
import collections
import json
import os
import shutil
import subprocess
import sys

from group_case import Consumer, GroupCase

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.path.join(HERE, 'kafka_python_group.py')
READER = os.path.join(HERE, 'kafka_python_offsets.py')
PARTITIONS = 6


class Python(Consumer):
    def __init__(self, gw, group, topic):
        super().__init__(gw, [sys.executable, CLIENT, gw.kafka, group, topic])

    def shares(self):
        """Of each rebalance the partitions that it has left us with."""
        return [set(map(int, line.split()[1:])) for line in self.text(self.said).splitlines()
                if line.startswith('assigned')]


class KafkaPythonGroups(GroupCase):
    def consumer(self, gw):
        return self.add(Python(gw, 'g', 't'))

    def read(self):
        """How often each value was read, by all there have been."""
        return collections.Counter(v for c in self.consumers for v in c.values())

    def until_read(self, count):
        wanted = {str(i) for i in range(count)}
        self.until(f'{count} are read', lambda: set(self.read()) >= wanted)

    def test_what_was_read_is_committed_and_the_next_one_goes_on_behind_it(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', str(PARTITIONS))
            for first in (0, 100):
                self.produce(gw, first, 100)
                consumer = self.consumer(gw)
                self.until_read(first + 100)
                consumer.leave()
        self.assertEqual(set(self.read().values()), {1})

    def test_another_reader_finds_groups_and_offsets_in_a_copy_of_the_directory(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            self.produce(gw, 0, 100)
            consumer = self.consumer(gw)
            self.until_read(100)
            consumer.leave()
            stays = self.consumer(gw)
            self.until_shared([stays], 2)
            ends = [len(gw.consume('t', p)) for p in range(2)]
            copy = os.path.join(self.directory.name, 'copy')
        shutil.copytree(self.log, copy)
        found = json.loads(subprocess.check_output([sys.executable, READER, copy]))
        self.assertEqual(found['offsets'], {f'g t {p}': end for p, end in enumerate(ends)})
        kind, generation, protocol, count, members = found['groups']['g']
        self.assertEqual((kind, protocol, count), ('consumer', 'range', 1))
        self.assertGreater(generation, 1)
        member, client, host, session_ms, share_bytes = members[0]
        self.assertTrue(member.startswith(client + '-'), member)
        self.assertEqual((host, session_ms), ('/10.95.0.2', 3000))
        self.assertGreater(share_bytes, 0)

    def test_of_three_one_is_killed_and_one_joins_and_nothing_is_missing(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', str(PARTITIONS))
            three = [self.consumer(gw) for _ in range(3)]
            self.until_shared(three, PARTITIONS)
            self.produce(gw, 0, 300)
            self.until_read(300)
            three.pop().kill()
            self.produce(gw, 300, 300)
            self.until_shared(three, PARTITIONS)
            self.until_read(600)
            three.append(self.consumer(gw))
            self.until_shared(three, PARTITIONS)
            self.produce(gw, 600, 300)
            self.until_read(900)
            for consumer in three:
                consumer.leave()

    def test_partitions_that_are_added_are_shared_and_read(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            two = [self.consumer(gw) for _ in range(2)]
            self.until_shared(two, 2)
            self.produce(gw, 0, 100)
            gw.ctl('topic', 'alter', 't', '--partitions', str(PARTITIONS))
            self.until_shared(two, PARTITIONS)
            self.produce(gw, 100, 100)
            self.until_read(200)
            for consumer in two:
                consumer.leave()
        self.assertEqual(set(self.read().values()), {1})
