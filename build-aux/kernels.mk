# SPDX-License-Identifier: Apache-2.0
# The tests on other kernels: docs/kernels.md.

.PHONY: test-kernels root-test-kernels kernel-programs

# What goes into a virtual machine.
kernel-programs: programs $(BPFTESTS) $(POLICYPROBE)

test-kernels: ## Run the core tests on several kernels (root); KERNELS="5.10 own" picks some
	$(as_root)
root-test-kernels:
	@build-aux/deps-kernels.sh && $(MAKE) --no-print-directory deps && \
		$(compile) kernel-programs
	@$(if $(KERNELS),$(if $(filter arm64,$(KERNELS)),$(kernels_arm64)),$(kernels_arm64))
	@BUILD=$(BUILD) test/kernel/run $(KERNELS)

kernels_arm64 = $(MAKE) --no-print-directory ARCH=arm64 BUILD=$(BUILD)/arm64 deps && \
	$(compile) ARCH=arm64 BUILD=$(BUILD)/arm64 kernel-programs
