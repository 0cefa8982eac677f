# Needs only make and Python 3.11, 3.12 or 3.13; `make` alone lists the targets.

# `make lab CPU=1` installs a PyTorch for processors alone: without the 5 GB of CUDA, and half the memory of a notebook.
# Name your own Python with `make lab PYTHON=/path/to/python3.12`; give JupyterLab more flags with
# `make lab LAB_ARGS=--no-browser`. Other machines reach the app with `make studio VOILA_ARGS=--Voila.ip=0.0.0.0`, at the
# addresses and with the token that it prints; `--pages=N` limits how many at once, `--host=NAME` adds a name of the machine.
CPU ?=
PYTHON ?=
LAB_ARGS ?=
VOILA_ARGS ?=
VENV ?= .venv

PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
STAMP := $(VENV)/.installed
# Has the packages of the targets `studio`, `slides` and `test-browser`, too.
EXTRAS := $(VENV)/.extras
# Has the packages of the target `site`, too. It is the same environment, because the reference imports rwlib.
SITE := $(VENV)/.site
# There from the first to the last moment of an installation: whatever is found beside it was broken off.
UNFINISHED := $(VENV)/.unfinished
# So that `!rwlib` works in a notebook.
ON_PATH := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
# One thread per process, because two test processes share the cores.
TEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadgroup

# Python's compiled files are kept even where the system says otherwise: without them each process takes seconds more to
# import torch.
export PYTHONDONTWRITEBYTECODE :=

# One notebook with `make notebooks NB=02`; MEASURE=1 notes its time and memory, too.
NB ?=
MEASURE ?=
BENCH_ARGS ?=
RESULTS_ARGS ?=
FUZZ_ARGS ?=
BROWSER_ARGS ?=
# docs/build.py says how the site gets its links to a repository, to Binder, Colab and Kaggle.
SITE_ARGS ?=
# nbval ignores stored outputs. Progress goes to a folder of its own, never to the reader's.
NBVAL := $(ON_PATH) RWLIB_TIER=smoke RWLIB_HOME="$(CURDIR)/.pytest_cache/rwlib" $(TEST) --dist loadfile -p nbval --nbval-lax \
  --nbval-current-env --nbval-cell-timeout=120 --nbval-kernel-startup-timeout=120

.PHONY: help lab studio test test-slow test-browser site demo serve notebooks notebooks-check teaching slides nbgrader-release bench \
  results fuzz lint architecture lock install clean clean-venv
.NOTPARALLEL:
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

lab: install ## install what is missing, check it, open JupyterLab on notebooks/
	@$(PY) -m rwlib.commands.doctor
	@$(ON_PATH) $(PY) -m jupyterlab notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

studio: install $(EXTRAS) ## show notebook 09, the ablation studio, as an app for a classroom, without code
	@$(ON_PATH) $(PY) -m rwlib.course.app 09 $(VOILA_ARGS)

test: install ## install what is missing, run the tests and all notebooks
	$(TEST) tests --ignore tests/browser -m "not slow"
	$(NBVAL) notebooks

test-slow: install ## run the slow tests: processes, signals, full disks, hostile notebooks
	$(TEST) tests --ignore tests/browser -m slow

# The tests of the site and of its demo need `make site` first, and are skipped without it.
test-browser: install $(EXTRAS) ## test the widgets, and a site that is built, in Chromium, which is installed if need be
	@$(PY) tests/browser/chromium.py
	unset OMP_NUM_THREADS; $(ON_PATH) $(PY) -m pytest -n 2 --dist loadfile tests/browser $(BROWSER_ARGS)

site: install $(SITE) ## build the site in site/: notebooks with results, reference, demo; needs npm, and runs nothing
	@$(PY) docs/build.py $(SITE_ARGS)

demo: install ## build the hole painter for browsers alone, in site/demo/; needs npm
	@$(PY) docs/demo/build.py site/demo

serve: install ## show the built site on this machine
	@$(PY) docs/serve.py

notebooks: install ## build notebooks/ and notebooks/solutions/ from notebooks/source/; NB=02 builds one
	@$(ON_PATH) $(PY) -m rwlib.course.authoring.build $(NB) $(if $(MEASURE),--measure)
	@$(PY) -m rwlib.course.teaching.pages

notebooks-check: install ## test the course alone; NB=02 tests one notebook
	$(TEST) tests/test_course*.py $(if $(NB),-k nb$(NB))
	$(NBVAL) $(if $(NB),notebooks/$(NB)_*.ipynb notebooks/solutions/$(NB)_*.ipynb,notebooks)

teaching: install ## build the teacher's pages in notebooks/teaching/ from their sources and the exercises
	@$(PY) -m rwlib.course.teaching.pages

slides: install $(EXTRAS) ## build slides for each notebook, or for NB=02, in notebooks/teaching/slides/
	@$(PY) -m rwlib.course.teaching.slides notebooks/teaching/slides $(NB)

