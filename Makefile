# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The front door.  What is built is declared in */build.mk; how it is built stands here, once.
# Output goes to build/ only.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

B ?= build
ARCH := $(patsubst aarch64%,arm64,$(patsubst x86_64%,x86,$(shell uname -m)))
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s%s\n' '$(1)' '$(2)')

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
LLVM_STRIP ?= $(subst clang,llvm-strip,$(CLANG))
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)

# STRICT=1 adds what is worth seeing before a release and too noisy to stop a user's build on a newer compiler.
STRICT ?= 0
WARN := -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla
WARN += $(if $(filter 1,$(STRICT)),-Werror -Wconversion -Wno-sign-conversion -Wformat=2)
OPT ?= -O2 -g
SAN ?=
CPPFLAGS += -D_GNU_SOURCE -I. -I$(B) -Imaps
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(SAN)
LDFLAGS += $(SAN)
BPF_CFLAGS := -std=gnu11 -O2 -g -target bpf -mcpu=v3 -D__bpf__ -D__TARGET_ARCH_$(ARCH) \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-declarations \
	-Ivmlinux -Imaps -Ibpf/lib

BPF :=      # bpf/<family>/<name>: bpf/<family>/<name>.bpf.c becomes build/bpf/<name>.bpf.o and build/skel/<name>.skel.h
PROGRAMS := # <name>: needs <name>_SRCS, may have <name>_LIBS and <name>_SKEL; becomes build/bin/<name>
TEST_PROGRAMS := # the same, built for the tests; becomes build/tests/<name>

include bpf/build.mk loaders/build.mk bench/build.mk tests/build.mk

BPF_OBJS := $(foreach p,$(BPF),$(B)/bpf/$(notdir $(p)).bpf.o)
SKELS := $(foreach p,$(BPF),$(B)/skel/$(notdir $(p)).skel.h)
BINS := $(PROGRAMS:%=$(B)/bin/%)
TEST_BINS := $(TEST_PROGRAMS:%=$(B)/tests/%)
MAN_PAGES := $(wildcard docs/man/*.8)

##@ Build
.PHONY: all
all: $(BPF_OBJS) $(BINS) ## build everything into build/

.PHONY: tests
tests: all $(TEST_BINS)

.PHONY: deps
deps: ## install the Debian packages that are missing (silent when none is)
	@tests/deps.sh

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf $(B)

define bpf_rule
$(B)/bpf/$(notdir $(1)).bpf.o: $(1).bpf.c | deps-check
	$$(call say,BPF,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $$(@:.o=.d) -MT $$@ -c $$< -o $$@
	$(Q)$(LLVM_STRIP) -g $$@ # DWARF only: BTF stays
endef
$(foreach p,$(BPF),$(eval $(call bpf_rule,$(p))))

$(B)/skel/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)(echo '/* NOLINTBEGIN: generated */' && $(BPFTOOL) gen skeleton $< name $(subst -,_,$*) && \
		echo '/* NOLINTEND */') >$@.tmp && mv $@.tmp $@

# Sources may include skeletons, so those come first; after that the depfiles know who really uses which.
$(B)/obj/%.o: %.c | $(SKELS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

define program_rule
$(1)_OBJS := $$(patsubst %.c,$(B)/obj/%.o,$$($(2)_SRCS))
$(1): $$($(1)_OBJS)
	$$(call say,LINK,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS) $$^ $$($(2)_LIBS) -o $$@
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(B)/bin/$(p),$(p))))
$(foreach p,$(TEST_PROGRAMS),$(eval $(call program_rule,$(B)/tests/$(p),$(p))))

# A build on a bare machine should name what is missing, not fail in the middle.
.PHONY: deps-check
deps-check:
	@tests/deps.sh --check

# What needs root installs what is missing first, so it builds in a second make that starts when that is done.
##@ Run (as root)
IFACE ?=
POLICY ?= docs/examples/observe.yaml
MODE ?= auto
TP_LOAD := $(B)/bin/tp-load

