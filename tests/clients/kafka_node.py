"""kafka_node.py - Apache Kafka in a gateway's place: nothing in, a node for one test out.

    with KafkaNode() as node:
        node.create('t', 2)
        node.run(['kcat', '-b', node.kafka, '-L'])      as a Gateway's; so is consume()
        node.stop()
        node.start()                                    on node.log_dir, as it is then

This process is in the clients' network namespace while the block lasts, so no Gateway begins in it.
"""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path += [os.path.join(ROOT, 'config'), os.path.join(ROOT, 'perf')]
import kafka_server                                         # noqa: E402
from bench import Failed                                    # noqa: E402
from gateway import Gateway                                 # noqa: E402
from sandbox import Sandbox                                 # noqa: E402

HEAP = ['-Xmx512m', '-XX:TieredStopAtLevel=1']


class KafkaNode(Gateway):
    def __init__(self, settings=None):
        self.settings = settings or {}

    def __enter__(self):
        jars = kafka_server.fetch()
        self.sandbox = Sandbox('kernel')
        try:
            self.server = kafka_server.KafkaServer(self.sandbox, jars, HEAP, self.settings)
            self.log_dir = str(self.server.log)
            self.kafka = '%s:%d' % self.server.address
            self.env, self.namespace = dict(os.environ), self.sandbox.client
            self.start()
        except BaseException:
            self.sandbox.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.sandbox.close()

    def start(self):
        try:
            self.server.start()
        except kafka_server.KafkaError as error:
            raise Failed(f'Kafka: {error}') from None

    def stop(self):
        if trouble := self.server.stop():
            raise Failed(trouble)

    def create(self, topic, partitions, settings=None):
        self.server.create_topic(topic, partitions, settings=settings)
