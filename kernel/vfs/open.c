/*
 * open(2) and its family: walk, create when asked, check in Linux's order, and make the open file.
 */
#include "base/errno.h"
#include "device/node.h"
#include "file/file.h"
#include "file/pipe.h"
#include "vfs/directories.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include "vfs/walk/walker.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

/* What open leaves in the file's flags. */
#define FLAGS_OF_OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

static unsigned wanted_access(const struct open_request *request)
{
	unsigned may = 0;

	switch (request->flags & O_ACCMODE) {
	case O_RDONLY:
		may = MAY_READ;
		break;
	case O_WRONLY:
		may = MAY_WRITE;
		break;
	default:
		may = MAY_READ | MAY_WRITE;
	}
	if (request->is_exec)
		may = MAY_EXECUTE;
	if (request->flags & O_TRUNC)
		may |= MAY_WRITE;
	return may;
}

static uint32_t mode_of(const struct open_request *request)
{
	uint32_t mode = 0;

	if (request->flags & O_PATH)
		return FILE_PATH_ONLY | FILE_NO_NOTIFY;
	switch (request->flags & O_ACCMODE) {
	case O_RDONLY:
		mode = FILE_READ;
		break;
	case O_WRONLY:
		mode = FILE_WRITE;
		break;
	case O_RDWR:
		mode = FILE_READ | FILE_WRITE;
		break;
	}
	if (request->is_exec)
		mode |= FILE_EXECUTES;
	return mode;
}

/* May this object be opened so? The order of checks is may_open()'s of Linux. */
static int may_open(const struct path *path, struct inode *inode, unsigned may,
		    const struct open_request *request)
{
	unsigned long mount_flags = path->mount->flags;
	int error;

	switch (inode_type(inode)) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (may & MAY_WRITE)
			return -EISDIR;
		if (may & MAY_EXECUTE)
			return -EACCES;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (mount_flags & MS_NODEV)
			return -EACCES;
		FALLTHROUGH;
	case S_IFIFO:
	case S_IFSOCK:
		if (may & MAY_EXECUTE)
			return -EACCES;
		break;
	case S_IFREG:
		if ((may & MAY_EXECUTE) && (mount_flags & MS_NOEXEC))
			return -EACCES;
		break;
	}
	error = inode_permission(inode, may);
	if (error)
		return error;
	if (inode->state & INODE_APPEND_ONLY) {
		if ((may & MAY_WRITE) && !(request->flags & O_APPEND))
			return -EPERM;
		if (request->flags & O_TRUNC)
			return -EPERM;
	}
	if ((request->flags & O_NOATIME) && !inode_is_owner(inode))
		return -EPERM;
	return 0;
}

static int open_device(struct inode *inode, struct file *file)
{
	struct device_node *node = device_node_find(inode->attributes.device,
						    inode_type(inode) == S_IFBLK);

	return node ? node->open(node, file) : -ENXIO;
}

/* Gives the file what its kind needs: the file system's operations, a device's, a pipe's. */
static int open_by_type(struct inode *inode, struct file *file)
{
	if (inode->operations->open)
		return inode->operations->open(inode, file);
	switch (inode_type(inode)) {
	case S_IFCHR:
	case S_IFBLK:
		return open_device(inode, file);
	case S_IFIFO:
		return pipe_open_fifo(&inode->pipe, file);
	case S_IFSOCK:
		return -ENXIO;
	}
	if (!inode->file_operations)
		return -ENXIO;
	file->operations = inode->file_operations;
	file->mode |= FILE_SEEKABLE | FILE_POSITIONAL;
	return 0;
}

static int access_get(const struct path *path, struct inode *inode, struct file *file)
{
	int error;

	if (file->mode & FILE_EXECUTES)
		return inode_write_deny(inode);
	if (!(file->mode & FILE_WRITE) || inode_type(inode) != S_IFREG)
		return 0;
	error = inode_write_access_get(inode);
	if (error)
		return error;
	error = mount_write_begin(path->mount);
	if (error)
		inode_write_access_put(inode);
	return error;
}

static const struct file_operations path_only_operations;

/* The last reference of a file that stands for nothing yet. */
static void file_abandon(struct file *file)
{
	file->mode = FILE_PATH_ONLY;
	file_put_now(file);
}

/*
 * Makes a file that stands for nothing yet, unless there is one: who creates an object has it
 * beforehand, so that nothing was created when memory is short.
 */
static int file_prepare(const struct open_request *request, struct file **file)
{
	if (!*file)
		*file = file_create(&path_only_operations, NULL, mode_of(request),
				    request->flags | O_LARGEFILE);
	return *file ? 0 : -ENOMEM;
}

