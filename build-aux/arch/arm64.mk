# SPDX-License-Identifier: Apache-2.0
# make ARCH=arm64: everything is built for arm64 by Debian's cross compiler, into
# build/arm64. Read before Makefile's own settings, of which `override` keeps
# these.

.DEFAULT_GOAL := all
BUILD   ?= build/arm64
SYSROOT := $(abspath $(BUILD))/deps/sysroot

override CC = aarch64-linux-gnu-gcc --sysroot=$(SYSROOT)
override AR = aarch64-linux-gnu-ar
override PKGCONFIG = PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config
# For what the datapath includes: an arm64's headers, not this machine's.
override ARCH_INCLUDE = $(SYSROOT)/usr/include/aarch64-linux-gnu

deps: $(BUILD)/deps/sysroot.stamp
$(BUILD)/deps/sysroot.stamp: build-aux/deps-arm64.sh build-aux/unpack.sh
	@mkdir -p $(@D)
	$(Q)build-aux/deps-arm64.sh $(SYSROOT)
	$(Q)touch $@
