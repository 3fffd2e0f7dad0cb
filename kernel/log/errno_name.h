/* Names of error numbers: "ENOENT" for ENOENT, the kernel's internal restart codes included. */
#ifndef LOG_ERRNO_NAME_H
#define LOG_ERRNO_NAME_H

const char *errno_name(int number);	/* positive; never NULL */

#endif
