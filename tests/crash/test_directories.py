"""test_directories.py - what happens to a log directory outside the gateway: things that are not
ours, partitions that are damaged, the directory gone under an open gateway, a full disk."""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import kafka_bytes
from gateway import Gateway, quickstart, verify_log
from record_bytes import batch, record

EXIT_LOG_DIRS = 74          # control/main.c
STORAGE_ERROR = 56          # KAFKA_STORAGE_ERROR
PRODUCED_BYTES = 200000
PRODUCED_AT_ONCE = 16
NOTICED_SECONDS = 1.5       # "within a second", and what a busy machine takes to answer


class DirectoryTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    def path(self, *names):
        return os.path.join(self.log, *names)

    def gateway(self):
        return Gateway({'log.dirs': self.log})

    def make_topic(self, name, partitions=2, records=10):
        """A topic on disk with so many records in each partition; the gateway has stopped."""
        with self.gateway() as gw:
            gw.ctl('topic', 'create', name, '--partitions', str(partitions))
            for partition in range(partitions):
                self.produce(gw, name, partition, records)

    @staticmethod
    def produce(gw, topic, partition, records=1, check=True):
        data = b''.join(b'%d\n' % i for i in range(records))
        return gw.run(['kcat', '-b', gw.kafka, '-P', '-t', topic, '-p', str(partition),
                       '-X', 'acks=all', '-X', 'message.timeout.ms=1500'], input=data,
                      check=check)

    @staticmethod
    def state(gw):
        return json.loads(gw.ctl('--json', 'state').stdout)

    def check_offline(self, words):
        """Of topic t, partition 1 is offline for that reason and partition 0 is served."""
        with self.gateway() as gw:
            self.assertEqual(len(gw.consume('t', 0)), 10)
            self.produce(gw, 't', 0)
            self.assertEqual(len(gw.consume('t', 0)), 11)
            self.assertNotEqual(self.produce(gw, 't', 1, check=False).returncode, 0)
            faults = self.state(gw)['partition_faults']
            self.assertEqual([(f['topic'], f['partition'], f['is_offline']) for f in faults],
                             [('t', 1, True)])
            self.assertIn(words, faults[0]['fault'])
            self.assertIn('OFFLINE', gw.ctl('state').stdout.decode())
        self.assertIn('t-1 is OFFLINE', gw.errors)


class OnePartition(DirectoryTest):
    def test_a_segment_that_is_a_directory_leaves_the_rest_served(self):
        self.make_topic('t')
        segment = self.path('t-1', '0' * 20 + '.log')
        os.rename(segment, segment + '.kept')
        os.mkdir(segment)
        self.check_offline('it is no file')
        self.assertEqual(os.listdir(segment), [])

    def test_a_damaged_partition_metadata_leaves_the_rest_served(self):
        self.make_topic('t')
        with open(self.path('t-1', 'partition.metadata'), 'w') as file:
            file.write('version: 0\ntopic_')
        before = sorted(os.listdir(self.path('t-1')))
        self.check_offline('partition.metadata is damaged')
        self.assertEqual(sorted(os.listdir(self.path('t-1'))), before)

    def test_a_missing_partition_comes_back_when_it_is_restored(self):
        self.make_topic('t')
        os.rename(self.path('t-1'), os.path.join(self.directory.name, 'kept'))
        with self.gateway() as gw:
            self.assertEqual(len(gw.consume('t', 0)), 10)
            self.assertEqual(self.state(gw)['partition_fault_count'], 1)
        self.assertIn('partitions 1 are OFFLINE', gw.errors)
        os.rename(os.path.join(self.directory.name, 'kept'), self.path('t-1'))
        with self.gateway() as gw:
            self.assertEqual(len(gw.consume('t', 1)), 10)

    def test_a_missing_partition_is_empty_when_its_loss_is_accepted(self):
        self.make_topic('t')
        shutil.rmtree(self.path('t-1'))
        os.mkdir(self.path('t-1'))
        for name in ('recovery-point-offset-checkpoint', 'log-start-offset-checkpoint'):
            with open(self.path(name)) as file:
                lines = [line for line in file if not line.startswith('t 1 ')]
            with open(self.path(name), 'w') as file:
                file.writelines(lines)
        with self.gateway() as gw:
            self.assertEqual(self.state(gw)['partition_fault_count'], 0, gw.ctl('state').stdout)
            self.produce(gw, 't', 1)
            self.assertEqual(len(gw.consume('t', 1)), 1)

    def test_a_cut_topic_file_leaves_other_topics_served(self):
        self.make_topic('t')
        self.make_topic('u')
        with open(self.path('.t.json'), 'r+') as file:
            file.truncate(40)
        with self.gateway() as gw:
            self.assertEqual(len(gw.consume('u', 1)), 10)
            self.assertEqual(self.state(gw)['partition_fault_count'], 2)
        self.assertEqual(os.path.getsize(self.path('.t.json')), 40)

    def test_garbage_in_meta_properties_leaves_all_served(self):
        self.make_topic('t')
        garbage = os.urandom(100)
        with open(self.path('meta.properties'), 'wb') as file:
            file.write(garbage)
        with self.gateway() as gw:
            self.assertEqual(len(gw.consume('t', 1)), 10)
            self.assertIn('meta.properties', self.state(gw)['log_dir_fault'])
        with open(self.path('meta.properties'), 'rb') as file:
            self.assertEqual(file.read(), garbage)


