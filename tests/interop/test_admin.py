"""test_admin.py - topics come, grow and go through Kafka's own requests: python3-kafka's admin
client, and by hand what it does not speak. penstockctl is the other door to the same topics."""
import json
import os
import struct
import sys
import unittest

import kafka_bytes
from gateway import Gateway

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'kafka_admin_client.py')
CREATE_TOPICS, DELETE_TOPICS = 19, 20
INVALID_TOPIC, INVALID_PARTITIONS, UNKNOWN_TOPIC_ID = 17, 37, 100


def flexible(key, version, body):
    """A request whose header ends in tagged fields."""
    return kafka_bytes.request(key, version, b'\0' + body)


def compact(word):
    return bytes([len(word) + 1]) + word.encode()


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway()
        cls.gw.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gw.__exit__(None, None, None)

    def client(self, *steps):
        done = self.gw.run([sys.executable, CLIENT, self.gw.kafka, json.dumps(steps)])
        return json.loads(done.stdout)

    def ask(self, request):
        with self.gw.connect('KAFKA') as sock:
            sock.sendall(request)
            return kafka_bytes.answer(sock)

    def describe(self, topic):
        return json.loads(self.gw.ctl('topic', 'describe', topic, '--json').stdout)

    def partitions(self, topic):
        return len(self.describe(topic)['partitions'])

    def test_a_topic_of_an_admin_client_is_penstockctls_too(self):
        said = self.client(['check', 'mine', 3, 1, {}], ['create', 'mine', 3, 1,
                                                         {'linger.ms': '9'}], ['list'])
        self.assertEqual(said[:2], ['ok', 'ok'])
        self.assertIn('mine', said[2])
        topic = self.describe('mine')
        self.assertEqual(len(topic['partitions']), 3)
        self.assertEqual(topic['config']['linger.ms'], {'value': '9', 'source': 'topic'})
        self.assertEqual(self.client(['grow', 'mine', 5]), ['ok'])
        self.assertEqual(self.partitions('mine'), 5)
        self.gw.ctl('topic', 'delete', 'mine')
        self.assertEqual(self.client(['delete', 'mine']), ['UnknownTopicOrPartitionError'])

    def test_a_topic_of_penstockctls_is_an_admin_clients_too(self):
        self.gw.ctl('topic', 'create', 'yours', '--partitions', '2')
        self.assertEqual(self.client(['grow', 'yours', 4], ['delete', 'yours'], ['list'])[:2],
                         ['ok', 'ok'])
        self.assertNotIn(b'yours', self.gw.ctl('topic', 'list').stdout)

    def test_refusals_are_those_that_clients_know(self):
        self.gw.ctl('topic', 'create', 'co_l')
        cases = [
            (['create', 'co_l', 1, 1, {}], 'TopicAlreadyExistsError'),
            (['create', 'co.l', 1, 1, {}], 'InvalidTopicError'),
            (['create', 'a/b', 1, 1, {}], 'InvalidTopicError'),
            (['create', 'u', 0, 1, {}], 'InvalidPartitionsError'),
            (['create', 'u', 1, 3, {}], 'InvalidReplicationFactorError'),
            (['create', 'u', 1, 1, {'no.such.key': '1'}], 'InvalidConfigurationError'),
            (['create', 'u', 1, 1, {'linger.ms': 'soon'}], 'InvalidConfigurationError'),
            (['check', 'u', 1, 1, {}], 'ok'),
            (['grow', 'co_l', 1], 'InvalidPartitionsError'),
            (['grow', 'u', 2], 'UnknownTopicOrPartitionError'),
            (['delete', 'u'], 'UnknownTopicOrPartitionError'),
        ]
        said = self.client(*(step for step, _ in cases))
        for (step, want), got in zip(cases, said):
            self.assertEqual(got, want, step)

    def test_a_name_that_collides_is_not_made_by_naming_it_either(self):
        self.gw.ctl('topic', 'create', 'near_by')
        said = self.ask(kafka_bytes.metadata(['near.by']))
        self.assertIn(struct.pack('>h', INVALID_TOPIC) + kafka_bytes.text('near.by'), said)

    def create(self, name, partitions):
        """Version 7: (error, id)."""
        said = self.ask(flexible(
            CREATE_TOPICS, 7, b'\2' + compact(name) + struct.pack('>ih', partitions, -1) +
            b'\1\1\0' + struct.pack('>ib', 10000, 0) + b'\0'))
        at = 1 + 4 + 1 + 1 + len(name)
        return struct.unpack('>h', said[at + 16:at + 18])[0], said[at:at + 16]

    def delete(self, topic_id):
        """Version 6, by id: its error."""
        said = self.ask(flexible(DELETE_TOPICS, 6, b'\2\0' + topic_id + b'\0' +
                                 struct.pack('>i', 10000) + b'\0'))
        at = 1 + 4 + 1
        name_bytes = max(said[at], 1)
        at += name_bytes + 16
        return struct.unpack('>h', said[at:at + 2])[0]

    def test_a_topic_goes_by_its_id(self):
        error, first = self.create('by-id', -1)
        self.assertEqual(error, 0)
        self.assertEqual(self.delete(first), 0)
        error, second = self.create('by-id', 2)
        self.assertEqual((error, first == second), (0, False))
        self.assertEqual(self.delete(first), UNKNOWN_TOPIC_ID)
        self.assertEqual(self.partitions('by-id'), 2)
        self.assertEqual(self.delete(second), 0)
