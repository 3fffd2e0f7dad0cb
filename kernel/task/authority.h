/*
 * Asking for a right: the check that every call makes, on the capability set of the current
 * process.
 */
#ifndef TASK_AUTHORITY_H
#define TASK_AUTHORITY_H

#include "base/compiler.h"
#include "base/types.h"
#include "capability/capability.h"

struct capability_set;
struct format_sink;
struct process;

/* 0 when the current process holds the right, else -EPERM (for file rights: -EACCES), and the
 * refusal is recorded for /proc/<pid>/denials. Kernel threads hold everything. */
int capability_require(enum capability_right right) MUST_CHECK;
int capability_require_file(enum capability_right right) MUST_CHECK;
/* The same question without a record. */
bool capability_is_held(enum capability_right right);
/* The handler of a `dynamic` call found that what is wanted concerns the caller alone: 0. */
int capability_not_needed(void);

/*
 * Around the handler of a `dynamic` call in debug builds: panics when the call succeeds and the
 * handler neither asked for a right nor said that none is needed.
 */
void capability_question_open(void);
void capability_question_close(const char *call, long result);

/* Whether all that `target` may ever do is within what the current process holds and may. */
bool capability_dominates(struct process *target);

/* The set of a process with a reference; other threads may be replacing it. */
struct capability_set *capability_set_of(struct process *process);

/* Narrows table and bound of the current process to `keep`. Other threads see it at their next
 * check. -ENOMEM. */
int capability_drop(const struct capability_rights *keep) MUST_CHECK;

/* "file.write 3\n" lines: what was refused to the process, and how often. */
void capability_denials_describe(struct process *process, struct format_sink *sink);
/* "table file.read ...\nbound ...\n" for /proc/<pid>/capabilities. */
void capability_describe(struct process *process, struct format_sink *sink);

#endif
