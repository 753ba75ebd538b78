# make demo: build everything that is missing and serve the page. make test: every test. make help: the rest.

# Build products live outside the checkout, so that a fresh clone reuses what was compiled of the dependencies.
PREFSHIFT_TARGET ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/prefshift/target
OWNED := $(shell scripts/own-target.sh $(PREFSHIFT_TARGET))
NATIVE = CARGO_TARGET_DIR=$(PREFSHIFT_TARGET)/native
CARGO_FLAGS = --release --features cli,typescript,gpu
SOURCES = $(shell find src -name '*.rs') Cargo.toml Cargo.lock
PAGE = $(shell find www/src www/public -type f -not -path '*/engine/*' 2>/dev/null) www/index.html www/vite.config.ts www/package-lock.json
ENGINE = www/public/engine
PREFSHIFT = $(PREFSHIFT_TARGET)/native/release/prefshift
# Where rustup and cargo install put programs, for a shell that has not read its profile since.
export PATH := $(HOME)/.cargo/bin:$(PATH)
# The real-data tests look here; they say so and skip where it is absent.
export PREFSHIFT_DATA ?= $(abspath ../shared/data)

.PHONY: demo test bench bench-ready scaling test-native test-wasm test-page engine page single sizes cli lessons reference trace types faults fuzz mutants clean help

help:
	@echo "make demo         build what is missing and serve the page on localhost"
	@echo "make test         every test: native, wasm in a browser, the page"
	@echo "make bench        our engine beside jax-js, TensorFlow.js, JAX and PyTorch (benches/README.md)"
	@echo "make scaling      the chart of step time against lanes, pairs, width and context"
	@echo "make single       the page as one HTML file that runs from disk, www/dist-single/prefshift.html"
	@echo "make fuzz         damaged files for every reader, at random and guided by coverage, two minutes a format each"
	@echo "make mutants      deliberate mistakes in objectives, training and importers: how many the tests notice"
	@echo "make sizes        what the page downloads, in brotli, against its budget"
	@echo "make cli          the command line, at $(PREFSHIFT)"
	@echo "make reference    train the reference policies that ship with the page"
	@echo "make trace        record the run that the page opens on"
	@echo "make lessons      every lesson of the page run natively from three seeds, held to what it claims"
	@echo "make faults       break the page on purpose and write what came of it to docs/faults.md"
	@echo "make types        regenerate the page's TypeScript types and defaults"
	@echo "make clean        remove the page's build and $(PREFSHIFT_TARGET)"

demo: www/dist/index.html
	@cd www && node_modules/.bin/vite preview --host 127.0.0.1 --port $${PORT:-4173}

engine: $(ENGINE)/cpu/prefshift_bg.wasm $(ENGINE)/gpu/prefshift_bg.wasm

$(ENGINE)/%/prefshift_bg.wasm: $(SOURCES)
	@scripts/setup.sh wasm
	@scripts/engine.sh $* $(PREFSHIFT_TARGET)

page: www/dist/index.html

www/dist/index.html: $(PAGE) $(ENGINE)/cpu/prefshift_bg.wasm $(ENGINE)/gpu/prefshift_bg.wasm
	@scripts/setup.sh page
	@echo "page: building"
	@cd www && npm run --silent build

sizes: www/dist/index.html
	@node scripts/sizes.mjs www/dist

single: www/dist/index.html
	@cd www && npm run --silent build -- --mode single --outDir dist-single/parts --logLevel warn
	@node scripts/single.mjs www/dist-single/parts www/dist-single/prefshift.html

cli:
	@echo "cli: building"
	@$(NATIVE) cargo build --quiet $(CARGO_FLAGS)
	@echo "cli: $(PREFSHIFT)"

test: test-native test-wasm test-page
	@echo "test: all passed"

test-native:
	@[ -d "$(PREFSHIFT_DATA)" ] || echo "test: $(PREFSHIFT_DATA) is not here; the tests on real pairs skip"
	@scripts/timed.sh "native: engine, golden numbers, float64 reference, command line" \
	  env $(NATIVE) cargo test $(CARGO_FLAGS)

# SECONDS_EACH and SEED may be given.
SECONDS_EACH ?= 120
fuzz:
	@$(NATIVE) PREFSHIFT_FUZZ_SECONDS=$(SECONDS_EACH) $(if $(SEED),PREFSHIFT_FUZZ_SEED=$(SEED)) cargo test $(CARGO_FLAGS) --test hostile -- --nocapture --test-threads 2
	@scripts/setup.sh page
	@cd www && PREFSHIFT_FUZZ_SECONDS=$(SECONDS_EACH) $(if $(SEED),PREFSHIFT_FUZZ_SEED=$(SEED)) npx vitest run --disable-console-intercept src/state/hostile.test.ts
	@scripts/fuzz.sh $(PREFSHIFT_TARGET) $(SECONDS_EACH)

# MUTANTS="--sample 2240" tries all, --only TEXT those of a file or function, --seed another choice.
MUTANTS ?=
mutants:
	@scripts/setup.sh mutants
	@node scripts/mutants.mjs $(PREFSHIFT_TARGET) $(MUTANTS)

test-wasm:
	@scripts/setup.sh wasm pack browser
	@scripts/timed.sh "wasm in headless Chromium, CPU" scripts/test-wasm.sh cpu $(PREFSHIFT_TARGET)
	@scripts/timed.sh "wasm in headless Chromium, WebGPU on a software adapter" scripts/test-wasm.sh gpu $(PREFSHIFT_TARGET)

test-page: www/dist/index.html single cli
	@scripts/setup.sh page browser
	@scripts/timed.sh "page: sizes" node scripts/sizes.mjs www/dist --check
	@cd www && ../scripts/timed.sh "page: types" npm run --silent check
	@cd www && ../scripts/timed.sh "page: units" npm run --silent test
	@cd www && CHROME=$${CHROME:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome)} EXPECT_ENGINE=1 PREFSHIFT=$(PREFSHIFT) \
	  ../scripts/timed.sh "page: built, in headless Chromium" npm run --silent e2e

# BENCH="--gpu real --rounds 5" and so on; benches/README.md has the options.
BENCH ?=
BENCH_ENV = PREFSHIFT_TARGET=$(PREFSHIFT_TARGET) CHROME=$${CHROME:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome)}

bench-ready: engine
	@scripts/setup.sh browser
	@$(NATIVE) cargo build --quiet $(CARGO_FLAGS) --example bench_step
	@benches/setup.sh

bench: bench-ready
	@$(BENCH_ENV) node benches/run.mjs $(BENCH)

scaling: bench-ready
	@$(BENCH_ENV) node benches/scaling/scale.mjs $(BENCH)

faults: www/dist/index.html
	@cd www && CHROME=$${CHROME:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome)} EXPECT_ENGINE=1 npm run --silent faults

types:
	UPDATE=1 $(NATIVE) cargo test $(CARGO_FLAGS) --test types

reference: cli
	for s in two-populations shortcut regions; do $(PREFSHIFT) sft --scenario $$s --precision grid --out www/public/reference/$$s.safetensors; done
	$(PREFSHIFT) sft --scenario emotion --out www/public/reference/emotion.safetensors

lessons: cli
	cd www && PREFSHIFT=$(PREFSHIFT) npx vitest run e2e/lessons.verify.ts

trace: cli
	$(PREFSHIFT) train --reference www/public/reference/two-populations.safetensors \
	  --set train.steps=240 --set train.frame_every=4 --set eval.every=20 --trace www/public/demo.trace.jsonl

clean:
	rm -rf www/dist $(ENGINE) $(PREFSHIFT_TARGET)
