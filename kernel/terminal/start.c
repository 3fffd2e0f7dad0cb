/* What exists from the start: the nodes that lead to terminals by role, and pty masters. */
#include "terminal/internal.h"

int terminal_start(void)
{
	int result = console_start();

	return result == 0 ? pty_start() : result;
}
