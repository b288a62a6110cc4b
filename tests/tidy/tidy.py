#!/usr/bin/env python3
"""tidy.py - the tree's C files in, breaches of layers.txt and of the budgets out.

Usage: tidy.py [--self-test] [--report]
Prints "path:line: rule: what is wrong; what to do instead", exits 1 if there is any.
Budgets are the hard stops; "code line" = neither blank nor comment. A brace that opens an
initialiser is not nesting. Exceptions live in waivers.txt, with a reason.
"""
import glob
import os
import re
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP = ('config', 'control', 'dataplane', 'perf', 'tests')
SCRIPTS = ('.py', '.sh')
# All that may stand at the root; what .gitignore names (build*) is no part of the tree.
AT_ROOT = {*TOP, 'docs', '.ci', '.git', '.gitignore', '.clang-format', 'LICENSE', 'README.md',
           'meson.build', 'meson_options.txt'}

FILE_CODE_LINES = 600
FUNCTION_CODE_LINES = 70
NESTING = 3
PARAMETERS = 6
OWN_HEADERS = 12
LINE_COLUMNS = 100

# rule -> what to do instead; the message of every finding ends in it.
REMEDY = {
    'first-line': 'start the file with "name - what comes in and goes out"',
    'file-length': 'split the file by noun',
    'function-length': 'move a step into a helper; the parent keeps the branches',
    'nesting': 'return early, or give the inner loop its own function',
    'parameters': 'pass a struct',
    'own-headers': 'the file does two jobs; split it',
    'line-width': 'break the line (target 90, tabs are 8)',
    'header-cycle': 'move what both need into a lower header',
    'if-in-function': 'choose the variant by file in meson.build',
    'if-0': 'delete it; git remembers',
    'elsewhere': "declare it in the file's own header, or name the seam in seams.txt",
    'call-circle': 'move what both need into a lower file',
    'basename': 'rename one: a basename means one file everywhere',
    'layer': 'see tests/tidy/layers.txt; move the code or pass what is needed in',
    'layer-through': 'include a header that does without, or pass what is needed in',
    'include-path': 'write includes from the root of the tree',
    'own-header-first': "include the file's own header first",
    'banned': 'or waive it with a reason (at start only, own thread)',
    'mutable-global': 'keep state in a struct that is passed in (the simulator runs several)',
    'dead-file': 'list it in the meson.build of its folder, include it, or delete it',
    'marker': 'do it now or open an issue',
    'doc-name': 'say what is so now',
    'at-root': 'delete it, or give it a folder; scratch goes to /tmp',
    'waiver': 'delete the line in tests/tidy/waivers.txt',
}

# (where it holds, pattern, what is wrong; what to use). Searched in code without comments.
DATA = ('dataplane/',)
ALL = TOP
BANNED = [
    (ALL, r'\b(strcpy|strcat|sprintf|vsprintf|gets)\s*\(', 'unbounded copy; use snprintf'),
    (ALL, r'\b(atoi|atol|atoll)\s*\(', 'hides errors; use strtol and check'),
    (ALL, r'\bstrtok\s*\(', 'hidden state; use strchr or a cursor'),
    (ALL, r'\bcr_assert\s*\(\s*(gt|ge)\s*\(', 'passes when equal in 2.4.1; use cr_assert(a > b)'),
    (DATA, r'\b(malloc|calloc|realloc|free|strdup|rte_malloc|rte_zmalloc)\s*\(',
     'no heap on a data core; use base/map.h at start, then slab.h or chunk.h'),
    (DATA, r'\b(pthread_mutex_\w+|pthread_cond_\w+|rte_spinlock_\w+)\s*\(',
     'no locks on a data core; use dataplane/handoff.h'),
    (DATA, r'\b(clock_gettime|gettimeofday|time|rte_rdtsc|rte_get_timer_cycles)\s*\(',
     'time only through base/clock.h'),
    (DATA, r'\b(rand|random|drand48|getrandom|rte_rand)\s*\(',
     'randomness only through base/entropy.h'),
    (DATA, r'\b(usleep|nanosleep|sleep|rte_delay_us\w*)\s*\(', 'sleep only through base/wake.h'),
    (DATA, r'\b(printf|puts|syslog|rte_log)\s*\(',
     'no log line on a data core; count it in base/stats.def'),
]
# The files that are the seam (or run only at start) and may do what they wrap.
SEAMS = {
    'dataplane/base/clock_linux.c', 'dataplane/base/entropy_linux.c',
    'dataplane/base/wake_linux.c', 'dataplane/base/map.c', 'dataplane/base/require.h',
}


