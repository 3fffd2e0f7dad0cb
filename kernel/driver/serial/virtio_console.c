/*
 * The console of virtual machines (virtio 1.2, section 5.3), as hvc0, hvc1...: port 0 of a device
 * without the control queues. A ring of output feeds buffers of the transmit queue; input stays in
 * the receive queue's buffers until the terminal has room, so the host is held back, not cut off;
 * the log waits for the device to have taken each line, so that a panic's last one gets out.
 */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/ring.h"
#include "base/string.h"
#include "device/driver.h"
#include "device/node.h"
#include "device/virtio/virtio.h"
#include "log/log.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "terminal/terminal.h"

#define HVC_MAJOR 229			/* Linux's hvc */
#define BAUD_DEFAULT 38400
#define VIRTIO_CONSOLE_F_EMERG_WRITE BIT(2)
#define CONFIG_EMERG_WRITE 8

enum queue_index { RECEIVE_QUEUE, TRANSMIT_QUEUE, QUEUE_COUNT };

#define OUTPUT_BYTES 4096
#define BUFFER_BYTES 512
#define BUFFER_COUNT 8			/* for each direction, and one more for the log */
#define BUFFERS_IN_ALL (2 * BUFFER_COUNT + 1)
#define TRANSMIT_QUEUE_SIZE (2 * BUFFER_COUNT)	/* a power of two for BUFFER_COUNT + 1 */
#define READY_BELOW (OUTPUT_BYTES / 2)	/* writers are woken when so much is left */
#define RECEIVE_ROUNDS 64
#define PATIENCE_DIVISOR 2		/* the log waits half a second for a device that reads */

struct buffer {
	uint8_t *bytes;
	uint64_t address;
	uint32_t length, taken;		/* of input: what came, what the terminal has */
	bool is_with_device;
};

struct console {
	struct virtio_device *virtio;
	struct terminal *terminal;
	struct log_console log_console;
	char name[16];
	bool has_interrupt;
	struct dma_memory dma;

	struct spin_lock lock;		/* LOCK_DEVICE: */
	struct virtio_queue *queues[QUEUE_COUNT];
	struct buffer buffers[BUFFERS_IN_ALL];	/* input, output, log */
	struct buffer *unread;		/* input that the terminal had no room for */
	bool is_receiving;		/* somebody hands input on; others need not, */
	bool is_asked_again;		/* but say so: there may be room again */
	bool is_stopped;
	bool is_inside_line;		/* the last byte of the terminal ended no line */
	bool is_inside_log_line;	/* nor did that of the log: its rest is on the way */
	bool is_stuck;			/* the host does not read: nor does it wait for that */
	struct ring output;
	uint8_t output_bytes[OUTPUT_BYTES];
};

static unsigned console_count;

static struct buffer *output_buffers(struct console *console)
{
	return &console->buffers[BUFFER_COUNT];
}

static struct buffer *log_buffer(struct console *console)
{
	return &console->buffers[2 * BUFFER_COUNT];
}

/* Lock held: a buffer to the device. False: it is broken. */
static bool buffer_give(struct console *console, enum queue_index queue, struct buffer *buffer)
{
	struct virtio_segment segment = {
		buffer->address, queue == RECEIVE_QUEUE ? BUFFER_BYTES : buffer->length,
		queue == RECEIVE_QUEUE ? VIRTIO_FROM_DEVICE : VIRTIO_TO_DEVICE,
	};

	buffer->is_with_device =
		virtio_queue_add(console->queues[queue], &segment, 1, buffer) == 0;
	return buffer->is_with_device;
}

static bool has_unsent(struct console *console)
{
	for (unsigned i = 0; i < BUFFER_COUNT; i++) {
		if (output_buffers(console)[i].is_with_device)
			return true;
	}
	return false;
}

/* Lock held: takes back what was sent. */
static void sent_collect(struct console *console)
{
	struct buffer *buffer;
	uint32_t unused;
	bool is_any = false;

	while ((buffer = virtio_queue_take(console->queues[TRANSMIT_QUEUE], &unused)) != NULL) {
		buffer->is_with_device = false;
		is_any = true;
	}
	/* A host that keeps one buffer for ever is waited for once, not with each line. */
	if (is_any && !has_unsent(console) && !log_buffer(console)->is_with_device)
		console->is_stuck = false;
}

