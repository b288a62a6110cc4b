"""tools.py - the main classes of Kafka's own tools, one function for what each is there for.

As scenarios.py; the Bench's client is the tools' jars, its command lacks the class and its words.
"""
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time

from bench import Failed

SECONDS = 60
GROUP = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'


def run(bench, main, *words, stdin=None):
    """What the tool prints; Failed with the end of it when it is not content."""
    options = {} if stdin is None else {'input': stdin}
    try:
        done = bench.gateway.run([*bench.client.command, main, *map(str, words)], check=False,
                                 timeout=SECONDS, **options)
    except subprocess.TimeoutExpired:
        raise Failed(f'no end within {SECONDS} s') from None
    said = done.stdout.decode(errors='replace')
    errors = re.sub(r'^SLF4J.*\n', '', done.stderr.decode(errors='replace'), flags=re.M)
    if done.returncode != 0 or re.search(r'^(ERROR|Error|\[.*\] ERROR)', said + errors, re.M):
        cause = re.findall(r'(Error while .*|\S*(?:Exception|Error): .*)', said + errors)
        last = (said + errors).strip().split('\n')[-1]
        raise Failed(f'exit status {done.returncode}: {(cause or [last])[0][:300]}')
    return said


def tool(bench, main, *words, stdin=None):
    return run(bench, main, '--bootstrap-server', bench.gateway.kafka, *words, stdin=stdin)


def expect(said, pattern):
    if not re.search(pattern, said):
        raise Failed(f'it says {said[-300:]!r}')


def of_version(bench, old, new):
    """A main class that version 3.9 has under another name."""
    return old if bench.client.name.endswith('3.9') else new


def topics(bench):
    name, main = f'made-by-{bench.client.name}', 'org.apache.kafka.tools.TopicCommand'
    tool(bench, main, '--create', '--topic', name, '--partitions', 3)
    expect(tool(bench, main, '--list'), name)
    expect(tool(bench, main, '--describe', '--topic', name), 'PartitionCount: 3')
    tool(bench, main, '--alter', '--topic', name, '--partitions', 5)
    expect(tool(bench, main, '--describe', '--topic', name), 'PartitionCount: 5')
    tool(bench, main, '--delete', '--topic', name)
    if bench.partitions(name):
        raise Failed('the topic is still there')


def values(bench, topic):
    return sorted(value for _, _, _, value in bench.gateway.consume(topic))


def console_producer(bench):
    topic, lines = bench.topic(), [b'line %03d' % n for n in range(100)]
    main = of_version(bench, 'kafka.tools.ConsoleProducer',
                      'org.apache.kafka.tools.ConsoleProducer')
    tool(bench, main, '--topic', topic, stdin=b''.join(line + b'\n' for line in lines))
    if values(bench, topic) != lines:
        raise Failed(f'{len(values(bench, topic))} of {len(lines)} lines are there')


def console_consumer(bench):
    topic = bench.topic()
    bench.feed(topic, range(100))
    said = tool(bench, 'org.apache.kafka.tools.consumer.ConsoleConsumer', '--topic', topic,
                '--from-beginning', '--max-messages', 100, '--timeout-ms', 20000)
    found = sorted(int(line.split()[0]) for line in said.strip().split('\n'))
    if found != list(range(100)):
        raise Failed(f'{len(found)} lines of 100')


def group_with_lag(bench):
    """A group that has committed 100 of 150 records, by kcat."""
    topic = bench.topic(1)
    bench.feed(topic, range(100))
    bench.gateway.run(['kcat', '-b', bench.gateway.kafka, '-G', f'group-{topic}', '-e', '-q',
                       '-X', 'auto.offset.reset=earliest', topic], timeout=SECONDS)
    bench.feed(topic, range(100, 150))
    return topic, f'group-{topic}'


def consumer_groups(bench):
    topic, group = group_with_lag(bench)
    expect(tool(bench, GROUP, '--list'), group)
    expect(tool(bench, GROUP, '--describe', '--group', group), rf'{topic} +0 +100 +150 +50')


def reset_offsets(bench):
    topic, group = group_with_lag(bench)
    tool(bench, GROUP, '--reset-offsets', '--to-earliest', '--execute', '--group', group,
         '--topic', topic)
    expect(tool(bench, GROUP, '--describe', '--group', group), rf'{topic} +0 +0 +150 +150')
    tool(bench, GROUP, '--delete-offsets', '--group', group, '--topic', topic)
    tool(bench, GROUP, '--delete', '--group', group)


def configs(bench):
    topic = bench.topic()
    main = of_version(bench, 'kafka.admin.ConfigCommand', 'org.apache.kafka.tools.ConfigCommand')
    where = ('--entity-type', 'topics', '--entity-name', topic)
    tool(bench, main, *where, '--describe', '--all')
    tool(bench, main, *where, '--alter', '--add-config', 'max.message.bytes=500000')
    expect(tool(bench, main, *where, '--describe'), 'max.message.bytes=500000')
    tool(bench, main, *where, '--alter', '--delete-config', 'max.message.bytes')


@contextlib.contextmanager
def records_flowing(bench, topic):
    """Record after record until the block ends, of ten keys in turn; the value is the number."""
    with tempfile.TemporaryDirectory() as home:
        end = os.path.join(home, 'end')
        feed = f"""n=0
            while [ ! -e {end} ]; do echo "k$((n % 10)):$n"; n=$((n + 1)); sleep 0.005; done |
                kcat -b {bench.gateway.kafka} -P -t {topic} -K: -X acks=all"""
        process = bench.gateway.popen(['bash', '-c', feed])
        try:
            yield
        finally:
            open(end, 'w').close()
            status = process.wait(SECONDS)
    if status != 0:
        raise Failed(f'the producer ends with status {status}')