class NotOurs(DirectoryTest):
    def test_what_is_not_ours_is_left_alone_and_named(self):
        os.makedirs(self.path('do-not-delete'))
        os.makedirs(self.path('backup-2024'))
        for name in ('do-not-delete/thesis.txt', 'backup-2024/photos', 'notes-1'):
            with open(self.path(name), 'w') as file:
                file.write('mine')
        for _ in range(2):
            with self.gateway() as gw:
                self.assertEqual(self.state(gw)['partition_fault_count'], 0)
            for name in ('do-not-delete', 'backup-2024', 'notes-1'):
                self.assertEqual(gw.errors.count(name), 1, gw.errors)
        for name in ('do-not-delete/thesis.txt', 'backup-2024/photos', 'notes-1'):
            with open(self.path(name)) as file:
                self.assertEqual(file.read(), 'mine')
        self.assertLess(len(os.listdir(self.log)), 30)

    def test_every_name_a_client_can_make_is_one_a_start_takes(self):
        names = ['__cluster_metadata', '__consumer_offset', 'a', 'a-1', 'a-1-0', '-', 'x-delete',
                 'a-0.0123456789abcdef0123456789abcdef-delete', 'meta.properties', 'y' * 249]
        with self.gateway() as gw:
            for name in names:
                gw.run(['kcat', '-b', gw.kafka, '-L', '-t', name], check=False)
            told = json.loads(gw.run(['kcat', '-b', gw.kafka, '-L', '-J', '-t',
                                      '__cluster_metadata'], check=False).stdout)
            self.assertIn('Invalid topic', told['topics'][0].get('error', ''))
            before = gw.ctl('topic', 'list').stdout
            for name in names[1:]:
                self.assertIn(name, before.decode())
        with self.gateway() as gw:
            self.assertEqual(gw.ctl('topic', 'list').stdout, before)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)


