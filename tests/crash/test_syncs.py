"""test_syncs.py - every durable promise of a real gateway, as the kernel saw it: what was promised
is synced, by a sync that the disk really made, before anybody is told."""
import os
import struct
import tempfile
import time
import unittest

import vehicles
from gateway import Gateway
from kernel_trace import Trace, cookie_of, file_id, has_journal
from record_bytes import batch, record

PRODUCE, METADATA = 0, 3
PARTITIONS = 8          # of the topic of vehicles
CHECKPOINTS = 3         # files written at each
QUIET_SECONDS = 0.3     # until what was written last is synced, and its mark written


def string(text):
    return struct.pack('>h', len(text)) + text.encode()


class KafkaClient:
    """One request, then its answer: what comes to its socket is that answer and nothing else."""

    def __init__(self, gw):
        self.sock = gw.connect('KAFKA')
        self.answer = ('answer', cookie_of(self.sock))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def ask(self, key, version, body):
        request = struct.pack('>hhih', key, version, 7, -1) + body
        self.sock.sendall(struct.pack('>i', len(request)) + request)
        size, = struct.unpack('>i', self._read(4))
        return self._read(size)

    def _read(self, size):
        data = b''
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                raise AssertionError('the gateway closed the connection')
            data += piece
        return data

    def produce(self, topic, value):
        """The offset of a record in partition 0, answered as durable."""
        records = batch(record(0, value), 1)
        answer = self.ask(PRODUCE, 3, struct.pack('>hhii', -1, -1, 10000, 1) + string(topic)
                          + struct.pack('>iii', 1, 0, len(records)) + records)
        at = 4 + 4 + 2 + len(topic) + 4 + 4
        error, offset = struct.unpack_from('>hq', answer, at)
        if error:
            raise AssertionError(f'produce: error {error}')
        return offset

    def create(self, topic):
        self.ask(METADATA, 4, struct.pack('>i', 1) + string(topic) + b'\1')


