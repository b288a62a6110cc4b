#!/usr/bin/env python3
"""fuzz.py - the fuzz targets run for a while; and their corpora, packed and unpacked.

usage: fuzz.py pack       build-fuzz/corpus/NAME/* made small ─▶ tests/fuzz/corpus/NAME.txt
       fuzz.py run NAME SECONDS    one target, from its packed corpus; exit status 1: it crashed
       fuzz.py coverage   lines of the tree that the corpora reach, by folder

tests/run fuzz runs each target for a bounded time, two at once, beginning with its corpus;
tests/run fuzz --executions N divides so many executions among them instead. What is found on the
way stays in build-fuzz/corpus, and what crashes in build-fuzz/crashes: run the target with it.
"""
import collections
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, 'build-fuzz')
OPTIONS = ['-Dfuzz=true', '-Dsanitize=address,undefined']
SECONDS = 60 if os.environ.get('CI') == 'true' else 15     # of all targets together
AT_ONCE = 2
CORPUS_BYTES_MAX = 15_000   # of one target, packed

# Each target, its share of the time and of the executions (in 1,000), its longest input.
Target = collections.namedtuple('Target', 'time executions bytes')
TARGETS = {
    'ip': Target(100, 300, 1024),
    'fragments': Target(60, 60, 192),
    'tcp_options': Target(40, 200, 80),
    'tcp': Target(200, 80, 512),
    'kafka': Target(200, 20, 1024),
    'kafka_control': Target(100, 130, 1024),
    'kafka_groups': Target(60, 20, 1024),
    'gbt32960': Target(100, 20, 2048),
    'jt808': Target(60, 100, 2048),
    'units': Target(60, 100, 1024),
    'record_batch': Target(100, 150, 1024),
    'log_walk': Target(60, 100, 128),
    'clean_batch': Target(60, 60, 1024),
    'settings': Target(80, 60, 2048),
    'rpc': Target(80, 40, 1024),
}


def target_files():
    return [f'tests/fuzz/fuzz_{name}' for name in TARGETS]


def packed(name):
    return os.path.join(HERE, 'corpus', f'{name}.txt')


def folder(kind, name):
    path = os.path.join(BUILD, kind, name)
    os.makedirs(path, exist_ok=True)
    return path


def unpack(name, path):
    with open(packed(name), encoding='ascii') as file:
        for number, line in enumerate(file):
            with open(os.path.join(path, f'seed-{number}'), 'wb') as out:
                out.write(bytes.fromhex(line))


def fuzz(name, *options, seconds):
    """A target with libFuzzer's options; (exit status, what it said)."""
    command = [os.path.join(BUILD, f'tests/fuzz/fuzz_{name}'), f'-max_len={TARGETS[name].bytes}',
               '-timeout=10', '-rss_limit_mb=3000', f'-artifact_prefix={folder("crashes", name)}/',
               '-print_final_stats=1', *options]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, timeout=seconds,
                              env=dict(os.environ, UBSAN_OPTIONS='print_stacktrace=1'))
        return done.returncode, done.stdout.decode(errors='replace')
    except subprocess.TimeoutExpired as late:
        return None, f'{(late.stdout or b"").decode(errors="replace")}\nno end'


def figures(said):
    """(executions, edges) of a run's end."""
    runs = re.search(r'^stat::number_of_executed_units: (\d+)', said, re.M)
    edges = re.findall(r'cov: (\d+)', said)
    return int(runs.group(1)) if runs else 0, int(edges[-1]) if edges else 0


