/*
 * Pseudo-terminals: instances, numbers, and the slave's side, which is a terminal whose driver
 * writes into a ring that the master reads (pty_master.c). Everything of a pair stands under the
 * slave's lock.
 */
#include "terminal/pty.h"

#include "base/errno.h"
#include "file/file.h"
#include "memory/heap.h"
#include "task/credentials.h"
#include "time/clock_time.h"
#include <abi/poll.h>

#define PTY_LIMIT 4096			/* of one instance: kernel.pty.max */
#define TTY_GROUP 5
#define FLOW_STOP ('S' & 037)
#define FLOW_START ('Q' & 037)
#define MASTER_KEEPS_BYTES 4095		/* of discarded output: what a reader has as good as read */

/* The instance of the node /dev/ptmx. Counted; set once. */
static struct pty_instance *first_instance;

static struct pty *pty_of(struct terminal *slave)
{
	return slave->driver_state;
}

static size_t slave_write(struct terminal *slave, const uint8_t *data, size_t length)
{
	struct pty *pty = pty_of(slave);
	size_t written = ring_write(&pty->output, data,
				    (uint32_t)min(length, (size_t)PTY_OUTPUT_BYTES));

	if (written)
		wait_queue_wake_all(&pty->readers, POLLIN | POLLRDNORM);
	return written;
}

static size_t slave_write_room(struct terminal *slave)
{
	return ring_space(&pty_of(slave)->output);
}

/* Slave lock held: something for a master in packet mode to know. */
static void packet_tell(struct pty *pty, unsigned set, unsigned clear)
{
	if (!pty->has_packets)
		return;
	pty->packet_status = (uint8_t)((pty->packet_status & ~clear) | set);
	wait_queue_wake_all(&pty->readers, POLLIN | POLLPRI | POLLRDNORM);
}

/*
 * What a reader has as good as read stays: the oldest bytes, but no echo of what the master is
 * writing just now, so that of "^C^C" typed at once the second takes the first one's echo away.
 */
static void output_discard(struct pty *pty)
{
	uint32_t used = ring_used(&pty->output);
	uint32_t fresh = pty->output.written - pty->fresh_from;
	uint32_t kept = used > fresh ? used - fresh : 0;

	ring_unwrite(&pty->output, used - min(kept, (uint32_t)MASTER_KEEPS_BYTES));
}

static void slave_happened(struct terminal *slave, uint32_t events)
{
	struct pty *pty = pty_of(slave);

	if (events & EVENT_DISCARD_OUTPUT) {
		output_discard(pty);
		packet_tell(pty, TIOCPKT_FLUSHWRITE, 0);
	}
	if (events & EVENT_INPUT_FLUSHED)
		packet_tell(pty, TIOCPKT_FLUSHREAD, 0);
	if (events & EVENT_STOPPED)
		packet_tell(pty, TIOCPKT_STOP, TIOCPKT_START);
	if (events & EVENT_STARTED)
		packet_tell(pty, TIOCPKT_START, TIOCPKT_STOP);
}

static bool has_usual_flow_control(const struct termios2 *settings)
{
	return (settings->c_iflag & IXON) && settings->c_cc[VSTOP] == FLOW_STOP &&
	       settings->c_cc[VSTART] == FLOW_START;
}

