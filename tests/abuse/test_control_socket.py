"""test_control_socket.py - strangers at the control socket; honest clients, and an operator."""
import contextlib
import json
import os
import socket
import subprocess
import sys
import time

from honest import Beside

OPERATOR_S = 3      # penstockctl, beside strangers
LINE_BYTES_MAX = 1 << 20
NOBODY = 65534

ASK_AS = '''
import os, socket, sys
os.setgid({uid}); os.setuid({uid})
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
except PermissionError:
    print('refused')
else:
    s.sendall(sys.argv[2].encode() + b'\\n')
    print(s.makefile().readline())
'''


def call(method, params=None):
    return json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': method, 'params': params or {}})


class ControlSocket(Beside):
    def connect(self, timeout=5):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(timeout)
        sock.connect(self.gw.env['PENSTOCK_SOCKET'])
        return sock

    def ask(self, line):
        """The answer to bytes and a newline."""
        sock = self.connect()
        with contextlib.suppress(ConnectionError):
            sock.sendall(line + b'\n')
        return json.loads(sock.makefile().readline())

    def refused(self, *lines):
        with self.undisturbed():
            for line in lines:
                self.assertIn('error', self.ask(line), line[:80])

    def operator_is_served(self):
        begin = time.monotonic()
        self.gw.ctl('state')
        self.assertLess(time.monotonic() - begin, OPERATOR_S)

    def test_a_line_that_is_too_long_is_refused(self):
        self.refused(b'x' * (LINE_BYTES_MAX + 10), b'{"a":"' + b'y' * (2 * LINE_BYTES_MAX))

    def test_nesting_duplicates_and_text_that_is_none_are_refused(self):
        good = call('topic.describe', {'name': 'honest'})
        self.refused(b'[' * 100_000, b'{"a":' * 50_000, good.replace('"id": 1',
                     '"id": 1, "id": 2').encode(), b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}',
                     good.replace('honest', '\\u0000').encode(),
                     good.replace('"honest"', '1e999').encode(), b'null', b'[]')

    def test_a_thousand_idle_clients_hold_no_place(self):
        with self.undisturbed():
            socks = []
            for _ in range(1000):
                sock = socket.socket(socket.AF_UNIX)
                sock.setblocking(False)
                self.addCleanup(sock.close)
                with contextlib.suppress(BlockingIOError):
                    sock.connect(self.gw.env['PENSTOCK_SOCKET'])
                    socks.append(sock)
            self.operator_is_served()
            for sock in socks:
                sock.close()

    def test_requests_whose_answers_are_not_read_cost_nobody_else(self):
        with self.undisturbed():
            for _ in range(10):
                sock = self.connect(timeout=0.1)
                with contextlib.suppress(OSError):
                    sock.sendall((call('system.state') + '\n').encode() * 5000)
            self.operator_is_served()

    def test_figures_that_are_not_read_cost_nobody_else(self):
        with self.undisturbed():
            for _ in range(10):
                sock = self.connect(timeout=0.1)
                with contextlib.suppress(OSError):
                    sock.sendall((call('stats.get') + '\n').encode() * 5000)
            self.operator_is_served()

    def test_clients_that_come_and_go_cost_nobody_else(self):
        with self.undisturbed():
            end = time.monotonic() + 1
            while time.monotonic() < end:
                with socket.socket(socket.AF_UNIX) as sock, \
                        contextlib.suppress(BlockingIOError):   # as many wait already as may
                    sock.settimeout(5)
                    sock.connect(self.gw.env['PENSTOCK_SOCKET'])
                    sock.sendall(call('system.state').encode()[:30])
            self.operator_is_served()

    def test_another_user_changes_nothing(self):
        path = self.gw.env['PENSTOCK_SOCKET']
        os.chmod(path, 0o666)
        for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
            if folder.startswith('/tmp/'):
                os.chmod(folder, 0o755)
        with self.undisturbed():
            said = subprocess.run(
                [sys.executable, '-c', ASK_AS.format(uid=NOBODY), path,
                 call('topic.delete', {'name': 'honest'})],
                stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertNotEqual(said.strip(), 'refused')
        self.assertEqual(json.loads(said)['error']['code'], -32001)
