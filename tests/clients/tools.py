"""tools.py - the main classes of Kafka's own tools, one function for what each is there for.

As scenarios.py; the Bench's client is the tools' jars, its command lacks the class and its words.
"""
import json
import re
import subprocess
import tempfile

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
    'get-offsets': get_offsets,
    'delete-records': delete_records,
    'log-dirs': log_dirs,
    'producer-perf-test': producer_performance,
    'consumer-perf-test': consumer_performance,
    'verifiable producer': verifiable_producer,
    'verifiable consumer': verifiable_consumer,
}
