#!/usr/bin/env python3
"""run.py - suites in, one line per test and their sum out; tests/run calls it.

usage: tests/run [SUITE...] [--seed N | --seeds N] [--executions N] [--kills N]
                 [--match TEXT]

  tidy      include table, budgets; that each of these rules still bites; mutants apply
  build     gcc and clang, -Werror; at hand gcc, and not the unit tests, which `unit` builds
  docs      generated documentation is what the sources say
  unit      Criterion, AddressSanitizer and UndefinedBehaviorSanitizer
  tsan      rings, sleep and what cores publish, under ThreadSanitizer
  sim       the whole gateway from a seed, a few storms and crowds; --seed N replays one,
            --seeds N runs so many
  fuzz      bytes of any kind at every reader, for 15 s in all; --executions N: so many
  net       Linux as TCP peer through tap and veth
  interop   kcat, python3-kafka, T-Box frames and datagrams over real sockets
  abuse     attacks of bounded size on a running gateway, honest clients beside them
  clients   stock clients of Java, Python, Go and C, a few capabilities of each; when it is
            named, all clients and all capabilities (docs/CLIENTS.md)
  crash     kill -9 and SIGTERM under load; syncs and answers in the kernel's order; --kills N:
            so many of the former in each test that kills again and again
  mutants   planted bugs: the test that should see each does; only when it is named
  power     power cuts in a guest, on ext4 and xfs; only when it is named

Without a SUITE all but mutants and power run, in this order, in about 15 minutes on two CPUs. Where
CI=true some take longer: 1,000 seeds, not 100; 20 kills, not 5; fuzz a minute, not 15 s; an
attack lasts a second at least, not half of one; unit tests of random cases run all of theirs
(tests/rounds.h); and clang builds everything, too. --match runs only tests whose name has TEXT in
it (unit, fuzz, net, interop, abuse, clients, crash, mutants, power). The last line is the sum;
exit status 1 when a test failed.
"""
import collections
import concurrent.futures
import contextlib
import glob
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INSTALL = os.path.join(ROOT, 'config/install')
JOBS = str(os.cpu_count() or 2)
IS_CI = os.environ.get('CI') == 'true'
DOCS = '^docs_'         # meson tests that compare a generated page with the committed one
SKIPPED = 77            # exit status of a script or program that cannot run here


class Tally:
    """Counts tests and prints each."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, other):
        """What has been printed elsewhere."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def ok(self, name, count=1):
        self.passed += count
        print(f'  ok      {name}', flush=True)

    def fail(self, name, text=''):
        self.failed += 1
        self.failures.append(name)
        print(f'  FAILED  {name}', flush=True)
        for line in text.strip().split('\n')[-60:]:
            print(f'          {line}', flush=True)

    def skip(self, name, reason):
        self.skipped += 1
        print(f'  skipped {name}: {reason}', flush=True)

    def check(self, name, command, **options):
        """One test: a command that has to exit 0. Returns its output."""
        done = run(command, **options)
        if done.returncode == 0:
            self.ok(name)
        elif done.returncode == SKIPPED:
            self.skip(name, (done.stdout.strip().split('\n') or ['no reason given'])[-1])
        else:
            self.fail(name, f'{" ".join(command)}: exit status {done.returncode}\n{done.stdout}')
        return done


class Request:
    """What the command line asks for."""

    def __init__(self, words):
        self.suites, self.seed, self.seeds, self.match = [], None, None, ''
        self.executions = self.kills = None
        words = list(words)
        while words:
            word = words.pop(0)
            if word in ('--seed', '--seeds', '--executions', '--kills', '--match') and words:
                setattr(self, word[2:], words.pop(0))
            elif word in SUITES:
                self.suites.append(word)
            else:
                print(__doc__.split('\n\n', 1)[1])
                raise SystemExit(0 if word in ('-h', '--help') else 2)
        self.is_default = not self.suites
        self.suites = self.suites or [s for s in SUITES if s not in ('mutants', 'power')]


def run(command, env=None, timeout=900):
    try:
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              errors='replace', timeout=timeout,
                              env=dict(os.environ, **(env or {})))
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b'').decode(errors='replace')
        return subprocess.CompletedProcess(command, 1, f'{output}\nno end after {timeout} s')


