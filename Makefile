# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd: one Makefile, no recursion except that `check`, `demo` and the lab ask it for the arm64 build.
#   make [ARCH=x86_64|arm64] [SANITIZE=1] [DEBUG=1] [V=1]
# All output goes below build/$(ARCH)/ (build/$(ARCH)-san/ with SANITIZE=1).

VERSION := 0.1.0

HOST_ARCH := $(patsubst aarch64,arm64,$(shell uname -m))
ARCH ?= $(HOST_ARCH)
ifeq ($(filter $(ARCH),x86_64 arm64),)
$(error ARCH=$(ARCH) is not supported: use x86_64 or arm64)
endif

prefix ?= /usr
sysconfdir ?= /etc
bindir ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
unitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
catalogdir ?= $(prefix)/lib/systemd/catalog
bashdir ?= $(datadir)/bash-completion/completions
zshdir ?= $(datadir)/zsh/vendor-completions

OTHER_ARCH := $(if $(filter arm64,$(ARCH)),x86_64,arm64)
OTHER_RUN := qemu-$(if $(filter arm64,$(OTHER_ARCH)),aarch64,x86_64)-static
TRIPLET_x86_64 := x86_64-linux-gnu
TRIPLET_arm64 := aarch64-linux-gnu
TRIPLET := $(TRIPLET_$(ARCH))
ifneq ($(ARCH),$(HOST_ARCH))
CROSS_COMPILE ?= $(TRIPLET)-
PKG_CONFIG_ENV := PKG_CONFIG_LIBDIR=/usr/lib/$(TRIPLET)/pkgconfig:/usr/share/pkgconfig
endif
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
LLVM_STRIP ?= llvm-strip
PKG_CONFIG ?= pkg-config

ifeq ($(V),1)
Q :=
else
Q := @
msg = @printf '  %-7s %s\n' $(1) $(2)
endif

O := build/$(ARCH)$(if $(SANITIZE),-san)

# A package is built by compilers that are newer than those that we know: WERROR= there.
WERROR ?= -Werror
WARN := -Wall -Wextra -Wformat=2 -Wshadow $(WERROR)
CPPFLAGS += -D_GNU_SOURCE -DNISV_VERSION='"$(VERSION)"' -DNISV_DATADIR='"$(datadir)/nisvd"' \
	-DNISV_SYSCONFDIR='"$(sysconfdir)/nisvd"' -I. -I$(O)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -fstack-protector-strong $(WARN)
LDFLAGS += -Wl,-z,relro,-z,now
ifeq ($(SANITIZE),1)
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
LDFLAGS += -fsanitize=address,undefined
else ifneq ($(DEBUG),1)
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),)
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif
endif

PKGS_DAEMON := libbpf libelf libsystemd json-c capstone inih
PKGS_CLI := json-c libsystemd smartcols
PKGS_CORE := capstone
# libfdt of Debian 12 has no pkg-config file, and its dev packages of two architectures exclude each
# other: the headers are the same everywhere, so each links the library by its name at run time.
LIBS_FDT := -l:libfdt.so.1
pkg = $(shell $(PKG_CONFIG_ENV) $(PKG_CONFIG) $(1) $(2) 2>/dev/null)

# ---- sources -------------------------------------------------------------------------------------

