# make run     everything on this machine, ends in a search page (make run ARGS="https://example.org --shards 2")
# make test    the tests that need nothing but Python, on all cores; or all of one folder or file (make test TESTS=tests/cluster)
# make test-all   all tests: also the slow ones, and those that need Docker, NATS, Chromium or root
# make test-again   the tests that failed last, one after the other
# make examples   the programs in examples/ and docs/agents.md and the pages in docs/embedding.md, with their packages (1.4 GB)
# make check   format, lint and types: what the CI checks
# make fuzz    random requests and bytes against everything that reads them (make fuzz SECONDS=600)
# make image   the image for amd64 and arm64, its sizes, and an archive of both in dist/ (needs a Docker daemon, no registry)
# make dist    the wheel and the sdist, in dist/
# make docs    the documentation as a site, in build/site (make docs SEARCH_URL=https://search.example.org/)
# make bench   the measurements that README's figures come from
# make picture docs/architecture.svg from docs/architecture.dot (needs graphviz)
#
# Each sets up .venv by itself, from constraints.txt, and again when that or pyproject.toml changed.

PYTHON = python3
VENV = .venv
TESTS = tests
ARGS =
SECONDS = 60
SEARCH_URL = http://localhost:8080/

# By the markers in pyproject.toml: what make test leaves to make test-rest, where what needs a quiet machine comes last
REST = docker or chaos or cluster or browser or examples or fuzz or nats or root or slow or quiet

BIN = $(VENV)/bin
READY = $(VENV)/.ready
DOCS_READY = $(VENV)/.ready-docs
EXAMPLES_READY = $(VENV)/.ready-examples
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
# The tests start hundreds of interpreters, which share what was compiled.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# Collecting these files takes a second, collecting all takes four
QUIET = $$(grep -rl --include='test_*.py' 'mark\.quiet' tests)
# They sync thousands of indexes that nobody needs after them: in memory that takes neither the disk's time nor the
# processor's. Where there is little, as in a container, they stay on the disk
IN_MEMORY = $$([ -w /dev/shm ] && [ $$(df -Pk /dev/shm | awk 'END { print $$4 }') -ge 2000000 ] && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)
# Most wait more than they compute: more at once than there are cores. tests/groups.py says which go to one worker
CORES = $$(getconf _NPROCESSORS_ONLN)
PARALLEL = --no-loadscope-reorder --numprocesses=

.PHONY: run test test-rest test-again test-all examples fuzz check format image dist docs bench picture constraints clean

run: $(READY)
	@exec $(BIN)/lightship up $(ARGS)

ifeq ($(TESTS),tests)
test: $(READY)
	@env $(IN_MEMORY) $(PYTEST) $(PARALLEL)$$((3 * $(CORES))) -m "not ($(REST))" $(ARGS)
	@echo "make test-all runs everything"
else
test: $(READY)
	@$(PYTEST) $(TESTS) $(ARGS)
endif

test-rest: $(READY)
	@$(PYTEST) $(PARALLEL)$$((2 * $(CORES))) -m "($(REST)) and not (quiet or examples)" $(ARGS); first=$$?; \
	$(PYTEST) $(QUIET) -m "quiet and not examples" $(ARGS); second=$$?; exit $$((first > second ? first : second))

test-again: $(READY)
	@$(PYTEST) --last-failed --last-failed-no-failures none $(ARGS)

test-all: test test-rest examples

examples: $(EXAMPLES_READY)
	@$(PYTEST) -m "examples" $(ARGS)

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

# The wheel is built from the unpacked sdist, so both are complete.
dist: $(READY)
	@$(BIN)/python -m build --quiet --no-isolation --outdir dist

docs: $(DOCS_READY)
	@NO_MKDOCS_2_WARNING=1 SEARCH_URL=$(SEARCH_URL) $(BIN)/mkdocs build --strict --quiet --clean

bench: $(READY)
	@$(BIN)/python -m bench $(ARGS)

picture:
	@dot -Tsvg docs/architecture.dot -o docs/architecture.svg

# Pins what pyproject.toml asks for, for every platform and Python; newer versions with ARGS=--upgrade.
constraints:
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install uv
	@$(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
		--custom-compile-command "make constraints" --output-file constraints.txt $(ARGS) pyproject.toml
	@$(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --group docs --generate-hashes \
		--constraint constraints.txt --custom-compile-command "make constraints" \
		--output-file website/constraints.txt $(ARGS)
	@$(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --group examples --generate-hashes \
		--constraint constraints.txt --custom-compile-command "make constraints" \
		--output-file examples/constraints.txt $(ARGS)
	@$(BIN)/uv pip compile --config-file examples/uv.toml --quiet --universal --python-version 3.11 --group programs \
		--generate-hashes --custom-compile-command "make constraints" --output-file examples/programs.txt $(ARGS)

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

$(DOCS_READY): $(READY) website/constraints.txt
	@$(PIP) install --require-hashes --requirement website/constraints.txt
	@touch $(DOCS_READY)

# Those of npm have no lock file, which would be longer than the rest of the repository
$(EXAMPLES_READY): $(READY) $(DOCS_READY) examples/constraints.txt examples/programs.txt examples/package.json
	@$(PIP) install --require-hashes --requirement examples/constraints.txt
	@! $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || $(MAKE) --silent examples/.venv # Open WebUI takes no newer one
	@! command -v npm >/dev/null || npm install --prefix examples --ignore-scripts --no-package-lock --no-audit --no-fund --silent
	@touch $(EXAMPLES_READY)

examples/.venv: examples/programs.txt
	@$(BIN)/python -m venv examples/.venv
	@examples/.venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes --requirement examples/programs.txt
	@touch examples/.venv
