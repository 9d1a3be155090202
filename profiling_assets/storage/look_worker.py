"""Where a process of before 0.2.0 finds its worker (`python -m`); until 0.3.0."""

from profiling_assets.workspace.scan_worker import main

if __name__ == "__main__":
    main()
