# Builds the kernel (ARCH=x86_64 or aarch64) or the programs of its unit tests (ARCH=host).
#   make ARCH=x86_64                build/x86_64/kernel.elf
#   make ARCH=x86_64 BUILD=debug    build/x86_64-debug/kernel.elf: KASAN, UBSAN, lock checks, unit tests
#   make ARCH=x86_64 TEST=1         build/x86_64-test/kernel.elf, with the unit tests inside
#   make ARCH=host                  build/host/test/..., one program for each *_test.c
#   make headers | lint             each header compiled alone; clang's thread-safety pass
#   make check | clean              all gates; V=1 shows the commands

ARCH ?= x86_64
BUILD ?= release
TEST ?= 0
V ?= 0

$(if $(filter x86_64 aarch64 host,$(ARCH)),,$(error ARCH=$(ARCH): must be x86_64, aarch64 or host))
$(if $(filter release debug,$(BUILD)),,$(error BUILD=$(BUILD): must be release or debug))

OUT := build/$(ARCH)$(if $(filter debug,$(BUILD)),-debug,$(if $(filter 1,$(TEST)),-test))
GENERATED := $(OUT)/generated

CROSS_aarch64 := $(if $(filter aarch64,$(shell uname -m)),,aarch64-linux-gnu-)
CROSS_x86_64 := $(if $(filter x86_64,$(shell uname -m)),,x86_64-linux-gnu-)
CROSS := $(CROSS_$(ARCH))
CC := $(CROSS)gcc
LD := $(CROSS)ld
NM := $(CROSS)nm
STRIP := $(CROSS)strip
AR := $(CROSS)ar
PYTHON := python3

ifeq ($(V),1)
quiet :=
else
quiet := @
endif
say = @printf '  %-5s %s\n' $(1) '$(2)';

# Sources: every folder that kernel/layers names, and what kernel.list chooses of drivers and fs.
layers := $(shell sed -n 's/^\([a-z]*\):.*/\1/p' kernel/layers)
plain := $(filter-out arch driver fs,$(layers))
all_c := $(foreach l,$(plain),$(wildcard kernel/$(l)/*.c kernel/$(l)/*/*.c)) \
	$(wildcard kernel/fs/*.c kernel/arch/$(ARCH)/*.c kernel/arch/$(ARCH)/*/*.c) \
	$(shell $(PYTHON) tools/kernel_list.py --arch $(ARCH) --sources)
all_S := $(wildcard kernel/arch/$(ARCH)/*.S kernel/arch/$(ARCH)/*/*.S)
test_c := $(filter-out %_fuzz.c,$(filter %_test.c,$(all_c)))
# Tests that need a kernel that has come up: inside the kernel only, not on the host.
kernel_test_c := $(filter %_kernel_test.c,$(test_c))
host_only := %_host.c %/test_main.c %_host_test.c

warnings := -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes \
	-Wimplicit-fallthrough -Wundef -Wpointer-arith -Wwrite-strings
includes := -Ikernel -Ikernel/arch/include -Ikernel/arch/$(ARCH) -Ikernel/arch/$(ARCH)/include -Iabi/include \
	-Iabi/arch/$(subst host,$(shell uname -m),$(ARCH)) -I$(GENERATED)
flags := -std=gnu11 -g -pipe -fno-strict-aliasing -fno-common -fno-delete-null-pointer-checks \
	-fno-omit-frame-pointer -ftrivial-auto-var-init=zero $(warnings) $(includes) -MMD -MP
kernel_flags := -O2 -ffreestanding -nostdlib -fno-pic -fno-pie -fno-stack-protector \
	-fno-optimize-sibling-calls -fno-asynchronous-unwind-tables -Wframe-larger-than=1024
arch_flags :=
arch_ldflags :=
arch_exclude :=		# sources of other folders that this CPU replaces
kasan_exclude :=	# sources built without KASAN
kasan_flags := -fsanitize=kernel-address --param asan-stack=1 --param asan-globals=1
ubsan_flags := -fsanitize=bounds,shift,signed-integer-overflow,integer-divide-by-zero,unreachable,vla-bound \
	-fsanitize-undefined-trap-on-error

