/*
 * procfs: tables of nodes say what exists; an inode is made when a name is looked up and holds the
 * process it shows. Texts are written whole when a file is read from its beginning.
 */
#ifndef FS_PROC_INTERNAL_H
#define FS_PROC_INTERNAL_H

#include "base/error_pointer.h"
#include "file/file.h"
#include "task/thread.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/name.h"
#include "vfs/sink.h"
#include <abi/fcntl.h>

struct proc_inode;
struct space;

enum proc_flag {
	PROC_PRIVATE = 1 << 0,		/* to open it takes who may inspect the process */
	PROC_ASKED = 1 << 1,		/* so does each reading */
	PROC_AT_OPEN = 1 << 2,		/* the text is that of the moment it was opened */
	PROC_OUTLIVES = 1 << 3,		/* what is open stays readable when the process is gone */
};

/* A number below /proc/sys that may be set within limits. */
struct proc_number {
	int32_t *value;
	int32_t least, most;
};

/* One thing below /proc. Tables end with a node without a name. */
struct proc_node {
	const char *name;
	uint16_t mode;			/* type and bits */
	uint8_t flags;			/* enum proc_flag */
	/* One of the three makes the text. The space (NULL: it had none) and the root are those
	 * that the process had when the file was opened. */
	int (*show)(struct format_sink *sink, struct proc_inode *node);
	int (*show_space)(struct format_sink *sink, struct space *space);
	void (*show_mounts)(struct format_sink *sink, const struct path *root);
	/* Text from a program, terminated. */
	int (*store)(struct proc_inode *node, char *text, size_t length);
	const struct proc_number *number;
	const struct proc_node *children;
	const struct inode_operations *operations;	/* instead of those by type */
	const struct file_operations *file_operations;
};

struct proc_inode {
	struct inode inode;
	const struct proc_node *node;
	struct process *process;	/* counted; NULL outside of /proc/<pid> */
	struct thread *thread;		/* counted; /proc/<pid>/task/<tid> */
	const void *extra;		/* a status entry */
	struct file *file;		/* counted: what an anonymous object stands for */
	int fd;
};

static inline struct proc_inode *proc_inode_of(struct inode *inode)
{
	return container_of(inode, struct proc_inode, inode);
}

/* Makes the inode of a node, for a process (and thread) or NULL, and attaches it to the name. */
struct proc_place {
	const struct proc_node *node;
	struct process *process;
	struct thread *thread;
	const void *extra;
	int fd;
};
int proc_attach(struct inode *directory, struct name *name, const struct proc_place *place)
	MUST_CHECK;
/* The node of a table with this name, or NULL. */
const struct proc_node *proc_node_find(const struct proc_node *table, const struct name *name);
/* The whole text as a decimal number without sign or leading zero, or -1. */
int64_t proc_number_of(const struct name *name);

/* How many entries of a table are directories. */
uint32_t proc_directories_in(const struct proc_node *table);
/* Emits "." and "..", then the table; positions from 2. True: the sink is full. */
bool proc_list_table(struct file *file, struct directory_sink *sink, const struct proc_node *table);
/* A number as an entry; position `at`, next one after it. True: full. */
bool proc_list_number(struct file *file, struct directory_sink *sink, int32_t number,
		      uint8_t type, int64_t at);

extern const struct proc_node proc_root_node, proc_root_table[];
extern const struct proc_node proc_process_node, proc_process_table[], proc_thread_table[];
extern const struct proc_node proc_kernel_values[];
extern const struct inode_operations proc_directory_operations, proc_text_operations;
extern const struct inode_operations proc_task_operations;
extern const struct inode_operations proc_fd_operations, proc_fdinfo_operations;
extern const struct inode_operations proc_status_operations;
extern const struct inode_operations proc_self_operations, proc_thread_self_operations;
extern const struct inode_operations proc_exe_operations, proc_cwd_operations;
extern const struct inode_operations proc_root_link_operations, proc_mounts_operations;
extern const struct file_operations proc_text_file_operations, proc_directory_file_operations;
extern const struct file_operations proc_root_file_operations, proc_process_file_operations;
extern const struct file_operations proc_task_file_operations, proc_fd_file_operations;
extern const struct file_operations proc_status_file_operations, proc_mounts_file_operations;
extern const struct file_operations proc_kernel_log_operations;
extern const struct inode_operations proc_memory_operations, proc_namespaces_operations;
extern const struct inode_operations proc_values_operations;	/* of /proc/sys and below */
extern const struct file_operations proc_namespaces_file_operations;