class Stream:
    """Records with acks=all, one after another; when each was acknowledged, and what failed."""

    def __init__(self, gw, topic):
        self.topic, self.acknowledged, self.errors = topic, [], []
        self.is_over = False
        self.process = gw.popen(
            [sys.executable, '-c', STREAM, gw.kafka, topic], stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            word, at = line.split()
            if word == 'stored':
                self.acknowledged.append(float(at))
            else:
                self.errors.append((word, float(at)))

    def wait(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.01)
        return condition()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()


STREAM = '''
import sys, time
from kafka import KafkaProducer
from kafka.errors import KafkaError
producer = KafkaProducer(bootstrap_servers=sys.argv[1], acks='all', retries=0, linger_ms=0,
                         request_timeout_ms=3000, max_block_ms=3000)
while True:
    try:
        producer.send(sys.argv[2], b'x' * 100).get(timeout=3)
        print('stored', time.monotonic(), flush=True)
    except KafkaError as error:
        print(type(error).__name__, time.monotonic(), flush=True)
        time.sleep(0.05)
'''


class Gone(DirectoryTest):
    def check_ended(self, gw, words):
        """By itself, with its own exit status, after a line that says it all."""
        self.assertIn(f'exit status {EXIT_LOG_DIRS}', gw.errors)
        lines = [line for line in gw.errors.splitlines() if 'the gateway ends' in line]
        self.assertEqual(len(lines), 1, gw.errors)
        for word in (*words, 'all partitions are OFFLINE', 'start the gateway again'):
            self.assertIn(word, lines[0])

    def lose(self, lose):
        with Gateway({'log.dirs': self.log}, status=70) as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '3')
            stream = Stream(gw, 't')
            try:
                self.assertTrue(stream.wait(lambda: len(stream.acknowledged) > 100, 20))
                lose(gw)
                lost_at = time.monotonic()
                gw.wait_until_gone(10)
                self.assertTrue(stream.wait(lambda: stream.errors, 5), 'no error')
            finally:
                stream.end()
            late = [at - lost_at for at in stream.acknowledged if at - lost_at > NOTICED_SECONDS]
            self.assertEqual(late, [])
            self.assertGreater(stream.errors[-1][1], stream.acknowledged[-1])
        self.check_ended(gw, [f'{self.log} was removed, replaced or unmounted'])

    def test_nothing_is_acknowledged_after_the_log_directory_was_removed(self):
        self.lose(lambda gw: shutil.rmtree(self.log))
        self.assertFalse(os.path.exists(self.log))

    def test_nothing_is_written_into_another_directory_at_its_path(self):
        def replace(gw):
            os.rename(self.log, self.log + '.kept')
            os.makedirs(self.path('t-0'))
        self.lose(replace)
        self.assertEqual([os.listdir(self.log), os.listdir(self.path('t-0'))], [['t-0'], []])

    def test_one_partitions_directory_gone_leaves_the_others_served(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            for partition in range(2):
                self.produce(gw, 't', partition)
            shutil.rmtree(self.path('t-1'))
            time.sleep(NOTICED_SECONDS)
            self.assertNotEqual(self.produce(gw, 't', 1, check=False).returncode, 0)
            self.produce(gw, 't', 0)
            self.assertEqual(len(gw.consume('t', 0)), 2)
        self.assertIn('t-1 is OFFLINE', gw.errors)

    def test_nothing_is_acknowledged_into_a_segment_that_was_removed(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            for partition in range(2):
                self.produce(gw, 't', partition)
            os.remove(self.path('t-1', '0' * 20 + '.log'))
            time.sleep(NOTICED_SECONDS)
            self.assertNotEqual(self.produce(gw, 't', 1, check=False).returncode, 0)
            self.produce(gw, 't', 0)
        self.assertIn('0.log was removed or replaced', gw.errors)


class SeveralTest(DirectoryTest):
    """Two log directories; topic t has four partitions, two in each."""

    def setUp(self):
        super().setUp()
        self.second = os.path.join(self.directory.name, 'second')

    def gateway(self, **options):
        return Gateway({'log.dirs': f'{self.log},{self.second}'}, **options)

    def make(self, gw):
        """The topic with a record in each partition; which partitions lie where."""
        gw.ctl('topic', 'create', 't', '--partitions', '4')
        for partition in range(4):
            self.produce(gw, 't', partition)
        return self.places()

    @staticmethod
    def places_in(directory):
        return [partition for partition in range(4)
                if os.path.isdir(os.path.join(directory, f't-{partition}'))]

    def places(self):
        places = [self.places_in(directory) for directory in (self.log, self.second)]
        self.assertEqual([len(place) for place in places], [2, 2])
        self.assertEqual(sorted(sum(places, [])), [0, 1, 2, 3])
        return places

    def check_directories(self, gw, is_second_offline):
        told = json.loads(gw.ctl('--json', 'logdir', 'list').stdout)['log_dirs']
        self.assertEqual([(d['path'], d['is_offline']) for d in told],
                         [(self.log, False), (self.second, is_second_offline)])
        with gw.connect('KAFKA') as sock:
            sock.sendall(kafka_bytes.describe_log_dirs())
            told = kafka_bytes.log_dirs_described(kafka_bytes.answer(sock))
        self.assertEqual([(path, error) for path, (error, _) in told.items()],
                         [(self.log, 0), (self.second, STORAGE_ERROR * is_second_offline)])
        self.assertEqual([{key for key in sizes if key[0] == 't'} for _, sizes in told.values()],
                         [{('t', p) for p in self.places_in(self.log)},
                          set() if is_second_offline else
                          {('t', p) for p in self.places_in(self.second)}])
        self.assertGreater(min(size for _, sizes in told.values() for key, size in sizes.items()
                               if key[0] == 't'), 0)

    def check_read(self, gw, partitions, records=1):
        for partition in partitions:
            self.assertEqual(len(gw.consume('t', partition)), records)

    @staticmethod
    def errors(gw, partition):
        """Of a Produce and of a Fetch."""
        with gw.connect('KAFKA') as sock:
            sock.sendall(kafka_bytes.produce('t', batch(record(0, b'x'), 1), -1, partition))
            produced = kafka_bytes.produced(kafka_bytes.answer(sock), 't')[0]
            sock.sendall(kafka_bytes.fetch('t', 0, partition=partition))
            return produced, kafka_bytes.fetched(kafka_bytes.answer(sock), 't')[0]

    def stored(self, gw, partition):
        return self.produce(gw, 't', partition, check=False).returncode == 0


class Several(SeveralTest):
    def test_records_are_kept_where_their_partition_lies(self):
        with self.gateway() as gw:
            places = self.make(gw)
            self.check_directories(gw, False)
        for directory in (self.log, self.second):
            self.assertEqual(verify_log(directory)[0], 0)
        with self.gateway(status=70) as gw:
            self.check_read(gw, range(4))
            os.kill(gw.pid, signal.SIGKILL)
            gw.wait_until_gone(10)
        with self.gateway() as gw:
            self.check_read(gw, range(4))
            self.assertEqual(self.places(), places)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)

    def test_one_that_is_gone_leaves_the_other_served_and_comes_back(self):
        with self.gateway() as gw:
            mine, others = self.make(gw)
            os.rename(self.second, self.second + '.away')
            time.sleep(NOTICED_SECONDS)
            self.assertTrue(self.stored(gw, mine[0]))
            self.assertEqual(self.errors(gw, others[0]), (STORAGE_ERROR, STORAGE_ERROR))
            self.assertEqual(self.errors(gw, mine[1]), (0, 0))
            self.check_read(gw, mine, 2)
            self.check_directories(gw, True)
            self.assertIn('OFFLINE', gw.ctl('logdir', 'list').stdout.decode())
            gw.ctl('topic', 'create', 'u')
            self.produce(gw, 'u', 0)
        with self.gateway() as gw:
            self.check_read(gw, mine, 2)
            faults = [(f['topic'], f['partition']) for f in self.state(gw)['partition_faults']]
            self.assertEqual([p for t, p in faults if t == 't'], others)
        shutil.rmtree(self.second)
        os.rename(self.second + '.away', self.second)
        with self.gateway() as gw:
            self.check_read(gw, others)
            self.check_read(gw, mine, 2)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)

    def test_the_gateway_ends_with_the_last_and_serves_all_when_both_are_back(self):
        with self.gateway(status=70) as gw:
            self.make(gw)
            os.rename(self.log, self.log + '.away')
            time.sleep(NOTICED_SECONDS)
            self.check_read(gw, self.places_in(self.second))
            os.rename(self.second, self.second + '.away')
            gw.wait_until_gone(10)
        self.assertIn(f'exit status {EXIT_LOG_DIRS}', gw.errors)
        self.assertIn(f'{self.second} was removed, replaced or unmounted under the gateway: it '
                      'was the last log directory', gw.errors)
        for directory in (self.log, self.second):
            os.rename(directory + '.away', directory)
        with self.gateway() as gw:
            self.check_read(gw, range(4))
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)


