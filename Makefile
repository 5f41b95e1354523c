# Every target builds .venv from the lock file when it is missing or stale. PYTHON=... uses an environment that exists;
# it needs the dependencies, not the project: the two source roots are put on its path.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON3 ?= python3

ifeq ($(PYTHON),)
PY := .venv/bin/python
READY := .venv/ready
else
PY := $(PYTHON)
READY :=
endif

export PYTHONPATH := $(CURDIR)/harness:$(CURDIR)/impls$(if $(PYTHONPATH),:$(PYTHONPATH))

# make compare DEVICE=cuda DTYPE=float32 DATA=my.csv LABEL=ill LAYERS=20,7,5 IMPL=torch PROBLEM=flower OUT=mine
OUT_OPTION := $(if $(OUT),--out $(OUT))
IMPLS := $(foreach name,$(IMPL),--impl $(name))
PROBLEMS := $(foreach name,$(PROBLEM),--problem $(name))
OPTIONS := $(if $(DEVICE),--device $(DEVICE)) $(if $(DTYPE),--dtype $(DTYPE)) $(if $(DATA),--data $(DATA)) \
	$(if $(LABEL),--label $(LABEL)) $(if $(LAYERS),--layers $(LAYERS)) $(OUT_OPTION) $(IMPLS) $(PROBLEMS) $(ARGS)
CROSSCHECK := $(PY) -m crosscheck
PYTEST := $(PY) -m pytest -q
SIDE_BY_SIDE := -n auto --dist loadfile
CONFORMANCE := harness/crosscheck/testing/conformance

# eager, and what is made of it
COMPILED := torch/autograd torch/compiled torch/exported \
	$(if $(filter cuda,$(DEVICE)),torch/by_hand torch/cuda_graph,numpy/by_hand numpy/onnx)

.PHONY: help compare compare-all compare-distributed compare-compilers cuda power honest mutate truth claims bench results wild readme coverage-table data-table test test-fast test-numpy \
	test-torch test-jax test-harness conformance fuzz lint lock clean

help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

compare: $(READY) ## compare everything, print the table, write results/latest/ or OUT
	$(CROSSCHECK) compare $(OPTIONS)

compare-all: $(READY) ## also every activation on every data set
	$(CROSSCHECK) compare --all $(OPTIONS)

compare-distributed: $(READY) ## what is distributed, on 2 and 3 processes or devices, against the same oracle
	$(CROSSCHECK) compare --processes 2 --processes 3 $(OPTIONS)

compare-compilers: $(READY) ## what compilers make of a variant, beside it, and the table results/compilers.md, or OUT; DEVICE=cuda
	$(CROSSCHECK) compare --force --out results/latest $(if $(DEVICE),--device $(DEVICE)) $(PROBLEMS) \
		$(foreach name,$(COMPILED),--impl $(name)) $(ARGS); \
	code=$$?; [ $$code -gt 1 ] || $(PY) -m tests.compilers results/latest $(OUT_OPTION) && exit $$code

power: $(READY) ## plant every known mutant in every problem; takes minutes
	$(CROSSCHECK) power $(PROBLEMS) $(OUT_OPTION) $(ARGS)

honest: $(READY) ## run right implementations on 2,000 random networks: every alarm is a false one; SEED=3
	$(CROSSCHECK) honest $(if $(SEED),--seed $(SEED)) $(OUT_OPTION) $(IMPLS) $(ARGS)

mutate: $(READY) ## break the source of IMPL=numpy, or of all three frameworks, in 300 small ways each; takes an hour
	$(CROSSCHECK) mutate $(or $(IMPL),numpy torch jax) --sample 300 --equivalent results/equivalent.csv $(OUT_OPTION) $(ARGS)

truth: $(READY) ## certify the oracle and its error bound by ball arithmetic
	$(CROSSCHECK) truth $(OUT_OPTION) $(PROBLEMS) $(ARGS)

claims: $(READY) ## measure what the notes claim: tables and pictures; ONLY=N22
	$(CROSSCHECK) claims $(foreach name,$(ONLY),--only $(name)) $(OUT_OPTION) $(ARGS)