def build(directory, *options, targets=(), compiler=None):
    env = {'CC': compiler} if compiler else {}
    words = [INSTALL, 'build', directory, *options]
    return run(words + (['--', *targets] if targets else []), env=env)


# ---- suites that need no gateway -----------------------------------------------------------

def suite_tidy(tally, request):
    tidy = os.path.join(ROOT, 'tests/tidy/tidy.py')
    for line in run([sys.executable, tidy, '--self-test']).stdout.strip().split('\n'):
        verdict, name = line.split(' ', 1)
        tally.ok(name) if verdict == 'ok' else tally.fail(name)
    tally.check('the tree keeps the include table and the budgets', [sys.executable, tidy])
    mutants = os.path.join(ROOT, 'tests/mutants/mutants.py')
    tally.check('every planted bug still applies', [sys.executable, mutants, '--check'])


def suite_build(tally, request):
    if IS_CI or not request.is_default:
        for compiler, directory in (('gcc', 'build'), ('clang', 'build-clang')):
            done = build(directory, compiler=compiler)
            name = f'{compiler} builds everything with -Werror'
            tally.ok(name) if done.returncode == 0 else tally.fail(name, done.stdout)
    elif require_programs(tally, 'build'):
        tally.ok('gcc builds all but the unit tests with -Werror')
    check_every_test_is_built(tally)
    check_names_of_modules(tally)


def check_every_test_is_built(tally):
    """A test that no target is made of would never fail."""
    listed = json.loads(run(['meson', 'introspect', '--targets', 'build']).stdout)
    built = {os.path.relpath(path, ROOT) for target in listed
             for part in target['target_sources'] for path in part.get('sources', [])}
    there = {os.path.relpath(path, ROOT)
             for path in glob.glob(os.path.join(ROOT, 'tests/**/*.c'), recursive=True)}
    forgotten = sorted(there - built)
    name = 'every file of tests/ is built'
    tally.fail(name, '\n'.join(forgotten)) if forgotten else tally.ok(name)


def check_names_of_modules(tally):
    """Suites are discovered one after the other in one process: of two of a name one is lost."""
    names = collections.Counter(map(os.path.basename,
                                    glob.glob(os.path.join(ROOT, 'tests/*/test_*.py'))))
    twice = [name for name, count in names.items() if count > 1]
    name = 'no two files of Python tests have one name'
    tally.fail(name, '\n'.join(twice)) if twice else tally.ok(name)


def suite_docs(tally, request):
    if require_programs(tally, 'docs'):
        for test in run_meson(tally, 'build', meson_tests('build', 'unit', DOCS)):
            report_program(tally, test)


def require_build(tally, suite, directory, *options, targets=()):
    done = build(directory, *options, targets=targets)
    if done.returncode != 0:
        tally.fail(f'{suite}: build in {directory}', done.stdout)
    return done.returncode == 0


def require_programs(tally, suite):
    """Builds what runs without sanitizers: all but the unit tests, a third of the build's work,
    which run with them. `meson test` builds those few of them that run in `build`, too."""
    if not require_build(tally, suite, 'build', targets=['build.ninja']):
        return False
    listed = json.loads(run(['meson', 'introspect', '--targets', 'build']).stdout)
    ours = [os.path.relpath(target['filename'][0], os.path.join(ROOT, 'build'))
            for target in listed if target['type'] == 'executable'
            and not os.path.relpath(target['defined_in'], ROOT).startswith('tests/unit/')]
    return require_build(tally, suite, 'build', targets=ours)


def meson_tests(directory, suite, pattern=''):
    """Names of the meson tests of a suite that match."""
    listed = run(['meson', 'introspect', '--tests', directory])
    return [test['name'] for test in json.loads(listed.stdout)
            if any(s.split(':')[-1] == suite for s in test['suite'])
            and re.search(pattern, test['name'])]


