"""test_in_process.py - penstock-perf and a whole gateway in one process: every load of the
generator, broken frames too, ends with even ledgers on both sides."""
import json
import os
import subprocess
import tempfile
import unittest

BUILD = os.environ['PENSTOCK_BUILD']
CPUS = sorted(os.sched_getaffinity(0))
ADDRESS = '10.0.0.1'
PORTS = {'kafka': 9092, 'fleet': 32960, 'udp': 5140}
SECONDS = 120


class InProcess(unittest.TestCase):
    is_alone = True     # gateway and generator poll, each on a CPU

    def perf(self, mode, *options, settings=()):
        with tempfile.TemporaryDirectory(prefix='penstock-') as directory:
            log, figures = f'{directory}/log', f'{directory}/figures.json'
            os.mkdir(log)
            command = [f'{BUILD}/perf/penstock-perf', mode, '--in-process',
                       '--target', f'{ADDRESS}:{PORTS[mode]}', '--source-net', '10.0.0.0/8',
                       '--cpu', str(CPUS[-1]), '--warmup', '0.2', '--seconds', '1',
                       '--json', figures, *options]
            for setting in ('listeners=KAFKA://:9092,FLEET://:32960,UDP://:5140',
                            'listener.protocol.map=FLEET:GBT32960',
                            'listener.name.fleet.link=platform',
                            f'penstock.cores=fused:{CPUS[0]}', 'penstock.hugepages=none',
                            'penstock.memory.mb=64', f'log.dirs={log}',
                            f'penstock.control.socket={directory}/control.sock', *settings):
                command += ['--set', setting]
            done = subprocess.run(command, env=dict(os.environ, RUNTIME_DIRECTORY=directory),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stderr.decode(errors='replace'))
            with open(figures) as file:
                found = json.load(file)
        self.assertEqual(found['balance'], 'even')
        self.assertGreater(found['gateway']['records_stored_steady'], 0)
        return found

    def test_vehicles_are_answered(self):
        found = self.perf('fleet', '--connections', '100', '--rate', '5000')
        self.assertGreater(found['latency_us']['count'], 4000)

    def test_broken_frames_end_as_foretold(self):
        self.perf('fleet', '--connections', '100', '--rate', '5000', '--chaos', '0.3',
                  settings=['listener.name.fleet.frame.timeout.ms=3600000'])

    def test_compressed_batches_are_stored(self):
        self.perf('kafka', '--connections', '4', '--partitions', '2', '--codec', 'snappy',
                  '--in-flight', '2')

    def test_datagrams_are_stored_or_counted(self):
        self.perf('udp', '--rate', '20000')


if __name__ == '__main__':
    unittest.main()
