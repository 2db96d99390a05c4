# The few words to know. What each does stands in scripts/; nothing outside this folder is touched.
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS = never

.PHONY: help setup up test bench lint

help:
	@echo "make setup   build .venv (another Python: make setup PYTHON=python3.12)"
	@echo "make up      set up, migrate, make demo people, run the site and its worker"
	@echo "make test    every check and test; some of them: make test ONLY='lint sqlite'"
	@echo "make lint    style, types, architecture, templates"
	@echo "make bench   measure"

setup:
	@$(PYTHON) scripts/setup.py $(if $(filter command line environment,$(origin PYTHON)),--chosen)

up: setup
	@exec .venv/bin/goodstanding up

test:
	@$(PYTHON) scripts/setup.py --dev $(if $(filter command line environment,$(origin PYTHON)),--chosen)
	@.venv/bin/python scripts/check.py $(ONLY)

lint:
	@$(MAKE) --no-print-directory test ONLY=lint

bench: setup
	@.venv/bin/python -m bench $(ARGS)
