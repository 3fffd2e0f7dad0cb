# How the kernel's code is compiled into programs of the host.
# The command line is read alike everywhere.
all_c += kernel/arch/common/command_line.c
arch_flags := -DATOMIC_OPERATIONS_ARE_FENCES=0
# The compiler's own run-time library answers instrumented code.
arch_exclude := kernel/memory/kasan_calls.c
