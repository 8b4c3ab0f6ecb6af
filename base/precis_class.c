#include "base/precis_priv.h"

#include <unictype.h>
#include <uninorm.h>

#define ZWNJ 0x200c
#define ZWJ  0x200d

/* The derived property of RFC 8264 §8. */
enum property {
	DISALLOWED,
	FREE_PVAL, /* allowed in the FreeformClass alone */
	PVALID,
	CONTEXT, /* CONTEXTJ and CONTEXTO: where the neighbours say so */
};

static bool between(uint32_t cp, uint32_t first, uint32_t last)
{
	return cp >= first && cp <= last;
}

static bool arabic_indic_digit(uint32_t cp)
{
	return between(cp, 0x660, 0x669);
}

static bool extended_arabic_indic_digit(uint32_t cp)
{
	return between(cp, 0x6f0, 0x6f9);
}

/* RFC 5892 §2.6; false: no exception. */
static bool exception(uint32_t cp, enum property *out)
{
	switch (cp) {
	case 0xdf:
	case 0x3c2:
	case 0x6fd:
	case 0x6fe:
	case 0xf0b:
	case 0x3007:
		*out = PVALID;
		return true;
	case 0xb7:
	case 0x375:
	case 0x5f3:
	case 0x5f4:
	case 0x30fb:
		*out = CONTEXT;
		return true;
	case 0x640:
	case 0x7fa:
	case 0x302e:
	case 0x302f:
	case 0x303b:
		*out = DISALLOWED;
		return true;
	default:
		break;
	}
	if (between(cp, 0x3031, 0x3035)) {
		*out = DISALLOWED;
		return true;
	}
	if (arabic_indic_digit(cp) || extended_arabic_indic_digit(cp)) {
		*out = CONTEXT;
		return true;
	}
	return false;
}

/* Hangul_Syllable_Type L, V or T (RFC 5892 §2.9). */
static bool old_hangul_jamo(uint32_t cp)
{
	return between(cp, 0x1100, 0x11ff) || between(cp, 0xa960, 0xa97c) ||
	       between(cp, 0xd7b0, 0xd7c6) || between(cp, 0xd7cb, 0xd7fb);
}

static bool has_category(uint32_t cp, uint32_t mask)
{
	return uc_is_general_category_withtable(cp, mask);
}

/* RFC 8264 §9.17. */
static bool has_compat(uint32_t cp)
{
	uint32_t small[32], *nfkc;
	size_t n = sizeof(small) / sizeof(small[0]);

	/* no mapping is longer than 18 code points: small always does */
	nfkc = u32_normalize(UNINORM_NFKC, &cp, 1, small, &n);
	return nfkc != small || n != 1 || small[0] != cp;
}

/* The order of the tests is RFC 8264 §8's and matters. */
static enum property property_of(uint32_t cp)
{
	enum property property;

	if (exception(cp, &property))
		return property;
	if (has_category(cp, UC_CATEGORY_MASK_Cn))
		return DISALLOWED; /* UNASSIGNED, and noncharacters */
	if (between(cp, 0x21, 0x7e))
		return PVALID;
	if (cp == ZWNJ || cp == ZWJ)
		return CONTEXT;
	if (old_hangul_jamo(cp))
		return DISALLOWED;
	if (uc_is_property_default_ignorable_code_point(cp))
		return DISALLOWED;
	if (has_category(cp, UC_CATEGORY_MASK_Cc))
		return DISALLOWED;
	if (has_compat(cp))
		return FREE_PVAL;
	if (has_category(cp, UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu |
				 UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd |
				 UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn |
				 UC_CATEGORY_MASK_Mc))
		return PVALID;
	if (has_category(cp, UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl |
				 UC_CATEGORY_MASK_No | UC_CATEGORY_MASK_Me |
				 UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S |
				 UC_CATEGORY_MASK_P))
		return FREE_PVAL;
	return DISALLOWED;
}

static bool in_script(uint32_t cp, const char *name)
{
	return uc_is_script(cp, uc_script_byname(name));
}

static bool any_point(const struct points *s, bool (*is)(uint32_t cp))
{
	for (size_t i = 0; i < s->n; i++)
		if (is(s->p[i]))
			return true;
	return false;
}

static bool kana_or_han(uint32_t cp)
{
	return in_script(cp, "Hiragana") || in_script(cp, "Katakana") ||
	       in_script(cp, "Han");
}

