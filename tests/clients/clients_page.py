"""clients_page.py - what runs have found in, docs/CLIENTS.md out.

What was found of a client stays in build/clients/results, so that a run of one client shows its
cells beside those of earlier runs.
"""
import json
import os

from install_clients import CACHE, ROOT

RESULTS = os.path.join(CACHE, 'results')
PAGE = os.path.join(ROOT, 'docs/CLIENTS.md')
WORKS, LACKS, BROKEN = 'works', 'lacks', 'broken'

HEAD = """# Which client can do what

Stock clients, each in a network namespace of its own with a `penstockd` of **default settings**.
`tests/run clients` installs them, drives each through every row, lets a checker outside decide
(lost, doubled, reordered, phantom) and writes this page. What is expected not to work stands in
`tests/clients/does_not_work.txt`; a row of it that begins to work fails the suite. For "Kafka's
directory" segments are small and a log loses its head; how a directory changes hands:
[MIGRATING.md](MIGRATING.md#a-brokers-log-directory).

yes: works. **no**: does not. –: the client has no such thing. The number says why. Empty: not run.
How a client is driven, and how another is added: `tests/clients/README.md`.
"""


def read(client):
    path = os.path.join(RESULTS, f'{client.name}.json')
    if not os.path.exists(path):
        return {'version': '', 'cells': {}}
    with open(path) as file:
        return json.load(file)


def keep(client, found):
    """found: {'version': text, 'cells': {capability: [WORKS, LACKS or BROKEN, reason]}}."""
    os.makedirs(RESULTS, exist_ok=True)
    cells = {**read(client)['cells'], **found['cells']}
    with open(os.path.join(RESULTS, f'{client.name}.json'), 'w') as file:
        json.dump({**found, 'cells': cells}, file)


def rows_of(table, reasons):
    """The lines of a table; reasons grows by those that its cells name."""
    results = [read(client) for client in table.clients]
    heads = [f'{client.name}<br>{found["version"]}' for client, found
             in zip(table.clients, results)]
    yield '| | ' + ' | '.join(heads) + ' |'
    yield '|---|' + '---|' * len(heads)
    for capability in table.capabilities:
        cells = [shown(found['cells'].get(capability), reasons) for found in results]
        yield f'| {capability} | ' + ' | '.join(cells) + ' |'


def shown(cell, reasons):
    if cell is None:
        return ''
    outcome, reason = cell
    if outcome == WORKS:
        return 'yes'
    if reason not in reasons:
        reasons.append(reason)
    return f'{"**no**" if outcome == BROKEN else "–"} {reasons.index(reason) + 1}'


def text(tables):
    lines, reasons = [HEAD], []
    for table in tables:
        lines += [f'## {table.title}', '', *rows_of(table, reasons), '']
    if reasons:
        lines += ['## Why not', '']
        lines += [f'{number}. {reason}' for number, reason in enumerate(reasons, 1)] + ['']
    return '\n'.join(lines)


def write(tables):
    with open(PAGE, 'w') as file:
        file.write(text(tables))
