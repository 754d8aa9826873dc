# `make demo` and `make test` do all the set-up they need on a machine with Python 3.11+ and Node 20+.

PYTHON ?= python3
VENV := .venv/bin
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export CDK_DISABLE_CLI_TELEMETRY := 1

LOCK := $(VENV)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

IMAGE ?= sampling-units
# What `cdk deploy` would build for, unless it is given.
ARCH ?= $(shell JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 $(VENV)/python -c "import json, types; \
	from infra.config import Config; context = json.load(open('cdk.json'))['context']; print(Config.from_context(types.SimpleNamespace(get_all_context=lambda: context)).architecture)")
PLATFORM = linux/$(or $(patsubst x86_64,amd64,$(filter x86_64 arm64,$(ARCH))),$(error ARCH is arm64 or x86_64, not $(ARCH)))

.PHONY: help setup demo test slow-test faults bounds-test coverage e2e image image-test benchmarks lint format parameters synth hostile-page sbom lock clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

setup: .venv/.complete .emulator/.complete .validator/.complete node_modules/.complete sampling_units/report/vendor/.complete ## Install everything, in this folder only

demo: .venv/.complete .emulator/.complete node_modules/.complete sampling_units/report/vendor/.complete ## Cluster all provinces of the Philippines on an embedded AWS (DEMO_ARGS="--force" redoes all)
	@$(VENV)/python -m demo $(DEMO_ARGS)

test: setup lint ## Lint, types, all tests but the slow ones, and whether anything has become slower
	$(VENV)/python -m pytest -n auto --dist loadgroup -m "not image and not slow" $(PYTEST_ARGS)
	$(VENV)/python -m benchmarks.guard

faults: .venv/.complete .emulator/.complete node_modules/.complete sampling_units/report/vendor/.complete ## Runs amid injected faults, for five minutes (FAULTS="--schedules 1000 --seed 1" for as many as that)
	$(VENV)/python -m tests.faults $(FAULTS)

# numba's cache does not know whether the code in it checks bounds: it gets one of its own.
bounds-test: setup ## All tests with the kernels checking every index
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(CURDIR)/build/bounds-checked $(VENV)/python -m pytest -n auto --dist loadgroup -m "not image and not slow" $(PYTEST_ARGS)

slow-test: setup .sbom/.complete ## The tests that take minutes: compiling every kernel, the demonstration, a national run, runs with kills and retries, other software on our files, the page in a browser, most hostile files
	$(VENV)/python -m pytest -n auto --dist loadgroup -m slow $(PYTEST_ARGS)

# The tests of the packages without the emulated AWS. Compiled kernels run unseen: those lines are counted when
# tests/kmeans runs its small cases once more without compilation, in a process of its own.
coverage: setup ## Which lines the tests reach, kernels included: a table by package
	rm -rf build/coverage && mkdir -p build/coverage
	$(VENV)/python -m pytest -n auto --dist loadgroup -m "not image and not slow and not e2e" --cov --cov-report= \
		tests/kmeans/test_without_compilation.py $(addprefix tests/sampling_units/,crs io polygons frame runs sampling test_job.py) \
		$(addprefix tests/lambdas/,kickoff storage) tests/infra $(PYTEST_ARGS)
	$(VENV)/coverage json --quiet -o build/coverage/coverage.json
	@$(VENV)/python -m tests.support.coverage_table build/coverage/coverage.json

e2e: .venv/.complete .emulator/.complete node_modules/.complete sampling_units/report/vendor/.complete ## Deploy, use and destroy by the commands of docs/deploy.md on an embedded AWS (E2E_ARGS=--docker builds and runs the image)
	@$(VENV)/python -m tests.rehearsal $(E2E_ARGS)

# Lambda refuses images with attestations.
image: .venv/.complete sampling_units/report/vendor/.complete ## Build the functions' image with Docker, for the processor in cdk.json (or ARCH=x86_64; BASE=another base image)
	BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build $(BUILD_ARGS) --platform $(PLATFORM) $(if $(BASE),--build-arg BASE=$(BASE)) \
		--file lambdas/clustering/Dockerfile --tag $(IMAGE) .

image-test: .venv/.complete sampling_units/report/vendor/.complete ## Run the image as Lambda would: the emulator, no root, read-only, 1,769 MB; skipped where Docker cannot run
	$(VENV)/python -m pytest -m image tests/image $(PYTEST_ARGS)

benchmarks: setup .first_system/.complete .image/.complete ## Measure everything again and write docs/performance.md (half an hour)
	for name in engine whole_file cold_start nation growth page; do $(VENV)/python -m benchmarks.$$name || exit 1; done

lint: setup ## Formatting, lint (Python and the page's JavaScript), types, and which package may import which
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	node_modules/.bin/biome check --error-on-warnings
	$(VENV)/mypy
	$(VENV)/lint-imports

format: setup ## Rewrite the code in the house style
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .
	node_modules/.bin/biome check --write

parameters: .venv/.complete ## Write the tables of parameters and statuses in docs/, and docs/run-input.schema.json, anew
	$(VENV)/python -m sampling_units.runs.reference docs

synth: setup ## Write the CloudFormation template to cdk.out
	node_modules/.bin/cdk synth --quiet

hostile-page: setup ## Write what becomes of hundreds of files made to do harm to build/hostile-files.md
	$(VENV)/python -m tests.hostile

sbom: .venv/.complete .sbom/.complete ## Write what the functions' image holds to build/sbom.json (CycloneDX), with versions, hashes and licences
	$(VENV)/python -m infra.sbom build/sbom.json

lock: setup ## Choose the newest versions that the requirements allow, and write them down
	$(LOCK) -o requirements.lock requirements.txt
	$(LOCK) -o requirements-dev.lock -c requirements.lock requirements-dev.txt
	$(LOCK) -o lambdas/clustering/requirements.lock -c requirements.lock lambdas/clustering/requirements.in
	$(LOCK) -o demo/embedded/requirements.lock demo/embedded/requirements.in
	$(LOCK) -o tests/validator/requirements.lock tests/validator/requirements.in
	$(LOCK) -o infra/sbom/requirements.lock infra/sbom/requirements.in
	$(LOCK) --no-deps -o tests/image/lambda_base.lock tests/image/lambda_base.in
	$(LOCK) -o benchmarks/first_system.lock -c requirements.lock benchmarks/first_system.in

clean: ## Remove all that was installed or built
	rm -rf .venv .emulator .validator .sbom .first_system .image node_modules sampling_units/report/vendor build cdk.out *.egg-info

.venv/.complete: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(VENV)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.emulator/.complete: demo/embedded/requirements.lock
	$(PYTHON) -m venv .emulator
	.emulator/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

.validator/.complete: tests/validator/requirements.lock
	$(PYTHON) -m venv .validator
	.validator/bin/python -m pip install --quiet --require-hashes -r $<
	HOME=$(CURDIR)/.validator .validator/bin/python -c "import duckdb_extensions as d; d.import_extension('spatial')"
	@touch $@

.sbom/.complete: infra/sbom/requirements.lock
	$(PYTHON) -m venv .sbom
	.sbom/bin/python -m pip install --quiet --require-hashes -r $<
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

# What the report page holds of other projects: files that go into it as they are, each with its licence.
sampling_units/report/vendor/.complete: setup.py node_modules/.complete | .venv/.complete
	$(VENV)/python setup.py --quiet page_libraries
	@touch $@
