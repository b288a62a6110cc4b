#!/usr/bin/env python3
"""mutants.py - planted bugs in, for each whether the test that should see it does.

usage: mutants.py --check     only: does each row still apply? (tests/run tidy asks)

A row of the *.txt files beside this one is one bug, of the kind a tired engineer makes:

    a FIN behind the window's edge is believed
    dataplane/net/tcp/tcp_data.c: unit tcp_data, sim 300
    -seq_lt(c->rcv_adv, fin_seq)
    +false

its sentence, where it is planted and by whom it is caught, the text that goes (it stands in
the file exactly once, and may be part of a line) and what comes instead. Each catcher that is
named has to fail with the bug, and has to pass without:

    unit NAME     a meson test, built with AddressSanitizer and UndefinedBehaviorSanitizer,
                  with all its random cases (CI=true)
    tsan NAME     a meson test that brings ThreadSanitizer itself
    sim N         one of the simulator's first N seeds
    storm N       one of its first N storms
    crowd N       one of its first N crowds
    fuzz NAME     a target of tests/fuzz, within FUZZ_SECONDS of its corpus
    net, interop, crash, clients TEXT   tests of these folders with TEXT in their names
    power FILESYSTEM            power cuts (tests/power/power.py); tests/run power asks for these
                                rows, tests/run mutants for all others

tests/run mutants plants in a copy of the tree, build-mutants/tree, never in the tree itself.
What is built there stays, so that a second run only builds what has changed.
"""
import fcntl
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COPY = os.path.join(ROOT, 'build-mutants/tree')
KERNEL = os.path.join(ROOT, 'build-power/kernel')
SANITIZED, PLAIN, GUEST, FUZZED = 'build-asan', 'build', 'build-power', 'build-fuzz'
# A planted bug may leave something unused, which is no reason not to build it.
LAX = '-Dwerror=false'
OPTIONS = {SANITIZED: ['-Dsanitize=address,undefined', LAX], PLAIN: [LAX],
           GUEST: ['-Dcpu=x86-64-v2', LAX],
           FUZZED: ['-Dfuzz=true', '-Dsanitize=address,undefined', LAX]}
SIMULATOR = 'tests/sim/penstock-sim'
SEEDED = {'sim': [], 'storm': ['--storm'], 'crowd': ['--crowd']}
PROGRAMS = ['control/penstockd', 'control/penstockctl', 'control/penstock-log']
PERF = 'perf/penstock-perf'
POWER_LOAD = 'tests/power/power_load'
BUILD_SECONDS, RUN_SECONDS, UNIT_SECONDS, FUZZ_SECONDS = 1200, 600, 120, 10
SKIPPED = 77


def run(command, seconds, env=None):
    """(exit status, output) of a command in the copy; status None: it found no end. What it
    started goes with it."""
    process = subprocess.Popen(command, cwd=COPY, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               errors='replace', start_new_session=True,
                               env=dict(os.environ, **(env or {})))
    try:
        return process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return f'{process.communicate()[0]}\nno end after {seconds} s', None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


# ---- the rows ------------------------------------------------------------------------------

class Mutant:
    """One planted bug."""

    def __init__(self, title, path, catchers, old, new):
        self.title, self.path, self.catchers = title, path, catchers
        self.old, self.new = old, new

    def misfit(self, root):
        """Why it cannot be planted; empty when it can."""
        try:
            with open(os.path.join(root, self.path), encoding='utf-8') as file:
                count = file.read().count(self.old)
        except FileNotFoundError:
            return f'does not apply any more: there is no {self.path}'
        return '' if count == 1 else (
            f'does not apply any more: its old text stands {count} times in {self.path}')


HEAD = re.compile(r'([\w/.-]+): (.+)$')


def read_row(where, lines):
    head = HEAD.match(lines[1]) if len(lines) > 1 else None
    old = [line[1:] for line in lines[2:] if line[0] == '-']
    new = [line[1:] for line in lines[2:] if line[0] == '+']
    if not head or not old or len(old) + len(new) != len(lines) - 2:
        raise SystemExit(f'{where}: a row is a sentence, "file: catchers", -old, +new')
    catchers = [Catcher(where, text) for text in head.group(2).split(', ')]
    return Mutant(lines[0], head.group(1), catchers, '\n'.join(old), '\n'.join(new))


def read_rows():
    rows = []
    for path in sorted(glob.glob(os.path.join(HERE, '*.txt'))):
        with open(path, encoding='utf-8') as file:
            lines = file.read().split('\n') + ['']
        block = []
        for number, line in enumerate(lines, 1):
            if line and not line.startswith('#'):
                block.append(line)
            elif not line and block:
                rows.append(read_row(f'{os.path.basename(path)}:{number}', block))
                block = []
    return rows


# ---- the copy ------------------------------------------------------------------------------

