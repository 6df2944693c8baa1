# pgplumb: `make demo` shows the whole story, `make test` runs every test. Both start from nothing but
# Rust, git and make, and install what else they need.

CARGO ?= cargo
PREFIX ?= $(HOME)/.local

# rustup's own directory, for a shell that has not read its profile since
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help deps build demo test test-all browser unit lint fmt ci install clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

deps: ## install what is missing: a C compiler, PostgreSQL 12 or newer (only its programs, no service)
	@sh .ci/deps

build: deps ## target/release/pgplumb, optimized as a whole
	@sh .ci/build $(CARGO)

demo: deps ## the whole story, on a throw-away PostgreSQL that is gone afterwards
	@sh .ci/build $(CARGO) dev
	@exec target/debug/pgplumb demo

test: ## unit tests, and black-box tests on servers that the tests start themselves
	@sh .ci/deps test
	$(CARGO) test --locked

test-all: ## the black-box tests on every installed server version, or those of PGPLUMB_PG_BINS
	@sh .ci/deps test
	@sh .ci/test-all $(CARGO)

browser: deps ## the HTML report in a headless Chromium, which has to be installed
	$(CARGO) test --locked --test pgplumb -- --ignored --test-threads 1 browser::

lint: ## formatting, and clippy with warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- --deny warnings

ci: ## what continuous integration runs
	bash .ci/run

install: build ## into PREFIX/bin ($HOME/.local unless PREFIX is set)
	@mkdir -p "$(DESTDIR)$(PREFIX)/bin"
	@install -m 755 target/release/pgplumb "$(DESTDIR)$(PREFIX)/bin/pgplumb"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/pgplumb"

clean: ## remove what was built
	$(CARGO) clean
