# SPDX-License-Identifier: MIT
# make            builds the programs
# make install    installs them below $(DESTDIR); make install-minimal installs only what a boot needs
# make deb        makes a Debian package, in .build/deb
# make dist       makes a tarball of the committed source, in .build/dist; with ARCH=, of what make install installs
#                 all, install, deb and dist take ARCH=, for another architecture: Sources/cross/architectures lists them
# make test       runs the tests that boot nothing, in seconds; make lint checks formats, manual pages, scripts and spelling
# make check      runs every test, and lint; make demo boots a demonstration. Both install the packages they need, as root, on Debian.
# make check-all  runs the tests on every version of systemd that the bed knows
# make bench      boots in several ways, in turn, ROUNDS=8 times each, and writes docs/performance.md; the machine has to be idle.
#                 With ARCH=mipsel it boots the VoCore, and writes docs/vocore.md
# make fuzz       feeds the readers and plans with random inputs, for SECONDS=600

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: all sysroot programs install install-minimal deb dist test lint check check-all bench fuzz demo clean

DESTDIR =
# For an image with another libc than this machine's: a directory with the headers and libraries of libc, libgcc and libsystemd. By
# default, for another architecture, they are taken from Debian's packages.
SYSROOT =
# Additional options of swift build.
SWIFTFLAGS =
prefix = /usr
systemunitdir = $(prefix)/lib/systemd/system
systemgeneratordir = $(prefix)/lib/systemd/system-generators
catalogdir = $(prefix)/lib/systemd/catalog
libexecdir = $(prefix)/lib/preroot
bindir = $(prefix)/bin
bashcompletiondir = $(prefix)/share/bash-completion/completions
zshcompletiondir = $(prefix)/share/zsh/vendor-completions
mandir = $(prefix)/share/man

# An architecture other than this machine's.
architectures = $(shell awk '!/^#/ { print $$1 }' Sources/cross/architectures)
cross := $(filter-out $(shell dpkg --print-architecture 2>/dev/null || uname -m),$(ARCH))
ifneq ($(cross),)
ifeq ($(filter $(cross),$(architectures)),)
$(error ARCH=$(ARCH) is unknown; use one of: $(architectures))
endif
column = $(shell awk '$$1 == "$(cross)" { print $$$(1) }' Sources/cross/architectures)
endif

# A separate build directory: the tests' build of the same sources uses the default one.
scratch = .build/ships$(addprefix -,$(cross))$(if $(SYSROOT),-$(notdir $(abspath $(SYSROOT))))
ships = $(scratch)/release
programs = preroot-generator overlay-prep preroot
# The first heading of NEWS.md: ## VERSION (DATE).
version = $(shell awk '/^.. [0-9]/ { print $$2; exit }' NEWS.md)

# Swift is this machine's, that of Debian's package, whose tools are not in PATH, or what find-swift.sh has brought.
export PATH := $(CURDIR)/.build/swift/bin:$(PATH):/usr/libexec/swift/bin

