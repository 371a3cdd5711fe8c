# Everything a developer types. Needs Python 3.11 or newer and make; the rest is in requirements.lock.

PORT ?= 8000
# One browser at a time, and as many test processes as share the database well.
TEST_PROCESSES ?= 2

PY := .venv/bin/python
MANAGE := $(PY) manage.py

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test check lint types imports migrations templates tests browser-tests \
        database venv bench screenshots lock stop clean

help:
	@echo "make run          start Bailiwick on http://127.0.0.1:$(PORT) (PORT=… for another)"
	@echo "make test         everything that CI runs"
	@echo "make check        lint and types only"
	@echo "make bench        measure, and write docs/performance.md"
	@echo "make screenshots  take a picture of each page"
	@echo "make lock         pin the newest versions that pyproject.toml allows"
	@echo "make stop         stop the embedded PostgreSQL"
	@echo "make clean        stop it, and remove .venv and .data with all that is in it"

# --- Running --------------------------------------------------------------------------------------

# Also for what `run` needs first: a variable of a target reaches its prerequisites.
run: export DEBUG ?= 1
run: export DEMO ?= 1
run: venv database
	@echo "Bringing the tables up to date"
	@$(MANAGE) migrate --database owner --verbosity 0
	@case "$$DEBUG" in 1|[Tt]rue|on|yes) ;; \
		*) echo "Collecting static files"; $(MANAGE) collectstatic --no-input --verbosity 0;; esac
	@case "$$DEMO" in 1|[Tt]rue|on|yes) $(MANAGE) demo --if-empty;; esac
	@exec $(MANAGE) serve --port $(PORT)

# A server of one's own is prepared only when its administrator is named.
database: venv
	@if [ -z "$$DATABASE_URL" ] || [ -n "$$DATABASE_ADMIN_URL" ]; then \
		$(MANAGE) prepare_database; fi

venv:
	@bin/venv

stop: venv
	@$(PY) -m config.embedded

clean:
	@if [ -x $(PY) ]; then $(PY) -m config.embedded; fi
	@rm -rf .venv .data .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@echo "Clean"

# --- Checking -------------------------------------------------------------------------------------

test: check imports migrations templates tests browser-tests
	@echo "All is well"

check: lint types

lint: venv
	@echo "Lint"
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check .

types: venv
	@echo "Types"
	@BAILIWICK_OFFLINE=1 $(PY) -m mypy --no-error-summary

imports: venv
	@echo "Imports"
	@$(PY) .venv/bin/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }

migrations: venv database
	@echo "Migrations"
	@$(MANAGE) makemigrations --check --dry-run --verbosity 1 >.venv/migrations.log 2>&1 \
		|| { cat .venv/migrations.log; exit 1; }

templates: venv
	@echo "Templates"
	@$(PY) -m djlint --quiet --lint templates

# What is promised is shown here, without a browser; the last lines say how much.
tests: venv database
	@echo "Tests"
	@$(PY) -m pytest -q -n $(TEST_PROCESSES) -m "not browser and not nightly" --all-requirements

browser-tests: venv database
	@echo "Browser tests"
	@if chromium=$$(bin/browser); then \
		CHROMIUM="$$chromium" $(PY) -m pytest -q -m "browser and not nightly"; \
	elif [ "$$CI" = true ]; then \
		echo "No Chromium here, and CI does not skip the browser tests" >&2; exit 1; \
	else \
		echo "******** NO CHROMIUM HERE: THE BROWSER TESTS ARE SKIPPED ********" >&2; \
	fi

# --- Now and then ---------------------------------------------------------------------------------

bench: venv database
	@$(PY) -m pip install --quiet --require-hashes --requirement requirements-bench.lock
	@$(PY) -m tests.bench

screenshots: venv database
	@CHROMIUM=$$(bin/browser) $(PY) -m tests.screenshots

# No address goes into the lock, so it works with whatever index pip is configured for.
lock: venv
	@echo "Pinning"
	@CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet --upgrade --extra dev --generate-hashes --strip-extras \
		--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--output-file requirements.lock pyproject.toml
	@CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet --upgrade --extra bench --generate-hashes --strip-extras \
		--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--constraint requirements.lock --output-file requirements-bench.lock pyproject.toml
