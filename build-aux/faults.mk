# SPDX-License-Identifier: Apache-2.0
# Each system call fails once: docs/faults.md.

.PHONY: faults root-faults

FAULTS ?= calls

$(BUILD)/test/faults/inject: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard test/faults/*.c))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

$(BUILD)/test/faults/faults-ipam: $(BUILD)/obj/test/faults/ipam/main.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

tests: $(BUILD)/test/faults/inject $(BUILD)/test/faults/faults-ipam

faults: ## Fail each system call of each program (root): half an hour; FAULTS=all takes hours
	$(as_root)
root-faults:
	@$(MAKE) --no-print-directory deps && $(MAKE) --no-print-directory tests
	@LIMIT=40000 BUILD=$(BUILD) FAULTS=$(FAULTS) FAULTS_SEED=$(or $(FAULTS_SEED),$(shell date +%s)) \
		test/run $(addprefix e2e/faults_,plugin_calls loader_calls agent_calls)
