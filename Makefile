# Two commands set everything up on a machine with Python 3.11 or newer:  make run   and   make test
# PYTHON=python3.13 chooses the interpreter; a .venv made with another one is made again.

VENV   := .venv
BIN    := $(VENV)/bin
SERVE  ?= stripe
PYTEST ?= -n logical --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help run test lint types imports unit format docs setup dev clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

run: setup ## set up .venv and serve Stripe (SERVE="stripe --seed 7 --port 4011" for something else)
	@exec $(BIN)/twin serve $(SERVE)

test: lint types imports unit ## set up .venv and run every check: lint, types, imports, tests

setup: ## .venv with the package and what every twin in it needs
	@PYTHON="$(PYTHON)" sh .ci/setup "$(VENV)" okta,mail

dev: ## .venv with the package and everything the checks need
	@PYTHON="$(PYTHON)" sh .ci/setup "$(VENV)" dev

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

imports: dev
	$(BIN)/lint-imports

unit: dev
	$(BIN)/python -m pytest $(PYTEST)

format: dev ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: dev ## write docs/cli.md and docs/coverage from the code
	$(BIN)/python -m twinkit.cli.reference > docs/cli.md
	mkdir -p docs/coverage
	for twin in $$(ls docs/coverage | sed 's/\.md$$//'); do $(BIN)/twin coverage $$twin --write || exit 1; done

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
