# `make` lists the targets. Everything lives in .venv; nothing else on the machine is touched.

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-compile
LISTEN ?= 127.0.0.1:9840
IMAGE ?= localhost/bk-task-exporter
RUNS ?= 100000
CHECKS := generated-check format-check lint types
UV ?= uv
UV_COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-header $(if $(UPGRADE),--upgrade)

export PYTHONUTF8 := 1
# Where it is set, every start would compile everything anew: all packages, and all tests.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev demo test test-real coverage coverage-floor check $(CHECKS) format docs constraints image release bench profile faults soak fuzz clean force

help: ## List the targets
	@echo "Usage: make TARGET [PYTHON=/path/to/python3.11]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.run ## Install the exporter and its pinned dependencies into .venv

setup-dev: $(VENV)/.dev ## ... and what tests and checks need

demo: $(VENV)/.run ## Run the exporter on a simulated BlueKing (LISTEN=127.0.0.1:9840)
	$(BIN)/bk-task-exporter demo --web.listen-address $(LISTEN)

test: $(VENV)/.dev ## Run the tests that need nothing but Python (ARGS="-k sops -x")
	$(BIN)/python -m pytest -m "not real" -n auto $(ARGS)

test-real: $(VENV)/.real ## Run the tests that need Prometheus, Alertmanager, Chromium, Helm, kubectl
	$(BIN)/python -m pytest -m real -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: $(VENV)/.dev ## Run the tests and hold lines and branches to 95 % each
	$(MAKE) test ARGS="--cov --cov-report= $(ARGS)"
	$(MAKE) coverage-floor

coverage-floor: $(VENV)/.dev
	$(BIN)/python -m coverage report
	$(BIN)/python -m tools.coverage_floor 95

check: $(VENV)/.dev ## Check format, lint, types and that generated files are fresh
	@$(MAKE) --no-print-directory --keep-going $(CHECKS)

generated-check: $(VENV)/.dev
	$(BIN)/python -m tools.generate --check

format-check: $(VENV)/.dev
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Write the generated files anew
	$(BIN)/python -m tools.generate

constraints: ## Pin the dependencies anew with uv (UPGRADE=1 takes newer versions)
	@command -v $(UV) >/dev/null || { echo "uv is missing: pip install uv, or name it with UV=/path/to/uv" >&2; exit 1; }
	$(UV_COMPILE) pyproject.toml -o constraints/run.txt
	$(UV_COMPILE) --group build -c constraints/run.txt -o constraints/build.txt
	$(UV_COMPILE) pyproject.toml --extra otel --group dev -c constraints/run.txt -c constraints/build.txt -o constraints/dev.txt
	$(UV_COMPILE) --group real -c constraints/dev.txt -o constraints/real.txt
	$(UV_COMPILE) --group fuzz -c constraints/dev.txt -o constraints/fuzz.txt
	$(UV_COMPILE) --group release -c constraints/dev.txt -o constraints/release.txt

image: ## Build the container image with docker, podman or buildah (IMAGE=localhost/bk-task-exporter)
	tools/build-image $(IMAGE)

release: $(VENV)/.release ## Build wheel, source, chart, SBOM and image, the same bytes for the same commit (dist/)
	$(BIN)/python -m tools.release dist
	tools/build-image $(IMAGE) || [ $$? = 69 ]    # where no engine works there is no image

bench: $(VENV)/.dev ## Measure what the exporter costs, beside its peers
	$(BIN)/python -m bench $(ARGS)

profile: $(VENV)/.dev ## Show where a scrape's time goes (ARGS="--bulk --tasks 5000")
	$(BIN)/python -m bench.profile $(ARGS)

faults: $(VENV)/.dev ## Try out every fault, and write its table into docs/reliability.md
	$(BIN)/python -m tests.faults

soak: $(VENV)/.dev ## Load the exporter for an hour or so, and watch what grows (ARGS="--share 0.1 crowd")
	$(BIN)/python -m tests.soak $(ARGS)

fuzz: $(VENV)/.fuzz ## Fuzz all that reads what others write, guided by coverage (RUNS=100000 ARGS="sops headers")
	$(BIN)/python -m tests.fuzz --runs $(RUNS) $(ARGS)

clean: ## Remove .venv and everything that was built
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that its step was completed. An environment whose interpreter is gone (upgraded, moved) is made anew.
$(VENV)/.made: $(shell $(BIN)/python -c '' 2>/dev/null || echo force)
	@python=$$(tools/find-python "$(PYTHON)") && "$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made constraints/run.txt constraints/build.txt pyproject.toml exporter/__init__.py
	$(PIP_INSTALL) --require-hashes -r constraints/run.txt -r constraints/build.txt
	$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.made constraints/run.txt constraints/build.txt constraints/dev.txt pyproject.toml exporter/__init__.py
	$(PIP_INSTALL) --require-hashes -r constraints/dev.txt
	$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $(VENV)/.run $@

$(VENV)/.real: $(VENV)/.dev constraints/real.txt
	$(PIP_INSTALL) --require-hashes -r constraints/real.txt
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev constraints/fuzz.txt
	$(PIP_INSTALL) --require-hashes -r constraints/fuzz.txt
	@touch $@

$(VENV)/.release: $(VENV)/.dev constraints/release.txt
	$(PIP_INSTALL) --require-hashes -r constraints/release.txt
	@touch $@