/* The file for an object that passed the checks; takes references of its own to the path. */
static int file_for(const struct path *path, const struct open_request *request,
		    struct file **result)
{
	struct inode *inode = path->name->inode;
	uint32_t mode = mode_of(request);
	int error = file_prepare(request, result);
	struct file *file = *result;

	if (error)
		return error;
	*result = NULL;
	if (mode & FILE_PATH_ONLY) {
		file->flags = request->flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
	} else {
		error = access_get(path, inode, file);
		if (error) {
			file_abandon(file);
			return error;
		}
	}
	path_get(path);
	inode_get(inode);
	file->mount = path->mount;
	file->name = path->name;
	file->inode = inode;
	if (!(mode & FILE_PATH_ONLY)) {
		error = open_by_type(inode, file);
		if (error) {
			file->operations = &path_only_operations;
			file_put_now(file);
			return error;
		}
		if (unlikely(file->flags & O_DIRECT) && inode_type(inode) != S_IFIFO) {
			file_put_now(file);
			return -EINVAL;
		}
		file->flags &= ~(uint32_t)FLAGS_OF_OPEN_ONLY;
	}
	*result = file;
	return 0;
}

/* A rename may give it another parent, and the old one away, at any moment. */
static bool is_parent_watched(const struct name *name)
{
	bool is_watched;

	rcu_read_lock();
	is_watched = rcu_dereference(name->parent)->inode->marks != NULL;
	rcu_read_unlock();
	return is_watched;
}

static int open_checked(const struct path *path, const struct open_request *request,
			bool was_created, bool truncates, struct file **file)
{
	struct inode *inode = path->name->inode;
	unsigned may = wanted_access(request);
	int error;

	if (inode_type(inode) != S_IFREG && inode_type(inode) != S_IFDIR)
		may = wanted_access(&(struct open_request){
			.flags = request->flags & ~(uint32_t)O_TRUNC,
			.is_exec = request->is_exec });
	if (!(request->flags & O_PATH) && !was_created) {
		error = may_open(path, inode, may, request);
		if (error)
			return error;
	}
	error = file_for(path, request, file);
	if (error)
		return error;
	if (truncates) {
		error = vfs_truncate_open(*file);
		if (error) {
			file_put_now(*file);
			*file = NULL;
			return error;
		}
	}
	if (unlikely(inode->marks || is_parent_watched(path->name)))
		notify_file(*file, IN_OPEN);
	return 0;
}

static int open_object(const struct path *path, const struct open_request *request,
		       bool was_created, struct file **file)
{
	bool truncates = (request->flags & O_TRUNC) && !was_created &&
		inode_type(path->name->inode) == S_IFREG;
	int error;

	if (likely(!truncates))
		return open_checked(path, request, was_created, false, file);
	/* Even a file that is opened for reading is changed by this. */
	error = mount_write_begin(path->mount);
	if (error)
		return error;
	error = open_checked(path, request, was_created, true, file);
	mount_write_end(path->mount);
	return error;
}

/* Directory lock held for writing; `name` is negative. */
static int create_locked(struct walker *walker, struct name *name,
			 const struct open_request *request)
{
	struct inode *directory = walker->inode;
	int error = mount_write_begin(walker->at.mount);

	if (error)
		return error;
	error = directory_may_create(walker->at.name);
	if (error == 0 && !directory->operations->create)
		error = -EACCES;
	if (error == 0)
		error = directory->operations->create(directory, name,
						      S_IFREG | (request->mode & 07777 &
								 ~directory_umask()));
	mount_write_end(walker->at.mount);
	if (error == 0)
		notify_name(walker->at.name, name->inode, name->text, IN_CREATE, 0);
	return error;
}

/* The last component, made if it does not exist. The result is counted. */
static int find_or_create(struct walker *walker, const struct open_request *request,
			  struct name **result, bool *was_created)
{
	struct component *last = &walker->last;
	struct inode *directory = walker->inode;
	int error;

	*result = name_find(walker->at.name, last);
	if (*result && (*result)->inode)
		return 0;
	if (*result)
		name_put(*result);
	shared_lock_write(&directory->lock);
	error = walk_lookup_locked(walker->at.name, last->text, last->length, result);
	if (error == 0 && !(*result)->inode) {
		error = create_locked(walker, *result, request);
		if (error)
			name_put(*result);
		else
			*was_created = true;
	}
	shared_unlock_write(&directory->lock);
	return error;
}

