"""test_configs.py - settings through Kafka's admin calls and through penstockctl: two doors to
one catalogue, kept across restarts; and a start with the files that come with Kafka."""
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import unittest

from gateway import ROOT, Gateway
from kafka_bytes import answer, request, text

ADMIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'kafka_python_admin.py')
INCREMENTAL_ALTER_CONFIGS = 44
TOPIC, BROKER = 2, 4
SET, DELETE, APPEND = 0, 1, 2
INVALID_CONFIG = 40
OF_TOPIC, OF_BROKER, OF_START, OF_NOBODY = 1, 2, 4, 5
NEVER = '9223372036854775807'
OF_LOGS = {'log.flush.interval.messages': NEVER, 'log.flush.interval.ms': NEVER,
           'log.preallocate': 'false', 'log.index.interval.bytes': '4096'}


def stock(name):
    """The keys and values of a file, in its order."""
    with open(os.path.join(ROOT, 'tests/vectors', name)) as file:
        lines = [line.strip() for line in file]
    return dict(line.split('=', 1) for line in lines if line and not line.startswith('#'))


def incremental(kind, name, key, operation, value, validate_only=False):
    """Version 0, one setting of one resource."""
    word = struct.pack('>h', -1) if value is None else text(value)
    return request(INCREMENTAL_ALTER_CONFIGS, 0,
                   struct.pack('>ib', 1, kind) + text(name) + struct.pack('>i', 1) + text(key) +
                   struct.pack('>b', operation) + word + struct.pack('>b', validate_only))


def outcome(said):
    """(error, message) of the one resource."""
    _, _, error, size = struct.unpack('>iihh', said[:12])
    return error, said[12:12 + max(size, 0)].decode()


