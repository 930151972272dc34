# SPDX-License-Identifier: Apache-2.0
# Fairlead: build, test, demo, install; everything starts here. `make help`.

VERSION := 0.1.0
# Another architecture than this machine's: make ARCH=arm64.
ifneq ($(ARCH),)
include build-aux/arch/$(ARCH).mk
endif
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
V       ?= 0

CC         = gcc
CLANG     ?= clang
BPFTOOL   ?= bpftool
PKGCONFIG ?= pkg-config
CFLAGS    ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -MMD -MP \
	-Iinclude -I$(BUILD)/deps -I$(BUILD)/skel -DFAIRLEAD_VERSION='"$(VERSION)"' \
	$(shell $(PKGCONFIG) --cflags libnl-3.0 libnl-route-3.0 2>/dev/null)
# clang says x86_64-pc-linux-gnu of what Debian calls x86_64-linux-gnu.
ARCH_INCLUDE := /usr/include/$(subst -pc-linux,-linux,$(shell $(CC) -dumpmachine 2>/dev/null))
# For clang -target bpf an x86 is one of 32 bits, whose headers are not installed.
BPF_CFLAGS = -target bpf $(if $(findstring x86_64,$(ARCH_INCLUDE)),-D__x86_64__) -mcpu=v3 -O2 -g -Wall -Wextra -Werror -MMD -MP -Iinclude -I$(ARCH_INCLUDE)