/* O_CREAT: onto the last component, through links unless O_EXCL or O_NOFOLLOW forbid. */
static int walk_creating(struct walker *walker, const struct open_request *request,
			 bool *was_created)
{
	for (;;) {
		struct name *name;
		int error = walker_to_last(walker);

		if (error == 0 && walker->last_kind != LAST_NORMAL)
			return walker_finish(walker);
		if (error == 0 && walker->has_trailing_slash)
			error = -EISDIR;
		if (error == 0 && walker->last.length > NAME_MAXIMUM)
			error = -ENAMETOOLONG;
		if (error)
			return error;
		while (walker->is_rcu && walker->depth > 0)
			walker->depth--;
		error = walker_settle(walker);
		if (error)
			return error;
		error = find_or_create(walker, request, &name, was_created);
		if (error)
			return error;
		if (inode_type(name->inode) == S_IFLNK && (walker->flags & WALK_FOLLOW)) {
			error = walker_follow(walker, name->inode, NULL);
			name_put(name);
			if (error)
				return error;
			continue;
		}
		if (!*was_created && !(request->flags & O_EXCL))
			error = sticky_may_open(walker->inode, name->inode);
		if (error == 0)
			return walker_enter(walker, name);
		name_put(name);
		return error;
	}
}

/* A file without a name in a directory that may be written to. */
static int make_unnamed(const struct path *directory, const struct open_request *request,
			struct inode **inode)
{
	struct inode *parent = directory->name->inode;
	int error = mount_write_begin(directory->mount);

	if (error)
		return error;
	error = inode_permission(parent, MAY_WRITE | MAY_EXECUTE);
	if (error == 0 && !parent->operations->make_unnamed)
		error = -EOPNOTSUPP;
	if (error == 0)
		error = parent->operations->make_unnamed(parent, inode,
							 S_IFREG | (request->mode & 07777 &
								    ~directory_umask()));
	mount_write_end(directory->mount);
	return error;
}

/* O_TMPFILE: `at` is the directory; the file gets a name of its own outside the tree. */
static int open_unnamed(const struct path *directory, const struct open_request *request,
			struct file **file)
{
	struct path path = { directory->mount, NULL };
	struct inode *inode;
	char text[24];
	int error = make_unnamed(directory, request, &inode);

	if (error)
		return error;
	if (!(request->flags & O_EXCL))
		atomic_fetch_or_relaxed(&inode->state, INODE_LINKABLE);
	vfs_unnamed_text(inode, text, sizeof(text));
	path.name = name_create_unnamed(directory->name, inode, text);
	if (!path.name) {
		inode_put(inode);
		return -ENOMEM;
	}
	error = open_object(&path, request, true, file);
	name_put(path.name);
	return error;
}

static int open_once(int directory_fd, const char *name, const struct open_request *request,
		     bool is_rcu, struct file **file)
{
	bool creates = (request->flags & O_CREAT), was_created = false;
	struct walker walker;
	int error;

	walker.flags = request->walk_flags;
	if (!(request->flags & O_NOFOLLOW) && (request->flags & (O_CREAT | O_EXCL)) !=
	    (O_CREAT | O_EXCL))
		walker.flags |= WALK_FOLLOW;
	if (request->flags & O_DIRECTORY)
		walker.flags |= WALK_DIRECTORY;
	error = walker_start(&walker, directory_fd, NULL, name, is_rcu);
	if (error)
		return error;
	if (creates) {
		error = file_prepare(request, file);
		if (error == 0)
			error = walk_creating(&walker, request, &was_created);
	} else {
		error = walker_to_last(&walker);
		if (error == 0)
			error = walker_finish(&walker);
	}
	if (error == 0)
		error = walker_settle_last(&walker);
	if (error == 0 && creates && !was_created) {
		if (request->flags & O_EXCL)
			error = -EEXIST;
		else if (inode_is_directory(walker.inode))
			error = -EISDIR;
	}
	if (error == 0 && (request->flags & O_TMPFILE) == O_TMPFILE)
		error = open_unnamed(&walker.at, request, file);
	else if (error == 0)
		error = open_object(&walker.at, request, was_created, file);
	walker_end(&walker);
	return error;
}

int vfs_open(int directory_fd, const char *name, const struct open_request *request,
	     struct file **file)
{
	int error = -ECHILD;

	*file = NULL;
	if ((request->flags & (O_TMPFILE & ~O_DIRECTORY)) &&
	    ((request->flags & O_TMPFILE) != O_TMPFILE || (request->flags & O_CREAT) ||
	     !(wanted_access(request) & MAY_WRITE)))
		return -EINVAL;
	if (!(request->walk_flags & (WALK_BENEATH | WALK_IN_ROOT)))
		error = open_once(directory_fd, name, request, true, file);
	if (error == -ECHILD && (request->walk_flags & WALK_CACHED))
		return -EAGAIN;
	if (error == -ECHILD)
		error = open_once(directory_fd, name, request, false, file);
	if (error && *file)
		file_abandon(*file);
	return error;
}

int vfs_open_path(const struct path *path, const struct open_request *request,
		  struct file **file)
{
	*file = NULL;
	return open_object(path, request, false, file);
}
