# Everything a person does with this checkout. `make help` lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
MEMBERS := cli libs/contracts libs/kit libs/testkit services/agents services/files services/gateway services/machines services/terminal
INSTALLED := $(VENV)/installed
WEB_INSTALLED := web/node_modules/.package-lock.json

define require_node
@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	2>/dev/null || { \
	echo "aether needs Node 20.19 or newer to build its web app; here is $$(node --version 2>/dev/null || echo none)." >&2; \
	exit 1; }
endef

# pytest ends with 5 where nothing is to be run: a part that is named may have none of a kind.
none_is_fine = $(if $(TESTS),|| [ $$? -eq 5 ])

.PHONY: help up test test-web check check-web fmt fuzz bench screenshots events lock

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: $(INSTALLED) ## Run aether on this computer until Ctrl-C; PORT=… names another port than 8080
	@exec $(BIN)/aether up $(if $(PORT),--port $(PORT))

test: $(INSTALLED) test-web ## Run every test; TESTS=… names a part of them, WORKERS=… how many files at once
	$(BIN)/python -m pytest -m alone $(TESTS) $(none_is_fine)
	$(BIN)/python -m pytest -m "not alone" --numprocesses $(or $(WORKERS),2) --dist loadfile --no-loadscope-reorder \
		$(TESTS) $(none_is_fine)

test-web: $(WEB_INSTALLED)
	cd web && npm test

check: $(INSTALLED) check-web ## Run every check that is not a test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy cli libs services tests bench
	$(BIN)/lint-imports
	$(BIN)/python -m aether.contracts.documents --check
	@if grep -nE '://|^(-i|-f|--index|--find|--extra)' requirements.lock; then \
		echo 'requirements.lock names a place to download from; make lock writes it without.' >&2; exit 1; fi

check-web: $(WEB_INSTALLED)
	cd web && npm run check

fmt: $(INSTALLED) $(WEB_INSTALLED) ## Format everything
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	cd web && npm run fmt

fuzz: $(INSTALLED) ## Try 50,000 paths, links and races on the files service; FUZZ_EXAMPLES=… as many
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-50000} $(BIN)/python -m pytest services/files/tests/test_hand_confined.py --timeout 3600

bench: $(INSTALLED) ## Measure, and print a table of ratios
	$(BIN)/python -m bench

screenshots: $(INSTALLED) ## Take the pictures in docs/screenshots with a real browser
	SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest tests/e2e/test_screens.py

events: $(INSTALLED) ## Write docs/events.md, docs/openapi.json and what else follows from the code
	$(BIN)/python -m aether.contracts.documents
	@$(BIN)/python -m aether.gateway.openapi > docs/openapi.json.new
	@mv docs/openapi.json.new docs/openapi.json

lock: $(BIN)/uv ## Resolve anew and write requirements.lock
	$(BIN)/uv lock --upgrade
	$(BIN)/uv export --quiet --all-packages --no-emit-workspace --no-header --format requirements-txt \
		--output-file requirements.lock

# uv is fetched by the Python that is here, so that nothing but Python need be installed before.
$(BIN)/uv:
	@python=''; for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "aether needs Python 3.11 or newer; here is $$(python3 --version 2>&1). PYTHON=… names another one." >&2; \
		exit 1; fi; \
	$$python -m venv $(VENV) || { \
		echo "$$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv." >&2; \
		rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

# The lock's hashes are checked. The members are built by uv itself, which fetches nothing for it.
$(INSTALLED): requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml) | $(BIN)/uv
	$(require_node)
	@echo 'installing the Python packages of requirements.lock …'
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps $(MEMBERS:%=--editable %)
	@touch $@

$(WEB_INSTALLED): web/package-lock.json
	$(require_node)
	cd web && npm ci --no-audit --no-fund
	@touch $@
