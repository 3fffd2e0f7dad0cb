/*
 * Calls by which programs find out whether a descriptor is a socket. No file is one: there is no
 * network here, and socket(2) does not exist.
 */
#include "syscall/support.h"

long sys_getsockname(struct file *fd, user_address_t name, user_address_t length)
{
	(void)fd;
	(void)name;
	(void)length;
	return -ENOTSOCK;
}

long sys_getpeername(struct file *fd, user_address_t name, user_address_t length)
{
	return sys_getsockname(fd, name, length);
}
