.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# More than there are cores: many tests wait.
PROCESSES = $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 2)")
NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is %s. Another one: make PYTHON=python3.12 ..." % sys.version.split()[0])'

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: .venv/installed-development ## Install the project and its dependencies into .venv

.venv/installed-runtime: pyproject.toml requirements/runtime.lock requirements/build.lock
	@$(NEW_ENOUGH)
	@$(PYTHON) scripts/install.py runtime

.venv/installed-development: pyproject.toml requirements/development.lock
	@$(NEW_ENOUGH)
	@$(PYTHON) scripts/install.py development

run: .venv/installed-runtime ## Start the service with demo data on an embedded PostgreSQL
	@$(BIN)/passport-scorer demo run

# Modules are compiled once, also where the environment says otherwise.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest \
	--numprocesses $(PROCESSES) --dist worksteal

test: install ## Run every test (COVERAGE=1: and compare coverage; ARGS="-n 0 tests/unit/domain": some)
	@$(PYTEST) $(if $(COVERAGE),--cov --cov-report=) $(ARGS)
	@$(if $(COVERAGE),$(BIN)/python scripts/coverage_floors.py)

test-unit: install ## Run the tests that need no database and no process, in seconds
	@$(PYTEST) --numprocesses logical $(wildcard tests/unit tests/api tests/tools) $(ARGS)

test-thorough: install ## Run every test, with 20 times as many examples per property (overnight)
	@HYPOTHESIS_PROFILE=thorough $(PYTEST) --timeout 1800 $(ARGS)

check: install ## Formatting, lint, types, layers, dependencies, queries, prose, CI files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry src tests
	@$(BIN)/passport-scorer db check-queries
	@$(BIN)/python -m scripts.operations_tables --check
	@$(BIN)/python scripts/prose.py
	@$(BIN)/python -m scripts.architecture_map --check
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/pre-commit validate-config

audit: install ## Check the locked dependencies for known vulnerabilities (queries PyPI)
	@$(BIN)/python scripts/audit.py $(ARGS)

bench: install ## Measure the service side by side with the database alone (25 minutes)
	@$(BIN)/python -m benchmarks

chaos: install ## Attack the service, inject failures, and check that no data is lost
	@$(BIN)/python -m tests.chaos $(ARGS)

format: install ## Format the code and sort the imports
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: install ## Update what documents generate from the code: tables, map, OpenAPI
	@$(BIN)/python -m scripts.operations_tables
	@$(BIN)/python -m scripts.architecture_map
	@$(BIN)/python scripts/openapi_documents.py

lock: install ## Pin the newest versions that fit pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --extra embedded pyproject.toml -o requirements/runtime.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --no-strip-extras --extra development pyproject.toml -o requirements/development.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraints requirements/development.lock --extra otel --extra redis pyproject.toml -o requirements/server.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraints requirements/development.lock --extra otel --extra redis --extra aws pyproject.toml -o requirements/aws.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --group build -o requirements/build.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraints requirements/server.lock requirements/lambda.in -o requirements/lambda.lock

release: install ## Build and check a release, print its tag and notes; publishes nothing
	@$(BIN)/python scripts/release.py

clean: ## Remove what was made here, the embedded database included
	@rm -rf .venv .passport-scorer .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage dist

.PHONY: help install run test test-unit test-thorough check audit bench chaos format docs lock \
	release clean
