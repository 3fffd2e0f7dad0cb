/* Who sends an interrupt's message: the ITS of a GICv3 tells senders apart. */
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