static bool after_virama(const struct points *s, size_t i)
{
	return i > 0 && uc_combining_class(s->p[i - 1]) == UC_CCC_VR;
}

/* RFC 5892 Appendix A.1: between two letters that join, transparent ones aside.
 */
static bool between_joining(const struct points *s, size_t i)
{
	size_t before = i, after = i + 1;
	int type;

	while (before > 0 &&
	       uc_joining_type(s->p[before - 1]) == UC_JOINING_TYPE_T)
		before--;
	while (after < s->n &&
	       uc_joining_type(s->p[after]) == UC_JOINING_TYPE_T)
		after++;
	if (before == 0 || after == s->n)
		return false;
	type = uc_joining_type(s->p[before - 1]);
	if (type != UC_JOINING_TYPE_L && type != UC_JOINING_TYPE_D)
		return false;
	type = uc_joining_type(s->p[after]);
	return type == UC_JOINING_TYPE_R || type == UC_JOINING_TYPE_D;
}

/* RFC 5892 Appendix A.1 to A.9. */
static bool context_ok(const struct points *s, size_t i)
{
	bool has_before = i > 0, has_after = i + 1 < s->n;

	switch (s->p[i]) {
	case ZWNJ:
		return after_virama(s, i) || between_joining(s, i);
	case ZWJ:
		return after_virama(s, i);
	case 0xb7: /* middle dot */
		return has_before && has_after && s->p[i - 1] == 'l' &&
		       s->p[i + 1] == 'l';
	case 0x375: /* Greek keraia */
		return has_after && in_script(s->p[i + 1], "Greek");
	case 0x5f3: /* geresh, gershayim */
	case 0x5f4:
		return has_before && in_script(s->p[i - 1], "Hebrew");
	case 0x30fb: /* Katakana middle dot */
		return any_point(s, kana_or_han);
	default:
		return arabic_indic_digit(s->p[i])
			   ? !any_point(s, extended_arabic_indic_digit)
			   : !any_point(s, arabic_indic_digit);
	}
}

bool precis_class_has(enum precis_class class, const struct points *s)
{
	for (size_t i = 0; i < s->n; i++) {
		switch (property_of(s->p[i])) {
		case DISALLOWED:
			return false;
		case FREE_PVAL:
			if (class != PRECIS_FREEFORM)
				return false;
			break;
		case PVALID:
			break;
		case CONTEXT:
			if (!context_ok(s, i))
				return false;
			break;
		}
	}
	return true;
}

/* Bits for sets of bidi classes; 0 for those in no set. */
enum {
	DIR_L = 1 << 0,
	DIR_R_AL = 1 << 1,
	DIR_AN = 1 << 2,
	DIR_EN = 1 << 3,
	DIR_NSM = 1 << 4,
	DIR_OTHER = 1 << 5, /* ES CS ET ON BN: allowed in both directions */
};

static unsigned bidi_bit(uint32_t cp)
{
	switch (uc_bidi_class(cp)) {
	case UC_BIDI_L:
		return DIR_L;
	case UC_BIDI_R:
	case UC_BIDI_AL:
		return DIR_R_AL;
	case UC_BIDI_AN:
		return DIR_AN;
	case UC_BIDI_EN:
		return DIR_EN;
	case UC_BIDI_NSM:
		return DIR_NSM;
	case UC_BIDI_ES:
	case UC_BIDI_CS:
	case UC_BIDI_ET:
	case UC_BIDI_ON:
	case UC_BIDI_BN:
		return DIR_OTHER;
	default:
		return 0;
	}
}

bool precis_bidi_ok(const struct points *s)
{
	unsigned seen = 0, last = 0;
	bool outside = false;

	for (size_t i = 0; i < s->n; i++) {
		unsigned bit = bidi_bit(s->p[i]);

		seen |= bit;
		outside |= bit == 0;
		if (bit != DIR_NSM)
			last = bit;
	}
	if (!(seen & (DIR_R_AL | DIR_AN)))
		return true;
	/* the conditions of left-to-right strings allow none of these at all */
	return !outside && bidi_bit(s->p[0]) == DIR_R_AL && !(seen & DIR_L) &&
	       (last & (DIR_R_AL | DIR_EN | DIR_AN)) &&
	       (seen & (DIR_EN | DIR_AN)) != (DIR_EN | DIR_AN);
}