def tree_files():
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=ROOT,
        check=True, stdout=subprocess.PIPE).stdout.decode()
    return [path for path in listed.split('\0') if os.path.isfile(os.path.join(ROOT, path))]


def copy_file(path):
    """Writes only what differs: what is written is built again."""
    source, target = os.path.join(ROOT, path), os.path.join(COPY, path)
    with open(source, 'rb') as file:
        data = file.read()
    if os.path.exists(target):
        with open(target, 'rb') as file:
            if file.read() == data:
                return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, 'wb') as file:
        file.write(data)
    os.chmod(target, os.stat(source).st_mode)


def lock_copy():
    """One run at a time plants in it; the next waits."""
    os.makedirs(COPY, exist_ok=True)
    lock = open(os.path.join(os.path.dirname(COPY), 'lock'), 'w', encoding='utf-8')
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def refresh_copy():
    paths = tree_files()
    for path in paths:
        copy_file(path)
    for folder, folders, files in os.walk(COPY):
        folders[:] = [f for f in folders if not f.startswith('build')]
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), COPY)
            if path not in paths:
                os.remove(os.path.join(COPY, path))


def plant(mutant):
    path = os.path.join(COPY, mutant.path)
    with open(path, encoding='utf-8') as file:
        text = file.read()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.replace(mutant.old, mutant.new))


def build(directory, targets):
    command = ['config/install', 'build', directory, *OPTIONS[directory], '--', *targets]
    return run(command, BUILD_SECONDS, {'CC': 'clang'} if directory == FUZZED else None)


def introspect(directory, what):
    text = run(['meson', 'introspect', what, directory], BUILD_SECONDS)[0]
    return json.loads(text)


class MesonTests:
    """The tests of a build directory by name; read when first asked for."""

    def __init__(self):
        self.known = {}

    def find(self, directory, name):
        if directory not in self.known:
            said, status = build(directory, ['build.ninja'])
            if status != 0:
                raise RuntimeError(said)
            targets = {t['id']: t['filename'][0] for t in introspect(directory, '--targets')}
            self.known[directory] = {
                test['name'].split(' / ')[-1]: (test, [targets[id] for id in test['depends']])
                for test in introspect(directory, '--tests')}
        return self.known[directory].get(name)


# ---- who catches ---------------------------------------------------------------------------

PASSES, FAILS, SKIPS, BROKEN = 'passes', 'fails', 'skips', 'is broken'


class Catcher:
    """A test that has to fail: how it is built, how it is run."""

    def __init__(self, where, text):
        self.text = text
        self.kind, _, self.name = text.partition(' ')
        self.key = self.kind if self.kind in SEEDED else text    # more seeds include fewer
        if self.kind not in (*SEEDED, 'unit', 'tsan', 'fuzz', 'net', 'interop', 'crash',
                             'clients', 'power') or not self.name:
            raise SystemExit(f'{where}: "{text}" is no catcher')
        self.directory = {'unit': SANITIZED, 'power': GUEST, 'fuzz': FUZZED}.get(
            self.kind, PLAIN)

    def targets(self, tests):
        if self.kind in SEEDED:
            return [SIMULATOR]
        if self.kind == 'power':
            return [POWER_LOAD]
        if self.kind == 'fuzz':
            return [f'tests/fuzz/fuzz_{self.name}']
        if self.kind not in ('unit', 'tsan'):
            return PROGRAMS + ([PERF] if self.kind == 'net' else [])
        found = tests.find(self.directory, self.name)
        if not found:
            raise RuntimeError(f'there is no test {self.name} in {self.directory}')
        top = os.path.join(COPY, self.directory)
        return [os.path.relpath(path, top) for path in found[1]]

    def run(self, tests, expects_failure):
        """(PASSES ..., output)"""
        if self.kind in SEEDED:
            return self._seeds(expects_failure)
        if self.kind in ('unit', 'tsan'):
            test, _ = tests.find(self.directory, self.name)
            return verdict(*run(test['cmd'], UNIT_SECONDS, {**test['env'], 'CI': 'true'}))
        if self.kind == 'power':
            return verdict(*run([sys.executable, 'tests/power/power.py', self.name,
                                 '--seed', '1'], RUN_SECONDS, {'PENSTOCK_KERNEL': KERNEL}))
        if self.kind == 'fuzz':
            return verdict(*run([sys.executable, 'tests/fuzz/fuzz.py', 'run', self.name,
                                 str(FUZZ_SECONDS)], RUN_SECONDS))
        return self._python()

    def _seeds(self, expects_failure):
        program = os.path.join(PLAIN, SIMULATOR)
        extra = ['--expect-failure'] if expects_failure else []
        words = [program, *SEEDED[self.kind], '--seeds', self.name, *extra]
        said, status = run(words, RUN_SECONDS)
        if status is None or not expects_failure:
            return verdict(said, status)
        return (FAILS if status == 0 else PASSES), said

    def _python(self):
        env = {'PENSTOCK_BUILD': os.path.join(COPY, PLAIN),
               'PYTHONPATH': os.pathsep.join(os.path.join(COPY, f) for f in ('tests', 'config'))}
        words = self.name.replace(' ', '_')
        said, status = run([sys.executable, '-m', 'unittest', 'discover', '-s',
                            f'tests/{self.kind}', '-p', 'test_*.py', '-k', words],
                           RUN_SECONDS, env)
        ran = re.search(r'^Ran (\d+) tests?', said, re.M)
        skipped = re.search(r'skipped=(\d+)', said)
        if ran and ran.group(1) == '0':
            return BROKEN, f'no test of {self.kind} has {self.name} in its name'
        if status == 0 and skipped and skipped.group(1) == ran.group(1):
            return SKIPS, said
        return verdict(said, status)


