"""kafka_server.py - a version of Apache Kafka in; a running single node out.

The jars come from Maven Central through Maven's own resolution, into a cache outside the
tree. The node is broker and controller in one (KRaft), with the JVM options of Kafka's own
scripts and a heap of 2 GiB; settings are Kafka's defaults except where its own log says.
"""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import time

from sandbox import GATEWAY_ADDRESS

VERSION = "4.3.1"
LOG4J = "2.25.4"        # the one this version of Kafka depends on
START_SECONDS, STOP_SECONDS, FETCH_SECONDS = 60, 30, 600
HEAP = ["-Xms2g", "-Xmx2g"]
JVM = ["-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
       "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
       "-Djava.awt.headless=true"]
ALREADY_EXISTS = 36

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>penstock</groupId><artifactId>kafka</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>
{}</dependencies>
</project>
"""
DEPENDENCY = ("<dependency><groupId>{}</groupId><artifactId>{}</artifactId>"
              "<version>{}</version></dependency>\n")


class KafkaError(Exception):
    """Kafka could not be had or did not do what was asked; the text says what."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "penstock" / f"kafka-{VERSION}"


def fetch():
    """The directory with Kafka's jars; filled when it is not there yet."""
    jars = cache_directory() / "jars"
    if jars.is_dir():
        return jars
    work = cache_directory() / f"fetch-{os.getpid()}"
    work.mkdir(parents=True)
    try:
        wanted = [("org.apache.kafka", "kafka_2.13", VERSION),
                  ("org.apache.kafka", "kafka-tools", VERSION),
                  ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J)]
        (work / "pom.xml").write_text(
            POM.format("".join(DEPENDENCY.format(*names) for names in wanted)))
        done = subprocess.run(
            ["mvn", "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=jars",
             "-DincludeScope=runtime"], cwd=work, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=FETCH_SECONDS, check=False)
        if done.returncode != 0:
            raise KafkaError(f"mvn could not fetch Kafka {VERSION}:\n" + done.stdout.decode())
        os.rename(work / "jars", jars)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return jars


def java(jars, main, *words, options=()):
    return ["java", *options, "-cp", f"{jars}/*", main, *words]


# ---- the two requests that set it up ------------------------------------------------------

def _text(value):
    return struct.pack(">h", len(value)) + value.encode()


def create_topic_request(name, partitions, settings):
    """CreateTopics, version 2."""
    configs = b"".join(_text(key) + _text(value) for key, value in settings.items())
    body = (struct.pack(">hhi", 19, 2, 1) + _text("compare-kafka") + struct.pack(">i", 1)
            + _text(name) + struct.pack(">ihi", partitions, 1, 0)
            + struct.pack(">i", len(settings)) + configs + struct.pack(">ib", 30000, 0))
    return struct.pack(">i", len(body)) + body


def create_topic_error(answer, name):
    return struct.unpack_from(">h", answer, 4 + 4 + 4 + 2 + len(name))[0]


def ask(address, request, seconds):
    """The answer to one request, without its size."""
    with socket.create_connection(address, seconds) as peer:
        peer.settimeout(seconds)
        peer.sendall(request)
        stream = peer.makefile("rb")
        head = stream.read(4)
        if len(head) < 4:
            raise OSError("connection closed")
        return stream.read(struct.unpack(">i", head)[0])


# ---- the node -----------------------------------------------------------------------------

class KafkaServer:
    """A node in the sandbox's gateway namespace. It may be stopped, and started again on its log
    directory."""

    name = "kafka"
    address = (GATEWAY_ADDRESS, 9092)

    def __init__(self, sandbox, jars, heap=HEAP, settings=None):
        self.sandbox, self.jars, self.heap = sandbox, jars, heap
        self.directory = pathlib.Path(sandbox.directory)
        self.log = self.directory / "log"
        self.path = self.directory / "server.properties"
        self.said = self.directory / "kafka.txt"
        self.process = None
        self.settings = {
            "process.roles": "broker,controller", "node.id": "1",
            "controller.quorum.voters": "1@127.0.0.1:9093",
            "listeners": f"PLAINTEXT://{GATEWAY_ADDRESS}:9092,CONTROLLER://127.0.0.1:9093",
            "advertised.listeners": f"PLAINTEXT://{GATEWAY_ADDRESS}:9092",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.log),
            "offsets.topic.replication.factor": "1",
            "auto.create.topics.enable": "false",
            **(settings or {}),
        }

    def _format(self):
        self.path.write_text("".join(f"{key}={value}\n" for key, value in self.settings.items()))
        done = subprocess.run(
            java(self.jars, "kafka.tools.StorageTool", "format", "-t",
                 "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(self.path)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=START_SECONDS, check=False)
        if done.returncode != 0:
            raise KafkaError("formatting the storage failed:\n" + done.stdout.decode())

    def start(self):
        if not self.log.exists():
            self._format()
        with open(self.said, "wb") as said:
            self.process = self.sandbox.start(
                java(self.jars, "kafka.Kafka", str(self.path), options=self.heap + JVM),
                in_gateway=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                cwd=self.directory)
        self._await("started")

    def _await(self, topic):
        """Until it has created a topic: then it serves, and its controller does."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.create_topic(topic)
            except (OSError, KafkaError) as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise KafkaError(f"it did not start: {error}\n"
                                     + self.said.read_text()[-2000:]) from error
                time.sleep(0.2)

    def create_topic(self, name, partitions=1, flush=False, settings=None):
        settings = {**({"flush.messages": "1"} if flush else {}), **(settings or {})}
        answer = ask(self.address, create_topic_request(name, partitions, settings), 10)
        error = create_topic_error(answer, name)
        if error not in (0, ALREADY_EXISTS):
            raise KafkaError(f"creating topic {name}: error {error}")

    def pid(self):
        return self.process.pid

    def counters(self):
        return {}

    def environment(self):
        return dict(os.environ)

    def stop(self):
        """'' or what was wrong with its end."""
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"Kafka did not stop within {STOP_SECONDS} s"
        return "" if status in (0, 143) else f"Kafka ended with status {status}"
