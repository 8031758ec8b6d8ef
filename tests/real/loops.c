/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same as drivers/edubench.c without a host: bare loops over the registers that the kernel
 * module or vfio-pci maps, and the eventfd and the requests that either has.
 */
#include <sys/ioctl.h>

#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "../bench/baseline/counter.h"

#define EDU_ID		0x00
#define EDU_INT_STATUS	0x24
#define EDU_INT_RAISE	0x60
#define EDU_INT_ACK	0x64

static volatile uint32_t *
at(void *registers, unsigned int offset)
{
	return (volatile uint32_t *)((char *)registers + offset);
}

uint64_t
loops_counter(void)
{
	return counter();
}

/* Read a register count times. */
uint32_t
loops_reads(void *registers, uint64_t count)
{
	uint32_t sum = 0;

	while (count-- > 0)
		sum += *at(registers, EDU_ID);
	return sum;
}

/* Make one request count times; returns how many succeeded. */
uint64_t
loops_requests(int fd, unsigned long request, void *argument, uint64_t count)
{
	uint64_t good = 0;

	while (count-- > 0)
		good += ioctl(fd, request, argument) == 0;
	return good;
}

/* Read 4 bytes of a file at an offset, count times: how vfio-pci does what is not mapped. */
uint64_t
loops_preads(int fd, uint64_t offset, uint64_t count)
{
	uint64_t good = 0;
	uint32_t value;

	while (count-- > 0)
		good += pread(fd, &value, sizeof(value), (off_t)offset) == sizeof(value);
	return good;
}

/*
 * Interrupt count times: took[n] is the counter from the write that raises the interrupt until
 * poll(2) has told of it.  unmask: a request to make then, or 0.  Returns how many came.
 */
uint64_t
loops_interrupts(void *registers, int eventfd, int fd, unsigned long unmask, void *argument,
    uint64_t count, uint64_t *took)
{
	struct pollfd poller = { .fd = eventfd, .events = POLLIN };
	uint64_t n, pending, raised;

	for (n = 0; n < count; n++) {
		raised = counter();
		*at(registers, EDU_INT_RAISE) = 1;
		if (poll(&poller, 1, 5000) != 1)
			break;
		took[n] = counter() - raised;
		if (read(eventfd, &pending, sizeof(pending)) != sizeof(pending))
			break;
		*at(registers, EDU_INT_ACK) = *at(registers, EDU_INT_STATUS);
		if (unmask != 0 && ioctl(fd, unmask, argument) != 0)
			break;
	}
	return n;
}