CORE_SRC := $(sort $(wildcard daemon/core/*.c))
EDGE_SRC := $(sort $(wildcard daemon/edge/*.c))
CLI_SRC := $(sort $(wildcard cli/*.c))
BPF_HDR := $(sort $(wildcard bpf/*.h)) $(addprefix include/nisv_,fields.h maps.h record.h)
GUEST_C := $(sort $(wildcard tests/guests/*.c))
GUEST_S := $(sort $(wildcard tests/guests/$(ARCH)/*.S))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
BPFTEST_SRC := $(sort $(wildcard tests/bpf/test_*.c))
NATIVE_SRC := $(sort $(wildcard tests/native/test_*.c))
NATIVE_LIB := $(filter-out $(NATIVE_SRC),$(sort $(wildcard tests/native/*.c)))
PROTO_SRC := $(sort $(wildcard tests/cli/test_*.c))

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))
CORE_OBJ := $(call obj,$(CORE_SRC))
EDGE_OBJ := $(call obj,$(EDGE_SRC))
CLI_OBJ := $(call obj,$(CLI_SRC))

UNIT_BIN := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(UNIT_SRC))
BPFTEST_BIN := $(patsubst tests/bpf/%.c,$(O)/tests/bpf/%,$(BPFTEST_SRC))
NATIVE_BIN := $(patsubst tests/native/%.c,$(O)/tests/native/%,$(NATIVE_SRC))
PROTO_BIN := $(patsubst tests/cli/%.c,$(O)/tests/cli/%,$(PROTO_SRC))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all clean deps demo bench fuzz install format guests lab-build lab-programs check check-lint check-unit \
	check-corpus check-fuzz check-bpf check-native check-lab check-lab-x86 check-matrix check-cli check-faults \
	check-analyzer check-valgrind check-long test-unit package

all: $(O)/nisvd $(O)/nisvctl man

# ---- programs ------------------------------------------------------------------------------------

LIBS_DAEMON := $(call pkg,--libs,$(PKGS_DAEMON)) $(LIBS_FDT) -lz
LIBS_CLI := $(call pkg,--libs,$(PKGS_CLI))

$(O)/nisvd: $(O)/obj/daemon/main.o $(EDGE_OBJ) $(CORE_OBJ)
	$(call msg,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/nisvctl: $(CLI_OBJ)
	$(call msg,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_CLI)

$(O)/obj/%.o: %.c
	$(call msg,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The interface text is served as it is written: one file, embedded.
$(O)/interface.h: daemon/edge/io.nisvd.Monitor.varlink
	$(call msg,GEN,$@)
	@mkdir -p $(@D)
	$(Q){ echo 'static const char interface_text[] ='; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$$/\\n"/' $<; echo ';'; } >$@
$(call obj,daemon/edge/api.c): $(O)/interface.h

# ---- man pages ------------------------------------------------------------------------------------

# Written in scdoc(5). nisv-causes(7) is made of the rule table, and kept: who changes a rule makes it anew.
MAN := $(patsubst man/%.scd,$(O)/man/%,$(sort $(wildcard man/*.scd)))
man: $(MAN)
.PHONY: man

# The date of a page is that of its source, so that two builds agree.
$(O)/man/%: man/%.scd man/tidy.awk
	$(call msg,MAN,$@)
	@mkdir -p $(@D)
	$(Q)SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(stat -c %Y $<)} scdoc <$< >$@.tmp && \
	  awk -f man/tidy.awk $@.tmp >$@ && rm -f $@.tmp

$(O)/man/causes: $(O)/obj/man/causes.o $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(PKGS_CORE)) $(LIBS_FDT)

ifeq ($(ARCH),$(HOST_ARCH))
man/nisv-causes.7.scd: man/nisv-causes.7.scd.in $(O)/man/causes
	$(call msg,GEN,$@)
	$(Q)$(O)/man/causes <$< >$@
endif

# ---- BPF -----------------------------------------------------------------------------------------

BPF_CPPFLAGS := -D__TARGET_ARCH_$(if $(filter arm64,$(ARCH)),arm64,x86) -I. -I/usr/include/$(TRIPLET_$(HOST_ARCH))
# The name of the folder would be in the line table of the BTF: two builds shall agree.
BPF_CFLAGS := -target bpf -O2 -g -fdebug-prefix-map=$(CURDIR)=. -std=gnu11 -Wall -Wextra $(WERROR) \
	-Wno-unused-parameter -Wno-unknown-attributes

# The programs twice: nisvd-older.bpf.o is for kernels that lack what the other uses, see bpf/older.bpf.h.
$(O)/nisvd-older.bpf.o: BPF_CPPFLAGS += -DOLDER_KERNELS
$(O)/nisvd.bpf.o $(O)/nisvd-older.bpf.o: bpf/nisvd.bpf.c $(BPF_HDR)
$(O)/gate.bpf.o: bpf/gate.bpf.c $(addprefix include/nisv_,gate.h record.h)
$(O)/%.bpf.o:
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(BPF_CPPFLAGS) -c -o $@.tmp $<
	$(Q)$(LLVM_STRIP) -g -o $@ $@.tmp && rm -f $@.tmp

$(O)/%.skel.h: $(O)/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q){ echo '/* NOLINTBEGIN: generated */'; $(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf && \
	  echo '/* NOLINTEND */'; } >$@

$(call obj,daemon/edge/capture.c): $(O)/nisvd.skel.h
$(call obj,daemon/edge/capture_gates.c): $(O)/gate.skel.h
$(call obj,daemon/edge/capture_load.c tests/bpf/test_capture_abi.c tests/bpf/test_load.c): \
	$(O)/nisvd.skel.h $(O)/nisvd-older.skel.h $(O)/gate.skel.h

# ---- test VMM, guests, lab helpers (static: they run in any root) -----------------------------------

guests: $(O)/tests/testvmm

# Guests of real VMMs: for arm64 flat kernels, and a program for the Linux guest.
IMAGES := $(patsubst tests/guests/images/arm64/%.S,build/arm64/tests/images/%.img, \
	$(sort $(wildcard tests/guests/images/arm64/*.S)))
# An ELF image that begins where the RAM does leaves QEMU no room for its tree (hw/arm/boot.c).
images: $(IMAGES) build/arm64/tests/images/ram-above.elf build/arm64/tests/images/devcopy
.PHONY: images

build/arm64/tests/images/%.img: tests/guests/images/arm64/%.S tests/guests/images/arm64/image.h
	$(call msg,IMAGE,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@.o $< && $(CROSS_COMPILE)objcopy -O binary -j .text $@.o $@

build/arm64/tests/images/%.elf: build/arm64/tests/images/%.img
	$(call msg,LD,$@)
	$(Q)$(CROSS_COMPILE)ld -Ttext=0x40000000 -e 0x40000000 -o $@ $<.o

# The same for QEMU's x86 machines.
X86_IMAGES := $(patsubst tests/guests/images/x86_64/%.S,build/x86_64/tests/images/%.elf, \
	$(sort $(wildcard tests/guests/images/x86_64/*.S)))
build/x86_64/tests/images/%.elf: tests/guests/images/x86_64/%.S tests/guests/images/x86_64/pvh.h
	$(call msg,IMAGE,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -c -o $@.o $< && $(CROSS_COMPILE)ld -m elf_i386 -Ttext=0x100000 -e start -o $@ $@.o

build/arm64/tests/images/devcopy: tests/guests/images/devcopy.c
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 $(WARN) -static -o $@ $<

$(O)/tests/testvmm: $(GUEST_C) $(GUEST_S) $(wildcard tests/guests/*.h tests/guests/$(ARCH)/*.h)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -O2 -g -std=gnu11 $(WARN) -static -pthread -o $@ $(GUEST_C) $(GUEST_S)

$(O)/tests/labinit: $(wildcard tests/lab/*.c)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -O2 -g -std=gnu11 $(WARN) -static -o $@ $^

# ---- tests ---------------------------------------------------------------------------------------

# A unit test sees daemon/core only: what it links proves that the core is pure.
$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(call obj,tests/ablation.c) $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(PKGS_CORE)) $(LIBS_FDT) -lcmocka

$(O)/tests/bpf/%: $(O)/obj/tests/bpf/%.o $(EDGE_OBJ) $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) -lcmocka

$(O)/tests/native/%: $(O)/obj/tests/native/%.o $(call obj,$(NATIVE_LIB)) $(EDGE_OBJ) $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) -lcmocka

$(O)/tests/cli/%: $(O)/obj/tests/cli/%.o $(EDGE_OBJ) $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) -lcmocka

# Programs that tests make fail.
$(O)/tests/faults/save_dossier: $(O)/obj/tests/faults/save_dossier.o $(EDGE_OBJ) $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) -lcmocka

$(O)/tests/faults/failalloc.so: tests/faults/failalloc.c
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -shared -fPIC -o $@ $<

faults-bins: $(O)/tests/faults/save_dossier $(O)/tests/faults/failalloc.so
.PHONY: faults-bins

# What of nisvctl can be tested by itself.
$(O)/tests/cli/test_timespec: $(call obj,cli/timespec.c)

unit-bins: $(UNIT_BIN)
bpf-bins: $(BPFTEST_BIN)
native-bins: $(NATIVE_BIN) $(O)/tests/testvmm $(if $(filter x86_64,$(ARCH)),$(X86_IMAGES))
proto-bins: $(PROTO_BIN) $(O)/nisvctl $(O)/nisvd
.PHONY: unit-bins bpf-bins native-bins proto-bins

# What the lab's guest gets of us, for one architecture of it.
lab-programs: all $(O)/tests/testvmm $(O)/tests/labinit

lab-build:
	$(Q)$(MAKE) --no-print-directory ARCH=arm64 SANITIZE= lab-programs images

# `make check` runs every part even if one fails, then prints the sum of all.
RUN := tests/runner.sh run
PARTS := check-lint check-unit check-corpus check-fuzz check-bpf check-native check-cli check-lab check-lab-x86

check: $(if $(NO_DEPS),,deps)
	@tests/runner.sh begin
	@for part in $(PARTS); do $(MAKE) --no-print-directory NO_DEPS=1 $$part || true; done
	@tests/runner.sh end

check-lint:
	@$(RUN) lint tests/lint.sh tests/unit/layering.sh 'tests/lab/matrix agree'

check-unit:
	$(Q)$(MAKE) --no-print-directory unit-bins
	$(Q)$(MAKE) --no-print-directory SANITIZE=1 unit-bins
	$(Q)$(MAKE) --no-print-directory ARCH=$(OTHER_ARCH) unit-bins
	@$(RUN) unit $(UNIT_BIN) $(UNIT_BIN:$(O)/%=$(O)-san/%) \
		$(patsubst $(O)/%,'$(OTHER_RUN) build/$(OTHER_ARCH)/%',$(UNIT_BIN))

# The same for this build alone, without what only a machine of ours has: for packages.
test-unit: unit-bins
	@$(RUN) unit $(UNIT_BIN)

check-bpf: all
	$(Q)$(MAKE) --no-print-directory bpf-bins
	@$(RUN) bpf $(BPFTEST_BIN)

# takeover.sh has one build take over from another.
check-native: all guests faults-bins
	$(Q)$(MAKE) --no-print-directory native-bins
	$(Q)$(MAKE) --no-print-directory SANITIZE=1 build/$(ARCH)-san/nisvd
	@$(RUN) native $(NATIVE_BIN) $(sort $(wildcard tests/native/*.sh))

check-cli: all guests faults-bins
	$(Q)$(MAKE) --no-print-directory SANITIZE=1 proto-bins
	@$(RUN) cli $(PROTO_BIN:$(O)/%=$(O)-san/%) $(sort $(wildcard tests/cli/*.sh))

# Every place where nisvd asks for memory, which check-cli and check-native try some of: minutes.
check-faults: all faults-bins
	@EVERY=1 $(RUN) faults tests/cli/allocations.sh tests/cli/dossier_faults.sh \
		tests/native/start_faults.sh

# What is explained: dossiers of real faults, and cases drawn at random on constructed evidence.
CORPUS_BIN := $(addprefix $(O)/tests/corpus/,score test_random)
check-corpus: $(CORPUS_BIN)
	@$(RUN) corpus $(CORPUS_BIN)

TALLY_OBJ := $(call obj,tests/ablation.c tests/corpus/tally.c) $(EDGE_OBJ) $(CORE_OBJ)
$(O)/tests/corpus/score: $(call obj,tests/corpus/score.c tests/corpus/cases.c tests/corpus/coverage.c)
$(O)/tests/corpus/test_random: $(call obj,tests/corpus/test_random.c \
	$(sort $(wildcard tests/corpus/constructed/*.c)))
$(CORPUS_BIN): $(TALLY_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

# Every target of `make fuzz` on its seeds: what was found once stays away.
check-fuzz: fuzz-bins
	@$(RUN) fuzz 'FUZZ_SECONDS=0 tests/fuzz/run $(FUZZ_BIN)'

# KERNEL= or KERNELS= choose the host kernels; each test file runs once per kernel, but for those on the Debian
# image, which run on the first one, and the scenarios, which run there and, without a choice, on the newest
# kernel: check-matrix has them on all.
NEWEST := $(if $(KERNEL)$(KERNELS),,trixie-backports)
KERNELS ?= $(or $(KERNEL),bookworm trixie)
LAB_ONCE := $(addprefix tests/lab/tests/,examples.sh incidents.sh journal.sh metrics.sh qemu.sh service.sh)
LAB_LONG := $(addprefix tests/lab/tests/,package.sh takeover.sh)
SCENARIOS := tests/lab/tests/corpus.sh
LAB_TESTS := $(sort $(filter-out $(LAB_ONCE) $(LAB_LONG) $(SCENARIOS),$(wildcard tests/lab/tests/*.sh)))
check-lab: lab-build
	@$(RUN) lab tests/lab/selftest $(foreach k,$(KERNELS),$(foreach t,$(LAB_TESTS),'$(t) $(k)')) \
		$(patsubst %,'% $(firstword $(KERNELS))',$(LAB_ONCE) $(SCENARIOS)) \
		'tests/lab/tests/takeover.sh $(firstword $(KERNELS)) 4 50000' \
		$(NEWEST:%='$(SCENARIOS) %')

# What takes minutes more: the life of the package, and nisvd killed 24 times during a million faults.
check-long: lab-build
	@$(RUN) long $(LAB_LONG:%='% $(firstword $(KERNELS))')

# The scenarios on every kernel, in every mode of KVM; MATRIX= chooses. UPDATE=1 keeps what came of it in
# tests/lab/matrix.json and README.md.
MATRIX ?= bullseye bookworm bookworm+nvhe trixie trixie+protected trixie-16k sid sid-rt trixie-backports \
	bookworm-amd64 trixie-amd64 native
check-matrix: lab-build all guests
	@status=0; \
	$(RUN) matrix $(patsubst %,'$(SCENARIOS) %',$(filter-out native,$(MATRIX))) \
		$(if $(filter native,$(MATRIX)),tests/native/corpus.sh) || status=1; \
	tests/lab/matrix $(if $(UPDATE),update,show) $(MATRIX); exit $$status

# The same for x86-64, where kprobes tell what this machine need not have. The scenarios run in check-matrix.
X86_KERNELS ?= bookworm-amd64
X86_LAB_TESTS := tests/lab/tests/x86/module.sh tests/lab/tests/x86/native.sh
check-lab-x86:
	$(Q)$(MAKE) --no-print-directory ARCH=x86_64 SANITIZE= lab-programs
	@$(RUN) lab-x86 'tests/lab/selftest $(firstword $(X86_KERNELS))' \
		$(foreach k,$(X86_KERNELS),$(foreach t,$(X86_LAB_TESTS),'$(t) $(k)'))

demo: $(if $(NO_DEPS),,deps)
	@tests/demo/demo

# On this machine, then in the lab, where instructions are counted.
bench:
	$(if $(NO_DEPS),,@./tests/deps.sh bench)
	$(Q)$(MAKE) --no-print-directory NO_DEPS=1 all guests $(O)/tests/bench/bench
	$(Q)$(MAKE) --no-print-directory ARCH=$(OTHER_ARCH) SANITIZE= build/$(OTHER_ARCH)/tests/bench/bench
	@$(O)/tests/bench/bench
	@tests/bench/storm.sh
	@tests/bench/lab x86_64
	@tests/bench/lab arm64

$(O)/tests/bench/bench: $(call obj,$(wildcard tests/bench/*.c)) $(EDGE_OBJ) $(CORE_OBJ)
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

# libFuzzer comes with clang. What is found is kept beside the programs, in work/; tests/fuzz/corpus has the
# seeds.
FUZZ_SECONDS ?= 60
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZ_OBJ = $(patsubst %.c,$(O)/fuzz-obj/%.o,$(1))
FUZZ_CLI := $(addprefix $(O)/tests/fuzz/fuzz_,client history options symbols timespec)
$(FUZZ_CLI): $(call FUZZ_OBJ,$(filter-out cli/main.c,$(CLI_SRC)))
$(filter-out $(FUZZ_CLI),$(FUZZ_BIN)): $(call FUZZ_OBJ,$(CORE_SRC) $(EDGE_SRC) tests/fuzz/talk.c tests/fuzz/view.c)
$(call FUZZ_OBJ,daemon/edge/api.c): $(O)/interface.h
$(call FUZZ_OBJ,daemon/edge/capture.c): $(O)/nisvd.skel.h
$(call FUZZ_OBJ,daemon/edge/capture_gates.c): $(O)/gate.skel.h
$(call FUZZ_OBJ,daemon/edge/capture_load.c): $(O)/nisvd.skel.h $(O)/nisvd-older.skel.h $(O)/gate.skel.h

fuzz: $(if $(NO_DEPS),,deps)
	$(Q)$(MAKE) --no-print-directory NO_DEPS=1 fuzz-bins
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(FUZZ_BIN)

fuzz-bins: $(FUZZ_BIN)
.PHONY: fuzz-bins

$(O)/fuzz-obj/%.o: %.c
	$(call msg,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(O)/tests/fuzz/%: $(O)/fuzz-obj/tests/fuzz/%.o
	$(call msg,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(LIBS_DAEMON) $(LIBS_CLI)

# What takes too long for every check.
check-analyzer:
	@tests/analyzer.sh

check-valgrind: all unit-bins proto-bins
	@tests/valgrind.sh

deps:
	@./tests/deps.sh

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# ---- install -------------------------------------------------------------------------------------

install: all
	install -D -m 0755 $(O)/nisvd $(DESTDIR)$(sbindir)/nisvd
	install -D -m 0755 $(O)/nisvctl $(DESTDIR)$(bindir)/nisvctl
	install -D -m 0644 -t $(DESTDIR)$(datadir)/nisvd/machines $(wildcard daemon/machines/*.json)
	install -D -m 0644 -t $(DESTDIR)$(datadir)/nisvd daemon/edge/io.nisvd.Monitor.varlink
	sed 's|@sbindir@|$(sbindir)|g' systemd/nisvd.service.in >$(O)/nisvd.service
	sed 's|@bindir@|$(bindir)|g' systemd/nisvd-metrics.service.in >$(O)/nisvd-metrics.service
	install -D -m 0644 -t $(DESTDIR)$(unitdir) $(O)/nisvd.service systemd/nisvd.socket \
		$(O)/nisvd-metrics.service systemd/nisvd-metrics.timer
	install -D -m 0644 -t $(DESTDIR)$(datadir)/nisvd/metrics systemd/metrics/nisvd.rules.yml \
		systemd/metrics/nisvd-dashboard.json
	install -D -m 0644 systemd/nisvd.sysusers $(DESTDIR)$(sysusersdir)/nisvd.conf
	install -D -m 0644 systemd/nisvd.tmpfiles $(DESTDIR)$(tmpfilesdir)/nisvd.conf
	install -D -m 0644 -t $(DESTDIR)$(catalogdir) systemd/nisvd.catalog
	# What the administrator made of it stays.
	[ -e $(DESTDIR)$(sysconfdir)/nisvd/nisvd.conf ] || \
		install -D -m 0644 -t $(DESTDIR)$(sysconfdir)/nisvd systemd/nisvd.conf
	for page in $(MAN); do install -D -m 0644 -t $(DESTDIR)$(mandir)/man$${page##*.} $$page || exit; done
	install -D -m 0644 cli/completion/nisvctl.bash $(DESTDIR)$(bashdir)/nisvctl
	install -D -m 0644 cli/completion/_nisvctl $(DESTDIR)$(zshdir)/_nisvctl

# ---- Debian package -------------------------------------------------------------------------------

# Built as anybody would build it, in a copy of what it is made of: dpkg-buildpackage cleans up first. `make check`
# has run the unit tests.
PACKAGE_ARCH := $(patsubst x86_64,amd64,$(ARCH))
PACKAGE_DIR := build/package/$(ARCH)
PACKAGE := $(PACKAGE_DIR)/nisvd_$(VERSION)_$(PACKAGE_ARCH).deb
PACKAGE_SRC := $(sort $(shell find Makefile README.md LICENSE bpf cli daemon debian include man systemd -type f))

package: $(PACKAGE)

$(PACKAGE): $(PACKAGE_SRC)
	$(call msg,DEB,$@)
	$(Q)rm -rf $(PACKAGE_DIR) && mkdir -p $(PACKAGE_DIR)/nisvd
	$(Q)cp -p --parents -t $(PACKAGE_DIR)/nisvd $^
	$(Q)cd $(PACKAGE_DIR)/nisvd && unset MAKEFLAGS MFLAGS MAKELEVEL && \
	  DEB_BUILD_OPTIONS="$$DEB_BUILD_OPTIONS nocheck" dpkg-buildpackage -us -uc -b -a$(PACKAGE_ARCH) \
	  >../log 2>&1 || { tail -n 20 ../log >&2; false; }

-include $(shell find $(O)/obj $(O)/fuzz-obj -name '*.d' 2>/dev/null)

clean:
	$(Q)rm -rf build
