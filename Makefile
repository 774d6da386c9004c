# stimctl: `make demo` and `make test` are all a newcomer needs; both build .venv on first use.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# The first interpreter on PATH that is new enough; PYTHON=... on the command line overrides it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# The tests start a thousand processes. Each would compile every module anew where this is set.
export PYTHONDONTWRITEBYTECODE :=
# BESIDE=1: beside the tests that wait, which take those that look at the clock; the rest may be slow.
BESIDE ?=
COMPUTING = -m "not pty and not soak$(if $(BESIDE), and not clock)" -n 2 --timeout=1200
# Tests over real ptys mostly wait. They are looked for only where their mark is: each worker would
# otherwise collect ten thousand tests to run a hundred.
# Two of them keep two cores busy: a third was hardly faster, and once a STOP took 0.4 s to the device.
WAITERS ?= 2
WAITING = -m "(pty or clock) and not soak" -n $(WAITERS) --dist loadscope \
  $(shell grep -rlE --include='test_*.py' 'mark\.(pty|clock)' tests)
# The tests whose coverage is promised, and of what. COVER=1 measures it within `make test`.
COVERED_TESTS := tests/stimulus tests/safety tests/wire tests/property \
  tests/devices/test_rehastim2_groups.py \
  $(foreach part,driver connecting echo stopping,tests/devices/test_openemsstim_$(part).py)
COVERAGE := --cov=stimctl.quantity --cov=stimctl.stimulus --cov=stimctl.safety --cov=stimctl.wire \
  --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100
COVER ?=

.PHONY: help demo test test-newest test-computing test-waiting lint cover soak bench removals hazards install install-dev format picture clean

help: ## show these lines
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo "stimctl needs Python 3.11 or newer, and none was found on PATH."; \
	  echo "Debian, Ubuntu: sudo apt-get install python3 python3-venv    macOS: brew install python"; exit 2; fi
	@$(PYTHON) -m venv $(VENV) 2>/tmp/stimctl-venv.log || { rm -rf $(VENV); \
	  echo "$(PYTHON) could not make a virtual environment. On Debian and Ubuntu:"; \
	  echo "  sudo apt-get install python3-venv"; cat /tmp/stimctl-venv.log; exit 2; }

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	@echo "installing stimctl into $(VENV) ..."
	@$(PIP) install --editable . && touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing stimctl and its test tools into $(VENV) ..."
	@$(PIP) install --editable '.[dev]' && touch $@ $(VENV)/.runtime

install: $(VENV)/.runtime ## make .venv with stimctl in it
install-dev: $(VENV)/.dev ## the same with the tools for tests and linters

demo: $(VENV)/.runtime ## run a real protocol on the P24 twin over a pty (under two minutes)
	@echo 'A shortened session: the protocol asks for 30 minutes, --duration makes it 40 seconds.'
	$(BIN)/stimctl run tens-conventional --device sim:p24 --amplitude 1=12mA --area 1=25cm2 \
	  --site 1=left-forearm-flexor --duration 40s

# Those that compute run in the scheduling class that gets only what is left of the processor: they
# never hold up what is judged in real time.
test: $(VENV)/.dev ## every test (but the soak): those that compute beside those that wait
	@$(BIN)/python tools/beside.py .computing.log \
	  "$(MAKE) --no-print-directory test-computing BESIDE=1" \
	  "$(MAKE) --no-print-directory test-waiting"

test-newest: ## those that compute, on the newest Python that this machine has or can fetch
	@newest=; for v in 3.15 3.14 3.13 3.12; do newest=$$(tools/fetch_python.sh $$v) && break; done; \
	  [ -n "$$newest" ] || { echo "NOT TESTED on a newer Python: none is here, and none could be fetched"; \
	    $(if $(COVER),$(MAKE) --no-print-directory cover; )exit; }; \
	  echo "with $$($$newest --version):"; \
	  $(MAKE) --no-print-directory test-computing VENV=.venv-newest PYTHON="$$newest"

test-computing: $(if $(COVER),cover) $(VENV)/.dev
	$(BIN)/python -m pytest -q $(COMPUTING) $(if $(COVER),$(addprefix --ignore=,$(COVERED_TESTS)))

test-waiting: $(VENV)/.dev
	$(BIN)/python -m pytest -q $(WAITING)

lint: $(VENV)/.dev ## ruff, mypy --strict, the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

cover: $(VENV)/.dev ## 100 % branch coverage of quantity, stimulus, safety, wire
	$(BIN)/python -m pytest -q $(COMPUTING) $(COVERED_TESTS) $(COVERAGE)

soak: $(VENV)/.dev ## three quarters of an hour: treatment hours with faults, kill -9, fuzzing, random keys
	$(BIN)/python -m pytest -q -s -m soak --hypothesis-profile=default
	$(BIN)/python -m pytest -q -m "not soak" --hypothesis-profile=default $(shell grep -rl --include='test_*.py' 'import examples' tests)

removals: $(VENV)/.dev ## take out one safety control after the other; its test must fail each time
	$(BIN)/python -m tools.remove_controls

hazards: $(VENV)/.dev ## docs/hazards.md from the tests, with the figures they measure now
	$(BIN)/python -m pytest -q -m "hazard and not soak" --junitxml=.hazards.xml; \
	  ended=$$?; $(BIN)/python -m tools.make_hazards --figures .hazards.xml && exit $$ended

bench: $(VENV)/.dev ## stimctl beside its peers, in one run
	$(BIN)/python -m benchmarks

format: $(VENV)/.dev ## let ruff order and format the sources
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

picture: $(VENV)/.runtime ## take the README's picture anew (needs tmux)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/make_picture.py docs/pictures/run.svg 112x26 12 \
	  stimctl run nmes-tka --device sim:p24 --amplitude 1=20mA --area 1=96cm2 \
	  --site 1=left-quadriceps --duration 1min

clean: ## remove .venv and every cache
	rm -rf $(VENV) .venv-newest .computing.log .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
