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
# `make test` has one case of each promise; ALL=1 has the broad cases, too, and BROAD=1 has them alone.
ALL ?=
BROAD ?=
# PART=2/4 has the second quarter of the broad cases. Coverage is that of all.
PART ?=
export STIMCTL_PART = $(PART)
WHICH = not soak$(if $(BROAD), and broad,$(if $(ALL),, and not broad))
# A third of the examples of each property; the coverage that is promised is that of all.
BRIEF = $(if $(ALL)$(BROAD)$(COVER),,--hypothesis-profile=brief)
COMPUTING = -m "not pty and $(WHICH)$(if $(BESIDE), and not clock)" -n 2 --timeout=1200
# Tests over real ptys mostly wait. They are looked for only where their mark is: each worker would
# otherwise collect ten thousand tests to run a hundred.
# Two of them keep two cores busy: a third was hardly faster, and once a STOP took 0.4 s to the device.
WAITERS ?= 2
WAITING = -m "(pty or clock) and $(WHICH)" -n $(WAITERS) --dist loadscope \
  $(shell grep -rlE --include='test_*.py' 'mark\.(pty|clock)' tests)
# The tests whose coverage is promised, and of what. COVER=1 measures it within `make test`.
COVERED_TESTS := tests/stimulus tests/safety tests/wire tests/property tests/captures \
  $(filter-out %/test_published.py,$(wildcard tests/treatment/test_*.py)) \
  tests/session/test_session_stages.py \
  tests/devices/test_rehastim2_groups.py tests/devices/test_p24_groups.py \
  tests/session/test_session_leads.py tests/session/test_session_offsets.py \
  $(foreach part,driver connecting echo stopping,tests/devices/test_openemsstim_$(part).py)
COVERAGE := --cov=stimctl.quantity --cov=stimctl.stimulus --cov=stimctl.safety --cov=stimctl.wire \
  --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100
COVER ?=

.PHONY: help demo test test-all test-newest install-all install-newest lint-and-dist compiled test-computing test-waiting lint docs pages examples test-lowest dist cover soak bench removals hazards install install-dev format picture clean

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

examples: $(VENV)/.dev ## run everything in examples/ on simulated devices (two minutes)
	$(BIN)/python -m pytest -q tests/examples tests/plugins/test_toy_api.py --durations=0 --durations-min=1

# Those that compute run in the scheduling class that gets only what is left of the processor: they
# never hold up what is judged in real time.
test: $(VENV)/.dev ## each promise by one case, but for the longest (under five minutes on two cores)
	@$(BIN)/python tools/beside.py .computing.log \
	  "$(MAKE) --no-print-directory test-computing BESIDE=1" \
	  "$(MAKE) --no-print-directory test-waiting"

test-all: ## the same with all cases of each promise; only the soak has more
	@$(MAKE) --no-print-directory test ALL=1

# $(call on-newest,TARGET,ELSE): make TARGET with the newest Python that there is, in its own environment.
on-newest = newest=; for v in 3.15 3.14 3.13 3.12; do newest=$$(tools/fetch_python.sh $$v) && break; done; \
	  [ -n "$$newest" ] || { echo "NOT TESTED on a newer Python: none is here, and none could be fetched"; $(2)exit; }; \
	  echo "with $$($$newest --version):"; \
	  $(MAKE) --no-print-directory $(1) VENV=.venv-newest PYTHON="$$newest"

test-newest: ## all those that compute, on the newest Python that this machine has or can fetch
	@$(call on-newest,test-computing ALL=1,$(if $(COVER),$(MAKE) --no-print-directory cover ALL=1; )\
	    $(MAKE) --no-print-directory test-computing BROAD=1 COVER=; )

# All that the CI needs, each beside another: an installation keeps one processor busy.
install-all: $(VENV)/bin/python
	@$(BIN)/python tools/beside.py .install.log "$(MAKE) --no-print-directory install-newest" \
	  "$(MAKE) --no-print-directory $(VENV)/.dist"
install-newest:
	@$(call on-newest,install-dev)

# The linters beside what else keeps one processor busy. The first look at the tests compiles them, and
# each worker of pytest-xdist would do so anew. What is wrong with them, the tests themselves will say.
lint-and-dist: $(VENV)/.dev
	@$(BIN)/python tools/beside.py .lint.log "$(MAKE) --no-print-directory lint" \
	  "$(MAKE) --no-print-directory dist compiled QUICK=1"
