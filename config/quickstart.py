#!/usr/bin/env python3
"""quickstart.py - a command in; its exit status out, after it ran beside a fresh gateway.

usage: config/quickstart [--demo SECONDS] [--vehicles N] [--port tap|af_packet] [--set key=value]...
       config/quickstart run [--port tap|af_packet] [--set key=value]... -- COMMAND...

Without "run" a small fleet of vehicles logs in, reports and is shown until Ctrl-C, or for
SECONDS. With it COMMAND runs in the client's network namespace and finds in its environment

  PENSTOCK_KAFKA       host:port of the Kafka listener; PENSTOCK_GBT32960, PENSTOCK_UDP and so
                       on: one per listener, named as in `listeners`
  PENSTOCK_SOCKET      the control socket (penstockctl finds it there)
  PENSTOCK_LOG_DIR     where the log lies, the first directory; kept when --set log.dirs=... names
                       some
  PENSTOCK_PID         the process id of penstockd
  PATH                 begins with the built programs

GB/T 32960 frames go to topic vehicles (8 partitions), datagrams to topic datagrams. stdin and
stdout are COMMAND's, all else goes to stderr. Exit status: COMMAND's; 69 when the gateway did
not start; 70 when it died before COMMAND ended, or its ledgers do not balance.
PENSTOCK_BUILD=DIR uses the programs of another build directory and builds nothing.
"""
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time

from sandbox import (CLIENT_INTERFACE, GATEWAY_ADDRESS, PREFIX_BITS, HugePages, Sandbox,
                     SandboxError)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXIT_USAGE, EXIT_NO_GATEWAY, EXIT_BAD_GATEWAY = 64, 69, 70
START_SECONDS = 60
CTL_SECONDS = 30
DEFAULTS = {
    'listeners': 'KAFKA://:9092,GBT32960://:32960,UDP://:5140',
    'penstock.port.address': f'{GATEWAY_ADDRESS}/{PREFIX_BITS}',
    'penstock.memory.mb': '128',
    'drain.timeout.ms': '10000',
}
TOPICS = {'vehicles': 8, 'datagrams': 1}
TOPIC_OF_PROTOCOL = {'GBT32960': 'vehicles', 'JT808': 'vehicles', 'UDP': 'datagrams'}
SI_KERNEL = 0x80        # si_code of a signal that the terminal sent to the whole group
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def say(text):
    print(f'quickstart: {text}', file=sys.stderr, flush=True)


class Failure(Exception):
    """Ends the run with a status and a sentence."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Options:
    def __init__(self, words):
        self.port, self.settings, self.command = 'tap', {}, None
        self.seconds, self.vehicles = None, 100
        self.is_demo = words[:1] != ['run']
        words = list(words if self.is_demo else words[1:])
        while words:
            word = words.pop(0)
            if word in ('-h', '--help'):
                print(__doc__.split('\n\n', 1)[1])
                raise SystemExit(0)
            if word == '--' and not self.is_demo:
                self.command = words
                break
            self._take(word, words)
        if not self.is_demo and not self.command:
            raise Failure(EXIT_USAGE, 'run needs a command: config/quickstart run -- COMMAND...')

    def _take(self, word, words):
        word, has_value, value = word.partition('=') if word.startswith('--') else (word, '', '')
        known = {'--port', '--set'} | ({'--demo', '--vehicles'} if self.is_demo else set())
        if word not in known:
            raise Failure(EXIT_USAGE, f'unknown word "{word}"; see config/quickstart --help')
        if not has_value:
            if not words:
                raise Failure(EXIT_USAGE, f'{word} needs a value')
            value = words.pop(0)
        if word == '--port':
            if value not in ('tap', 'af_packet'):
                raise Failure(EXIT_USAGE, f'--port is tap or af_packet, not "{value}"')
            self.port = value
        elif word == '--set':
            key, equals, text = value.partition('=')
            if not equals:
                raise Failure(EXIT_USAGE, f'--set wants key=value, not "{value}"')
            self.settings[key.strip()] = text.strip()
        elif not value.isdigit() or int(value) == 0:
            raise Failure(EXIT_USAGE, f'{word} wants a number, not "{value}"')
        elif word == '--demo':
            self.seconds = int(value)
        else:
            self.vehicles = int(value)

    def mtu(self):
        """Of the link that is made for it."""
        text = self.settings.get('penstock.port.mtu', '')
        return int(text) if text.isdigit() and int(text) > 0 else 1500


class Programs:
    """Where the built programs are."""

    def __init__(self):
        build = os.environ.get('PENSTOCK_BUILD') or os.path.join(ROOT, 'build')
        with open(os.path.join(ROOT, 'config/programs.txt')) as file:
            self.paths = {os.path.basename(p): os.path.join(os.path.abspath(build), p)
                          for p in file.read().split()}
        for path in self.paths.values():
            if not os.access(path, os.X_OK):
                raise Failure(EXIT_NO_GATEWAY, f'{path} is not there; is it built?')

    def __getitem__(self, name):
        return self.paths[name]

    def search_path(self):
        folders = dict.fromkeys(os.path.dirname(path) for path in self.paths.values())
        return ':'.join([*folders, os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')])


def listeners(text):
    """[(NAME, host, port)] of the `listeners` setting."""
    found = []
    for entry in filter(None, (e.strip() for e in text.split(','))):
        match = re.fullmatch(r'([\w.-]+)://([^:/]*):(\d+)', entry)
        if match:
            name, host, port = match.groups()
            if host in ('', '0.0.0.0'):
                host = GATEWAY_ADDRESS
            found.append((name.upper(), host, int(port)))
    return found


def protocols(settings):
    """{listener name: protocol}: a name is a protocol's or mapped to one."""
    mapped = settings.get('listener.protocol.map',
                          settings.get('listener.security.protocol.map', ''))
    pairs = [map(str.strip, entry.upper().split(':', 1))
             for entry in mapped.split(',') if ':' in entry]
    return {**{name: name for name, _, _ in listeners(settings['listeners'])}, **dict(pairs)}


