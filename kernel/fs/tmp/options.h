/*
 * Mount options as "name=value,name": one at a time, for file systems of this folder's kind.
 */
#ifndef FS_TMP_OPTIONS_H
#define FS_TMP_OPTIONS_H

#include "base/compiler.h"
#include "base/types.h"

struct tmp_instance;

/* Reads tmpfs's options over what the instance holds; -EINVAL at the first bad one, nothing
 * changed. */
int tmp_options_read(struct tmp_instance *instance, const char *options) MUST_CHECK;

#endif