def run_one(name, executions, seed):
    """(name, executions, edges, seconds, what it said when it failed)."""
    corpus = folder('corpus', name)
    unpack(name, corpus)
    target = TARGETS[name]
    if executions:
        runs = executions * target.executions // sum(t.executions for t in TARGETS.values())
        bound, limit = f'-runs={runs}', 24 * 3600
    else:
        # No second at all would be no end to libFuzzer.
        all_time = sum(t.time for t in TARGETS.values())
        share = max(1, SECONDS * AT_ONCE * target.time // all_time)
        bound, limit = f'-max_total_time={share}', share + 120
    begin = time.monotonic()
    status, said = fuzz(name, bound, *([f'-seed={seed}'] if seed else []), corpus, seconds=limit)
    runs, edges = figures(said)
    return name, runs, edges, time.monotonic() - begin, '' if status == 0 else said


def suite(tally, match, executions, seed):
    chosen = [name for name in TARGETS if match in name]
    total = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for name, runs, edges, took, fault in pool.map(
                lambda name: run_one(name, executions, seed), chosen):
            total += runs
            title = f'{name}: any bytes, and nothing that may not be'
            if fault or runs == 0:
                tally.fail(title, fault or 'it did not run')
            else:
                tally.ok(f'{title} ({runs:,} executions, {edges} edges, {took:.0f} s)')
    print(f'          {total:,} executions in all', flush=True)


# ---- corpora -------------------------------------------------------------------------------

def pack(name):
    """The fewest inputs that reach what all of them reach, shortest first, as many as fit."""
    small = folder('small', name)
    shutil.rmtree(small)
    os.makedirs(small)
    corpus = folder('corpus', name)
    unpack(name, corpus)
    status, said = fuzz(name, '-merge=1', small, corpus, seconds=600)
    if status != 0:
        raise SystemExit(said)
    inputs = []
    for path in glob.glob(f'{small}/*'):
        with open(path, 'rb') as file:
            inputs.append(file.read())
    inputs.sort(key=lambda data: (len(data), data))
    size = 0
    with open(packed(name), 'w', encoding='ascii') as out:
        for data in inputs:
            size += len(data)
            if data and size <= CORPUS_BYTES_MAX:
                out.write(data.hex() + '\n')
    print(f'{name}: {len(inputs)} inputs, {size} bytes')


# ---- coverage ------------------------------------------------------------------------------

COVERED = os.path.join(ROOT, 'build-fuzz-coverage')


def gcov_lines(path):
    """{file: {line: was it run}} of one .gcda."""
    said = subprocess.run(['gcov', '--json-format', '--stdout', path], cwd=os.path.dirname(path),
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    for part in said.decode().split('\n'):
        if not part:
            continue
        told = json.loads(part)
        for file in told['files']:
            full = os.path.join(told['current_working_directory'], file['file'])
            yield (os.path.relpath(os.path.realpath(full), ROOT),
                   {line['line_number']: line['count'] > 0 for line in file['lines']})


def gcov_files():
    """Every .gcda of the build; those of targets that compile their sources begin with a dot."""
    for folder_name, _, names in os.walk(COVERED):
        yield from (os.path.join(folder_name, n) for n in names if n.endswith('.gcda'))


def coverage():
    install = os.path.join(ROOT, 'config/install')
    replays = [f'tests/fuzz/replay_{name}' for name in TARGETS]
    subprocess.run([install, 'build', COVERED, '-Db_coverage=true', '-Doptimization=0', '--',
                    *replays], cwd=ROOT, check=True)
    for old in list(gcov_files()):
        os.remove(old)
    for name, replay in zip(TARGETS, replays):
        subprocess.run([os.path.join(COVERED, replay), packed(name)], check=True)
    lines = collections.defaultdict(dict)
    for path in gcov_files():
        for file, found in gcov_lines(path):
            for line, is_run in found.items():
                lines[file][line] = lines[file].get(line, False) or is_run
    show_coverage(lines)


def show_coverage(lines):
    by_folder = collections.defaultdict(lambda: [0, 0])
    for file, found in lines.items():
        if file.startswith(('dataplane/', 'control/', 'config/')) and file.endswith('.c'):
            for key in (os.path.dirname(file), file):
                by_folder[key][0] += sum(found.values())
                by_folder[key][1] += len(found)
    for key, (run, there) in sorted(by_folder.items()):
        print(f'{run:5} of {there:5} lines  {100 * run // there:3} %  {key}')


def run_alone(name, seconds):
    corpus = folder('alone', name)
    shutil.rmtree(corpus)
    os.makedirs(corpus)
    unpack(name, corpus)
    status, said = fuzz(name, f'-max_total_time={seconds}', '-seed=1', corpus,
                        seconds=int(seconds) + 120)
    print(said)
    return 0 if status == 0 else 1


def main():
    if sys.argv[1:2] == ['run'] and len(sys.argv) == 4:
        sys.exit(run_alone(*sys.argv[2:]))
    if sys.argv[1:2] == ['pack']:
        for name in sys.argv[2:] or TARGETS:
            pack(name)
    elif sys.argv[1:] == ['coverage']:
        coverage()
    else:
        print(__doc__.split('\n\n', 1)[1])
        sys.exit(2)


if __name__ == '__main__':
    main()
