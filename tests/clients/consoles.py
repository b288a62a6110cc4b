"""consoles.py - what Redpanda Console and Kafka UI ask for at their start and behind their buttons.

Raw requests, at versions without tagged fields where there are such: their own libraries (franz-go,
Java's AdminClient) are clients of this suite. As scenarios.py; each cell is one API.
"""
import struct
import time

import kafka_bytes
from bench import Failed
from kafka_bytes import text

TOPIC, BROKER = 2, 4            # kinds of resources
SECONDS = 20000


def array(*items):
    return struct.pack('>i', len(items)) + b''.join(items)


class Reader:
    """An answer, field by field."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        found = struct.unpack_from('>' + form, self.data, self.at)
        self.at += struct.calcsize('>' + form)
        return found[0] if len(found) == 1 else found

    def text(self):
        size = max(self.take('h'), 0)
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def expect(self, error, what=''):
        if error:
            raise Failed(f'error {error}{what and ": "}{what}')


class Console:
    """One connection, and what ApiVersions says over it."""

    def __init__(self, gateway):
        self.sock = gateway.connect('KAFKA')
        told = Reader(self.answer(kafka_bytes.api_versions()))
        told.expect(told.take('h'))
        rows = [told.take('hhh') for _ in range(told.take('i'))]
        self.versions = {key: (least, most) for key, least, most in rows}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.sock.close()

    def answer(self, request):
        self.sock.sendall(request)
        try:
            return kafka_bytes.answer(self.sock)
        except (OSError, ConnectionError) as error:
            raise Failed(f'no answer: {error}') from None

    def ask(self, key, version, body):
        least, most = self.versions.get(key, (0, -1))
        if most < 0:
            raise Failed('not in ApiVersions')
        if not least <= version <= most:
            raise Failed(f'version {version} is not served, {least} to {most} are')
        return Reader(self.answer(kafka_bytes.request(key, version, body)))


def metadata(console, topic):
    told = console.ask(3, 1, struct.pack('>i', -1))
    brokers = [(told.take('i'), told.text(), told.take('i'), told.text())
               for _ in range(told.take('i'))]
    told.take('i')
    count = told.take('i')
    if len(brokers) != 1 or count < 1:
        raise Failed(f'{len(brokers)} brokers, {count} topics')
    return brokers[0][0]


def describe_cluster(console, topic):
    least, most = console.versions.get(60, (0, -1))
    if most < 0:
        raise Failed('not in ApiVersions')
    request = struct.pack('>hhi', 60, least, 7) + text('console') + b'\0' + b'\0\0'
    told = Reader(console.answer(kafka_bytes.frame(request)))
    told.take('b')
    told.take('i')
    told.expect(told.take('h'))


def describe_configs(console, kind, name):
    body = array(struct.pack('>b', kind) + text(name) + struct.pack('>i', -1)) + b'\1'
    told = console.ask(32, 1, body)
    told.take('ii')
    told.expect(told.take('h'), told.text())
    told.take('b')
    told.text()
    count = told.take('i')
    if count < 10:
        raise Failed(f'{count} settings')


def topic_configs(console, topic):
    describe_configs(console, TOPIC, topic)


def broker_configs(console, topic):
    describe_configs(console, BROKER, str(metadata(console, topic)))


def alter_configs(console, topic):
    change = text('max.message.bytes') + b'\0' + text('500000')
    told = console.ask(44, 0, array(struct.pack('>b', TOPIC) + text(topic) + array(change)) + b'\0')
    told.take('ii')
    told.expect(told.take('h'), told.text())


def list_offsets(console, topic):
    told = console.ask(2, 1, struct.pack('>i', -1) +
                       array(text(topic) + array(struct.pack('>iq', 0, -1))))
    told.take('i')
    told.text()
    told.take('ii')
    told.expect(told.take('h'))


def log_dirs(console, topic):
    told = console.ask(35, 1, struct.pack('>i', -1))
    told.take('ii')
    told.expect(told.take('h'))
    told.text()
    if told.take('i') < 1:
        raise Failed('no topic lies there')


def create_topics(console, topic):
    wanted = text('made-by-console') + struct.pack('>ih', 2, 1) + array() + array()
    told = console.ask(19, 2, array(wanted) + struct.pack('>i', SECONDS) + b'\0')
    told.take('ii')
    told.text()
    told.expect(told.take('h'), told.text())


def delete_topics(console, topic):
    told = console.ask(20, 1, array(text(topic)) + struct.pack('>i', SECONDS))
    told.take('ii')
    told.text()
    told.expect(told.take('h'))


def create_partitions(console, topic):
    wanted = text(topic) + struct.pack('>ii', 4, -1)
    told = console.ask(37, 0, array(wanted) + struct.pack('>i', SECONDS) + b'\0')
    told.take('ii')
    told.text()
    told.expect(told.take('h'), told.text())


def delete_records(console, topic):
    place = array(struct.pack('>iq', 0, 0))
    told = console.ask(21, 0, array(text(topic) + place) + struct.pack('>i', SECONDS))
    told.take('ii')
    told.text()
    told.take('ii')
    told.take('q')
    told.expect(told.take('h'))


def fetch(console, topic):
    said = console.answer(kafka_bytes.fetch(topic, 0, max_wait_ms=100))
    error, high, _ = kafka_bytes.fetched(said, topic)
    if (error, high) != (0, 0):
        raise Failed(f'error {error}, high watermark {high}')


def list_groups(console, topic):
    told = console.ask(16, 0, b'')
    told.expect(told.take('h'))


def describe_groups(console, topic):
    told = console.ask(15, 0, array(text('nobody')))
    told.take('i')
    told.expect(told.take('h'))


def offset_fetch(console, topic):
    told = console.ask(9, 1, text('nobody') + array(text(topic) + array(struct.pack('>i', 0))))
    told.take('i')
    told.text()
    told.take('ii')
    told.take('q')
    told.text()
    told.expect(told.take('h'))


def of_a_group(call):
    """Once FindCoordinator has had the groups' topic made, and it has been read."""
    def patiently(console, topic):
        deadline = time.monotonic() + 10
        while True:
            console.ask(10, 0, text('nobody'))
            try:
                return call(console, topic)
            except Failed:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)
    return patiently


def hides(key):
    """A page for which there is nothing is hidden when its API is not advertised."""
    def look(console, topic):
        if key in console.versions:
            raise Failed('advertised: this cell has to ask for it now')
    return look


def cell(call):
    def scenario(bench):
        topic = bench.topic()
        with Console(bench.gateway) as console:
            call(console, topic)
    return scenario


CAPABILITIES = {name: cell(call) for name, call in {
    'Metadata': metadata,
    'DescribeCluster': describe_cluster,
    'DescribeConfigs of a topic': topic_configs,
    'DescribeConfigs of the broker': broker_configs,
    'IncrementalAlterConfigs': alter_configs,
    'ListOffsets': list_offsets,
    'DescribeLogDirs': log_dirs,
    'CreateTopics': create_topics,
    'DeleteTopics': delete_topics,
    'CreatePartitions': create_partitions,
    'DeleteRecords': delete_records,
    'Fetch': fetch,
    'ListGroups': list_groups,
    'DescribeGroups': of_a_group(describe_groups),
    'OffsetFetch': of_a_group(offset_fetch),
    'no page for DescribeAcls': hides(29),
    'no page for DescribeClientQuotas': hides(48),
    'no page for DescribeUserScramCredentials': hides(50),
}.items()}
