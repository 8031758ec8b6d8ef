/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver with a device node and a disk of its own making, which checks what buffercache(9),
 * physio(9), devsw(9), timecounter(9), proc_find(9) and shutdownhook_establish(9) give it.
 */

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/buf.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/timetc.h>
#include <sys/uio.h>

#include <dev/pci/pcivar.h>

struct proc *proc_find(pid_t);
devmajor_t devsw_name2chr(const char *, char *, size_t);
void	vdevgone(int, int, int, unsigned int);

enum {
	BLOCK = DEV_BSIZE,
	BLOCKS = 40,			/* of the disk */
	LIMIT = 4 * BLOCK		/* bytes a transfer */
};

struct xfer_softc {
	device_t	sc_dev;
	callout_t	sc_done;
	buf_t		*sc_buf;
	int		sc_transfers;
	void		*sc_hook;
};

static struct xfer_softc *only;
static u_char disk[BLOCKS * BLOCK];
static u_char memory[(BLOCKS + 8) * BLOCK];

static int	xfer_match(device_t, cfdata_t, void *);
static void	xfer_attach(device_t, device_t, void *);
static int	xfer_detach(device_t, int);

CFATTACH_DECL_NEW(xfer, sizeof(struct xfer_softc), xfer_match, xfer_attach, xfer_detach, NULL);

const struct cdevsw xfer_cdevsw = {
	.d_open = nullopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_stop = nostop,
	.d_tty = notty,
	.d_poll = nopoll,
	.d_mmap = nommap,
	.d_kqfilter = nokqfilter,
	.d_flag = D_OTHER
};

static u_int
xfer_count(struct timecounter *tc)
{

	return tc->tc_counter_mask;
}

static struct timecounter counter = {
	.tc_get_timecount = xfer_count,
	.tc_counter_mask = 0xff,
	.tc_frequency = 1000,
	.tc_name = "xfer",
	.tc_quality = 1
};

static void
xfer_minphys(buf_t *bp)
{

	if (bp->b_bcount > LIMIT)
		bp->b_bcount = LIMIT;
	minphys(bp);
}

static void
xfer_tick(void *cookie)
{
	struct xfer_softc *sc = cookie;

	biodone(sc->sc_buf);
}

static void
xfer_strategy(buf_t *bp)
{
	struct xfer_softc *sc = only;
	size_t at = (size_t)bp->b_blkno * BLOCK, size = (size_t)bp->b_bcount;

	sc->sc_transfers++;
	if (at >= sizeof(disk) || bp->b_blkno < 0) {
		bp->b_error = EINVAL;
		bp->b_resid = bp->b_bcount;
		biodone(bp);
		return;
	}
	size = MIN(size, sizeof(disk) - at);
	bp->b_resid = bp->b_bcount - (int)size;
	if (BUF_ISREAD(bp))
		memcpy(bp->b_data, disk + at, size);
	else
		memcpy(disk + at, bp->b_data, size);
	sc->sc_buf = bp;
	if (sc->sc_transfers % 2 != 0)
		callout_schedule(&sc->sc_done, 1);
	else
		biodone(bp);
}

static int
raw(buf_t *bp, int flags, size_t block, struct iovec *iov, int count, size_t *left)
{
	struct uio uio = {
		.uio_iov = iov,
		.uio_iovcnt = count,
		.uio_offset = (off_t)(block * BLOCK),
		.uio_rw = flags == B_READ ? UIO_READ : UIO_WRITE
	};
	int error;

	for (int i = 0; i < count; i++)
		uio.uio_resid += iov[i].iov_len;
	error = physio(xfer_strategy, bp, NODEV, flags, xfer_minphys, &uio);
	*left = uio.uio_resid;
	return error;
}

static void
check_transfers(struct xfer_softc *sc)
{
	struct iovec iov[2];
	buf_t *bp = getiobuf(NULL, true);
	size_t left;
	int error;

	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (u_char)(i / BLOCK + i);
	iov[0] = (struct iovec){ memory, 10 * BLOCK };
	iov[1] = (struct iovec){ memory + 10 * BLOCK, 2 * BLOCK };
	error = raw(NULL, B_WRITE, 3, iov, 2, &left);
	KASSERT(error == 0 && left == 0);
	KASSERT(sc->sc_transfers == 4);		/* 4 + 4 + 2 blocks, and 2 of the other */
	KASSERT(memcmp(disk + 3 * BLOCK, memory, 12 * BLOCK) == 0);

	memset(memory, 0, sizeof(memory));
	iov[0] = (struct iovec){ memory, 6 * BLOCK };
	error = raw(bp, B_READ, BLOCKS - 5, iov, 1, &left);
	KASSERT(error == 0 && left == BLOCK);	/* the disk ends before */
	KASSERT(memcmp(memory, disk + (BLOCKS - 5) * BLOCK, 5 * BLOCK) == 0);
	KASSERT((bp->b_cflags & BC_BUSY) == 0);

	iov[0] = (struct iovec){ memory, BLOCK };
	error = raw(bp, B_READ, BLOCKS, iov, 1, &left);
	KASSERT(error == EINVAL && left == BLOCK);
	putiobuf(bp);
}

static void
check_numbers(void)
{
	devmajor_t number = cdevsw_lookup_major(&xfer_cdevsw);
	char name[8];

	KASSERT(number != NODEVMAJOR);
	KASSERT(cdevsw_lookup(makedev(number, 7)) == &xfer_cdevsw);
	KASSERT(bdevsw_lookup(makedev(number, 7)) == NULL);
	KASSERT(devsw_name2chr("xfer0", name, sizeof(name)) == number);
	KASSERT(strcmp(name, "xfer") == 0);
	KASSERT(devsw_name2chr("xferry", NULL, 0) == NODEVMAJOR);
	vdevgone(number, 0, 0, 4);
	mutex_enter(proc_lock);
	KASSERT(proc_find(0) == &proc0 && proc_find(1) == NULL);
	mutex_exit(proc_lock);
}

static void
xfer_shutdown(void *cookie)
{
	struct xfer_softc *sc = cookie;

	sc->sc_hook = NULL;
	aprint_normal_dev(sc->sc_dev, "down\n");
}

static int
xfer_match(device_t parent, cfdata_t cf, void *aux)
{
	struct pci_attach_args *pa = aux;

	return pa->pa_function == 0;
}

static void
xfer_attach(device_t parent, device_t self, void *aux)
{
	struct xfer_softc *sc = device_private(self);

	aprint_normal("\n");
	only = sc;
	sc->sc_dev = self;
	callout_init(&sc->sc_done, 0);
	callout_setfunc(&sc->sc_done, xfer_tick, sc);
	sc->sc_hook = shutdownhook_establish(xfer_shutdown, sc);
	check_transfers(sc);
	check_numbers();
	tc_init(&counter);
	aprint_normal_dev(self, "all well\n");
}

static int
xfer_detach(device_t self, int flags)
{
	struct xfer_softc *sc = device_private(self);

	KASSERT(tc_detach(&counter) == 0);
	KASSERT(tc_detach(&counter) == ESRCH);
	callout_destroy(&sc->sc_done);
	if (sc->sc_hook != NULL)
		shutdownhook_disestablish(sc->sc_hook);
	return 0;
}
