# sgbench: set up, demonstrate, test. `make` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
SLOW := # make test SLOW=2/6 adds the second of six parts of the slow tests, SLOW=1/1 all of them
COVERAGE := # make test COVERAGE=90 fails where less is covered, in percent; slower, before Python 3.12

.DEFAULT_GOAL := help
.PHONY: help setup demo test docs bench gpu format clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 18
	@echo "  PYTHON=python3.12 before or after them chooses the interpreter (3.11 or newer)."

setup: $(READY) ## make .venv from the pinned versions; done once, offline afterwards
	@echo "Ready: $$($(BIN)/python --version) and sgbench in $(VENV); make demo is next"

demo: $(READY) ## train Table 1's grid on bundled data and report it, in about two minutes
	@echo "Training Table 1 at scale demo: scikit-learn's digits, nothing to download; records go to .sgbench/"
	@$(BIN)/sgbench run table1 --scale demo --store .sgbench
	@$(BIN)/sgbench report table1 --scale demo --store .sgbench --out report
	@echo "The report is report/table1-demo.md, with its tables and figures beside it"

test: $(READY) ## lint, types, import layers, tests; COVERAGE=90: of at least 90 % of the lines
	@echo "ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@echo "basedpyright"
	@$(BIN)/basedpyright --pythonpath $(BIN)/python
	@echo "import-linter"
	@$(BIN)/lint-imports --no-logo --no-cache
	@echo "pytest"
	@$(BIN)/python -m pytest -q --numprocesses logical --maxprocesses 4 --dist loadfile \
	  $(if $(SLOW),--slow-slice $(SLOW)) \
	  $(if $(COVERAGE),--cov=sgbench --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE))

docs: $(READY) ## write the numbers and figures of README and docs, and build the site
	@$(BIN)/python docs/generate.py
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -d build/doctrees docs build/docs
	@echo "The site is build/docs/index.html"

gpu: $(READY) ## on a machine with a GPU: check it against the CPU, and report its speed
	@$(BIN)/python -c 'import sys, torch; torch.cuda.is_available() or sys.exit("torch sees no GPU here: make gpu is for machines that have one")'
	@$(BIN)/python -m pytest -q tests/gpu
	@$(BIN)/python tests/gpu/report.py --out report/gpu.md
	@echo "The report is report/gpu.md"

bench: $(READY) ## speed against plain PyTorch and against this machine's limit, as ratios
	@$(BIN)/python -m pytest -q --benchmark-only tests/benchmarks

format: $(READY) ## rewrite the code as ruff formats it
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

clean: ## remove .venv, caches and builds; records and reports stay
	@rm -rf $(VENV) build dist docs/gallery *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks .coverage*
	@find bench reports reproductions results tests -name __pycache__ -prune -exec rm -rf {} +

$(READY): constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: name another, as in make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; ok = sys.version_info >= (3, 11); found = sys.version.split()[0]; \
	  sys.exit(None if ok else "sgbench needs Python 3.11 or newer; $(PYTHON) is %s: name another, as in make setup PYTHON=python3.12" % found)'
	@echo "Installing the pinned packages into $(VENV) (the first time a few minutes; PyTorch is most of it)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt setuptools
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[dev,docs]'
	@touch $@