sysroot = $(abspath $(or $(SYSROOT),$(addprefix .build/sysroot/,$(cross))))
ifneq ($(SYSROOT)$(cross),)
options = -Xcc --sysroot=$(sysroot) -Xswiftc -Xclang-linker -Xswiftc --sysroot=$(sysroot)
# Before glibc 2.34, dlopen(3) is in a separate library, and library.h refers to it weakly, for which --as-needed links nothing.
dlopen = $(if $(shell ls $(sysroot)/usr/lib/*/libdl.so $(sysroot)/usr/lib/libdl.so 2>/dev/null),-Xlinker --no-as-needed -Xlinker -ldl)
endif
# The machine outliner shares what functions have in common. On i386 it miscompiles: preroot plan dies of SIGSEGV.
# clang has -fno-plt for x86 and arm64, and warns elsewhere.
traits = Embedded$(if $(filter i386,$(cross)),,$(comma)Outliner)$(if $(filter armhf armv6 riscv64,$(cross)),,$(comma)NoPLT)
comma = ,
ifneq ($(cross),)
options += --triple $(call column,5) --toolset $(scratch).json -Xlinker --allow-shlib-undefined
endif

# Debian's compiler calls its target x86_64-pc-linux-gnu, but has Embedded Swift for x86_64-unknown-linux-gnu.
# The compilers' names, .comment, are useless on a device. llvm-objcopy comes with Swift.
all: sysroot
	@docs/debian/find-swift.sh
ifneq ($(cross),)
# SwiftPM takes ten seconds to see that nothing has changed, for each architecture.
	@recipe='$(sysroot) $(traits) $(version) $(SWIFTFLAGS)'; \
	if [ "$$(cat $(scratch)/recipe 2>/dev/null)" != "$$recipe" ] || [ -n "$$(find Sources generator Package.swift Makefile -newer $(scratch)/recipe -print -quit)" ]; then \
	  $(MAKE) --no-print-directory programs && echo "$$recipe" > $(scratch)/recipe; \
	fi
else
	@$(MAKE) --no-print-directory programs
endif

sysroot:
ifneq ($(cross),)
	@$(if $(SYSROOT),true,[ -e $(sysroot) ] || Sources/cross/sysroot.sh $(cross) $(sysroot))
	@Sources/cross/check-sysroot.sh $(cross) $(sysroot)
endif

ifeq ($(cross),mipsel)
# Swift has no MIPS: see docs/design.md.
programs: .build/cross/mips
	@command -v $(call column,7)-gcc >/dev/null || { echo "make: $(call column,7)-gcc is needed: install the package 'gcc-$(call column,7)'" >&2; exit 1; }
	@.build/cross/mips --sysroot $(sysroot) --scratch $(scratch) --version $(version) $(SWIFTFLAGS) $(programs)

.build/cross/mips: $(wildcard Sources/cross/*.swift)
	@mkdir -p $(@D)
	@swiftc -swift-version 6 -O -o $@ $^
else
programs:
ifneq ($(cross),)
	@mkdir -p $(dir $(scratch)) && Sources/cross/toolset.sh $(cross) $(sysroot) > $(scratch).json.new
	@cmp -s $(scratch).json.new $(scratch).json || cp $(scratch).json.new $(scratch).json; rm $(scratch).json.new
endif
	@case $$(swift -print-target-info) in *'"x86_64-pc-linux-gnu"'*) triple='$(if $(cross),,--triple x86_64-unknown-linux-gnu)' ;; *) triple= ;; esac; \
	for program in $(programs); do \
	  case $$program in preroot-generator) libraries= ;; *) libraries='$(dlopen)' ;; esac; \
	  swift build -c release --scratch-path $(scratch) --traits $(traits) $$triple --disable-local-rpath --omit-frame-pointers -Xcc -DPREROOT_VERSION=$(version) $(options) $$libraries $(SWIFTFLAGS) --product $$program; \
	  llvm-objcopy --remove-section=.comment $(ships)/$$program; \
	done
endif

install: install-minimal
	install -D -m 0755 $(ships)/preroot $(DESTDIR)$(bindir)/preroot
	install -D -m 0644 docs/preroot.catalog $(DESTDIR)$(catalogdir)/preroot.catalog
	install -D -m 0644 docs/completions/preroot.bash $(DESTDIR)$(bashcompletiondir)/preroot
	install -D -m 0644 docs/completions/_preroot $(DESTDIR)$(zshcompletiondir)/_preroot
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man1 docs/*.1
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man5 docs/*.5
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man8 docs/*.8

install-minimal: all
	install -D -m 0755 $(ships)/preroot-generator $(DESTDIR)$(systemgeneratordir)/preroot-generator
	install -D -m 0755 $(ships)/overlay-prep $(DESTDIR)$(libexecdir)/overlay-prep
	install -D -m 0644 -t $(DESTDIR)$(systemunitdir) generator/units/*

# The Debian packages that are needed to build, to demonstrate, to test.
packages_to_build = libsystemd-dev
packages_to_package = $(packages_to_build) build-essential debhelper $(if $(cross),$(if $(filter mipsel,$(cross)),gcc,binutils)-$(gnu))
packages_to_build_kernels = bc bison flex gcc libc6-dev libelf-dev make xz-utils
# The demonstration builds a kernel where Debian's runs no program.
packages_to_show = $(packages_to_build) mmdebstrap e2fsprogs user-mode-linux $(packages_to_build_kernels) $(if $(cross),$(packages_to_emulate))
packages_to_lint = clang-format codespell mandoc shellcheck
packages_to_try = $(packages_to_build) binutils mandoc perl shellcheck strace systemd valgrind
packages_to_test = $(packages_to_lint) $(packages_to_package) $(packages_to_show) binutils cryptsetup-bin distro-info-data dosfstools dpkg-dev \
  erofs-utils f2fs-tools fdisk gpg lintian mandoc mtd-utils perl procps squashfs-tools systemd strace systemd-container util-linux valgrind \
  $(packages_to_emulate)
# Other architectures: their programs in qemu-user, the VoCore's processor in qemu-system.
packages_to_emulate = $(packages_to_build_kernels) gcc-mipsel-linux-gnu qemu-system-mips qemu-user squashfs-tools systemd
# The boots of all of them, and their Debian packages; a PC with a TPM; a microVM, and a root of it that the host shares: virtiofsd is in
# qemu-system-common.
packages_to_boot = binutils-i686-linux-gnu gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-riscv64-linux-gnu opensbi qemu-system-arm qemu-system-common qemu-system-misc qemu-system-x86 swtpm

# $(call install-packages,PACKAGES): installs those that are missing. The package lists are needed in any case, to make the images.
define install-packages
missing=$$({ dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(1) 2>/dev/null || true; } | awk '$$1 == "installed" { print $$2 }' | sort -u \
  | comm -13 - <(printf '%s\n' $(1) | sort -u)); \
if [ -n "$$missing" ] && [ "$$(id -u)" != 0 ]; then echo "make: to install these, this has to be run as root:" $$missing >&2; exit 1; fi; \
if [ "$$(id -u)" = 0 ] && { [ -n "$$missing" ] || ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; }; then apt-get update -qq; fi; \
if [ -n "$$missing" ]; then \
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
fi
endef

# The packaging is in docs/debian, because the top directory has a fixed set of files; debhelper needs it at the top of a source tree, which
# this makes, one for each architecture. The build directory of an earlier tree stays, because most of it is still good.
deb = .build/deb
deb_source = $(deb)/source$(addprefix -,$(cross))
deb_architecture = $(if $(cross),$(call column,2),$(shell dpkg --print-architecture))
# What Debian calls the tools of the architecture.
gnu = $(patsubst i386-%,i686-%,$(call column,7))

deb: sysroot
	@$(call install-packages,$(packages_to_package))
	@rm -f $(deb)/preroot_*_$(deb_architecture).*
	@mkdir -p $(deb_source)
	@find $(deb_source) -mindepth 1 -maxdepth 1 ! -name .build -exec rm -rf {} +
	@tar -c Package.swift Sources Tests generator docs LICENSE README.md NEWS.md Makefile | tar -x -C $(deb_source)
	@cp -a docs/debian $(deb_source)
# Debian's libraries for the architecture are in the sysroot: dpkg knows nothing of them.
	@cd $(deb_source) && debian/changelog.sh > debian/changelog && $(if $(cross),PREROOT_ARCH=$(cross) PREROOT_SYSROOT=$(sysroot) DEB_BUILD_OPTIONS=nocheck) \
	  dpkg-buildpackage --build=binary --no-sign --no-pre-clean $(if $(cross),--host-arch=$(deb_architecture) --no-check-builddeps)
	@ls $(deb)/preroot_*_$(deb_architecture).deb

# Without ARCH= the source as it is committed. The times are those of the commit and gzip's header has none: with one git and one gzip, a
# commit gives one tarball. With ARCH= what make install puts below $(DESTDIR): one source gives one archive, whenever, where and by whom
# it is made.
dist = .build/dist
binaries = $(dist)/preroot-$(version)-$(ARCH)

dist:
ifeq ($(ARCH),)
	@mkdir -p $(dist)
	git archive --format=tar --prefix=preroot-$(version)/ HEAD | gzip -n9 > $(dist)/preroot-$(version).tar.gz
	@ls $(dist)/preroot-$(version).tar.gz
else
	@rm -rf $(binaries) $(binaries).tar.xz
	@$(MAKE) --no-print-directory install DESTDIR=$(binaries) >/dev/null
	@tar --create --sort=name --format=gnu --mtime=@$${SOURCE_DATE_EPOCH:-0} --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	  -C $(binaries) usr | xz -9 --threads=1 > $(binaries).tar.xz
	@rm -rf $(binaries)
	@ls $(binaries).tar.xz
endif

demo:
	@$(call install-packages,$(packages_to_show))
	@$(MAKE) --no-print-directory all
ifeq ($(cross),)
	@swift run -q bed demo
else ifeq ($(cross),mipsel)
	@swift run -q bed demo --vocore
else
	@echo "make: there is a demo for this machine, and one for ARCH=mipsel" >&2; exit 1
endif

test:
	@$(call install-packages,$(packages_to_try))
	@$(MAKE) --no-print-directory all
	swift test --filter 'PrerootCoreTests|GeneratorTests'

# swift format checks its rules, not its layout: lines are as long as they need to be. codespell: mdoc's .Nd, Swift's inout and upTo.
scripts = docs/completions/preroot.bash docs/debian/changelog.sh docs/debian/find-swift.sh docs/debian/swift-in-tree.sh docs/debian/preroot.postinst Tests/Bed/files/bed-demo Tests/Bed/files/bed-probe Tests/Bed/files/vocore/make-root Tests/Bed/files/vocore/make-peer Tests/Bed/files/vocore/report Sources/cross/*.sh
lint:
	@$(call install-packages,$(packages_to_lint))
	swift format lint --strict --debug-disable-pretty-print --recursive Package.swift Sources generator Tests
	clang-format --dry-run --Werror $$(find Sources -name '*.[ch]')
	mandoc -Tlint -Wwarning docs/*.[1-8]
	shellcheck --severity=warning --external-sources $(scripts)
	codespell --ignore-words-list=nd,inout,upto,lable *.md docs Sources generator Makefile

check:
	@if [ "$$(id -u)" != 0 ]; then echo "make: this has to be run as root" >&2; exit 1; fi
	@$(call install-packages,$(packages_to_test))
	@$(MAKE) --no-print-directory all
	@for architecture in $(architectures); do $(MAKE) --no-print-directory all ARCH=$$architecture; done
	@$(MAKE) --no-print-directory lint
	PREROOT_ARCHITECTURES='$(architectures)' swift test

check-all: packages_to_test += $(packages_to_boot)
check-all: export PREROOT_SUITES = all
check-all: export PREROOT_KILLS = all
check-all: check

ROUNDS = 8

bench:
	@$(call install-packages,$(packages_to_test))
	@$(MAKE) --no-print-directory all
	@swift run -q bed bench --rounds $(ROUNDS) $(if $(filter mipsel,$(cross)),--vocore)

# Uses libFuzzer if the toolchain has it: it notices inputs that take a new path, and keeps them. Inputs that trap are left in .build/fuzz.
# A text's memory is never freed, so the loop restarts it after a number of inputs.
SECONDS = 60
fuzz = .build/fuzz
swiftc_fuzz = swiftc -O -wmo -package-name preroot -parse-as-library -sanitize=fuzzer

fuzz:
	swift build -q -c release --scratch-path $(fuzz)/build --product fuzz
	@mkdir -p $(fuzz)/found; if compgen -G "$$(dirname "$$(readlink -f "$$(command -v swiftc)")")/../lib/clang/*/lib/*/libclang_rt.fuzzer-*.a" >/dev/null; then \
	  $(swiftc_fuzz) -emit-module -emit-module-path $(fuzz)/PrerootCore.swiftmodule -module-name PrerootCore -c -o $(fuzz)/core.o $$(find Sources/PrerootCore -name '*.swift'); \
	  $(swiftc_fuzz) -I $(fuzz) -module-name Fuzz -o $(fuzz)/libfuzzer $(filter-out %/FuzzTool.swift %/Reproducer.swift %/Comparison.swift %/Mutator.swift %/Corpus.swift,$(wildcard Tests/Fuzz/*.swift)) $(fuzz)/core.o; \
	  $(fuzz)/build/release/fuzz --write-corpus $(fuzz)/corpus; \
	  cd $(fuzz) && end=$$(($$(date +%s) + $(SECONDS))); while rest=$$((end - $$(date +%s))); [ "$$rest" -gt 0 ]; do \
	    ./libfuzzer -max_total_time=$$rest -runs=100000 -rss_limit_mb=0 -timeout=20 -max_len=8192 -print_final_stats=1 found corpus; \
	  done; \
	else \
	  cd $(fuzz) && build/release/fuzz --seconds $(SECONDS); \
	fi

clean:
	rm -rf .build/ships* .build/deb .build/dist .build/cross .build/sysroot .build/fuzz .build/debug .build/x86_64-unknown-linux-gnu
