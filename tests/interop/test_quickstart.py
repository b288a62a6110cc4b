"""test_quickstart.py - what config/quickstart promises: statuses, environment, no traces."""
import glob
import os
import signal
import subprocess
import tempfile
import time
import unittest

from gateway import QUICKSTART, Gateway, quickstart


def processes_of(marker):
    """Processes whose environment holds the marker."""
    found = []
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            with open(path, 'rb') as file:
                if marker.encode() in file.read():
                    found.append(int(path.split('/')[2]))
        except OSError:
            continue
    return found


class Quickstart(unittest.TestCase):
    def test_the_commands_status_is_returned(self):
        self.assertEqual(quickstart('run', '--', 'sh', '-c', 'exit 7').returncode, 7)

    def test_stdin_and_stdout_belong_to_the_command(self):
        done = quickstart('run', '--', 'cat', stdin=None, input=b'through')
        self.assertEqual((done.returncode, done.stdout), (0, b'through'))

    def test_a_stock_kcat_needs_nothing_but_the_environment(self):
        done = quickstart('run', '--', 'sh', '-c', 'echo k:v | kcat -b $PENSTOCK_KAFKA -P -t t -K:'
                          ' && kcat -b $PENSTOCK_KAFKA -C -t t -e -q -K:')
        self.assertEqual((done.returncode, done.stdout), (0, b'k:v\n'), done.stderr)

    def test_the_same_over_a_veth_pair(self):
        done = quickstart('run', '--port', 'af_packet', '--', 'sh', '-c',
                          'echo k:v | kcat -b $PENSTOCK_KAFKA -P -t t -K:'
                          ' && kcat -b $PENSTOCK_KAFKA -C -t t -e -q -K:')
        self.assertEqual((done.returncode, done.stdout), (0, b'k:v\n'), done.stderr)

    def test_a_gateway_that_dies_is_told_with_status_70(self):
        done = quickstart('run', '--', 'sh', '-c', 'kill -9 $PENSTOCK_PID; exit 3')
        self.assertEqual(done.returncode, 70)
        self.assertIn(b'status 3', done.stderr)

    def test_a_gateway_that_cannot_start_is_told_with_status_69(self):
        done = quickstart('run', '--set', 'num.partitons=3', '--', 'true')
        self.assertEqual(done.returncode, 69)
        self.assertIn(b'num.partitions', done.stderr)

    def test_each_listener_has_its_variable(self):
        done = quickstart('run', '--set', 'listeners=KAFKA://:9092,FLEET://:32960',
                          '--set', 'listener.protocol.map=FLEET:GBT32960',
                          '--', 'sh', '-c', 'echo $PENSTOCK_FLEET')
        self.assertEqual((done.returncode, done.stdout), (0, b'10.95.0.1:32960\n'), done.stderr)

    def test_log_dirs_is_kept_and_found_again(self):
        with tempfile.TemporaryDirectory() as directory:
            words = ('run', '--set', f'log.dirs={directory}', '--', 'sh', '-c')
            first = quickstart(*words, 'echo k:v | kcat -b $PENSTOCK_KAFKA -P -t kept -K:')
            self.assertEqual(first.returncode, 0, first.stderr)
            second = quickstart(*words, 'kcat -b $PENSTOCK_KAFKA -C -t kept -e -q -K:')
            self.assertEqual(second.stdout, b'k:v\n', second.stderr)

    def test_two_at_once_do_not_disturb_each_other(self):
        with Gateway() as one, Gateway() as two:
            for gw, text in ((one, b'one'), (two, b'two')):
                gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 'same'], input=text)
            for gw, text in ((one, b'one'), (two, b'two')):
                self.assertEqual([r[3] for r in gw.consume('same')], [text])

    def test_kill_9_leaves_nothing_behind(self):
        marker = f'QUICKSTART_TEST={os.getpid()}.{time.monotonic_ns()}'
        name, value = marker.split('=')
        process = subprocess.Popen(
            [QUICKSTART, 'run', '--', 'sh', '-c', 'echo $PENSTOCK_SOCKET; sleep 1000'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, name: value}, start_new_session=True)
        directory = os.path.dirname(process.stdout.readline().decode().strip())
        self.assertGreater(len(processes_of(marker)), 2)
        self.assertTrue(os.path.isdir(os.path.join(directory, 'dpdk')))     # not in /run
        process.kill()
        process.wait()
        process.stdout.close()
        deadline = time.monotonic() + 10
        while (processes_of(marker) or os.path.exists(directory)) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(processes_of(marker), [])
        self.assertFalse(os.path.exists(directory))

    def test_huge_pages_are_never_given_back(self):
        with open('/proc/sys/vm/nr_hugepages') as file:
            before = int(file.read())
        quickstart('run', '--', 'true')
        with open('/proc/sys/vm/nr_hugepages') as file:
            self.assertGreaterEqual(int(file.read()), before)

    def test_sigterm_ends_the_command_and_drains(self):
        process = subprocess.Popen([QUICKSTART, 'run', '--', 'sh', '-c', 'echo up; exec sleep 99'],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, errors)
