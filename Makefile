# make run     everything on this machine, ends in a search page (make run ARGS="https://example.org --shards 2")
# make test    the tests that need nothing but Python, on all cores; or all of one folder or file (make test TESTS=tests/cluster)
# make test-all   all tests: also the slow ones, and those that need Docker, NATS, Chromium or root
# make check   format, lint and types: what the CI checks
# make fuzz    random requests and bytes against everything that reads them (make fuzz SECONDS=600)
# make image   the image for amd64 and arm64, its sizes, and an archive of both in dist/ (needs a Docker daemon, no registry)
# make bench   the measurements that README's figures come from
#
# Each sets up .venv by itself, from constraints.txt, and again when that or pyproject.toml changed.

PYTHON = python3
VENV = .venv
TESTS = tests
ARGS =
SECONDS = 60

# By the markers in pyproject.toml: what make test leaves to make test-rest, and what of that needs the machine for itself
REST = docker or chaos or cluster or browser or fuzz or nats or root or slow
ALONE = docker or chaos or cluster or slow

BIN = $(VENV)/bin
READY = $(VENV)/.ready
# The tests start hundreds of interpreters, which share what was compiled. A file's tests share its fixtures, on one core.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
PARALLEL = --numprocesses=auto --dist=loadfile
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test test-rest test-all fuzz check format image bench constraints clean

run: $(READY)
	@exec $(BIN)/lightship up $(ARGS)

ifeq ($(TESTS),tests)
test: $(READY)
	@$(PYTEST) $(PARALLEL) -m "not ($(REST))" $(ARGS)
	@echo "make test-all runs everything"
else
test: $(READY)
	@$(PYTEST) $(TESTS) $(ARGS)
endif

test-rest: $(READY)
	@$(PYTEST) $(PARALLEL) -m "($(REST)) and not ($(ALONE))" $(ARGS)
	@$(PYTEST) -m "$(ALONE)" $(ARGS)

test-all: test test-rest

fuzz: $(READY)
	@FUZZ_SECONDS=$(SECONDS) $(PYTEST) tests/fuzz $(ARGS)

check: $(READY)
	@echo "checking format"; $(BIN)/ruff format --quiet --diff .
	@echo "checking style"; $(BIN)/ruff check --quiet .
	@echo "checking types"; $(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

image: $(READY)
	@$(BIN)/python -m image.build $(ARGS)

bench: $(READY)
	@$(BIN)/python -m bench $(ARGS)

# Pins what pyproject.toml asks for, for every platform and Python; newer versions with ARGS=--upgrade.
constraints:
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install uv
	@$(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
		--custom-compile-command "make constraints" --output-file constraints.txt $(ARGS) pyproject.toml

clean:
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lightship needs Python 3.11 or newer; name one, like: make PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement constraints.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(READY)
