"""connect.py - Kafka Connect, distributed: what its workers keep in our compacted topics is there
when they come back.

As scenarios.py; the Bench's client is a worker, its command lacks the file of its settings. One
connector reads the lines of a file into a topic, another writes them into a file again.
"""
import json
import os
import re
import tempfile
import time

from bench import Failed
from connect_worker import KEPT, SECONDS, Worker, storage

FILE = 'org.apache.kafka.connect.file.FileStream'
LINES = 300
LINE_BYTES = len('line 000000\n')
ROUNDS = 8
QUICKLY_COMPACTED = {'segment.ms': 100, 'min.cleanable.dirty.ratio': 0.01,
                     'file.delete.delay.ms': 100, 'delete.retention.ms': 100}


def describe(bench, topic):
    return json.loads(bench.gateway.ctl('topic', 'describe', topic, '--json').stdout)


class Pipe:
    """A file, a topic of one partition, a file. count: lines that have gone in. Of what has come
    out, checked lines were looked at when expected lines had gone in."""

    def __init__(self, bench, home):
        self.bench, self.home, self.topic = bench, home, bench.topic(1)
        self.count = self.checked = self.expected = 0
        self.append(LINES)

    def path(self, name):
        return os.path.join(self.home, name)

    def worker(self, number=0, **settings):
        return Worker(self.bench, self.home, self.topic, number, storage(settings))

    def append(self, count):
        with open(self.path('source'), 'a') as file:
            file.writelines(f'line {n:06}\n' for n in range(self.count, self.count + count))
        self.count += count

    def flow(self):
        """Two seconds of lines, in which connectors write down several times where they are."""
        for _ in range(100):
            self.append(10)
            time.sleep(0.02)

    def source(self, **settings):
        return {'connector.class': f'{FILE}SourceConnector', 'tasks.max': '1',
                'file': self.path('source'), 'topic': self.topic, **settings}

    def connect(self, worker):
        worker.until_done('PUT', '/connectors/in/config', self.source())
        worker.until_done('PUT', '/connectors/out/config', {
            'connector.class': f'{FILE}SinkConnector', 'tasks.max': '1',
            'file': self.path('sink'), 'topics': self.topic})

    def came(self):
        """Numbers of the lines that came out; a worker that is killed may leave half of one."""
        if not os.path.exists(self.path('sink')):
            return []
        with open(self.path('sink')) as file:
            return [int(number) for number in re.findall(r'line (\d{6})', file.read())]

    def until_through(self, worker):
        """The last line has come, and both connectors have written down that they are there."""
        def is_through():
            came, into = self.came(), worker.offset('in', 'position') // LINE_BYTES
            out, end = worker.offset('out', 'kafka_offset'), self.end()
            return (came[-1:] == [self.count - 1] and into == self.count and out == end,
                    f'{len(came)} lines have come; written down are {into} lines in, and {out} '
                    f'records of {end} out')
        worker.until(is_through, f'{self.count} lines are through')

    def end(self):
        return describe(self.bench, self.topic)['partitions'][0]['high_watermark']

    def check(self, may_come_again=False):
        """Each line came, in order and once; may_come_again: after a crash those that were not yet
        checked may come more than once."""
        came = self.came()
        limit = self.expected if may_come_again else self.count
        for before, line in zip([self.expected - 1, *came[self.checked:]], came[self.checked:]):
            if line > before + 1:
                raise Failed(f'line {before + 1} is lost')
            if line <= before and line < limit:
                raise Failed(f'line {line} comes again, behind line {before}')
        self.checked, self.expected = len(came), self.count


# ---- one worker, and one after it ----------------------------------------------------------

def topics(pipe):
    return [f'{pipe.topic}-{kind}' for kind in KEPT]


def check_policy(pipe):
    for topic in topics(pipe):
        policy = describe(pipe.bench, topic)['config']['cleanup.policy']['value']
        if policy != 'compact':
            raise Failed(f'cleanup.policy of {topic} is {policy}')


def kill_while_lines_flow(bench):
    with tempfile.TemporaryDirectory() as home:
        pipe = Pipe(bench, home)
        with pipe.worker() as worker:
            pipe.connect(worker)
            pipe.until_through(worker)
            pipe.check()
            check_policy(pipe)
            pipe.flow()
        pipe.append(LINES)
        with pipe.worker() as worker:
            pipe.until_through(worker)
            pipe.check(may_come_again=True)


def compacted(pipe, topic):
    """(records that have gone, records that still have a later one of their key among those that
    can be compacted: the segment that is written to is not)."""
    found = pipe.bench.gateway.consume(topic)
    gone = late = 0
    for partition in describe(pipe.bench, topic)['partitions']:
        number = partition['partition']
        names = os.listdir(os.path.join(pipe.bench.gateway.log_dir, f'{topic}-{number}'))
        sealed = max(int(name[:-len('.log')]) for name in names if name.endswith('.log'))
        keys = [key for place, offset, key, _ in found if place == number and offset < sealed]
        gone += partition['high_watermark'] - sum(record[0] == number for record in found)
        late += len(keys) - len(set(keys))
    return gone, late


def until_compacted(pipe):
    deadline = time.monotonic() + SECONDS
    while True:
        found = {topic: compacted(pipe, topic) for topic in topics(pipe)}
        if all(gone > ROUNDS // 2 and late == 0 for gone, late in found.values()):
            return
        if time.monotonic() > deadline:
            raise Failed(f'not compacted within {SECONDS} s; records gone, still there: {found}')
        time.sleep(0.2)


def come_back_to_compacted_topics(bench):
    """What connectors are set to is changed time and again, and one of them is taken away."""
    bench.gateway.ctl('config', 'set', 'log.cleaner.backoff.ms=100')
    with tempfile.TemporaryDirectory() as home:
        pipe = Pipe(bench, home)
        with pipe.worker(**QUICKLY_COMPACTED) as worker:
            pipe.connect(worker)
            worker.until_done('PUT', '/connectors/gone/config', pipe.source(file='/dev/null'))
            for number in range(ROUNDS):
                worker.until_done('PUT', '/connectors/in/config',
                                  pipe.source(**{'batch.size': str(1000 + number)}))
                pipe.append(10)
                pipe.until_through(worker)
            worker.until_done('DELETE', '/connectors/gone')
            pipe.check()
        until_compacted(pipe)
        pipe.append(LINES)
        with pipe.worker(**QUICKLY_COMPACTED) as worker:
            pipe.until_through(worker)
            pipe.check()
            names = sorted(json.loads(worker.until_done('GET', '/connectors')))
            if names != ['in', 'out']:
                raise Failed(f'its connectors are {names}')
            now = json.loads(worker.until_done('GET', '/connectors/in/config'))['batch.size']
            if now != str(999 + ROUNDS):
                raise Failed(f'a connector has settings of before: batch.size={now}')


# ---- two workers ---------------------------------------------------------------------------

def until_both_work(worker):
    def do_both():
        who = set()
        for connector in ('in', 'out'):
            said = worker.until_done('GET', f'/connectors/{connector}/status')
            who |= {task['worker_id'] for task in json.loads(said)['tasks']}
        return len(who) == 2, f'{who} have one'
    worker.until(do_both, 'each worker has a task')


def kill_gateway_and_worker(bench):
    """The gateway is killed under two workers, then the worker that was there first."""
    with tempfile.TemporaryDirectory() as home:
        pipe = Pipe(bench, home)
        with pipe.worker(1) as second:
            with pipe.worker(0) as first:
                pipe.connect(first)
                until_both_work(first)
                pipe.until_through(first)
                pipe.check()
                pipe.flow()
                bench.gateway.kill_and_start()
                pipe.append(LINES)
                pipe.until_through(first)
                pipe.check(may_come_again=True)
                pipe.flow()
            pipe.append(LINES)
            pipe.until_through(second)
            pipe.check(may_come_again=True)


CAPABILITIES = {
    'distributed: a file to a file, a worker killed and one that goes on': kill_while_lines_flow,
    'a worker comes back to its topics when they are compacted': come_back_to_compacted_topics,
    'two workers: kill -9 of the gateway, then of one of them': kill_gateway_and_worker,
}
DISTURBED = {kill_gateway_and_worker}
