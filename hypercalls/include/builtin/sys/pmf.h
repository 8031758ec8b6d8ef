/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmf(9): suspend, resume, shutdown, and events between devices.
 */

#ifndef _SYS_PMF_H_
#define _SYS_PMF_H_

#ifdef _KERNEL
#include <sys/types.h>
#include <sys/device_if.h>

typedef enum {
	PMFE_DISPLAY_ON,
	PMFE_DISPLAY_REDUCED,
	PMFE_DISPLAY_STANDBY,
	PMFE_DISPLAY_SUSPEND,
	PMFE_DISPLAY_OFF,
	PMFE_DISPLAY_BRIGHTNESS_UP,
	PMFE_DISPLAY_BRIGHTNESS_DOWN,
	PMFE_AUDIO_VOLUME_UP,
	PMFE_AUDIO_VOLUME_DOWN,
	PMFE_AUDIO_VOLUME_TOGGLE,
	PMFE_CHASSIS_LID_CLOSE,
	PMFE_CHASSIS_LID_OPEN,
	PMFE_RADIO_ON,
	PMFE_RADIO_OFF,
	PMFE_RADIO_TOGGLE,
	PMFE_POWER_CHANGED,
	PMFE_SPEED_CHANGED,
	PMFE_THROTTLE_ENABLE,
	PMFE_THROTTLE_DISABLE,
	PMFE_KEYBOARD_BRIGHTNESS_UP,
	PMFE_KEYBOARD_BRIGHTNESS_DOWN,
	PMFE_KEYBOARD_BRIGHTNESS_TOGGLE,
	PMFE_AUDIO_MIC_MUTE_TOGGLE
} pmf_generic_event_t;

/* Who wants it, and down to which level. */
struct pmf_qual {
	const device_suspensor_t	*pq_suspensor;
	devact_level_t			pq_actlvl;
};
typedef struct pmf_qual pmf_qual_t;

extern const pmf_qual_t * const PMF_Q_NONE;
extern const pmf_qual_t * const PMF_Q_SELF;
extern const pmf_qual_t * const PMF_Q_DRVCTL;

extern const device_suspensor_t * const device_suspensor_self;
extern const device_suspensor_t * const device_suspensor_system;
extern const device_suspensor_t * const device_suspensor_drvctl;

bool	pmf_event_inject(device_t, pmf_generic_event_t);
bool	pmf_event_register(device_t, pmf_generic_event_t, void (*)(device_t), bool);
void	pmf_event_deregister(device_t, pmf_generic_event_t, void (*)(device_t), bool);

bool	pmf_set_platform(const char *, const char *);
const char *pmf_get_platform(const char *);

bool	pmf_device_register1(device_t, bool (*)(device_t, const pmf_qual_t *),
	    bool (*)(device_t, const pmf_qual_t *), bool (*)(device_t, int));
#define pmf_device_register(dev, suspend, resume) \
	pmf_device_register1((dev), (suspend), (resume), NULL)
void	pmf_device_deregister(device_t);
bool	pmf_device_suspend(device_t, const pmf_qual_t *);
bool	pmf_device_resume(device_t, const pmf_qual_t *);
bool	pmf_device_recursive_suspend(device_t, const pmf_qual_t *);
bool	pmf_device_recursive_resume(device_t, const pmf_qual_t *);
bool	pmf_device_subtree_resume(device_t, const pmf_qual_t *);
bool	pmf_device_descendants_resume(device_t, const pmf_qual_t *);

struct ifnet;
void	pmf_class_network_register(device_t, struct ifnet *);
bool	pmf_class_input_register(device_t);
bool	pmf_class_display_register(device_t);

void	pmf_self_suspensor_init(device_t, device_suspensor_t *, pmf_qual_t *);

static inline const device_suspensor_t *
pmf_qual_suspension(const pmf_qual_t *qualifier)
{

	return qualifier->pq_suspensor;
}

static inline devact_level_t
pmf_qual_depth(const pmf_qual_t *qualifier)
{

	return qualifier->pq_actlvl;
}

static inline bool
pmf_qual_descend_ok(const pmf_qual_t *qualifier)
{

	return qualifier->pq_actlvl == DEVACT_LEVEL_FULL;
}
#endif

#endif /* !_SYS_PMF_H_ */
