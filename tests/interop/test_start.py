"""test_start.py - penstockd alone, where something is lacking: what it does and what it says."""
import ctypes
import errno
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from gateway import CLONE_NEWNET, ROOT, quickstart
from sandbox import HugePages, SandboxError, run_tool

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_PRIVATE = 0x20000, 0x44000      # the latter recursively
NOBODY = 65534
START_SECONDS = 60
MEMORY_MIB = 64


def program(name):
    build = os.environ.get('PENSTOCK_BUILD', os.path.join(ROOT, 'build'))
    with open(os.path.join(ROOT, 'config/programs.txt')) as file:
        return os.path.join(build, next(p for p in file.read().split() if p.endswith(name)))


def limit(which, value):
    return lambda: resource.setrlimit(which, (value, value))


def close(*descriptors):
    def prepare():
        for descriptor in descriptors:
            os.close(descriptor)
    return prepare


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def hugetlb_group():
    """A control group of our own that limits huge pages, or None: its folder."""
    with open('/proc/mounts') as file:
        mounts = [line.split() for line in file]
    for _, folder, kind, options, *_ in mounts:
        is_second = kind == 'cgroup2'
        if not is_second and (kind != 'cgroup' or 'hugetlb' not in options.split(',')):
            continue
        try:
            if is_second:
                with open(f'{folder}/cgroup.subtree_control', 'w') as file:
                    file.write('+hugetlb')
            group = f'{folder}/penstock-test-{os.getpid()}'
            os.mkdir(group)
            name = 'hugetlb.2MB.max' if is_second else 'hugetlb.2MB.limit_in_bytes'
            with open(f'{group}/{name}', 'w') as file:
                file.write('0')
            return group
        except OSError:
            continue
    return None


def forbid_io_uring():
    """As a container's seccomp profile does: io_uring_setup(2) fails with EPERM."""
    load_number, if_equal, ret = (0x20, 0, 0, 0), (0x15, 0, 1, 425), 0x06
    fails, passes = (ret, 0, 0, 0x00050000 | errno.EPERM), (ret, 0, 0, 0x7fff0000)
    code = b''.join(struct.pack('HBBI', *line)
                    for line in (load_number, if_equal, fails, passes))
    text = ctypes.create_string_buffer(code, len(code))
    program_of = struct.pack('HxxxxxxQ', 4, ctypes.addressof(text))
    if _libc.prctl(38, 1, 0, 0, 0) or _libc.prctl(22, 2, program_of, 0, 0):
        raise OSError(ctypes.get_errno(), 'seccomp')