def run_meson(tally, directory, names, env=None):
    """Runs meson tests; what meson logged of each. None at all is a failure."""
    log = os.path.join(ROOT, directory, 'meson-logs/testlog.json')
    if os.path.exists(log):
        os.remove(log)
    done = run(['meson', 'test', '-C', directory, '--num-processes', JOBS,
                '--timeout-multiplier', '4', *names], env=env, timeout=1800) if names else None
    if not os.path.exists(log):
        tally.fail(f'tests of {directory}', done.stdout if done else 'there are none')
        return []
    with open(log) as file:
        return [json.loads(line) for line in file]


def report_program(tally, test):
    """A test program without tests inside: one test."""
    name = test['name'].split(' / ')[-1]
    if test['result'] in ('OK', 'EXPECTEDFAIL'):
        tally.ok(name)
    elif test['result'] == 'SKIP':
        tally.skip(name, last_line(test))
    else:
        tally.fail(name, output_of(test))


def output_of(test):
    return f'{test["result"]}\n{test.get("stdout", "")}\n{test.get("stderr", "")}'


def last_line(test):
    lines = (test.get('stdout', '') + test.get('stderr', '')).strip().split('\n')
    return lines[-1] or 'no reason given'


SYNTHESIS = re.compile(r'Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)')


def report_criterion(tally, test):
    """A Criterion program: as many tests as its summary says."""
    text = re.sub(r'\x1b\[[0-9;]*m', '', output_of(test))
    summary = SYNTHESIS.search(text)
    if not summary:
        report_program(tally, test)
        return
    tested, passing, failing, crashing = map(int, summary.groups())
    name = test['name'].split(' / ')[-1]
    skips = text.count('[SKIP]')
    if passing:
        tally.ok(f'{name}: {passing} tests', count=passing)
    for line in re.findall(r'\[SKIP\] (.*)', text):
        tally.skip(name, line.strip())
    for _ in range(failing + crashing):
        tally.fail(name, text)
    if tested == 0 and skips == 0:
        tally.fail(name, 'the program holds no test')
    elif test['result'] != 'OK' and failing + crashing == 0:
        tally.fail(name, text)


def unit_tests(directory, request):
    return [name for name in meson_tests(directory, 'unit')
            if request.match in name and not re.search(DOCS, name)]


def suite_unit(tally, request):
    directory = 'build-asan'
    if not (require_programs(tally, 'unit') and
            require_build(tally, 'unit', directory, '-Dsanitize=address,undefined')):
        return
    logs = os.path.join(ROOT, directory, 'sanitizer')
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)
    # Criterion passes a test that leaks; a log file does not.
    env = {'ASAN_OPTIONS': f'log_path={logs}/asan:log_exe_name=1:detect_leaks=1',
           'UBSAN_OPTIONS': f'log_path={logs}/ubsan:log_exe_name=1:print_stacktrace=1'}
    names = unit_tests(directory, request)
    # Of some a sanitizer's build has nothing to test.
    others = [name for name in unit_tests('build', request) if name not in names]
    if not names and not others:
        tally.fail('unit', f'no test has {request.match} in its name')
    for build, part in ((directory, names), ('build', others)):
        if part:
            for test in run_meson(tally, build, part, env):
                report_criterion(tally, test)
    found = sorted(glob.glob(f'{logs}/*'))
    if not found:
        tally.ok('no sanitizer has anything to say')
    for path in found:
        with open(path, errors='replace') as file:
            tally.fail(f'sanitizer log {os.path.basename(path)}', file.read())


def suite_tsan(tally, request):
    # these programs are built with ThreadSanitizer whatever the rest is built with
    if require_programs(tally, 'tsan'):
        for test in run_meson(tally, 'build', meson_tests('build', 'tsan'),
                              {'TSAN_OPTIONS': 'halt_on_error=1'}):
            report_program(tally, test)


SEEDS = 1000 if IS_CI else 100
SEEDS_PER_SANITIZED = 25
STORMS = 6
CROWDS = 2


def run_seeds(tally, program, first, count, how='', env=None):
    done = run([program, '--from', str(first), '--seeds', str(count)], env=env, timeout=1800)
    report_seeds(tally, done, f'{count} seeds{how}: nothing lost, doubled or reordered')


