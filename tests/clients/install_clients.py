"""install_clients.py - a client's name in, the command of its driver out; what it needs is fetched.

Each comes by its language's own package client, at the version that stands here, into
build/clients/NAME, and stays there until its recipe or its driver changes. Debian's packages come
by config/install. What cannot be had raises NotHere with the reason: the suite skips the client.
"""
import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path += [os.path.join(ROOT, 'config'), os.path.join(ROOT, 'perf')]
import kafka_server                                         # noqa: E402

DRIVERS = os.path.join(HERE, 'drivers')
CACHE = os.path.join(ROOT, 'build/clients')
INSTALL = os.path.join(ROOT, 'config/install')
SECONDS = 500

SLF4J = '1.7.36'


class NotHere(Exception):
    """The client cannot be had here; the text is the reason."""


def run(command, cwd=ROOT, env=None):
    """What it says; NotHere with its last lines when it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              errors='replace', timeout=SECONDS,
                              env=dict(os.environ, **(env or {})))
    except FileNotFoundError:
        raise NotHere(f'there is no {command[0]}') from None
    except subprocess.TimeoutExpired:
        raise NotHere(f'{" ".join(command[:3])}: no end within {SECONDS} s') from None
    if done.returncode != 0:
        last = ' '.join(done.stdout.strip().split('\n')[-3:])
        raise NotHere(f'{" ".join(command[:3])}: {last[-300:]}')
    return done.stdout


class Client:
    """How a client is had, and what has to be known of it.

    recipe          a function below and its arguments behind the place; gives the command
    is_idempotent   its producer is without being asked
    version         '': its driver knows
    """

    def __init__(self, name, recipe, driver='', is_idempotent=False, version=''):
        self.name, self.recipe, self.driver = name, recipe, driver
        self.is_idempotent, self.version = is_idempotent, version
        self.command = None

    def install(self):
        """Fills its directory, unless what is there was made of the same."""
        place = Place(self.name, self.driver)
        function, *arguments = self.recipe
        made_of = place.made_of([inspect.getsource(function), repr(arguments)])
        if place.mark() != made_of:
            place.empty()
        self.command = function(place, *arguments)
        place.set_mark(made_of)


class Place:
    """A client's directory in the cache; is_filled: only the command is to be told."""

    def __init__(self, name, driver):
        self.directory = os.path.join(CACHE, name)
        self.driver = os.path.join(DRIVERS, driver) if driver else ''
        self.is_filled = True

    def __call__(self, name):
        return os.path.join(self.directory, name)

    def made_of(self, texts):
        if self.driver:
            with open(self.driver) as file:
                texts.append(file.read())
        return hashlib.sha256(''.join(texts).encode()).hexdigest()

    def mark(self):
        if not os.path.exists(self('made-of')):
            return ''
        with open(self('made-of')) as file:
            return file.read()

    def set_mark(self, text):
        with open(self('made-of'), 'w') as file:
            file.write(text)

    def empty(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        self.is_filled = False

    def write(self, name, text):
        with open(self(name), 'w') as file:
            file.write(text)

    def run(self, *command, **env):
        return run(command, self.directory, env)


def nothing(place):
    return []


# ---- Python --------------------------------------------------------------------------------

def python(place, *packages):
    """Of PyPI; of Debian when none is named."""
    if packages and not place.is_filled:
        place.run(sys.executable, '-m', 'pip', 'install', '--quiet', '--no-warn-script-location',
                  '--root-user-action', 'ignore', '--target', place.directory, *packages)
    return ['env', f'PYTHONPATH={place.directory}', sys.executable, '-B', place.driver]


# ---- Java ----------------------------------------------------------------------------------

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>penstock</groupId><artifactId>clients</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>
{}</dependencies>
</project>
"""
DEPENDENCY = ('<dependency><groupId>{}</groupId><artifactId>{}</artifactId>'
              '<version>{}</version></dependency>\n')
JVM = ['java', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']


def fetch_jars(place, *wanted):
    place.write('pom.xml', POM.format(''.join(DEPENDENCY.format(*names) for names in wanted)))
    place.run('mvn', '-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=jars',
              '-DincludeScope=runtime')


def java(place, version):
    if not place.is_filled:
        fetch_jars(place, ('org.apache.kafka', 'kafka-clients', version),
                   ('org.slf4j', 'slf4j-nop', SLF4J))
        place.run('javac', '-cp', place('jars/*'), '-d', place('classes'), place.driver)
    return [*JVM, f'-Dversion={version}', '-cp', f'{place("classes")}:{place("jars/*")}',
            'KafkaDriver']


def java_tools(place, version):
    """The command lacks the main class."""
    if not place.is_filled:
        fetch_jars(place, ('org.apache.kafka', 'kafka_2.13', version),
                   ('org.apache.kafka', 'kafka-tools', version), ('org.slf4j', 'slf4j-nop', SLF4J))
    return [*JVM, '-cp', place('jars/*')]


def java_node(place):
    """The jars of perf/kafka_server.py's node; the command lacks the main class."""
    try:
        jars = kafka_server.fetch()
    except (kafka_server.KafkaError, subprocess.TimeoutExpired, OSError) as reason:
        raise NotHere(str(reason)[-300:]) from None
    return [*JVM, '-Dlog4j2.level=OFF', '-Dlog4j2.statusLoggerLevel=OFF', '-cp', f'{jars}/*']


def java_connect(place, version):
    """All of one version: connectors for files, which stop before the workers' newest, use what
    other versions of Kafka's own jars may have elsewhere."""
    if not place.is_filled:
        fetch_jars(place, ('org.apache.kafka', 'connect-runtime', version),
                   ('org.apache.kafka', 'connect-file', version),
                   ('org.slf4j', 'slf4j-simple', SLF4J))
    return [*JVM, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', place('jars/*'),
            'org.apache.kafka.connect.cli.ConnectDistributed']


def java_streams(place, version):
    if not place.is_filled:
        fetch_jars(place, ('org.apache.kafka', 'kafka-streams', version),
                   ('org.slf4j', 'slf4j-nop', SLF4J))
        place.run('javac', '-cp', place('jars/*'), '-d', place('classes'), place.driver)
    return [*JVM, '-cp', f'{place("classes")}:{place("jars/*")}', 'StreamsDriver']


# ---- Go ------------------------------------------------------------------------------------

def version_of(text):
    found = re.search(r'(\d+)\.(\d+)', text)
    return int(found.group(1)), int(found.group(2))


def go(place, rows, *modules):
    """rows: (the Go it needs, a version of each module), the newest first."""
    if not place.is_filled:
        mine = version_of(place.run('go', 'version').split('version')[1])
        row = next((row for row in rows if mine >= row[0]), None)
        if row is None:
            raise NotHere(f'Go {mine[0]}.{mine[1]} is too old for any version')
        wanted = [f'require {path} v{version}\n' for path, version in zip(modules, row[1:])]
        head = f'module driver\n\ngo {row[0][0]}.{row[0][1]}\n\n'
        place.write('go.mod', head + ''.join(wanted))
        shutil.copy(place.driver, place('main.go'))
        env = {'GOFLAGS': '-mod=mod', 'GOTOOLCHAIN': 'local'}
        place.run('go', 'mod', 'tidy', **env)
        place.run('go', 'build', '-ldflags', f'-X main.version={row[1]}', '-o', 'driver', '.',
                  **env)
    return [place('driver')]


# ---- JavaScript, Rust ----------------------------------------------------------------------

def javascript(place, *packages):
    if not place.is_filled:
        place.run('npm', 'install', '--silent', '--no-audit', '--no-fund', '--prefix',
                  place.directory, *packages)
        shutil.copy(place.driver, place('driver.js'))
    return ['node', place('driver.js')]


CARGO = """[package]
name = "driver"
version = "1.0.0"
edition = "2021"

[[bin]]
name = "driver"
path = "main.rs"

[dependencies]
rskafka = "={}"
tokio = {{ version = "1", features = ["full"] }}
chrono = {{ version = "0.4", default-features = false }}
"""


def rust(place, version, least):
    if not place.is_filled:
        mine = version_of(place.run('rustc', '--version'))
        if mine < least:
            raise NotHere(f'rskafka {version} needs Rust {least[0]}.{least[1]}, '
                          f'this is {mine[0]}.{mine[1]}')
        shutil.copy(place.driver, place('main.rs'))
        place.write('Cargo.toml', CARGO.format(version))
        place.run('cargo', 'build', '--quiet', DRIVER_VERSION=version)
    return [place('target/debug/driver')]


# ---- the clients ---------------------------------------------------------------------------

FRANZ = 'github.com/twmb/franz-go'
FRANZ_ROWS = (((1, 26), '1.22.3', '1.20.0'), ((1, 21), '1.17.1', '1.12.0'),
              ((1, 19), '1.15.4', '1.11.0'))
SARAMA = 'github.com/IBM/sarama'
SARAMA_ROWS = (((1, 26), '1.61.1'), ((1, 19), '1.43.3'))

CLIENTS = [
    Client('java-2.3', (java, '2.3.0'), 'KafkaDriver.java'),
    Client('java-3.9', (java, '3.9.2'), 'KafkaDriver.java', is_idempotent=True),
    Client('java-4', (java, '4.4.0'), 'KafkaDriver.java', is_idempotent=True),
    Client('kcat', (python,), 'kcat_driver.py'),
    Client('debian-confluent', (python,), 'confluent_driver.py'),
    Client('confluent', (python, 'confluent-kafka==2.16.1'), 'confluent_driver.py'),
    Client('franz-go', (go, FRANZ_ROWS, FRANZ, FRANZ + '/pkg/kadm'), 'franz_driver.go',
           is_idempotent=True),
    Client('sarama', (go, SARAMA_ROWS, SARAMA), 'sarama_driver.go'),
    Client('kafkajs', (javascript, 'kafkajs@2.2.4', 'kafkajs-snappy@1.1.0', 'lz4-napi@2.10.0',
                       'zstd-codec@0.1.5'), 'kafkajs_driver.js'),
    Client('debian-kafka-python', (python,), 'kafka_python_driver.py'),
    Client('kafka-python', (python, 'kafka-python[crc32c,lz4,snappy,zstd]==3.0.12'),
           'kafka_python_driver.py', is_idempotent=True),
    Client('aiokafka', (python, 'aiokafka[lz4,snappy,zstd]==0.14.0'), 'aiokafka_driver.py'),
    Client('rskafka', (rust, '0.6.0', (1, 85)), 'rskafka_driver.rs'),
]
FEW = ('java-3.9', 'kcat', 'franz-go', 'kafka-python')       # what the default run asks
TOOLS = [Client('tools-3.9', (java_tools, '3.9.2'), version='3.9.2'),
         Client('tools-4', (java_tools, '4.4.0'), version='4.4.0')]
DIRECTORIES = [Client('kafka-4', (java_node,), version=kafka_server.VERSION)]
CONNECT = [Client('connect-3.9', (java_connect, '3.9.2'), version='3.9.2'),
           Client('connect-4', (java_connect, '4.3.1'), version='4.3.1')]
STREAMS = [Client('streams-4', (java_streams, '4.4.0'), 'StreamsDriver.java', version='4.4.0')]
CONSOLES = [Client('consoles', (nothing,), version='raw requests')]


def install_packages(kind):
    """Debian's packages of a list in config/install."""
    run([INSTALL, 'packages', kind])
