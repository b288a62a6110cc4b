"""test_producer_ids.py - idempotent producers: kcat with enable.idempotence=true, and requests
byte by byte; no id is given twice, across restarts, kill -9 and the loss of the file. A
transactional producer hears at once that there are no transactions."""
import os
import signal
import struct
import tempfile
import time
import unittest

from gateway import Gateway
import kafka_bytes

KILLED = 70
BLOCK = 1000
AT_ONCE = 50        # requests of one connection on their way
FILE = '.penstock-producer-ids'


class ProducerIds(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    def gateway(self, status=0):
        return Gateway({'log.dirs': self.log}, status=status)

    def take(self, gw, count):
        """So many ids, each of a request of its own."""
        ids = []
        with gw.connect('KAFKA') as sock:
            while len(ids) < count:
                some = min(AT_ONCE, count - len(ids))
                sock.sendall(kafka_bytes.init_producer_id() * some)
                for _ in range(some):
                    error, producer, epoch = kafka_bytes.initiated(kafka_bytes.answer(sock))
                    self.assertEqual((error, epoch), (0, 0))
                    ids.append(producer)
        return ids

    def test_what_an_idempotent_kcat_has_produced_is_read_back(self):
        lines = [f'line {i}' for i in range(10_000)]
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '1')
            for part in (lines[:5000], lines[5000:]):
                gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't', '-X', 'enable.idempotence=true'],
                       input='\n'.join(part).encode())
            read = [value.decode() for _, _, _, value in gw.consume('t')]
            dump = gw.run(['penstock-log', 'dump', f'{gw.log_dir}/t-0']).stdout.decode()
            self.assertEqual(gw.counters()['producer_ids_given'], 2)
        self.assertEqual(read, lines)
        self.assertIn('producer', dump)

    def test_no_id_is_given_twice_across_stops_kills_and_the_loss_of_the_file(self):
        given = []
        with self.gateway() as gw:
            given += self.take(gw, 2 * BLOCK + BLOCK // 2)
        for _ in range(3):
            with self.gateway(status=KILLED) as gw:
                given += self.take(gw, BLOCK // 2 + 7)
                os.kill(gw.pid, signal.SIGKILL)
                gw.wait_until_gone(10)
            self.assertNotIn('left alone', gw.errors)    # the file is known as the gateway's own
        self.assertEqual(given, sorted(given))
        self.assertLess(given[-1] - given[0], 10 * BLOCK)
        for spoil in (os.remove, lambda path: os.truncate(path, 5)):
            spoil(os.path.join(self.log, FILE))
            with self.gateway() as gw:
                given += self.take(gw, 3)
            self.assertIn(FILE, gw.errors)
        self.assertEqual(len(set(given)), len(given))

    def test_nobody_waits_but_who_asks_first(self):
        with self.gateway() as gw:
            self.take(gw, 1)
            with gw.connect('KAFKA') as sock:
                for _ in range(2 * BLOCK):
                    sock.sendall(kafka_bytes.init_producer_id())
                    error, _, _ = kafka_bytes.initiated(kafka_bytes.answer(sock))
                    self.assertEqual(error, 0)
            self.assertLessEqual(gw.counters()['requests_parked'], 2)

    def test_a_transactional_producer_is_refused_at_once_and_for_good(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--partitions', '1')
            begin = time.monotonic()
            done = gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't', '-X',
                           'transactional.id=orders'], check=False, input=b'one\n')
            self.assertNotEqual(done.returncode, 0)
            self.assertLess(time.monotonic() - begin, 5)
            self.assertIn(b'Transactional', done.stderr)
            with gw.connect('KAFKA') as sock:
                sock.sendall(kafka_bytes.find_coordinator('orders', 1))
                error, = struct.unpack('>h', kafka_bytes.answer(sock)[4:6])
                self.assertEqual(error, 53)
                for name, expected in (('orders', 53), ('', 42)):
                    sock.sendall(kafka_bytes.init_producer_id(name))
                    self.assertEqual(kafka_bytes.initiated(kafka_bytes.answer(sock)),
                                     (expected, -1, -1))
            self.assertEqual(gw.consume('t'), [])