class Configs(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, 'log')

    def tearDown(self):
        self.directory.cleanup()

    def gateway(self, **settings):
        return Gateway({'log.dirs': self.log, **settings})

    def admin(self, gw, *words):
        return json.loads(gw.run([sys.executable, ADMIN, gw.kafka, *words]).stdout)

    def change(self, gw, *words, **options):
        sock = gw.connect('KAFKA')
        sock.sendall(incremental(*words, **options))
        said = outcome(answer(sock))
        sock.close()
        return said

    def config(self, gw, topic):
        told = json.loads(gw.ctl('topic', 'describe', topic, '--json').stdout)
        return {key: setting['value'] for key, setting in told['config'].items()}

    def test_an_admin_client_reads_every_setting_and_writes_back_what_it_has_read(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', 'linger.ms=9')
            told = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual(told['linger.ms'], ['9', False, OF_TOPIC])
            self.assertEqual(told['retention.ms'], ['604800000', False, OF_NOBODY])
            self.assertGreater(len(told), 30)
            words = [f'{key}={value}' for key, (value, _, _) in told.items()]
            self.assertEqual(self.admin(gw, 'alter', 'topic', 't', *words), [0, None])
            again = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual({key: value for key, (value, _, _) in again.items()},
                             {key: value for key, (value, _, _) in told.items()})
            self.assertEqual({source for _, _, source in again.values()}, {OF_TOPIC})
            self.assertEqual(self.admin(gw, 'describe', 'topic', 't', 'linger.ms', 'x'),
                             {'linger.ms': ['9', False, OF_TOPIC]})

    def test_what_is_not_applied_is_refused_by_name_and_nothing_is_changed(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't')
            error, message = self.admin(gw, 'alter', 'topic', 't', 'linger.ms=9',
                                        'min.insync.replicas=2')
            self.assertEqual(error, INVALID_CONFIG)
            self.assertIn('min.insync.replicas=2', message)
            self.assertEqual(self.config(gw, 't')['linger.ms'], '5')
            error, _ = self.admin(gw, 'describe', 'topic', 'nobody')
            self.assertEqual(error, 3)

    def test_both_doors_lead_to_one_catalogue_and_it_is_kept(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't')
            self.assertEqual(self.change(gw, TOPIC, 't', 'segment.bytes', SET, '2097152'), (0, ''))
            self.assertEqual(self.config(gw, 't')['segment.bytes'], '2097152')
            self.assertEqual(self.change(gw, TOPIC, 't', 'linger.ms', SET, '8',
                                         validate_only=True), (0, ''))
            self.assertEqual(self.config(gw, 't')['linger.ms'], '5')
            self.assertEqual(self.change(gw, BROKER, '1', 'num.partitions', SET, '3'), (0, ''))
            gw.ctl('config', 'set', 'linger.ms=7', 'auto.create.topics.enable=false')
            told = self.admin(gw, 'describe', 'broker', '1')
            self.assertEqual(told['num.partitions'], ['3', False, OF_BROKER])
            self.assertEqual(told['linger.ms'], ['7', False, OF_BROKER])
            self.assertEqual(told['log.dirs'], [self.log, True, OF_START])
            self.assertEqual(self.config(gw, 't')['linger.ms'], '7')
            error, message = self.change(gw, BROKER, '1', 'log.dirs', APPEND, '/tmp')
            self.assertEqual(error, INVALID_CONFIG)
            self.assertIn('Cannot update these configs dynamically', message)
        with self.gateway() as gw:
            shown = json.loads(gw.ctl('config', 'get', 'num.partitions', '--json').stdout)
            self.assertEqual(shown['settings']['num.partitions']['value'], '3')
            self.assertEqual(shown['settings']['num.partitions']['source'], 'set')
            self.assertEqual(self.config(gw, 't')['segment.bytes'], '2097152')
            gw.ctl('topic', 'create', 'u')
            made = json.loads(gw.ctl('topic', 'describe', 'u', '--json').stdout)
            self.assertEqual(len(made['partitions']), 3)
            done = gw.run(['kcat', '-b', gw.kafka, '-L', '-t', 'fresh'], check=False)
            self.assertIn(b'Unknown topic', done.stdout + done.stderr)
            gw.ctl('config', 'unset', 'linger.ms', 'auto.create.topics.enable')
            self.assertEqual(self.change(gw, BROKER, '1', 'num.partitions', DELETE, None), (0, ''))
            self.assertEqual(self.config(gw, 't')['linger.ms'], '5')

    def test_how_long_records_are_kept_is_shown_as_it_was_set_last(self):
        with self.gateway(**{'log.retention.hours': 1}) as gw:
            gw.ctl('topic', 'create', 't')
            told = self.admin(gw, 'describe', 'broker', '1')
            self.assertEqual(told['log.retention.ms'], [None, False, OF_NOBODY])
            self.assertEqual(told['log.retention.hours'], ['1', True, OF_START])
            self.assertEqual(self.config(gw, 't')['retention.ms'], '3600000')
            gw.ctl('config', 'set', 'log.retention.ms=7200000')
            told = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual(told['retention.ms'], ['7200000', False, OF_BROKER])
            self.assertEqual(self.change(gw, TOPIC, 't', 'retention.ms', SET, '-1'), (0, ''))
            told = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual(told['retention.ms'], ['-1', False, OF_TOPIC])
            self.assertEqual(self.admin(gw, 'alter', 'topic', 't', 'retention.ms=5000'), [0, None])
            self.assertEqual(self.config(gw, 't')['retention.ms'], '5000')
            error, _ = self.change(gw, TOPIC, 't', 'retention.ms', SET, '-2')
            self.assertEqual(error, INVALID_CONFIG)
            gw.ctl('config', 'unset', 'log.retention.ms')
            self.assertEqual(self.change(gw, TOPIC, 't', 'retention.ms', DELETE, None), (0, ''))
        with self.gateway() as gw:
            shown = json.loads(gw.ctl('config', 'get', 'log.retention.ms', '--json').stdout)
            self.assertEqual(shown['settings']['log.retention.ms']['value'], '604800000')
            self.assertEqual(self.config(gw, 't')['retention.ms'], '604800000')

    def test_how_a_log_is_written_is_shown_as_it_was_set_last(self):
        with self.gateway(**{'log.index.size.max.bytes': 8192}) as gw:
            gw.ctl('topic', 'create', 't')
            told = self.admin(gw, 'describe', 'broker', '1')
            for key, value in OF_LOGS.items():
                self.assertEqual(told[key], [value, False, OF_NOBODY], key)
            self.assertEqual(told['log.index.size.max.bytes'], ['8192', False, OF_START])
            told = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual(told['segment.index.bytes'], ['8192', False, OF_START])
            self.assertEqual(told['flush.ms'], [NEVER, False, OF_NOBODY])
            gw.ctl('config', 'set', 'log.flush.interval.ms=2', 'log.preallocate=true')
            self.assertEqual(self.change(gw, BROKER, '1', 'log.flush.interval.messages', SET, '9'),
                             (0, ''))
            told = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual(told['flush.ms'], ['2', False, OF_BROKER])
            self.assertEqual(told['flush.messages'], ['9', False, OF_BROKER])
            self.assertEqual(told['preallocate'], ['true', False, OF_BROKER])
            self.assertEqual(self.admin(gw, 'alter', 'topic', 't', 'flush.messages=1',
                                        'index.interval.bytes=0'), [0, None])
            gw.ctl('topic', 'alter', 't', '--config', 'preallocate=false')
            told = self.admin(gw, 'describe', 'topic', 't')
            self.assertEqual(told['flush.messages'], ['1', False, OF_TOPIC])
            self.assertEqual(told['preallocate'], ['false', False, OF_TOPIC])
            for key, value in (('flush.messages', '0'), ('segment.index.bytes', '1023')):
                self.assertEqual(self.change(gw, TOPIC, 't', key, SET, value)[0], INVALID_CONFIG)

    def test_small_batches_of_a_topic_are_taken_up_to_its_own_limit(self):
        with self.gateway() as gw:
            gw.ctl('topic', 'create', 't', '--config', 'max.message.bytes=1000')
            gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't'], input=b'x' * 500 + b'\n')
            done = gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't'], check=False,
                          input=b'x' * 2000 + b'\n')
            self.assertIn(b'Message size too large', done.stderr)

    def test_the_commands_of_the_page_for_who_comes_from_kafka_work(self):
        with open(os.path.join(ROOT, 'docs/MIGRATING.md')) as file:
            commands = re.findall(r'(?:`|^)((?:penstockctl|kcat|penstock-log) [^`\n]+)',
                                  file.read(), re.MULTILINE)
        self.assertGreater(len(commands), 12)
        with self.gateway() as gw:
            for command in commands:
                words = shlex.split(command.replace('HOST:9092', gw.kafka).replace(
                    'DIRECTORY', os.path.join(self.log, 't-0')))
                if '-C' in words:
                    words.append('-e')      # a person would end it
                gw.run(words, input=b'one\n')

    def start_with(self, name):
        """The file as it comes, but for the place and the addresses of the sandbox."""
        settings = stock(name)
        for key in ('log.dirs', 'listeners', 'advertised.listeners'):
            settings.pop(key, None)
        with self.gateway(**settings) as gw:
            gw.run(['kcat', '-b', gw.kafka, '-P', '-t', 't'], input=b'one\n')
            told = gw.run(['kcat', '-b', gw.kafka, '-C', '-t', 't', '-e', '-o', 'beginning', '-q'])
            self.assertEqual(told.stdout, b'one\n')

    def test_the_settings_of_kafka_2_3_start_the_gateway(self):
        self.start_with('server-2.3.properties')

    def test_the_settings_of_kafka_4_start_the_gateway(self):
        self.start_with('server-4.properties')

    def test_a_file_of_kafka_4_is_good_as_it_is(self):
        build = os.environ.get('PENSTOCK_BUILD', os.path.join(ROOT, 'build'))
        done = subprocess.run(
            [os.path.join(build, 'control/penstockd'), '--check', '--config',
             os.path.join(ROOT, 'tests/vectors/server-4.properties'),
             '--set', 'penstock.port=net_tap0', '--set', 'penstock.port.address=192.0.2.10/24'],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b'process.roles is ignored: there are no controllers', done.stderr)
        self.assertIn(b'CONTROLLER://:9093 is left out', done.stderr)


if __name__ == '__main__':
    unittest.main()
