# One command for each task. Packages are installed into .venv; data is stored in RISKHUB_HOME (./var).

PYTHON ?=
PYTEST_ARGS ?=
WORKERS ?= 2
PY := .venv/bin/python
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run backup verify-backup restore test services check venv venv-dev bench chaos soak lock clean

# Finds the first Python that is new enough (PYTHON=... names one), then creates .venv from the given lock file.
define bootstrap
@python=; for name in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; done; \
if [ -z "$$python" ]; then \
  echo "riskhub: $(or $(PYTHON),python3) is missing or older than 3.11." \
    "Fix: install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
"$$python" riskhub/engine/bootstrap.py $(1)
endef

compile = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links $(LOCK_ARGS) pyproject.toml

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18
	@echo "  Variables: PORT, RISKHUB_BIND, RISKHUB_HOME, RISKHUB_SAMPLE=0, DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL,"
	@echo "  EMAIL_URL, RISKHUB_URL for run; PYTEST_ARGS, CHROME for test; PYTHON for all."

venv:
	$(call bootstrap,requirements.txt)

venv-dev:
	$(call bootstrap,requirements-dev.txt)

run: venv ## run Riskhub on this machine, with its own PostgreSQL and Valkey, until Ctrl-C
	@exec $(PY) -m riskhub.engine

backup: venv ## back up to RISKHUB_HOME/backups, or to TO=/folder; Riskhub may run meanwhile
	@exec $(PY) -m riskhub.engine backup "$(TO)"

verify-backup: venv ## restore FROM=/folder/riskhub-... into a temporary database and compare it
	@exec $(PY) -m riskhub.engine verify_backup "$(FROM)"

restore: venv ## restore FROM=/folder/riskhub-... into an empty RISKHUB_HOME or database
	@exec $(PY) -m riskhub.engine restore "$(FROM)"

test: venv-dev ## all checks and all tests; PYTEST_ARGS="-k word" for some
	@$(PY) riskhub/engine/testrun.py --workers "$(WORKERS)" -- $(PYTEST_ARGS)

services: venv-dev ## the tests with a real MLflow (installed into .venv-services), Prometheus and Alertmanager
	@test -x .venv-services/bin/mlflow || .venv/bin/uv venv --quiet --python $(PY) .venv-services
	@.venv/bin/uv pip sync --quiet --require-hashes --python .venv-services/bin/python tests/services/mlflow.txt
	@$(PY) -m pytest -q tests/services

check: venv-dev ## style, types, imports, migrations, packages (writes riskhub.cdx.json), the flow at ten moments
	@$(PY) riskhub/engine/testrun.py --checks-only

bench: venv-dev ## measure the speed
	@exec $(PY) -m bench $(BENCH_ARGS)

chaos: venv-dev ## check that nothing is lost when processes and servers are killed
	@exec $(PY) -m chaos $(CHAOS_ARGS)

soak: venv-dev ## live through four simulated weeks of 40 people, and check that nothing was lost
	@exec $(PY) -m chaos 27 $(CHAOS_ARGS)

lock: venv-dev ## write the lock files from the dependencies in pyproject.toml
	@$(compile) -o requirements.txt
	@$(compile) --group dev -o requirements-dev.txt

clean: ## remove .venv and caches; the data in RISKHUB_HOME stays
	@rm -rf .venv .venv-services .bootstrap.lock .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
