"""test_recovery.py - many partitions, killed under load: recovered by one thread and by many, with
the same outcome."""
import json
import os
import shutil
import signal
import time
import unittest

from gateway import Gateway, verify_log
from test_kill import CrashTest

PARTITIONS, LOADED = 400, 64
TORN_TAIL = 3


def recovered(gw):
    """What the start has said of logs."""
    return [line for line in gw.errors.split('\n') if '/load-' in line or '/many-' in line]


class Recovery(CrashTest):
    def start_again(self, directory, threads):
        with Gateway({'log.dirs': directory, 'log.segment.bytes': 1 << 20,
                      'num.recovery.threads.per.data.dir': threads}) as gw:
            self.check(gw)
            many = json.loads(gw.ctl('topic', 'describe', 'many', '--json').stdout)
            self.assertEqual(len(many['partitions']), PARTITIONS)
        return [line.replace(directory, 'LOG') for line in recovered(gw)]

    def test_many_partitions_killed_under_load_are_the_same_for_one_thread_and_for_eight(self):
        with self.gateway(status=70) as gw:
            gw.ctl('topic', 'create', 'load', '--partitions', str(LOADED))
            gw.ctl('topic', 'create', 'many', '--partitions', str(PARTITIONS))
            load = self.start_load(gw, 1)
            time.sleep(0.5)
            os.kill(gw.pid, signal.SIGKILL)
            gw.wait_until_gone(10)
            self.stop(load)
        status, said = verify_log(self.log)
        self.assertIn(status, (0, TORN_TAIL), said)
        copy = self.log + '-copy'
        shutil.copytree(self.log, copy)
        self.assertEqual(self.start_again(self.log, 1), self.start_again(copy, 8))
        for directory in (self.log, copy):
            status, said = verify_log(directory)
            self.assertEqual(status, 0, said)


if __name__ == '__main__':
    unittest.main()