def verdict(said, status):
    if status == SKIPPED:
        return SKIPS, said
    return (PASSES if status == 0 else FAILS), said


# ---- the suite -----------------------------------------------------------------------------

def last_line(text):
    return (text.strip().split('\n') or [''])[-1]


def unique_catchers(mutants):
    """Each once; of the simulator only the longest runs."""
    found = {}
    for catcher in (catcher for mutant in mutants for catcher in mutant.catchers):
        other = found.setdefault(catcher.key, catcher)
        if catcher.kind in SEEDED and int(catcher.name) > int(other.name):
            found[catcher.key] = catcher
    return list(found.values())


def build_all(tally, tests, catchers):
    for directory in (SANITIZED, PLAIN, GUEST, FUZZED):
        targets = sorted({target for c in catchers if c.directory == directory
                          for target in c.targets(tests)})
        if targets:
            said, status = build(directory, targets)
            if status != 0:
                tally.fail(f'without a planted bug {directory} builds', said)
                return False
    return True


def without_bugs(tally, tests, catchers):
    """Shows that each catcher passes; what is said of those that do not."""
    unfit = {}
    for catcher in catchers:
        begin = time.monotonic()
        result, said = catcher.run(tests, False)
        name = f'without a planted bug {catcher.text} passes'
        if result == PASSES:
            tally.ok(f'{name} ({time.monotonic() - begin:.0f} s)')
        elif result == SKIPS:
            unfit[catcher.key] = (SKIPS, last_line(said))
            tally.skip(name, last_line(said))
        else:
            unfit[catcher.key] = (result, '')
            tally.fail(name, said)
    return unfit


def try_mutant(tally, tests, mutant):
    """Plants it, and runs its catchers until one passes."""
    begin = time.monotonic()
    plant(mutant)
    try:
        for catcher in mutant.catchers:
            said, status = build(catcher.directory, catcher.targets(tests))
            if status != 0:
                tally.fail(mutant.title, f'does not build with it:\n{said}')
                return
            result, said = catcher.run(tests, True)
            if result != FAILS:
                tally.fail(mutant.title, f'{catcher.text} {result} with it')
                return
    finally:
        copy_file(mutant.path)
    names = ', '.join(catcher.text for catcher in mutant.catchers)
    tally.ok(f'{mutant.title}: caught by {names} ({time.monotonic() - begin:.0f} s)')


def is_of_power(mutant):
    return any(catcher.kind == 'power' for catcher in mutant.catchers)


def suite(tally, match, of_power=False):
    rows = [m for m in read_rows()
            if match in f'{m.title} {m.path}' and is_of_power(m) == of_power]
    with lock_copy():
        refresh_copy()
        try_all(tally, [m for m in rows if fits(tally, m)])


def fits(tally, mutant):
    reason = mutant.misfit(COPY)
    if reason:
        tally.fail(mutant.title, reason)
    return not reason


def try_all(tally, chosen):
    tests, catchers = MesonTests(), unique_catchers(chosen)
    if not build_all(tally, tests, catchers):
        return
    unfit = without_bugs(tally, tests, catchers)
    for mutant in chosen:
        faults = [unfit[c.key] for c in mutant.catchers if c.key in unfit]
        if not faults:
            try_mutant(tally, tests, mutant)
        elif faults[0][0] == SKIPS:
            tally.skip(mutant.title, faults[0][1])
        else:
            tally.fail(mutant.title, 'its catcher fails without it')


def check():
    misfits = [(mutant, reason) for mutant in read_rows() if (reason := mutant.misfit(ROOT))]
    for mutant, reason in misfits:
        print(f'{mutant.title}: {reason}')
    return 1 if misfits else 0


if __name__ == '__main__':
    if sys.argv[1:] != ['--check']:
        print(__doc__.split('\n\n', 1)[1])
        sys.exit(2)
    sys.exit(check())
