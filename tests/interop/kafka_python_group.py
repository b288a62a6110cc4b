"""kafka_python_group.py - a consumer of python3-kafka in a group, until SIGTERM.

usage: kafka_python_group.py BROKER GROUP TOPIC

Runs beside a gateway. Says on stderr what it is assigned ("assigned 0 1"), on stdout what it
reads ("PARTITION VALUE"); commits often, and when it closes.
"""
import signal
import sys

from kafka import ConsumerRebalanceListener, KafkaConsumer


class Told(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        print('assigned', file=sys.stderr, flush=True)

    def on_partitions_assigned(self, assigned):
        print('assigned', *sorted(p.partition for p in assigned), file=sys.stderr, flush=True)


def stop(number, frame):
    raise KeyboardInterrupt


def main():
    broker, group, topic = sys.argv[1:]
    consumer = KafkaConsumer(
        bootstrap_servers=broker, group_id=group, auto_offset_reset='earliest',
        session_timeout_ms=3000, heartbeat_interval_ms=300, auto_commit_interval_ms=200,
        metadata_max_age_ms=1000)
    consumer.subscribe([topic], listener=Told())
    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            for partition, records in consumer.poll(timeout_ms=100).items():
                for record in records:
                    print(partition.partition, record.value.decode())
            sys.stdout.flush()
    except KeyboardInterrupt:
        consumer.close()


if __name__ == '__main__':
    main()
