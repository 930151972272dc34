# SPDX-License-Identifier: Apache-2.0
# Each system call fails once: docs/faults.md.

.PHONY: faults root-faults

$(BUILD)/test/faults/inject: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard test/faults/*.c))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

tests: $(BUILD)/test/faults/inject

faults: ## Fail each system call of each program; full disks, lost pins, full maps (root); FAULTS=all takes hours
	$(as_root)
root-faults:
	@$(MAKE) --no-print-directory deps && $(MAKE) --no-print-directory tests
	@LIMIT=20000 BUILD=$(BUILD) $(if $(FAULTS),FAULTS=$(FAULTS)) test/run e2e/faults_plugin_calls faults