class Finding:
    def __init__(self, path, line, rule, what, function=''):
        self.path, self.line, self.rule, self.what = path, line, rule, what
        self.function = function

    def __str__(self):
        return f'{self.path}:{self.line}: {self.rule}: {self.what}; {REMEDY[self.rule]}'


# ---- reading C -----------------------------------------------------------------------------

LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, keep_strings):
    """The text with comments (and strings) turned into blanks; line numbers stay."""
    def replace(match):
        found = match.group()
        if found[0] in '"\'' and keep_strings:
            return found
        if found[0] in '"\'':
            return found[0] + '_' * (len(found) - 2) + found[0]
        return re.sub(r'[^\n]', ' ', found)
    return LITERAL.sub(replace, text)


def without_directives(code):
    """Preprocessor lines (and what they continue on) blanked."""
    out, continued = [], False
    for line in code.split('\n'):
        directive = continued or line.lstrip().startswith('#')
        continued = directive and line.rstrip().endswith('\\')
        out.append('' if directive else line)
    return '\n'.join(out)


class Function:
    def __init__(self, name, line, parameters):
        self.name, self.line, self.parameters = name, line, parameters
        self.end = line
        self.deepest, self.deepest_line = 0, line


HEAD = re.compile(r'(\w+)\s*\(')
NOT_FUNCTIONS = {'if', 'for', 'while', 'switch', 'return', 'sizeof', '__attribute__', 'defined'}


def count_parameters(inside):
    inside = inside.strip()
    if inside in ('', 'void'):
        return 0
    depth, commas = 0, 0
    for char in inside:
        depth += (char in '([{') - (char in ')]}')
        commas += char == ',' and depth == 0
    return commas + 1


def matching_open(code, close):
    """Index of the "(" that the ")" at close ends."""
    depth = 0
    for i in range(close, -1, -1):
        depth += (code[i] == ')') - (code[i] == '(')
        if depth == 0:
            return i
    return -1


def word_before(code, i):
    match = re.search(r'(\w+)\s*$', code[max(0, i - 80):i])
    return match.group(1) if match else ''


def function_head(code, brace):
    """(name, parameters) when the brace at file scope opens a function, else None."""
    before = code[:brace].rstrip()
    while before.endswith(')'):
        opening = matching_open(before, len(before) - 1)
        name = word_before(before, opening)
        if name in ('__attribute__', '__attribute', 'Test', 'ParameterizedTest'):
            if name != '__attribute__':
                inside = before[opening + 1:-1]
                return '_'.join(p.strip() for p in inside.split(',')[:2]), 0
            before = before[:before.rindex('__attribute__')].rstrip()
            continue
        if not name or name in NOT_FUNCTIONS:
            return None
        return name, count_parameters(before[opening + 1:-1])
    return None


def opens_block(code, brace):
    """Whether a brace inside a function opens a block and not an initialiser."""
    before = code[:brace].rstrip()
    last = before[-1:]
    if last in (';', '{', '}', ':'):
        return True
    if last == ')':
        name = word_before(before, matching_open(before, len(before) - 1))
        return bool(name) and name not in ('return', 'sizeof')
    return word_before(before, len(before)) in ('else', 'do')


def functions(code):
    """Every function of a file without comments and directives."""
    found, stack, current = [], [], None
    line = 1
    for i, char in enumerate(code):
        if char == '\n':
            line += 1
        elif char == '{':
            kind = 'other'
            if current is None and not any(k == 'other' for k in stack):
                head = function_head(code, i)
                if head:
                    current = Function(head[0], line, head[1])
                    kind = 'function'
                elif re.search(r'extern\s+"_*"\s*$', code[:i]):
                    kind = 'extern'
            elif current and opens_block(code, i):
                kind = 'block'
            stack.append(kind)
            if current:
                depth = stack.count('block')
                if depth > current.deepest:
                    current.deepest, current.deepest_line = depth, line
        elif char == '}' and stack:
            if stack.pop() == 'function':
                current.end = line
                found.append(current)
                current = None
    return found


