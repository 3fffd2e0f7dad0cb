/*
 * The names of the system that uname(2) tells: host and domain can be set.
 */
#ifndef TASK_SYSTEM_NAME_H
#define TASK_SYSTEM_NAME_H

#include "base/compiler.h"
#include "base/types.h"

#define SYSTEM_NAME_MAXIMUM 64		/* __NEW_UTS_LEN */
#define SYSTEM_RELEASE "6.1.0-aegis"

struct new_utsname;

void system_name_read(struct new_utsname *name);
/* At most SYSTEM_NAME_MAXIMUM bytes, terminated. */
void system_host_name_set(const char *name);
void system_domain_name_set(const char *name);

#endif