def run_storms(tally, program):
    done = run([program, '--storm', '--seeds', str(STORMS)])
    report_seeds(tally, done, f'{STORMS} storms: ten times too much, and everybody is answered')


def run_crowds(tally, program):
    done = run([program, '--crowd', '--seeds', str(CROWDS)])
    report_seeds(tally, done, f'{CROWDS} crowds: ten thousand requests wait at once, some are '
                 'fenced or lose their connection, and each other is answered once')


def report_seeds(tally, done, name):
    told = re.sub(r'^seed \d+: \d+ lives.*\n', '', done.stdout, flags=re.M)
    tally.ok(name) if done.returncode == 0 else tally.fail(name, told)


def run_sanitized(tally, first, count):
    directory = 'build-asan'
    program = 'tests/sim/penstock-sim'
    if require_build(tally, 'sim', directory, '-Dsanitize=address,undefined',
                     targets=[program]):
        # A gateway that crashes gives nothing back.
        run_seeds(tally, os.path.join(ROOT, directory, program), first, count,
                  ' under AddressSanitizer and UndefinedBehaviorSanitizer',
                  {'ASAN_OPTIONS': 'detect_leaks=0'})


def suite_sim(tally, request):
    if not require_programs(tally, 'sim'):
        return
    program = os.path.join(ROOT, 'build/tests/sim/penstock-sim')
    if request.seed:
        tally.check(f'seed {request.seed}', [program, '--seed', request.seed])
    else:
        seeds = int(request.seeds or SEEDS)
        # A seed costs a good deal more under sanitizers: few, but not those that run without.
        sanitized = seeds // SEEDS_PER_SANITIZED
        run_seeds(tally, program, 1, seeds - sanitized)
        run_storms(tally, program)
        run_crowds(tally, program)
        if sanitized:
            run_sanitized(tally, seeds - sanitized + 1, sanitized)
    if names := meson_tests('build', 'sim'):
        for test in run_meson(tally, 'build', names):
            report_program(tally, test)


def import_fuzz():
    sys.path.insert(0, os.path.join(ROOT, 'tests/fuzz'))
    import fuzz
    return fuzz


def suite_fuzz(tally, request):
    fuzz = import_fuzz()
    done = build('build-fuzz', *fuzz.OPTIONS, targets=fuzz.target_files(), compiler='clang')
    if done.returncode != 0:
        tally.fail('fuzz: build in build-fuzz', done.stdout)
        return
    fuzz.suite(tally, request.match, int(request.executions or 0), request.seed)


# ---- suites that talk to a gateway ---------------------------------------------------------

SHOWN_FROM_S = 2        # what a test took


