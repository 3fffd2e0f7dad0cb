/* vhangup(2): cuts the session's terminal off from whoever has it open. */
#include "syscall/support.h"
#include "terminal/terminal.h"

long sys_vhangup(void)
{
	return terminal_hang_up_controlling();
}