class Refused(SeveralTest):
    """A start that would be a mistake is none, says which directory is wrong, and does nothing."""

    def setUp(self):
        super().setUp()
        with self.gateway() as gw:
            self.make(gw)

    def refused(self, words, log_dirs=None):
        before = self.files()
        done = quickstart('run', '--set', f'log.dirs={log_dirs or f"{self.log},{self.second}"}',
                          '--', 'true')
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn(words, done.stderr.decode())
        self.assertEqual(self.files(), before)

    def files(self):
        return {os.path.join(at, name): os.path.getsize(os.path.join(at, name))
                for at, _, names in os.walk(self.directory.name) for name in names
                if not name.startswith(('.lock', '.penstock-'))}

    def set_meta(self, key, value):
        path = os.path.join(self.second, 'meta.properties')
        with open(path) as file:
            lines = [f'{key}={value}\n' if line.startswith(f'{key}=') else line for line in file]
        with open(path, 'w') as file:
            file.writelines(lines)

    def test_one_that_is_named_twice(self):
        link = os.path.join(self.directory.name, 'link')
        os.symlink(self.second, link)
        self.refused(f'{self.second} and {link} are one directory',
                     f'{self.log},{self.second},{link}')

    def test_one_that_another_process_has(self):
        with open(os.path.join(self.second, '.lock')) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused(f'{self.second} is in use by another process')

    def test_one_of_another_node(self):
        self.set_meta('node.id', 7)
        self.refused(f'{self.second} belongs to node 7')

    def test_one_of_another_cluster(self):
        self.set_meta('cluster.id', 'MkU3OEVBNTcwNTJENDM2Qg')
        self.refused(f'{self.second} belongs to cluster MkU3OEVBNTcwNTJENDM2Qg')

    def test_the_first_not_mounted(self):
        os.rename(self.log, self.log + '.away')
        os.mkdir(self.log)
        self.refused(f'{self.log} is empty, and {self.second} is in use')
        shutil.rmtree(self.log)
        os.rename(self.log + '.away', self.log)
        with self.gateway() as gw:
            self.check_read(gw, range(4))


