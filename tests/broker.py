"""broker.py - settings in; a gateway that is ended and started again under its clients, out.

usage: broker.py KEY=VALUE...

What quickstart does for a command, but the namespace and the log outlive the gateway: prints the
clients' environment as JSON, then obeys words on stdin, each answered by a line of JSON:

    restart     SIGTERM, the drain, a start on the same log
    kill        SIGKILL, a start on the same log

until stdin ends; then drains. Exit status as quickstart's.
"""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../config'))
import quickstart                                           # noqa: E402
from sandbox import Sandbox, SandboxError                   # noqa: E402


def end(gateway, word):
    if word == 'kill':
        gateway.process.kill()
        gateway.process.wait()
    elif trouble := gateway.drain():
        raise quickstart.Failure(quickstart.EXIT_BAD_GATEWAY, trouble)


def serve(gateway):
    gateway.start()
    print(json.dumps(dict(gateway.environment(), HOLDER_PID=str(os.getpid()))), flush=True)
    for word in sys.stdin:
        end(gateway, word.strip())
        gateway.start()
        print(json.dumps({'pid': gateway.process.pid}), flush=True)
    end(gateway, 'restart')


def main():
    for number in quickstart.ENDING:
        signal.signal(number, quickstart.end_on)
    sandbox = None
    try:
        words = [part for pair in sys.argv[1:] for part in ('--set', pair)]
        options = quickstart.Options(['run', *words, '--', 'nothing'])
        sandbox = Sandbox(options.port)
        serve(quickstart.Gateway(sandbox, quickstart.Programs(), options))
        return 0
    except quickstart.Failure as failure:
        quickstart.say(failure)
        return failure.status
    except (SandboxError, OSError) as error:
        quickstart.say(error)
        return quickstart.EXIT_NO_GATEWAY
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, quickstart.ENDING)
        if sandbox:
            sandbox.close()


if __name__ == '__main__':
    sys.exit(main())