class Source:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
            self.text = file.read()
        self.lines = self.text.split('\n')
        self.with_strings = blank(self.text, True)
        self.code = blank(self.text, False)
        self.plain = without_directives(self.code)
        self.code_lines = [bool(line.strip()) for line in self.code.split('\n')]
        self.functions = functions(self.plain)
        self.own, self.foreign = [], []
        for number, line in enumerate(self.with_strings.split('\n'), 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if match:
                (self.own if match.group(1) == '"' else self.foreign).append(
                    (number, match.group(2)))


# ---- rules on one file ---------------------------------------------------------------------

def check_first_line(source):
    name = os.path.basename(source.path)
    if not source.lines[0].startswith(f'/* {name} - '):
        yield Finding(source.path, 1, 'first-line', f'first line is not "/* {name} - ..."')


def check_script_first_line(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
        lines = file.read().split('\n')
    name = os.path.basename(path)
    first = lines[1] if lines[0].startswith('#!') and len(lines) > 1 else lines[0]
    stem = re.escape(name) if not name.endswith('.py') else re.escape(name[:-3]) + r'(\.py)?'
    if not re.match(rf'("""|# )([\w/]+/)?{stem}( .*)? - ', first):
        yield Finding(path, 1, 'first-line', f'first line is not "{name} - ..."')
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > LINE_COLUMNS:
            yield Finding(path, number, 'line-width', f'{len(line)} columns')


def check_lengths(source):
    count = sum(source.code_lines)
    if source.path.endswith('.c') and count > FILE_CODE_LINES:
        yield Finding(source.path, 1, 'file-length',
                      f'{count} code lines, at most {FILE_CODE_LINES}')
    for number, line in enumerate(source.lines, 1):
        columns = len(line.expandtabs(8))
        if columns > LINE_COLUMNS and not source.path.endswith('.def'):
            yield Finding(source.path, number, 'line-width',
                          f'{columns} columns, at most {LINE_COLUMNS}')
    if source.path.endswith('.c') and len(source.own) > OWN_HEADERS \
            and not source.path.startswith('tests/'):
        yield Finding(source.path, source.own[OWN_HEADERS][0], 'own-headers',
                      f'{len(source.own)} own headers, at most {OWN_HEADERS}')


def check_functions(source):
    for fn in source.functions:
        count = sum(source.code_lines[fn.line - 1:fn.end])
        if count > FUNCTION_CODE_LINES:
            yield Finding(source.path, fn.line, 'function-length',
                          f'{fn.name} has {count} code lines, at most {FUNCTION_CODE_LINES}',
                          fn.name)
        if fn.deepest > NESTING:
            yield Finding(source.path, fn.deepest_line, 'nesting',
                          f'{fn.name} nests {fn.deepest} deep, at most {NESTING}', fn.name)
        if fn.parameters > PARAMETERS:
            yield Finding(source.path, fn.line, 'parameters',
                          f'{fn.name} takes {fn.parameters}, at most {PARAMETERS}', fn.name)


def check_preprocessor(source):
    inside = [False] * (len(source.lines) + 2)
    for fn in source.functions:
        inside[fn.line:fn.end] = [True] * (fn.end - fn.line)
    for number, line in enumerate(source.code.split('\n'), 1):
        if re.match(r'\s*#\s*if\s+[01]\b', line):
            yield Finding(source.path, number, 'if-0', 'code that is switched off or always on')
        elif re.match(r'\s*#\s*if', line) and inside[number]:
            yield Finding(source.path, number, 'if-in-function', '#if inside a function')


def check_markers(source):
    for number, line in enumerate(source.lines, 1):
        match = re.search(r'\b(TODO|FIXME|XXX|HACK)\b', line)
        if match:
            yield Finding(source.path, number, 'marker', f'{match.group()} left behind')


def check_banned(source):
    for where, pattern, why in BANNED:
        if not source.path.startswith(where) or source.path in SEAMS:
            continue
        for number, line in enumerate(source.plain.split('\n'), 1):
            match = re.search(pattern, line)
            if match:
                yield Finding(source.path, number, 'banned',
                              f'{match.group().rstrip("( ")}: {why}')


STATIC = re.compile(r'^(\t*)static\s+(?!inline\b|_Atomic\s+const\b)([^;={(]*)[;=]')


def check_mutable_globals(source):
    if source.path.startswith(('tests/', 'perf/')) or not source.path.endswith('.c'):
        return
    for number, line in enumerate(source.plain.split('\n'), 1):
        match = STATIC.match(line)
        if match and not re.search(r'\bconst\b(?!\s+char\s*\*\s*\w)', match.group(2)):
            yield Finding(source.path, number, 'mutable-global', f'"{line.strip()}"')


FILE_RULES = [check_first_line, check_lengths, check_functions, check_preprocessor,
              check_markers, check_banned, check_mutable_globals]


# ---- rules on the tree ---------------------------------------------------------------------

def read_layers(root):
    modules, never, foreign = [], [], []
    with open(os.path.join(root, 'tests/tidy/layers.txt'), encoding='utf-8') as file:
        for line in file:
            line = line.split('#')[0].strip()
            if '<' in line:
                names, files = line.split('<')
                foreign.append((names.split(), tuple(files.split())))
            elif '!' in line:
                module, banned = line.split('!')
                never.append((module.strip(), tuple(banned.split())))
            elif line:
                module, allowed = line.split(':')
                modules.append((module.strip(), tuple(allowed.split())))
    modules.sort(key=lambda row: -len(row[0]))
    return modules, never, foreign


def layer_of(modules, path):
    """The longest module that is a prefix of the path, and what it may include."""
    return next((row for row in modules if path.startswith(row[0])), ('', ('',)))


def check_layers(root, sources):
    modules, never, foreign = read_layers(root)
    for source in sources.values():
        module, allowed = layer_of(modules, source.path)
        for number, target in source.own:
            if not os.path.exists(os.path.join(root, target)):
                yield Finding(source.path, number, 'include-path', f'"{target}" is no file')
            elif module != layer_of(modules, target)[0] and not target.startswith(allowed):
                yield Finding(source.path, number, 'layer',
                              f'{module} must not include {target}')
        for number, target in source.foreign:
            row = next((files for names, files in foreign if matches(target, names)), None)
            if row is not None and not source.path.startswith(row):
                yield Finding(source.path, number, 'layer',
                              f'<{target}> belongs to {" ".join(row)}')
        for row, banned in never:
            if source.path.startswith(row):
                yield from check_never(sources, source, row, banned)


def check_never(sources, source, module, banned):
    """Includes through which a banned header is seen, however many headers lie between."""
    def sees(path, seen):
        if path.startswith(banned):
            return path
        seen.add(path)
        targets = [t for _, t in sources[path].own if t not in seen] if path in sources else []
        return next((found for t in targets if (found := sees(t, seen))), None)

    for number, target in source.own:
        found = sees(target, set())
        if found:
            yield Finding(source.path, number, 'layer-through',
                          f'{module} must not see {found}, not even through {target}')


def matches(name, patterns):
    return any(name.startswith(p[:-1]) if p.endswith('*') else name == p for p in patterns)


def check_own_header_first(sources):
    for source in sources.values():
        stem = source.path[:-2]
        header, private = stem + '.h', stem + '_private.h'      # the private one includes it
        if source.path.endswith('.c') and header in sources and source.own \
                and source.own[0][1] not in (header, private):
            yield Finding(source.path, source.own[0][0], 'own-header-first',
                          f'{header} is not the first include')


def check_header_cycles(sources):
    done = set()

    def walk(path, trail):
        if path in trail:
            cycle = ' -> '.join(trail[trail.index(path):] + [path])
            yield Finding(path, 1, 'header-cycle', cycle)
            return
        if path in done or path not in sources:
            return
        for _, target in sources[path].own:
            yield from walk(target, trail + [path])
        done.add(path)

    for path in sorted(sources):
        if path.endswith('.h'):
            yield from walk(path, [])


def public_functions(sources):
    """(source, function) for each that other files may call."""
    for source in sources.values():
        if not source.path.endswith('.c') or source.path.startswith(('tests/', 'perf/')):
            continue
        lines = source.plain.split('\n')
        for fn in source.functions:
            first = fn.line - 1
            while first > 0 and lines[first - 1].strip()[-1:] not in ('', ';', '}'):
                first -= 1
            head = ' '.join(lines[first:fn.line]).split(fn.name)[0]
            if fn.name != 'main' and not re.search(r'\bstatic\b', head):
                yield source, fn


def read_seams(root):
    """header -> the files that may define what it declares, and whether each was needed."""
    seams = {}
    with open(os.path.join(root, 'tests/tidy/seams.txt'), encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.split('#')[0].strip()
            if line:
                header, files = line.split(':')
                seams[header.strip()] = [number, tuple(files.split()), False]
    return seams


def check_elsewhere(root, sources):
    """A function that X.c defines and X.h does not declare, unless a seam does."""
    seams = read_seams(root)
    for source, fn in public_functions(sources):
        declared = re.compile(rf'\b{fn.name}\s*[(;]')
        own = sources.get(source.path[:-2] + '.h')
        if own and declared.search(own.plain):
            continue
        seam = next((row for header, row in seams.items() if source.path.startswith(row[1])
                     and header in sources and declared.search(sources[header].plain)), None)
        if seam:
            seam[2] = True
        else:
            yield Finding(source.path, fn.line, 'elsewhere',
                          f'{fn.name} is not declared in {source.path[:-2]}.h', fn.name)
    for header, (number, _, is_used) in seams.items():
        if not is_used:
            yield Finding('tests/tidy/seams.txt', number, 'elsewhere',
                          f'{header} is no seam of these files')


def check_call_circles(sources):
    """Files of one folder whose functions call each other, however many lie between."""
    home = {}
    for source, fn in public_functions(sources):
        home.setdefault(fn.name, set()).add(source.path)
    calls = {}
    for source in sources.values():
        local = {fn.name for fn in source.functions}
        words = set(re.findall(r'\w+', source.plain)) - local
        calls[source.path] = {path for word in words if len(home.get(word, ())) == 1
                              for path in home[word] if path != source.path
                              and os.path.dirname(path) == os.path.dirname(source.path)}
    reach = {}
    for start in calls:
        seen, left = set(), [start]
        while left:
            for path in calls.get(left.pop(), ()):
                if path not in seen:
                    seen.add(path)
                    left.append(path)
        reach[start] = seen
    said = set()
    for path in sorted(calls):
        circle = sorted(p for p in reach[path] if p != path and path in reach.get(p, ()))
        if path.endswith('.c') and circle and path not in said:
            said.update(circle)
            yield Finding(path, 1, 'call-circle', f'calls in a circle with {" ".join(circle)}')


def check_basenames(paths):
    first = {}
    for path in sorted(paths):
        name = os.path.basename(path)
        if name in first:
            yield Finding(path, 1, 'basename', f'{first[name]} has the same name')
        first.setdefault(name, path)


def check_dead_files(root, sources):
    included = {target for source in sources.values() for _, target in source.own}
    listed = ''
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith(('.', 'build'))]
        if 'meson.build' in files:
            with open(os.path.join(folder, 'meson.build'), encoding='utf-8') as file:
                listed += file.read()
    words = set(re.findall(r'[\w.]+', listed))
    # test lists name a test and append .c: "foreach name : ['chunk']" means test_chunk.c
    for path in sources:
        name = os.path.basename(path)
        stem = re.sub(r'^(test|bench|fuzz)_', '', os.path.splitext(name)[0])
        if path.endswith('.c') and name not in words and stem not in words:
            yield Finding(path, 1, 'dead-file', 'no meson.build lists it')
        if path.endswith(('.h', '.def')) and path not in included:
            yield Finding(path, 1, 'dead-file', 'no file includes it')


def check_root(root):
    for name in sorted(os.listdir(root)):
        if name not in AT_ROOT and not name.startswith(('build', '__pycache__')):
            yield Finding(name, 1, 'at-root', 'stands at the root and is not on its list')


PATH_SPAN = re.compile(r'[\w/-]+\.(?:c|h|def|txt)')
NAME_SPAN = re.compile(r'[a-z]+(?:_[a-z0-9]+)+')


def doc_spans(line):
    """(a path, the names said behind it) for each path between backquotes."""
    path, names = '', []
    for span in re.findall(r'`([^`]+)`', line):
        if PATH_SPAN.fullmatch(span):
            yield path, names
            path, names = span, []
        elif NAME_SPAN.fullmatch(span) and line.startswith('|'):
            names.append(span)
    yield path, names


def check_docs(root, sources):
    """Files that docs name are there; in a table a name behind a file's stands in it."""
    paths = sorted(tree_files(root))
    for doc in ['README.md', *sorted(glob.glob('docs/**/*.md', root_dir=root, recursive=True))]:
        if not os.path.exists(os.path.join(root, doc)):
            continue
        with open(os.path.join(root, doc), encoding='utf-8') as file:
            lines = file.read().split('\n')
        for number, line in enumerate(lines, 1):
            for path, names in doc_spans(line):
                found = [p for p in paths if f'/{p}'.endswith(f'/{path}')]
                if path and not found:
                    yield Finding(doc, number, 'doc-name', f'there is no {path}')
                source = sources.get(found[0]) if len(found) == 1 else None
                for name in names if source else []:
                    if not re.search(rf'\b{name}\b', source.code):
                        yield Finding(doc, number, 'doc-name', f'{name} is not in {found[0]}')


# ---- the run -------------------------------------------------------------------------------

def tree_files(root):
    for top in TOP:
        for folder, folders, files in os.walk(os.path.join(root, top)):
            folders[:] = [f for f in folders if f != '__pycache__']
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), root)


