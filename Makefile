# SPDX-License-Identifier: MIT
# make            builds what ships
# make install    puts it below $(DESTDIR)
# make deb        makes a Debian package of it, in .build/deb
# make test       runs what needs no boot, in seconds; make lint looks at formats, manual pages, scripts and spelling
# make check      runs every test, and lint; make demo shows it at work. Both install what they need, as root, on Debian.
# make check-all  runs the tests on every version of systemd that the bed knows
# make fuzz       feeds the readers and plans with anything, for SECONDS=600

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: all install deb test lint check check-all fuzz demo clean

DESTDIR =
# For an image with an older libc than this machine's: a directory with the headers and libraries of libc, libgcc and libsystemd.
SYSROOT =
# More options of swift build, as for another architecture: see docs/recipes.md.
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

# A build directory of its own: the tests' build of the same sources takes the usual one.
scratch = .build/ships$(if $(SYSROOT),-$(notdir $(abspath $(SYSROOT))))
ships = $(scratch)/release
programs = preroot-generator overlay-prep preroot
# The first heading of NEWS.md: ## VERSION (DATE).
version = $(shell awk '/^.. [0-9]/ { print $$2; exit }' NEWS.md)

ifdef SYSROOT
sysroot = $(abspath $(SYSROOT))
options = -Xcc --sysroot=$(sysroot) -Xswiftc -Xclang-linker -Xswiftc --sysroot=$(sysroot)
# dlopen(3) is in a library of its own before glibc 2.34, and asked for by name only.
dlopen = $(if $(wildcard $(sysroot)/usr/lib/*/libdl.so $(sysroot)/usr/lib/libdl.so),-Xlinker --no-as-needed -Xlinker -ldl)
export PKG_CONFIG_SYSROOT_DIR = $(sysroot)
export PKG_CONFIG_LIBDIR = $(subst $() ,:,$(wildcard $(sysroot)/usr/lib/*/pkgconfig $(sysroot)/usr/lib/pkgconfig $(sysroot)/usr/share/pkgconfig))
endif

# The compilers' names, .comment, are no use on a device. llvm-objcopy comes with Swift.
all:
	@command -v swift >/dev/null || { echo "make: Swift 6.2 or later is needed: https://www.swift.org/install/linux/" >&2; exit 1; }
	@for program in $(programs); do \
	  case $$program in preroot-generator) libraries= ;; *) libraries='$(dlopen)' ;; esac; \
	  swift build -c release --scratch-path $(scratch) --traits Embedded --disable-local-rpath --omit-frame-pointers -Xcc -DPREROOT_VERSION=$(version) $(options) $$libraries $(SWIFTFLAGS) --product $$program; \
	  llvm-objcopy --remove-section=.comment $(ships)/$$program; \
	done

install: all
	install -D -m 0755 $(ships)/preroot-generator $(DESTDIR)$(systemgeneratordir)/preroot-generator
	install -D -m 0755 $(ships)/overlay-prep $(DESTDIR)$(libexecdir)/overlay-prep
	install -D -m 0755 $(ships)/preroot $(DESTDIR)$(bindir)/preroot
	install -D -m 0644 -t $(DESTDIR)$(systemunitdir) generator/units/*
	install -D -m 0644 docs/preroot.catalog $(DESTDIR)$(catalogdir)/preroot.catalog
	install -D -m 0644 docs/completions/preroot.bash $(DESTDIR)$(bashcompletiondir)/preroot
	install -D -m 0644 docs/completions/_preroot $(DESTDIR)$(zshcompletiondir)/_preroot
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man1 docs/*.1
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man5 docs/*.5
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man8 docs/*.8

# What Debian calls what is needed: to build, to show, to test.
packages_to_build = libsystemd-dev pkg-config
packages_to_package = $(packages_to_build) build-essential debhelper
packages_to_show = $(packages_to_build) mmdebstrap e2fsprogs user-mode-linux
packages_to_lint = clang-format codespell mandoc shellcheck
packages_to_try = $(packages_to_build) binutils mandoc perl systemd valgrind
packages_to_test = $(packages_to_lint) $(packages_to_package) $(packages_to_show) bc binutils bison cryptsetup-bin distro-info-data dosfstools dpkg-dev \
  erofs-utils f2fs-tools fdisk flex gcc gpg libc6-dev libelf-dev lintian make mandoc mtd-utils perl procps squashfs-tools systemd \
  systemd-container util-linux valgrind xz-utils

# $(call install-packages,PACKAGES): those that are not there yet. The lists of packages are needed in any case, as the images are
# made from them.
define install-packages
missing=$$({ dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(1) 2>/dev/null || true; } | awk '$$1 == "installed" { print $$2 }' | sort -u \
  | comm -13 - <(printf '%s\n' $(1) | sort -u)); \
if [ -n "$$missing" ] && [ "$$(id -u)" != 0 ]; then echo "make: to install these, this has to be run as root:" $$missing >&2; exit 1; fi; \
if [ "$$(id -u)" = 0 ] && { [ -n "$$missing" ] || ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; }; then apt-get update -qq; fi; \
if [ -n "$$missing" ]; then \
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
fi
endef

# The packaging is in docs/debian, as what lies at the top is settled; debhelper wants it at the top of a source tree, which is laid out
# for it. Of an earlier one the build stays, as most of it is good still.
deb = .build/deb

deb:
	@$(call install-packages,$(packages_to_package))
	@rm -f $(deb)/preroot_*
	@mkdir -p $(deb)/source
	@find $(deb)/source -mindepth 1 -maxdepth 1 ! -name .build -exec rm -rf {} +
	@tar -c Package.swift Sources Tests generator docs LICENSE README.md NEWS.md Makefile | tar -x -C $(deb)/source
	@cp -a docs/debian $(deb)/source
	@cd $(deb)/source && debian/changelog.sh > debian/changelog && dpkg-buildpackage --build=binary --no-sign --no-pre-clean
	@ls $(deb)/preroot_*.deb

demo:
	@$(call install-packages,$(packages_to_show))
	@$(MAKE) --no-print-directory all
	@swift run -q bed demo

test:
	@$(call install-packages,$(packages_to_try))
	@$(MAKE) --no-print-directory all
	swift test --filter 'PrerootCoreTests|GeneratorTests'

# The rules of swift format, and not its layout: lines are as long as what they say. codespell: mdoc's .Nd, Swift's inout and upTo.
scripts = docs/completions/preroot.bash docs/debian/changelog.sh docs/debian/preroot.postinst Tests/Bed/files/bed-demo Tests/Bed/files/bed-probe
lint:
	@$(call install-packages,$(packages_to_lint))
	swift format lint --strict --debug-disable-pretty-print --recursive Package.swift Sources generator Tests
	clang-format --dry-run --Werror $$(find Sources -name '*.[ch]')
	mandoc -Tlint -Wwarning docs/*.[1-8]
	shellcheck --severity=warning $(scripts)
	codespell --ignore-words-list=nd,inout,upto,lable *.md docs Sources generator Makefile

check:
	@if [ "$$(id -u)" != 0 ]; then echo "make: this has to be run as root" >&2; exit 1; fi
	@$(call install-packages,$(packages_to_test))
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory lint
	swift test

check-all: export PREROOT_SUITES = all
check-all: export PREROOT_KILLS = all
check-all: check

# libFuzzer, where the toolchain has it: it sees which inputs take a new path, and keeps them. What traps is left in .build/fuzz. A
# text's memory is never freed, so it is started again after so many inputs.
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
	rm -rf .build/ships* .build/deb .build/fuzz .build/debug .build/x86_64-unknown-linux-gnu
