"""kafka_bytes.py - Kafka requests byte by byte, and answers as they come over a socket."""
import struct

PRODUCE, FETCH, METADATA, OFFSET_COMMIT, OFFSET_FETCH, API_VERSIONS = 0, 1, 3, 8, 9, 18
FIND_COORDINATOR, DELETE_RECORDS, INIT_PRODUCER_ID, DESCRIBE_PRODUCERS = 10, 21, 22, 61
LIST_OFFSETS, EARLIEST, LATEST = 2, -2, -1
DESCRIBE_LOG_DIRS = 35


def text(word):
    return struct.pack('>h', len(word)) + word.encode()


def frame(body):
    return struct.pack('>i', len(body)) + body


def request(key, version, body, correlation=7, client='stranger'):
    return frame(struct.pack('>hhi', key, version, correlation) + text(client) + body)


def produce(topic, batch, acks=-1, partition=0):
    """Version 3, for one partition."""
    return request(PRODUCE, 3, struct.pack('>hhii', -1, acks, 30000, 1) + text(topic) +
                   struct.pack('>iii', 1, partition, len(batch)) + batch)


def produce_many(topic, batches, acks=-1):
    """Version 7, the first that knows zstd, of (partition, batch) pairs; one may come again."""
    parts = b''.join(struct.pack('>ii', partition, len(batch)) + batch
                     for partition, batch in batches)
    return request(PRODUCE, 7, struct.pack('>hhii', -1, acks, 30000, 1) + text(topic) +
                   struct.pack('>i', len(batches)) + parts)


def fetch(topic, offset, max_wait_ms=500, min_bytes=1, max_bytes=1 << 20, partition=0):
    """Version 4, of one partition."""
    return request(FETCH, 4, struct.pack('>iiiibi', -1, max_wait_ms, min_bytes, max_bytes, 0, 1) +
                   text(topic) + struct.pack('>iiqi', 1, partition, offset, max_bytes))


def metadata(names):
    """Version 1."""
    return request(METADATA, 1, struct.pack('>i', len(names)) + b''.join(map(text, names)))


def offset_commit(group, topic, offsets):
    """Version 2, of a client that is no member: {partition: offset}."""
    parts = b''.join(struct.pack('>iqh', *pair, 0) for pair in offsets.items())
    return request(OFFSET_COMMIT, 2, text(group) + struct.pack('>i', -1) + text('') +
                   struct.pack('>qi', -1, 1) + text(topic) + struct.pack('>i', len(offsets)) +
                   parts)


def offset_fetch(group, topic, partition):
    """Version 1, of one partition."""
    return request(OFFSET_FETCH, 1, text(group) + struct.pack('>i', 1) + text(topic) +
                   struct.pack('>ii', 1, partition))


def api_versions():
    return request(API_VERSIONS, 0, b'')


def find_coordinator(key, kind):
    """Version 1."""
    return request(FIND_COORDINATOR, 1, text(key) + struct.pack('>b', kind))


def init_producer_id(transactional_id=None):
    """Version 1."""
    name = struct.pack('>h', -1) if transactional_id is None else text(transactional_id)
    return request(INIT_PRODUCER_ID, 1, name + struct.pack('>i', 60000))


def initiated(said):
    """(error, producer id, epoch) out of what answers init_producer_id()."""
    return struct.unpack('>hqh', said[4:])


def list_offsets(topic, when, partition=0):
    """Version 1, of one partition."""
    return request(LIST_OFFSETS, 1, struct.pack('>ii', -1, 1) + text(topic) +
                   struct.pack('>iiq', 1, partition, when))


def offset_listed(said, topic):
    """(error, time, offset) out of what answers list_offsets()."""
    at = 4 + 2 + len(topic) + 4 + 4
    return struct.unpack('>hqq', said[at:at + 18])


def delete_records(topic, offset, partition=0):
    """Version 1, of one partition."""
    return request(DELETE_RECORDS, 1, struct.pack('>i', 1) + text(topic) +
                   struct.pack('>iiqi', 1, partition, offset, 30000))


def records_deleted(said, topic):
    """(error, where the log starts) out of what answers delete_records()."""
    at = 4 + 4 + 2 + len(topic) + 4 + 4
    low, error = struct.unpack('>qh', said[at:at + 10])
    return error, low


def describe_producers(topic, partition):
    """Version 0."""
    name = bytes([len(topic) + 1]) + topic.encode()
    return request(DESCRIBE_PRODUCERS, 0, b'\0\2' + name + b'\2' + struct.pack('>i', partition) +
                   b'\0\0')


def producers_described(said, topic):
    """(error, [(id, epoch, last sequence, last time, coordinator epoch, first offset)]) out of
    what answers describe_producers(), of fewer than 127 producers."""
    at = 1 + 4 + 1 + 1 + len(topic) + 1 + 4
    error, _message, count = struct.unpack('>hBB', said[at:at + 4])
    size = struct.calcsize('>qiiqiqB')
    return error, [struct.unpack('>qiiqiqB', said[at + 4 + i * size:][:size])[:-1]
                   for i in range(count - 1)]


def describe_log_dirs():
    """Version 1, of all partitions."""
    return request(DESCRIBE_LOG_DIRS, 1, struct.pack('>i', -1))


def log_dirs_described(said):
    """{path: (error, {(topic, partition): bytes})} out of what answers describe_log_dirs()."""
    at = 4

    def take(form):
        nonlocal at
        at += struct.calcsize(form)
        return struct.unpack(form, said[at - struct.calcsize(form):at])

    def word():
        return take(f'>{take(">h")[0]}s')[0].decode()

    told = {}
    for _ in range(take('>i')[0]):
        error, path, sizes = take('>h')[0], word(), {}
        for _ in range(take('>i')[0]):
            topic = word()
            for _ in range(take('>i')[0]):
                partition, size, _lag, _is_future = take('>iqq?')
                sizes[topic, partition] = size
        told[path] = error, sizes
    return told


def read_exactly(sock, size):
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise ConnectionError('the gateway has hung up')
        data += piece
    return bytes(data)


def answer(sock):
    """What follows the correlation id."""
    return read_exactly(sock, struct.unpack('>i', read_exactly(sock, 4))[0])[4:]


def produced(said, topic):
    """(error, base offset) out of what answers produce()."""
    at = 4 + 2 + len(topic) + 4 + 4
    return struct.unpack('>hq', said[at:at + 10])


def committed(said, topic):
    """{error} out of what answers offset_commit()."""
    at = 4 + 2 + len(topic) + 4
    return {error for _, error in struct.iter_unpack('>ih', said[at:])}


def offset_fetched(said, topic):
    """(error, offset) out of what answers offset_fetch()."""
    at = 4 + 2 + len(topic) + 4 + 4
    offset, metadata_bytes = struct.unpack('>qh', said[at:at + 10])
    return struct.unpack('>h', said[at + 10 + max(metadata_bytes, 0):][:2])[0], offset


def fetched(said, topic):
    """(error, high watermark, batches) out of what answers fetch()."""
    at = 4 + 4 + 2 + len(topic) + 4 + 4
    error, high, _, aborted = struct.unpack('>hqqi', said[at:at + 22])
    at += 22 + 16 * max(aborted, 0)
    size, = struct.unpack('>i', said[at:at + 4])
    return error, high, said[at + 4:at + 4 + max(size, 0)]
