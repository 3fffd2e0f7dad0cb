# How the x86_64 kernel is compiled. Kernel code never touches vector registers.
arch_flags := -m64 -march=x86-64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
arch_ldflags :=
arch_exclude := kernel/base/string_memory.c
# Runs before the shadow exists, or on a CPU whose state is not settled.
kasan_exclude := $(wildcard kernel/arch/x86_64/boot/*.c kernel/arch/x86_64/cpu/*.c \
	kernel/arch/x86_64/mmu/*.c kernel/arch/x86_64/clock/*.c kernel/arch/x86_64/entry/*.c)
