# Sigyn from a clone. `make run` is all that is needed to start it; `make help` lists the rest.
#
# The virtual environment is made with pip from requirements.lock: every package pinned, every
# file checked by hash. Nothing is made again while the lock and pyproject.toml stay the same.

VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -qq
PYTHON ?= $(shell command -v python3.11 || command -v python3)
DATA ?= ./sigyn-data

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint fuzz docs lock page screenshots sbom audit

help: ## say what there is to make
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile

setup: $(VENV)/.installed ## make .venv, nothing else

run: $(VENV)/.installed ## start the server on 127.0.0.1:3100, data in ./sigyn-data
	@exec $(VENV)/bin/sigyn serve --data $(DATA)

demo: $(VENV)/.installed ## the same with four services that log, data in ./sigyn-demo
	@exec $(VENV)/bin/sigyn serve --demo --data ./sigyn-demo

test: $(VENV)/.installed-dev ## run the tests; make test ARGS="tests/config -x" runs some of them
	@./.ci/packages
	$(VENV)/bin/pytest $(ARGS)

lint: $(VENV)/.installed-dev ## check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

SECONDS ?= 60

fuzz: $(VENV)/.installed-dev ## feed the parser and the push decoders what no person would write; SECONDS=600 each
	@$(PIP) install atheris
	PYTHONPATH=. $(VENV)/bin/python tests/fuzz/fuzz_logql.py -max_total_time=$(SECONDS) -timeout=20
	PYTHONPATH=. $(VENV)/bin/python tests/fuzz/fuzz_push.py -max_total_time=$(SECONDS) -timeout=20

docs: $(VENV)/.installed ## write the tables in docs/ that come from the code
	@$(VENV)/bin/python .ci/docs

page: web/node_modules/.package-lock.json ## build the page from web/ into sigyn/ui/static; needs Node 20
	@npm --prefix web run --silent build

screenshots: $(VENV)/.installed-dev ## take the pictures in docs/images anew; needs Chromium
	@$(VENV)/bin/python .ci/screenshots

web/node_modules/.package-lock.json: web/package-lock.json
	@npm --prefix web ci --silent --no-audit --no-fund

sbom: $(VENV)/.installed ## write sbom.json: every package of requirements.lock, in CycloneDX's form
	@./.ci/venv $(PYTHON) $(VENV)-sbom
	@$(VENV)-sbom/bin/python -m pip --disable-pip-version-check -qq install cyclonedx-bom
	@$(VENV)-sbom/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-file sbom.json
	@rm -rf $(VENV)-sbom
	@$(VENV)/bin/python .ci/dependencies requirements.lock sbom.json

audit: $(VENV)/.installed ## look the packages of requirements.lock up among known vulnerabilities; needs the network
	@./.ci/venv $(PYTHON) $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip --disable-pip-version-check -qq install pip-audit
	@$(VENV)-audit/bin/pip-audit --require-hashes --disable-pip -r requirements.lock
	@rm -rf $(VENV)-audit
	@npm --prefix web audit --omit=dev

lock: ## resolve the dependencies anew; keeps what is pinned, unless UPGRADE=--upgrade
	@./.ci/lock $(PYTHON) $(UPGRADE)

$(VENV)/.installed: requirements.lock pyproject.toml
	@./.ci/venv $(PYTHON) $(VENV)
	@echo "installing the packages of requirements.lock into $(VENV) (once; about a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(VENV)/bin/python -m sigyn.api.warm_up
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "installing the packages of requirements-dev.lock into $(VENV) (once; about a minute)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
