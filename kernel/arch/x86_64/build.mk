# How the x86_64 kernel is compiled. Kernel code never touches vector registers.
.DEFAULT_GOAL := all

# Indirect branches go through thunks that entry/thunks.S has.
arch_flags := -m64 -march=x86-64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-mindirect-branch=thunk-extern -mindirect-branch-register -fno-jump-tables -fcf-protection=none
arch_ldflags :=
atomic_operations_are_fences := 1
all_c += $(wildcard kernel/arch/common/*.c)
arch_exclude := kernel/base/string_memory.c kernel/arch/x86_64/vdso/% \
	kernel/firmware/acpi_arm% kernel/firmware/efi% kernel/device/acpi_arm_bus.c
# Runs before the shadow exists, or on a CPU whose state is not settled.
kasan_exclude := $(wildcard kernel/arch/x86_64/boot/*.c kernel/arch/x86_64/cpu/*.c \
	kernel/arch/x86_64/mmu/*.c kernel/arch/x86_64/clock/*.c kernel/arch/x86_64/entry/*.c \
	kernel/arch/common/*.c kernel/base/format.c kernel/base/string*.c kernel/firmware/*.c kernel/memory/kasan*.c \
	kernel/memory/heap/*.c kernel/memory/page/*.c)
# Stack redzones need to know where the shadow is; checks stay calls, which keeps the image small.
kasan_flags += -fasan-shadow-offset=0xdffffc0000000000 --param asan-instrumentation-with-call-threshold=0

# The vDSO: a shared object of its own, for programs, carried inside the kernel image.
vdso_source := kernel/arch/x86_64/vdso/clock.c
vdso_script := kernel/arch/x86_64/vdso/vdso.lds
vdso_flags = -std=gnu11 -O2 -fPIC -ffreestanding -nostdlib -shared -fno-stack-protector \
	-fno-omit-frame-pointer -foptimize-sibling-calls -mtune=generic $(warnings) $(includes)
$(GENERATED)/vdso.so: $(vdso_source) $(vdso_script) kernel/arch/common/vdso_clock.h \
		kernel/arch/include/arch/vdso.h kernel/arch/x86_64/vdso/vdso.h \
		$(addprefix kernel/arch/x86_64/include/machine/,clock.h layout.h vdso.h)
	$(call say,LINK,$@)mkdir -p $(@D)
	$(quiet)$(CC) $(vdso_flags) -Wl,-soname=linux-vdso.so.1,--hash-style=both,--build-id=sha1 \
		-Wl,-T,$(vdso_script),-Bsymbolic,--eh-frame-hdr,-z,max-page-size=4096,--no-undefined \
		-o $@ $(vdso_source)
	$(quiet)truncate -s %4096 $@
$(OUT)/kernel/arch/x86_64/context/vdso_image.o: $(GENERATED)/vdso.so