def check_tree(root):
    paths = sorted(tree_files(root))
    c_paths = [p for p in paths if p.endswith(('.c', '.h', '.def'))]
    sources = {path: Source(root, path) for path in c_paths}
    for source in sources.values():
        for rule in FILE_RULES:
            yield from rule(source)
    for path in paths:
        if path.endswith(SCRIPTS):
            yield from check_script_first_line(root, path)
    yield from check_layers(root, sources)
    yield from check_own_header_first(sources)
    yield from check_header_cycles(sources)
    yield from check_elsewhere(root, sources)
    yield from check_call_circles(sources)
    yield from check_basenames(c_paths)
    yield from check_dead_files(root, sources)
    yield from check_docs(root, sources)
    yield from check_root(root)


def read_waivers(root):
    waivers = {}
    path = 'tests/tidy/waivers.txt'
    with open(os.path.join(root, path), encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            words = line.split('#')[0].split(None, 2)
            if words:
                where, function = (words[0].split(':') + [''])[:2]
                reason = words[2].strip() if len(words) > 2 else ''
                waivers[where, function, words[1]] = [number, reason, False]
    return waivers


def apply_waivers(findings, waivers):
    for finding in findings:
        waiver = (waivers.get((finding.path, finding.function, finding.rule))
                  or waivers.get((finding.path, '', finding.rule)))
        if waiver and waiver[1]:
            waiver[2] = True
        else:
            yield finding
    for (where, function, rule), (number, reason, used) in waivers.items():
        if not used:
            what = 'waives nothing' if reason else 'gives no reason'
            yield Finding('tests/tidy/waivers.txt', number, 'waiver',
                          f'{where}:{function} {rule} {what}')


def tidy(root):
    return list(apply_waivers(check_tree(root), read_waivers(root)))


def report(root):
    """Shape of the tree: what the targets (not the hard stops) are about."""
    rows = []
    lengths = []
    for path in tree_files(root):
        if path.endswith(('.c', '.h')):
            source = Source(root, path)
            code = sum(source.code_lines)
            lines = sum(bool(line.strip()) for line in source.lines)
            rows.append((code, 100 * (lines - code) // max(lines, 1), path))
            lengths += [sum(source.code_lines[f.line - 1:f.end]) for f in source.functions]
    for code, comments, path in sorted(rows):
        print(f'{code:5} code lines  {comments:3} % comment  {path}')
    lengths.sort()
    if lengths:
        print(f'{len(rows)} files, {sum(r[0] for r in rows)} code lines, {len(lengths)} '
              f'functions: median {lengths[len(lengths) // 2]}, '
              f'p90 {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}')


# ---- does it bite? -------------------------------------------------------------------------

def long_function(body):
    return '/* f.c - a. */\nstatic void f(void)\n{\n' + body + '}\n'


# rule -> files of a tree that breaks exactly this rule (and no other)
PLANTED = {
    'first-line': {'dataplane/base/f.c': 'int x(void);\n'},
    'file-length': {'dataplane/base/f.c': '/* f.c - a. */\n' + 'int x(void);\n' * 601},
    'function-length': {'dataplane/base/f.c': long_function('\tx();\n' * 69)},
    'nesting': {'dataplane/base/f.c': long_function(
        '\tif (a) {\n\tfor (;;) {\n\twhile (b) {\n\tdo {\n\tx = (struct y){1};\n'
        '\t} while (c);\n}\n}\n}\n')},
    'parameters': {'dataplane/base/f.c':
                   '/* f.c - a. */\nstatic void f(int a, int b, int c, int d, int e,'
                   '\n int (*g)(int, int), int h)\n{\n}\n'},
    'own-headers': {'control/f.c': '/* f.c - a. */\n' + ''.join(
        f'#include "control/h{i}.h"\n' for i in range(13)),
        **{f'control/h{i}.h': f'/* h{i}.h - a. */\n' for i in range(13)}},
    'line-width': {'dataplane/base/f.c': '/* f.c - a. */\n/* ' + 'x' * 100 + ' */\n'},
    'header-cycle': {'control/a.h': '/* a.h - a. */\n#include "control/b.h"\n',
                     'control/b.h': '/* b.h - a. */\n#include "control/a.h"\n'},
    'if-in-function': {'dataplane/base/f.c': long_function('#ifdef A\n\tx();\n#endif\n')},
    'if-0': {'dataplane/base/f.c': '/* f.c - a. */\n#if 0\nint x(void);\n#endif\n'},
    'elsewhere': {'dataplane/base/f.c':
                  '/* f.c - a. */\nvoid f(void)\n{\n}\n'},
    'call-circle': {'control/f.c': '/* f.c - a. */\n#include "control/f.h"\n'
                    '#include "control/h.h"\nvoid f(void)\n{\n\th();\n}\n',
                    'control/f.h': '/* f.h - a. */\nvoid f(void);\n',
                    'control/h.c': '/* h.c - a. */\n#include "control/h.h"\n'
                    '#include "control/f.h"\nvoid h(void)\n{\n\tf();\n}\n',
                    'control/h.h': '/* h.h - a. */\nvoid h(void);\n'},
    'basename': {'dataplane/base/f.c': '/* f.c - a. */\n', 'control/f.c': '/* f.c - a. */\n'},
    'layer': {'dataplane/wire/f.c': '/* f.c - a. */\n#include "dataplane/net/n.h"\n',
              'dataplane/net/n.h': '/* n.h - a. */\n'},
    'layer-through': {'tests/tidy/layers.txt':
                      'control/a : control/b\ncontrol/b : control/c\ncontrol/c :\n'
                      'control/a ! control/c\n',
                      'control/a.h': '/* a.h - a. */\n#include "control/b.h"\n',
                      'control/b.h': '/* b.h - a. */\n#include "control/c.h"\n',
                      'control/c.h': '/* c.h - a. */\n',
                      'control/f.c': '/* f.c - a. */\n#include "control/a.h"\n'},
    'include-path': {'dataplane/base/f.c': '/* f.c - a. */\n#include "n.h"\n'},
    'own-header-first': {'control/f.c':
                         '/* f.c - a. */\n#include "control/e.h"\n#include "control/f.h"\n',
                         'control/f.h': '/* f.h - a. */\n', 'control/e.h': '/* e.h - a. */\n'},
    'banned': {'dataplane/base/f.c': long_function('\tmalloc(1);\n')},
    'mutable-global': {'dataplane/base/f.c': '/* f.c - a. */\nstatic unsigned count;\n'},
    'dead-file': {'dataplane/base/alone.c': '/* alone.c - a. */\n'},
    'marker': {'dataplane/base/f.c': '/* f.c - a. TO' + 'DO */\n'},
    'doc-name': {'docs/A.md': '| 1 | `base/f.c` `f_input`, `f_output` | `f.c` |\n',
                 'dataplane/base/f.c': '/* f.c - a. */\nstatic void f_input(void)\n{\n}\n'},
    'at-root': {'.t.sh': 'ninja -C build\n'},
    'waiver': {'tests/tidy/waivers.txt': 'dataplane/base/f.c nesting because\n'},
}


def self_test():
    failed = 0
    for rule in REMEDY:
        with tempfile.TemporaryDirectory() as root:
            with open(os.path.join(ROOT, 'tests/tidy/layers.txt'), encoding='utf-8') as file:
                layers = file.read()
            files = {'tests/tidy/layers.txt': layers, 'tests/tidy/waivers.txt': '',
                     'tests/tidy/seams.txt': '',
                     'meson.build': "'f.c' 'h.c'\n", **PLANTED[rule]}
            for path, text in files.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
                    file.write(text)
            found = [f.rule for f in tidy(root)]
        ok = found == [rule]
        failed += not ok
        print(f'{"ok" if ok else "FAILED"} tidy bites: {rule}' + ('' if ok else f' {found}'))
    return failed


def main():
    if '--self-test' in sys.argv:
        return 1 if self_test() else 0
    if '--report' in sys.argv:
        report(ROOT)
        return 0
    findings = tidy(ROOT)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