/* What proc_directory_operations and proc_text_operations are made of. */
int proc_table_lookup(struct inode *directory, struct name *name) MUST_CHECK;
int proc_text_open(struct inode *inode, struct file *file) MUST_CHECK;
int proc_text_change(struct inode *inode, const struct attribute_change *change) MUST_CHECK;

/* A path to an object that stands for a file without a name (a pipe): stat and open reach it. */
int proc_anonymous_path(struct inode *link, struct file *file, struct path *path) MUST_CHECK;
extern const struct proc_node proc_anonymous_node;
struct mount *proc_internal_mount(void);	/* NULL: memory is short */

/* Whether what the inode shows was waited for and forgotten: no number leads to it. */
bool proc_is_gone(const struct proc_inode *node);
bool proc_inode_is_gone(struct inode *inode);	/* inode_operations.is_gone */
/* Whether the current thread may look into a process (environ, maps, fd...): 0 or -EACCES. */
int proc_may_inspect(struct process *process) MUST_CHECK;
/* Parts of a process with references, or NULL when it has ended. */
struct space *proc_space_get(struct process *process);
/* The same for who may inspect the process: 0, and a space or NULL; or -EACCES. */
int proc_space_inspect(struct process *process, struct space **result) MUST_CHECK;
struct directory_state *proc_directories_get(struct proc_inode *node);
struct descriptor_table *proc_descriptors_get(struct proc_inode *node);
struct file *proc_file_get(struct proc_inode *node, int fd);
/* The thread that stands for the inode: its own, or the process's leader. Counted or NULL. */
struct thread *proc_thread_get(struct proc_inode *node);

/* Without the blanks around it. */
char *proc_trim(char *text);

/* What the tables name. */
#define PROC_SHOWS(name) int name(struct format_sink *sink, struct proc_inode *node)
PROC_SHOWS(proc_show_stat);
PROC_SHOWS(proc_show_thread_stat);
PROC_SHOWS(proc_show_statm);
PROC_SHOWS(proc_show_status);
PROC_SHOWS(proc_show_command_line);
PROC_SHOWS(proc_show_comm);
PROC_SHOWS(proc_show_limits);
PROC_SHOWS(proc_show_io);
PROC_SHOWS(proc_show_adjust);
PROC_SHOWS(proc_show_oom_score);
PROC_SHOWS(proc_show_wchan);
PROC_SHOWS(proc_show_capabilities);
PROC_SHOWS(proc_show_denials);
PROC_SHOWS(proc_show_personality);
PROC_SHOWS(proc_show_fdinfo);
PROC_SHOWS(proc_show_cgroup);
PROC_SHOWS(proc_show_schedstat);
PROC_SHOWS(proc_show_number);	/* what node->number points to */
int proc_show_environment(struct format_sink *sink, struct space *space);
int proc_show_auxiliary(struct format_sink *sink, struct space *space);
int proc_show_maps(struct format_sink *sink, struct space *space);
int proc_show_smaps(struct format_sink *sink, struct space *space);
int proc_show_smaps_rollup(struct format_sink *sink, struct space *space);
int proc_store_number(struct proc_inode *node, char *text, size_t length);
int proc_store_comm(struct proc_inode *node, char *text, size_t length);
int proc_store_adjust(struct proc_inode *node, char *text, size_t length);

#endif
