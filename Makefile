# Everything runs in .venv of this checkout. Needed beforehand: Python 3.11+, make, a C toolchain.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help

.PHONY: help install browser demo docs test lint types contracts check lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv and install the project with its pinned dependencies

# torch first and by its exact version: a range would let pip take a build with CUDA packages.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Python 3.11 or newer is needed; $(PYTHON) is {v.major}.{v.minor} (make PYTHON=python3.11 ...)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch==2.13.0 -c constraints.txt
	$(BIN)/python -m pip install --quiet -e '.[dev]' -c constraints.txt
	@touch $(STAMP)

demo: install ## Audit 24 configurations on the built-in backbone (about 4 minutes)
	$(BIN)/talan demo

docs: install ## Build the docs as a site, which `talan serve` shows under /help
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

# The pages are tested in a real Chromium. As root on Debian it is installed; elsewhere the reader is told.
browser: ## Make sure that there is a Chromium for the tests of the pages
	@command -v chromium > /dev/null || command -v google-chrome > /dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	else \
	  echo "The tests of the pages need Chromium: install it (Debian: apt-get install chromium)" >&2; exit 1; \
	fi

# Workers share out files (pytest-xdist's groups come to nothing with pytest 9.2). Three of them, for two
# cores: there is always one that waits, for a lease to run out or for a database that is down.
# `.venv/bin/python -m pytest PATH::TEST` runs a test by itself.
test: install browser ## Run the tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: install ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## Check types
	$(BIN)/mypy

contracts: install ## Check that imports go one way
	$(BIN)/lint-imports

check: lint types contracts docs test ## Everything that CI checks

lock: ## Resolve the dependencies afresh and write constraints.txt
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/python -m pip install --quiet --upgrade pip
	.lock/bin/python -m pip install --quiet torch==2.13.0
	.lock/bin/python -m pip install --quiet -e '.[dev]'
	( echo "# Written by 'make lock': the versions that the tests ran with."; \
	  .lock/bin/python -m pip freeze --exclude-editable | sed 's/^\(torch==[0-9.]*\)+.*/\1/' ) > constraints.txt
	rm -rf .lock

clean: ## Remove .venv and caches; studies and artifacts stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
