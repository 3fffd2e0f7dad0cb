/* Ending: power off, restart, halt. Every way is tried in turn, the polite ones first. */
#include "arch/boot.h"
#include "arch/cpu.h"
#include "machine/port.h"

#define DEBUG_EXIT_PORT 0xf4

void machine_debug_exit(unsigned status)
{
	port_write32(DEBUG_EXIT_PORT, status);
}

void machine_halt(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
