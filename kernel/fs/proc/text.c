/*
 * Files of generated text: the whole text is made when the file is read from its beginning, and
 * kept with the open file, so that a reader in small pieces sees one moment.
 */
#include "base/errno.h"
#include "base/string.h"
#include "fs/proc/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/space.h"
#include "vfs/vfs.h"

#define STORE_LIMIT 65536

struct proc_text {
	struct format_sink sink;
	char *bytes;
	size_t length, capacity;
	bool is_short;			/* memory ran out */
	struct mutex lock;		/* readers of one open file */
	struct space *space;		/* counted; of show_space */
	struct path root;		/* counted; of show_mounts */
};

static bool is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void text_write(struct format_sink *sink, const char *bytes, size_t length)
{
	struct proc_text *text = container_of(sink, struct proc_text, sink);

	if (length > text->capacity - text->length) {
		size_t wanted = max(text->capacity * 2, text->length + length);
		char *grown = text->is_short ? NULL :
			heap_resize(text->bytes, text->length, wanted, HEAP_ACCOUNT | HEAP_RAW);

		if (!grown) {
			text->is_short = true;
			return;
		}
		text->bytes = grown;
		text->capacity = wanted;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static struct proc_text *text_get(struct file *file)
{
	struct proc_text *text = atomic_load_acquire(&file->object), *fresh;
	void *none = NULL;

	if (text)
		return text;
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->sink.write = text_write;
	mutex_init(&fresh->lock, LOCK_GENERATED_TEXT);
	if (atomic_compare_swap(&file->object, &none, (void *)fresh))
		return fresh;
	heap_free(fresh);
	return none;
}

static int text_fill(struct proc_text *text, struct proc_inode *node)
{
	const struct proc_node *what = node->node;

	if (what->show_space)
		return what->show_space(&text->sink, text->space);
	if (what->show)
		return what->show(&text->sink, node);
	what->show_mounts(&text->sink, &text->root);
	return 0;
}

static int text_make(struct proc_text *text, struct proc_inode *node)
{
	uint8_t flags = node->node->flags;
	int error = 0;

	if (node->process && !(flags & PROC_OUTLIVES) && proc_is_gone(node))
		error = -ESRCH;
	else if (flags & PROC_ASKED)
		error = proc_may_inspect(node->process);
	if (error)
		return error;
	if (!text->bytes) {
		text->bytes = heap_allocate(1024, HEAP_ACCOUNT | HEAP_RAW);
		if (!text->bytes)
			return -ENOMEM;
		text->capacity = 1024;
	}
	text->length = 0;
	text->is_short = false;
	error = text_fill(text, node);
	return error ? error : text->is_short ? -ENOMEM : 0;
}

static long text_read(struct file *file, struct transfer *to, struct io *io)
{
	struct proc_inode *node = proc_inode_of(file->inode);
	struct proc_text *text;
	long result = 0;

	if (io->offset < 0)
		return -EINVAL;
	text = text_get(file);
	if (!text)
		return -ENOMEM;
	mutex_lock(&text->lock);
	if ((io->offset == 0 && !(node->node->flags & PROC_AT_OPEN)) || !text->bytes)
		result = text_make(text, node);
	if (result == 0 && (uint64_t)io->offset < text->length) {
		size_t wanted = min(transfer_remaining(to), text->length - (uint64_t)io->offset);

		result = (long)transfer_to_place(to, text->bytes + io->offset, wanted);
		if (result == 0 && wanted)
			result = -EFAULT;
	}
	mutex_unlock(&text->lock);
	if (result > 0)
		io->offset += result;
	return result;
}

static long text_store(struct file *file, struct transfer *from, struct io *io)
{
	struct proc_inode *node = proc_inode_of(file->inode);
	size_t length = transfer_remaining(from);
	char *text;
	int error;

	if (!node->node->store)
		return node->process ? -EINVAL : -EIO;
	if (node->process && proc_is_gone(node))
		return -ESRCH;
	if (length >= STORE_LIMIT || io->offset > INT64_MAX - STORE_LIMIT)
		return -EINVAL;
	text = heap_allocate(length + 1, HEAP_ACCOUNT);
	if (!text)
		return -ENOMEM;
	error = transfer_from_place(from, text, length) == length ? 0 : -EFAULT;
	if (error == 0)
		error = node->node->store(node, text, length);
	heap_free(text);
	if (error)
		return error;
	io->offset += (int64_t)length;
	return (long)length;
}

char *proc_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && is_blank(end[-1]))
		*--end = '\0';
	while (is_blank(*text))
		text++;
	return text;
}

static void text_release(struct file *file)
{
	struct proc_text *text = file->object;

	if (!text)
		return;
	if (text->space)
		space_put(text->space);
	path_put(&text->root);
	heap_free(text->bytes);
	heap_free(text);
}

const struct file_operations proc_text_file_operations = {
	.read = text_read,
	.write = text_store,
	.seek = file_seek_endless,
	.release = text_release,
};

/* What the text will be made of, held from the opening on: a program that is run later, perhaps
 * with other rights, is not what was opened. */
static int text_prepare(struct proc_inode *node, struct file *file)
{
	struct proc_text *text = text_get(file);
	struct directory_state *state;
	int error = 0;

	if (!text)
		return -ENOMEM;
	if (node->node->show_space)
		error = proc_space_inspect(node->process, &text->space);
	if (error)
		return error;
	if (node->node->show_mounts) {
		state = proc_directories_get(node);
		if (!state)
			return -EINVAL;
		directory_root_get(state, &text->root);
		directory_state_put(state);
	}
	return node->node->flags & PROC_AT_OPEN ? text_make(text, node) : 0;
}

int proc_text_open(struct inode *inode, struct file *file)
{
	struct proc_inode *node = proc_inode_of(inode);
	const struct proc_node *what = node->node;
	int error = 0;

	if (what->flags & (PROC_PRIVATE | PROC_ASKED) && node->process)
		error = proc_may_inspect(node->process);
	if (error == 0 && (what->show_space || what->show_mounts))
		error = text_prepare(node, file);
	if (error) {
		text_release(file);
		return error;
	}
	file->operations = what->file_operations ? what->file_operations
						 : &proc_text_file_operations;
	file->mode |= FILE_SEEKABLE | FILE_POSITIONAL;
	return 0;
}

/* Sizes cannot be set; truncation at open is accepted, as on Linux, for `echo x > file`. */
int proc_text_change(struct inode *inode, const struct attribute_change *change)
{
	(void)inode;
	return change->mask & ~(uint32_t)CHANGE_SIZE ? -EPERM : 0;
}

const struct inode_operations proc_text_operations = {
	.open = proc_text_open,
	.change = proc_text_change,
};