/* Lock held: fills free buffers from the ring. Output to a broken device is gone. */
static void transmit(struct console *console)
{
	struct buffer *buffer = output_buffers(console);
	bool is_given = false;

	sent_collect(console);
	if (console->virtio->is_broken)
		ring_clear(&console->output);
	if (console->is_stopped || console->is_inside_log_line)
		return;
	for (unsigned i = 0; i < BUFFER_COUNT && !ring_is_empty(&console->output); i++, buffer++) {
		if (buffer->is_with_device)
			continue;
		buffer->length = ring_read(&console->output, buffer->bytes, BUFFER_BYTES);
		console->is_inside_line = buffer->bytes[buffer->length - 1] != '\n';
		is_given |= buffer_give(console, TRANSMIT_QUEUE, buffer);
	}
	if (is_given)
		virtio_queue_notify(console->queues[TRANSMIT_QUEUE]);
}

/* Lock held, polled: until the device has taken everything. False: it does not. */
static bool sent_wait(struct console *console)
{
	uint64_t start = clock_cycles(), patience = clock_frequency_hz() / PATIENCE_DIVISOR;

	for (;;) {
		sent_collect(console);
		if (console->virtio->is_broken)
			return false;
		if (!has_unsent(console) && !log_buffer(console)->is_with_device)
			return true;
		if (console->is_stuck || clock_cycles() - start > patience)
			break;
		cpu_relax();
	}
	console->is_stuck = true;
	return false;
}

/* Lock held, polled: for when nobody would come back for the rest. */
static void transmit_all(struct console *console)
{
	while (!console->is_stopped && !console->is_inside_log_line &&
	       !ring_is_empty(&console->output) && sent_wait(console))
		transmit(console);
}

static size_t console_terminal_write(struct terminal *terminal, const uint8_t *data, size_t length)
{
	struct console *console = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&console->lock);
	size_t written = ring_write(&console->output, data,
				    (uint32_t)min(length, (size_t)OUTPUT_BYTES));

	transmit(console);
	if (!console->has_interrupt)
		transmit_all(console);
	spin_unlock_irq(&console->lock, were_enabled);
	return written;
}

static size_t console_terminal_write_room(struct terminal *terminal)
{
	struct console *console = terminal_driver_state(terminal);

	return ring_space(&console->output);
}

static size_t console_terminal_pending(struct terminal *terminal)
{
	struct console *console = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&console->lock);
	size_t pending = ring_used(&console->output);

	for (unsigned i = 0; i < BUFFER_COUNT; i++) {
		if (output_buffers(console)[i].is_with_device)
			pending += output_buffers(console)[i].length;
	}
	spin_unlock_irq(&console->lock, were_enabled);
	return pending;
}

static void console_terminal_happened(struct terminal *terminal, uint32_t events)
{
	struct console *console = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&console->lock);

	if (events & EVENT_DISCARD_OUTPUT)
		ring_clear(&console->output);
	if (events & EVENT_STOPPED)
		console->is_stopped = true;
	if (events & EVENT_STARTED)
		console->is_stopped = false;
	if (events & (EVENT_STOPPED | EVENT_STARTED))
		transmit(console);
	spin_unlock_irq(&console->lock, were_enabled);
}

/* Lock held: input that waits, or NULL. */
static struct buffer *input_next(struct console *console)
{
	struct buffer *buffer;
	uint32_t length;

	if (console->unread)
		return console->unread;
	buffer = virtio_queue_take(console->queues[RECEIVE_QUEUE], &length);
	if (!buffer)
		return NULL;
	buffer->length = length;
	buffer->taken = 0;
	console->unread = buffer;
	return buffer;
}

/*
 * Hands input on without the lock, for the terminal takes its own first; so one at a time does it.
 * What was handed on makes the terminal call again (input_taken) when it was processed: hence the
 * limit of rounds, which a device that floods would go past, loses nothing.
 */
static void receive(struct console *console)
{
	bool were_enabled = spin_lock_irq(&console->lock);
	struct buffer *buffer;
	bool is_returned = false;

	console->is_asked_again = console->is_receiving;
	if (console->is_receiving)
		goto out;
	console->is_receiving = true;
	for (unsigned i = 0; i < RECEIVE_ROUNDS && (buffer = input_next(console)) != NULL; i++) {
		size_t taken;

		console->is_asked_again = false;
		spin_unlock_masked(&console->lock);
		taken = terminal_input(console->terminal, buffer->bytes + buffer->taken,
				       buffer->length - buffer->taken);
		spin_lock_masked(&console->lock);
		buffer->taken += (uint32_t)taken;
		if (buffer->taken == buffer->length) {
			console->unread = NULL;
			is_returned |= buffer_give(console, RECEIVE_QUEUE, buffer);
		} else if (!console->is_asked_again) {
			break;
		}
	}
	console->is_receiving = false;
	if (is_returned)
		virtio_queue_notify(console->queues[RECEIVE_QUEUE]);
out:
	spin_unlock_irq(&console->lock, were_enabled);
}

