"""confluent_driver.py - confluent-kafka-python for the suite clients; words in, JSON lines out."""
import importlib.metadata
import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from driver_words import play, say, say_read, stdin_ends

SECONDS = 20


def show(message):
    if message is None:
        return 0
    if message.error():
        raise KafkaException(message.error())
    say_read(message.partition(), message.offset(), message.value())
    return 1


class Driver:
    def version(self, words):
        say(version=f'{importlib.metadata.version("confluent-kafka")}, '
            f'librdkafka {confluent_kafka.libversion()[0]}')

    # ---- admin -------------------------------------------------------------------------------

    @staticmethod
    def admin(words):
        return AdminClient({'bootstrap.servers': words['broker']})

    def create(self, words):
        admin = self.admin(words)       # it has to live until the answer is there
        wanted = NewTopic(words['topic'], words.number('partitions'), 1)
        admin.create_topics([wanted])[words['topic']].result(SECONDS)

    def describe(self, words):
        admin = self.admin(words)
        told = admin.list_topics(words['topic'], SECONDS).topics[words['topic']]
        if told.error:
            raise KafkaException(told.error)
        say(partitions=len(told.partitions))

    def grow(self, words):
        admin = self.admin(words)
        wanted = NewPartitions(words['topic'], words.number('partitions'))
        admin.create_partitions([wanted])[words['topic']].result(SECONDS)

    def delete(self, words):
        admin = self.admin(words)
        admin.delete_topics([words['topic']])[words['topic']].result(SECONDS)

    # ---- records -----------------------------------------------------------------------------

    def produce(self, words):
        settings = {'enable.idempotence': True} if words['idempotence'] == 'on' else {}
        producer = Producer({'bootstrap.servers': words['broker'], 'acks': words['acks'],
                             'compression.type': words['codec'], **settings})
        for number, key, value, partition in words.records():
            where = {} if partition is None else {'partition': partition}
            producer.produce(words['topic'], key=key, value=value, **where,
                             on_delivery=lambda error, told, n=number: self.note(n, error, told))
            producer.poll(0)
        producer.flush()

    @staticmethod
    def note(number, error, told):
        if error:
            say(failed=number, error=str(error))
        else:
            offset = told.offset()      # acks=0: none is known
            say(acked=number, partition=told.partition(), offset=-1 if offset is None else offset)

    def consume(self, words):
        consumer = Consumer({'bootstrap.servers': words['broker'], 'group.id': 'none',
                             'enable.auto.commit': False})
        told = consumer.list_topics(words['topic'], SECONDS).topics[words['topic']]
        partitions = [self.begin(consumer, words, number) for number in sorted(told.partitions)]
        consumer.assign(partitions)
        say(ready=True)
        left, deadline = words.number('count'), time.monotonic() + words.number('seconds')
        while left > 0 and time.monotonic() < deadline:
            left -= show(consumer.poll(0.5))
        consumer.close()

    @staticmethod
    def begin(consumer, words, number):
        """Where to begin in a partition: latest and times are looked up, so that ready is true."""
        place = TopicPartition(words['topic'], number, confluent_kafka.OFFSET_BEGINNING)
        if words['from'] == 'latest':
            place.offset = consumer.get_watermark_offsets(place, SECONDS)[1]
        elif words['from'] != 'beginning':
            place.offset = int(words['from'])
            place, = consumer.offsets_for_times([place], SECONDS)
        return place

    def group(self, words):
        stop = stdin_ends()
        consumer = Consumer({
            'bootstrap.servers': words['broker'], 'group.id': words['group'],
            'enable.auto.commit': False, 'auto.offset.reset': 'earliest',
            'session.timeout.ms': 6000, 'heartbeat.interval.ms': 1000,
            'topic.metadata.refresh.interval.ms': 2000})
        consumer.subscribe(
            [words['topic']],
            on_assign=lambda _, share: say(assigned=sorted(p.partition for p in share)),
            on_revoke=lambda _, share: say(assigned=[]))
        while not stop.is_set():
            if sum(map(show, consumer.consume(500, 0.2))):
                consumer.commit(asynchronous=False)
        consumer.close()


if __name__ == '__main__':
    play(Driver())
