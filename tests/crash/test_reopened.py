"""test_reopened.py - a partition whose disk has failed under a running gateway comes back when the
disk is well again: nothing acknowledged is lost, and nobody else notices."""
import json
import os
import shutil
import subprocess
import time

from gateway import Gateway, Restartable
from test_directories import NOTICED_SECONDS, DirectoryTest, SeveralTest, Stream


class ReopenTest(DirectoryTest):
    @staticmethod
    def reopen(gw, *words):
        """Exit status, and what was said."""
        done = gw.run(['penstockctl', 'partition', 'reopen', *words], check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    @staticmethod
    def describe(gw, partition):
        told = json.loads(gw.ctl('--json', 'topic', 'describe', 't').stdout)
        return told['partitions'][partition]

    def check_failed(self, gw, partition, word):
        """It says why, since when, and what to do."""
        gw.wait_for(f'partition {partition} to have failed',
                    lambda _: self.describe(gw, partition)['failed_since'])
        told = self.describe(gw, partition)
        self.assertIn(word, told['fault'])
        self.assertIn(f'penstockctl partition reopen t {partition}', told['way_out'])
        shown = gw.ctl('topic', 'describe', 't').stdout.decode()
        self.assertIn(told['failed_since'], shown)
        self.assertIn(told['way_out'], shown)
        self.assertIn(told['way_out'], gw.ctl('state').stdout.decode())

    def check_refused(self, gw, words, *says):
        status, said = self.reopen(gw, *words)
        self.assertEqual(status, 1, said)
        for word in says:
            self.assertIn(word, said)

    def check_reopened(self, gw, *words):
        status, said = self.reopen(gw, *words)
        self.assertEqual(status, 0, said)
        self.assertIn('t-1 is served again', said)
        self.assertEqual(self.state(gw)['partition_fault_count'], 0, gw.ctl('state').stdout)


class MovedAway(ReopenTest):
    def test_a_partition_that_was_moved_away_and_back_is_served_again(self):
        kept = os.path.join(self.directory.name, 'kept')
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            self.produce(gw, 't', 1, 10)
            os.rename(self.path('t-1'), kept)
            self.check_failed(gw, 1, 'was removed or replaced')
            self.check_refused(gw, ['t'], 't-1: its directory: it is not there')
            self.assertFalse(os.path.exists(self.path('t-1')))
            os.rename(kept, self.path('t-1'))
            self.check_reopened(gw, 't', '1')
            self.produce(gw, 't', 1, 5)
            self.assertEqual(len(gw.consume('t', 1)), 15)
            self.check_refused(gw, ['t', '0'], 'it is served, and has not failed')
            self.check_refused(gw, ['t'], 'no partition of t has failed')
        self.assertIn('t-1 is served again', gw.errors)
        self.assertTrue(os.path.exists(self.path('.kafka_cleanshutdown')))


class OwnDisk(ReopenTest):
    """Partition 1 of t lies on a small disk of its own, whose room nobody watches."""
    SIZE = 8 << 20

    def setUp(self):
        super().setUp()
        self.make_topic('t')
        self.disk = os.path.join(self.directory.name, 'disk')
        os.mkdir(self.disk)
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={self.SIZE}', 'tmpfs',
                               self.disk], check=False, stderr=subprocess.PIPE)
        if done.returncode != 0:
            self.skipTest(f'no tmpfs to fill: {done.stderr.decode().strip()}')
        for name in os.listdir(self.path('t-1')):
            shutil.copyfile(self.path('t-1', name), os.path.join(self.disk, name))
        shutil.rmtree(self.path('t-1'))
        os.mkdir(self.path('t-1'))
        self.plug()

    def tearDown(self):
        for place in (self.path('t-1'), self.disk):
            if os.path.ismount(place):
                subprocess.run(['umount', '-l', place], check=True)
        super().tearDown()

    def plug(self):
        subprocess.run(['mount', '--bind', self.disk, self.path('t-1')], check=True)

    @staticmethod
    def store(gw, data):
        return gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't', '-p', '1', '-X', 'acks=all',
                       '-X', 'message.timeout.ms=1500'], input=data, check=False).returncode == 0

    def fill(self, gw):
        """Until a write finds no room; how many records were acknowledged."""
        stored = 10
        deadline = time.monotonic() + 40
        while self.store(gw, (b'x' * 4000 + b'\n') * 100):
            stored += 100
            self.assertLess(time.monotonic(), deadline)
        return stored

    def test_a_write_that_found_no_room_is_not_the_end(self):
        with Restartable({'log.dirs': self.log}) as gw:
            gw.ctl('topic', 'create', 'u')
            stream = Stream(gw, 'u')
            try:
                self.assertTrue(stream.wait(lambda: len(stream.acknowledged) > 10, 20))
                stored = self.fill(gw)
                self.check_failed(gw, 1, 'No space left')
                self.assertEqual(len(gw.consume('t', 0)), 10)
                subprocess.run(['mount', '-o', f'remount,size={8 * self.SIZE}', self.disk],
                               check=True)
                self.check_reopened(gw, 't', '1')
                self.assertGreaterEqual(len(gw.consume('t', 1)), stored)
                self.produce(gw, 't', 1, 7)
                before = len(stream.acknowledged)
                self.assertTrue(stream.wait(lambda: len(stream.acknowledged) > before, 10))
                self.assertEqual(stream.errors, [], 'nobody else has noticed')
            finally:
                stream.end()
            found = gw.consume('t', 1)
            self.assertGreaterEqual(len(found), stored + 7)
            gw.kill_and_start()
            self.assertEqual(gw.consume('t', 1), found)

    def test_what_was_unplugged_is_served_when_it_is_plugged_in_again(self):
        with Gateway({'log.dirs': self.log}) as gw:
            subprocess.run(['umount', '-l', self.path('t-1')], check=True)
            self.check_failed(gw, 1, 'was removed or replaced')
            self.check_refused(gw, ['t', '1'], 'it is not the one that was served')
            self.assertEqual(os.listdir(self.path('t-1')), [])
            self.plug()
            self.check_reopened(gw, 't', '1')
            self.produce(gw, 't', 1, 5)
            self.assertEqual(len(gw.consume('t', 1)), 15)


