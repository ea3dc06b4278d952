# Crossover: `make demo` sets up and does the main job; `make test` sets up and runs the tests.
.DEFAULT_GOAL := help
.SHELLFLAGS := -eu -c
SHELL := /bin/bash
.DELETE_ON_ERROR:

PYTHON ?= python3.11
VENV ?= .venv
PIP ?= $(VENV)/bin/python -m pip --disable-pip-version-check
LOCK ?= requirements-cpu.lock
TORCH := $(shell sed -n 's/^torch==//p' $(LOCK))
# PyTorch's own index is asked only where pip does not already see the CPU build that the lock names.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
SEED ?= 11
PROVE_SEEDS ?= 11 12 13
ROUTER_FIT ?= 21 22 23 24 25
ROUTER_JUDGE ?= 31 32 33 34 35 36 37 38 39 40
GRADED ?= 41 42 43 44 45 46 47 48 49 50
CENSUS ?= 216
WORLDS := build/prove/worlds
FITTED = $(ROUTER_FIT:%=$(WORLDS)/small-seed-%)
JUDGED = $(ROUTER_JUDGE:%=$(WORLDS)/small-seed-%)
DPO_SEEDS ?= 900 901 902
BENCHES := serving adapters eval retrieval retriever indexing search freshness chunking train

READY := $(VENV)/.ready-$(shell cat $(LOCK) pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)

.PHONY: help
help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## make .venv and install exactly what the lock says

$(READY): $(LOCK) pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "error: $(PYTHON) with venv is needed; install Python 3.11 or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing the locked requirements into $(VENV) (about 3 minutes, 4 GB on disk) ..."
	@index=""; \
	if [ "$(LOCK)" = requirements-cpu.lock ] && ! $(PIP) index versions torch 2>/dev/null | grep '^Available versions:' | grep -qF "$(TORCH)"; then \
	  index="--extra-index-url $(TORCH_INDEX)"; fi; \
	$(PIP) install --quiet --no-deps $$index -r $(LOCK)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*; touch $@

.PHONY: demo
demo: setup ## documents in, an adapter trained, every strategy answering, a verdict out (about 10 minutes)
	@$(VENV)/bin/crossover eval world --seed $(SEED)

.PHONY: serve
serve: setup ## start the server on http://127.0.0.1:8080
	@$(VENV)/bin/crossover serve

.PHONY: test
test: setup ## run the tests
	@$(VENV)/bin/python -m pytest -q

.PHONY: lint
lint: setup ## formatter, linter, types and the direction of imports
	@mkdir -p build/src && ln -sfn ../.. build/src/crossover
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@PYTHONPATH=build/src $(VENV)/bin/lint-imports

.PHONY: fix
fix: setup ## let the formatter and the linter mend what they can
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

.PHONY: bench
bench: $(BENCHES:%=bench-%) ## run every benchmark, side by side with what one would pick instead (some need BENCH_DATA)

.PHONY: bench-eval
bench-eval: setup ## an evaluation run beside the generation in it, and scoring again beside ragas' own loop
	@$(VENV)/bin/python -m crossover.eval.bench.evaluation

bench-%: setup
	@$(VENV)/bin/python -m crossover.eval.bench.$*

.PHONY: prove
prove: prove-lora prove-ptuning prove-models prove-swaps prove-gate prove-verdict prove-faults prove-kills ## run the long demonstrations

.PHONY: prove-lora
prove-lora: setup ## adapters on the CPU engine are right: beside others, and against PEFT
	@$(VENV)/bin/python -m crossover.eval.bench.lora_parity

.PHONY: prove-ptuning
prove-ptuning: setup ## P-tuned adapters, served as prompt embeddings, answer as in PEFT
	@$(VENV)/bin/python -m crossover.eval.bench.ptuning_parity

.PHONY: prove-models
prove-models: setup ## tiny Qwen3, Llama 3, Mistral, Gemma and Phi models: trained, served, swapped, compared with PEFT
	@$(VENV)/bin/python -m crossover.eval.bench.model_families

.PHONY: prove-swaps
prove-swaps: setup ## 100 promotions and rollbacks under load: nothing fails, nothing is answered by the wrong version
	@$(VENV)/bin/python -m crossover.eval.bench.hot_swaps

.PHONY: prove-gate
prove-gate: setup ## planted forgetter, worse version and template mismatch stopped, sound ones let through, false alarms
	@$(VENV)/bin/python -m crossover.eval.bench.gate

.PHONY: prove-same-arm
prove-same-arm: setup ## one arm beside itself, 200 times: how often a report claims a difference
	@$(VENV)/bin/python -m crossover.eval.bench.same_arm

.PHONY: prove-faults
prove-faults: setup ## the index under kill -9, ten processes at once, and questions while it changes
	@$(VENV)/bin/python -m crossover.eval.bench.index_faults

.PHONY: prove-kills
prove-kills: setup ## trainings under kill -9: each resumes, with the losses of one that nobody disturbs
	@$(VENV)/bin/python -m crossover.eval.bench.training_kills