compiled: $(VENV)/.dev
	@for one in $(VENV) .venv-newest; do [ ! -x $$one/bin/pytest ] || $$one/bin/python -m pytest -q --collect-only >/dev/null || :; done

# The lowest versions that pyproject.toml allows. The terminal UI needs more of Textual than the rest
# (stimctl.tui.ui_packages), so its tests have an environment of their own.
LOWEST_TESTS ?= tests/cli tests/safety tests/stimulus tests/treatment tests/records tests/report tests/export
# Before 0.26 typer uses what click has deprecated since 8.5.
OLD_TYPER := -W "ignore:'click.utils.get_:DeprecationWarning"
LOWEST := .venv-lowest
LOWEST_UI := .venv-lowest-ui
test-lowest: ## the tests of LOWEST_TESTS and the terminal UI's, with the lowest versions of every dependency
	@for one in $(LOWEST) $(LOWEST_UI); do \
	  [ -x $$one/bin/uv ] || { $(PYTHON) -m venv $$one && $$one/bin/python -m pip install --quiet uv; } || exit; done
	@$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[test]'
	@$(LOWEST_UI)/bin/uv pip install --quiet --python $(LOWEST_UI)/bin/python --resolution lowest-direct \
	  --editable '.[test]' 'textual>=8.2.7'
	$(LOWEST)/bin/python -m pytest -q $(COMPUTING) $(OLD_TYPER) $(LOWEST_TESTS) --ignore=tests/tui
	$(LOWEST_UI)/bin/python -m pytest -q $(COMPUTING) $(OLD_TYPER) tests/tui

test-computing: $(if $(COVER),cover) $(VENV)/.dev
	$(BIN)/python -m pytest -q $(COMPUTING) $(BRIEF) $(if $(COVER),$(addprefix --ignore=,$(COVERED_TESTS)))

test-waiting: $(VENV)/.dev
	$(BIN)/python -m pytest -q $(WAITING)

lint: $(VENV)/.dev docs ## ruff, mypy --strict, the import contracts, the site without a warning
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev ## the documentation site, in build/site; a dead link or heading is an error
	$(BIN)/python -m sphinx -q -E -n -W --keep-going -d build/pages -c docs . build/site
	@echo "the site: build/site/index.html"

pages: $(VENV)/.dev ## every page of docs/ that is made from the program
	$(BIN)/python -m tools.make_pages

cover: ALL := 1
cover: override PART :=
cover: $(VENV)/.dev ## 100 % branch coverage of quantity, stimulus, safety, wire
	$(BIN)/python -m pytest -q $(COMPUTING) $(COVERED_TESTS) $(COVERAGE)

soak: $(VENV)/.dev ## three quarters of an hour: treatment hours with faults, kill -9, fuzzing, random keys
	$(BIN)/python -m pytest -q -s -m soak --hypothesis-profile=default
	$(BIN)/python -m pytest -q -m "not soak" --hypothesis-profile=default $(shell grep -rl --include='test_*.py' 'import examples' tests)

removals: $(VENV)/.dev ## take out one safety control after the other; its test must fail each time
	$(BIN)/python -m tools.remove_controls

hazards: $(VENV)/.dev ## docs/reference/hazards.md from the tests, with the figures they measure now
	$(BIN)/python -m pytest -q -m "hazard and not soak" --junitxml=.hazards.xml; \
	  ended=$$?; $(BIN)/python -m tools.make_hazards --figures .hazards.xml && exit $$ended

$(VENV)/.dist: pyproject.toml | $(VENV)/.dev
	@$(PIP) install --editable '.[dist]' && touch $@

dist: $(VENV)/.dist ## wheel and source distribution, built twice, compared and checked
	@$(BIN)/python tools/make_dist.py $(if $(QUICK),--quick)

bench: $(VENV)/.dev ## stimctl beside its peers, in one run
	$(BIN)/python -m benchmarks

format: $(VENV)/.dev ## let ruff order and format the sources
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

picture: $(VENV)/.runtime ## take the README's picture anew (needs tmux)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/make_picture.py docs/pictures/run.svg 112x26 12 \
	  stimctl run nmes-tka --device sim:p24 --amplitude 1=20mA --area 1=96cm2 \
	  --site 1=left-quadriceps --duration 1min

clean: ## remove .venv and every cache
	rm -rf $(VENV) .venv-newest $(LOWEST) $(LOWEST_UI) .computing.log .newest.log .install.log .lint.log .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
