"""bench.py - words for a client's driver beside a gateway in, what it has said out (README.md).

    bench = Bench(gateway, client)
    bench.call('create', topic='t', partitions=3)          to its end; its lines
    with bench.start('group', topic='t', group='g') as member:
        member.until(lambda: len(member.said('read')) == 100, 'all is read')

What the client cannot is raised as Unsupported, what does not work as Failed, with a sentence.
"""
import json
import subprocess
import tempfile
import threading
import time

CALL_SECONDS = 60


class Failed(Exception):
    """The capability does not work; the text is the reason."""


class Unsupported(Exception):
    """The client has no such thing."""


class Driver:
    """One run of a driver."""

    def __init__(self, gateway, command):
        self.lines = []
        self.errors = tempfile.TemporaryFile()
        self.process = gateway.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=self.errors)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                continue        # a library that talks to stdout

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.errors.close()

    def said(self, key):
        """Its lines with this key so far."""
        return [line for line in list(self.lines) if key in line]

    def assigned(self):
        """The partitions that it says it has."""
        return set(([{'assigned': []}] + self.said('assigned'))[-1]['assigned'])

    def complain(self):
        """Raises what the driver has complained about."""
        for line in self.said('unsupported'):
            raise Unsupported(line['unsupported'])
        for line in self.said('error'):
            if 'failed' not in line:
                raise Failed(line['error'])

    def until(self, condition, what, seconds=30):
        """Waits for what the driver says; it must not end before."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.complain()
            if self.process.poll() is not None and not self.reader.is_alive():
                if condition():
                    return
                raise Failed(f'{what}: the driver has ended; {self._last_words()}')
            if time.monotonic() > deadline:
                raise Failed(f'{what}: not within {seconds} s')
            time.sleep(0.02)

    def end(self, seconds=CALL_SECONDS):
        """Waits until it has ended well; its lines."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f'no end within {seconds} s{self._failures()}') from None
        self.reader.join(5)
        self.complain()
        if not self.said('done'):
            raise Failed(f'the driver has ended badly; {self._last_words()}')
        return self.lines

    def leave(self, seconds=15):
        """Asks a member to leave, and waits for it."""
        self.process.stdin.close()
        self.end(seconds)

    def _failures(self):
        failed = self.said('failed')
        return f'; {len(failed)} records failed: {failed[0]["error"]}' if failed else ''

    def _last_words(self):
        size = self.errors.seek(0, 2)
        self.errors.seek(max(0, size - 300))
        return ' '.join(self.errors.read().decode(errors='replace').split()[-30:])


class Bench:
    def __init__(self, gateway, client):
        self.gateway, self.client = gateway, client
        self.count = 0

    def version(self):
        return self.call('version')[0]['version']

    def topic(self, partitions=3):
        """A new topic, made by penstockctl."""
        self.count += 1
        name = f'{self.client.name}-{self.count}'.replace('_', '-')
        self.gateway.ctl('topic', 'create', name, '--partitions', str(partitions))
        return name

    def partitions(self, topic):
        """How many the gateway says there are; 0 when there is no such topic."""
        listed = json.loads(self.gateway.ctl('topic', 'list', '--json').stdout)['topics']
        return next((t['partitions'] for t in listed if t['name'] == topic), 0)

    def start(self, command, **words):
        words = {'broker': self.gateway.kafka, **words}
        pairs = [f'{key}={value}' for key, value in words.items()]
        return Driver(self.gateway, [*self.client.command, command, *pairs])

    def call(self, command, seconds=CALL_SECONDS, **words):
        with self.start(command, **words) as driver:
            return driver.end(seconds)

    def start_producer(self, topic, count, **words):
        return self.start('produce', **{
            'topic': topic, 'first': 0, 'count': count, 'size': 100, 'codec': 'none',
            'acks': 'all', 'idempotence': 'default', 'rate': 0, 'partitions': 0, **words})

    # ---- what is known to work: kcat and penstockctl ------------------------------------------

    def feed(self, topic, numbers, size=100, partition=None):
        """Records by kcat, so that a consumer is judged alone."""
        lines = b''.join(b'k%d:' % (n % 50) + (b'%d ' % n).ljust(size, b'x') + b'\n'
                         for n in numbers)
        where = [] if partition is None else ['-p', str(partition)]
        self.gateway.run(['kcat', '-b', self.gateway.kafka, '-P', '-t', topic, '-K:', *where,
                          '-X', 'acks=all'], input=lines)

    def read_back(self, topic, history):
        """All of a topic by kcat, so that a producer is judged alone."""
        for partition, offset, _, value in self.gateway.consume(topic):
            begin = value.split(b' ', 1)[0]
            number = int(begin) if begin.isdigit() else -1
            history.read(number, (partition, offset), len(value))
