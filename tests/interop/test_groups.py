"""test_groups.py - consumers of librdkafka (kcat -G) in groups: they share, leave and resume,
across restarts of the gateway and a kill -9; and one that has a name of its own comes back.
"""
import collections
import os
import re
import signal

from group_case import Consumer, GroupCase

PARTITIONS = 4
KILLED = 70


class Kcat(Consumer):
    """kcat -G; `name` makes it a static member (KIP-345)."""

    def __init__(self, gw, group, topic, name=None):
        settings = ['auto.offset.reset=earliest', 'session.timeout.ms=6000',
                    'heartbeat.interval.ms=500', 'auto.commit.interval.ms=200']
        settings += [f'group.instance.id={name}'] if name else []
        super().__init__(gw, ['kcat', '-b', gw.kafka, '-G', group, '-u', '-f', '%p %s\\n',
                              *(word for s in settings for word in ('-X', s)), topic])

    def shares(self):
        """Of each rebalance the partitions that it has left us with."""
        told = re.findall(r'rebalanced .*: (assigned|revoked): (.*)', self.text(self.said))
        return [{int(n) for n in re.findall(r'\[(\d+)\]', named)} if what == 'assigned' else set()
                for what, named in told]


class Groups(GroupCase):
    def consumer(self, gw, name=None):
        return self.add(Kcat(gw, 'g', 't', name))

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
            self.until_shared([first, second], PARTITIONS)
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

    def test_a_member_with_a_name_comes_back_to_its_share_and_the_others_do_not_notice(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', str(PARTITIONS))
            first, second = self.consumer(gw, 'first'), self.consumer(gw, 'second')
            self.until_shared([first, second], PARTITIONS)
            share, rebalances = second.assigned(), len(first.shares())
            second.leave()
            second = self.consumer(gw, 'second')
            self.until('it has its share again', lambda: second.assigned() == share)
            self.produce(gw, 0, 100)
            self.until('all is read',
                       lambda: len(first.values()) + len(second.values()) == 100)
            self.assertEqual(len(first.shares()), rebalances)

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
