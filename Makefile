# Fingerpost, for whoever builds or tries it. `make help` says what there is.
#
# Needs Python 3.10 or later with venv, make, and from Debian: libgl1 libglib2.0-0 (for the MediaPipe reference of the
# tests only). Everything else goes into .venv, made here; nothing is installed outside this folder.

PYTHON      ?= python3
PIP_FLAGS   ?= --no-input --disable-pip-version-check --progress-bar on $(if $(CI),--quiet)
PYTEST_ARGS ?=
ITERATIONS  ?= 300
DEB_PYTHON  ?= 3.11
MINUTES     ?= 20

BIN  := .venv/bin
DEMO := build/demo
# What the device part needs, and the Pythons of the systems it runs on (`make wheels-check`).
WHEEL_PYTHONS   := 3.10 3.11 3.12 3.13
# glibc 2.28 and the older ones that its systems run too: pip takes each platform by its word.
WHEEL_PLATFORMS := $(foreach glibc,2_28 2_27 2_26 2_24 2_17,--platform manylinux_$(glibc)_aarch64)

# JetPack 6 has TensorRT 10.3 and CUDA 12, JetPack 7 10.13 to 10.16 and 13.
RTX       := 1.7.1.116
TENSORRTS := 10.3.0 10.13.3.9 10.16.0.72 11.4.0.106
CUDAS     := 12.8.0 13.5.0

export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help venv venv-ref venv-rtx demo test test-device test-gpu lint deb wheels-check clean

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

venv: .venv/made  ## the environment of the project in .venv

.venv/made: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install $(PIP_FLAGS) --editable '.[dev]'
	@touch $@

venv-ref: .venv-ref/made  ## the environment of the MediaPipe reference in .venv-ref, for the tests that compare

# An environment of its own: mediapipe forces numpy 1 and overwrites cv2.
.venv-ref/made: Makefile
	$(PYTHON) -m venv .venv-ref
	.venv-ref/bin/pip install $(PIP_FLAGS) mediapipe==0.10.21
	@.venv-ref/bin/python -c 'import mediapipe' \
	  || { echo 'mediapipe cannot be imported; it needs: apt-get install libgl1 libglib2.0-0' >&2; exit 1; }
	@touch $@

venv-rtx: .venv-rtx/made  ## TensorRT for RTX in .venv-rtx, whose parser needs no GPU, and the bindings of each JetPack's TensorRT and CUDA

# For the opt-in check of graphs (`python -m export --target jetson --check-parser`) and for tests; about 130 MB.
.venv-rtx/made: Makefile
	$(PYTHON) -m venv .venv-rtx
	.venv-rtx/bin/pip install $(PIP_FLAGS) --no-deps tensorrt-rtx-cu13-libs==$(RTX) tensorrt-rtx-cu13-bindings==$(RTX)
	@for version in $(TENSORRTS); do \
	  .venv-rtx/bin/pip install $(PIP_FLAGS) --no-deps --upgrade --target .venv-rtx/bindings/$$version \
	    tensorrt-cu12-bindings==$$version || exit 1; \
	done
	@for version in $(CUDAS); do \
	  .venv-rtx/bin/pip install $(PIP_FLAGS) --no-deps --upgrade --target .venv-rtx/cuda/$$version \
	    cuda-bindings==$$version cuda-pathfinder || exit 1; \
	done
	@touch $@

demo: venv  ## export the shipped model, install it, read the shipped clip, measure: all in build/demo
	@rm -rf $(DEMO)
	$(BIN)/python -m export --target pi --output $(DEMO)
	$(BIN)/python -m edge install --store $(DEMO)/store $(DEMO)/*.bundle
	$(BIN)/python -m edge run --store $(DEMO)/store --source demo
	$(BIN)/python -m benchmarks --bundle $(DEMO)/*.bundle --iterations $(ITERATIONS)

lint: venv  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: venv lint  ## lint and every test that can run here; PYTEST_ARGS='-m "not slow"' for the quick ones
	@$(MAKE) --no-print-directory venv-ref || echo 'The reference tests will be skipped: .venv-ref could not be made.'
	$(BIN)/pytest -rs -n 2 --dist loadfile $(PYTEST_ARGS)

test-device: venv  ## boot an emulated arm64 board, install the .deb, break what can break; root, qemu, debootstrap
	$(BIN)/pytest -rs -m device -n 2 tests/device $(PYTEST_ARGS)

# Sees the system's TensorRT where there is one. pycuda is built where nvcc is; onnxruntime-gpu stands in for onnxruntime.
.venv-gpu/made: pyproject.toml Makefile
	$(PYTHON) -m venv --system-site-packages .venv-gpu
	.venv-gpu/bin/pip install $(PIP_FLAGS) --editable '.[dev,jetson]'
	.venv-gpu/bin/pip install $(PIP_FLAGS) --no-deps tensorrt-rtx-cu13-libs==$(RTX) tensorrt-rtx-cu13-bindings==$(RTX)
	.venv-gpu/bin/pip uninstall --yes --quiet onnxruntime
	.venv-gpu/bin/pip install $(PIP_FLAGS) 'onnxruntime-gpu[cuda,cudnn]'
	@! command -v nvcc || .venv-gpu/bin/pip install $(PIP_FLAGS) pycuda || echo 'pycuda could not be built: its tests are skipped'
	@touch $@

test-gpu: .venv-gpu/made  ## the tests that need an NVIDIA GPU, and its figures beside PyTorch's; several GB of packages
	.venv-gpu/bin/pytest -rs -s -m gpu tests/gpu $(PYTEST_ARGS)

soak: venv  ## the service at full speed for MINUTES=20, after `make demo`: memory and descriptors must stay flat
	$(BIN)/python -m benchmarks soak --bundle $(DEMO)/*.bundle --minutes $(MINUTES)

deb: venv  ## build/deb/fingerpost_..._arm64.deb for the Python of Debian 12; DEB_PYTHON=3.13 for Debian 13
	PYTHON=$(BIN)/python systemd/deb/build-deb --for $(DEB_PYTHON)

wheels-check:  ## whether every package of the device has an aarch64 wheel for each Python
	$(PYTHON) -m venv build/wheels
	@for version in $(WHEEL_PYTHONS); do \
	  build/wheels/bin/pip download $(PIP_FLAGS) --quiet --dest build/wheels/$$version --only-binary=:all: \
	    $(WHEEL_PLATFORMS) --python-version $$version '.[$(shell grep -v '^\#' systemd/extras | paste -sd,)]' \
	  && echo "Python $$version on aarch64: every wheel exists" || exit 1; \
	done

clean:  ## remove the environments and everything built
	rm -rf .venv .venv-ref .venv-rtx .venv-gpu build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