class Gateway:
    """A penstockd in the sandbox, ready to be talked to."""

    def __init__(self, sandbox, programs, options):
        self.sandbox, self.programs = sandbox, programs
        self.settings = {**DEFAULTS, **options.settings}
        if 'log.dir' in self.settings:
            self.settings['log.dirs'] = self.settings.pop('log.dir')
        self.settings.setdefault('log.dirs', os.path.join(sandbox.directory, 'log'))
        self.settings.setdefault('penstock.port', sandbox.device())
        self.settings.setdefault('penstock.control.socket',
                                 os.path.join(sandbox.directory, 'control.sock'))
        self.socket = self.settings['penstock.control.socket']
        self.log_dirs = [os.path.abspath(path.strip())
                         for path in self.settings['log.dirs'].split(',') if path.strip()]
        self.settings['log.dirs'] = ','.join(self.log_dirs)
        self.listeners = listeners(self.settings['listeners'])
        self.protocols = protocols(self.settings)
        for name, _, _ in self.listeners:
            if topic := TOPIC_OF_PROTOCOL.get(self.protocols[name]):
                self.settings.setdefault(f'listener.name.{name.lower()}.topic', topic)
        self.process = None

    def start(self):
        for log_dir in self.log_dirs:
            self._make_log_dir(log_dir)
        pages = None
        if self.settings.get('penstock.hugepages', 'auto') != 'none':
            wanted = self.settings['penstock.memory.mb']    # what is no number, penstockd says
            pages = HugePages(int(wanted) if wanted.isdigit() else 0)
            if pages.missing:
                say(f'warning: {pages.missing}; running without them (--no-huge), which is slower')
                self.settings['penstock.hugepages'] = 'none'
        command = [self.programs['penstockd']]
        for key, value in self.settings.items():
            command += ['--set', f'{key}={value}']
        self.process = self.sandbox.start(
            command, in_gateway=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            # EAL makes a directory for what it shares, even when that is nothing
            env=dict(os.environ, RUNTIME_DIRECTORY=self.sandbox.directory),
            start_new_session=True)
        try:
            self._await_start()
        finally:
            if pages:
                pages.release()
        self._make_topics()

    def _make_log_dir(self, log_dir):
        try:
            os.makedirs(log_dir, exist_ok=True)
        except OSError as error:
            reason = error.strerror
            if os.path.islink(log_dir) and not os.path.exists(log_dir):
                reason = 'it is a link to something that is not there'
            elif isinstance(error, (FileExistsError, NotADirectoryError)):
                reason = 'it, or a part of its path, is a file and no directory'
            raise Failure(EXIT_NO_GATEWAY, f'log.dirs={log_dir}: {reason}; name a '
                          'directory that is there or can be made') from error

    def _await_start(self):
        """Until penstockd prints READY. The tap is its own: it has to be there to be given
        the clients' address."""
        deadline = time.monotonic() + START_SECONDS
        connected = False
        while not select.select([self.process.stdout], [], [], 0.02)[0]:
            if time.monotonic() > deadline:
                raise Failure(EXIT_NO_GATEWAY,
                              f'penstockd was not ready within {START_SECONDS} s')
            connected = connected or self._connect_client()
        if self.process.stdout.readline().strip() != b'READY':
            raise Failure(EXIT_NO_GATEWAY, 'penstockd did not start: '
                          f'{describe(self.process.wait())}; what it said is above')
        if not connected and not self._connect_client():
            raise Failure(EXIT_NO_GATEWAY, f'there is no interface {CLIENT_INTERFACE}')

    def _connect_client(self):
        if self.sandbox.has_client_interface():
            self.sandbox.connect_client()
            return True
        return False

    def _make_topics(self):
        """The topics of TOPICS. A listener's own is there already, with num.partitions; while
        it is empty it can still be given more."""
        listed = json.loads(self.ctl('topic', 'list', '--json').stdout)['topics']
        there = {topic['name']: topic for topic in listed}
        for name, partitions in TOPICS.items():
            topic = there.get(name)
            if topic is None:
                self.ctl('topic', 'create', name, '--partitions', str(partitions))
            elif topic['records'] == 0 and topic['partitions'] < partitions:
                self.ctl('topic', 'alter', name, '--partitions', str(partitions))

    def ctl(self, *words):
        done = subprocess.run([self.programs['penstockctl'], *words], check=False,
                              env=self.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=CTL_SECONDS)
        if done.returncode != 0:
            raise Failure(EXIT_NO_GATEWAY, f'penstockctl {" ".join(words)}: '
                          f'{done.stderr.decode(errors="replace").strip()}')
        return done

    def ledgers(self):
        """The three ledgers once nothing is in flight any more, or after two seconds."""
        deadline = time.monotonic() + 2
        while True:
            ledgers = json.loads(self.ctl('stats', '--json').stdout)['ledgers']
            if not any(ledger['in_flight'] for ledger in ledgers.values()) \
                    or time.monotonic() > deadline:
                return ledgers
            time.sleep(0.05)

    def environment(self):
        env = dict(os.environ, PATH=self.programs.search_path(), PENSTOCK_SOCKET=self.socket,
                   PENSTOCK_LOG_DIR=self.log_dirs[0], PENSTOCK_PID=str(self.process.pid))
        for name, host, port in reversed(self.listeners):
            env['PENSTOCK_' + re.sub(r'\W', '_', name)] = f'{host}:{port}'
            if self.protocols[name] in ('KAFKA', 'PLAINTEXT'):
                env['PENSTOCK_KAFKA'] = f'{host}:{port}'
        return env

    def drain(self):
        """SIGTERM, and how it ended: '' or what was wrong."""
        if self.process.poll() is not None:
            return f'the gateway died before the command ended: {describe(self.process.returncode)}'
        self.process.send_signal(signal.SIGTERM)
        limit = int(self.settings['drain.timeout.ms']) / 1000 + 20
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f'the gateway did not drain within {limit:.0f} s'
        return '' if status == 0 else f'the gateway ended badly: {describe(status)}'


