# All commands of the project; `make help` lists them. They need make and Python 3.11 or later.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
HOST := localhost
PORT := 3000
INSTALLED := .venv/.installed
BI_CLIENT := .venv/bi-client/.installed
PINNED := pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --no-emit-index-url --quiet
# What libraries need for parts that production does not use: sqlglot for dagster-dbt's lineage; Snowpark and Snowflake's
# Python API, with wheel, setuptools and tzlocal, for dagster-snowflake's components; aiohttp with its own needs for the
# asynchronous clients of Kubernetes and Snowflake; GitPython for dbt projects of other repositories, and typer for the
# command dagster-dbt, each with its own needs; SQLAlchemy's dialect of Snowflake; watchfiles, for a web server that is
# developed.
UNUSED := sqlglot sqlglotc sqlglotrs snowflake-snowpark-python snowflake-core wheel setuptools tzlocal \
	aiohttp aiohappyeyeballs aiosignal frozenlist gitpython gitdb smmap typer annotated-doc shellingham \
	snowflake-sqlalchemy watchfiles
IMAGE := --extra deploy --extra alerts --extra reports --extra metrics --extra lake --extra ml --extra k8s

# Every command finds dagster.yaml here, unless a deployment sets DAGSTER_HOME.
export DAGSTER_HOME := $(or $(DAGSTER_HOME),$(CURDIR))

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

.PHONY: demo
demo: $(INSTALLED) ## Run the last 30 days from an embedded ERP to gold
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets demo

.PHONY: dev
dev: $(INSTALLED) ## Start Dagster's UI at http://localhost:3000; HOST=… and PORT=… choose another address
	@$(BIN)/python -c 'import socket; socket.create_server(("$(HOST)", $(PORT))).close()' 2>/dev/null \
		|| { echo "$(HOST):$(PORT) is taken or not an address of this machine. Choose another: make dev PORT=3001" >&2; exit 1; }
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets demo-files
	@echo "Dagster's UI: http://$(HOST):$(PORT)"
	@PYTHONWARNINGS=ignore $(BIN)/dagster dev --host $(HOST) --port $(PORT) --log-level warning

.PHONY: backfill
backfill: $(INSTALLED) ## Run a range of days: make backfill FROM=2025-01-01 TO=2025-01-31
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets backfill $(FROM) $(TO)

.PHONY: repair
repair: $(INSTALLED) ## List what is missing, failed, stale or different from the ERP, and (OUTDATED=1) of older code; RUN=1 fixes it
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets repair \
		$(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(OUTDATED),--outdated) $(if $(RUN),--run)

.PHONY: retention
retention: $(INSTALLED) ## List Dagster's old history that nothing reads any more; RUN=1 removes it
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets retention $(if $(RUN),--run)

.PHONY: approve
approve: $(INSTALLED) ## List what waits for approval; MONTH=2025-03 WHY='…' publishes it
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets approve $(MONTH) $(if $(WHY),--why "$(WHY)")

.PHONY: doctor
doctor: $(INSTALLED) ## Check every setting, connection and permission, and print what to do
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets doctor

.PHONY: dashboard
dashboard: $(INSTALLED) ## Open the sales dashboard, which needs no server
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets dashboard

.PHONY: docs
docs: $(INSTALLED) ## Build the data dictionary, every table and column, as one page
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets docs

.PHONY: sql
sql: $(INSTALLED) ## Query the warehouse, read-only, without holding its file
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets sql

.PHONY: alerts-test
alerts-test: $(INSTALLED) ## Send a test message to each channel of alerts
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets alerts test

.PHONY: metrics
metrics: $(INSTALLED) ## Show the numbers of monitoring, beside `make dev`
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets metrics --show --url http://$(HOST):$(PORT)

.PHONY: test
test: $(INSTALLED) $(BI_CLIENT) ## Run the tests; with CI=true also measure branch coverage
	@$(BIN)/pytest -m "not exhaustive and not snowflake" $(if $(CI),--cov --cov-report=term)

.PHONY: test-exhaustive
test-exhaustive: $(INSTALLED) ## Run what `make test` leaves out: every moment of a write, both engines, whole deployments, tours
	@$(BIN)/pytest -m exhaustive

.PHONY: lint
lint: $(INSTALLED) ## Check style, types, imports and SQL
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports > /dev/null || $(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests
	@$(BIN)/sqlfluff lint --disable-progress-bar --dialect postgres sales_assets/sources/erp/sql sales_assets/operations/reconciliation/sql/erp_sales_by_day.sql

.PHONY: check
check: lint ## Lint, and run the quick tests
	@$(BIN)/pytest -m "not slow and not snowflake and not exhaustive"

.PHONY: airbyte-snapshot
airbyte-snapshot: $(INSTALLED) ## Rewrite the snapshot of Airbyte's connections, and show the changes
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets airbyte-snapshot

.PHONY: browser
browser: $(INSTALLED) ## Install what the browser test needs beside Chromium (apt-get install chromium)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[browser]'

.PHONY: screenshots
screenshots: browser ## Take the README's pictures again, from a demo of their own
	@PYTHONWARNINGS=ignore $(BIN)/python -m sales_assets_tests.screenshots

.PHONY: bench
bench: $(INSTALLED) ## Measure a safe write, and backfills against a bare script (ten minutes)
	@PYTHONWARNINGS=ignore $(BIN)/python -m bench.warehouse_write
	@PYTHONWARNINGS=ignore $(BIN)/python -m bench.backfill

.PHONY: image-check
image-check: $(INSTALLED) ## Build the image and let a day pass through it, without Docker (root, Debian's buildah and debootstrap)
	@PYTHONWARNINGS=ignore $(BIN)/python -m sales_assets_tests.image_check

.PHONY: format
format: $(INSTALLED) ## Format the code
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/sqlfluff fix --disable-progress-bar dbt_project/models dbt_project/tests

.PHONY: stop
stop: $(INSTALLED) ## Stop the embedded ERP and the emulators
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets stop

.PHONY: reset
reset: $(INSTALLED) ## Delete the demo's data, the local warehouse and Dagster's history
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets reset

.PHONY: psql
psql: $(INSTALLED) ## Open the embedded ERP with psql; SQL="…" runs statements
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets psql $(if $(SQL),"$$SQL")

.PHONY: demo-files
demo-files: $(INSTALLED) ## List the files of the local S3 as partitions; FILE=… puts one into it
	@PYTHONWARNINGS=ignore $(BIN)/sales-assets demo-files $(if $(FILE),"$(FILE)")

.PHONY: lock
lock: ## Update all pinned dependencies, and the image's to the same versions (needs uv)
	@uv pip compile $(PINNED) $(IMAGE) --extra dev --extra demo --upgrade -o requirements.lock
	@uv pip compile $(PINNED) $(IMAGE) --constraint requirements.lock $(UNUSED:%=--no-emit-package %) -o deploy/requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the packages of requirements.lock into .venv (a minute or two) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The DuckDB that BI tools contain, beside the project's own: a test opens the export with it.
$(BI_CLIENT): sales_assets_tests/bi_client.lock $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --no-deps --require-hashes --target $(@D) -r $<
	@touch $@
