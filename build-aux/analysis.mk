# SPDX-License-Identifier: Apache-2.0
# Sanitizers, static analysis, valgrind, coverage and soak: docs/testing.md.

.PHONY: analyse coverage root-coverage soak root-soak deps-analysis test-sanitized root-test-sanitized

# ---- instrumented builds ---------------------------------------------------

# `make SANITIZE=1 BUILD=build/sanitize ...`: a build whose programs report
# invalid memory accesses, undefined behaviour and leaks, into files below
# BUILD/sanitizer, each of which is a failed test (see test/run).
ifeq ($(SANITIZE),1)
override CC = clang -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
override LDFLAGS += $(BUILD)/obj/sanitizer.o
# The sanitizers are shared libraries, and so must all others be.
$(BUILD)/fairlead-cni: LINK =
$(BUILD)/obj/sanitizer.o: build-aux/sanitizer.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) $(BUILD)/sanitizer
	$(Q)$(CC) -O2 -Wall -Wextra -Werror -DLOG='"$(abspath $(BUILD))/sanitizer/report"' -c $< -o $@
$(PROGRAMS:%=$(BUILD)/%) $(UNIT) $(BPFTESTS) $(BENCH) $(POLICYPROBE) $(KUBETOOLS): | $(BUILD)/obj/sanitizer.o
endif

# `make COVERAGE=1 BUILD=build/coverage ...`: programs that count the lines they
# run, and say so when they end.
ifeq ($(COVERAGE),1)
override CC += --coverage
endif

deps-analysis: deps
	@build-aux/deps-analysis.sh

# An instrumented build lies in a directory of its own, with the same sources
# of others' code.
instrumented = mkdir -p $(1) && cp -r $(BUILD)/deps $(1)/

test-sanitized: ## Run the tests with ASan and UBSan (root); ONLY="unit e2e/y" picks some
	$(as_root)
root-test-sanitized: deps-analysis
	@$(call instrumented,$(BUILD)/sanitize)
	@FL_GENTLE=1 FL_SLOW=$${FL_SLOW:-15} LIMIT=$${LIMIT:-1800} FL_SANITIZED=1 \
		$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize SANITIZE=1 root-test

# ---- soak ------------------------------------------------------------------

soak: ## Pods come and go under traffic for MINUTES=n (root)
	$(as_root)
root-soak:
	@$(MAKE) --no-print-directory deps && $(MAKE) --no-print-directory programs
	@BUILD=$(BUILD) SOAK_MINUTES=$(or $(MINUTES),10) test/e2e/churn_test

# ---- analysis and coverage -------------------------------------------------

analyse: deps-analysis $(SKELS) ## Look for bugs without running anything; TOOLS="format cppcheck analyzer tidy" picks some
	@BUILD=$(BUILD) build-aux/analyse $(TOOLS)

coverage: ## Which lines of the programs the tests run (root); ONLY="unit e2e/y" picks some
	$(as_root)
root-coverage: deps-analysis
	@$(call instrumented,$(BUILD)/coverage)
	@find $(BUILD)/coverage -name '*.gcda' -delete
	-@FL_GENTLE=1 $(MAKE) --no-print-directory BUILD=$(BUILD)/coverage COVERAGE=1 \
		ONLY="$(or $(ONLY),unit e2e)" root-test
	@build-aux/coverage $(BUILD)/coverage
