# Every target builds .venv from the lock file when it is missing or stale. PYTHON=... uses an environment that exists.
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

# make compare DEVICE=cuda DTYPE=float32 DATA=my.csv LABEL=ill LAYERS=20,7,5 IMPL=torch PROBLEM=flower OUT=results
OPTIONS := $(if $(DEVICE),--device $(DEVICE)) $(if $(DTYPE),--dtype $(DTYPE)) $(if $(DATA),--data $(DATA)) \
	$(if $(LABEL),--label $(LABEL)) $(if $(LAYERS),--layers $(LAYERS)) $(if $(OUT),--out $(OUT)) \
	$(foreach name,$(IMPL),--impl $(name)) $(foreach name,$(PROBLEM),--problem $(name)) $(ARGS)
PYTEST := $(PY) -m pytest -q
SIDE_BY_SIDE := -n 2 --dist loadfile

.PHONY: help readme compare compare-all power truth test test-numpy test-torch test-jax test-harness conformance lint lock claims bench clean

help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

compare: $(READY) ## compare everything, print the table, write results/
	$(PY) -m crosscheck compare $(OPTIONS)

compare-all: $(READY) ## also every activation on every data set
	$(PY) -m crosscheck compare --all $(OPTIONS)

power: $(READY) ## plant every known fault in every problem; takes minutes
	$(PY) -m crosscheck power $(foreach name,$(PROBLEM),--problem $(name)) $(if $(OUT),--out $(OUT)) $(ARGS)

truth: $(READY) ## certify the truth and its budget by ball arithmetic
	$(PY) -m crosscheck truth $(if $(OUT),--out $(OUT)) $(foreach name,$(PROBLEM),--problem $(name)) $(ARGS)

claims: $(READY) ## measure what the notes claim, write results/claims.md, .csv and pictures
	$(PY) -m crosscheck claims $(foreach name,$(ONLY),--only $(name)) $(if $(OUT),--out $(OUT)) $(ARGS)

bench: $(READY) ## time everything against its peers and the floor; ONLY=784 QUICK=1; the peers: pip install '.[bench]'
	$(PY) -m crosscheck bench $(if $(QUICK),--quick) $(if $(DEVICE),--device $(DEVICE)) $(if $(DTYPE),--dtype $(DTYPE)) \
		$(if $(OUT),--out $(OUT)) $(foreach name,$(ONLY),--only $(name)) $(foreach name,$(IMPL),--impl $(name)) $(ARGS)

test: $(READY) ## every suite
	$(PYTEST) $(SIDE_BY_SIDE) $(ARGS)

test-numpy: $(READY) ## the NumPy suite, and the conformance suite on NumPy
	$(PYTEST) tests/with_numpy tests/conformance --impl numpy $(ARGS)

test-torch: $(READY) ## the same for PyTorch
	$(PYTEST) tests/with_torch tests/conformance --impl torch $(ARGS)

test-jax: $(READY) ## the same for JAX
	$(PYTEST) tests/with_jax tests/conformance --impl jax $(ARGS)

test-harness: $(READY) ## the harness's own suite, planted faults included
	$(PYTEST) $(SIDE_BY_SIDE) tests/harness tests/test_structure.py $(ARGS)

conformance: $(READY) ## the conformance suite on IMPL=my_package.mine
	$(PYTEST) tests/conformance $(foreach name,$(IMPL),--impl $(name)) $(ARGS)

lint: $(READY) ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

readme: ## copy the counts of results/agreement.md, results/power.md and results/speed.md into README.md
	@sed -n '/^| implementation/,/^$$/p' results/agreement.md | sed '/^$$/d' > counts.part
	@(sed -n '/^- /p' results/power.md; echo; sed -n '/^| criterion/,/^$$/p' results/power.md | sed '/^$$/d') > power.part
	@sed -n '/^| size/,/^$$/p' results/speed.md | sed '/^$$/d' > speed.part
	@for block in counts power speed; do sed -i.part -e "/^<!-- $$block/,/^<!-- end/{//!d;}" \
		-e "/^<!-- $$block/r $$block.part" README.md; done
	@rm -f counts.part power.part speed.part README.md.part

lock: ## renew requirements.lock: the newest versions that pyproject.toml allows
	rm -rf .venv-lock
	$(PYTHON3) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --upgrade pip setuptools
	.venv-lock/bin/pip install --quiet $(TORCH) '.[dev]'
	(echo "# Written by 'make lock': every package, the indirect ones too, at one version."; \
	 .venv-lock/bin/pip freeze --all --exclude pip --exclude crosscheck | sed -E 's/\+cpu$$//') > requirements.lock
	rm -rf .venv-lock build

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON3) is older than Python 3.11: say which to use, PYTHON3=python3.12"; exit 2; }
	$(PYTHON3) -m venv --clear .venv
	.venv/bin/pip install --quiet -r requirements.lock
	.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean: ## remove .venv and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
