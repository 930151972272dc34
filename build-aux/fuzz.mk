# SPDX-License-Identifier: Apache-2.0
# Fuzzing: docs/testing.md. Each test/fuzz/NAME_fuzz.c is a target: with libFuzzer
# it is $(BUILD)/fuzz/NAME; without it, as unit test fuzz_NAME, it goes through
# its corpus and findings.

FUZZ_NAMES   := $(patsubst test/fuzz/%_fuzz.c,%,$(wildcard test/fuzz/*_fuzz.c))
FUZZ_TARGETS := $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)
FUZZ_REPLAYS := $(FUZZ_NAMES:%=$(BUILD)/test/unit/fuzz_%_test)
FUZZ_SHARED  := fuzz node
FUZZ_SECONDS  = $(if $(SECONDS),$(SECONDS),60)

# Everything once more, with clang's instrumentation.
FUZZ_CC      := $(CLANG) -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS   = -O1 -g -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -MMD -MP \
	-fsanitize=fuzzer-no-link -fno-omit-frame-pointer \
	-Iinclude -I$(BUILD)/deps -I$(BUILD)/skel -DFAIRLEAD_VERSION='"$(VERSION)"' \
	$(shell $(PKGCONFIG) --cflags libnl-3.0 libnl-route-3.0 2>/dev/null)
FUZZ_SOURCES := $(filter-out %/main.c,$(wildcard $(MODULES:%=%/*.c))) $(FUZZ_SHARED:%=test/fuzz/%.c)
FUZZ_LIBS    := -levent_core -levent_extra -lyaml $(LIBS_BPF) $(LIBS_NL) -lpthread -lm

.PHONY: fuzz root-fuzz fuzz-brief fuzz-corpus fuzz-ready fuzz-targets

fuzz-targets: $(FUZZ_TARGETS)

$(BUILD)/fuzz/obj/%.o: %.c | $(SKELS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -c $< -o $@

$(BUILD)/fuzz/obj/cJSON.o: $(BUILD)/deps/cjson/cJSON.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link -O1 -g -c $< -o $@

# An archive, so that a target has only what it uses, and what it defines
# itself takes precedence.
$(BUILD)/fuzz/obj/all.a: $(FUZZ_SOURCES:%.c=$(BUILD)/fuzz/obj/%.o) $(BUILD)/fuzz/obj/cJSON.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_TARGETS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/test/fuzz/%_fuzz.o $(BUILD)/fuzz/obj/all.a
	$(call say,LINK,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LIBS)

# ---- the same as unit tests ----------------------------------------------

tests: $(FUZZ_REPLAYS)

$(BUILD)/obj/test/fuzz/%_replay.o: test/fuzz/replay.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -DFUZZ_TARGET='"$*"' -c $< -o $@

$(FUZZ_REPLAYS): $(BUILD)/test/unit/fuzz_%_test: $(BUILD)/obj/test/fuzz/%_fuzz.o $(BUILD)/obj/test/fuzz/%_replay.o \
		$(FUZZ_SHARED:%=$(BUILD)/obj/test/fuzz/%.o) $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(FUZZ_LIBS)

# ---- running -------------------------------------------------------------

fuzz: ## Fuzz each target for SECONDS=60, then packets (root); ONLY="cni packets" picks some
	$(as_root)
root-fuzz: fuzz-ready
	@BUILD=$(BUILD) test/fuzz/run $(FUZZ_SECONDS) $(ONLY)

fuzz-brief: fuzz-ready ## A short run that is the same each time, as in CI
	@BUILD=$(BUILD) test/fuzz/run brief $(ONLY)

fuzz-corpus: fuzz-ready ## Minimise what fuzzing has found into test/fuzz/corpus
	@BUILD=$(BUILD) test/fuzz/run corpus $(ONLY)

fuzz-ready:
	@$(MAKE) --no-print-directory deps && build-aux/deps-fuzz.sh
	@$(compile) fuzz-targets tests
