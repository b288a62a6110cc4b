"""streams.py - Kafka Streams: words that go in, and what an application makes of them.

As scenarios.py; the Bench's client is drivers/StreamsDriver.java, which runs one application until
its stdin ends:

    stateless   each word of a value is a record of its own
    count       how often each word has come, by way of a repartition topic; is_logged=yes: with a
                changelog
"""
import collections
import contextlib
import random
import tempfile
import time

from bench import Failed

WORDS = [f'word{number}' for number in range(40)]
LINES = 300
SECONDS = 60


def feed(bench, topic, seed):
    """Lines of a few words; the words, in order."""
    dice = random.Random(seed)
    lines = [dice.choices(WORDS, k=5) for _ in range(LINES)]
    data = b''.join(' '.join(line).encode() + b'\n' for line in lines)
    bench.gateway.run(['kcat', '-b', bench.gateway.kafka, '-P', '-t', topic, '-X', 'acks=all'],
                      input=data)
    return [word for line in lines for word in line]


def until_out(application, bench, topic, is_right, what):
    """Waits until the records of a topic, [(key, value)] in order, are what they should be."""
    deadline = time.monotonic() + SECONDS
    while True:
        application.complain()
        found = [(key, value) for _, _, key, value in bench.gateway.consume(topic)]
        if is_right(found):
            return
        if time.monotonic() > deadline:
            raise Failed(f'{what}: not within {SECONDS} s, but {len(found)} records')
        time.sleep(0.5)


@contextlib.contextmanager
def running(bench, command, source, **words):
    """An application, always of the same name. What it has on its own disk goes when it ends."""
    with tempfile.TemporaryDirectory() as state, \
            bench.start(command, application=f'app-{source}', input=source,
                        output=f'{source}-out', state=state, **words) as application:
        yield application


def prepare(bench, partitions, seed):
    """A topic and its words; the one that an application writes to is there, too."""
    source = bench.topic()
    bench.gateway.ctl('topic', 'create', f'{source}-out', '--partitions', str(partitions))
    return source, feed(bench, source, seed)


def stateless(bench):
    source, words = prepare(bench, 3, 1)
    words.sort()
    with running(bench, 'stateless', source) as application:
        until_out(application, bench, f'{source}-out',
                  lambda found: sorted(value.decode() for _, value in found) == words,
                  'each word comes once')
        words += feed(bench, source, 2)
        until_out(application, bench, f'{source}-out',
                  lambda found: sorted(value.decode() for _, value in found) == sorted(words),
                  'each word comes once, of what is new as well')
        application.leave(30)


def has_counted(found, words):
    """The last that was said of each word is how often it has come."""
    said = {key.decode(): int(value) for key, value in found}
    return said == collections.Counter(words)


def count_once(bench):
    source, words = prepare(bench, 1, 3)
    with running(bench, 'count', source, is_logged='no') as application:
        until_out(application, bench, f'{source}-out', lambda found: has_counted(found, words),
                  'all words are counted')
        words += feed(bench, source, 4)
        until_out(application, bench, f'{source}-out', lambda found: has_counted(found, words),
                  'all words are counted, what is new as well')
        application.leave(30)


def count_and_return(bench):
    """What was counted is in the changelog: who comes back without a state goes on counting."""
    source, words = prepare(bench, 1, 5)
    with running(bench, 'count', source, is_logged='yes') as application:
        until_out(application, bench, f'{source}-out', lambda found: has_counted(found, words),
                  'all words are counted')
        application.leave(30)
    words += feed(bench, source, 6)
    with running(bench, 'count', source, is_logged='yes') as application:
        until_out(application, bench, f'{source}-out', lambda found: has_counted(found, words),
                  'counting goes on where it was')
        application.leave(30)


CAPABILITIES = {
    'stateless: a record for each word': stateless,
    'a word count, kept nowhere': count_once,
    'a word count that comes back to its changelog': count_and_return,
}
