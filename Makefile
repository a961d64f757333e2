# make            builds what ships
# make install    puts it below $(DESTDIR)
# make check      runs every test; make demo shows it at work. Both install what they need, as root, on Debian.

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: all install check demo tools clean

DESTDIR =
prefix = /usr
systemunitdir = $(prefix)/lib/systemd/system
systemgeneratordir = $(prefix)/lib/systemd/system-generators
catalogdir = $(prefix)/lib/systemd/catalog
libexecdir = $(prefix)/lib/preroot
mandir = $(prefix)/share/man

# A build directory of its own: the tests' build of the same sources takes the usual one.
scratch = .build/ships
ships = $(scratch)/release
programs = preroot-generator overlay-prep

all:
	@command -v swift >/dev/null || { echo "make: Swift 6.2 or later is needed: https://www.swift.org/install/linux/" >&2; exit 1; }
	@for program in $(programs); do \
	  swift build -c release --scratch-path $(scratch) --traits Embedded --disable-local-rpath --product $$program; \
	done

install: all
	install -D -m 0755 $(ships)/preroot-generator $(DESTDIR)$(systemgeneratordir)/preroot-generator
	install -D -m 0755 $(ships)/overlay-prep $(DESTDIR)$(libexecdir)/overlay-prep
	install -D -m 0644 -t $(DESTDIR)$(systemunitdir) generator/units/*
	install -D -m 0644 docs/preroot.catalog $(DESTDIR)$(catalogdir)/preroot.catalog
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man5 docs/*.5
	install -D -m 0644 -t $(DESTDIR)$(mandir)/man8 docs/*.8
