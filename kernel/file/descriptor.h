/*
 * Descriptor tables: small numbers to open files. Lookups take no lock (RCU, then a reference), and
 * no reference when the table is not shared.
 */
#ifndef FILE_DESCRIPTOR_H
#define FILE_DESCRIPTOR_H

#include "base/compiler.h"
#include "base/types.h"
#include "file/file.h"

struct descriptor_table;

struct descriptor_table *descriptor_table_create(void);
/* A copy for fork (close-on-exec flags kept), up to `limit` descriptors (close_range unshare). */
int descriptor_table_copy(struct descriptor_table *from, unsigned limit,
			  struct descriptor_table **copy) MUST_CHECK;
struct descriptor_table *descriptor_table_get(struct descriptor_table *table);
void descriptor_table_put(struct descriptor_table *table);	/* the last closes all. May sleep */
bool descriptor_table_is_shared(const struct descriptor_table *table);

/* What a call holds: the file, and whether a reference was taken. */
struct file_reference {
	struct file *file;	/* NULL: -EBADF */
	bool is_counted;
};
/* The file of a descriptor of the current process; O_PATH files only if is_path_allowed. */
struct file_reference descriptor_borrow(int fd, bool is_path_allowed);
static inline void descriptor_return(struct file_reference reference)
{
	if (unlikely(reference.is_counted && reference.file))
		file_put(reference.file);
}
/* Always counted. NULL: none. */
struct file *descriptor_file_get(int fd);
struct file *descriptor_table_file_get(struct descriptor_table *table, int fd);
/* The same of any thread, or of a process's leader; NULL also when that has left. */
struct process;
struct thread;
struct file *thread_file_get(struct thread *thread, int fd);
struct file *process_file_get(struct process *process, int fd);
/* The table of a thread with a reference, or NULL when it has left. */
struct descriptor_table *thread_descriptors_get(struct thread *thread);
/* A table of the current thread's own, with the descriptors below `limit`. */
int descriptor_table_unshare(unsigned limit) MUST_CHECK;
/* The first descriptor >= *fd in use, for procfs; false: none. */
bool descriptor_table_next(struct descriptor_table *table, int *fd);
bool descriptor_table_closes_on_exec(struct descriptor_table *table, int fd);
unsigned descriptor_table_size(struct descriptor_table *table);

/* Reserve, then install (cannot fail) or release. The lowest free number >= minimum; -EMFILE. */
int descriptor_reserve(int minimum, bool closes_on_exec) MUST_CHECK;
void descriptor_install(int fd, struct file *file);	/* takes over the caller's reference */
void descriptor_release(int fd);
/* Both at once for a fresh file: the number, or an error with the reference dropped. */
int descriptor_add(struct file *file, bool closes_on_exec) MUST_CHECK;

int descriptor_close(int fd) MUST_CHECK;
int descriptor_close_range(unsigned first, unsigned last, unsigned flags) MUST_CHECK;
int descriptor_duplicate_to(int old, int new, bool closes_on_exec, bool same_is_error)
	MUST_CHECK;		/* dup2, dup3 */
int descriptor_flag_get(int fd) MUST_CHECK;	/* FD_CLOEXEC or 0 */
int descriptor_flag_set(int fd, bool closes_on_exec) MUST_CHECK;
void descriptor_table_close_on_exec(struct descriptor_table *table);

#endif
