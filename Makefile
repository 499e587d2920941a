# What people do with mape, one word each; `make` alone lists them. Portable to GNU Make 3.81 (macOS).
#
#   PYTHON=/path/to/python3   the interpreter for .venv
#   ARGS="--seconds 10"       more arguments, for demo, test, system and bench
PYTHON ?=
export PYTHON
# The notice of mkdocs-material about its own future; docs/adr/0002 has taken note.
export NO_MKDOCS_2_WARNING := 1
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check system bench docs pictures setup setup-system pins all clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: ## set up what is missing, then watch a loop keep a web service healthy (40 s)
	@scripts/setup-venv .venv demo
	@$(BIN)/mape demo $(ARGS)

test: setup setup-system ## set up what is missing, then run all tests, on every Python 3.11 to 3.13 that is found
	@scripts/run-tests $(ARGS)

check: setup ## format, lint, types, layers, shell scripts, documentation: everything that is not a test
	@scripts/run-checks

system: setup setup-system ## only the tests with real processes, signals and sockets
	@$(BIN)/python -m pytest -m system $(ARGS)

bench: setup ## print the benchmarks' ratios
	@$(BIN)/python -m benchmarks $(ARGS)

docs: setup ## build the documentation into site/, strictly
	@$(BIN)/mkdocs build --strict --quiet
	@echo "documentation: site/index.html"

pictures: setup setup-system ## take the pictures of the live page in docs/images/ anew
	@scripts/make-screenshots
	@scripts/make-animation

setup: ## make .venv with all that development needs
	@scripts/setup-venv .venv dev,docs

setup-system: ## install the Debian packages that some tests need, where that is allowed
	@scripts/setup-system

pins: ## resolve all dependencies anew and write requirements/constraints.txt
	@scripts/pin-versions

all: test check ## everything a change must pass

clean: ## remove what was built and set up
	rm -rf .venv .venv-3.* build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
