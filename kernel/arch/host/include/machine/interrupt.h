/* Who sends an interrupt's message: devices of tests. */
#ifndef MACHINE_INTERRUPT_H
#define MACHINE_INTERRUPT_H

struct device;

struct interrupt_sender {
	struct device *device;
};

static inline struct interrupt_sender interrupt_sender_of(struct device *device)
{
	return (struct interrupt_sender){ device };
}

#endif