.PHONY: prove-demo
prove-demo: setup ## the demo on three worlds nothing was tuned on, and what must hold of their mean
	@for seed in $(PROVE_SEEDS); do $(VENV)/bin/crossover eval world --seed $$seed; done
	@$(VENV)/bin/python -m crossover.eval.world.verdict $(PROVE_SEEDS)

.PHONY: prove-verdict
prove-verdict: prove-demo judged-worlds ## what reports claim, beside a census of twenty worlds, half of them graded (hours; resumes)
	@$(VENV)/bin/python -m crossover.eval.bench.worlds $(GRADED) --graded --census $(CENSUS)
	@$(VENV)/bin/python -m crossover.eval.bench.census $(WORLDS)/small-*

.PHONY: judged-worlds
judged-worlds: setup
	@$(VENV)/bin/python -m crossover.eval.bench.worlds $(ROUTER_JUDGE) --census $(CENSUS) --sampled

.PHONY: prove-recipes
prove-recipes: setup ## replay, context, sequential and multi-task training against their plain rivals (hours; resumes)
	@$(VENV)/bin/python -m crossover.eval.bench.training_recipes

.PHONY: prove-learning-curve
prove-learning-curve: setup ## predicted numbers of examples against trainings made around them (many hours on two cores; resumes)
	@$(VENV)/bin/python -m crossover.eval.bench.learning_curve

.PHONY: prove-reader
prove-reader: setup ## 300 facts learnt by the built-in model; BESIDE=FOLDER: requests a second beside those weights
	@$(VENV)/bin/python -m crossover.eval.bench.reader $(if $(BESIDE),--beside $(BESIDE))

.PHONY: prove-dpo
prove-dpo: setup ## does preference training pay? the house style before and after DPO, beside plain training (resumes)
	@$(VENV)/bin/python -m crossover.eval.bench.dpo $(DPO_SEEDS)

.PHONY: prove-router
prove-router: judged-worlds ## the router fitted on some worlds and judged on others, beside always-X and the oracles (hours; resumes)
	@$(VENV)/bin/python -m crossover.eval.bench.worlds $(ROUTER_FIT)
	@$(VENV)/bin/python -m crossover.eval.bench.router --fit $(FITTED) --judge $(JUDGED)
	@$(VENV)/bin/python -m crossover.eval.bench.worlds 51 --size changed --census 500 --slices fresh
	@$(VENV)/bin/python -m crossover.eval.bench.router --fit $(FITTED) --judge $(WORLDS)/changed-seed-51/runs/census --name router-changed
	@$(VENV)/bin/python -m crossover.eval.bench.router_age --fit $(FITTED) --world $(firstword $(JUDGED))
	@$(VENV)/bin/python -m crossover.eval.bench.cascade --fit $(FITTED) --judge $(JUDGED)

.PHONY: prove-eval-kills
prove-eval-kills: setup ## an evaluation run killed thirty times: no answer lost, none there twice
	@$(VENV)/bin/python -m crossover.eval.bench.eval_kills

.PHONY: prove-router-mixture
prove-router-mixture: setup ## `auto` on banking intents, earnings calls and SQuAD in one stream (needs BENCH_DATA; trains)
	@$(VENV)/bin/python -m crossover.eval.bench.router_mixture

.PHONY: prove-new-facts
prove-new-facts: setup ## how many examples real new facts take, beside retrieval (needs BENCH_DATA; trains)
	@$(VENV)/bin/python -m crossover.eval.bench.new_facts

.PHONY: base-model
base-model: setup ## train a reader from the seed by the built-in one's first course (an hour on two fast cores; needs g++; resumes)
	@$(VENV)/bin/python -m crossover.adapters.base_model.train --out build/base_model/run --compile

.PHONY: lock
lock: setup ## resolve both lock files anew (needs uv)
	@mkdir -p build
	@printf '%s\n' "torchvision; sys_platform == 'never'" "torchaudio; sys_platform == 'never'" \
	  "torchcodec; sys_platform == 'never'" "triton; sys_platform == 'never'" "setuptools==80.9.0" > build/cpu-overrides.txt
	@echo "setuptools==80.9.0" > build/gpu-overrides.txt
	uv pip compile pyproject.toml --extra cpu --extra dev --override build/cpu-overrides.txt --constraint requirements-cpu.lock \
	  --extra-index-url $(TORCH_INDEX) --index-strategy unsafe-best-match --python-version 3.11 --no-header --no-annotate -o requirements-cpu.lock
	uv pip compile pyproject.toml --extra gpu --override build/gpu-overrides.txt --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --no-header --no-annotate -o requirements-gpu.lock

.PHONY: clean
clean: ## remove caches, results and worlds; documents, adapters, .venv and checkpoints in build/base_model stay
	@find build -mindepth 1 -maxdepth 1 -not -name base_model -exec rm -rf {} + 2>/dev/null || true
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info .crossover/worlds
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
