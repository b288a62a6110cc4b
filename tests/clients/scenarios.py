"""scenarios.py - what a client should be able to do, one function for each; raises what is wrong.

CAPABILITIES are the rows of docs/CLIENTS.md, in order. A function is given a Bench beside a gateway
with its default settings; those of DISTURBED get a gateway that they may end.
"""
import time

from bench import Failed
from history import History

GROUP_SECONDS = 40      # the gateway's initial rebalance delay is 3 s, a dead member's session 6 s


def check(history, **allowed):
    if wrongs := history.wrongs(**allowed):
        raise Failed('; '.join(wrongs))


def note_acknowledged(history, lines):
    """What a producer was told; how many there are."""
    count = 0
    for line in lines:
        if 'acked' in line:
            place = (line['partition'], line['offset'])
            history.acknowledge(line['acked'], None if min(place) < 0 else place)
            count += 1
    return count


def note_read(history, driver, may_read_again=False):
    for line in driver.said('read'):
        history.read(line['read'], (line['partition'], line['offset']), line['size'],
                     may_read_again)


# ---- admin ---------------------------------------------------------------------------------

def create(bench):
    topic = f'made-by-{bench.client.name}'
    bench.call('create', topic=topic, partitions=3)
    if bench.partitions(topic) != 3:
        raise Failed(f'the topic has {bench.partitions(topic)} partitions, not 3')


def describe(bench):
    lines = bench.call('describe', topic=bench.topic(4))
    if [line['partitions'] for line in lines if 'partitions' in line] != [4]:
        raise Failed(f'described as {lines}')


def grow(bench):
    topic = bench.topic(2)
    bench.call('grow', topic=topic, partitions=5)
    if bench.partitions(topic) != 5:
        raise Failed(f'the topic has {bench.partitions(topic)} partitions, not 5')


def delete(bench):
    topic = bench.topic()
    bench.call('delete', topic=topic)
    if bench.partitions(topic):
        raise Failed('the topic is still there')


# ---- producing -----------------------------------------------------------------------------

def produce(bench, count=300, size=100, partitions=0, topic_partitions=3, seconds=60, **words):
    """Produces undisturbed: everything is acknowledged, and stored once and in order."""
    topic = bench.topic(topic_partitions)
    history = History(range(count), size)
    with bench.start_producer(topic, count, size=size, partitions=partitions, **words) as producer:
        lines = producer.end(seconds)
        for line in producer.said('failed'):
            raise Failed(line['error'])
    if note_acknowledged(history, lines) != count:
        raise Failed(f'{len(history.acknowledged)} of {count} acknowledged')
    bench.read_back(topic, history)
    check(history)
    return topic


def codec_of(name):
    def codec(bench):
        """What it compresses others can read, and it reads itself."""
        consume(bench, produce(bench, codec=name), 300)
    return codec


def acks_0(bench):
    """There is no answer: everything has to come some time, once and in order."""
    topic, history = bench.topic(), History(range(300))
    with bench.start_producer(topic, 300, acks=0) as producer:
        producer.end()
    deadline = time.monotonic() + 10
    while len(bench.gateway.consume(topic)) < 300 and time.monotonic() < deadline:
        time.sleep(0.2)
    history.acknowledge_all()
    bench.read_back(topic, history)
    check(history)


def acks_1(bench):
    produce(bench, acks=1)


def idempotent(bench):
    produce(bench, count=2000, idempotence='on')


def large(bench):
    """900 KiB a record, which is just below max.request.size and message.max.bytes."""
    consume(bench, produce(bench, count=5, size=900 << 10, topic_partitions=1), 5, size=900 << 10)


def many_partitions(bench):
    topic = produce(bench, count=2000, partitions=1000, topic_partitions=1000)
    consume(bench, topic, 2000)


# ---- consuming -----------------------------------------------------------------------------

def consume(bench, topic, count, size=100):
    """Reads a topic from its beginning; it holds the numbers from 0 to count, acknowledged."""
    history = History(range(count), size)
    history.acknowledge_all()
    with bench.start('consume', topic=topic, count=count, seconds=30, **{'from': 'beginning'}) \
            as consumer:
        consumer.end()
        note_read(history, consumer)
    if wrongs := history.wrongs():
        raise Failed('read from the beginning: ' + '; '.join(wrongs))


def from_beginning(bench):
    topic = bench.topic()
    bench.feed(topic, range(1000))
    consume(bench, topic, 1000)


def by_time(bench):
    topic, history = bench.topic(), History(range(100, 200))
    bench.feed(topic, range(100))
    time.sleep(0.3)
    begin = int(time.time() * 1000)
    time.sleep(0.3)
    bench.feed(topic, range(100, 200))
    history.acknowledge_all()
    with bench.start('consume', topic=topic, count=100, seconds=20, **{'from': begin}) as consumer:
        consumer.end()
        note_read(history, consumer)
    check(history)


def latest(bench):
    topic, history = bench.topic(), History(range(100, 200))
    bench.feed(topic, range(100))
    with bench.start('consume', topic=topic, count=100, seconds=20, **{'from': 'latest'}) \
            as consumer:
        consumer.until(lambda: consumer.said('ready'), 'it knows the ends')
        bench.feed(topic, range(100, 200))
        history.acknowledge_all()
        consumer.end()
        note_read(history, consumer)
    check(history)


# ---- groups --------------------------------------------------------------------------------

