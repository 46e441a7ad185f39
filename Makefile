# Two commands matter: `make recette` (the acceptance run on the twin) and `make test` (the project's own tests).
# Both work on a bare Debian or Ubuntu machine, as root, and do again only what has changed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMPS := .cache
SITE ?= jumeau
ROLES := $(notdir $(wildcard roles/*))
# Those that take longest come first: the last ones to be tested would otherwise be tested alone.
LONG_ROLES := supervision telephonie annuaire messagerie
TESTED_ROLES := $(addprefix molecule-,$(LONG_ROLES) $(filter-out $(LONG_ROLES),$(ROLES)))
PACKAGES := podman runc mmdebstrap iproute2 nftables openssh-client socat procps kmod ca-certificates libopus0 sec

# Beside the machines of Molecule, whose services have time limits of their own.
GIVE_WAY := nice -n 19

.PHONY: help setup recette test images lint unit molecule contract bench sabotage report lock clean

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(STAMPS)/system $(STAMPS)/python $(STAMPS)/node ## Install what this machine lacks

$(STAMPS)/system: Makefile
	@mkdir -p $(STAMPS)
	scripts/system-packages $(PACKAGES)
	touch $@

# uv installs from a lock of versions and hashes; it comes from PyPI itself.
$(STAMPS)/python: requirements.lock pyproject.toml
	@mkdir -p $(STAMPS)
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	[ -x $(BIN)/uv ] || $(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(VENV) --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(VENV) --no-deps --no-build-isolation --editable .
	touch $@

$(STAMPS)/node: package.json package-lock.json $(STAMPS)/system
	npm ci --silent --no-fund --no-audit
	touch $@

recette: setup ## Bring the twin up, provision it, run every feature, write the reports
	$(BIN)/recette --site $(SITE) image build
	$(BIN)/recette --site $(SITE) twin up
	$(BIN)/recette --site $(SITE) provision --cached
	$(BIN)/pytest features/ --site=$(SITE)

# Three things at a time, of which most wait while one computes.
test: setup ## Linters, types, unit tests, Molecule on every role
	$(MAKE) --jobs=3 --output-sync=target --no-print-directory images lint unit $(TESTED_ROLES)

images: setup
	$(BIN)/recette image build

lint: setup ## Linters and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(GIVE_WAY) $(BIN)/mypy
	$(BIN)/yamllint --strict .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GIVE_WAY) $(BIN)/ansible-lint --offline -q

unit: setup ## Unit and lab tests
	$(GIVE_WAY) $(BIN)/pytest tests/

molecule: setup ## Molecule on every role
	$(MAKE) --jobs=3 --output-sync=target --no-print-directory $(TESTED_ROLES)

# A line for each role that passes; what a role printed is shown where it fails, its cause last. What hangs is a
# failure too: the longest takes five minutes.
molecule-%: images
	@mkdir -p $(STAMPS)/molecule
	log=$(STAMPS)/molecule/$*.log
	if PATH="$(CURDIR)/$(BIN):$$PATH" timeout 20m molecule test -s $* >$$log 2>&1; then
		echo "molecule $*: passed in $$SECONDS s"
		exit
	fi
	cat $$log
	grep --after-context=20 'fatal:' $$log || true
	echo "molecule $*: failed after $$SECONDS s, see $$log"
	exit 1

# Prism is for this alone, and for whoever has Wazuh's own description: no part of the setup.
$(STAMPS)/contract/node_modules: tests/contract/package.json tests/contract/package-lock.json
	mkdir -p $(@D)
	cp $^ $(@D)/
	npm ci --prefix $(@D) --silent --no-fund --no-audit
	touch $@

contract: setup $(STAMPS)/contract/node_modules ## The driver of Wazuh against its description: WAZUH_OPENAPI=FILE
	: "$${WAZUH_OPENAPI:?names no description (api/api/spec/spec.yaml of wazuh/wazuh, 4.14)}"
	$(BIN)/pytest tests/contract

bench: setup ## Measure the twin, the flow matrix, the failovers, the mail, the tunnels and the SIEM
	$(BIN)/python -m recette.bench

sabotage: setup ## Break one thing at a time and check that the features notice
	$(BIN)/recette --site $(SITE) sabotage

report: ## Rebuild the reports of the latest run
	$(BIN)/recette report

lock: ## Renew requirements.lock and package-lock.json
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock
	npm install --package-lock-only --silent
	npm install --package-lock-only --silent --omit-lockfile-registry-resolved --prefix tests/contract

clean: ## Take the twin down; remove its images and every file made here
	if [ -x $(BIN)/recette ]; then $(BIN)/recette twin down && $(BIN)/recette image remove; fi
	rm -rf $(VENV) $(STAMPS) node_modules
