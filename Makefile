# `make demo`, `make test`, `make check`, `make long`, `make miniworld`. Each sets up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo test check long miniworld clean

demo: $(READY)
	$(BIN)/curriculum search demo

# Ray's workers give way to other processes, so their tests come last, among themselves.
test: $(READY)
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not ray"
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m ray

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_layers.py

long: $(READY)
	$(BIN)/python -m benchmarks.long

miniworld: $(READY)
	$(BIN)/python -m trainables.miniworld.pretrain

$(READY): pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) runs
