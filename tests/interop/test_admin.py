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
METADATA, CREATE_TOPICS, DELETE_TOPICS, LEADER_EPOCHS, LOG_DIRS = 3, 19, 20, 23, 35
ELECT_LEADERS, ALTER_REASSIGNMENTS, LIST_REASSIGNMENTS = 43, 45, 46
CLUSTER, TOPIC_PARTITIONS = 60, 75
INVALID_TOPIC, ELECTION_NOT_NEEDED, NO_REASSIGNMENT, UNKNOWN_TOPIC_ID = 17, 84, 85, 100
TOPIC_OPERATIONS, CLUSTER_OPERATIONS = 3576, 8096


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

    def test_many_topics_of_one_request_are_made(self):
        names = [f'many-{i}' for i in range(100)]
        body = b''.join(kafka_bytes.text(name) + struct.pack('>ihii', 10, 1, 0, 0)
                        for name in names)
        with self.gw.connect('KAFKA', timeout=60) as sock:
            sock.sendall(kafka_bytes.request(
                CREATE_TOPICS, 2,
                struct.pack('>i', len(names)) + body + struct.pack('>ib', 60000, 0)))
            said = kafka_bytes.answer(sock)
        for name in names:
            self.assertIn(kafka_bytes.text(name) + struct.pack('>hh', 0, -1), said)

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

    def test_who_asks_is_told_what_may_be_done(self):
        self.gw.ctl('topic', 'create', 'asked')
        said = self.ask(kafka_bytes.request(METADATA, 8, struct.pack('>i', 1) +
                                            kafka_bytes.text('asked') + b'\0\1\1'))
        self.assertEqual(struct.unpack('>ii', said[-8:]), (TOPIC_OPERATIONS, CLUSTER_OPERATIONS))
        said = self.ask(flexible(CLUSTER, 1, b'\1\1\0'))
        self.assertEqual(struct.unpack('>h', said[5:7]), (0,))
        self.assertEqual(struct.unpack('>ib', said[-5:]), (CLUSTER_OPERATIONS, 0))

    def test_topics_are_described_page_by_page(self):
        self.gw.ctl('topic', 'create', 'paged', '--partitions', '3')

        def page(cursor):
            return self.ask(flexible(TOPIC_PARTITIONS, 0, b'\2' + compact('paged') + b'\0' +
                                     struct.pack('>i', 2) + cursor + b'\0'))
        following = b'\1' + compact('paged') + struct.pack('>i', 2) + b'\0'
        self.assertTrue(page(b'\xff').endswith(following + b'\0'))
        self.assertTrue(page(following).endswith(b'\xff\0'))

    def test_the_log_directory_is_described_with_its_partitions_and_its_file_system(self):
        self.gw.ctl('topic', 'create', 'stored')
        said = self.ask(flexible(LOG_DIRS, 4, b'\0\0'))
        self.assertIn(compact(self.gw.log_dir), said)
        self.assertIn(compact('stored'), said)
        total, usable = struct.unpack('>qq', said[-18:-2])
        self.assertGreater(usable, 0)
        self.assertGreater(total, usable)

    def test_there_is_one_leader_and_it_stays(self):
        self.gw.ctl('topic', 'create', 'led')
        one = kafka_bytes.text('led') + struct.pack('>i', 1)
        said = self.ask(kafka_bytes.request(LEADER_EPOCHS, 2, struct.pack('>i', 1) + one +
                                            struct.pack('>iii', 0, -1, 0)))
        self.assertEqual(said, struct.pack('>ii', 0, 1) + one + struct.pack('>hiiq', 0, 0, 0, 0))
        said = self.ask(kafka_bytes.request(ELECT_LEADERS, 0, struct.pack('>i', 1) + one +
                                            struct.pack('>ii', 0, 30000)))
        self.assertIn(one + struct.pack('>ih', 0, ELECTION_NOT_NEEDED), said)
        said = self.ask(flexible(ALTER_REASSIGNMENTS, 0, struct.pack('>i', 30000) + b'\2' +
                                 compact('led') + b'\2\0\0\0\0\0\0\0\0'))
        self.assertIn(compact('led') + b'\2' + struct.pack('>ih', 0, NO_REASSIGNMENT), said)
        said = self.ask(flexible(LIST_REASSIGNMENTS, 0, struct.pack('>i', 30000) + b'\0\0'))
        self.assertEqual(said, b'\0' + struct.pack('>ih', 0, 0) + b'\0\1\0')


class LittleMemory(unittest.TestCase):
    def test_a_request_of_thousands_of_topics_is_answered_and_not_reset(self):
        names = [f'check-{i}' for i in range(3500)]
        topics = b''.join(compact(name) + struct.pack('>ih', 1, 1) + b'\1\1\0' for name in names)
        count = len(names) + 1
        body = bytes([count & 127 | 128, count >> 7]) + topics + struct.pack('>ib', 60000, 1)
        with Gateway({'penstock.answer.memory.bytes': 1 << 20}) as gw:
            with gw.connect('KAFKA', timeout=60) as sock:
                sock.sendall(flexible(CREATE_TOPICS, 7, body + b'\0'))
                said = kafka_bytes.answer(sock)
        for name in names:
            self.assertIn(compact(name) + bytes(16) + struct.pack('>h', 0), said)
