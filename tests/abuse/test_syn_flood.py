"""test_syn_flood.py - 20,000 SYNs a second of hosts that there are not, beside honest clients."""
import json
import os
import subprocess
import sys
import threading
import time
import unittest

import vehicles
from gateway import Gateway

PACKETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'packets.py')
SYNS, SYNS_PER_SECOND = 100_000, 20_000
CONNECT_P99_S = 1.2     # one SYN may be lost and come again after a second
ANSWER_SLACK_S = 0.02   # of a machine that has other work, too


def p99(values):
    return sorted(values)[len(values) * 99 // 100]


class Vehicle:
    """Says that it lives, and waits for the answer, again and again; notes how long that took."""

    def __init__(self, gw, number):
        self.sock = gw.connect('GBT32960')
        self.name = vehicles.vin(number)

    def ask(self):
        begin = time.monotonic()
        self.sock.sendall(vehicles.heartbeat(self.name))
        answer = vehicles.frame(vehicles.HEARTBEAT, self.name, b'', vehicles.ANSWER_SUCCESS)
        got = b''
        while len(got) < len(answer):
            piece = self.sock.recv(len(answer) - len(got))
            if not piece:
                raise AssertionError('the gateway closed an honest connection')
            got += piece
        if got != answer:
            raise AssertionError(f'answered {got!r}')
        return time.monotonic() - begin


class SynFlood(unittest.TestCase):
    def flood(self, gw):
        """The process that sends, about to begin."""
        host, port = gw.address('GBT32960')
        route = json.loads(gw.run(['ip', '-j', 'route', 'get', host]).stdout)[0]
        neighbour = json.loads(gw.run(['ip', '-j', 'neighbour', 'show', host]).stdout)[0]
        process = gw.popen([sys.executable, PACKETS, route['dev'], neighbour['lladdr'], host,
                            str(port), str(SYNS), str(SYNS_PER_SECOND)],
                           stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), 'begins\n')
        return process

    def clients(self, gw, goes_on):
        """(times of new connections with their first answer, times of answers of an old one)."""
        connects, answers, failures = [], [], []
        old = Vehicle(gw, 1)

        def ask():
            try:
                while goes_on():
                    answers.append(old.ask())
                    time.sleep(0.005)
            except (OSError, AssertionError) as error:
                failures.append(error)
        thread = threading.Thread(target=ask)
        thread.start()
        try:
            while goes_on():
                begin = time.monotonic()
                new = Vehicle(gw, 2 + len(connects))
                new.ask()
                connects.append(time.monotonic() - begin)
                new.sock.close()
                time.sleep(0.01)
        finally:
            thread.join()
            old.sock.close()
        self.assertEqual(failures, [])
        return connects, answers

    def for_seconds(self, seconds):
        end = time.monotonic() + seconds
        return lambda: time.monotonic() < end

    def test_new_connections_open_and_old_ones_are_undisturbed(self):
        with Gateway() as gw:
            _, alone = self.clients(gw, self.for_seconds(3))
            before = gw.counters()
            process = self.flood(gw)
            connects, answers = self.clients(gw, lambda: process.poll() is None)
            after = gw.counters()
            sent = {name: after[name] - before[name] for name in after}
            figures = (f'{len(connects)} connects: p99 {p99(connects) * 1e3:.1f} ms, '
                       f'most {max(connects) * 1e3:.1f}; answers: p99 {p99(answers) * 1e3:.1f} ms, '
                       f'alone {p99(alone) * 1e3:.1f}; flood: {process.stdout.read().strip()}')
            print(f'          {figures}', flush=True)
            self.assertGreater(len(connects), 20, figures)
            self.assertLess(p99(connects), CONNECT_P99_S, figures)
            self.assertLess(p99(answers), 2 * p99(alone) + ANSWER_SLACK_S, figures)
            self.assertGreater(sent['tcp_cookies_sent'], SYNS // 2, figures)
            self.assertGreaterEqual(sent['tcp_cookies_accepted'], len(connects) // 2, figures)
            self.assertEqual(after['tcp_timeouts'], before['tcp_timeouts'])