def describe(status):
    if status < 0:
        return f'killed by {signal.Signals(-status).name}'
    return f'exit status {status}'


def run_command(sandbox, command, env):
    """COMMAND's status as a shell would say it. Signals that end us are passed on to it; one
    from the terminal reaches it without us."""
    waited = ENDING | {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    try:
        child = sandbox.start(command, env=env)
    except OSError as error:
        say(f'{command[0]}: {error.strerror}')
        return 127 if isinstance(error, FileNotFoundError) else 126
    while child.poll() is None:
        arrived = signal.sigtimedwait(waited, 1)
        if arrived and arrived.si_signo in ENDING and arrived.si_code != SI_KERNEL:
            child.send_signal(arrived.si_signo)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, waited)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def show_ledgers(ledgers):
    """in = the sum of the ends, each with its name."""
    for name, ledger in ledgers.items():
        ends = ' + '.join(f'{count} {end}' for end, count in ledger['ends'].items() if count)
        print(f'  ledger of {name}: {ledger["in"]} in = {ends or 0}; '
              f'{ledger["in_flight"]} in flight', flush=True)


def demo_command(options):
    command = [sys.executable, os.path.join(ROOT, 'config/fleet.py'),
               '--vehicles', str(options.vehicles)]
    if options.seconds:
        command += ['--seconds', str(options.seconds)]
    return command


def run(options, programs, sandbox):
    gateway = Gateway(sandbox, programs, options)
    gateway.start()
    command = demo_command(options) if options.is_demo else options.command
    status = run_command(sandbox, command, gateway.environment())
    if options.is_demo and gateway.process.poll() is None:
        show_ledgers(gateway.ledgers())
    trouble = gateway.drain()
    if options.is_demo and not trouble:
        print('  drained; every ledger balances, nothing is in flight', flush=True)
    if trouble:
        raise Failure(EXIT_BAD_GATEWAY,
                      f'{trouble}; the command ({shlex.join(command)}) had status {status}')
    return status


def end_on(number, frame):
    raise SystemExit(128 + number)


def main():
    for number in ENDING:
        signal.signal(number, end_on)
    sandbox = None
    try:
        options = Options(sys.argv[1:])
        programs = Programs()
        sandbox = Sandbox(options.port, options.mtu())
        return run(options, programs, sandbox)
    except Failure as failure:
        say(failure)
        return failure.status
    except SandboxError as error:
        say(error)
        return EXIT_NO_GATEWAY
    except subprocess.TimeoutExpired as late:
        say(f'{shlex.join(late.cmd)} had no answer within {late.timeout} s')
        return EXIT_NO_GATEWAY
    except OSError as error:
        say(': '.join(filter(None, (error.filename, error.strerror))))
        return EXIT_NO_GATEWAY
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        if sandbox:
            sandbox.close()


if __name__ == '__main__':
    sys.exit(main())
