/*
 * Who hears of a file by signals (F_SETOWN, F_SETOWN_EX): the thread, process or group itself, not
 * its number, which another may get; and the ids of the one that chose it, by whose leave it is.
 */
#ifndef FILE_OWNER_H
#define FILE_OWNER_H

#include "base/compiler.h"
#include "base/types.h"

struct file;
struct signal_information;

/* `type`: F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP; id 0: nobody any more. -ESRCH, -ENOMEM. */
int file_owner_set(struct file *file, int type, int32_t id) MUST_CHECK;
/* The same unless there is one. */
int file_owner_propose(struct file *file, int type, int32_t id) MUST_CHECK;
/* The number and kind; 0 when there is none, or it has gone. */
int32_t file_owner_get(struct file *file, int *type);
/* The file ends. */
void file_owner_release(struct file *file);

/* Sends a signal to the owner, as far as the one that chose it could. Any context. */
void file_owner_tell(struct file *file, int number, const struct signal_information *information);

#endif
