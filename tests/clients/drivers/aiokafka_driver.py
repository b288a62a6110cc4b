"""aiokafka_driver.py - aiokafka for the suite clients; words in, JSON lines out."""
import asyncio
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import for_code

from driver_words import play, say, say_read, stdin_ends


class Listener(aiokafka.ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked):
        say(assigned=[])

    async def on_partitions_assigned(self, assigned):
        say(assigned=sorted(p.partition for p in assigned))


def show(records):
    """What getmany has brought."""
    for found in records.values():
        for record in found:
            say_read(record.partition, record.offset, record.value)
    return sum(map(len, records.values()))


async def admin(words, call):
    client = AIOKafkaAdminClient(bootstrap_servers=words['broker'])
    await client.start()
    try:
        return await call(client)
    finally:
        await client.close()


def check(errors):
    """Raises the first error of an answer's (topic, code, ...) rows."""
    for row in errors:
        if row[1]:
            raise for_code(row[1])(*row[2:])


async def produce(words):
    settings = {'enable_idempotence': True} if words['idempotence'] == 'on' else {}
    codec = words['codec']
    producer = AIOKafkaProducer(bootstrap_servers=words['broker'], linger_ms=5,
                                acks='all' if words['acks'] == 'all' else int(words['acks']),
                                compression_type=None if codec == 'none' else codec, **settings)
    await producer.start()
    records, waiting = words.records(), []
    while record := await asyncio.to_thread(next, records, None):       # it sleeps
        number, key, value, partition = record
        sent = await producer.send(words['topic'], key=key, value=value, partition=partition)
        sent.add_done_callback(lambda told, n=number: note(n, told))
        waiting.append(sent)
    await asyncio.wait(waiting)
    await producer.stop()


def note(number, told):
    if told.exception():
        say(failed=number, error=repr(told.exception()))
    elif told.result() is None:         # acks=0
        say(acked=number, partition=-1, offset=-1)
    else:
        say(acked=number, partition=told.result().partition, offset=told.result().offset)


async def consume(words):
    reset = 'earliest' if words['from'] == 'beginning' else 'latest'
    consumer = AIOKafkaConsumer(words['topic'], bootstrap_servers=words['broker'],
                                enable_auto_commit=False, auto_offset_reset=reset)
    await consumer.start()      # without a group: every partition is ours
    await begin(consumer, consumer.assignment(), words['from'])
    say(ready=True)
    left, deadline = words.number('count'), time.monotonic() + words.number('seconds')
    while left > 0 and time.monotonic() < deadline:
        left -= show(await consumer.getmany(timeout_ms=500))
    await consumer.stop()


async def begin(consumer, partitions, start):
    """A reset goes on behind a start: it is waited for, so that it is not ours that is reset."""
    for partition in partitions:
        await consumer.position(partition)
    if start not in ('beginning', 'latest'):
        found = await consumer.offsets_for_times({p: int(start) for p in partitions})
        for partition, place in found.items():
            if place:
                consumer.seek(partition, place.offset)


async def group(words):
    stop = stdin_ends()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=words['broker'], group_id=words['group'], enable_auto_commit=False,
        auto_offset_reset='earliest', session_timeout_ms=6000, heartbeat_interval_ms=1000,
        metadata_max_age_ms=2000)
    consumer.subscribe([words['topic']], listener=Listener())
    await consumer.start()
    while not stop.is_set():
        if show(await consumer.getmany(timeout_ms=200)):
            await consumer.commit()
    await consumer.stop()


class Driver:
    def version(self, words):
        say(version=aiokafka.__version__)

    def create(self, words):
        topic = NewTopic(words['topic'], words.number('partitions'), 1)
        told = asyncio.run(admin(words, lambda client: client.create_topics([topic])))
        check(told.topic_errors)

    def describe(self, words):
        told, = asyncio.run(admin(words, lambda client: client.describe_topics([words['topic']])))
        check([(told['topic'], told['error_code'])])
        say(partitions=len(told['partitions']))

    def grow(self, words):
        wanted = {words['topic']: NewPartitions(words.number('partitions'))}
        told = asyncio.run(admin(words, lambda client: client.create_partitions(wanted)))
        check(told.topic_errors)

    def delete(self, words):
        told = asyncio.run(admin(words, lambda client: client.delete_topics([words['topic']])))
        check(told.topic_error_codes)

    def produce(self, words):
        asyncio.run(produce(words))

    def consume(self, words):
        asyncio.run(consume(words))

    def group(self, words):
        asyncio.run(group(words))


if __name__ == '__main__':
    play(Driver())