static void console_terminal_input_taken(struct terminal *terminal)
{
	receive(terminal_driver_state(terminal));
}

static const struct terminal_driver console_terminal = {
	.name = "hvc",
	.write = console_terminal_write,
	.write_room = console_terminal_write_room,
	.pending = console_terminal_pending,
	.happened = console_terminal_happened,
	.input_taken = console_terminal_input_taken,
};

/* A queue or the configuration has changed. */
static void console_interrupt(void *argument)
{
	struct console *console = argument;
	uint32_t before;
	bool is_ready;

	spin_lock_masked(&console->lock);
	before = ring_used(&console->output);
	transmit(console);
	is_ready = ring_used(&console->output) < READY_BELOW &&
		   (before >= READY_BELOW || ring_is_empty(&console->output));
	spin_unlock_masked(&console->lock);
	if (is_ready)
		terminal_output_ready(console->terminal);
	receive(console);
}

/* Lock held: sends what the log's buffer holds and waits for it. */
static void log_send(struct console *console)
{
	struct buffer *buffer = log_buffer(console);

	if (buffer->length == 0)
		return;
	if (buffer_give(console, TRANSMIT_QUEUE, buffer)) {
		virtio_queue_notify(console->queues[TRANSMIT_QUEUE]);
		(void)sent_wait(console);
	}
	buffer->length = 0;
}

/* Lock held. Nothing is put while the host is stuck with the buffer. */
static void log_put(struct console *console, uint8_t byte)
{
	struct buffer *buffer = log_buffer(console);

	if (buffer->is_with_device)
		return;
	buffer->bytes[buffer->length++] = byte;
	if (buffer->length == BUFFER_BYTES)
		log_send(console);
}

/* Lock held: what the terminal has begun goes out to its line's end, so that the log cuts no line;
 * what has no end yet (a prompt) gets one. */
static void line_finish(struct console *console)
{
	uint8_t byte;

	for (unsigned i = 0; i < BUFFER_BYTES && console->is_inside_line; i++) {
		if (console->is_stopped || !ring_read(&console->output, &byte, 1))
			break;
		log_put(console, byte);
		console->is_inside_line = byte != '\n';
	}
	if (!console->is_inside_line)
		return;
	log_put(console, '\r');
	log_put(console, '\n');
	console->is_inside_line = false;
}

/* Lock held. */
static void log_write_locked(struct console *console, const char *text, size_t length)
{
	sent_collect(console);
	if (!console->is_inside_log_line)
		line_finish(console);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			log_put(console, '\r');
		log_put(console, (uint8_t)text[i]);
	}
	log_send(console);
	console->is_inside_log_line = length > 0 && text[length - 1] != '\n';
	transmit(console);
}

/* Past the queue, which somebody may be in the middle of: a register that takes single bytes. */
static void log_write_emergency(struct console *console, const char *text, size_t length)
{
	if (!(console->virtio->features & VIRTIO_CONSOLE_F_EMERG_WRITE))
		return;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			virtio_config_write32(console->virtio, CONFIG_EMERG_WRITE, '\r');
		virtio_config_write32(console->virtio, CONFIG_EMERG_WRITE, (uint8_t)text[i]);
	}
}

/* The log comes from any context. */
NO_THREAD_ANALYSIS
static void console_log_write(struct log_console *log_console, const char *text, size_t length)
{
	struct console *console = container_of(log_console, struct console, log_console);
	bool were_enabled = interrupts_disable();

	if (log_console_lock(log_console, &console->lock)) {
		log_write_locked(console, text, length);
		spin_unlock_masked(&console->lock);
	} else {
		log_write_emergency(console, text, length);
	}
	interrupts_restore(were_enabled);
}

static int buffers_create(struct console *console)
{
	int result = device_dma_allocate(console->virtio->device, BUFFERS_IN_ALL * BUFFER_BYTES,
					 &console->dma);

	for (unsigned i = 0; i < BUFFERS_IN_ALL && result == 0; i++) {
		console->buffers[i].bytes = (uint8_t *)console->dma.memory + i * BUFFER_BYTES;
		console->buffers[i].address = console->dma.address + i * BUFFER_BYTES;
	}
	return result;
}

