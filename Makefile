# Each target calls the real tool; set-up steps are no-ops once done.
.PHONY: demo test test-faults check bench fmt lock setup clean
ARGS ?=
PY := .venv/bin/python

demo: ## hub, broker and six rating boxes on this machine: make demo ARGS="--port 8123"
	@./setup.sh demo
	@.venv/bin/onedoor demo $(ARGS)

test: ## all tests; ARGS go to pytest
	@./setup.sh test
	$(PY) -m pytest -n 2 $(ARGS)

test-faults: ## the faults in full counts: kills, cuts, full disks, forgeries, fuzz
	@./setup.sh test
	ONEDOOR_FAULTS=full $(PY) -m pytest tests/faults -n 2 $(ARGS)

check: ## style, types, import rules, generated files, device files compile
	@./setup.sh test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.build/node node_modules/pyright/index.js
	.build/node node_modules/pyright/index.js -p firmware
	.venv/bin/lint-imports
	$(PY) protocol/generate.py --check
	$(PY) -m pytest -q tests/rules

bench: ## figures beside their baselines
	@./setup.sh test
	$(PY) tests/bench/run.py $(ARGS)

fmt: ## format and mend what ruff can
	@./setup.sh test
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: ## pin all dependencies anew: make lock ARGS=--upgrade
	@./setup.sh test
	.tools/bin/uv pip compile pyproject.toml --all-extras --group setup --group node --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-config -q -o requirements.lock $(ARGS)
	npm install --package-lock-only

setup: ## everything the other targets need
	@./setup.sh test

clean: ## remove what setup.sh made
	rm -rf .tools .venv .build node_modules hub/onedoor_hub/static/vendor
