"""test_cores.py - poller and writers on cores of their own, and more than one writer."""
import os
import time
import unittest

import vehicles
from gateway import Gateway, quickstart

LINES = 20000
VEHICLES = 64
ASKED_IN_TURN = 40
SLEEP_US = 1000000      # what a wake-up that is lost would cost, at most


def layouts():
    """[(penstock.cores, its writers)] of the CPUs there are."""
    cpus = sorted(os.sched_getaffinity(0))
    found = [(f'poller:{cpus[0]},writer:{cpus[1]}', 1),
             (f'fused:{cpus[0]},writer:{cpus[1]}', 2)] if len(cpus) > 1 else []
    if len(cpus) > 2:
        found.append((f'poller:{cpus[0]},writer:{cpus[1]},writer:{cpus[2]}', 2))
    return found


class Cores(unittest.TestCase):
    def each_layout(self, body, **settings):
        if not layouts():
            self.skipTest('one CPU: there are no cores to keep apart')
        for cores, writers in layouts():
            with self.subTest(cores), Gateway({'penstock.cores': cores, **settings}) as gw:
                body(gw, writers)

    def log_in(self, gw, sock, number):
        """A vehicle that is answered as durable."""
        name = vehicles.vin(number)
        frame = vehicles.login(name, number)
        sock.sendall(frame)
        answer = bytearray()
        while not (whole := vehicles.take_frame(answer)):
            piece = sock.recv(4096)
            self.assertTrue(piece, 'the gateway closed the connection')
            answer += piece
        self.assertEqual(whole[4:21], name)
        return name, frame

    def test_records_of_every_partition_come_back_and_the_ledgers_balance(self):
        def body(gw, writers):
            lines = [(b'key-%d' % (i % 997), b'line %d' % i) for i in range(LINES)]
            gw.ctl('topic', 'create', 'lines', '--partitions', '7')
            gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 'lines', '-K:', '-X', 'acks=all'],
                   input=b''.join(b'%s:%s\n' % line for line in lines))
            with gw.connect('GBT32960') as sock:
                sent = [self.log_in(gw, sock, number) for number in range(VEHICLES)]
            stored = gw.consume('lines')
            self.assertEqual({partition for partition, *_ in stored}, set(range(7)))
            self.assertCountEqual([(key, value) for _, _, key, value in stored], lines)
            frames = gw.consume('vehicles')
            self.assertEqual({partition for partition, *_ in frames}, set(range(8)))
            self.assertCountEqual([(key, value) for _, _, key, value in frames], sent)
            self.check_cores(gw, writers)
        self.each_layout(body)

    def check_cores(self, gw, writers):
        """Each writer has worked, and nothing is under way."""
        stats = gw.stats()
        busy = {core['index']: core['turns_busy'] for core in stats['cores']
                if core['role'] == 'writer'}
        self.assertEqual(set(busy), set(range(writers)))
        self.assertTrue(all(busy.values()), busy)
        self.assertEqual(stats['counters']['records_stored'], LINES + VEHICLES)
        self.assertEqual(stats['ledgers']['records']['in_flight'], 0)

    def test_no_core_sleeps_through_what_another_sends(self):
        def body(gw, writers):
            with gw.connect('GBT32960') as sock:
                begin = time.monotonic()
                for number in range(ASKED_IN_TURN):
                    self.log_in(gw, sock, number)
                took = time.monotonic() - begin
            self.assertLess(took, ASKED_IN_TURN * SLEEP_US / 1e6 / 4)
        self.each_layout(body, **{'penstock.idle.sleep.us': SLEEP_US})

    def test_two_pollers_are_refused_and_the_reason_said(self):
        done = quickstart('run', '--set', 'penstock.cores=poller:0,poller:1,writer:2', '--', 'true')
        self.assertNotEqual(done.returncode, 0)
        said = done.stderr.decode()
        self.assertIn('penstock.cores: 2 pollers', said)
        self.assertIn('one queue', said)