class LogDirectory(SeveralTest):
    def reopen(self, gw):
        done = gw.run(['penstockctl', 'logdir', 'reopen', self.second], check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    def test_one_that_was_away_is_used_again_with_what_lies_there(self):
        kept = os.path.join(self.directory.name, 'kept')
        with self.gateway() as gw:
            mine, others = self.make(gw)
            os.rename(self.second, kept)
            time.sleep(NOTICED_SECONDS)
            shown = gw.ctl('logdir', 'list').stdout.decode()
            self.assertIn('OFFLINE', shown)
            self.assertIn(f'penstockctl logdir reopen {self.second}', shown)
            status, said = self.reopen(gw)
            self.assertEqual(status, 1, said)
            self.assertIn('it is not there', said)
            self.assertFalse(self.stored(gw, others[0]))
            self.assertTrue(self.stored(gw, mine[0]))
            os.rename(kept, self.second)
            status, said = self.reopen(gw)
            self.assertEqual(status, 0, said)
            for partition in others:
                self.assertIn(f't-{partition} is served again', said)
                self.assertTrue(self.stored(gw, partition))
            self.check_read(gw, others, 2)
            self.check_directories(gw, False)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)
            gw.ctl('topic', 'create', 'u', '--partitions', '2')
            self.assertEqual(len(list(filter(os.path.isdir, (
                os.path.join(self.second, f'u-{partition}') for partition in range(2))))), 1)
        for directory in (self.log, self.second):
            self.assertTrue(os.path.exists(os.path.join(directory, '.kafka_cleanshutdown')))