static void slave_settings_changed(struct terminal *slave, const struct termios2 *old)
{
	struct pty *pty = pty_of(slave);
	bool were_enabled = spin_lock_irq(&slave->lock);
	struct termios2 *settings = &slave->discipline.settings;
	bool is_external = (old->c_lflag | settings->c_lflag) & EXTPROC;
	bool has_flow = has_usual_flow_control(settings);

	/* There is no wire on which bytes could be shorter, or have a parity. */
	settings->c_cflag &= ~(uint32_t)(CSIZE | PARENB);
	settings->c_cflag |= CS8 | CREAD;
	if (has_flow != has_usual_flow_control(old) || is_external)
		packet_tell(pty, has_flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP,
			    TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
	if (is_external)
		packet_tell(pty, TIOCPKT_IOCTL, 0);
	spin_unlock_irq(&slave->lock, were_enabled);
}

static void slave_input_taken(struct terminal *slave)
{
	wait_queue_wake_all(&pty_of(slave)->writers, POLLOUT | POLLWRNORM);
}

static void slave_closed_set(struct terminal *slave, bool is_closed)
{
	struct pty *pty = pty_of(slave);
	bool were_enabled = spin_lock_irq(&slave->lock);

	pty->is_slave_closed = is_closed;
	spin_unlock_irq(&slave->lock, were_enabled);
	if (!is_closed)
		return;
	wait_queue_wake_all(&pty->readers, POLLIN | POLLHUP);
	wait_queue_wake_all(&pty->writers, POLLOUT | POLLHUP);
}

static void slave_opened(struct terminal *slave)
{
	slave_closed_set(slave, false);
}

static void slave_closed(struct terminal *slave)
{
	slave_closed_set(slave, true);
}

static void slave_release(struct terminal *slave)
{
	struct pty *pty = pty_of(slave);

	pty_instance_put(pty->instance);
	heap_free(pty->output.bytes);
	heap_free(pty);
}

static const struct terminal_driver slave_driver = {
	.name = "pts",
	.write = slave_write,
	.write_room = slave_write_room,
	.happened = slave_happened,
	.settings_changed = slave_settings_changed,
	.input_taken = slave_input_taken,
	.opened = slave_opened,
	.closed = slave_closed,
	.release = slave_release,
};

struct pty_instance *pty_instance_create(void)
{
	struct pty_instance *instance = heap_allocate(sizeof(*instance), HEAP_PATIENT);
	struct pty_instance *none = NULL;

	if (!instance)
		return NULL;
	refcount_init(&instance->references, 1);
	mutex_init(&instance->lock, LOCK_LEAF_SLEEP);
	list_init(&instance->ptys);
	instance->slave_gid = UINT32_MAX;
	instance->slave_mode = 0600;
	pty_instance_get(instance);
	if (!atomic_compare_swap(&first_instance, &none, instance))
		pty_instance_put(instance);
	return instance;
}

void pty_instance_get(struct pty_instance *instance)
{
	refcount_get(&instance->references);
}

void pty_instance_put(struct pty_instance *instance)
{
	if (refcount_put(&instance->references))
		heap_free(instance);
}

void pty_instance_opener_set(struct pty_instance *instance,
			     int (*open)(void *argument, unsigned number, uint32_t flags,
					 struct file **file),
			     void *argument)
{
	instance->opener_argument = argument;
	instance->opener = open;
}

void pty_instance_defaults_set(struct pty_instance *instance, uint32_t gid, uint16_t mode)
{
	instance->slave_gid = gid;
	instance->slave_mode = mode;
}

/* Instance lock held: the lowest free number, in the list's order. */
static int pty_number(struct pty_instance *instance, struct pty *pty)
{
	struct pty *other;
	unsigned number = 0;

	list_for_each(other, &instance->ptys, node) {
		if (other->number != number)
			break;
		number++;
	}
	if (number >= PTY_LIMIT)
		return -ENOSPC;
	pty->number = number;
	list_add_before(&other->node, &pty->node);
	return 0;
}

static void slave_settings_prepare(struct terminal *slave)
{
	struct termios2 settings;

	terminal_settings_read(slave, &settings);
	settings.c_cflag = CS8 | CREAD;
	termios_baud_set(&settings, 38400);
	terminal_settings_prepare(slave, &settings);
}

struct pty *pty_create(struct pty_instance *instance)
{
	struct pty *pty = heap_allocate(sizeof(*pty), HEAP_PATIENT | HEAP_ACCOUNT);
	uint8_t *bytes = heap_allocate(PTY_OUTPUT_BYTES, HEAP_ACCOUNT | HEAP_RAW);

	if (pty && bytes)
		pty->slave = terminal_create(&slave_driver, pty, 0);
	if (!pty || !bytes || !pty->slave) {
		heap_free(bytes);
		heap_free(pty);
		return NULL;
	}
	pty->slave->is_pty = true;
	pty_instance_get(instance);
	pty->instance = instance;
	pty->is_locked = true;
	pty->uid = credentials_current()->fsuid;
	pty->gid = instance->slave_gid == UINT32_MAX ? credentials_current()->fsgid
						     : instance->slave_gid;
	pty->mode = instance->slave_mode;
	pty->created_ns = time_realtime_ns();
	mutex_init(&pty->read_lock, LOCK_TERMINAL_OUTER);
	mutex_init(&pty->write_lock, LOCK_TERMINAL_OUTER);
	wait_queue_init(&pty->readers);
	wait_queue_init(&pty->writers);
	ring_init(&pty->output, bytes, PTY_OUTPUT_BYTES);
	slave_settings_prepare(pty->slave);
	return pty;
}

int pty_open_master(struct pty_instance *instance, struct file *file)
{
	struct pty *pty = pty_create(instance);
	int result;

	if (!pty)
		return -ENOMEM;
	mutex_lock(&instance->lock);
	result = pty_number(instance, pty);
	mutex_unlock(&instance->lock);
	if (result < 0) {
		terminal_put(pty->slave);
		return result;
	}
	pty->slave->number = DEVICE_NUMBER(PTY_SLAVE_MAJOR, pty->number);
	file->operations = &pty_master_operations;
	file->object = pty;
	file->mode |= FILE_STREAM;
	file->mode &= ~(uint32_t)(FILE_SEEKABLE | FILE_POSITIONAL);
	return 0;
}

void pty_forget(struct pty *pty)
{
	struct pty_instance *instance = pty->instance;

	mutex_lock(&instance->lock);
	list_remove(&pty->node);
	mutex_unlock(&instance->lock);
	terminal_put(pty->slave);
}

/* Instance lock held. */
static struct pty *pty_find(struct pty_instance *instance, unsigned number)
{
	struct pty *pty;

	list_for_each(pty, &instance->ptys, node) {
		if (pty->number >= number)
			return pty;
	}
	return NULL;
}

int pty_open_slave(struct pty_instance *instance, unsigned number, struct file *file)
{
	struct terminal *slave = NULL;
	struct pty *pty;
	int result = -EIO;

	mutex_lock(&instance->lock);
	pty = pty_find(instance, number);
	if (pty && pty->number == number) {
		slave = pty->slave;
		terminal_get(slave);
	}
	mutex_unlock(&instance->lock);
	if (!slave)
		return -EIO;
	if (!READ_ONCE(pty->is_locked))
		result = terminal_open(slave, file);
	terminal_put(slave);
	return result;
}

bool pty_next(struct pty_instance *instance, unsigned *number, uint32_t *uid, uint32_t *gid,
	      uint16_t *mode, int64_t *created_ns)
{
	struct pty *pty;

	mutex_lock(&instance->lock);
	pty = pty_find(instance, *number);
	if (pty) {
		*number = pty->number;
		*uid = pty->uid;
		*gid = pty->gid;
		*mode = pty->mode;
		*created_ns = pty->created_ns;
	}
	mutex_unlock(&instance->lock);
	return pty != NULL;
}

int pty_attributes_set(struct pty_instance *instance, unsigned number, uint32_t uid, uint32_t gid,
		       uint16_t mode)
{
	struct pty *pty;
	int result = -ENOENT;

	mutex_lock(&instance->lock);
	pty = pty_find(instance, number);
	if (pty && pty->number == number) {
		pty->uid = uid;
		pty->gid = gid;
		pty->mode = mode;
		result = 0;
	}
	mutex_unlock(&instance->lock);
	return result;
}

static int ptmx_open(struct device_node *node, struct file *file)
{
	struct pty_instance *instance = atomic_load_acquire(&first_instance);

	(void)node;
	return instance ? pty_open_master(instance, file) : -ENODEV;
}

static struct device_node ptmx_node = {
	.name = "ptmx",
	.number = DEVICE_NUMBER(5, 2),
	.permissions = 0666,
	.gid = TTY_GROUP,
	.open = ptmx_open,
	.subsystem = "tty",
};

int pty_start(void)
{
	return device_node_add(&ptmx_node);
}
