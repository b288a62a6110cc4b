"""kafka_python_offsets.py - what a log directory's __consumer_offsets holds, read by python3-kafka.

usage: kafka_python_offsets.py DIRECTORY

Prints one line of JSON: {"offsets": {"GROUP TOPIC PARTITION": offset}, "groups": {GROUP:
[type, generation, protocol, members, [[member, client, host, session_ms, assignment bytes]]]}}
of what was written last, as Kafka's own GroupMetadataManager reads it. Exit status 1 when a group
lies in another partition than the hash of its name says.
"""
import glob
import json
import os
import struct
import sys

from kafka.record import MemoryRecords


class Reader:
    """Fields of Kafka's, from the left to the right."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value, = struct.unpack_from('>' + form, self.data, self.at)
        self.at += struct.calcsize('>' + form)
        return value

    def run(self, size):
        self.at += max(size, 0)
        return None if size < 0 else self.data[self.at - size:self.at]

    def text(self):
        run = self.run(self.take('h'))
        return None if run is None else run.decode()

    def bytes(self):
        return self.run(self.take('i'))

    def end(self):
        if self.at != len(self.data):
            raise SystemExit(f'{len(self.data) - self.at} bytes behind {self.data!r}')


def java_hash(text):
    """Utils.abs(text.hashCode()) of a name of ASCII letters, which are one unit of UTF-16 each."""
    value = 0
    for unit in text.encode():
        value = (31 * value + unit) & 0xffffffff
    return min(value, 2**32 - value) % 2**31


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f'{what} is {found}, not {wanted}')


def offset_of(reader):
    expect('the version of an offset', reader.take('h'), 3)
    offset, _, _, _ = reader.take('q'), reader.take('i'), reader.text(), reader.take('q')
    reader.end()
    return offset


def member_of(reader):
    member, _, client, host = reader.text(), reader.text(), reader.text(), reader.text()
    _, session, _, assignment = reader.take('i'), reader.take('i'), reader.bytes(), reader.bytes()
    return [member, client, host, session, len(assignment)]


def group_of(reader):
    expect('the version of a group', reader.take('h'), 3)
    kind, generation, protocol, _ = reader.text(), reader.take('i'), reader.text(), reader.text()
    reader.take('q')
    members = [member_of(reader) for _ in range(reader.take('i'))]
    reader.end()
    return [kind, generation, protocol, len(members), members]


def records_of(path):
    with open(path, 'rb') as file:
        records = MemoryRecords(file.read())
    while (batch := records.next_batch()) is not None:
        if not batch.validate_crc():
            raise SystemExit(f'{path}: a batch is damaged')
        yield from batch


def read_partition(directory, number, count, found):
    """Later records take the place of earlier ones; one without a value takes them away."""
    for path in sorted(glob.glob(os.path.join(directory, '*.log'))):
        for record in records_of(path):
            key = Reader(record.key)
            kind, group = key.take('h'), key.text()
            expect(f'the partition of {group}', number, java_hash(group) % count)
            table, name, of = ('groups', group, group_of) if kind == 2 else \
                ('offsets', f'{group} {key.text()} {key.take("i")}', offset_of)
            key.end()
            found[table].pop(name, None)
            if record.value is not None:
                found[table][name] = of(Reader(record.value))


def main():
    partitions = glob.glob(os.path.join(sys.argv[1], '__consumer_offsets-*'))
    found = {'offsets': {}, 'groups': {}}
    for directory in partitions:
        read_partition(directory, int(directory.rsplit('-', 1)[1]), len(partitions), found)
    print(json.dumps(found))


if __name__ == '__main__':
    main()