bench: $(READY) ## time everything against its peers and the floor; ONLY=784 QUICK=1; the peers: pip install '.[bench]'
	$(CROSSCHECK) bench $(if $(QUICK),--quick) $(if $(DEVICE),--device $(DEVICE)) $(if $(DTYPE),--dtype $(DTYPE)) \
		$(OUT_OPTION) $(foreach name,$(ONLY),--only $(name)) $(IMPLS) $(ARGS)

cuda: $(READY) ## all that is to be asked of a GPU, in under ten minutes; the same again goes on; PYTHON=python3
	$(PY) .ci/cuda.py $(if $(DEVICE),--device $(DEVICE)) $(OUT_OPTION) $(ARGS)

results: $(READY) ## renew the committed tables in results/, in about an hour; first pip install '.[bench]' for the peers
	$(CROSSCHECK) compare --out results
	$(CROSSCHECK) truth --out results
	$(CROSSCHECK) power --out results
	$(CROSSCHECK) honest --seed 3 --out results
	$(MAKE) mutate OUT=results
	$(CROSSCHECK) claims --out results
	$(CROSSCHECK) bench --out results
	$(MAKE) coverage-table data-table readme

wild: $(READY) ## check every program of tests/corpus, and hold what is said against what was planted; takes minutes
	$(PY) -m tests.corpus.measure $(if $(OUT),--out $(OUT)) $(ARGS)

coverage-table: $(READY) ## renew results/coverage.md from the code
	$(PY) -m tests.coverage

data-table: $(READY) ## renew results/data.md, what is said about each of the messy tables
	$(PY) -m tests.data_table

readme: $(READY) ## copy the tables of results/ into the READMEs, and draw results/picture.svg
	$(PY) .ci/readme.py
	$(PY) .ci/picture.py

test: $(READY) ## every suite
	$(PYTEST) $(SIDE_BY_SIDE) $(ARGS)

test-fast: $(READY) ## every suite without the slow tests
	$(PYTEST) $(SIDE_BY_SIDE) -m "not slow" $(ARGS)

test-numpy: $(READY) ## the NumPy suite, and the conformance suite on NumPy
	$(PYTEST) tests/with_numpy $(CONFORMANCE) --impl numpy $(ARGS)

test-torch: $(READY) ## the same for PyTorch
	$(PYTEST) tests/with_torch $(CONFORMANCE) --impl torch $(ARGS)

test-jax: $(READY) ## the same for JAX
	$(PYTEST) tests/with_jax $(CONFORMANCE) --impl jax $(ARGS)

test-harness: $(READY) ## the harness's own suite, planted mutants included
	$(PYTEST) $(SIDE_BY_SIDE) tests/harness tests/test_structure.py $(ARGS)

conformance: $(READY) ## the conformance suite on IMPL=my_package.mine
	$(PYTEST) --pyargs crosscheck.testing.conformance $(IMPLS) $(ARGS)

fuzz: $(READY) ## damaged files and strange options for an hour, or MINUTES=1; SEED=7 for others
	$(PY) -m tests.fuzz --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: $(READY) ## ruff, mypy, and whether the lock file, the READMEs' tables and the picture are stale
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy .ci
	$(PY) .ci/lock.py --check
	$(PY) .ci/readme.py --check
	$(PY) .ci/picture.py --check

lock: ## renew requirements.lock where pyproject.toml asks for it; UPGRADE=1 takes the newest versions
	rm -rf .venv-lock
	$(PYTHON3) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/python .ci/lock.py $(if $(UPGRADE),--upgrade) $(ARGS)
	rm -rf .venv-lock

.venv/ready: requirements.lock requirements-cuda.lock pyproject.toml
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON3) is older than Python 3.11: say which to use, PYTHON3=python3.12"; exit 2; }
	$(PYTHON3) -m venv --clear .venv
	.venv/bin/python .ci/lock.py --install
	.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean: ## remove .venv, caches and results/latest
	rm -rf .venv .venv-lock .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info results/latest