class Team:
    """Members of one group, and what they have read together."""

    def __init__(self, bench, partitions):
        self.bench, self.partitions = bench, set(range(partitions))
        self.topic = bench.topic(partitions)
        self.group = f'group-{self.topic}'
        self.history = History()
        self.members, self.dead = [], []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for member in self.members + self.dead:
            member.kill()

    def join(self):
        self.members.append(self.bench.start('group', topic=self.topic, group=self.group))
        return self.members[-1]

    def die(self):
        member = self.members.pop()
        member.process.kill()
        member.process.wait()
        member.reader.join(5)
        self.dead.append(member)

    def has_shared(self):
        """Every partition is one member's, and everybody has some."""
        for member in self.members:
            member.complain()
        shares = [member.assigned() for member in self.members]
        return all(shares) and set.union(*shares) == self.partitions \
            and sum(map(len, shares)) == len(self.partitions)

    def until_shared(self):
        what = f'{len(self.members)} members share {len(self.partitions)} partitions'
        for member in self.members:
            try:
                member.until(self.has_shared, what, GROUP_SECONDS)
            except Failed as late:
                shares = [sorted(m.assigned()) for m in self.members]
                raise Failed(f'{late}: {shares}') from None

    def feed(self, numbers, partition=None):
        self.bench.feed(self.topic, numbers, partition=partition)
        self.history.send(numbers)
        self.history.acknowledge_all()

    def read_so_far(self):
        return {line['read'] for member in self.members + self.dead
                for line in member.said('read')}

    def until_read(self):
        self.members[0].until(lambda: self.read_so_far() >= set(self.history.sent),
                              'everything is read', GROUP_SECONDS)

    def leave(self):
        for member in self.members:
            member.leave()

    def check(self):
        for member in self.members + self.dead:
            note_read(self.history, member, may_read_again=True)
        check(self.history)


def group_of_three(bench):
    with Team(bench, 6) as team:
        for _ in range(3):
            team.join()
        team.until_shared()
        team.feed(range(300))
        team.until_read()
        team.die()
        team.until_shared()
        team.feed(range(300, 600))
        team.until_read()
        team.join()
        team.until_shared()
        team.feed(range(600, 900))
        team.until_read()
        team.leave()
        team.check()


def resume(bench):
    """Who left has committed; who comes goes on there, and reads nothing again."""
    with Team(bench, 3) as team:
        team.join()
        team.feed(range(200))
        team.until_read()
        team.leave()
        team.dead.append(team.members.pop())
        team.feed(range(200, 300))
        team.join()
        team.until_read()
        team.leave()
        numbers = [line['read'] for line in team.members[0].said('read')]
        if sorted(numbers) != list(range(200, 300)):
            raise Failed(f'the next member began elsewhere: it read {len(numbers)} records, '
                         f'from {min(numbers)}')
        team.check()


def grown_group(bench):
    """Partitions that come while a group runs are found, and read from their beginning."""
    with Team(bench, 2) as team:
        team.join()
        team.until_shared()
        team.feed(range(100))
        team.until_read()
        bench.gateway.ctl('topic', 'alter', team.topic, '--partitions', '4')
        team.partitions = set(range(4))
        team.feed(range(100, 150), partition=2)
        team.feed(range(150, 200), partition=3)
        team.until_shared()
        team.until_read()
        team.leave()
        team.check()


# ---- a gateway that ends -------------------------------------------------------------------

def disturbed(bench, disturb, idempotence='default'):
    """The gateway goes and comes back while the client produces. Nothing acknowledged is lost; with
    an idempotent producer nothing is doubled or out of order either."""
    count = 2000
    topic, history = bench.topic(), History(range(count))
    with bench.start_producer(topic, count, rate=250, idempotence=idempotence) as producer:
        time.sleep(2)
        producer.complain()
        disturb()
        lines = producer.end(90)
    note_acknowledged(history, lines)
    if count - 1 not in history.acknowledged:
        raise Failed('it did not come back: the last record is not acknowledged')
    bench.read_back(topic, history)
    is_strict = idempotence == 'on' or bench.client.is_idempotent
    check(history, may_double=not is_strict, may_reorder=not is_strict)


def restart(bench):
    disturbed(bench, bench.gateway.restart)


def kill(bench):
    disturbed(bench, bench.gateway.kill_and_start)


def kill_idempotent(bench):
    disturbed(bench, bench.gateway.kill_and_start, idempotence='on')


def kill_under_group(bench):
    """Members go on when the gateway is back, and share what comes then."""
    with Team(bench, 4) as team:
        for _ in range(2):
            team.join()
        team.until_shared()
        team.feed(range(200))
        team.until_read()
        bench.gateway.kill_and_start()
        team.feed(range(200, 400))
        team.until_read()
        team.until_shared()
        team.leave()
        team.check()


CAPABILITIES = {
    'create a topic': create,
    'describe a topic': describe,
    'add partitions': grow,
    'delete a topic': delete,
    'produce, acks=all': codec_of('none'),
    'produce, gzip': codec_of('gzip'),
    'produce, snappy': codec_of('snappy'),
    'produce, lz4': codec_of('lz4'),
    'produce, zstd': codec_of('zstd'),
    'produce, acks=0': acks_0,
    'produce, acks=1': acks_1,
    'idempotent producer': idempotent,
    'records of 900 KiB': large,
    '1,000 partitions': many_partitions,
    'consume from the beginning': from_beginning,
    'consume from a time': by_time,
    'consume the latest': latest,
    'a group of three: one dies, one joins': group_of_three,
    'commit and resume': resume,
    'partitions grow under a group': grown_group,
    'restart while producing': restart,
    'kill -9 while producing': kill,
    'kill -9, idempotent producer': kill_idempotent,
    'kill -9 under a group': kill_under_group,
}
DISTURBED = {restart, kill, kill_idempotent, kill_under_group}
FEW = ('describe a topic', 'produce, acks=all', 'produce, lz4', 'idempotent producer',
       'consume the latest', 'commit and resume')       # what the default run asks of a few clients
