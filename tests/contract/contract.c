/* The contract of seats (conference/seat.h), the same for every back end: a
 * front end can't tell them apart. */
#include "ours.h"

const struct bed_kind *kind;

int main(void)
{
	int (*const parts[])(void) = {
	    contract_join,     contract_talk, contract_change,	contract_order,
	    contract_moderate, contract_end,  contract_hostile, contract_play,
	};
	int failed = 0;

	for (size_t i = 0; i < n_bed_kinds; i++) {
		kind = bed_kinds[i];
		for (size_t p = 0; p < sizeof(parts) / sizeof(*parts); p++)
			failed += parts[p]();
	}
	return failed;
}
