# SPDX-License-Identifier: Apache-2.0
# The tests on other kernels: docs/kernels.md.

.PHONY: test-kernels root-test-kernels

test-kernels: ## Run the core tests on several kernels (root); KERNELS="5.10 own" picks some
	$(as_root)
root-test-kernels:
	@build-aux/deps-kernels.sh && $(MAKE) --no-print-directory deps && $(MAKE) --no-print-directory tests
	@BUILD=$(BUILD) test/kernel/run $(KERNELS)
