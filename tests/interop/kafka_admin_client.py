"""kafka_admin_client.py - steps of an administrator with python3-kafka; prints what became of each.

usage: kafka_admin_client.py BROKER STEPS

STEPS is a JSON list of [verb, argument...]: create NAME PARTITIONS COPIES CONFIG, check (the same,
nothing is made), delete NAME, grow NAME PARTITIONS, list, cluster. What is printed is a JSON list
of "ok", the name of an error, or what was asked for.
"""
import json
import sys

from kafka.admin import KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import KafkaError


class Steps:
    def __init__(self, broker):
        self.admin = KafkaAdminClient(bootstrap_servers=broker, request_timeout_ms=20000)

    def create(self, name, partitions, copies, config, check=False):
        topic = NewTopic(name, partitions, copies, topic_configs=config)
        self.admin.create_topics([topic], timeout_ms=10000, validate_only=check)
        return 'ok'

    def check(self, *topic):
        return self.create(*topic, check=True)

    def delete(self, name):
        self.admin.delete_topics([name], timeout_ms=10000)
        return 'ok'

    def grow(self, name, partitions):
        self.admin.create_partitions({name: NewPartitions(partitions)}, timeout_ms=10000)
        return 'ok'

    def list(self):
        return sorted(self.admin.list_topics())

    def cluster(self):
        return self.admin.describe_cluster()


def main():
    steps, said = Steps(sys.argv[1]), []
    for verb, *arguments in json.loads(sys.argv[2]):
        try:
            said.append(getattr(steps, verb)(*arguments))
        except KafkaError as error:
            said.append(type(error).__name__)
    steps.admin.close()
    print(json.dumps(said))


main()