def values_by_offset(bench, topic):
    """In order; of these records the value is the offset."""
    found = [(offset, int(value)) for _, offset, _, value in bench.gateway.consume(topic)]
    if any(offset != value for offset, value in found):
        raise Failed('records are not where they were put')
    return [offset for offset, _ in found]


def check_whole(found, first):
    if [offset for offset in found if offset >= first] != list(range(first, found[-1] + 1)):
        raise Failed(f'records from {first} on go while cleanup.policy is delete')


def cleanup_policy(bench):
    """A topic is compacted for a while. What comes before that is whole until then, and what comes
    behind it is."""
    topic = bench.topic(1)
    main = of_version(bench, 'kafka.admin.ConfigCommand', 'org.apache.kafka.tools.ConfigCommand')

    def alter(settings):
        tool(bench, main, '--entity-type', 'topics', '--entity-name', topic, '--alter',
             '--add-config', settings)
    bench.gateway.ctl('config', 'set', 'log.cleaner.backoff.ms=100')
    with records_flowing(bench, topic):
        alter('segment.ms=100,min.cleanable.dirty.ratio=0.01,file.delete.delay.ms=100')
        time.sleep(1)
        check_whole(values_by_offset(bench, topic), 0)
        alter('cleanup.policy=compact')
        expect(tool(bench, 'org.apache.kafka.tools.TopicCommand', '--describe', '--topic', topic),
               'cleanup.policy=compact')
        deadline = time.monotonic() + SECONDS
        while len(found := values_by_offset(bench, topic)) > found[-1] // 2:
            if time.monotonic() > deadline:
                raise Failed(f'not compacted within {SECONDS} s')
            time.sleep(0.2)
        alter('cleanup.policy=delete')
        last = values_by_offset(bench, topic)[-1]
        time.sleep(2)
    check_whole(values_by_offset(bench, topic), last)


def get_offsets(bench):
    topic = bench.topic(1)
    bench.feed(topic, range(100))
    said = tool(bench, 'org.apache.kafka.tools.GetOffsetShell', '--topic', topic)
    expect(said, rf'{topic}:0:100')


def delete_records(bench):
    topic = bench.topic(1)
    bench.feed(topic, range(100))
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        places = [{'topic': topic, 'partition': 0, 'offset': 40}]
        json.dump({'version': 1, 'partitions': places}, file)
        file.flush()
        said = tool(bench, 'org.apache.kafka.tools.DeleteRecordsCommand', '--offset-json-file',
                    file.name)
    expect(said, 'low_watermark: 40')
    if len(values(bench, topic)) != 60:
        raise Failed(f'{len(values(bench, topic))} records are left of 60')


def log_dirs(bench):
    topic = bench.topic(1)
    said = tool(bench, 'org.apache.kafka.tools.LogDirsCommand', '--describe', '--topic-list', topic)
    expect(said, rf'"partition":"{topic}-0"')


def producer_performance(bench):
    topic = bench.topic()
    said = run(bench, 'org.apache.kafka.tools.ProducerPerformance', '--topic', topic,
               '--num-records', 20000, '--record-size', 100, '--throughput', -1,
               '--producer-props', f'bootstrap.servers={bench.gateway.kafka}')
    expect(said, '20000 records sent')
    if len(values(bench, topic)) != 20000:
        raise Failed(f'{len(values(bench, topic))} records of 20000 are there')


def consumer_performance(bench):
    topic = bench.topic()
    bench.feed(topic, range(5000))
    said = tool(bench, 'org.apache.kafka.tools.ConsumerPerformance', '--topic', topic,
                '--messages', 5000, '--timeout', 20000)
    expect(said, r', 5000, ')


def verifiable_producer(bench):
    topic = bench.topic()
    said = tool(bench, 'org.apache.kafka.tools.VerifiableProducer', '--topic', topic,
                '--max-messages', 200)
    if said.count('"producer_send_success"') != 200:
        raise Failed(f'{said.count("producer_send_success")} of 200 are acknowledged')
    if sorted(map(int, values(bench, topic))) != list(range(200)):
        raise Failed('what is stored is not what was sent')


def verifiable_consumer(bench):
    topic = bench.topic()
    bench.feed(topic, range(200))
    said = tool(bench, 'org.apache.kafka.tools.VerifiableConsumer', '--topic', topic,
                '--group-id', f'group-{topic}', '--max-messages', 200)
    read = sum(json.loads(line)['count'] for line in said.split('\n')
               if '"records_consumed"' in line)
    if read != 200:
        raise Failed(f'{read} of 200 are read')


CAPABILITIES = {
    'topics': topics,
    'console producer': console_producer,
    'console consumer': console_consumer,
    'consumer-groups': consumer_groups,
    'consumer-groups, reset and delete': reset_offsets,
    'configs': configs,
    'configs, cleanup.policy while records come': cleanup_policy,
    'get-offsets': get_offsets,
    'delete-records': delete_records,
    'log-dirs': log_dirs,
    'producer-perf-test': producer_performance,
    'consumer-perf-test': consumer_performance,
    'verifiable producer': verifiable_producer,
    'verifiable consumer': verifiable_consumer,
}
