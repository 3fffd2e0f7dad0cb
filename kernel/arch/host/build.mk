# How the kernel's code is compiled into programs of the host.
# The command line is read alike everywhere.
all_c += kernel/arch/common/command_line.c
# The compiler's own run-time library answers instrumented code.
arch_exclude := kernel/memory/kasan_calls.c
# It touches programs' memory and kernel areas through a real MMU, which is not here.
test_c := $(filter-out kernel/task/memory_storm_test.c,$(test_c))
