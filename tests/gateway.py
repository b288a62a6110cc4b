"""gateway.py - settings in, a running gateway for one test out; through config/quickstart run.

    with Gateway({'log.dirs': directory}) as gw:
        done = gw.run(['kcat', '-b', gw.kafka, '-L'])
        sock = gw.connect('GBT32960')
        gw.counters()['records_stored']

The gateway's command is holder.py, which tells its environment and lives until its stdin ends;
what a test runs or connects goes into the holder's network namespace. Leaving the block drains
the gateway and fails the test unless quickstart was content (status 0: ledgers balance).
"""
import ctypes
import json
import os
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUICKSTART = os.path.join(ROOT, 'config/quickstart')
HOLDER = os.path.join(ROOT, 'tests/holder.py')
BROKER = os.path.join(ROOT, 'tests/broker.py')
CLIENT_INTERFACE = 'penstock0'    # config/sandbox.py
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def quickstart(*words, **options):
    """config/quickstart as a user would call it."""
    return subprocess.run([QUICKSTART, *words], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **{'stdin': subprocess.DEVNULL, **options})


class Gateway:
    def __init__(self, settings=None, port='tap', status=0):
        words = ['run', '--port', port]
        for key, value in (settings or {}).items():
            words += ['--set', f'{key}={value}']
        self.command = [QUICKSTART, *words, '--', sys.executable, HOLDER]
        self.expected = status
        self.errors = ''

    def __enter__(self):
        self.errors_file = os.memfd_create('stderr')
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors_file)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise AssertionError(f'no gateway: {self._said()}')
        self.env = json.loads(line)
        self.pid = int(self.env['PENSTOCK_PID'])
        self.log_dir = self.env['PENSTOCK_LOG_DIR']
        self.kafka = self.env['PENSTOCK_KAFKA']
        self.namespace = os.open(f'/proc/{self.env["HOLDER_PID"]}/ns/net', os.O_RDONLY)
        self.home = os.open('/proc/self/ns/net', os.O_RDONLY)
        return self

    def _said(self):
        size = os.lseek(self.errors_file, 0, os.SEEK_END)
        return os.pread(self.errors_file, size, 0).decode(errors='replace')

    def __exit__(self, kind, error, trace):
        self.process.stdin.close()
        try:
            self.status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
        self.errors = self._said()
        self.process.stdout.close()
        for descriptor in (self.namespace, self.home, self.errors_file):
            os.close(descriptor)
        if kind is None and self.status != self.expected:
            raise AssertionError(f'quickstart ended with {self.status}: {self.errors}')
        if kind is not None:
            print(self.errors, file=sys.stderr)

    def wait_until_gone(self, seconds):
        """Until penstockd has ended by itself; how long that took."""
        begin = time.monotonic()
        while self._is_alive():
            if time.monotonic() - begin > seconds:
                raise AssertionError(f'penstockd still runs after {seconds} s')
            time.sleep(0.01)
        return time.monotonic() - begin

    def _is_alive(self):
        try:
            with open(f'/proc/{self.pid}/stat') as file:
                return file.read().rsplit(')', 1)[1].split()[0] != 'Z'
        except FileNotFoundError:
            return False

    # ---- clients -----------------------------------------------------------------------------

    def popen(self, command, **options):
        def prepare():
            _libc.setns(self.namespace, CLONE_NEWNET)
        return subprocess.Popen(command, env=self.env, preexec_fn=prepare, **options)

    def run(self, command, check=True, timeout=60, **options):
        """A command beside the gateway, to its end; stdout as bytes."""
        options = {'stdin': None if 'input' in options else subprocess.DEVNULL, **options}
        if options['stdin'] is None:
            options.pop('stdin')
        done = subprocess.run(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: _libc.setns(self.namespace, CLONE_NEWNET),
            check=False, timeout=timeout, **options)
        if check and done.returncode != 0:
            raise AssertionError(f'{" ".join(command)}: status {done.returncode}: '
                                 f'{done.stderr.decode(errors="replace")[-2000:]}')
        return done

    def packets_lost(self):
        """On their way to the gateway, by the kernel: what a full tap did not take, and what a full
        socket's ring did not."""
        links = json.loads(self.run(['ip', '-json', '-statistics', 'link', 'show', 'up']).stdout)
        taps = sum(link['stats64']['tx']['dropped'] for link in links)
        return taps + self.counters()['nic_missed']

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        """A socket of the clients' namespace: it stays there, we do not."""
        _libc.setns(self.namespace, CLONE_NEWNET)
        try:
            return socket.socket(family, kind, protocol)
        finally:
            _libc.setns(self.home, CLONE_NEWNET)

    def address(self, listener):
        host, port = self.env[f'PENSTOCK_{listener}'].rsplit(':', 1)
        return host, int(port)

    def connect(self, listener, timeout=10):
        sock = self.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        sock.connect(self.address(listener))
        return sock

    # ---- what the gateway says ---------------------------------------------------------------

    def ctl(self, *words):
        return self.run(['penstockctl', *words])

    def stats(self):
        return json.loads(self.ctl('stats', '--json').stdout)

    def counters(self):
        return self.stats()['counters']

    def wait_for(self, what, condition, seconds=20):
        """Polls the counters until the condition holds; fails with what they were."""
        deadline = time.monotonic() + seconds
        while True:
            counters = self.counters()
            if condition(counters):
                return counters
            if time.monotonic() > deadline:
                shown = {k: v for k, v in counters.items() if v}
                raise AssertionError(f'{what}: not within {seconds} s; counters: {shown}')
            time.sleep(0.05)

    def consume(self, topic, partition=None):
        """[(partition, offset, key, value)] of a whole topic, by kcat."""
        command = ['kcat', '-b', self.kafka, '-C', '-t', topic, '-o', 'beginning', '-e', '-q',
                   '-f', '%p %o %K %S\n%k%s\n']
        if partition is not None:
            command += ['-p', str(partition)]
        return parse_records(self.run(command).stdout)


class Restartable(Gateway):
    """A gateway that ends and starts again on its log, in the namespace of its clients."""

    def __init__(self, settings=None):
        super().__init__()
        pairs = [f'{key}={value}' for key, value in (settings or {}).items()]
        self.command = [sys.executable, BROKER, *pairs]

    def restart(self):
        self._ask(b'restart')

    def kill_and_start(self):
        self._ask(b'kill')

    def _ask(self, word):
        self.process.stdin.write(word + b'\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f'no gateway after {word.decode()}: {self._said()}')
        self.pid = json.loads(line)['pid']


def parse_records(data):
    """What kcat printed with the format of consume(): lengths first, so any byte may occur."""
    records, at = [], 0
    while at < len(data):
        end = data.index(b'\n', at)
        partition, offset, key_bytes, value_bytes = map(int, data[at:end].split())
        at = end + 1
        key = None if key_bytes < 0 else data[at:at + key_bytes]
        at += max(key_bytes, 0)
        value = None if value_bytes < 0 else data[at:at + value_bytes]
        at += max(value_bytes, 0) + 1
        records.append((partition, offset, key, value))
    return records


def verify_log(log_dir):
    """penstock-log verify: (status, what it said). 0 clean, 1 corrupt, 3 a torn tail."""
    build = os.environ.get('PENSTOCK_BUILD', os.path.join(ROOT, 'build'))
    with open(os.path.join(ROOT, 'config/programs.txt')) as file:
        path = next(p for p in file.read().split() if p.endswith('penstock-log'))
    done = subprocess.run([os.path.join(build, path), 'verify', log_dir], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout
