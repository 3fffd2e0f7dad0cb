/*
 * The devices that are no device: null, zero, full, random, urandom, kmsg.
 */
#ifndef FS_DEV_MEMORY_DEVICES_H
#define FS_DEV_MEMORY_DEVICES_H

#include "base/compiler.h"

int memory_devices_start(void) MUST_CHECK;
extern const struct file_operations kernel_log_file_operations;

#endif
