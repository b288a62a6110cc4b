"""clients.py - real clients in; which of them can do what, as tests and as docs/CLIENTS.md, out.

Each client (install_clients.py) is driven through each capability (scenarios.py, tools.py,
connect.py, streams.py, consoles.py) against a penstockd with its default settings; those of
kafka_directory.py start what they need. A cell that fails is a failed test,
unless it stands in does_not_work.txt with its reason; one that stands there and works is a failed
test, too. tests/run calls suite(): few clients in the default run, all when it is named.
"""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import clients_page                                         # noqa: E402
import connect                                              # noqa: E402
import consoles                                             # noqa: E402
import install_clients                                      # noqa: E402
import kafka_directory                                      # noqa: E402
import scenarios                                            # noqa: E402
import streams                                              # noqa: E402
import tools                                                # noqa: E402
from bench import Bench, Failed, Unsupported                # noqa: E402
from clients_page import BROKEN, LACKS, WORKS               # noqa: E402
from gateway import Gateway, Restartable                    # noqa: E402

EXPECTED = os.path.join(HERE, 'does_not_work.txt')
DISTURBED = scenarios.DISTURBED | connect.DISTURBED
APART = DISTURBED | kafka_directory.ALONE       # cells not beside the others of a client


def read_expected():
    """{(client, capability): reason} of does_not_work.txt."""
    rows = {}
    with open(EXPECTED) as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                client, capability, reason = (part.strip() for part in line.split('|'))
                rows[client, capability] = reason
    return rows


class Findings:
    """Cells of one client into the tally, and into build/clients/results for the table."""

    def __init__(self, tally, expected, client):
        self.tally, self.expected, self.client = tally, expected, client
        self.found = {'version': '', 'cells': {}}

    def note(self, capability, outcome, reason=''):
        name = f'{self.client.name}: {capability}'
        known = self.expected.get((self.client.name, capability))
        if known and outcome != BROKEN:
            self.tally.fail(name, f'{outcome} now; does_not_work.txt says: {known}')
        elif outcome == LACKS:
            self.tally.skip(name, reason)
        elif outcome == WORKS:
            self.tally.ok(name)
        elif known is None:
            self.tally.fail(name, f'{reason}\n{self.client.name} | {capability} | ...')
        else:
            self.tally.ok(f'{name} does not work: {known}')
        told = known if outcome == BROKEN and known else reason
        self.found['cells'][capability] = [outcome, told]


def try_cell(findings, capability, scenario):
    try:
        scenario()
        findings.note(capability, WORKS)
    except Unsupported as lack:
        findings.note(capability, LACKS, str(lack))
    except Failed as wrong:
        findings.note(capability, BROKEN, str(wrong))
    except Exception as wrong:      # of the gateway, or of an answer that nobody expects
        findings.note(capability, BROKEN, f'{type(wrong).__name__}: {wrong}')


def run_client(tally, client, cells, expected):
    """All of a client's cells: the calm ones on one gateway, each other on one of its own."""
    try:
        client.install()
    except install_clients.NotHere as reason:
        tally.skip(client.name, str(reason))
        return
    findings = Findings(tally, expected, client)
    findings.found['version'] = client.version
    try:
        calm = {name: cell for name, cell in cells.items() if cell not in APART}
        if calm or not client.version:
            run_calm(findings, client, calm)
        for name, cell in cells.items():
            if cell in DISTURBED:
                try_cell(findings, name, lambda: disturb(client, cell))
            elif cell in kafka_directory.ALONE:
                try_cell(findings, name, lambda: cell(Bench(None, client)))
    except (AssertionError, Failed) as error:
        tally.fail(f'{client.name}: the gateway starts, drains and its ledgers balance', str(error))
    clients_page.keep(client, findings.found)


def run_calm(findings, client, cells):
    with Gateway() as gateway:
        bench = Bench(gateway, client)
        findings.found['version'] = client.version or bench.version()
        for name, cell in cells.items():
            try_cell(findings, name, lambda: cell(bench))


def disturb(client, cell):
    with Restartable() as gateway:
        cell(Bench(gateway, client))


# ---- what is run ---------------------------------------------------------------------------

class Table:
    """Clients and what is asked of each; how much of it the default run asks."""

    def __init__(self, title, clients, capabilities, few_clients, few_capabilities):
        self.title, self.clients, self.capabilities = title, clients, capabilities
        self.few_clients, self.few_capabilities = few_clients, few_capabilities

    def cells(self, client, match, are_all):
        if not are_all and client.name not in self.few_clients:
            return {}
        return {name: cell for name, cell in self.capabilities.items()
                if match in f'{client.name}: {name}' and (are_all or name in self.few_capabilities)}


TABLES = [
    Table('Clients', install_clients.CLIENTS, scenarios.CAPABILITIES, install_clients.FEW,
          scenarios.FEW),
    Table("Kafka's own tools", install_clients.TOOLS, tools.CAPABILITIES, (), ()),
    Table("Kafka's directory", install_clients.DIRECTORIES, kafka_directory.CAPABILITIES,
          ('kafka-4',), kafka_directory.FEW),
    Table('Kafka Connect', install_clients.CONNECT, connect.CAPABILITIES, (), ()),
    Table('Kafka Streams', install_clients.STREAMS, streams.CAPABILITIES, (), ()),
    Table('Consoles', install_clients.CONSOLES, consoles.CAPABILITIES, ('consoles',),
          consoles.CAPABILITIES),
]


def suite(tally, match, are_all):
    """What is asked for, client by client; at the end of a run of all, the page."""
    os.environ['PENSTOCK_BUILD'] = os.path.join(install_clients.ROOT, 'build')
    install_clients.install_packages('clients' if are_all else 'few-clients')
    expected = read_expected()
    cells = {(client.name, name) for table in TABLES for client in table.clients
             for name in table.capabilities}
    for row in sorted(set(expected) - cells):
        tally.fail(f'does_not_work.txt names a cell: {row}')
    for table in TABLES:
        for client in table.clients:
            if cells := table.cells(client, match, are_all):
                begin = time.monotonic()
                run_client(tally, client, cells, expected)
                print(f'          {client.name} took {time.monotonic() - begin:.0f} s', flush=True)
    if are_all:
        print(clients_page.text(TABLES))
        if not match:
            clients_page.write(TABLES)
