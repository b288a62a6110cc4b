"""kafka_python_driver.py - kafka-python for the suite clients; words in, JSON lines out."""
import time

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewPartitions, NewTopic

from driver_words import Unsupported, play, say, say_read, stdin_ends

IS_OLD = kafka.__version__.startswith('2.0')


class Listener(kafka.ConsumerRebalanceListener):
    def __init__(self, consumer):
        self.consumer = consumer

    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        say(assigned=sorted(p.partition for p in self.consumer.assignment()))


def show(records):
    """What a poll has brought."""
    for found in records.values():
        for record in found:
            say_read(record.partition, record.offset, record.value)
    return sum(map(len, records.values()))


class Driver:
    def version(self, words):
        say(version=kafka.__version__)

    # ---- admin -------------------------------------------------------------------------------

    @staticmethod
    def admin(words):
        return KafkaAdminClient(bootstrap_servers=words['broker'], request_timeout_ms=20000)

    def create(self, words):
        self.admin(words).create_topics([NewTopic(words['topic'], words.number('partitions'), 1)])

    def describe(self, words):
        told, = self.admin(words).describe_topics([words['topic']])
        if told.get('error_code'):
            raise LookupError(f'error {told["error_code"]}')
        say(partitions=len(told['partitions']))

    def grow(self, words):
        wanted = NewPartitions(words.number('partitions'))
        self.admin(words).create_partitions({words['topic']: wanted})

    def delete(self, words):
        self.admin(words).delete_topics([words['topic']])

    # ---- records -----------------------------------------------------------------------------

    def produce(self, words):
        settings = {'acks': 'all' if words['acks'] == 'all' else int(words['acks'])}
        if words['idempotence'] == 'on':
            if IS_OLD:
                raise Unsupported('no idempotent producer before 2.1')
            settings['enable_idempotence'] = True
        codec = words['codec']
        producer = KafkaProducer(bootstrap_servers=words['broker'], linger_ms=5,
                                 compression_type=None if codec == 'none' else codec, **settings)
        for number, key, value, partition in words.records():
            future = producer.send(words['topic'], key=key, value=value, partition=partition)
            future.add_callback(lambda told, n=number: say(
                acked=n, partition=told.partition, offset=told.offset))
            future.add_errback(lambda error, n=number: say(failed=n, error=repr(error)))
        producer.flush()
        producer.close()

    def consume(self, words):
        consumer = KafkaConsumer(bootstrap_servers=words['broker'], enable_auto_commit=False,
                                 group_id=None)
        numbers = sorted(consumer.partitions_for_topic(words['topic']) or ())
        partitions = [TopicPartition(words['topic'], number) for number in numbers]
        consumer.assign(partitions)
        self.seek(consumer, partitions, words['from'])
        say(ready=True)
        left, deadline = words.number('count'), time.monotonic() + words.number('seconds')
        while left > 0 and time.monotonic() < deadline:
            left -= show(consumer.poll(timeout_ms=500))

    @staticmethod
    def seek(consumer, partitions, start):
        if start == 'beginning':
            consumer.seek_to_beginning(*partitions)
        elif start == 'latest':
            consumer.seek_to_end(*partitions)
            for partition in partitions:
                consumer.position(partition)
        else:
            found = consumer.offsets_for_times({p: int(start) for p in partitions})
            ends = consumer.end_offsets(partitions)
            for partition, place in found.items():
                consumer.seek(partition, place.offset if place else ends[partition])

    def group(self, words):
        stop = stdin_ends()
        consumer = KafkaConsumer(
            bootstrap_servers=words['broker'], group_id=words['group'],
            enable_auto_commit=False, auto_offset_reset='earliest', session_timeout_ms=6000,
            heartbeat_interval_ms=1000, metadata_max_age_ms=2000)
        consumer.subscribe([words['topic']], listener=Listener(consumer))
        while not stop.is_set():
            if show(consumer.poll(timeout_ms=200)):
                consumer.commit()
        consumer.close()


if __name__ == '__main__':
    play(Driver())
