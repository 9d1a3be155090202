"""`python -m profiling_assets` is the command line."""

from profiling_assets.cli.main import main

if __name__ == "__main__":
    main()
