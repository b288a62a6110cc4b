"""compaction.py - whether a gateway takes compacted topics, for those that cannot do without."""
from bench import Unsupported


def require(bench):
    """Unsupported, with what the gateway says, when it refuses them."""
    done = bench.gateway.run(['penstockctl', 'topic', 'create', 'compacted', '--config',
                              'cleanup.policy=compact'], check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors='replace').split('\n')[0]
        raise Unsupported(f'it wants compacted topics: {said}')
    bench.gateway.ctl('topic', 'delete', 'compacted')