.PHONY: need-root need-iface
need-root:
	@[ "$$(id -u)" = 0 ] || { echo "This needs root. Type: sudo make $(strip $(MAKECMDGOALS) $(foreach v,IFACE POLICY MODE SUITE OUT PROFILE,$(if $(findstring command line,$(origin $(v))),$(v)=$(if $(word 2,$($(v))),'$($(v))',$($(v))))))" >&2; exit 2; }
need-iface: need-root
	@[ -n '$(IFACE)' ] || { echo "Which interface? Type: make $(MAKECMDGOALS) IFACE=ens1f0" >&2; exit 2; }

.PHONY: load reload unload status
load: need-iface deps ## attach to IFACE=… [POLICY=docs/examples/observe.yaml] [MODE=auto|native|generic]
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(TP_LOAD) attach '$(IFACE)' --policy '$(POLICY)' --mode '$(MODE)'
reload: need-iface ## swap the policy of IFACE=… for POLICY=…, under traffic
	@$(if $(findstring file,$(origin POLICY)),echo "Which policy? Type: make reload IFACE=$(IFACE) POLICY=docs/examples/agentic.yaml" >&2; exit 2)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(TP_LOAD) reload '$(IFACE)' --policy '$(POLICY)'
unload: need-iface ## detach from IFACE=…
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(TP_LOAD) detach '$(IFACE)'
status: need-root ## what is attached, and the figures [IFACE=…]
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(TP_LOAD) status $(if $(IFACE),'$(IFACE)')

.PHONY: demo
demo: need-root deps ## real programs over the three paths, in namespaces of its own, under a minute
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/lab/demo

SUITE ?=
PROFILE ?= 0
OUT ?=
.PHONY: bench
bench: need-root deps ## measure [SUITE="bpf rtt"] [OUT=file] [PROFILE=1]; writes results/<suite>.json
	$(Q)$(MAKE) --no-print-directory tests
	$(Q)bench/run --build $(B) $(if $(OUT),--out $(OUT)) $(if $(filter 1,$(PROFILE)),--profile) $(SUITE)

# A page a host: results of different hosts are never drawn together.
FILES ?=
.PHONY: report
report: deps ## results/ (or FILES=…) as one self-contained HTML page with its plots, in build/report [OUT=folder]
	$(Q)bench/report --each-host --out $(or $(OUT),$(B)/report) $(FILES)

##@ Check
.PHONY: test
test: need-root deps ## everything: vectors, fuzzing, policy errors, lab; as root, six to eight minutes
	$(Q)$(MAKE) --no-print-directory tests
	$(Q)tests/run $(B)

.PHONY: sanitize
sanitize: need-root deps ## build with ASan and UBSan into build/san and run the tests against that
	$(Q)$(MAKE) --no-print-directory B=$(B)/san OPT='-O1 -g -fno-omit-frame-pointer' \
		SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined' tests
	$(Q)tests/run --sanitized $(B)/san

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' | grep -v '^vmlinux/')
SH_FILES = $(shell git ls-files -co --exclude-standard | xargs -r grep -lE '^\#!.*\b(ba)?sh\b' 2>/dev/null)
.PHONY: lint format
lint: $(SKELS) ## clang-format, clang-tidy, shellcheck
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(Q)printf '%s\n' $(filter-out bpf/% bench/bpf/%,$(filter %.c,$(C_FILES))) | \
		xargs -P "$$(nproc)" -n 3 sh -c 'clang-tidy --quiet "$$@" -- $(CPPFLAGS) -std=gnu11 2>/dev/null' tidy
	$(Q)shellcheck -x $(SH_FILES)
format: ## reformat C sources in place
	$(Q)clang-format -i $(C_FILES)

.PHONY: help
help: ## this text
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '\nVariables: V=1 shows commands, STRICT=1 adds warnings and makes them errors, CLANG= and CC= choose compilers.\n'

-include $(BPF_OBJS:.o=.d)
-include $(wildcard $(B)/obj/*/*.d $(B)/obj/*/*/*.d)
