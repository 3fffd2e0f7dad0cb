/* What exists from the start: the nodes that lead to terminals by role, and pty masters. */
#include "base/format.h"
#include "terminal/internal.h"

int terminal_start(void)
{
	int result = console_start();

	return result == 0 ? pty_start() : result;
}

/* Name, node, major, minors, kind: what ps(1) makes names of terminals from. */
void terminal_drivers_describe(struct format_sink *sink)
{
	format_to(sink, "/dev/tty             /dev/tty        5       0 system:/dev/tty\n");
	format_to(sink, "/dev/console         /dev/console    5       1 system:console\n");
	format_to(sink, "/dev/ptmx            /dev/ptmx       5       2 system\n");
	format_to(sink, "serial               /dev/ttyS       4 64-95 serial\n");
	format_to(sink, "pty_slave            /dev/pts      136 0-1048575 pty:slave\n");
	format_to(sink, "pty_master           /dev/ptm      128 0-1048575 pty:master\n");
}