nbgrader-release: install ## make a course folder for nbgrader, nbgrader/, from the notebooks' sources
	@$(PY) -m rwlib.course.grading.nbgrader_course nbgrader $(NB)

bench: install ## measure speed and memory beside a straight port of the released program; writes bench.csv and bench.png
	@$(PY) -m rwlib bench $(BENCH_ARGS)

results: install ## measure the shipped generators anew for RESULTS.md; RESULTS_ARGS=--data=DIR names the photographs
	@OMP_NUM_THREADS=1 $(PY) data_scripts/results.py $(RESULTS_ARGS)

fuzz: install ## spoil every file and command line that rwlib reads, for twenty minutes; FUZZ_ARGS=--seed=1 gives others
	@OMP_NUM_THREADS=1 PYTHONPATH="$(CURDIR)/tests" $(PY) -m fuzz $(FUZZ_ARGS)

lint: install ## check the style of the code and its format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

architecture: install ## draw ARCHITECTURE.svg from the imports
	@$(PY) tests/architecture.py

lock: $(UV) ## renew requirements.lock with the newest versions that pyproject.toml admits
	$(UV) pip compile pyproject.toml --extra test --extra opencv --extra onnx --python-version 3.11 --universal --fork-strategy fewest \
	  --upgrade --no-annotate --custom-compile-command "make lock" --quiet --output-file requirements.lock

install: $(STAMP) ## install the locked packages and rwlib itself into .venv

clean: ## remove what tests and tools left behind
	rm -rf build dist site docs/node_modules .pytest_cache .ruff_cache
	find . \( -name .git -o -name .venv -o -name node_modules \) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

clean-venv: ## remove .venv; the next `make lab` or `make test` makes a new one
	rm -rf $(VENV)

# Prints the interpreter itself (of an activated environment: the one below it), or why it will not do.
PROBE := import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("is Python %d.%d" % v); \
  from importlib.util import find_spec; find_spec("ensurepip") or sys.exit("has no venv module"); \
  print(sys._base_executable)

# Candidates are tried by running them, because a version manager leaves commands on PATH that cannot run.
$(PY):
	@tried=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python); do \
	  if python=$$("$$candidate" -c '$(PROBE)' 2>/dev/null); then break; fi; \
	  tried="$$tried  $$candidate: $$("$$candidate" -c '$(PROBE)' 2>&1 | head -n 1)\n"; python=; \
	done; \
	if [ -z "$$python" ]; then \
	  printf 'rwlib needs Python 3.11, 3.12 or 3.13 with its venv module. Tried:\n%b' "$$tried" >&2; \
	  echo 'Install one (Debian, Ubuntu: apt install python3-venv), or name yours: make lab PYTHON=/path/to/python' >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$python"; \
	rm -rf $(VENV) && mkdir -p $(VENV) && touch $(UNFINISHED) && "$$python" -m venv $(VENV)

# uv installs in seconds what takes pip minutes; where uv cannot be had or cannot reach its index, pip does it.
$(UV): | $(PY)
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	@$(PY) -m pip install --quiet --disable-pip-version-check uv || echo 'uv cannot be had; pip takes its place'

# The stamp holds the folder's path, because rwlib is installed as a pointer to this folder.
$(STAMP): requirements.lock pyproject.toml | $(UV)
	@rm -f $@ && touch $(UNFINISHED)
ifdef CPU
	@grep -Ev '^(nvidia|cuda|triton)' requirements.lock > $(VENV)/requirements.txt
	@$(UV) pip install --python $(PY) --torch-backend cpu -r $(VENV)/requirements.txt
else
	@$(UV) pip install --python $(PY) -r requirements.lock || $(PY) -m pip install -r requirements.lock
endif
	@$(UV) pip install --python $(PY) --no-deps --no-build-isolation -e . \
	  || $(PY) -m pip install --no-deps --no-build-isolation -e .
	@echo '$(CURDIR)' > $@ && rm -f $(UNFINISHED)

$(EXTRAS): $(STAMP) | $(UV)
	@$(UV) pip install --python $(PY) -r pyproject.toml --extra studio --extra browser --extra slides -c requirements.lock \
	  || $(PY) -m pip install -c requirements.lock '.[studio,browser,slides]'
	@touch $@

$(SITE): $(STAMP) | $(UV)
	@$(UV) pip install --python $(PY) -r pyproject.toml --extra site -c requirements.lock \
	  || $(PY) -m pip install -c requirements.lock '.[site]'
	@touch $@

# An environment whose installation was broken off, or whose Python no longer runs, is made anew; in a folder that was
# moved or copied rwlib is installed again.
ifeq ($(shell test ! -e $(UNFINISHED) && $(PY) --version 2>/dev/null),)
.PHONY: $(PY) $(UV)
endif
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif
