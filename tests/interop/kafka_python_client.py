"""kafka_python_client.py - produces and consumes with python3-kafka; prints what came back.

usage: kafka_python_client.py BROKER TOPIC COUNT CODEC     (CODEC: none gzip snappy lz4 zstd)
Runs beside a gateway. Sends COUNT keyed records with acks=all, checks each answer's offset,
reads them back without a group and exits 1 with a sentence when something differs.
"""
import collections
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition


def produce(broker, topic, count, codec):
    """{partition: [(offset, key, value)]} as the gateway acknowledged them."""
    producer = KafkaProducer(bootstrap_servers=broker, acks='all', linger_ms=5, retries=0,
                             compression_type=None if codec == 'none' else codec)
    sent = []
    for i in range(count):
        key, value = b'key-%d' % (i % 50), b'value %d' % i
        sent.append((key, value, producer.send(topic, key=key, value=value)))
    producer.flush()
    acknowledged = collections.defaultdict(list)
    for key, value, future in sent:
        meta = future.get(timeout=30)
        acknowledged[meta.partition].append((meta.offset, key, value))
    producer.close()
    return acknowledged


def consume(broker, topic, count):
    consumer = KafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False,
                             consumer_timeout_ms=10000)
    partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    found = collections.defaultdict(list)
    for record in consumer:
        found[record.partition].append((record.offset, record.key, record.value))
        count -= 1
        if count == 0:
            break
    ends = consumer.end_offsets(partitions)
    begins = consumer.beginning_offsets(partitions)
    consumer.close()
    for partition in partitions:
        stored = len(found[partition.partition])
        if (begins[partition], ends[partition]) != (0, stored):
            raise SystemExit(f'{partition}: offsets {begins[partition]} to {ends[partition]}, '
                             f'{stored} records')
    return found


def main():
    broker, topic, count, codec = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    acknowledged = produce(broker, topic, count, codec)
    found = consume(broker, topic, count)
    for partition in set(acknowledged) | set(found):
        if acknowledged[partition] != found[partition]:
            raise SystemExit(f'partition {partition}: what came back is not what was sent')
    print(sum(len(records) for records in found.values()))


if __name__ == '__main__':
    main()