class SecondOnItsOwn(SeveralTest):
    """The second directory is a file system of its own, which is filled, frozen, or stopped by an
    error of its own."""

    SIZE = 256 << 20

    def setUp(self):
        super().setUp()
        self.image = os.path.join(self.directory.name, 'image')
        os.mkdir(self.second)
        with open(self.image, 'wb') as file:
            file.truncate(self.SIZE)
        for command in (['mkfs.ext4', '-q', '-m', '0', self.image],
                        ['mount', '-o', 'loop,errors=remount-ro', self.image, self.second]):
            done = subprocess.run(command, check=False, stderr=subprocess.PIPE)
            if done.returncode != 0:
                self.skipTest(f'no loop device: {done.stderr.decode().strip()}')

    def tearDown(self):
        if os.path.ismount(self.second):
            subprocess.run(['fsfreeze', '-u', self.second], check=False,
                           stderr=subprocess.DEVNULL)
            subprocess.run(['umount', '-l', self.second], check=True)
        super().tearDown()

    def device(self):
        return os.path.basename(os.path.realpath(subprocess.run(
            ['findmnt', '-no', 'SOURCE', self.second], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()))

    def stop_over_an_error(self):
        try:
            with open(f'/sys/fs/ext4/{self.device()}/trigger_fs_error', 'w') as file:
                file.write('1')
        except OSError as error:
            self.skipTest(f'no error to be had: {error}')

    def test_one_that_is_full_takes_nothing_until_there_is_room(self):
        with self.gateway() as gw:
            mine, others = self.make(gw)
            filler = os.path.join(self.second, 'filler')
            with open(filler, 'wb') as file:
                left = os.statvfs(self.second)
                os.posix_fallocate(file.fileno(), 0,
                                   left.f_bavail * left.f_frsize - self.SIZE // 40)
            time.sleep(NOTICED_SECONDS)
            self.assertFalse(self.stored(gw, others[0]))
            self.assertTrue(self.stored(gw, mine[0]))
            self.assertIn('FULL', gw.ctl('logdir', 'list').stdout.decode())
            os.unlink(filler)
            time.sleep(NOTICED_SECONDS)
            self.assertTrue(self.stored(gw, others[0]))
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)

    def test_one_that_hangs_leaves_the_other_served(self):
        with self.gateway() as gw:
            mine, others = self.make(gw)
            subprocess.run(['fsfreeze', '-f', self.second], check=True)
            stuck = [gw.popen(['kcat', '-b', gw.kafka, '-P', '-t', 't', '-p', str(others[0]),
                               '-X', 'acks=all', '-X', 'message.timeout.ms=60000'],
                              stdin=subprocess.PIPE) for _ in range(20)]
            for process in stuck:
                process.stdin.write(b'x' * 1000 + b'\n')
                process.stdin.close()
            for _ in range(20):
                self.assertTrue(self.stored(gw, mine[0]))
            deadline = time.monotonic() + 30
            while 'STUCK' not in gw.ctl('logdir', 'list').stdout.decode():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.5)
            gw.ctl('topic', 'create', 'u', '--partitions', '2')
            self.assertTrue(os.path.isdir(self.path('u-0')) and os.path.isdir(self.path('u-1')))
            self.check_read(gw, mine[:1], 21)
            self.assertTrue(all(process.poll() is None for process in stuck))
            subprocess.run(['fsfreeze', '-u', self.second], check=True)
            self.assertEqual([process.wait(30) for process in stuck], [0] * len(stuck))
            self.check_read(gw, others[:1], 21)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)
        self.assertIn('second does not answer', gw.errors)
        self.assertIn('second answers again', gw.errors)

    def test_one_that_stops_over_an_error_is_given_up(self):
        with self.gateway() as gw:
            mine, others = self.make(gw)
            self.stop_over_an_error()
            deadline = time.monotonic() + 20
            while self.stored(gw, others[0]):
                self.assertLess(time.monotonic(), deadline)
            time.sleep(NOTICED_SECONDS)
            self.check_directories(gw, True)
            self.assertTrue(self.stored(gw, mine[0]) and self.stored(gw, mine[1]))
            gw.ctl('topic', 'create', 'u', '--partitions', '2')
            self.assertTrue(os.path.isdir(self.path('u-0')) and os.path.isdir(self.path('u-1')))
        self.assertIn('the partitions in it are OFFLINE', gw.errors)

    def test_one_that_is_read_only_at_the_start_is_left_out(self):
        with self.gateway() as gw:
            mine, others = self.make(gw)
        subprocess.run(['mount', '-o', 'remount,ro', self.second], check=True)
        with self.gateway() as gw:
            self.check_directories(gw, True)
            self.check_read(gw, mine)
            self.assertFalse(self.stored(gw, others[0]))
            self.assertIn('its file system is read-only', gw.ctl('state').stdout.decode())
        subprocess.run(['mount', '-o', 'remount,rw', self.second], check=True)
        with self.gateway() as gw:
            self.check_read(gw, range(4))

    def test_one_that_is_full_at_the_start_is_read(self):
        with self.gateway() as gw:
            mine, others = self.make(gw)
        with open(os.path.join(self.second, 'filler'), 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        with self.gateway() as gw:
            self.check_directories(gw, False)
            self.check_read(gw, range(4))
            self.assertTrue(self.stored(gw, mine[0]))
            self.assertFalse(self.stored(gw, others[0]))

    def test_the_gateway_ends_when_the_only_one_stops_over_an_error(self):
        with Gateway({'log.dirs': self.second}, status=70) as gw:
            gw.ctl('topic', 'create', 't')
            self.assertTrue(self.stored(gw, 0))
            self.stop_over_an_error()
            deadline = time.monotonic() + 20
            while self.stored(gw, 0):
                self.assertLess(time.monotonic(), deadline)
            gw.wait_until_gone(10)
        self.assertIn(f'exit status {EXIT_LOG_DIRS}', gw.errors)
        self.assertIn(f'{self.second} cannot be used: its file system is read-only', gw.errors)
        self.assertIn('the gateway ends', gw.errors)


class FullDisk(DirectoryTest):
    SIZE = 192 << 20

    def setUp(self):
        super().setUp()
        os.mkdir(self.log)
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={self.SIZE}', 'tmpfs',
                               self.log], check=False, stderr=subprocess.PIPE)
        if done.returncode != 0:
            self.skipTest(f'no tmpfs to fill: {done.stderr.decode().strip()}')

    def tearDown(self):
        if os.path.ismount(self.log):
            subprocess.run(['umount', '-l', self.log], check=True)
        super().tearDown()

    def fill(self):
        with open(self.path('.filler'), 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        with open(self.path('.crumbs'), 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def leave(self, size):
        """So much room, and no more."""
        left = os.statvfs(self.log)
        with open(self.path('.filler'), 'wb') as file:
            os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_frsize - size)

    def check_taken(self, gw, is_taken):
        end = time.monotonic() + 10
        while (self.produce(gw, 't', 0, check=False).returncode == 0) != is_taken:
            self.assertLess(time.monotonic(), end)

    def test_records_are_refused_while_little_is_left_and_taken_when_there_is_more(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            self.check_taken(gw, True)
            self.leave(self.SIZE // 20)
            self.check_taken(gw, False)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)
            os.unlink(self.path('.filler'))
            self.check_taken(gw, True)
        self.assertIn('no record is taken', gw.errors)
        self.assertIn('records are taken again', gw.errors)

    def fill_by_producing(self, gw):
        """As fast as a few connections can, until one of them is refused."""
        batch_bytes = batch(record(0, bytes(PRODUCED_BYTES)), 1)
        refused = threading.Event()

        def drive(partition):
            request = kafka_bytes.produce('t', batch_bytes, 1, partition)
            with gw.connect('KAFKA') as sock:
                sock.sendall(request * PRODUCED_AT_ONCE)
                while not refused.is_set():
                    error = kafka_bytes.produced(kafka_bytes.answer(sock), 't')[0]
                    if error:
                        refused.set()
                    sock.sendall(request)
        threads = [threading.Thread(target=drive, args=(i % 2,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertTrue(refused.is_set())

    def test_a_disk_that_fills_at_full_speed_fails_nobody_and_retention_makes_room(self):
        settings = {'log.dirs': self.log, 'log.retention.check.interval.ms': 100,
                    'log.segment.bytes': 1 << 20, 'log.segment.delete.delay.ms': 0}
        with Gateway(settings) as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            self.fill_by_producing(gw)
            time.sleep(0.5)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)
            self.check_taken(gw, False)
            gw.ctl('topic', 'alter', 't', '--config', f'retention.bytes={4 << 20}')
            self.check_taken(gw, True)
            self.assertEqual(self.state(gw)['partition_fault_count'], 0)
        self.assertIn('no record is taken', gw.errors)

    def test_a_topic_can_be_deleted_in_the_first_second(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '2')
            self.produce(gw, 't', 0, 1000)
            self.fill()
            self.assertFalse(os.path.exists(self.path('replication-offset-checkpoint')))
            gw.ctl('topic', 'delete', 't')
            self.assertFalse(os.path.exists(self.path('t-0')))
            self.assertNotIn(b'\nt ', gw.ctl('topic', 'list').stdout)


if __name__ == '__main__':
    unittest.main()
