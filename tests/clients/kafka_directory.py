"""kafka_directory.py - one format, two brokers: what either has written, the other serves.

As scenarios.py, but the functions bring their own gateways and nodes; the Bench's client is Kafka's
jars, its command lacks the class and its words. docs/MIGRATING.md has the steps of both adoptions.
"""
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

import tools
from bench import Bench, Failed
from gateway import Gateway
from kafka_node import KafkaNode

DUMP = 'org.apache.kafka.tools.DumpLogSegments'
CONSOLE_CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
DUMPED = ('.log', '.index', '.timeindex', '.snapshot')
CHECKPOINTS = ('recovery-point-offset-checkpoint', 'log-start-offset-checkpoint',
               'replication-offset-checkpoint')
ID_FILE = 'partition.metadata'
OFFSETS, OFFSETS_PARTITIONS = '__consumer_offsets', 50      # the default of both
SECONDS = 60

KEPT, AGED = 'kept', 'aged'
PARTITIONS = {KEPT: 2, AGED: 1}
CODECS = ('none', 'gzip', 'snappy', 'lz4', 'zstd')
COUNT = 250             # records of a codec
VALUE_BYTES = 600       # random, written as hexadecimal digits: no codec makes little of them
HALF, ALL = len(CODECS) * COUNT, 2 * len(CODECS) * COUNT
MORE = range(ALL, ALL + 100)
SEGMENT_BYTES = 1 << 20
GROUP = 'readers'
OURS = {'log.segment.bytes': SEGMENT_BYTES, 'log.retention.check.interval.ms': 200,
        'group.initial.rebalance.delay.ms': 0}
KAFKAS = {'log.segment.bytes': SEGMENT_BYTES, 'group.initial.rebalance.delay.ms': 0}


# ---- what both write and serve -------------------------------------------------------------

def feed(server, topic, numbers, codec, is_idempotent):
    """Records in small batches; the value begins with its number."""
    lines = b''.join(b'k%d:%d %s\n' % (n % 50, n, random.randbytes(VALUE_BYTES).hex().encode())
                     for n in numbers)
    server.run(['kcat', '-b', server.kafka, '-P', '-t', topic, '-K:', '-z', codec,
                '-H', f'codec={codec}', '-X', 'acks=all', '-X', 'batch.num.messages=20',
                '-X', f'enable.idempotence={str(is_idempotent).lower()}'], input=lines)


def feed_half(server, first, is_idempotent):
    for topic in PARTITIONS:
        for begin, codec in zip(range(first, first + HALF, COUNT), CODECS):
            feed(server, topic, range(begin, begin + COUNT), codec, is_idempotent)


def read_by_group(server):
    """A member reads all that there is and commits it."""
    server.run(['kcat', '-b', server.kafka, '-G', GROUP, '-e', '-q',
                '-X', 'auto.offset.reset=earliest', KEPT], timeout=SECONDS)


def records(server, topic):
    """All of them: (partition, offset, number, time and key and headers and value)."""
    said = server.run(['kcat', '-b', server.kafka, '-C', '-t', topic, '-o', 'beginning', '-e',
                       '-q', '-f', '%p %o %T %k %h %s\n']).stdout.decode()
    found = []
    for line in said.splitlines():
        partition, offset, rest = line.split(' ', 2)
        found.append((int(partition), int(offset), int(rest.split()[3]), rest))
    return sorted(found)


def offsets(found, partition):
    return [offset for place, offset, _, _ in found if place == partition]


def check_same(server, written):
    """written: {topic: records}."""
    for topic, wanted in written.items():
        found = records(server, topic)
        if found != wanted:
            lost, more = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
            raise Failed(f'{topic}: {len(found)} records instead of {len(wanted)}; missing: '
                         f'{str(lost[:1])[:80]}, instead: {str(more[:1])[:80]}')


def check_group(bench, found):
    """It has committed the first half, which its last member has read, and goes on there."""
    said = tools.tool(bench, tools.GROUP, '--describe', '--group', GROUP)
    for partition in range(PARTITIONS[KEPT]):
        unread = [offset for place, offset, number, _ in found
                  if place == partition and number >= HALF]
        tools.expect(said, rf'{KEPT} +{partition} +{unread[0]} +{unread[-1] + 1} +{len(unread)}')
    check_resumes(bench, range(HALF, ALL))


def check_resumes(bench, numbers, *words):
    """A member of the group, of Java, reads these and commits them."""
    said = tools.tool(bench, CONSOLE_CONSUMER, '--topic', KEPT, '--group', GROUP,
                      '--max-messages', len(numbers), '--timeout-ms', 20000, *words)
    found = sorted(int(line.split()[0]) for line in said.strip().split('\n') if line.strip())
    if found != list(numbers):
        raise Failed(f'the group goes on with {len(found)} records, from {found[:1]}, instead of '
                     f'{len(numbers)} from {numbers[0]}')


