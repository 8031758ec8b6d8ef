/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The scanner on an Intel Wireless 7260: the firmware's file, see firmload(9).
 * After a head it has records of type, length and contents, each padded to four
 * bytes.  Two images are in it, each of several sections that go to an address.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kmem.h>

#include <dev/firmload.h>

#include "iwsvar.h"

static int
iws_firmware_section(struct iws_softc *sc, enum iws_image image,
    const uint8_t *data, uint32_t size)
{
	struct iws_section *s;

	if (size < 4 || sc->sc_nsections[image] == IWS_SECTIONS)
		return EINVAL;
	s = &sc->sc_sections[image][sc->sc_nsections[image]++];
	s->s_target = le32dec(data);
	s->s_data = data + 4;
	s->s_size = size - 4;
	return 0;
}

static int
iws_firmware_record(struct iws_softc *sc, uint32_t type, const uint8_t *data,
    uint32_t size)
{
	uint32_t image;

	switch (type) {
	case FW_TLV_INIT:
		return iws_firmware_section(sc, IWS_INIT, data, size);
	case FW_TLV_RUNTIME:
		return iws_firmware_section(sc, IWS_RUNTIME, data, size);
	case FW_TLV_FLAGS:
		if (size < 4)
			return EINVAL;
		sc->sc_fw_flags = le32dec(data);
		return 0;
	case FW_TLV_PHY:
		if (size != 4)
			return EINVAL;
		sc->sc_fw_phy = le32dec(data);
		return 0;
	case FW_TLV_CALIBRATION:
		/* The images' numbers: 0 runtime, 1 initial. */
		if (size != 12)
			return EINVAL;
		image = le32dec(data);
		if (image > 1)
			return 0;
		image = image == 0 ? IWS_RUNTIME : IWS_INIT;
		sc->sc_fw_calibration[image][0] = le32dec(data + 4);
		sc->sc_fw_calibration[image][1] = le32dec(data + 8);
		return 0;
	default:
		return 0;	/* of no use for a scan */
	}
}

/* Take the file apart; the sections point into it. */
static int
iws_firmware_parse(struct iws_softc *sc)
{
	struct iws_fw_head head;
	const uint8_t *p = sc->sc_fw;
	size_t left = sc->sc_fw_size;
	uint32_t type, size;

	if (left < sizeof(head)) {
		aprint_error_dev(sc->sc_dev, "firmware: %zu bytes are no "
		    "image\n", left);
		return EINVAL;
	}
	memcpy(&head, p, sizeof(head));
	if (head.fh_zero != 0 || le32toh(head.fh_magic) != IWS_FW_MAGIC) {
		aprint_error_dev(sc->sc_dev, "firmware: not an image: it "
		    "begins with %#x %#x\n", le32toh(head.fh_zero),
		    le32toh(head.fh_magic));
		return EINVAL;
	}
	sc->sc_fw_version = le32toh(head.fh_version);
	p += sizeof(head);
	left -= sizeof(head);

	while (left >= 8) {
		type = le32dec(p);
		size = le32dec(p + 4);
		p += 8;
		left -= 8;
		if (size > left) {
			aprint_error_dev(sc->sc_dev, "firmware: truncated: "
			    "record %u has %zu of %u bytes\n", type, left,
			    size);
			return EINVAL;
		}
		if (iws_firmware_record(sc, type, p, size) != 0) {
			aprint_error_dev(sc->sc_dev, "firmware: record %u of "
			    "%u bytes is wrong\n", type, size);
			return EINVAL;
		}
		size = MIN(roundup(size, 4), left);
		p += size;
		left -= size;
	}
	if (sc->sc_nsections[IWS_INIT] == 0 ||
	    sc->sc_nsections[IWS_RUNTIME] == 0) {
		aprint_error_dev(sc->sc_dev, "firmware: an image is missing\n");
		return EINVAL;
	}
	return 0;
}

int
iws_firmware_read(struct iws_softc *sc)
{
	firmware_handle_t fh;
	off_t size;
	int error;

	error = firmware_open(IWS_FW_DRIVER, IWS_FW_IMAGE, &fh);
	if (error != 0) {
		aprint_error_dev(sc->sc_dev, "no firmware %s/%s: error %d\n",
		    IWS_FW_DRIVER, IWS_FW_IMAGE, error);
		return error;
	}
	size = firmware_get_size(fh);
	if (size <= 0 || size > IWS_FW_MAX) {
		aprint_error_dev(sc->sc_dev, "firmware: %lld bytes are no "
		    "image\n", (long long)size);
		firmware_close(fh);
		return EINVAL;
	}
	sc->sc_fw_size = size;
	sc->sc_fw = kmem_alloc(sc->sc_fw_size, KM_SLEEP);
	error = firmware_read(fh, 0, sc->sc_fw, sc->sc_fw_size);
	firmware_close(fh);
	if (error != 0)
		aprint_error_dev(sc->sc_dev, "firmware: unable to read: "
		    "error %d\n", error);
	else
		error = iws_firmware_parse(sc);
	if (error != 0)
		iws_firmware_free(sc);
	return error;
}

void
iws_firmware_free(struct iws_softc *sc)
{

	if (sc->sc_fw != NULL)
		kmem_free(sc->sc_fw, sc->sc_fw_size);
	sc->sc_fw = NULL;
	sc->sc_nsections[IWS_INIT] = sc->sc_nsections[IWS_RUNTIME] = 0;
}
