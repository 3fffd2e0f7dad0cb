/*
 * Mount options as mount(2) passes them: "name=value,name,...".
 */
#ifndef VFS_OPTIONS_H
#define VFS_OPTIONS_H

#include "base/compiler.h"

/* Gets each option, value NULL when it has none; an error ends the reading. */
typedef int (*option_reader)(void *argument, const char *name, const char *value);
/* 0, the reader's error, or -EINVAL for an option that is too long. May sleep. */
int options_read(const char *options, option_reader reader, void *argument) MUST_CHECK;

#endif