def check_goes_on(server, found):
    """New records come behind the old ones, without a gap."""
    feed(server, KEPT, MORE, 'lz4', is_idempotent=True)
    more = records(server, KEPT)
    if [record for record in more if record[2] < ALL] != found:
        raise Failed('with new records the old ones are others')
    for partition in range(PARTITIONS[KEPT]):
        now = offsets(more, partition)
        if now != list(range(len(now))):
            raise Failed(f'a gap in the offsets of {KEPT}-{partition}')
    if len(more) != ALL + len(MORE):
        raise Failed(f'{len(more) - ALL} of {len(MORE)} new records')


# ---- our directory -------------------------------------------------------------------------

def until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f'{what}: not within {seconds} s')
        time.sleep(0.1)


def write_ours(log):
    """What a gateway has in a directory when it has stopped: {topic: records}."""
    with Gateway({**OURS, 'log.dirs': log}) as gateway:
        for topic, partitions in PARTITIONS.items():
            gateway.ctl('topic', 'create', topic, '--partitions', str(partitions))
        feed_half(gateway, 0, is_idempotent=False)
        read_by_group(gateway)
        feed_half(gateway, HALF, is_idempotent=True)
        gateway.ctl('topic', 'alter', AGED, '--config', f'retention.bytes={SEGMENT_BYTES}')
        until(lambda: records(gateway, AGED)[0][1] > 0, 'the head of a log goes')
        return {topic: records(gateway, topic) for topic in PARTITIONS}


def directories(log, topics):
    """The partitions' directories of these topics."""
    return sorted(name for name in os.listdir(log) if name.rpartition('-')[0] in topics)


def files(log, topics, endings):
    """Paths of the files of these topics with such endings."""
    return [os.path.join(log, name, file) for name in directories(log, topics)
            for file in sorted(os.listdir(os.path.join(log, name))) if file.endswith(endings)]


def complaints(said, errors, status):
    """Lines by which Kafka's tool is not content: it goes on after most, and ends with 0. The first
    record of each file but that of offset 0 has for it a gap before it, which says nothing."""
    errors = re.sub(r'^ +-1 is followed by \d+\n', '', errors, flags=re.M)
    errors = re.sub(r'^Non-consecutive offsets in .*\n(?! )', '', errors, flags=re.M)
    found = re.findall(r'.*(?:isvalid: false|invalid bytes|Error at offset).*', said)
    found += [line for line in errors.splitlines() if not re.search('SLF4J|log4j', line)]
    return found + ([f'exit status {status}'] if status else [])


