# Every target works on a fresh machine with Python 3.11 (or 3.12) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo
# on both cores; a worker that dies ends the run, and so does a run that takes longer than it may
PARALLEL := --numprocesses 2 --dist loadfile --max-worker-restart=0

.PHONY: help setup demo test test-s3 test-live test-faults test-load test-celery test-docs check docs ui bench clean

help:  ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-11s %s\n", $$1, $$2}'

setup: $(STAMP)  ## Make .venv with everything the project needs

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 12), "Python 3.11 or 3.12 is needed: make PYTHON=python3.11"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)  ## Make a small workspace in demo/ and run everything on it
	$(BIN)/profiling-assets demo $(DEMO)

check: $(STAMP)  ## Lint, types, import rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

test: check  ## All checks and all tests
	$(BIN)/python -m pytest $(PARALLEL) --session-timeout=2400

S3_TESTS := $(addprefix profiling_assets_tests/,workspace/storage/test_s3_*.py workspace/storage/test_interface.py \
	workspace/test_registry_store.py workspace/test_copies.py steps/test_collate_s3.py \
	cli/test_pull_push.py cli/test_run_s3.py)

test-s3: $(STAMP)  ## The tests on S3 against both servers: moto's, then SeaweedFS
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,s3]'
	PROFILING_ASSETS_TEST_S3=moto $(BIN)/python -m pytest $(PARALLEL) $(S3_TESTS)
	PROFILING_ASSETS_TEST_S3=seaweedfs $(BIN)/python -m pytest $(PARALLEL) $(S3_TESTS)

test-live: $(STAMP)  ## Web server and daemon while plates arrive, in a folder and in a bucket
	$(BIN)/python -m pytest -s profiling_assets_tests/cli/live_watch.py profiling_assets_tests/cli/live_watch_s3.py

FAULTS := $(addprefix profiling_assets_tests/faults/long_,kills.py storage_faults.py disk_full.py at_once.py \
		two_locations.py hostile.py exposure.py determinism.py load.py)

test-faults: $(STAMP)  ## Kills, bad connections, full disks, hostile input, secrets, equal bytes: figures of each
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,load]'
	$(BIN)/python -m pytest $(PARALLEL) -rP $(FAULTS)
	PROFILING_ASSETS_TEST_EVERY_PAIR=1 PROFILING_ASSETS_TEST_PLATES=2000 $(BIN)/python -m pytest --numprocesses 2 \
		--max-worker-restart=0 profiling_assets_tests/steps/test_one_bad_input.py profiling_assets_tests/collate/test_layouts.py

test-docs: $(STAMP)  ## Every command of the documentation, the whole tutorial included
	$(BIN)/python -m pytest profiling_assets_tests/cli/test_documented_commands.py profiling_assets_tests/cli/long_documentation.py

docs: $(STAMP)  ## Build the documentation site, links checked: build/site/index.html
	$(BIN)/python -m sphinx -b html -c docs -d build/doctrees -W --keep-going -q . build/site

test-celery: $(STAMP)  ## A batch on two Celery workers that share nothing; one is killed. Installs redis and PostgreSQL
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,celery,postgres]'
	command -v redis-server >/dev/null || apt-get install --yes redis-server
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null || apt-get install --yes postgresql
	$(BIN)/python -m pytest -s profiling_assets_tests/cli/live_celery.py

test-load: $(STAMP)  ## 500 plates on SQLite, 500 on PostgreSQL, a soak: an hour; goes on where it was stopped
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,load]'
	$(BIN)/python -m profiling_assets_tests.load --page docs/load.md

ui: $(STAMP)  ## Open the demo workspace in the web UI
	test -e $(DEMO)/workspace/config_files/demo.yml || $(BIN)/profiling-assets demo $(DEMO)
	$(BIN)/profiling-assets ui --workspace $(DEMO)/workspace --config $(DEMO)/workspace/config_files/demo.yml

bench: $(STAMP)  ## Measure against the peers, side by side, and judge the targets
	$(BIN)/python benchmarks/bench.py

clean:  ## Remove what the targets made
	rm -rf $(VENV) $(DEMO) build benchmarks/.plates benchmarks/.peer .load
