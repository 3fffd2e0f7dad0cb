# How the kernel's code is compiled into programs of the host.
all_c += $(addprefix kernel/arch/common/,command_line.c memory_map.c probe_plain.c)
test_c += kernel/arch/common/memory_map_test.c
atomic_operations_are_fences := 0
# Of a driver for another CPU, what needs nothing but memory and registers is tested here, too.
its := kernel/driver/interrupt/gic_its
all_c += $(addprefix $(its)/,command.c device.c message_map.c number.c queue.c registers.c table.c)
test_c += $(wildcard $(its)/*_test.c)
# The compiler's own run-time library answers instrumented code.
arch_exclude := kernel/memory/kasan_calls.c kernel/device/acpi_pc_bus.c