-include kernel/arch/$(ARCH)/build.mk
definitions := -DATOMIC_OPERATIONS_ARE_FENCES=$(atomic_operations_are_fences)
flags += $(definitions)

all:

# The stubs, names and tables of the system calls. calls.mk lists the C files among them, so make
# starts again after it is made.
ifneq ($(filter clean check,$(MAKECMDGOALS)),clean)
-include $(GENERATED)/calls.mk
endif
$(GENERATED)/calls.mk: $(wildcard tools/generate_*.py abi/*.tbl)
	$(call say,GEN,system calls)mkdir -p $(GENERATED)
	$(quiet)$(PYTHON) tools/generate_calls.py --abi abi --arch $(ARCH) --out $(GENERATED)
	$(quiet)echo "generated_c := $$(find $(GENERATED) -name '*.c' ! -name 'kernel_*' | sort | tr '\n' ' ')" >$@
generated_c += $(GENERATED)/kernel_list.c

$(GENERATED)/kernel_list.c: kernel.list tools/kernel_list.py
	$(call say,GEN,$@)mkdir -p $(@D)
	$(quiet)$(PYTHON) tools/kernel_list.py --arch $(ARCH) --out $@

rules := Makefile kernel/layers $(wildcard kernel/arch/$(ARCH)/build.mk)

ifeq ($(ARCH),host)
#
# Host: one archive of the kernel, one program for each test file. The C library supplies what
# base/string.h declares.
#
host_sanitizers ?= -fsanitize=address,undefined -fno-sanitize-recover=undefined
flags += -O1 -DAEGIS_DEBUG=1 -pthread $(host_sanitizers) $(arch_flags) -D_GNU_SOURCE \
	-Wno-missing-field-initializers -Wno-type-limits
library_c := $(filter-out %_test.c %_fuzz.c $(host_only) kernel/base/string.c \
	kernel/base/string_memory.c kernel/base/test.c kernel/start/% $(arch_exclude),$(all_c)) $(generated_c)
runner_c := kernel/base/test_main.c kernel/base/test.c kernel/base/panic_host.c
objects := $(patsubst %.c,$(OUT)/%.o,$(patsubst $(OUT)/%,%,$(library_c)))
runner := $(runner_c:%.c=$(OUT)/%.o)
tests := $(patsubst kernel/%.c,$(OUT)/test/%,$(filter-out $(kernel_test_c),$(test_c)))

all: $(tests)
$(OUT)/libkernel.a: $(objects)
	$(call say,AR,$@)rm -f $@
	$(quiet)$(AR) rcs $@ $^
$(OUT)/test/%: $(OUT)/kernel/%.o $(runner) $(OUT)/libkernel.a
	$(call say,LINK,$@)mkdir -p $(@D)
	$(quiet)$(CC) $(flags) -o $@ $< $(runner) $(OUT)/libkernel.a -pthread $(arch_ldflags)
objects += $(runner) $(test_c:%.c=$(OUT)/%.o)
.PRECIOUS: $(OUT)/kernel/%.o
else
#
# Kernel: linked twice, because the table of function names needs the addresses of the first link.
#
flags += $(kernel_flags) $(arch_flags)
ifeq ($(BUILD),debug)
flags += -DAEGIS_DEBUG=1 $(ubsan_flags)
endif
kernel_c := $(filter-out %_fuzz.c $(host_only) $(if $(filter 1,$(TEST))$(filter debug,$(BUILD)),,%_test.c) $(arch_exclude),$(all_c))
objects := $(patsubst %.c,$(OUT)/%.o,$(patsubst $(OUT)/%,%,$(kernel_c) $(generated_c))) \
	$(all_S:%.S=$(OUT)/%.o)
script := $(wildcard kernel/arch/$(ARCH)/kernel.lds)
ldflags := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none --no-warn-rwx-segments \
	$(if $(script),-T $(script)) $(arch_ldflags)
libgcc := $(shell $(CC) -print-libgcc-file-name)

all: $(OUT)/kernel.elf $(OUT)/kernel.stripped
$(GENERATED)/kernel_symbols_empty.S: tools/symbols.py
	$(quiet)mkdir -p $(@D) && $(PYTHON) tools/symbols.py --empty --out $@
$(OUT)/kernel.first: $(objects) $(OUT)/generated/kernel_symbols_empty.o $(script)
	$(call say,LINK,$@)$(LD) $(ldflags) -o $@ $(filter %.o,$^) $(libgcc)
$(GENERATED)/kernel_symbols.S: $(OUT)/kernel.first tools/symbols.py
	$(quiet)$(PYTHON) tools/symbols.py --nm $(NM) --out $@ $<
$(OUT)/kernel.elf: $(objects) $(OUT)/generated/kernel_symbols.o $(script)
	$(call say,LINK,$@)$(LD) $(ldflags) -Map=$(OUT)/kernel.map -o $@ $(filter %.o,$^) $(libgcc)
	$(quiet)$(PYTHON) tools/symbols.py --nm $(NM) --verify $@ $(OUT)/kernel.first
$(OUT)/kernel.stripped: $(OUT)/kernel.elf
	$(quiet)$(STRIP) -o $@ $<
endif

# KASAN is added file by file, so that early boot and the shadow's own code stay without.
kasan = $(if $(filter debug,$(BUILD)),$(if $(filter host,$(ARCH)),,$(if $(filter $(kasan_exclude),$<),,$(kasan_flags))))

$(OUT)/%.o: %.c $(rules)
	$(call say,CC,$<)mkdir -p $(@D)
	$(quiet)$(CC) $(flags) $(kasan) -c -o $@ $<
$(OUT)/%.o: $(OUT)/%.c $(rules)
	$(call say,CC,$<)mkdir -p $(@D)
	$(quiet)$(CC) $(flags) $(kasan) -c -o $@ $<
$(OUT)/%.o: %.S $(rules)
	$(call say,AS,$<)mkdir -p $(@D)
	$(quiet)$(CC) $(flags) -D__ASSEMBLER__=1 -c -o $@ $<
$(OUT)/%.o: $(OUT)/%.S $(rules)
	$(quiet)$(CC) $(flags) -c -o $@ $<
$(objects): | $(GENERATED)/calls.mk

-include $(objects:.o=.d)

#
# Gates that compile: each header alone, and clang's thread-safety pass. Done again only for what changed.
#
foreign := $(foreach a,x86_64 aarch64 host,$(if $(filter $(a),$(ARCH)),,kernel/arch/$(a)/%))
header_files := $(filter-out $(foreign) kernel/%host_test.h,$(shell grep -rL '^\.macro' kernel --include=*.h))
lint_files := $(filter-out $(host_only) %_test.c %_fuzz.c,$(all_c))
CLANG ?= clang

headers: $(header_files:%.h=$(OUT)/alone/%.ok)
lint: $(lint_files:%.c=$(OUT)/lint/%.ok)
$(OUT)/alone/%.ok: %.h $(rules) | $(GENERATED)/calls.mk
	$(call say,HEAD,$<)mkdir -p $(@D)
	$(quiet)$(CC) $(flags) -fsyntax-only -x c -MF $(@:.ok=.d) -MT $@ -include $< /dev/null
	$(quiet)touch $@
$(OUT)/lint/%.ok: %.c $(rules) | $(GENERATED)/calls.mk
	$(call say,LINT,$<)mkdir -p $(@D)
	$(quiet)$(CLANG) --target=$(ARCH)-linux-gnu -std=gnu11 -ffreestanding $(includes) $(definitions) $(clang_flags) \
		-Wno-everything -Wthread-safety -Werror -fsyntax-only -MMD -MP -MF $(@:.ok=.d) -MT $@ $<
	$(quiet)touch $@
-include $(if $(filter headers lint,$(MAKECMDGOALS)),$(shell find $(OUT)/alone $(OUT)/lint -name '*.d' 2>/dev/null))

check:
	$(quiet)$(PYTHON) tools/check.py

clean:
	rm -rf build

.PHONY: all headers lint check clean
.DELETE_ON_ERROR:
