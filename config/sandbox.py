"""sandbox.py - nothing in, two network namespaces and a directory out, which vanish with us.

    client namespace                       gateway namespace (af_packet only)
    COMMAND ── kernel TCP ── penstock0 ═══ port0 ── penstockd      veth pair
    COMMAND ── kernel TCP ── penstock0 ═══ penstockd               net_tap, one namespace
    COMMAND ── kernel TCP ── penstock0 ═══ port0 ── kernel TCP     kernel: veth pair as the
                                                    kernel wants it, for other servers

The namespaces have no name (unshare, setns): they end with the last process in them. A
janitor process waits on a pipe for our end, whatever it is (kill -9 included), then kills
what still lives in the namespaces and removes the directory. Root is needed.
"""
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
GATEWAY_ADDRESS = '10.95.0.1'
CLIENT_ADDRESS = '10.95.0.2'
PREFIX_BITS = 24
CLIENT_INTERFACE = 'penstock0'
GATEWAY_INTERFACE = 'port0'
HUGEPAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB'

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxError(Exception):
    """The environment does not give what is needed; the text says what to do."""


def _checked(result, what):
    if result != 0:
        raise SandboxError(f'{what}: {os.strerror(ctypes.get_errno())}')


def _new_network_namespace():
    _checked(_libc.unshare(CLONE_NEWNET), 'a new network namespace (root is needed)')
    return os.open('/proc/self/ns/net', os.O_RDONLY)


def _enter(namespace):
    _checked(_libc.setns(namespace, CLONE_NEWNET), 'entering a network namespace')


def run_tool(*command, pass_fds=()):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, pass_fds=pass_fds, check=False)
    if done.returncode != 0:
        raise SandboxError(f'{" ".join(command)}: {done.stdout.decode().strip()}')


def _quiet_ipv6():
    for scope in ('all', 'default'):
        try:
            with open(f'/proc/sys/net/ipv6/conf/{scope}/disable_ipv6', 'w') as file:
                file.write('1')
        except OSError:
            pass    # no IPv6 in this kernel: as quiet as can be


class Sandbox:
    """Made by the caller's main thread, which lives in the client namespace from then on."""

    def __init__(self, port, mtu=1500):
        self.port, self.mtu = port, mtu
        self.home = os.open('/proc/self/ns/net', os.O_RDONLY)
        self.client = _new_network_namespace()
        _quiet_ipv6()
        run_tool('ip', 'link', 'set', 'lo', 'up')
        self.gateway = self.client
        if port in ('af_packet', 'kernel'):
            self._join_by_veth()
        name = next(tempfile._get_candidate_names())
        self.directory = os.path.join(tempfile.gettempdir(), f'penstock-{name}')
        self._start_janitor()
        os.mkdir(self.directory, 0o700)

    def _join_by_veth(self):
        self.gateway = _new_network_namespace()
        _quiet_ipv6()
        _enter(self.client)
        run_tool('ip', 'link', 'add', CLIENT_INTERFACE, 'type', 'veth',
                 'peer', 'name', GATEWAY_INTERFACE)
        for interface in (CLIENT_INTERFACE, GATEWAY_INTERFACE):
            run_tool('ip', 'link', 'set', interface, 'mtu', str(self.mtu))
        run_tool('ip', 'link', 'set', GATEWAY_INTERFACE, 'netns',
                 f'/proc/self/fd/{self.gateway}', pass_fds=(self.gateway,))
        self.connect_client()
        if self.port == 'af_packet':
            self.offloads_off()
        _enter(self.gateway)
        if self.port == 'kernel':
            run_tool('ip', 'link', 'set', 'lo', 'up')
            run_tool('ip', 'address', 'add', f'{GATEWAY_ADDRESS}/{PREFIX_BITS}',
                     'dev', GATEWAY_INTERFACE)
        run_tool('ip', 'link', 'set', GATEWAY_INTERFACE, 'up')
        _enter(self.client)

    def offloads_off(self):
        """Both ends of the veth pair carry frames as a wire would. Left on, a veth hands
        unfinished checksums and 64 KiB "segments" to whoever reads it raw."""
        for namespace, interface in ((self.client, CLIENT_INTERFACE),
                                     (self.gateway, GATEWAY_INTERFACE)):
            _enter(namespace)
            run_tool('ethtool', '-K', interface, 'tx', 'off', 'rx', 'off', 'gso', 'off',
                     'gro', 'off', 'tso', 'off')
        _enter(self.client)

    def device(self):
        """penstock.port for this sandbox."""
        if self.port == 'tap':
            return f'net_tap0,iface={CLIENT_INTERFACE}'
        if self.mtu + 146 <= 2048:
            return f'net_af_packet0,iface={GATEWAY_INTERFACE}'
        frame = (self.mtu + 146 + 4095) // 4096 * 4096      # as penstockd asks for it
        return f'net_af_packet0,iface={GATEWAY_INTERFACE},framesz={frame},blocksz={frame}'

    @staticmethod
    def has_client_interface():
        return any(name == CLIENT_INTERFACE for _, name in socket.if_nameindex())

    def connect_client(self):
        """Gives the clients' interface its address, once it exists."""
        run_tool('ip', 'address', 'replace', f'{CLIENT_ADDRESS}/{PREFIX_BITS}',
                 'dev', CLIENT_INTERFACE)
        run_tool('ip', 'link', 'set', CLIENT_INTERFACE, 'up')

    def start(self, command, in_gateway=False, **options):
        """Popen in one of the namespaces; dies with us."""
        parent = os.getpid()
        namespace = self.gateway if in_gateway else self.client

        def prepare():
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            _enter(namespace)
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
        return subprocess.Popen(command, preexec_fn=prepare, **options)

    # ---- the janitor ----------------------------------------------------------------------

    def _start_janitor(self):
        read_end, self.alive = os.pipe()
        self.janitor = os.fork()
        if self.janitor == 0:
            try:
                self._be_janitor(read_end)
            finally:
                os._exit(0)
        os.close(read_end)

    def _be_janitor(self, read_end):
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.close(self.alive)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        _enter(self.home)
        os.chdir('/')
        os.read(read_end, 1)            # returns when the last holder of the other end is gone
        namespaces = {os.fstat(fd).st_ino for fd in (self.client, self.gateway)}
        deadline = time.monotonic() + 10
        while kill_all_in(namespaces) and time.monotonic() < deadline:
            time.sleep(0.01)
        shutil.rmtree(self.directory, ignore_errors=True)

    def close(self):
        """Ends everything inside and waits until it is gone."""
        _enter(self.home)
        os.close(self.alive)
        os.waitpid(self.janitor, 0)
        for namespace in {self.home, self.client, self.gateway}:
            os.close(namespace)


def kill_all_in(namespaces):
    """SIGKILL to each process in the network namespaces given; how many there were."""
    count = 0
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            if os.stat(f'/proc/{entry}/ns/net').st_ino in namespaces:
                count += 1
                os.kill(int(entry), signal.SIGKILL)
        except OSError:
            continue    # it ended between two lines
    return count


# ---- huge pages ----------------------------------------------------------------------------

def _read_number(name):
    with open(f'{HUGEPAGES}/{name}') as file:
        return int(file.read())


class HugePages:
    """Huge pages for one start. Held (locked) until the gateway has taken them, so that two
    starts at once do not count the same free pages; never gives pages back to the kernel."""

    def __init__(self, mebibytes):
        self.lock = None
        self.missing = ''
        pages = (mebibytes + 1) // 2 + 2
        try:
            self.lock = os.open(HUGEPAGES, os.O_RDONLY)
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            lacking = pages - (_read_number('free_hugepages') - _read_number('resv_hugepages'))
            if lacking > 0:
                with open(f'{HUGEPAGES}/nr_hugepages', 'w') as file:
                    file.write(str(_read_number('nr_hugepages') + lacking))
            free = _read_number('free_hugepages') - _read_number('resv_hugepages')
            if free < pages:
                self.missing = f'{pages} huge pages of 2 MiB are needed, {free} are free'
        except OSError as error:
            self.missing = f'no huge pages: {error.strerror} ({error.filename})'

    def release(self):
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None
