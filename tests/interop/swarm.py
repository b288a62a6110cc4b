"""swarm.py - for tests: perf/group-swarm beside a gateway, while it runs and when it has ended."""
import json
import os
import subprocess

from gateway import ROOT

PROGRAM = os.path.join(os.environ.get('PENSTOCK_BUILD', os.path.join(ROOT, 'build')),
                       'perf/group-swarm')


class Swarm:
    """group-swarm with these options; group-swarm --help says what they are."""

    def __init__(self, gw, **options):
        words = [word for name, value in options.items()
                 for word in (f'--{name.replace("_", "-")}', str(value))]
        self.process = gw.popen([PROGRAM, '--server', gw.kafka, *words],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def until(self, phase):
        """It has said so."""
        for line in self.process.stdout:
            if line.strip() == phase:
                return
        raise AssertionError(f'group-swarm ended before it said "{phase}"')

    def figures(self):
        """What it has seen, when it has ended."""
        last = self.process.stdout.read().splitlines()[-1]
        if self.process.wait():
            raise AssertionError(f'group-swarm did not end well: {last}')
        return json.loads(last)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