/* All that the device may use, and it runs. */
static int device_prepare(struct console *console)
{
	struct virtio_device *virtio = console->virtio;
	int result = virtio_negotiate(virtio, VIRTIO_CONSOLE_F_EMERG_WRITE);

	if (result == 0)
		result = buffers_create(console);
	if (result == 0)
		result = virtio_queue_create(virtio, RECEIVE_QUEUE, BUFFER_COUNT,
					     &console->queues[RECEIVE_QUEUE]);
	if (result == 0)
		result = virtio_queue_create(virtio, TRANSMIT_QUEUE, TRANSMIT_QUEUE_SIZE,
					     &console->queues[TRANSMIT_QUEUE]);
	/* With less room a filled buffer could not be given. */
	if (result == 0 &&
	    virtio_queue_size(console->queues[TRANSMIT_QUEUE]) < TRANSMIT_QUEUE_SIZE)
		result = -ENODEV;
	return result;
}

/* Buffers that the queue has no room for (the device may want it small) are never used. */
static void device_run(struct console *console)
{
	bool were_enabled;

	console->has_interrupt =
		virtio_interrupt_connect(console->virtio, console_interrupt, console) == 0;
	if (!console->has_interrupt)
		log_print(LOG_WARNING, "%s: no interrupt, output only", console->name);
	virtio_run(console->virtio);
	were_enabled = spin_lock_irq(&console->lock);
	for (unsigned i = 0; i < BUFFER_COUNT; i++) {
		if (!buffer_give(console, RECEIVE_QUEUE, &console->buffers[i]))
			break;
	}
	virtio_queue_notify(console->queues[RECEIVE_QUEUE]);
	spin_unlock_irq(&console->lock, were_enabled);
}

static int console_attach(struct device *device)
{
	struct console *console = heap_allocate(sizeof(*console), HEAP_PATIENT);
	struct termios2 settings;
	unsigned baud;
	int result;

	if (!console)
		return -ENOMEM;
	console->virtio = virtio_device_of(device);
	spin_lock_init(&console->lock, LOCK_DEVICE);
	ring_init(&console->output, console->output_bytes, OUTPUT_BYTES);
	format_print(console->name, sizeof(console->name), "hvc%u", console_count);
	result = device_prepare(console);
	if (result < 0)
		goto fail;
	result = -ENOMEM;
	console->terminal = terminal_create(&console_terminal, console,
					    DEVICE_NUMBER(HVC_MAJOR, console_count));
	if (!console->terminal)
		goto fail;
	console_count++;
	/* As on Linux; nobody tells the device, which has no line that could have a speed. */
	terminal_settings_read(console->terminal, &settings);
	termios_baud_set(&settings, BAUD_DEFAULT);
	settings.c_cflag &= ~(uint32_t)CLOCAL;
	terminal_settings_prepare(console->terminal, &settings);
	device->state = console;
	device_run(console);
	if (console_is_wanted(console->name, &baud)) {
		console->log_console.name = console->name;
		console->log_console.write = console_log_write;
		console->log_console.wants_all = true;
		log_console_add(&console->log_console);
	}
	log_print(LOG_INFO, "%s: %s", console->name, device->name);
	return console_register(console->terminal, console->name);
fail:
	/* A device that does not stop keeps its memory. */
	if (virtio_reset(console->virtio) < 0)
		return result;
	for (unsigned i = 0; i < QUEUE_COUNT; i++)
		virtio_queue_destroy(console->queues[i]);
	device_dma_free(device, &console->dma);
	heap_free(console);
	return result;
}

/* The machine ends: what programs have printed goes out, and from here on without interrupts. */
static int console_quiesce(struct device *device)
{
	struct console *console = device->state;
	bool were_enabled = spin_lock_irq(&console->lock);

	console->has_interrupt = false;
	console->is_stopped = false;
	console->is_inside_log_line = false;
	transmit(console);
	transmit_all(console);
	(void)sent_wait(console);
	spin_unlock_irq(&console->lock, were_enabled);
	return 0;
}

static const struct device_match virtio_console_matches[] = {
	MATCH_VIRTIO(VIRTIO_CONSOLE), MATCH_END
};

const struct driver virtio_console_driver = {
	.name = "virtio_console",
	.matches = virtio_console_matches,
	.attach = console_attach,
	.quiesce = console_quiesce,
};
