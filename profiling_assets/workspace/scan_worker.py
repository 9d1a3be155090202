"""A process that looks at a share of the plates for another one (`python -m`, never imported).

Put here: reading what is asked from the standard input, answering on the standard output.
Do not put here: which process looks at what and what a look is (`scan_many`).

It ends with the process that asked: that one holds the input open until it has the answer.
"""

import os
import pickle
import sys
import threading


def main() -> None:
    """Answer what is asked."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    asked = sys.stdin.buffer
    # both ends of the pipe are this package's, of one user
    sys.path[:] = pickle.load(asked)  # noqa: S301
    workspace, keys, csv_dir, quick = pickle.load(asked)  # noqa: S301
    threading.Thread(target=_end_with, args=(asked.fileno(),), daemon=True).start()

    # here and not above: the search path is that of the other process from here on
    from profiling_assets.workspace.scan_many import expect_many, look_in_threads

    expect_many()
    pickle.dump(look_in_threads(workspace, keys, csv_dir, quick=quick), answers)
    answers.flush()


def _end_with(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