class Start(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='penstock-start-')
        os.chmod(self.directory, 0o777)
        self.addCleanup(shutil.rmtree, self.directory)
        self.log_dir = os.path.join(self.directory, 'log')
        self.socket = os.path.join(self.directory, 'control.sock')
        self.errors_path = os.path.join(self.directory, 'stderr')

    def begin(self, prepare=None, before=(), **settings):
        """penstockd with a port that leads nowhere; `before` are words before its name."""
        every = {'penstock.port': 'net_null0', 'penstock.port.address': '10.1.2.3/24',
                 'log.dirs': self.log_dir, 'penstock.control.socket': self.socket,
                 'penstock.memory.mb': str(MEMORY_MIB), 'penstock.hugepages': 'none',
                 **{key.replace('_', '.'): value for key, value in settings.items()}}
        command = [*before, program('penstockd')]
        for key, value in every.items():
            command += ['--set', f'{key}={value}']
        with open(self.errors_path, 'w') as errors:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=prepare,
                                       stdout=subprocess.DEVNULL, stderr=errors)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def said(self):
        with open(self.errors_path, errors='replace') as file:
            return file.read()

    def await_ready(self, process):
        """Until the control socket says that it runs: stdout may be closed."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.assertIsNone(process.poll(), self.said())
            if self.state() == 'running':
                return
            time.sleep(0.02)
        self.fail(f'not ready: {self.said()}')

    def state(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            try:
                sock.connect(self.socket)
                sock.sendall(b'{"jsonrpc":"2.0","id":1,"method":"system.state"}\n')
                return json.loads(sock.makefile().readline())['result']['state']
            except (OSError, ValueError, KeyError):
                return None

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(START_SECONDS), 0, self.said())

    def runs(self, *arguments, **settings):
        process = self.begin(*arguments, **settings)
        self.await_ready(process)
        self.end(process)
        return self.said()

    def refuses(self, *arguments, **settings):
        """Ends by itself with 1, without a word of a lack that is none; what it said."""
        process = self.begin(*arguments, **settings)
        self.assertEqual(process.wait(START_SECONDS), 1, self.said())
        self.assertNotIn('Cannot allocate memory', self.said())
        return self.said()

    # ---- standard descriptors ---------------------------------------------------------------

    def test_a_missing_standard_descriptor_is_no_file_of_the_log(self):
        for missing in ((0,), (1,), (2,), (0, 1, 2)):
            with self.subTest(missing=missing):
                self.runs(close(*missing))
                for folder, _, names in os.walk(self.log_dir):
                    for name in names:
                        with open(os.path.join(folder, name), 'rb') as file:
                            data = file.read()
                        self.assertNotIn(b'READY', data, name)
                        self.assertNotIn(b'penstockd', data, name)

    def test_the_tools_do_without_standard_descriptors_too(self):
        process = self.begin()
        self.await_ready(process)
        for command in ([program('penstockctl'), '--socket', self.socket, 'state'],
                        [program('penstock-log'), 'verify', self.log_dir]):
            expected = subprocess.run(command, check=False, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            done = subprocess.run(command, check=False, preexec_fn=close(0, 1, 2))
            self.assertEqual(done.returncode, expected.returncode, command)
        self.end(process)

    def test_quickstart_does_without_standard_descriptors(self):
        for missing in ((0,), (1,), (2,), (0, 1, 2)):
            done = quickstart('run', '--', 'true', preexec_fn=close(*missing))
            self.assertEqual(done.returncode, 0, (missing, done.stderr))

    # ---- limits -----------------------------------------------------------------------------

    def test_too_few_open_files_are_called_that(self):
        for hugepages in ('none', 'auto'):
            for files in (24, 40, 64, 200):
                with self.subTest(hugepages=hugepages, files=files):
                    pages = HugePages(MEMORY_MIB)
                    said = self.refuses(limit(resource.RLIMIT_NOFILE, files),
                                        penstock_hugepages=hugepages)
                    pages.release()
                    self.assertIn(f'{files} open files are too few', said)
                    self.assertIn('ulimit -n', said)

    def test_huge_pages_that_the_open_files_do_not_suffice_for_are_done_without(self):
        pages = HugePages(MEMORY_MIB)
        self.addCleanup(pages.release)
        if pages.missing:
            self.skipTest(pages.missing)
        said = self.runs(limit(resource.RLIMIT_NOFILE, 340), penstock_hugepages='auto')
        self.assertIn('huge pages is an open file', said)

    def test_huge_pages_that_the_control_group_forbids_are_done_without(self):
        pages = HugePages(MEMORY_MIB)
        self.addCleanup(pages.release)
        group = hugetlb_group()
        if pages.missing or not group:
            self.skipTest(pages.missing or 'no control group limits huge pages here')
        self.addCleanup(os.rmdir, group)

        def enter():
            with open(f'{group}/cgroup.procs', 'w') as file:
                file.write(str(os.getpid()))
        said = self.runs(enter, penstock_hugepages='auto')
        self.assertIn('warning: packet buffers lie on ordinary pages', said)
        self.assertIn('control group', said)
        said = self.refuses(enter, penstock_hugepages='require')
        self.assertIn('penstock.hugepages=require, but', said)
        self.assertIn('hugetlb.2MB.max', said)

    def test_a_forbidden_io_uring_is_done_without(self):
        said = self.runs(forbid_io_uring)
        self.assertIn('no io_uring (Operation not permitted)', said)
        self.assertIn('io_uring_disabled', said)

    # ---- ports ------------------------------------------------------------------------------

    @staticmethod
    def in_network(prepare=None):
        """In a network namespace of its own, with one interface."""
        def enter():
            if _libc.unshare(CLONE_NEWNET) != 0:
                raise SandboxError('no network namespace (root is needed)')
            run_tool('ip', 'link', 'add', 'pv0', 'type', 'veth', 'peer', 'name', 'pv1')
            run_tool('ip', 'link', 'set', 'pv0', 'up')
            if prepare:
                prepare()
        return enter

    @staticmethod
    def without(capability):
        return ['setpriv', f'--bounding-set=-{capability}', f'--inh-caps=-{capability}']

    def test_locked_memory_that_is_too_little_is_called_that(self):
        said = self.refuses(
            self.in_network(limit(resource.RLIMIT_MEMLOCK, 65536)), self.without('ipc_lock'),
            penstock_port='net_af_packet0,iface=pv0')
        self.assertIn('need 2048 KiB of locked memory', said)
        self.assertIn('ulimit -l', said)

    def test_a_soft_limit_on_locked_memory_is_raised(self):
        def soft():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 8 << 20))
        self.runs(self.in_network(soft), self.without('ipc_lock'),
                  penstock_port='net_af_packet0,iface=pv0')

    def test_what_a_port_lacks_is_named(self):
        cases = (('net_af_packet0,iface=pv9', [], 'there is no interface pv9'),
                 ('net_af_packet0', [], 'no interface is named'),
                 ('net_af_packet0,iface=pv0', self.without('net_raw'), 'CAP_NET_RAW'),
                 ('net_tap0,iface=pt0', self.without('net_admin'), 'CAP_NET_ADMIN'),
                 ('0000:ff:1f.7', [], 'no PCI device 0000:ff:1f.7'),
                 ('net_nul0', [], 'is its name right?'))
        for port, before, words in cases:
            with self.subTest(port=port):
                said = self.refuses(self.in_network(), before, penstock_port=port)
                self.assertIn(words, said)

    def test_no_root_is_needed_where_the_port_needs_none(self):
        self.runs(become_nobody, penstock_hugepages='auto')

    # ---- files ------------------------------------------------------------------------------

    def test_a_file_at_the_control_sockets_path_is_left_alone(self):
        with open(self.socket, 'w') as file:
            file.write('kept')
        said = self.refuses()
        self.assertIn('is there and is no socket', said)
        with open(self.socket) as file:
            self.assertEqual(file.read(), 'kept')

    def test_a_log_directory_that_is_none_is_called_that(self):
        link, plain = (os.path.join(self.directory, name) for name in ('link', 'plain'))
        os.symlink('nowhere', link)
        with open(plain, 'w') as file:
            file.write('kept')
        for path, words in ((link, 'it is a link to something that is not there'),
                            (plain, 'is a file and no directory'),
                            (os.path.join(plain, 'log'), 'is a file and no directory')):
            with self.subTest(path=path):
                said = self.refuses(log_dirs=path)
                self.assertIn(f'log.dirs: {path} cannot be used: ', said)
                self.assertIn(words, said)
                done = quickstart('run', '--set', f'log.dirs={path}', '--', 'true')
                self.assertEqual(done.returncode, 69)
                self.assertIn(words.encode(), done.stderr)
                self.assertNotIn(b'Traceback', done.stderr)
        with open(plain) as file:
            self.assertEqual(file.read(), 'kept')

    def test_a_full_disk_is_called_that(self):
        def fill():
            if _libc.unshare(CLONE_NEWNS) or _libc.mount(b'none', b'/', None, MS_PRIVATE, None):
                raise OSError(ctypes.get_errno(), 'no mount namespace')
            os.mkdir(self.log_dir)
            run_tool('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', self.log_dir)
            with open(os.path.join(self.log_dir, 'fill'), 'wb', buffering=0) as file:
                try:
                    while file.write(bytes(4096)):
                        pass
                except OSError:
                    return      # it is full
        said = self.refuses(fill)
        self.assertIn(f'log.dirs: {self.log_dir} cannot be used: its disk or quota is full', said)

    def test_a_log_directory_of_somebody_else_is_called_that(self):
        os.mkdir(self.log_dir, 0o755)
        said = self.refuses(become_nobody)
        self.assertIn('this user may not write there', said)

    def test_quickstart_has_a_sentence_for_what_it_cannot_read(self):
        done = quickstart('run', '--set', 'listener.protocol.map=A:B:C', '--', 'true')
        self.assertEqual(done.returncode, 69)
        self.assertNotIn(b'Traceback', done.stderr)
        self.assertIn(b'expected NAME:PROTOCOL', done.stderr)