class Reporter(unittest.TestResult):
    """unittest's events into the tally."""

    def __init__(self, tally):
        super().__init__()
        self.tally = tally
        self.begin = 0

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    @staticmethod
    def title(test):
        method = getattr(test, '_testMethodName', str(test))
        name = re.sub(r'^test_', '', method).replace('_', ' ')
        return f'{type(test).__name__}: {name}' if hasattr(test, '_testMethodName') else name

    def addSuccess(self, test):
        took_s = time.monotonic() - self.begin
        shown = f', {took_s:.0f} s' if took_s >= SHOWN_FROM_S else ''
        self.tally.ok(self.title(test) + shown)

    def addFailure(self, test, err):
        self.tally.fail(self.title(test), self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self.tally.fail(self.title(test), self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self.tally.skip(self.title(test), reason)

    def addSubTest(self, test, subtest, err):
        if err:
            self.tally.fail(f'{self.title(test)} {subtest._subDescription()}',
                            self._exc_info_to_string(err, test))


def each_test(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from each_test(item)
        else:
            yield item


GATEWAYS_AT_ONCE = 2


def run_class(tests):
    """One class's tests in a process of their own; what they printed, and their figures."""
    tally, said = Tally(), io.StringIO()
    with contextlib.redirect_stdout(said):
        unittest.TestSuite(tests).run(Reporter(tally))
    return said.getvalue(), tally


def run_beside(tally, tests):
    """Classes beside each other: their tests wait more than they work. Those that say
    `is_alone` measure how soon something is done, and come last, one after the other."""
    classes = {}
    for test in tests:
        classes.setdefault(type(test), []).append(test)
    alone = [tests for kind, tests in classes.items() if getattr(kind, 'is_alone', False)]
    beside = [tests for tests in classes.values() if tests not in alone]
    with concurrent.futures.ProcessPoolExecutor(GATEWAYS_AT_ONCE) as processes:
        done = [processes.submit(run_class, tests) for tests in beside]
        for future in concurrent.futures.as_completed(done):
            said, of_class = future.result()
            print(said, end='', flush=True)
            tally.add(of_class)
    for tests in alone:
        unittest.TestSuite(tests).run(Reporter(tally))


def suite_with_gateway(folder, is_alone=False):
    def suite(tally, request):
        if not require_programs(tally, folder):
            return
        os.environ['PENSTOCK_BUILD'] = os.path.join(ROOT, 'build')
        os.environ['PENSTOCK_KILLS'] = request.kills or ''
        sys.path.insert(0, os.path.join(ROOT, 'tests'))
        sys.path.insert(0, os.path.join(ROOT, 'config'))
        path = os.path.join(ROOT, 'tests', folder)
        found = unittest.TestLoader().discover(path, 'test_*.py', path)
        chosen = [t for t in each_test(found) if request.match in Reporter.title(t)]
        if is_alone:
            unittest.TestSuite(chosen).run(Reporter(tally))
        else:
            run_beside(tally, chosen)
        names = [n for n in meson_tests('build', folder) if request.match in n]
        for test in run_meson(tally, 'build', names) if names else ():
            report_program(tally, test)
    return suite


def suite_clients(tally, request):
    suite_with_gateway('clients', is_alone=True)(tally, request)
    sys.path.insert(0, os.path.join(ROOT, 'tests/clients'))
    import clients
    clients.suite(tally, request.match, are_all=not request.is_default)


def import_mutants():
    sys.path.insert(0, os.path.join(ROOT, 'tests/mutants'))
    import mutants
    return mutants


def suite_mutants(tally, request):
    import_mutants().suite(tally, request.match)


FILE_SYSTEMS = ('ext4', 'xfs-noreflink', 'xfs')


def suite_power(tally, request):
    """Nothing is missing after a power cut; then that what would be missing is missed."""
    program = os.path.join(ROOT, 'tests/power/power.py')
    for name in FILE_SYSTEMS:
        title = f'{name}: 50 power cuts, and nothing that was acknowledged is missing'
        if request.match in title:
            words = [sys.executable, program, name, *seed_words(request)]
            print_end(tally.check(title, words))
    import_mutants().suite(tally, request.match, of_power=True)


def seed_words(request):
    return ['--seed', request.seed] if request.seed else []


def print_end(done):
    for line in done.stdout.strip().split('\n'):
        print(f'          {line}', flush=True)


SUITES = {
    'tidy': suite_tidy,
    'build': suite_build,
    'docs': suite_docs,
    'unit': suite_unit,
    'tsan': suite_tsan,
    'sim': suite_sim,
    'fuzz': suite_fuzz,
    'net': suite_with_gateway('net'),
    'interop': suite_with_gateway('interop'),
    'abuse': suite_with_gateway('abuse', is_alone=True),
    'clients': suite_clients,
    'crash': suite_with_gateway('crash'),
    'mutants': suite_mutants,
    'power': suite_power,
}


def main():
    request = Request(sys.argv[1:])
    tally = Tally()
    begin = time.monotonic()
    for name in request.suites:
        started = time.monotonic()
        print(f'{name}:', flush=True)
        try:
            SUITES[name](tally, request)
        except Exception as error:      # a suite that breaks is a failure, not the end
            tally.fail(f'{name}: the suite itself', repr(error))
        print(f'  -- {name} took {time.monotonic() - started:.0f} s', flush=True)
    print(f'{time.monotonic() - begin:.0f} s in all')
    for name in tally.failures:
        print(f'failed: {name}')
    print(f'{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped')
    return 1 if tally.failed else 0


if __name__ == '__main__':
    sys.exit(main())