LIBS_BPF = -lbpf -lelf -lz
LIBS_NL  = -lnl-route-3 -lnl-3
Q  = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))
# What needs root runs itself again through sudo for a user who is not root.
as_root = @if [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory root-$@; else \
	echo "make $@ needs root: running it through sudo"; \
	sudo $(MAKE) --no-print-directory $@ $(MAKEOVERRIDES); fi

# Compiling takes all processors, unless make was told how many.
compile = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

PROGRAMS := fairlead-cni fairlead-agent fairlead-loader fairlead
SKELS    := $(BUILD)/skel/datapath.skel.h $(BUILD)/skel/stub.skel.h
objs      = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
MODULES  := lib loader policy kube cni agent ctl
ARCHIVES := $(MODULES:%=$(BUILD)/lib%.a)
UNIT     := $(patsubst test/unit/%.c,$(BUILD)/test/unit/%,$(wildcard test/unit/*_test.c))
BPFTESTS := $(patsubst test/bpf/%.c,$(BUILD)/test/bpf/%,$(wildcard test/bpf/*_test.c))
POLICYPROBE := $(BUILD)/test/policy/probe
KUBETOOLS := $(patsubst test/kube/%.c,$(BUILD)/test/kube/%,$(wildcard test/kube/*.c))
BENCH    := $(patsubst test/bench/%.c,$(BUILD)/test/bench/%,$(wildcard test/bench/*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps deps-deploy programs tests test demo bench root-test \
	root-demo root-bench check-unit check-clang \
	manifests format \
	format-check install clean distclean help

all: deps ## Build all programs (installs what is missing first)
	@$(compile) programs

programs: $(PROGRAMS:%=$(BUILD)/%)

deps: $(BUILD)/deps/stamp ## Install the Debian packages that are needed
$(BUILD)/deps/stamp: build-aux/deps.sh
	$(Q)build-aux/deps.sh $(BUILD)/deps/cjson $(DEPS)
	$(Q)touch $@

# ---- BPF: object -> skeleton --------------------------------------------

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/skel/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# ---- user space ----------------------------------------------------------

$(BUILD)/obj/%.o: %.c | $(SKELS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

$(BUILD)/obj/cJSON.o: $(BUILD)/deps/cjson/cJSON.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -c $< -o $@

define archive
$(BUILD)/lib$(1).a: $(call objs,$(1)) $(if $(filter lib,$(1)),$(BUILD)/obj/cJSON.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call archive,$(m))))

# module of each program, and the libraries it links
$(BUILD)/fairlead-cni: $(BUILD)/obj/cni/main.o $(BUILD)/libcni.a
$(BUILD)/fairlead-cni: LINK = -static
$(BUILD)/fairlead-agent: $(BUILD)/obj/agent/main.o $(BUILD)/libagent.a $(BUILD)/libpolicy.a $(BUILD)/libkube.a
$(BUILD)/fairlead-agent: LINK = -levent_core -levent_extra
$(BUILD)/fairlead-loader: $(BUILD)/obj/loader/main.o
$(BUILD)/fairlead: $(BUILD)/obj/ctl/main.o $(BUILD)/libctl.a
$(PROGRAMS:%=$(BUILD)/%): $(BUILD)/libloader.a $(BUILD)/liblib.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(LINK) -lyaml $(LIBS_BPF) $(LIBS_NL) -lpthread

# ---- tests ---------------------------------------------------------------

# What several unit tests share; of an archive they take what they call.
$(BUILD)/libunit.a: $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %_test.c,$(wildcard test/unit/*.c)))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/test/unit/%: $(BUILD)/obj/test/unit/%.o $(BUILD)/libunit.a $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(BUILD)/libunit.a -Wl,--start-group $(ARCHIVES) -Wl,--end-group \
		-lcmocka -levent_core -levent_extra -lyaml $(LIBS_BPF) $(LIBS_NL) -lpthread

$(BUILD)/test/bpf/%: $(BUILD)/obj/test/bpf/%.o $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %_test.c,$(wildcard test/bpf/*.c))) $(BUILD)/libagent.a $(BUILD)/libpolicy.a $(BUILD)/libloader.a $(BUILD)/liblib.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lyaml $(LIBS_BPF) $(LIBS_NL) -lpthread

$(BUILD)/test/bench/%: $(BUILD)/obj/test/bench/%.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group \
		-levent_core -levent_extra -lcurl -lyaml $(LIBS_BPF) $(LIBS_NL) -lpthread

$(BUILD)/test/policy/%: $(BUILD)/obj/test/policy/%.o $(BUILD)/liblib.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_BPF)

# ---- deploy --------------------------------------------------------------

# What the tests of deploy/ need beside the rest.
deps-deploy: $(BUILD)/deps/deploy.stamp
$(BUILD)/deps/deploy.stamp: build-aux/deps-deploy.sh
	$(Q)build-aux/deps-deploy.sh $(BUILD)/deps/kubernetes-types
	$(Q)touch $@

$(BUILD)/helmtemplate: test/deploy/helmtemplate.go | deps-deploy
	$(call say,GO,$@)
	$(Q)GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(abspath $(BUILD))/gocache go build -o $@ $<

manifests: $(BUILD)/helmtemplate ## Write deploy/kubernetes/ from the Helm chart
	$(Q)deploy/manifests.sh $(abspath $<)

# ---- tests, continued ----------------------------------------------------

$(BUILD)/test/kube/%: $(BUILD)/obj/test/kube/%.o $(BUILD)/libkube.a $(BUILD)/liblib.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -levent_core -lyaml

tests: programs $(UNIT) $(BPFTESTS) $(BENCH) $(POLICYPROBE) $(KUBETOOLS)

test: ## Set up, build and run all tests (root); ONLY="unit bpf/x e2e/y" picks some
	$(as_root)
root-test:
	@$(MAKE) --no-print-directory deps && $(compile) tests
	@$(if $(ONLY),$(if $(filter e2e e2e/deploy% e2e/image%,$(ONLY)),$(MAKE) --no-print-directory $(BUILD)/helmtemplate),$(MAKE) --no-print-directory $(BUILD)/helmtemplate)
	@BUILD=$(BUILD) test/run $(ONLY)

check-unit: deps ## Build and run the unit tests (no root)
	@$(compile) tests && BUILD=$(BUILD) test/run unit

check-clang: deps ## Build everything with clang as well
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/clang deps CC=clang
	@$(compile) BUILD=$(BUILD)/clang CC=clang tests

demo: ## Two nodes, a world and pods on this machine, in words (root); KEEP=1 leaves it up
	$(as_root)
root-demo:
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) KEEP=$(KEEP) test/e2e/demo

bench: ## Measure side by side; writes build/bench.json (root)
	$(as_root)
root-bench:
	@$(MAKE) --no-print-directory deps && $(compile) tests
	@BUILD=$(BUILD) test/bench/run $(ONLY)

format: ## Format the C sources
	clang-format -i $$(git ls-files '*.c' '*.h')

# What is a subject of its own: kernels, sanitizers, fuzzing, ...
include $(wildcard build-aux/*.mk)

# ---- install -------------------------------------------------------------

install: all ## Install below DESTDIR and PREFIX (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)/opt/cni/bin \
		$(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/doc/fairlead
	install -m 755 $(BUILD)/fairlead-agent $(BUILD)/fairlead-loader $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(BUILD)/fairlead $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/fairlead-cni $(DESTDIR)/opt/cni/bin/
	install -m 644 docs/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -d $(DESTDIR)$(PREFIX)/share/doc/fairlead/examples $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 644 deploy/cni/* deploy/standalone/* deploy/systemd/*.network deploy/systemd/*.conf \
		$(wildcard examples/*.yaml) $(DESTDIR)$(PREFIX)/share/doc/fairlead/examples/
	sed 's|/usr/local/|$(PREFIX)/|' deploy/systemd/fairlead-agent.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/fairlead-agent.service
	install -m 644 README.md LICENSE docs/*.md $(DESTDIR)$(PREFIX)/share/doc/fairlead/

clean: ## Remove what was built
	find $(BUILD) -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +

distclean: ## Remove build/ altogether
	rm -rf $(BUILD)

help: ## This list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(filter %Makefile %.mk,$(MAKEFILE_LIST)) | expand -t 14

-include $(shell find $(BUILD) \( -name sysroot -o -name kernels \) -prune -o -type f -name '*.d' -print 2>/dev/null)
