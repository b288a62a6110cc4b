"""kernel_trace.py - what the kernel did for a gateway, in order: syncs by file, renames, answers.

    with Trace(log_dir) as trace:
        trace.clear()
        ...                         # something that makes a promise
        trace.events()              # [Event], oldest first

A sync that io_uring makes is no system call that strace would see; ext4's own tracepoints tell
of every one, whoever asked for it, with the inode. Each Trace is an instance of its own in
tracefs: it disturbs nobody else's.
"""
import collections
import glob
import os
import re
import socket
import struct
import subprocess
import time
import unittest

TRACEFS = '/sys/kernel/tracing'
EVENTS = ('ext4/ext4_sync_file_enter', 'ext4/ext4_sync_file_exit', 'ext4/ext4_sync_fs',
          'ext4/ext4_unlink_enter', 'syscalls/sys_exit_rename', 'tcp/tcp_probe',
          'sched/sched_process_exit')
BUFFER_KIB = 8192
SO_COOKIE = 57          # asm-generic/socket.h; Python does not name it
LINE = re.compile(r'\s*(.+)-(\d+)\s+\[\d+\]\s+\S+\s+[\d.]+: (.*)$')
INODE = re.compile(r'dev (\d+),(\d+) ino (\d+)')
FAILED = re.compile(r' ret -\d+')

# kind: sync-begin, sync (reaped without an error), sync-fs, unlink, rename, answer, exit, mark.
# what: (device, inode) of a file, the device of a file system, the cookie of the socket that is
# answered, a mark's text.
Event = collections.namedtuple('Event', 'kind what thread')


def file_id(path):
    found = os.stat(path)
    return (os.major(found.st_dev), os.minor(found.st_dev)), found.st_ino


def cookie_of(sock):
    """The number that the kernel has for this socket and no other, of whatever namespace: tests
    that run at the same time have gateways at the same port."""
    return struct.unpack('Q', sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]


def file_system(path):
    """The type of the file system that holds `path`."""
    major, minor = file_id(path)[0]
    with open('/proc/self/mountinfo') as file:
        for line in file:
            words = line.split()
            if words[2] == f'{major}:{minor}':
                return words[words.index('-') + 1]
    return 'a file system that /proc/self/mountinfo does not name'


def has_journal(device):
    """Of ext4, which names the journals it has by their device."""
    name = os.path.basename(os.path.realpath('/sys/dev/block/%d:%d' % device))
    return bool(glob.glob(f'/proc/fs/jbd2/{name}-*'))


def event_of(line):
    """The event of a line of the trace; None: not one of ours."""
    match = LINE.match(line)
    if not match:
        return None
    thread, text = int(match.group(2)), match.group(3)
    name, _, rest = text.partition(': ')
    if text.startswith('sys_rename'):
        return Event('rename', None, thread) if '-> 0x0' in text else None
    if name == 'tcp_probe':
        fields = dict(re.findall(r'(\w+)=(\S+)', rest))
        cookie = int(fields['sock_cookie'], 16)
        return Event('answer', cookie, thread) if int(fields['data_len']) > 0 else None
    if name == 'ext4_sync_fs':
        major, minor, wait = map(int, re.findall(r'\d+', rest))
        return Event('sync-fs', (major, minor), thread) if wait else None
    if name == 'sched_process_exit':
        return Event('exit', None, thread)
    if name == 'tracing_mark_write':
        return Event('mark', rest.strip(), thread)
    kind = {'ext4_sync_file_enter': 'sync-begin', 'ext4_sync_file_exit': 'sync',
            'ext4_unlink_enter': 'unlink'}.get(name)
    if not kind or FAILED.search(rest):
        return None
    major, minor, inode = map(int, INODE.search(rest).groups())
    return Event(kind, ((major, minor), inode), thread)


class Trace:
    """Skips the test, with the reason, where the kernel does not tell."""

    def __init__(self, directory):
        kind = file_system(directory)
        if kind != 'ext4':
            raise unittest.SkipTest(f'{directory} lies on {kind}: only ext4 tells of its syncs')
        if not os.path.exists(f'{TRACEFS}/instances'):
            subprocess.run(['mount', '-t', 'tracefs', 'tracefs', TRACEFS], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        missing = [e for e in EVENTS if not os.path.exists(f'{TRACEFS}/events/{e}')]
        if missing:
            raise unittest.SkipTest(f'no trace of {missing[0]}: tracefs at {TRACEFS} is needed, '
                                    'from a kernel with ext4, tcp and system call events')
        self.path = f'{TRACEFS}/instances/penstock-{os.getpid()}'

    def __enter__(self):
        os.mkdir(self.path)
        self._write('trace_clock', 'mono')
        self._write('buffer_size_kb', str(BUFFER_KIB))
        for event in EVENTS:
            self._write(f'events/{event}/enable', '1')
        return self

    def __exit__(self, *_):
        for event in EVENTS:
            self._write(f'events/{event}/enable', '0')
        for _ in range(100):
            try:
                return os.rmdir(self.path)
            except OSError:         # a reader of its files is still on its way out
                time.sleep(0.05)

    def _write(self, name, text):
        with open(f'{self.path}/{name}', 'w') as file:
            file.write(text)

    def clear(self):
        self._write('trace', '')

    def mark(self, text):
        self._write('trace_marker', text)

    def events(self):
        with open(f'{self.path}/trace', errors='replace') as file:
            return [event for event in map(event_of, file) if event]
