/* Who sends an interrupt's message: the local APICs take it from anybody and do not ask. */
#ifndef MACHINE_INTERRUPT_H
#define MACHINE_INTERRUPT_H

struct device;

struct interrupt_sender {
};

static inline struct interrupt_sender interrupt_sender_of(struct device *device)
{
	(void)device;
	return (struct interrupt_sender){ };
}

#endif
