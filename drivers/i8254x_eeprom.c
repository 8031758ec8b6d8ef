/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The i8254x driver: the serial EEPROM, which holds the Ethernet address.
 * Most chips read it for us by way of EERD; the 82544, and any whose EERD
 * does not answer, by moving the wires of the MicroWire bus in EECD.
 */

#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$NetBSD$");

#include "if_i8254xvar.h"

#define	EERD_POLL_US	5
#define	EERD_POLLS	2000
#define	EECD_GRANT_US	5
#define	EECD_GRANTS	1000
#define	UWIRE_HALF_US	50	/* half a clock */

static int
i8254x_eerd_read(struct i8254x_softc *sc, u_int word, uint16_t *data)
{
	uint32_t eerd;
	int i;

	CSR_WRITE(sc, REG_EERD, EERD_START | __SHIFTIN(word, EERD_ADDR));
	for (i = 0; i < EERD_POLLS; i++) {
		eerd = CSR_READ(sc, REG_EERD);
		if ((eerd & EERD_DONE) != 0) {
			*data = __SHIFTOUT(eerd, EERD_DATA);
			return 0;
		}
		delay(EERD_POLL_US);
	}
	return ETIMEDOUT;
}

/* Ask the chip to leave the EEPROM to us. */
static int
i8254x_uwire_acquire(struct i8254x_softc *sc)
{
	uint32_t eecd;
	int i;

	if (sc->sc_type == I82544)
		return 0;	/* does not use it while it runs */
	eecd = CSR_READ(sc, REG_EECD) | EECD_REQ;
	CSR_WRITE(sc, REG_EECD, eecd);
	for (i = 0; i < EECD_GRANTS; i++) {
		if ((CSR_READ(sc, REG_EECD) & EECD_GNT) != 0)
			return 0;
		delay(EECD_GRANT_US);
	}
	CSR_WRITE(sc, REG_EECD, eecd & ~EECD_REQ);
	return EBUSY;
}

static void
i8254x_uwire_release(struct i8254x_softc *sc)
{
	uint32_t eecd = CSR_READ(sc, REG_EECD);

	if (sc->sc_type != I82544)
		CSR_WRITE(sc, REG_EECD, eecd & ~EECD_REQ);
}

static void
i8254x_uwire_set(struct i8254x_softc *sc, uint32_t eecd)
{

	CSR_WRITE(sc, REG_EECD, eecd);
	CSR_FLUSH(sc);
	delay(UWIRE_HALF_US);
}

/* Clock nbits out, the highest first. */
static void
i8254x_uwire_out(struct i8254x_softc *sc, uint32_t bits, int nbits)
{
	uint32_t eecd = CSR_READ(sc, REG_EECD) & ~(EECD_SK | EECD_DI);

	while (nbits-- > 0) {
		const uint32_t di = (bits >> nbits & 1) != 0 ? EECD_DI : 0;

		i8254x_uwire_set(sc, eecd | di);
		i8254x_uwire_set(sc, eecd | di | EECD_SK);
		i8254x_uwire_set(sc, eecd | di);
	}
	i8254x_uwire_set(sc, eecd);
}

/* Clock 16 bits in, the highest first. */
static uint16_t
i8254x_uwire_in(struct i8254x_softc *sc)
{
	uint32_t eecd = CSR_READ(sc, REG_EECD) & ~(EECD_SK | EECD_DI);
	uint16_t word = 0;
	int i;

	for (i = 0; i < 16; i++) {
		i8254x_uwire_set(sc, eecd | EECD_SK);
		word <<= 1;
		if ((CSR_READ(sc, REG_EECD) & EECD_DO) != 0)
			word |= 1;
		i8254x_uwire_set(sc, eecd);
	}
	return word;
}

static int
i8254x_uwire_read(struct i8254x_softc *sc, u_int word, uint16_t *data)
{
	uint32_t eecd;
	int error;

	error = i8254x_uwire_acquire(sc);
	if (error != 0)
		return error;
	eecd = CSR_READ(sc, REG_EECD) & ~(EECD_SK | EECD_CS | EECD_DI);
	i8254x_uwire_set(sc, eecd);
	i8254x_uwire_set(sc, eecd | EECD_CS);
	i8254x_uwire_out(sc, UWIRE_READ, UWIRE_READ_BITS);
	i8254x_uwire_out(sc, word, (eecd & EECD_SIZE) != 0 ? 8 : 6);
	*data = i8254x_uwire_in(sc);
	i8254x_uwire_set(sc, eecd);
	i8254x_uwire_release(sc);
	return 0;
}

/* Read count words from the first on.  Errors: ETIMEDOUT, EBUSY. */
int
i8254x_eeprom_read(struct i8254x_softc *sc, u_int first, u_int count,
    uint16_t *data)
{
	u_int i;
	int error;

	for (i = 0; i < count; i++) {
		error = ENXIO;
		if (sc->sc_type != I82544)
			error = i8254x_eerd_read(sc, first + i, &data[i]);
		if (error != 0)
			error = i8254x_uwire_read(sc, first + i, &data[i]);
		if (error != 0)
			return error;
	}
	return 0;
}

/* Whether its checksum is right. */
bool
i8254x_eeprom_valid(struct i8254x_softc *sc)
{
	uint16_t sum = 0, word;
	u_int i;

	for (i = 0; i < EEPROM_WORDS; i++) {
		if (i8254x_eeprom_read(sc, i, 1, &word) != 0)
			return false;
		sum += word;
	}
	return sum == EEPROM_SUM;
}
