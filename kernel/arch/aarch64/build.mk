# How the aarch64 kernel is compiled. Kernel code never touches vector registers.
.DEFAULT_GOAL := all

# Atomic operations go through libgcc's helpers, which use the LSE instructions where the CPU has
# them (cpu/features.c tells them so).
# Landing pads and signed return addresses are hints, which CPUs without them pass over.
# Without tables for unwinding, their place is .debug_frame, which kernel.elf keeps for debuggers.
arch_flags := -march=armv8-a -mgeneral-regs-only -moutline-atomics -mbranch-protection=standard \
	-fno-unwind-tables
arch_ldflags := --no-dynamic-linker
atomic_operations_are_fences := 0
arch_exclude := kernel/arch/aarch64/vdso/% kernel/arch/common/probe_plain.c kernel/device/acpi_pc_bus.c
all_c += $(wildcard kernel/arch/common/*.c)
# Runs before the shadow exists, or on a CPU whose state is not settled.
kasan_exclude := $(wildcard kernel/arch/aarch64/boot/*.c kernel/arch/aarch64/cpu/*.c \
	kernel/arch/aarch64/mmu/*.c kernel/arch/aarch64/clock/*.c kernel/arch/aarch64/entry/*.c \
	kernel/arch/common/*.c kernel/base/format.c kernel/base/string*.c kernel/base/codec/calendar.c \
	kernel/firmware/*.c \
	kernel/memory/kasan*.c kernel/memory/heap/*.c kernel/memory/page/*.c)
kasan_flags += -fasan-shadow-offset=0xdfffc00000000000 --param asan-instrumentation-with-call-threshold=0
OBJCOPY := $(CROSS)objcopy

# What runs as an EFI application leaves the platform register alone (UEFI 2.10, 2.3.6.4).
$(addprefix $(OUT)/kernel/,arch/aarch64/boot/efi.o firmware/efi.o base/string_memory.o): flags += -ffixed-x18

# The vDSO: a shared object of its own, for programs, carried inside the kernel image.
vdso_source := kernel/arch/aarch64/vdso/clock.c kernel/arch/aarch64/vdso/signal_return.S
vdso_script := kernel/arch/aarch64/vdso/vdso.lds
vdso_flags = -std=gnu11 -O2 -fPIC -ffreestanding -nostdlib -shared -fno-stack-protector \
	-fno-omit-frame-pointer -foptimize-sibling-calls -mgeneral-regs-only -mbranch-protection=standard \
	$(warnings) $(includes)
$(GENERATED)/vdso.so: $(vdso_source) $(vdso_script) kernel/arch/common/vdso_clock.h \
		kernel/arch/include/arch/vdso.h kernel/arch/aarch64/vdso/vdso.h \
		$(addprefix kernel/arch/aarch64/include/machine/,clock.h vdso.h)
	$(call say,LINK,$@)mkdir -p $(@D)
	$(quiet)$(CC) $(vdso_flags) -Wl,-soname=linux-vdso.so.1,--hash-style=both,--build-id=sha1 \
		-Wl,-s,-T,$(vdso_script),-Bsymbolic,-z,force-bti,--eh-frame-hdr,-z,max-page-size=4096,--no-undefined \
		-o $@ $(vdso_source)
	$(quiet)truncate -s %4096 $@
$(OUT)/kernel/arch/aarch64/context/vdso_image.o: $(GENERATED)/vdso.so

all: $(OUT)/Image
$(OUT)/Image: $(OUT)/kernel.elf
	$(call say,IMAGE,$@)$(OBJCOPY) -O binary $< $@
