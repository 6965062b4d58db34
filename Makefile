# The default target lists what there is. Nothing here needs more than make, Python ≥ 3.11 and a package registry.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP)  ## make .venv with everything in it

$(STAMP): requirements.txt pyproject.toml scripts/setup
	@scripts/setup $(VENV)
	@touch $(STAMP)

demo: $(STAMP)  ## the story on this machine, left running; ONCE=1 ends after it, JSON=FILE writes it down
	@$(BIN)/tocsin demo $(if $(ONCE),--once) $(if $(JSON),--json $(JSON))

test: lint  ## linters, types, import contracts and all tests
	@$(BIN)/python -m compileall -q src tests  # hundreds of processes start, and not each shall do it
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)  ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check src tests
	@$(BIN)/ruff format --check src tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports

reformat: $(STAMP)  ## put the source into its one format
	@$(BIN)/ruff format src tests
	@$(BIN)/ruff check --fix src tests

spark:  ## the bank's own Spark finds what DuckDB finds; needs Java, takes half a gigabyte for the extra
	@scripts/setup $(VENV)-spark requirements-spark.txt
	@$(VENV)-spark/bin/python -m pytest tests/unit/agent/hunting/test_tables.py

lock: $(STAMP)  ## write requirements.txt anew: versions and hashes, no addresses
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --group dev pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes -c requirements.txt --extra spark \
	  --no-emit-index-url --no-emit-find-links --no-header --group dev pyproject.toml -o requirements-spark.txt

provider: $(STAMP)  ## a real identity provider for the test of signing in (npm's oidc-provider, with node)
	@mkdir -p $(VENV)/provider && cp tests/acceptance/provider/* $(VENV)/provider
	@npm ci --prefix $(VENV)/provider --ignore-scripts --no-audit --no-fund --silent

mutation: $(STAMP)  ## does a test notice every small wrong in what decides, proves and refuses? (20 minutes)
	@$(BIN)/python -m tests.mutation.run

fuzz: $(STAMP)  ## a million bent inputs at everything that reads bytes (ten minutes)
	@$(BIN)/python -m tests.fuzz.run

world: $(STAMP)  ## random stories of a troubled alliance, held against what must hold; COUNT=1000 SEED=1
	@TOCSIN_STORIES=$(or $(COUNT),1000) TOCSIN_SEED=$(or $(SEED),1) $(BIN)/python -m pytest tests/simulation/test_world.py

oracle: $(STAMP)  ## does the time of an answer tell what the asker may not read? (3 minutes)
	@$(BIN)/python -m tests.timing.oracle

crash: $(STAMP)  ## power cuts at every step, kills of every process on both engines, plans over a million entries (30 minutes); SEED=1
	@$(if $(SEED),TOCSIN_SEED=$(SEED)) POWER_CUTS=all KILLS=all PLANS=all $(BIN)/python -m pytest tests/crash tests/store/test_plans.py

poison: $(STAMP)  ## a million junk values of two members that collude, through the real hub (30 minutes)
	@JUNK=all $(BIN)/python -m pytest tests/acceptance/test_poison.py

schema: $(STAMP)  ## schemathesis at every address of a real hub, fifty times what tests do (20 minutes)
	@TOCSIN_SCHEMA_EXAMPLES=600 $(BIN)/python -m pytest tests/acceptance/test_schema.py

bench: $(STAMP)  ## the numbers: a table, with JSON and a chart under results
	@$(BIN)/tocsin bench all --json results/bench.json --chart results/bench.svg

linkability: $(STAMP)  ## who can tell which member reported? ten thousand guesses at models, two at the product (20 minutes)
	@$(BIN)/tocsin bench linkability-full --json results/linkability.json --chart results/linkability.svg
	@$(BIN)/tocsin bench linkability-product --json results/linkability-product.json

learn: $(STAMP)  ## whose a value is, learned anew from labelled texts, and told by texts it was not learned from (15 minutes)
	@$(BIN)/python -m tests.corpus.learn_whose
	@LEARN=all $(BIN)/python -m pytest tests/corpus/test_learn_whose.py

sbom:  ## what Tocsin is made of, as CycloneDX: prints it
	@scripts/sbom

wheelhouse:  ## everything that an installation without a network needs, in the folder wheelhouse
	@scripts/wheelhouse wheelhouse

.PHONY: help setup demo test lint reformat lock spark provider mutation fuzz world oracle crash poison bench linkability schema learn sbom wheelhouse
