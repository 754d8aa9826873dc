# `make demo` and `make test` do all the set-up they need on a machine with Python 3.11+ and Node 20+.

PYTHON ?= python3
VENV := .venv/bin
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export CDK_DISABLE_CLI_TELEMETRY := 1

LOCK := $(VENV)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.PHONY: help setup demo test benchmarks lint format synth lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.complete .emulator/.complete .validator/.complete node_modules/.complete ## Install everything, in this folder only

demo: .venv/.complete .emulator/.complete node_modules/.complete ## Cluster all provinces of the Philippines on an embedded AWS (DEMO_ARGS="--force" redoes all)
	@$(VENV)/python -m cli.demo $(DEMO_ARGS)

test: setup lint ## Lint, types, every test, and whether anything has become slower
	$(VENV)/python -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)
	$(VENV)/python -m benchmarks.guard

benchmarks: setup .first_system/.complete .image/.complete ## Measure everything again and write docs/performance.md (half an hour)
	for name in engine whole_file cold_start nation growth page; do $(VENV)/python -m benchmarks.$$name || exit 1; done

lint: setup ## Formatting, lint, types, and which package may import which
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports

format: setup ## Rewrite the code in the house style
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

synth: setup ## Write the CloudFormation template to cdk.out
	node_modules/.bin/cdk synth --quiet

lock: setup ## Choose the newest versions that the requirements allow, and write them down
	$(LOCK) -o requirements.lock requirements.txt
	$(LOCK) -o requirements-dev.lock -c requirements.lock requirements-dev.txt
	$(LOCK) -o lambdas/clustering/requirements.lock -c requirements.lock lambdas/clustering/requirements.in
	$(LOCK) -o cli/embedded/requirements.lock cli/embedded/requirements.in
	$(LOCK) -o tests/validator/requirements.lock tests/validator/requirements.in
	$(LOCK) -o benchmarks/first_system.lock -c requirements.lock benchmarks/first_system.in

clean: ## Remove all that was installed or built
	rm -rf .venv .emulator .validator .first_system .image node_modules build cdk.out *.egg-info

.venv/.complete: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(VENV)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.emulator/.complete: cli/embedded/requirements.lock
	$(PYTHON) -m venv .emulator
	.emulator/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

.validator/.complete: tests/validator/requirements.lock
	$(PYTHON) -m venv .validator
	.validator/bin/python -m pip install --quiet --require-hashes -r $<
	HOME=$(CURDIR)/.validator .validator/bin/python -c "import duckdb_extensions as d; d.import_extension('spatial')"
	@touch $@

.first_system/.complete: benchmarks/first_system.lock
	$(PYTHON) -m venv .first_system
	.first_system/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

.image/.complete: lambdas/clustering/requirements.lock
	$(PYTHON) -m venv .image
	.image/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

node_modules/.complete: package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@
