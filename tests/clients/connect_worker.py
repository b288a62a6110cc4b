"""connect_worker.py - settings in; a worker of Kafka Connect that is asked by REST, out.

    with Worker(bench, home, 'name', 0, {}) as worker:
        worker.until_done('PUT', '/connectors/in/config', {...})
        worker.offset('in', 'position')

It listens in the clients' namespace. Workers of one name, by number, share what there is to do;
what they know of it is in topics: NAME-config, NAME-offset, NAME-status. Leaving the block kills
the worker (SIGKILL).
"""
import http.client
import json
import os
import re
import subprocess
import time

from bench import Failed

PORT = 8083
SECONDS = 60
KEPT = ('config', 'offset', 'status')
STRINGS = 'org.apache.kafka.connect.storage.StringConverter'
SESSION_MS = 6000       # who is killed is given up after so long; the gateway's least
REQUEST_MS = 10000      # who waits for a gateway that is killed is not told (docs/TCP.md)


def storage(settings):
    """Settings for each of the topics that workers make."""
    return {f'{kind}.storage.{key}': value for kind in KEPT for key, value in settings.items()}


class Worker:
    """What it says goes to a file in its home."""

    def __init__(self, bench, home, name, number, settings):
        self.gateway, self.port = bench.gateway, PORT + number
        self.said = os.path.join(home, f'worker-{number}.txt')
        path = os.path.join(home, f'worker-{number}.properties')
        with open(path, 'w') as file:
            file.writelines(f'{key}={value}\n' for key, value in
                            {**self.defaults(name), **settings}.items())
        with open(self.said, 'wb') as said:
            self.process = bench.gateway.popen([*bench.client.command, path], cwd=home,
                                               stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def defaults(self, name):
        topics = {f'{kind}.storage.topic': f'{name}-{kind}' for kind in KEPT}
        return {'bootstrap.servers': self.gateway.kafka, 'group.id': f'{name}-workers', **topics,
                **storage({'replication.factor': 1}),
                'listeners': f'http://127.0.0.1:{self.port}', 'plugin.discovery': 'service_load',
                'key.converter': STRINGS, 'value.converter': STRINGS,
                'offset.flush.interval.ms': 500, 'scheduled.rebalance.max.delay.ms': 0,
                'request.timeout.ms': REQUEST_MS, 'session.timeout.ms': SESSION_MS,
                'heartbeat.interval.ms': SESSION_MS // 3,
                'consumer.session.timeout.ms': SESSION_MS,
                'consumer.heartbeat.interval.ms': SESSION_MS // 3}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.process.kill()
        self.process.wait()

    def ask(self, method, path, body=None):
        """(status, what is answered), status 0 while nobody listens."""
        with self.gateway.socket() as sock:
            try:
                sock.settimeout(SECONDS)
                sock.connect(('127.0.0.1', self.port))
                connection = http.client.HTTPConnection('127.0.0.1', self.port)
                connection.sock = sock
                connection.request(method, path, None if body is None else json.dumps(body),
                                   {'Content-Type': 'application/json'})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                return 0, str(error)

    def until(self, condition, what):
        """condition: gives (is it so, what is so instead)."""
        deadline = time.monotonic() + SECONDS
        while True:
            is_so, instead = condition()
            if is_so:
                return
            if self.process.poll() is not None:
                raise Failed(f'{what}: the worker has ended; {self.complaint()}')
            if time.monotonic() > deadline:
                raise Failed(f'{what}: not within {SECONDS} s, but {instead}; {self.complaint()}')
            time.sleep(0.1)

    def complaint(self):
        """The first exception that it tells, which those behind it come from; else its end."""
        with open(self.said, errors='replace') as file:
            said = file.read()
        found = re.search(r'^\S*(?:Exception|Error)\b.*', said, re.M)
        return f'it says {(found.group() if found else said)[-300:]!r}'

    def until_done(self, method, path, body=None):
        """What is answered. It says no until it is whole, and when it is about to share its work
        anew."""
        answers = []

        def is_done():
            answers.append(self.ask(method, path, body))
            return 200 <= answers[-1][0] < 300, f'the answer is {answers[-1]}'
        self.until(is_done, f'{method} {path}')
        return answers[-1][1]

    def offset(self, connector, name):
        """How far it has written down that a connector is; 0 where it has not."""
        status, said = self.ask('GET', f'/connectors/{connector}/offsets')
        offsets = json.loads(said)['offsets'] if status == 200 else []
        return offsets[0]['offset'][name] if offsets else 0