class Syncs(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.log = os.path.join(self.directory.name, 'log')
        os.mkdir(self.log)
        self.trace = self.enterTrace()
        self.crew = set()   # threads of the gateway's that have ended by now

    def enterTrace(self):
        trace = Trace(self.log)
        trace.__enter__()
        self.addCleanup(trace.__exit__)
        return trace

    def gateway(self, **settings):
        return Gateway({'log.dirs': self.log,
                        **{key.replace('_', '.'): value for key, value in settings.items()}})

    def file(self, name):
        return file_id(os.path.join(self.log, name))

    def begin(self):
        """From here on the trace counts; nothing of before is still under way."""
        time.sleep(QUIET_SECONDS)
        self.trace.clear()

    def events_of(self, gw):
        """Without what other processes do to the same disk. Syncs tell whose they are by
        their files: io_uring's threads come and go."""
        tasks = f'/proc/{gw.pid}/task'
        threads = {int(name) for name in os.listdir(tasks)} if os.path.exists(tasks) else set()
        return [e for e in self.trace.events()
                if e.thread == gw.pid or e.thread in self.crew
                or (e.kind == 'sync-fs' and e.thread in threads)
                or e.kind not in ('rename', 'unlink', 'sync-fs', 'exit')]

    def in_order(self, gw, *wanted):
        """Each of these events comes after the one before it. An answer or a mark is the
        first there is: who was told before is told too early."""
        events, at = self.events_of(gw), 0
        for kind, what in wanted:
            first = 0 if kind in ('answer', 'mark') else at
            found = next((i for i, e in enumerate(events[first:], first)
                          if e.kind == kind and what in (e.what, None)), None)
            shown = '\n'.join(f'{e.kind} {e.what}' for e in events)
            self.assertIsNotNone(found, f'no {kind} {what} where it belongs, of:\n{shown}')
            self.assertGreaterEqual(found, at, f'{kind} {what} comes too early, of:\n{shown}')
            at = found + 1

    def durable(self, gw, log):
        """The events that make a log's writes durable: its own sync, or that of its group.
        Without a journal the group's commit is a sync of the whole file system, and the flush
        behind it."""
        synced = [e.what for e in self.events_of(gw) if e.kind == 'sync']
        flush, commit = self.file('.penstock-flush-0'), self.file('.penstock-commit-0')
        whole = () if has_journal(log[0]) else (('sync-fs', log[0]),)
        if log in synced:
            return ('sync-begin', log), ('sync', log)
        if flush in synced:
            return ('sync-begin', flush), ('sync', flush)
        return *whole, ('sync-begin', commit), ('sync', commit)

    def test_a_durable_produce_answer_follows_the_sync_of_its_log(self):
        with self.gateway() as gw, KafkaClient(gw) as client:
            client.produce('vehicles', b'first')
            self.begin()
            client.produce('vehicles', b'second')
            log = self.file('vehicles-0/00000000000000000000.log')
            self.in_order(gw, *self.durable(gw, log), client.answer)

    def test_the_answer_to_a_vehicle_follows_the_sync_of_its_log(self):
        name = vehicles.vin(32960)
        with self.gateway() as gw, gw.connect('GBT32960') as sock:
            self.begin()
            sock.sendall(vehicles.login(name, 1))
            self.assertTrue(sock.recv(1024))
            (partition, _, _, _), = gw.consume('vehicles')
            log = self.file(f'vehicles-{partition}/00000000000000000000.log')
            self.in_order(gw, *self.durable(gw, log), ('answer', cookie_of(sock)))

    def test_a_topic_that_is_answered_is_there_with_its_directories(self):
        with self.gateway() as gw, KafkaClient(gw) as client:
            self.begin()
            client.create('fresh')
            all_of_it = ('sync-fs', self.file('.')[0])
            self.in_order(gw, all_of_it, ('rename', None), all_of_it,     # it is to be made
                          all_of_it, ('rename', None), all_of_it,         # it is made
                          client.answer)

    def test_a_deleted_topic_is_marked_then_gone_then_forgotten(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 'old', '--partitions', '2')
            self.begin()
            gw.ctl('topic', 'delete', 'old')
            self.trace.mark('answered')
            top = self.file('.')
            marked = next((e.what for e in self.trace.events() if e.thread == gw.pid
                           and e.kind == 'sync' and e.what != top), None)
            self.crew = {e.thread for e in self.trace.events()
                         if (e.kind, e.what) == ('unlink', marked)}
            self.in_order(gw, ('sync', marked), ('rename', None), ('sync', top),    # marked
                          ('rename', None), ('rename', None), ('sync', top),    # two directories
                          ('unlink', marked), ('sync', top), ('mark', 'answered'))

    def test_a_checkpoint_is_synced_renamed_and_its_directory_synced(self):
        with self.gateway(log_flush_offset_checkpoint_interval_ms=200) as gw:
            top = self.file('.')
            self.begin()
            time.sleep(1)
            steps = ''
            for event in self.trace.events():
                if event.thread == gw.pid and event.kind in ('sync', 'rename'):
                    steps += ('D' if event.what == top else event.kind[0])
        self.assertGreaterEqual(steps.count('srD'), CHECKPOINTS, steps)
        self.assertRegex(steps, '^r?D?(srD)+s?r?$')

    def test_a_clean_stop_syncs_everything_before_it_leaves_its_mark(self):
        with self.gateway() as gw, KafkaClient(gw) as client:
            client.produce('vehicles', b'value')
            self.begin()
        top, mark = self.file('.'), self.file('.kafka_cleanshutdown')
        self.in_order(gw, ('sync-fs', top[0]), ('sync', mark), ('rename', None), ('sync', top),
                      ('exit', None))

    def test_the_mark_of_a_clean_stop_is_gone_for_good_before_the_next_answer(self):
        with self.gateway():
            pass
        mark = self.file('.kafka_cleanshutdown')
        self.trace.clear()
        with self.gateway() as gw, KafkaClient(gw) as client:
            client.produce('vehicles', b'value')
            self.in_order(gw, ('unlink', mark), ('sync', self.file('.')), client.answer)

    def test_the_first_record_of_a_segment_follows_the_sync_of_its_name(self):
        with self.gateway(log_segment_bytes=1 << 20) as gw, KafkaClient(gw) as client:
            self.begin()
            offset, name = 0, None
            while not name:
                offset = client.produce('vehicles', bytes(200000))
                self.trace.mark(f'record {offset}')
                self.assertLess(offset, 50)
                path = f'vehicles-0/{offset:020d}.log'
                name = path if offset and os.path.exists(os.path.join(self.log, path)) else None
            told = self.events_of(gw)
            told = told[:next(i for i, e in enumerate(told) if e.what == f'record {offset}')]
            told = told[:max(i for i, e in enumerate(told) if e[:2] == client.answer)]
            synced = [e.what for e in told if e.kind == 'sync']
            self.assertIn(self.file(name), synced)
            self.assertIn(self.file('vehicles-0'), synced)


if __name__ == '__main__':
    unittest.main()
