"""test_in_process.py - penstock-perf and a whole gateway in one process: every load of the
generator, broken frames too, ends with even ledgers on both sides."""
import contextlib
import json
import os
import subprocess
import tempfile
import unittest

BUILD = os.environ['PENSTOCK_BUILD']
CPUS = sorted(os.sched_getaffinity(0))
ADDRESS = '10.0.0.1'
PORTS = {'kafka': 9092, 'consume': 9092, 'fleet': 32960, 'udp': 5140}
SECONDS = 120
TO_END = '--to-end', '--warmup', '0', '--seconds', '30'


def new_directory():
    return tempfile.TemporaryDirectory(prefix='penstock-')


class InProcess(unittest.TestCase):
    is_alone = True     # gateway and generator poll, each on a CPU

    def perf(self, mode, *options, settings=(), directory=None):
        """A run whose ledgers are even; in a directory of its own, or in one that is there."""
        place = contextlib.nullcontext(directory) if directory else new_directory()
        with place as directory:
            log, figures = f'{directory}/log', f'{directory}/figures.json'
            os.makedirs(log, exist_ok=True)
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
        return found

    def produce(self, mode, *options, **where):
        found = self.perf(mode, *options, **where)
        self.assertGreater(found['gateway']['records_stored_steady'], 0)
        return found

    def test_vehicles_are_answered(self):
        found = self.produce('fleet', '--connections', '100', '--rate', '5000')
        self.assertGreater(found['latency_us']['count'], 4000)

    def test_broken_frames_end_as_foretold(self):
        self.produce('fleet', '--connections', '100', '--rate', '5000', '--chaos', '0.3',
                  settings=['listener.name.fleet.frame.timeout.ms=3600000'])

    def test_compressed_batches_are_stored(self):
        self.produce('kafka', '--connections', '4', '--partitions', '2', '--codec', 'snappy',
                  '--in-flight', '2')

    def test_datagrams_are_stored_or_counted(self):
        self.produce('udp', '--rate', '20000')

    def test_consumers_at_the_tail_read_all_that_is_stored(self):
        found = self.produce('consume', '--from', 'end', '--consumers', '2', '--groups', '2',
                             '--partitions', '4', '--connections', '4', '--batch', '3',
                             '--rate', '2000')
        reads = found['reads']
        self.assertEqual(reads['ledger']['records'],
                         2 * found['gateway']['counters']['records_stored'])
        # Each batch of the second that was measured arrived at both groups.
        self.assertEqual(reads['end_to_end_us']['count'], 4000)
        self.assertGreater(reads['end_to_end_us']['p50'], 0)
        # Two groups read 6,000 a second, but for what is under way when it begins and ends.
        self.assertAlmostEqual(reads['records_per_s'] / 12000, 1,
                               delta=reads['end_to_end_us']['max'] / 1e6 + 0.01)
        self.assertEqual(found['gateway']['counters']['fetch_sessions_made'], 4)

    def test_a_replay_is_the_whole_log(self):
        with new_directory() as directory:
            shape = '--partitions', '3'
            stored = self.produce('kafka', '--connections', '4', '--rate', '500', *shape,
                                  directory=directory)['gateway']['counters']['records_stored']
            for how in (), ('--no-sessions', '--fetch-bytes', '30000'), \
                    ('--groups', '3', '--consumers', '2'):
                found = self.perf('consume', *TO_END, *shape, *how, directory=directory)
                groups = 3 if '--groups' in how else 1
                self.assertEqual(found['reads']['ledger']['records'], groups * stored)

    def test_from_an_offset_is_what_lies_behind_it(self):
        with new_directory() as directory:
            stored = self.produce('kafka', '--rate', '500', '--connections', '4',
                                  directory=directory)['gateway']['counters']['records_stored']
            found = self.perf('consume', *TO_END, '--from', '25', directory=directory)
            self.assertEqual(found['reads']['ledger']['records'], stored - 25)


if __name__ == '__main__':
    unittest.main()
