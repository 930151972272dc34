# SPDX-License-Identifier: Apache-2.0
# Each system call fails once: docs/faults.md.

.PHONY: faults root-faults

$(BUILD)/test/faults/inject: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard test/faults/*.c))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

tests: $(BUILD)/test/faults/inject

faults: ## Fail each system call of each program, all of them (root); hours. FAULTS=100 picks some
	$(as_root)
root-faults:
	@$(MAKE) --no-print-directory deps && $(MAKE) --no-print-directory tests
	@FAULTS=$(or $(FAULTS),all) LIMIT=20000 BUILD=$(BUILD) test/run \
		$(patsubst test/%_test,%,$(wildcard test/e2e/faults_*calls_test))
