# The command line is read alike everywhere.
all_c += kernel/arch/x86_64/boot/command_line.c
