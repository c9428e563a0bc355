# Everything a developer types. `make run` and `make test` do all their set-up themselves.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help run test test-loss test-faults test-rig test-tools test-pythons fuzz lint wheel tables clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: $(READY) ## record ten seconds of this host with params.example.json
	@tools/activity.sh & $(BIN)/mig-audit run params.example.json

test: $(READY) ## run every test this machine can run; say which were skipped, and why
	$(BIN)/python -m pytest -n auto -m "not kernel and not guest and not exhaustive" $(PYTEST_ARGS)
	$(BIN)/python -m pytest -m "(kernel or guest) and not exhaustive" $(PYTEST_ARGS)

test-faults: $(READY) ## strike a run at every one of its system calls; a hundred runs beside auditd (root, an hour)
	$(BIN)/python -m pytest -m exhaustive -s $(PYTEST_ARGS)

test-rig: $(READY) ## boot a User-Mode-Linux guest for each thing that must not be done to a real host (three minutes)
	$(BIN)/python -m pytest -m guest tests/guest $(PYTEST_ARGS)

test-loss: $(READY) ## lose events in every way a hundred times, and see that the interval holds the truth each time
	MIG_AUDIT_LOSS_RUNS=100 $(BIN)/python -m pytest tests/live/test_loss_interval.py

test-tools: ## install, from Debian's packages, the programs that some tests compare with
	tools/install-test-tools.sh

test-pythons: ## run the tests that need no kernel on every other supported Python that is installed
	tools/test-pythons.sh

fuzz: $(READY) ## read a million mutated records; FUZZ_ARGS="--seed N --records N --minutes N --jobs N"
	$(BIN)/python tests/fuzz/fuzz.py $(FUZZ_ARGS)

lint: $(READY) ## ruff (every rule, exceptions argued in pyproject.toml), format, mypy --strict, tables
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/generate_tables.py --check
	$(BIN)/python tools/generate_docs.py --check

wheel: $(READY) ## build the source archive and the wheel into dist/
	$(BIN)/python -m build --outdir dist .

tables: $(READY) ## make the decoding tables and the generated parts of the docs again
	$(BIN)/python tools/generate_tables.py
	$(BIN)/python tools/generate_docs.py

clean: ## remove what was built
	rm -rf $(VENV) .venv-* dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	tools/make-venv.sh $(PYTHON) $(VENV)
	@touch $@