def dump(client, paths, *words):
    """(what Kafka's tool says of the files, its complaints)."""
    done = subprocess.run(
        [*client.command, DUMP, '--files', ','.join(paths), '--deep-iteration', *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        errors='replace', timeout=SECONDS, check=False)
    return done.stdout, complaints(done.stdout, done.stderr, done.returncode)


def dump_content(client, paths, *words):
    """What it says when it is content; Failed with its complaints when it is not."""
    said, wrong = dump(client, paths, *words)
    if wrong:
        raise Failed(' '.join(wrong[:3])[:300])
    return said


def dumped_offsets(said):
    """{directory's name: [offset of each record]}."""
    found = {}
    for line in said.splitlines():
        if line.startswith('Dumping '):
            here = found.setdefault(os.path.basename(os.path.dirname(line[8:])), [])
        elif match := re.match(r'\| offset: (\d+) ', line):
            here.append(int(match.group(1)))
    return found


def check_dump(client, log, written):
    """It reads every file of the topics, and finds the records that were served."""
    dumped = dumped_offsets(dump_content(client, files(log, {*written, OFFSETS}, DUMPED)))
    for topic, found in written.items():
        for partition in range(PARTITIONS[topic]):
            if dumped[f'{topic}-{partition}'] != offsets(found, partition):
                raise Failed(f'it finds other offsets in {topic}-{partition}')


def check_variety(log, written):
    """The directory has all there is to read, or the test says little."""
    for topic in PARTITIONS:
        for ending, least in (('.log', 2), ('.index', 2), ('.timeindex', 2), ('.snapshot', 1)):
            if len(files(log, {topic}, ending)) < least:
                raise Failed(f'{topic} has less than {least} {ending} files')
    if written[AGED][0][1] == 0:
        raise Failed('no log has lost its head')


def damage(path, position):
    with open(path, 'r+b') as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def check_damage(client, log):
    """It is no tool that is content with anything: not when a byte of a file is another."""
    paths = [files(log, {KEPT}, ending)[0] for ending in ('.log', '.index')]
    damage(paths[0], 1000)      # within the first batch
    damage(paths[1], 3)         # an offset, by one
    wrong = '\n'.join(dump(client, paths)[1])
    for words in ('isvalid: false', 'Mismatches'):
        if words not in wrong:
            raise Failed(f'of files with damage it does not say "{words}"')


def dump_log(bench):
    """Every file of a directory of ours."""
    with tempfile.TemporaryDirectory() as log:
        written = write_ours(log)
        check_variety(log, written)
        check_dump(bench.client, log, written)
        commits = [path for path in files(log, {OFFSETS}, '.log') if os.path.getsize(path)]
        said = dump_content(bench.client, commits, '--offsets-decoder')
        tools.expect(said, rf'"group":"{GROUP}","topic":"{KEPT}"')
        check_damage(bench.client, log)


def put_into(log, theirs, topics):
    """Partitions of our directory in the place of those of the same names in a stopped node's,
    which keep the topic's id: it is what the node's metadata knows them by."""
    for name in directories(log, topics):
        place = os.path.join(theirs, name)
        with open(os.path.join(place, ID_FILE)) as file:
            topic_id = file.read()
        shutil.rmtree(place)
        shutil.copytree(os.path.join(log, name), place)
        with open(os.path.join(place, ID_FILE), 'w') as file:
            file.write(topic_id)
    for name in CHECKPOINTS:
        shutil.copy(os.path.join(log, name), theirs)


def has_made(node, topics):
    """Whether each of its partitions is on its disk, with the topic's id."""
    return all(os.path.exists(os.path.join(node.log_dir, f'{topic}-{partition}', ID_FILE))
               for topic, partitions in topics.items() for partition in range(partitions))


def kafka_adopts(bench):
    """A node serves a copy of our directory, groups too, and writes behind what is there."""
    topics = {**PARTITIONS, OFFSETS: OFFSETS_PARTITIONS}
    with tempfile.TemporaryDirectory() as log:
        written = write_ours(log)
        with KafkaNode(KAFKAS) as node:
            for topic, partitions in topics.items():
                settings = {'cleanup.policy': 'compact'} if topic == OFFSETS else {}
                node.create(topic, partitions, settings)
            until(lambda: has_made(node, topics), 'the node makes its topics')
            node.stop()
            put_into(log, node.log_dir, topics)
            node.start()
            check_same(node, written)
            check_group(Bench(node, bench.client), written[KEPT])
            check_goes_on(node, written[KEPT])
            check_resumes(Bench(node, bench.client), MORE)


# ---- Kafka's directory ---------------------------------------------------------------------

def write_theirs(log, client):
    """A copy of what a node has on its disk when it has stopped: {topic: records}. It has started
    twice before: its batches are not of the first leader epoch, nor is what a member commits."""
    with KafkaNode(KAFKAS) as node:
        bench = Bench(node, client)
        for topic, partitions in PARTITIONS.items():
            node.create(topic, partitions)
        node.stop()
        node.start()
        feed_half(node, 0, is_idempotent=False)
        check_resumes(bench, range(HALF), '--from-beginning')
        feed_half(node, HALF, is_idempotent=True)
        delete_records(bench)
        written = {topic: records(node, topic) for topic in PARTITIONS}
        node.stop()
        shutil.copytree(node.log_dir, log, dirs_exist_ok=True)
    return written


def delete_records(bench):
    """The head of a log goes, up to within a segment."""
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        place = {'topic': AGED, 'partition': 0, 'offset': 700}
        json.dump({'version': 1, 'partitions': [place]}, file)
        file.flush()
        tools.tool(bench, 'org.apache.kafka.tools.DeleteRecordsCommand',
                   '--offset-json-file', file.name)


def gateway_adopts(bench):
    """A gateway serves a copy of a node's directory, groups too, and writes behind what is there;
    Kafka's tool is content with what it has made of it."""
    with tempfile.TemporaryDirectory() as log:
        written = write_theirs(log, bench.client)
        with Gateway({**OURS, 'log.dirs': log}) as gateway:
            check_whole(gateway)
            check_same(gateway, written)
            check_group(Bench(gateway, bench.client), written[KEPT])
            check_goes_on(gateway, written[KEPT])
        with Gateway({**OURS, 'log.dirs': log}) as gateway:
            check_whole(gateway)
            check_same(gateway, {AGED: written[AGED]})
            check_resumes(Bench(gateway, bench.client), MORE)
        dump_content(bench.client, files(log, {*PARTITIONS, OFFSETS}, DUMPED))


def check_whole(gateway):
    state = json.loads(gateway.ctl('--json', 'state').stdout)
    if state['partition_fault_count'] or state['log_dir_fault']:
        raise Failed(f'{state["log_dir_fault"]} {state["partition_faults"]}'[:300])


CAPABILITIES = {
    'dump-log reads all of our directory': dump_log,
    'Kafka serves our directory': kafka_adopts,
    "a gateway serves Kafka's directory": gateway_adopts,
}
FEW = ('dump-log reads all of our directory',)
ALONE = set(CAPABILITIES.values())      # they are given no gateway
